"""Text in columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

#: A row's name may be cut, but not below this many columns.
_NAME = 6
#: Nor does one take more than this many of a turned table, unless they would then look the same.
_ENOUGH = 20
_GAP = 2


class Table(NamedTuple):
    """Its lines: the heading, and one for each row, unless it had to be turned."""

    heading: list[str]
    body: list[str]
    turned: bool


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Table:
    """Align rows under their headers; the first column is the row's name.

    A header of two words stands on two lines. Where there is not enough room, or not enough to
    tell the names apart, the table is turned: each row becomes a column, and those that do not fit
    beside each other stand below.

    :param width: the most columns of the screen.
    """
    upper, lower = zip(*(_two(header) for header in headers), strict=True)
    upright = [upper, lower, *rows]
    first, *others = _widths(upright)
    least = sum(others) + len(others)
    room = width - least
    names = [row[0] for row in rows]
    if room >= min(first, _NAME) and _distinct(names, room):
        gap = _GAP if first + least + len(others) * (_GAP - 1) <= width else _GAP - 1
        lines = [
            _line([_cut(name, room), *cells], [min(first, room), *others], gap)
            for name, *cells in upright
        ]
        return Table(lines[:2], lines[2:], turned=False)
    lines = list(_turned(headers[1:], rows, width))
    return Table(lines[:1], lines[1:], turned=True)


def _two(header: str) -> tuple[str, str]:
    first, _, second = header.partition(" ")
    return (first, second) if second else ("", first)


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def _line(cells: Sequence[str], widths: Sequence[int], gap: int) -> str:
    first, *others = widths
    shown = [cells[0].ljust(first)]
    shown += [cell.rjust(wide) for cell, wide in zip(cells[1:], others, strict=True)]
    return (" " * gap).join(shown).rstrip()


def _turned(labels: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    first = max(map(len, labels))
    most = max(width - first - _GAP, _NAME)
    names = [row[0] for row in rows]
    enough = min(_ENOUGH, most)
    room = enough if _distinct(names, enough) else most
    block: list[list[str]] = [["", *labels]]
    for name, *cells in rows:
        column = [_cut(name, room), *cells]
        if len(block) > 1 and _needs([*block, column]) > width:
            yield from _aligned(block)
            yield ""
            block = block[:1]
        block = [*block, column]
    yield from _aligned(block)


def _needs(columns: Sequence[Sequence[str]]) -> int:
    return sum(max(map(len, column)) for column in columns) + _GAP * (len(columns) - 1)


def _aligned(columns: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in columns]
    return [_line(cells, widths, _GAP) for cells in zip(*columns, strict=True)]


def _distinct(names: Sequence[str], width: int) -> bool:
    """Whether names that differ still do when they are cut."""
    return len({_cut(name, width) for name in names}) == len(set(names))


def _cut(text: str, width: int) -> str:
    """Leave out the middle: names of one kind differ at their ends."""
    if len(text) <= width:
        return text
    tail = width // 2
    return f"{text[: width - 1 - tail]}…{text[len(text) - tail :]}"
