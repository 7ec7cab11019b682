"""The WHATWG text, "9.2.6 Interpreting an event stream", word for word and without any hurry.

An oracle for the decoder: it works on the whole text at once, so that it cannot have the faults of
something that works on pieces of bytes.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Expected(NamedTuple):
    """What an event stream means: events as (type, data, id), the retry time, and comments."""

    events: list[tuple[str, str, str]]
    retry: int | None
    comments: int


def interpret(stream: bytes) -> Expected:  # noqa: C901 - in the standard's order
    """Interpret a whole event stream as the standard does."""
    # "Streams must be decoded using the UTF-8 decode algorithm", which strips one BOM.
    text = stream.decode("utf-8", "replace")
    text = text.removeprefix("\ufeff")
    # "end-of-line = ( cr lf / cr / lf )"; what stands after the last one is no line.
    *lines, _unended = re.split("\r\n|\r|\n", text)
    events = []
    retry = None
    comments = 0
    data = event_type = last_event_id = ""
    for line in lines:
        if line == "":
            if data == "":
                event_type = ""
                continue
            events.append((event_type or "message", data.removesuffix("\n"), last_event_id))
            data = event_type = ""
        elif line.startswith(":"):
            comments += 1
        else:
            field, value = line, ""
            if ":" in line:
                field, value = line.split(":", 1)
                value = value.removeprefix(" ")
            if field == "event":
                event_type = value
            elif field == "data":
                data += value + "\n"
            elif field == "id":
                if "\0" not in value:
                    last_event_id = value
            elif field == "retry" and re.fullmatch("[0-9]+", value):
                retry = int(value)
    return Expected(events, retry, comments)
