"""What ipmix writes: one file per format, with its builder and its view; cards, checksums, indexes."""
