"""Lines that are broken at words, where a terminal would break them anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap

#: Fewer columns than this are not worth breaking for.
_LEAST = 16


def room(columns: int, environ: Mapping[str, str], *, terminal: bool) -> int | None:
    """Return where to break lines; None for nowhere.

    In a log they stay whole, so that they can be searched. CI keeps what is written as a log, even
    where it lends a terminal; what counts as CI is what pytest takes for it.

    :param columns: those of the screen.
    :param terminal: whether it is written to a terminal.
    """
    in_ci = any(environ.get(name) for name in ("CI", "BUILD_NUMBER"))
    return columns if terminal and not in_ci else None


def wrapped(text: str, width: int | None, indent: int = 4) -> list[str]:
    """Return a text in lines; those after the first are indented by so many columns.

    No word is ever broken, for it may be a path, a URL or a node id: what does not fit beside the
    indentation is indented less, and what is wider than the screen stays as long as it is.

    :param width: the columns of the screen, the last of which stays free; None for one line.
    """
    if width is None:
        return [text]
    most = max(width - 1, _LEAST)
    lines = wrap(
        text,
        most,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line if len(line) <= most else _to_the_left(line, most) for line in lines] or [""]


def _to_the_left(line: str, most: int) -> str:
    words = line.lstrip()
    return " " * max(most - len(words), 0) + words
