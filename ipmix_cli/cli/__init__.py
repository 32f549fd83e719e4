"""The command line: one file a command. Only here things are printed, and only ``main`` exits."""
