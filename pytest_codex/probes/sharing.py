"""One recorder for several processes: under pytest-xdist each probe is still sent once a run.

The first worker that takes the target's lock records all of its exchanges; the others read them
from the results as they appear. A failed exchange is an exchange, so it is not repeated either.
The operating system frees the lock of a worker that dies, and another one takes over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from filelock import FileLock, Timeout

from pytest_codex.exchange.exchange import Exchange
from pytest_codex.exchange.store import load
from pytest_codex.probes.pending import Pending
from pytest_codex.probes.recorder import Recorder, with_prerequisites

_POLL = 0.02


class SharedRecorder:
    """Records one target's exchanges, or waits for the worker that does.

    :param folder: where exchanges are kept.
    :param run: what identifies this run.
    :param lock: the file that whoever records has locked.
    :param make: makes a recorder for the probes that nobody has recorded yet.
    """

    def __init__(
        self,
        names: Iterable[str],
        folder: Path,
        run: str,
        lock: Path,
        make: Callable[[Iterable[str]], Recorder],
    ) -> None:
        self._names = with_prerequisites(names)
        self._folder = folder
        self._run = run
        self._make = make
        self._recorder: Recorder | None = None
        self._lock = FileLock(lock)

    def start(self) -> None:
        """Become the one that records, unless there is one."""
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            return
        missing = [name for name in self._names if self._stored(name) is None]
        self._recorder = self._make(missing)
        self._recorder.start()

    def exchange(self, name: str) -> Exchange:
        """Return a probe's exchange, waiting until somebody has recorded it."""
        while True:
            stored = self._stored(name)
            if stored is not None:
                return stored
            if self._recorder is not None:
                return self._recorder.exchange(name)
            self.start()
            time.sleep(_POLL)

    def exchanges(self) -> dict[str, Exchange]:
        """Return every exchange that anybody has recorded by now."""
        stored = {name: self._stored(name) for name in self._names}
        return {name: exchange for name, exchange in stored.items() if exchange is not None}

    def pending(self) -> list[Pending]:
        """Return those that this process has under way; any thread may ask."""
        return [] if self._recorder is None else self._recorder.pending()

    def close(self, *, interrupted: bool) -> None:
        """Let the others have what is still under way, unless the run was interrupted."""
        if self._recorder is not None:
            self._recorder.close(interrupted=interrupted)
        self._lock.release()

    def _stored(self, name: str) -> Exchange | None:
        return load(self._folder / f"{name}.ndjson", self._run)
