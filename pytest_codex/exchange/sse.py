"""Server-sent events: bytes in, events out, no input or output.

Follows "Interpreting an event stream" of the WHATWG HTML standard: UTF-8 whatever the charset says,
one leading byte order mark dropped, lines ended by LF, CRLF or CR, an event dispatched by a blank
line if it has any ``data``. An event is handed over as soon as its blank line has arrived, even one
that is ended by a lone CR. What the standard throws away, this decoder counts: comments, and the
bytes of an event that the stream ended in the middle of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import repeat
from typing import NamedTuple

_LINE_END = re.compile(rb"(\r\n|\n|\r)")
_BOM = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """One dispatched event.

    ``offset`` is the byte of the stream at which its first line begins; with the byte before
    ``end`` (the LF, or the CR of a CR or CRLF, of its blank line) it was complete.
    """

    type: str
    data: str
    id: str
    offset: int
    end: int


class EventTooLargeError(ValueError):
    """An event outgrew the limit that the decoder was given."""


class Decoder:
    """Decodes one event stream, fed in pieces of any size.

    :param max_event_bytes: the size at which an event that has not ended yet is refused.
    """

    def __init__(self, max_event_bytes: int = 1 << 20) -> None:
        self._max = max_event_bytes
        self._pieces: list[bytes] = []  # of a line whose end has not come yet
        self._held = 0  # bytes in those pieces
        self._position = 0  # offset of the line that is being received
        self._after_cr = False
        self._block_start: int | None = None
        self._type = "message"
        self._data: list[bytes] = []
        self._id = ""
        self.comments = 0
        self.retry: int | None = None

    @property
    def unterminated(self) -> int:
        """How many bytes have come since the last blank line that are not comments or blank."""
        if self._block_start is None:
            comment = bool(self._pieces) and self._pieces[0].startswith(b":")
            return 0 if comment else self._held
        return self._position + self._held - self._block_start

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes and return the events that they complete.

        :raises EventTooLargeError: when one event exceeds ``max_event_bytes``.
        """
        if self._after_cr and data:
            self._after_cr = False
            if data[0] == 0x0A:
                data = data[1:]
                self._position += 1
        if b"\n" not in data and b"\r" not in data:
            self._hold(data)
            return []
        if self._pieces:
            data = b"".join(self._pieces) + data
            self._pieces.clear()
            self._held = 0
        return self._take(data)

    def _take(self, data: bytes) -> list[Event]:
        """Take data that begins with a line and has at least one line end."""
        lines, widths = _split(data)
        rest = lines.pop()
        position = self._position
        if position == 0 and lines[0].startswith(_BOM):
            lines[0] = lines[0][len(_BOM) :]
            position = len(_BOM)
        events: list[Event] = []
        for line, width in zip(lines, widths, strict=False):
            if line.startswith(b"data:"):
                if self._block_start is None:
                    self._block_start = position
                self._data.append(line[6:] if line.startswith(b" ", 5) else line[5:])
            elif line:
                self._field(line, position)
            else:
                if self._data:
                    events.append(self._dispatch(position + 1))
                self._type = "message"
                self._block_start = None
            position += len(line) + width
        self._position = position
        self._after_cr = data.endswith(b"\r")
        self._hold(rest)
        return events

    def _hold(self, data: bytes) -> None:
        if data:
            self._pieces.append(data)
            self._held += len(data)
        self._limit(max(self._held, self.unterminated))

    def _limit(self, size: int) -> None:
        if size > self._max:
            raise EventTooLargeError(f"an event of more than {self._max:,} bytes")

    def _field(self, line: bytes, start: int) -> None:
        """Take a line that is not blank and not ``data:`` with a value."""
        name, _, value = line.partition(b":")
        if not name:
            self.comments += 1
            return
        if self._block_start is None:
            self._block_start = start
        if value[:1] == b" ":
            value = value[1:]
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._type = value.decode("utf-8", "replace") or "message"
        elif name == b"id":
            if b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit() and len(value) < 16:
            self.retry = int(value)

    def _dispatch(self, end: int) -> Event:
        data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        self._data.clear()
        start = self._block_start or 0
        if end - start > self._max:
            self._limit(end - start)
        return Event(self._type, data.decode("utf-8", "replace"), self._id, start, end)


def _split(data: bytes) -> tuple[list[bytes], Iterable[int]]:
    """Split at line ends; return the lines, the last of them unended, and how wide each end is."""
    if b"\r" not in data:  # what nearly every server sends, and several times faster
        return data.split(b"\n"), repeat(1)
    pieces = _LINE_END.split(data)
    return pieces[::2], map(len, pieces[1::2])
