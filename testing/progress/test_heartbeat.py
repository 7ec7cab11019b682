"""When the heartbeat is shown, where, and when not."""

from __future__ import annotations

import io
import os
import threading
import time
from pathlib import Path

import pytest

from pytest_codex.probes.pending import Pending
from pytest_codex.progress import (
    IN_A_LOG,
    ControllerProgressPlugin,
    Heartbeat,
    Log,
    Pace,
    ProgressPlugin,
    StandardError,
    StatusFiles,
    Terminal,
    read_status,
)
from pytest_codex.report.progress import ERASED, drawn

CHAT = Pending("prod", "chat", 12.0, 60.0, "nonstream", sent=True)
DEV = Pending("dev", "chat", 12.0, 60.0, "nonstream", sent=True)
#: For those that call beat() themselves: a thread that never comes to it.
ASLEEP = Pace(10.0, 30.0)
GUARD = 20.0


class Shown:
    """A display that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.at: list[float] = []
        self.now = 0.0
        self.drawn = threading.Event()

    def show(self, pending):
        self.lines.append(", ".join(one.probe for one in pending))
        self.at.append(self.now)
        self.drawn.set()

    def clear(self):
        self.lines.append("")


class Ticking(Heartbeat):
    """A heartbeat whose thread does nothing; the test says what time it is."""

    def _run(self) -> None:
        pass

    def at(self, seconds: float) -> None:
        assert isinstance(self._display, Shown)
        assert self._since is not None
        self._display.now = seconds
        self.beat(self._since + seconds)


def test_a_log_has_a_line_after_10_s_and_then_every_30_s():
    """Of a wait that lasts 100 s."""
    shown = Shown()
    heartbeat = Ticking(lambda: [CHAT], shown, IN_A_LOG)
    heartbeat.begin()
    for half_seconds in range(201):
        heartbeat.at(half_seconds / 2)
    assert shown.at == [10.0, 40.0, 70.0, 100.0]


def test_waits_that_follow_each_other_get_no_more_lines():
    """The pause between lines is kept over several waits."""
    shown = Shown()
    heartbeat = Ticking(lambda: [CHAT], shown, Pace(1.0, 30.0))
    for _ in range(5):
        heartbeat.begin()
        heartbeat.at(0.5)
        heartbeat.at(1.0)
        heartbeat.end()
    assert shown.lines == ["chat", ""]


def test_nothing_is_shown_while_nobody_waits():
    """Neither before a wait nor after it, nor when nothing is pending."""
    shown = Shown()
    heartbeat = Ticking(lambda: [CHAT], shown, ASLEEP)
    heartbeat.beat(1e9)
    with heartbeat.awaiting():
        pass
    heartbeat.beat(1e9)
    assert shown.lines == []
    empty = Ticking(list, shown, ASLEEP)
    with empty.awaiting():
        empty.at(100.0)
    assert shown.lines == []


def test_what_was_shown_is_taken_away_when_the_wait_ends():
    """Also when it ends with an exception, such as a keyboard interrupt."""
    shown = Shown()
    heartbeat = Ticking(lambda: [CHAT], shown, ASLEEP)

    def interrupted() -> None:
        with heartbeat.awaiting():
            heartbeat.at(11.0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert shown.lines == ["chat", ""]


def test_what_is_over_is_taken_away_while_somebody_waits():
    """The wait may be for something else."""
    shown = Shown()
    pending = [CHAT]
    heartbeat = Ticking(lambda: pending, shown, Pace(1.0, 0.0))
    heartbeat.begin()
    heartbeat.at(1.0)
    pending.clear()
    heartbeat.at(2.0)
    heartbeat.at(3.0)
    assert shown.lines == ["chat", ""]


def test_output_of_pytest_puts_it_aside():
    """It is taken away before, and comes back after a while of silence."""
    shown = Shown()
    heartbeat = Ticking(lambda: [CHAT], shown, Pace(1.0, 0.0))
    heartbeat.begin()
    heartbeat.at(1.0)
    with heartbeat.aside():
        assert shown.lines == ["chat", ""]
        heartbeat.beat(1e9)
    assert shown.lines == ["chat", ""]
    heartbeat.at(0.5)
    assert shown.lines == ["chat", ""]
    heartbeat.at(1.0)
    assert shown.lines == ["chat", "", "chat"]


def test_the_thread_ends_and_leaves_nothing():
    """It is started by the first wait; what it has drawn is gone when it is stopped."""
    shown = Shown()
    heartbeat = Heartbeat(lambda: [CHAT], shown, Pace(0.01, 0.01))
    before = threading.active_count()
    heartbeat.begin()
    assert shown.drawn.wait(GUARD)
    heartbeat.stop()
    assert threading.active_count() == before
    assert shown.lines[-1] == ""
    heartbeat.begin()
    heartbeat.stop()
    assert threading.active_count() == before


@pytest.mark.parametrize("plugin", [ProgressPlugin, ControllerProgressPlugin])
def test_an_interrupt_ends_it_for_good(plugin):
    """What is waited for after that is none of its business."""
    shown = Shown()
    heartbeat = Heartbeat(lambda: [CHAT], shown, Pace(0.01, 0.01))
    before = threading.active_count()
    heartbeat.begin()
    assert shown.drawn.wait(GUARD)
    plugin(heartbeat, lambda: None).pytest_keyboard_interrupt()
    heartbeat.begin()
    assert threading.active_count() == before
    assert shown.lines[-1] == ""


def test_a_reader_that_has_gone_away_ends_no_thread():
    """Writing to a closed pipe is an OSError."""

    class Gone(Shown):
        def show(self, pending):
            raise BrokenPipeError(len(pending))

    heartbeat = Ticking(lambda: [CHAT], Gone(), Pace(1.0, 1.0))
    with heartbeat.awaiting():
        heartbeat.at(5.0)


# -- where ----------------------------------------------------------------------------------------


def test_a_terminal_is_bounded_to_its_width_as_it_is_now():
    """The last column stays free; without a size it has 80."""
    text = io.StringIO()
    terminal = Terminal(text, colours=False)
    several = [CHAT] * 5
    terminal.show(several)
    said = text.getvalue()
    shown = said.removeprefix(drawn("").partition("\x1b[K")[0]).partition("\x1b[K")[0]
    assert shown.startswith("chat: waiting 12 s of 60 s (nonstream-timeout); chat")
    assert shown.endswith("; +3")
    terminal.clear()
    assert text.getvalue() == said + ERASED


def test_a_log_does_not_go_on_in_the_middle_of_a_line_of_pytest_s():
    """Once in a wait; what follows stands below."""
    text = io.StringIO()
    log = Log(text, lambda: True, colours=False)
    log.show([CHAT])
    log.show([CHAT])
    log.clear()
    line = "chat: waiting 12 s of 60 s (nonstream-timeout)\n"
    assert text.getvalue() == f"\n{line}{line}"
    text = io.StringIO()
    Log(text, lambda: False, colours=True).show([CHAT])
    assert text.getvalue() == f"\x1b[36m{line[:-1]}\x1b[0m\n"


@pytest.mark.parametrize(("no_color", "coloured"), [("1", False), ("", True)])
def test_a_log_hears_no_color_whatever_pytest_s_output_is_to_be(
    pytestconfig, monkeypatch, no_color: str, coloured: bool
):
    """``--color=yes`` may be for a standard output that goes elsewhere."""
    monkeypatch.setattr(pytestconfig.option, "color", "yes")
    monkeypatch.setenv("NO_COLOR", no_color)
    standard_error = StandardError(pytestconfig)
    standard_error.close()
    text = io.StringIO()
    standard_error.stream = text
    standard_error.heartbeat(lambda: [CHAT])._display.show([CHAT])
    assert ("\x1b[36m" in text.getvalue()) is coloured
    assert "chat: waiting" in text.getvalue()


def test_a_status_file_is_there_while_its_target_has_something_pending(tmp_path: Path):
    """One for each target, for another process to read; none is left."""
    paths = {name: tmp_path / f".progress-{name}.json" for name in ("prod", "dev", "none")}
    files = StatusFiles(paths.__getitem__)
    files.show([CHAT, DEV])
    assert read_status(list(paths.values())) == [CHAT, DEV]
    files.show([DEV])
    assert read_status(list(paths.values())) == [DEV]
    files.clear()
    assert list(tmp_path.iterdir()) == []
    files.clear()


def test_a_status_file_of_a_worker_that_died_is_not_believed(tmp_path: Path):
    """Nor one that is no status file."""
    paths = [tmp_path / name for name in ("prod", "dev")]
    StatusFiles(lambda _target: paths[0]).show([CHAT])
    assert read_status(paths) == [CHAT]
    old = time.time() - 60
    os.utime(paths[0], (old, old))
    assert read_status(paths) == []
    paths[1].write_text("half a fil")
    assert read_status(paths) == []
