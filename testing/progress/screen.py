"""A terminal: what is to be seen on it, and pytest run in one."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path

#: What says how to write, or that a terminal is none.
_NOT_OURS = ("NO_COLOR", "COLUMNS", "PY_COLORS", "CI", "BUILD_NUMBER")
_PART = re.compile(r"\x1b\[(\d*)(?:;\d+)*([A-Za-z])|\x1b([78DM])|([\r\n])|([^\x1b\r\n]+)")


class Screen:
    """The rows of a terminal, of those controls that pytest and the heartbeat use (VT100, SGR)."""

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self.columns = columns
        self._rows = rows
        self._above: list[str] = []
        self._cells = [[" "] * columns for _ in range(rows)]
        self._row = self._column = 0
        self._saved = (0, 0)
        self.wrapped = False

    @property
    def text(self) -> str:
        """All that can be seen, and what has scrolled away above it."""
        lines = [*self._above, *("".join(row).rstrip() for row in self._cells)]
        return "\n".join(lines).rstrip()

    @property
    def cursor(self) -> tuple[int, int]:
        """Row and column."""
        return self._row, self._column

    def feed(self, text: str) -> None:
        """Act on what was written."""
        at = 0
        while at < len(text):
            part = _PART.match(text, at)
            assert part, f"not known to this terminal: {text[at : at + 20]!r}"
            at = part.end()
            number, control, escape, line_end, plain = part.groups()
            if control:
                self._control(control, int(number or 0))
            elif escape:
                self._escape(escape)
            elif line_end == "\r":
                self._column = 0
            elif line_end:
                self._down()
            else:
                self._write(plain)

    def _control(self, control: str, number: int) -> None:
        if control == "A":
            self._row = max(self._row - max(number, 1), 0)
        elif control == "B":
            self._row = min(self._row + max(number, 1), self._rows - 1)
        elif control == "K":
            start = 0 if number == 2 else self._column
            self._cells[self._row][start:] = [" "] * (self.columns - start)
        else:
            assert control == "m", f"not known to this terminal: {control}"

    def _escape(self, escape: str) -> None:
        if escape == "7":
            self._saved = self._row, self._column
        elif escape == "8":
            self._row, self._column = self._saved
        else:
            assert escape == "D"
            self._down()

    def _down(self) -> None:
        if self._row == self._rows - 1:
            self._above.append("".join(self._cells.pop(0)).rstrip())
            self._cells.append([" "] * self.columns)
        else:
            self._row += 1

    def _write(self, text: str) -> None:
        for char in text:
            if self._column == self.columns:
                self.wrapped = True
                self._column = 0
                self._down()
            self._cells[self._row][self._column] = char
            self._column += 1


def in_a_terminal(
    folder: Path,
    *arguments: str,
    columns: int = 80,
    guard: float = 60.0,
    interrupt_at: str = "",
    **environment: str,
) -> tuple[int, str]:
    """Run pytest in a pseudo-terminal; return its exit code and what it wrote there.

    :param interrupt_at: what is to be seen before it is interrupted, as Ctrl-C does.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    clean = {k: v for k, v in os.environ.items() if k not in _NOT_OURS}
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=folder,
        env={**clean, "TERM": "xterm", **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    hangs = threading.Timer(guard, os.killpg, [process.pid, signal.SIGKILL])
    hangs.start()
    written = b""
    try:
        while data := _read(ours):
            written += data
            if interrupt_at and interrupt_at.encode() in written:
                interrupt_at = ""
                os.killpg(process.pid, signal.SIGINT)
        return process.wait(), written.decode()
    finally:
        hangs.cancel()
        os.close(ours)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # Linux says so when the last writer has gone
        return b""
