"""The checkout's own: what the tests in testing/ are made with."""

pytest_plugins = ["pytester"]
