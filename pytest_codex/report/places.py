"""What our files are called, and where a finding is, as machines read it."""

from __future__ import annotations

import os
from pathlib import Path

#: What our files in a folder of results are called, and the folder of those of the invariants.
JUNIT, SUMMARY, EXCHANGES, INVARIANTS = "junit.xml", "summary.md", "exchanges", "invariants"
#: What our suites in JUnit are called, before the target's name.
SUITE = "pytest-codex-live "


def within(file: Path, root: Path) -> str | None:
    """Return a file's path from a folder on, with forward slashes; ``None`` if it is elsewhere.

    Both may be relative to the working directory; where links are in the way they are followed.
    """
    for resolve in (os.path.abspath, os.path.realpath):
        path, start = Path(resolve(file)), Path(resolve(root))
        if path.is_relative_to(start):
            return path.relative_to(start).as_posix()
    return None
