"""The heartbeat: while a call is pending, standard error says what for, how long, and what came.

pytest is silent while a test waits. One thread looks at what is pending and shows it: in place on a
terminal, as a line now and then in a log. Under pytest-xdist the worker that records leaves a small
file beside the exchanges, and the controller shows what it reads there. Nothing is shown but while
somebody waits, so it never gets between what pytest writes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TextIO

import pytest

from pytest_codex.options import given_flags
from pytest_codex.probes.pending import Pending
from pytest_codex.report.paint import colours_wanted, painted
from pytest_codex.report.progress import ERASED, drawn, dump, is_late, line, load
from pytest_codex.session import Session
from pytest_codex.whole import write

_NAME = "codex-live-progress"
#: What a worker has written is out of date after so many seconds: it writes far more often.
_STALE = 5.0


class Pace(NamedTuple):
    """When to show: after so many seconds of waiting, and then every so many."""

    first: float
    every: float

    @property
    def tick(self) -> float:
        """How often to look whether it is time."""
        return min(self.first, self.every, 0.5)


ON_A_TERMINAL = Pace(0.5, 0.2)
IN_A_LOG = Pace(10.0, 30.0)
IN_A_FILE = Pace(0.2, 0.5)


class Display(Protocol):
    """Where it is shown."""

    def show(self, pending: Sequence[Pending]) -> None:
        """Show what is pending."""

    def clear(self) -> None:
        """Take away what was shown, where that can be done."""


class Heartbeat:
    """Shows what is pending while somebody waits, from a thread of its own.

    :param source: says what is pending; called in that thread.
    """

    def __init__(
        self, source: Callable[[], Sequence[Pending]], display: Display, pace: Pace
    ) -> None:
        self._source = source
        self._display = display
        self._pace = pace
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._since: float | None = None
        self._shown_at: float | None = None
        self._is_shown = False

    def begin(self) -> None:
        """Somebody waits, from now on."""
        with self._lock:
            self._since = time.monotonic()
            if self._thread is None and not self._over.is_set():
                self._thread = threading.Thread(target=self._run, daemon=True, name=_NAME)
                self._thread.start()

    def end(self) -> None:
        """Nobody waits any more; when this returns, nothing is left to be seen."""
        with self._lock:
            self._since = None
            self._clear()

    @contextlib.contextmanager
    def awaiting(self) -> Iterator[None]:
        """Somebody waits for what is done inside."""
        self.begin()
        try:
            yield
        finally:
            self.end()

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Get out of the way of what is written inside; afterwards the wait begins anew."""
        self.end()
        try:
            yield
        finally:
            self.begin()

    def stop(self) -> None:
        """End it for good; again is harmless."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        self.end()

    def _run(self) -> None:
        while not self._over.wait(self._pace.tick):
            with self._lock:
                self.beat(time.monotonic())

    def beat(self, now: float) -> None:
        """Show what is pending if it is time to."""
        if self._since is None or now - self._since < self._pace.first:
            return
        # Half a tick early is on time: the next one would be half a tick late.
        due = self._pace.every - self._pace.tick / 2
        if self._shown_at is not None and now - self._shown_at < due:
            return
        pending = self._source()
        if not pending:
            self._clear()
            return
        with contextlib.suppress(OSError, ValueError):  # whoever reads it has gone away
            self._display.show(pending)
        self._shown_at = now
        self._is_shown = True

    def _clear(self) -> None:
        if self._is_shown:
            with contextlib.suppress(OSError, ValueError):
                self._display.clear()
        self._is_shown = False


class Terminal:
    """One line below pytest's own, in place; nothing is left of it."""

    def __init__(self, stream: TextIO, *, colours: bool) -> None:
        self._stream = stream
        self._colours = colours

    def show(self, pending: Sequence[Pending]) -> None:
        """Draw the line, or draw it anew."""
        text = line(pending, self._columns() - 1)  # a full row would wrap on some terminals
        colour = "yellow" if is_late(pending) else "cyan"
        self._write(drawn(painted(text, colour, wanted=self._colours)))

    def clear(self) -> None:
        """Erase the line."""
        self._write(ERASED)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

    def _columns(self) -> int:
        with contextlib.suppress(OSError):
            if columns := os.get_terminal_size(self._stream.fileno()).columns:
                return columns
        return shutil.get_terminal_size().columns


