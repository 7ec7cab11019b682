"""What is not written through pytest's own terminal writer: its colours, and how it is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO

_CODES = {"red": 31, "green": 32, "yellow": 33, "cyan": 36}


def colours_wanted(choice: str, environ: Mapping[str, str], *, terminal: bool) -> bool:
    """Return whether to colour, by the rules of pytest's ``--color=auto|yes|no``.

    :param terminal: whether it is written to a terminal.
    """
    if choice != "auto":
        return choice == "yes"
    if environ.get("PY_COLORS") in ("0", "1"):
        return environ["PY_COLORS"] == "1"
    if environ.get("NO_COLOR"):
        return False
    return bool(environ.get("FORCE_COLOR")) or (terminal and environ.get("TERM") != "dumb")


def painted(text: str, colour: str, *, wanted: bool = True) -> str:
    """Return the text in a colour."""
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if wanted else text


def say(stream: TextIO, *lines: str) -> None:
    """Write lines; what the stream cannot encode is escaped, as an ASCII one cannot a dash."""
    encoding = stream.encoding or "utf-8"
    for text in lines:
        stream.write(f"{text.encode(encoding, 'backslashreplace').decode(encoding)}\n")
    stream.flush()
