"""A scratch repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from .repositories import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository like the Codex one, on a branch that has not changed anything yet."""
    made = Repository.made(tmp_path / "work")
    made.git("checkout", "-q", "-b", "feature")
    return made
