"""Look at a data set: status, info, explain, preview, report."""
