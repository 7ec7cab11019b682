"""Where a finding is, as machines read it."""

from __future__ import annotations

import os
from pathlib import Path


def within(file: Path, root: Path) -> str | None:
    """Return a file's path from a folder on, with forward slashes; ``None`` if it is elsewhere.

    Both may be relative to the working directory; where links are in the way they are followed.
    """
    for resolve in (os.path.abspath, os.path.realpath):
        path, start = Path(resolve(file)), Path(resolve(root))
        if path.is_relative_to(start):
            return path.relative_to(start).as_posix()
    return None
