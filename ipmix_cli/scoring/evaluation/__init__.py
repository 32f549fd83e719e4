"""Running a model over data sets, and writing its predictions."""
