"""Forged records and damaged files at random; see ``python -m tests.robustness.fuzzing``."""
