"""Text in columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

#: A row's name may be cut, but not below this many columns.
_NAME = 6


class Table(NamedTuple):
    """Its lines: the heading, and one for each row, unless it had to be turned."""

    heading: list[str]
    body: list[str]
    turned: bool


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Table:
    """Align rows under their headers; the first column is the row's name.

    A header of two words stands on two lines. Where there is not enough room the table is turned:
    each row becomes a column.

    :param width: the most columns of the screen.
    """
    upper, lower = zip(*(_two(header) for header in headers), strict=True)
    upright = [upper, lower, *rows]
    if _needs(upright) <= width:
        lines = _aligned(upright, width)
        return Table(lines[:2], lines[2:], turned=False)
    names, *others = zip(*rows, strict=True)
    turned = [[header, *values] for header, values in zip(headers[1:], others, strict=True)]
    lines = _aligned([["", *names], *turned], width)
    return Table(lines[:1], lines[1:], turned=True)


def _two(header: str) -> tuple[str, str]:
    first, _, second = header.partition(" ")
    return (first, second) if second else ("", first)


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def _needs(rows: Sequence[Sequence[str]]) -> int:
    first, *others = _widths(rows)
    return min(first, _NAME) + sum(others) + len(others)


def _aligned(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    first, *others = _widths(rows)
    gap = 2 if first + sum(others) + 2 * len(others) <= width else 1
    room = max(width - sum(others) - gap * len(others), _NAME)
    lines = []
    for name, *values in rows:
        cells = [_cut(name, room).ljust(min(first, room))]
        cells += [value.rjust(wide) for value, wide in zip(values, others, strict=True)]
        lines.append((" " * gap).join(cells).rstrip())
    return lines


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
