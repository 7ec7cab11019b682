"""Whole runs of the suites, in a process of their own, looked at byte by byte."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

SUITES = Path(__file__).parents[2] / "tests"
#: Plugins that these runs do not need, and that take their time to start.
UNUSED = ("anyio", "asyncio", "cacheprovider", "hypothesispytest")
BUDGETS = {
    "connect": 10.0,
    "request": 10.0,
    "nonstream": 10.0,
    "stream": 10.0,
    "first_event": 10.0,
    "idle": 10.0,
}


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is over, and all that it has left behind."""

    exitcode: int
    output: str
    folder: Path

    @property
    def last_line(self) -> str:
        """pytest's own summary."""
        return self.output.strip().splitlines()[-1]

    def files(self) -> Iterator[tuple[Path, bytes]]:
        """Every file that the run wrote, its output among them."""
        for path in self.folder.rglob("*"):
            given = path.is_relative_to(self.folder / "tests")
            if path.is_file() and not given and path.suffix != ".pyc":
                yield path.relative_to(self.folder), path.read_bytes()


def run(
    pytester: pytest.Pytester,
    address: str,
    *arguments: str,
    key: str | None = None,
    budgets: Mapping[str, float] = BUDGETS,
) -> Run:
    """Run the suites, and the tests of the folder, against an address."""
    if not (pytester.path / "tests").exists():
        shutil.copytree(
            SUITES, pytester.path / "tests", ignore=shutil.ignore_patterns("__pycache__")
        )
    with pytest.MonkeyPatch.context() as patched:
        for name in ("KEY", "PROXY_API_KEY", "DOMAIN", "APP_DOMAIN", "CI", "PYTEST_ADDOPTS"):
            patched.delenv(name, raising=False)
        if key is not None:
            patched.setenv("KEY", key)
        result = pytester.run(
            *(sys.executable, "-m", "pytest", f"--rootdir={pytester.path}", "-q"),
            *(f"-pno:{plugin}" for plugin in UNUSED),
            *(f"--{name.replace('_', '-')}-timeout={value}" for name, value in budgets.items()),
            f"--domain={address}",
            *arguments,
            timeout=120,
        )
    output = "\n".join([*result.outlines, *result.errlines])
    return Run(int(result.ret), output, pytester.path)
