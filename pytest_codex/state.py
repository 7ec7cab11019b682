"""Where the hooks keep what belongs to one pytest run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_codex.options import given_flags

if TYPE_CHECKING:
    from pytest_codex.compose.project import Project
    from pytest_codex.session import Session
    from pytest_codex.settings import Settings

SESSION = pytest.StashKey["Session"]()
_SETTINGS = pytest.StashKey["Settings"]()

#: Marks the reports of live checks with their target; survives the way from an xdist worker.
GROUP = "codex_target"

#: Why a fixture cannot be had.
UNDECLARED = (
    "a live fixture was requested by name at run time (request.getfixturevalue); next: declare it "
    "as an argument of the test, so that the plan of what is sent has it"
)


def live_session(config: pytest.Config) -> Session:
    """Return the run's session; where there is none, fail with the reason.

    There is none where a live fixture is requested dynamically by a run that has no live test.
    """
    session = config.stash.get(SESSION, None)
    if session is None:
        pytest.fail(UNDECLARED, pytrace=False)
    return session


def settings_of(config: pytest.Config) -> Settings:
    """Return what the run's command line, environment and files say, which is read once."""
    from pytest_codex.settings import Settings

    if _SETTINGS not in config.stash:
        config.stash[_SETTINGS] = Settings(given_flags(config), os.environ, config.rootpath)
    return config.stash[_SETTINGS]


def compose_of(config: pytest.Config) -> Project | None:
    """Read the compose files that were named, as one project; None if none was.

    :raises pytest_codex.errors.ConfigurationError: with file and line, for what is none.
    """
    files = settings_of(config).compose_files
    if not files:
        return None
    from pytest_codex.compose.read import read

    here = Path.cwd()  # messages name files as whoever sits there would
    return read([f.relative_to(here) if f.is_relative_to(here) else f for f in files], os.environ)
