"""The results folder of a target: ``junit.xml``, ``summary.md`` and ``exchanges/``.

Only files that an earlier run of ours wrote are ever replaced or removed.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from pytest_codex.errors import ConfigurationError
from pytest_codex.exchange.exchange import Exchange
from pytest_codex.exchange.store import load
from pytest_codex.probes.catalogue import CATALOGUE
from pytest_codex.report.places import EXCHANGES, JUNIT, SUMMARY


def unusable(folder: Path, error: OSError) -> ConfigurationError:
    """Return what is said of a results folder that cannot be used."""
    return ConfigurationError(
        f"results folder {folder}: cannot be written: {error.strerror or error}; "
        "choose another one with --results-dir"
    )


#: What processes of one run tell each other, in files; its end takes these away.
_OF_A_RUN = (".recording-", ".progress-", ".selected-", ".writable-")


@dataclass(frozen=True, slots=True)
class Results:
    """Where one target's results go."""

    root: Path
    target: str

    @property
    def folder(self) -> Path:
        """The target's own folder."""
        return self.root / self.target

    @property
    def exchanges(self) -> Path:
        """The folder of the recorded exchanges."""
        return self.folder / EXCHANGES

    @property
    def junit(self) -> Path:
        """The JUnit report."""
        return self.folder / JUNIT

    @property
    def summary(self) -> Path:
        """The summary in Markdown."""
        return self.folder / SUMMARY

    @property
    def empty(self) -> bool:
        """Whether there is nothing to look at."""
        return not any(path.is_file() for path in self.folder.rglob("*"))

    def lock(self, run: str) -> Path:
        """The file that the process which records has locked, where several share a run."""
        return self.exchanges / f".recording-{run}.lock"

    def progress(self, run: str) -> Path:
        """The file in which the process that records says how it stands, likewise."""
        return self.exchanges / f".progress-{run}.json"

    def prepare(self, run: str) -> None:
        """Make the folder and take away what earlier runs wrote into it.

        :raises ConfigurationError: if the folder cannot be made or written.
        """
        try:
            self.exchanges.mkdir(parents=True, exist_ok=True)
            for path in (self.junit, self.summary):
                path.unlink(missing_ok=True)
            for name in CATALOGUE:
                path = self.exchanges / f"{name}.ndjson"
                if path.exists() and self._of(path, run) is None:
                    path.unlink(missing_ok=True)
            for path in self.exchanges.glob(".*-*"):  # of a run that was killed
                if path.name.startswith(_OF_A_RUN) and run not in path.name:
                    path.unlink(missing_ok=True)
            trial = self.exchanges / f".writable-{run}"
            trial.touch()
            trial.unlink(missing_ok=True)
        except OSError as error:
            raise unusable(self.folder, error) from None

    def recorded(self, run: str | None = None) -> dict[str, Exchange]:
        """Return the exchanges in the folder, of one run or of any, by their probes."""
        found = {name: self._of(self.exchanges / f"{name}.ndjson", run) for name in CATALOGUE}
        return {name: exchange for name, exchange in found.items() if exchange is not None}

    def _of(self, path: Path, run: str | None) -> Exchange | None:
        with contextlib.suppress(OSError, ValueError):
            return load(path, run)
        return None
