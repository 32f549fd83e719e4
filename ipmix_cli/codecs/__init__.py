"""Pictures to bytes and back: one file per direction, and the PNG encoder."""
