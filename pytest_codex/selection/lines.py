"""The line of a setting in a TOML text, which the parser of the standard library does not tell."""

from __future__ import annotations

import re

_TABLE = re.compile(r"\s*\[\s*(?:[^\[\]]*\.)?\s*selection\s*\]\s*(?:#.*)?")
_RULE = re.compile(r"\s*\[\[\s*(?:[^\[\]]*\.)?\s*selection\s*\.\s*rules\s*\]\]\s*(?:#.*)?")
_HEADER = re.compile(r"\s*\[{1,2}\s*[A-Za-z0-9_\"'][^\[\],]*\]{1,2}\s*(?:#.*)?")
_PLACE = re.compile(r"(?:rules\[(?P<rule>\d+)\])?\.?(?P<key>[^.\[]*)")


def line_of(text: str, place: str, value: object = None) -> int | None:
    """Return the line on which something of the table ``selection`` stands, None if unsure.

    :param place: as in messages: ``unknown``, ``rules[1].paths[0]``.
    :param value: the text that is looked for among the key's.
    """
    match = _PLACE.match(place)
    if match is None:
        return None
    lines = text.split("\n")
    header = _TABLE if match["rule"] is None else _RULE
    starts = [n for n, line in enumerate(lines) if header.fullmatch(line)]
    number = int(match["rule"] or 0)
    if number >= len(starts):
        return None
    start = starts[number]
    end = next((n for n in range(start + 1, len(lines)) if _HEADER.fullmatch(lines[n])), len(lines))
    key = re.compile(rf"\s*[\"']?{re.escape(match['key'])}[\"']?\s*=")
    found = next((n for n in range(start + 1, end) if key.match(lines[n])), None)
    if found is None:
        return start + 1 if match["rule"] is not None or not match["key"] else None
    if isinstance(value, str):
        quoted = (f'"{value}"', f"'{value}'")
        found = next((n for n in range(found, end) if any(q in lines[n] for q in quoted)), found)
    return found + 1
