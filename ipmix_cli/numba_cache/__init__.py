"""The kernel compiler, its cache on disk, and the user's cache folder."""
