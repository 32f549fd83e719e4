"""Scores as text, JSON, CSV and a page."""
