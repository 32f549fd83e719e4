"""A study of stored copies: do they train robust classifiers, and how many are enough."""
