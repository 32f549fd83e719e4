"""Whether a finished data set is what it should be: validate, replay, repair."""