class Log:
    """A plain line each time.

    :param mid_line: whether what is written now would continue a line of pytest's.
    """

    def __init__(self, stream: TextIO, mid_line: Callable[[], bool], *, colours: bool) -> None:
        self._stream = stream
        self._mid_line = mid_line
        self._colours = colours
        self._at_start = False

    def show(self, pending: Sequence[Pending]) -> None:
        """Write a line."""
        start = "\n" if not self._at_start and self._mid_line() else ""
        text = painted(line(pending), "cyan", wanted=self._colours)
        self._stream.write(f"{start}{text}\n")
        self._stream.flush()
        self._at_start = True

    def clear(self) -> None:
        """Leave what is written; pytest goes on after it."""
        self._at_start = False


class StatusFiles:
    """A file for each target, for another process to read.

    :param path_of: the path of a target's file.
    """

    def __init__(self, path_of: Callable[[str], Path]) -> None:
        self._path_of = path_of
        self._written: set[Path] = set()

    def show(self, pending: Sequence[Pending]) -> None:
        """Write the files of those targets that have something pending, and no others."""
        found: dict[Path, list[Pending]] = defaultdict(list)
        for one in pending:
            found[self._path_of(one.target)].append(one)
        for path in self._written - found.keys():
            path.unlink(missing_ok=True)
        self._written = set(found)
        for path, those in found.items():
            write(path, dump(those).encode())

    def clear(self) -> None:
        """Take the files away."""
        for path in self._written:
            path.unlink(missing_ok=True)
        self._written.clear()


def read_status(paths: Sequence[Path]) -> list[Pending]:
    """Return what other processes say is pending, unless they said it some time ago."""
    found = []
    for path in paths:
        with contextlib.suppress(OSError, ValueError):
            if time.time() - path.stat().st_mtime < _STALE:
                found += load(path.read_text(encoding="utf-8"))
    return found


# -- in a run of pytest ---------------------------------------------------------------------------


def begin(config: pytest.Config, session: Session) -> None:
    """Have a live run show what it waits for, unless it was told not to (``--no-progress``)."""
    if not _wanted(config):
        return
    plugin: ProgressPlugin
    if hasattr(config, "workerinput"):
        files = StatusFiles(lambda target: session.results(target).progress(session.run))
        heartbeat = Heartbeat(session.pending, files, IN_A_FILE)
        plugin = ProgressPlugin(heartbeat, lambda: None)
        heartbeat.begin()
    else:
        standard_error = StandardError(config)
        if standard_error.stream is None:
            return
        if config.pluginmanager.has_plugin("dsession"):
            status = [session.results(name).progress(session.run) for name in session.targets]
            heartbeat = standard_error.heartbeat(lambda: read_status(status))
            plugin = ControllerProgressPlugin(heartbeat, standard_error.close)
            heartbeat.begin()
        else:
            heartbeat = standard_error.heartbeat(session.pending)
            plugin = ProgressPlugin(heartbeat, standard_error.close)
            session.awaiting = heartbeat.awaiting
    config.pluginmanager.register(plugin, _NAME)


@contextlib.contextmanager
def watching(config: pytest.Config, source: Callable[[], Sequence[Pending]]) -> Iterator[None]:
    """Show what is pending while what is done inside waits for it."""
    standard_error = StandardError(config)
    if standard_error.stream is None or not _wanted(config):
        yield
        return
    heartbeat = standard_error.heartbeat(source)
    try:
        with heartbeat.awaiting():
            yield
    finally:
        heartbeat.stop()
        standard_error.close()


def _wanted(config: pytest.Config) -> bool:
    return bool(given_flags(config).get("progress", ("", True))[1])


