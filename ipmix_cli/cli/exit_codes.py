"""The exit codes of every command, as help pages show them."""

EXIT_CODES = """\
Exit codes: 0 done; 1 failed; 2 wrong usage; 3 source or bank unreadable; 4 problems found, or unfinished;
5 over the error budget; 130 interrupted; 138 SIGUSR1; 143 terminated."""
