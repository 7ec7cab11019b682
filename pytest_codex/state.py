"""Where the hooks keep what belongs to one pytest run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_codex.session import Session

SESSION = pytest.StashKey["Session"]()


def live_session(config: pytest.Config) -> Session:
    """Return the run's session.

    :raises pytest.UsageError: where there is none, as when a live fixture is requested dynamically
        by a run that has no live test.
    """
    session = config.stash.get(SESSION, None)
    if session is None:
        raise pytest.UsageError(
            "a live fixture was requested by name at run time; a test has to declare it as an "
            "argument, so that its probe can be planned"
        )
    return session
