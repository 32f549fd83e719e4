"""From a model to a table: predictions are made, read, scored, compared and shown."""
