"""What the benchmarks share: running pytest, and saying figures."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: As on a user's machine: bytecode is kept, and there is no plugin that only developers have.
USUAL = {"PYTHONDONTWRITEBYTECODE": ""}
OTHERS = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")


def pytest_run(
    *arguments: str, cwd: Path = ROOT, environ: dict[str, str] | None = None
) -> tuple[float, subprocess.CompletedProcess[str]]:
    """Run pytest in a process of its own; return its wall time in seconds and what became of it."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *OTHERS, *arguments],
        cwd=cwd,
        env={**os.environ, **USUAL, **(environ or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    return time.perf_counter() - start, done


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def spread(values: Sequence[float], unit: str = "s", digits: int = 2) -> str:
    """Return median, minimum and maximum in words."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} {unit} ({low:.{digits}f} to {high:.{digits}f})"
