"""Where bytes lie: local folders and object stores, temporary names, digests, downloads."""