class ProgressPlugin:
    """Ends the heartbeat with the run.

    :param close: called when it has ended.
    """

    def __init__(self, heartbeat: Heartbeat, close: Callable[[], None]) -> None:
        self._heartbeat = heartbeat
        self._close = close

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self) -> None:
        self._heartbeat.stop()

    def pytest_unconfigure(self) -> None:
        self._heartbeat.stop()
        self._close()


class ControllerProgressPlugin(ProgressPlugin):
    """Keeps the heartbeat of pytest-xdist's controller, which always waits, out of its output."""

    def _aside(self) -> Generator[None, Any, Any]:
        with self._heartbeat.aside():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logstart(self) -> Generator[None, Any, Any]:
        return (yield from self._aside())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self) -> Generator[None, Any, Any]:
        return (yield from self._aside())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logfinish(self) -> Generator[None, Any, Any]:
        return (yield from self._aside())

    @pytest.hookimpl(wrapper=True, tryfirst=True, optionalhook=True)
    def pytest_testnodeready(self) -> Generator[None, Any, Any]:
        return (yield from self._aside())

    @pytest.hookimpl(wrapper=True, tryfirst=True, optionalhook=True)
    def pytest_xdist_node_collection_finished(self) -> Generator[None, Any, Any]:
        return (yield from self._aside())

    @pytest.hookimpl(wrapper=True, tryfirst=True, optionalhook=True)
    def pytest_testnodedown(self) -> Generator[None, Any, Any]:
        return (yield from self._aside())

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self) -> None:
        self._heartbeat.stop()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        self._heartbeat.stop()


class StandardError:
    """Standard error as it is outside of pytest's capture, however that captures.

    ``stream`` is None where there is none. Capture by file descriptor replaces what descriptor 2
    is while a test runs; a duplicate that was made in between stays what it was.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        capture = config.pluginmanager.get_plugin("capturemanager")
        with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
            self.stream: TextIO | None = sys.stderr
            self._own = False
            self._shared = False
            with contextlib.suppress(OSError, ValueError, AttributeError):
                descriptor = sys.stderr.fileno()
                with contextlib.suppress(OSError, ValueError, AttributeError):
                    self._shared = os.path.sameopenfile(descriptor, sys.stdout.fileno())
                self.stream = os.fdopen(
                    os.dup(descriptor),
                    "w",
                    encoding=sys.stderr.encoding,
                    errors="backslashreplace",
                )
                self._own = True

    def heartbeat(self, source: Callable[[], Sequence[Pending]]) -> Heartbeat:
        """Return a heartbeat that is shown there."""
        assert self.stream is not None
        terminal = self.stream.isatty() and os.environ.get("TERM") != "dumb"
        colours = colours_wanted(
            getattr(self._config.option, "color", "auto"), os.environ, terminal=terminal
        )
        if os.environ.get("NO_COLOR") and not self.stream.isatty():
            colours = False  # --color=yes is for pytest's output, which may go elsewhere
        # Records that are logged live come from any thread at any time.
        if terminal and not self._logs_live():
            return Heartbeat(source, Terminal(self.stream, colours=colours), ON_A_TERMINAL)
        log = Log(self.stream, self._in_the_middle_of_a_line, colours=colours)
        return Heartbeat(source, log, IN_A_LOG)

    def close(self) -> None:
        """Give back what was opened."""
        if self._own and self.stream is not None:
            with contextlib.suppress(OSError):
                self.stream.close()

    def _logs_live(self) -> bool:
        if not self._config.pluginmanager.has_plugin("logging-plugin"):
            return False
        option = self._config.getoption("log_cli_level", None)
        return option is not None or bool(self._config.getini("log_cli"))

    def _in_the_middle_of_a_line(self) -> bool:
        """Whether pytest has written to the same file, and not ended its line yet."""
        if not self._shared or not self._config.pluginmanager.has_plugin("terminalreporter"):
            return False
        return self._config.get_terminal_writer().width_of_current_line > 0
