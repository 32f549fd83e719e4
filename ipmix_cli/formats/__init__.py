"""How pictures come in and how they go out, one format a file."""
