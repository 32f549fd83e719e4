"""One run of a job: prepare, schedule, work, merge."""
