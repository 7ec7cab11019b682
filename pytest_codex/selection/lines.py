"""The line of a setting in a TOML text, which the parser of the standard library does not tell."""

from __future__ import annotations

import re

_HEADER = re.compile(r"\s*\[{1,2}\s*[A-Za-z0-9_\"'][^\[\],]*\]{1,2}\s*(?:#.*)?")
_PLACE = re.compile(r"(?:rules\[(?P<rule>\d+)\])?\.?(?P<key>[^.\[]*)")


def line_of(text: str, place: str, value: object = None, prefix: str = "") -> int | None:
    """Return the line on which something of the table ``selection`` stands, None if unsure.

    :param place: as in messages: ``unknown``, ``rules[1].paths[0]``.
    :param value: the text that is looked for among the key's.
    :param prefix: what stands before ``selection`` in the tables' names: ``tool.pytest_codex.``.
    """
    match = _PLACE.match(place)
    if match is None:
        return None
    lines = text.split("\n")
    table = f"{prefix}selection"
    rules = _tables(lines, f"{table}.rules")
    key = match["key"]
    if match["rule"] is None:
        starts, number = _tables(lines, table), 0
        if found := _tables(lines, f"{table}.{key}"):
            return found[0] + 1
    elif rules:
        starts, number = rules, int(match["rule"])
    else:
        # They stand in a list, of which only the beginning is sure.
        starts, number, key = _tables(lines, table), 0, "rules"
    if number >= len(starts):
        return None
    start = starts[number]
    end = next((n for n in range(start + 1, len(lines)) if _HEADER.fullmatch(lines[n])), len(lines))
    assigned = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=")
    line = next((n for n in range(start + 1, end) if assigned.match(lines[n])), None)
    if line is None:
        return start + 1 if starts is rules or not key else None
    if isinstance(value, str):
        quoted = (f'"{value}"', f"'{value}'")
        line = next((n for n in range(line, end) if any(q in lines[n] for q in quoted)), line)
    return line + 1


def _tables(lines: list[str], name: str) -> list[int]:
    """Return where tables of a name begin, one that is in a list included."""
    names = r"\s*\.\s*".join(rf"[\"']?{re.escape(part)}[\"']?" for part in name.split("."))
    header = re.compile(rf"\s*(\[\s*{names}\s*\]|\[\[\s*{names}\s*\]\])\s*(?:#.*)?")
    return [n for n, line in enumerate(lines) if header.fullmatch(line)]
