"""What holds for all of the project's own tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

# The same examples each time, and no time limit: what fails has to fail again.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

#: What runners of GitHub set: the runs that are tested here are not the step that tests them.
_GITHUB = ("GITHUB_ACTIONS", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE")
#: Those of the terminal that the tests happen to be started in.
_TERMINAL = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PY_COLORS")


@pytest.fixture(autouse=True, scope="session")
def _outside_github() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        for name in (*_GITHUB, *_TERMINAL):
            environment.delenv(name, raising=False)
        yield
