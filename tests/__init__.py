"""The suites: what is verified of a live endpoint."""
