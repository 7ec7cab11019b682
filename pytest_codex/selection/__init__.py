"""Changed paths to suites and commands, with the reason for each."""
