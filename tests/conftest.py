"""The suites' own fixtures, so that a conftest further up which has one of their names cannot
come between a check and its evidence."""

from pytest_codex.fixtures import *  # noqa: F403 - all of them, by design
