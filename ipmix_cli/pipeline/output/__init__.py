"""One output folder: whose it is, what it holds, what is missing, and how it is finished."""
