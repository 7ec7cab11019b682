"""The line of a setting in a TOML text, which the parser of the standard library does not tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

#: Keys, and places in lists.
Path: TypeAlias = tuple[str | int, ...]
#: The last line of a value that has several.
_CLOSES = re.compile(r"[\]}\"'][ \t\r]*(?:#.*)?$")


def line_of(text: str, path: Sequence[str | int], value: object = None) -> int | None:
    """Return the line on which a table or a key begins, None if it is not found.

    :param path: keys and places in lists, from the top: ``("selection", "rules", 1, "paths")``.
    :param value: the text that is looked for among the key's.
    """
    wanted = tuple(path)
    table: Path = ()
    tables: dict[Path, int] = {}
    for first, statement, says in _statements(text):
        if statement.lstrip().startswith("["):
            table = _entered(says, tables)
            if table[: len(wanted)] == wanted:
                return first
        elif wanted[: len(table)] == table and _has(says, wanted[len(table) :]):
            return first + _lines_before(value, statement)
    return None


def _statements(text: str) -> Iterator[tuple[int, str, Mapping[str, object]]]:
    """Yield the tables' headers and the keys, each with its first line and what it says alone."""
    lines: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        lines.append(line)
        if len(lines) > 1 and not _CLOSES.search(line):
            continue  # a long list is not read once more for each of its lines
        statement = "\n".join(lines)
        try:
            says = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue  # it goes on
        if says:
            yield number - len(lines) + 1, statement, says
        lines = []


def _entered(header: object, tables: dict[Path, int]) -> Path:
    """Return where a header leads.

    :param tables: where the tables of lists are, and the place of the last in each; it is kept up.
    """
    path: Path = ()
    while header:
        if isinstance(header, dict):
            ((key, header),) = header.items()
            path = (*path, key)
        if isinstance(header, list):
            tables[path] = tables.get(path, -1) + 1
            header = header[0]
        if path in tables:
            path = (*path, tables[path])
    return path


def _has(node: object, path: Path) -> bool:
    for part in path:
        known = node if isinstance(node, dict) else {}
        if isinstance(node, list):
            known = dict(enumerate(node))
        if part not in known:
            return False
        node = known[part]
    return True


def _lines_before(value: object, statement: str) -> int:
    """Return how many lines of a key stand before the first with a text in quotes."""
    quoted = (f'"{value}"', f"'{value}'") if isinstance(value, str) else ()
    lines = statement.split("\n")
    return next((n for n, line in enumerate(lines) if any(q in line for q in quoted)), 0)
