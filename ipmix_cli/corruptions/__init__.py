"""Corrupted test sets: what one corrupted picture is, and the tables of corruptions and their parameters."""
