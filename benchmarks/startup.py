"""What the plugin costs where it is installed and not used: start-up time and modules loaded."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import USUAL, median, pytest_run, spread

ALONE = ("-p", "no:xdist", "-p", "no:asyncio", "-q")
MODULES = """
import sys
def pytest_unconfigure():
    print("MODULES", len(sys.modules), *sorted(sys.modules))
"""


def main(rounds: int = 31) -> None:
    """Print the paired difference, and which modules the plugin brings."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / "test_nothing.py").write_text("def test_nothing():\n    assert True\n")
        differences: list[float] = []
        without: list[float] = []
        for round_ in range(rounds):
            order = [("-p", "no:codex-live"), ()]
            took = {
                bool(off): pytest_run(*off, *ALONE, cwd=here)[0]
                for off in (order if round_ % 2 else order[::-1])
            }
            without.append(took[True] * 1000)
            differences.append((took[False] - took[True]) * 1000)
        print(f"pytest without the plugin      {spread(without, 'ms', 0)}")
        print(f"added by the plugin, paired    {median(differences):.1f} ms (median of {rounds})")
        print(f"import alone, in-process       {median(_imports()):.1f} ms (median of 15)")
        (here / "conftest.py").write_text(MODULES)
        loaded = [
            set(
                next(
                    line
                    for line in pytest_run(*off, *ALONE, "-s", cwd=here)[1].stdout.splitlines()
                    if line.startswith("MODULES")
                ).split()[2:]
            )
            for off in ((), ("-p", "no:codex-live"))
        ]
        brought = sorted(loaded[0] - loaded[1])
        print(f"modules that it brings         {len(brought)}: {', '.join(brought)}")


def _imports() -> list[float]:
    code = (
        "import time, pytest; start = time.perf_counter(); import pytest_codex.hooks, "
        "pytest_codex.fixtures; print((time.perf_counter() - start) * 1000)"
    )
    command = [sys.executable, "-c", code]
    environ = {**os.environ, **USUAL}
    return [float(subprocess.check_output(command, text=True, env=environ)) for _ in range(15)]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 31)
