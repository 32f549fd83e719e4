"""Looking at a data set: what it is, how far it is, how a copy came to be, as words, pictures and pages."""
