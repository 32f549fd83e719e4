"""Validate, replay and repair a data set."""
