"""Packages of others, from the Python index and from npm: installed once, in a cache folder.

It is ``PEERS_CACHE`` or ``~/.cache/pytest-codex-live/peers``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock

#: Limit in seconds, generous: it only ends what hangs.
INSTALL_LIMIT = 400


class UnavailableError(Exception):
    """It cannot be installed here: no package index, or no Node."""


def environment(packages: Sequence[str]) -> Path:
    """Return a virtual environment with packages from the Python index."""

    def install(folder: Path) -> None:
        _install([sys.executable, "-m", "venv", str(folder)])
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        _install([*pip, "--disable-pip-version-check", "--retries", "1", *packages])

    return _cached(packages, install)


def node_modules(packages: Sequence[str]) -> Path:
    """Return a ``node_modules`` folder with packages from npm."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise UnavailableError("there is no Node here (node and npm on the PATH)")

    def install(folder: Path) -> None:
        quiet = ("--no-audit", "--no-fund", "--silent", "--fetch-retries=1")
        _install([npm, "install", "--prefix", str(folder), *quiet, *packages])

    return _cached(packages, install) / "node_modules"


def _cached(packages: Sequence[str], install: Callable[[Path], None]) -> Path:
    """Return the folder of what is installed, installing it if nobody has."""
    cache = Path(os.environ.get("PEERS_CACHE") or Path.home() / ".cache/pytest-codex-live/peers")
    cache.mkdir(parents=True, exist_ok=True)
    what = " ".join((*packages, sys.executable, sys.version))
    folder = cache / hashlib.sha256(what.encode()).hexdigest()[:16]
    ready = folder / ".ready"
    with FileLock(f"{folder}.lock"):
        if not ready.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            install(folder)
            ready.touch()
    return folder


def _install(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=INSTALL_LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"{command[-1]} was not installed in {INSTALL_LIMIT} s") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no reason was given"]
        raise UnavailableError(f"{command[-1]} cannot be installed: {said[-1]}")
