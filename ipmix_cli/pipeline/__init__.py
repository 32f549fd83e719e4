"""How a job becomes a folder: plan shards, make them in parallel, commit, validate, repair."""
