"""Markdown that is shown to people who did not write what is in it: quoted, and bounded."""

from __future__ import annotations

import re

from pytest_codex.exchange.excerpt import visible

_DETAILS, _END = "<details>", "</details>"
#: What CommonMark takes for the beginning of HTML, and for a fence.
_TAG, _FENCE = re.compile(r"<(?=[A-Za-z/!?])"), re.compile(r"`{3,}|~{3,}")


def code(text: str, limit: int = 400) -> str:
    """Return a text as a code span that can stand in a table: one line, nothing in it acts."""
    return "`" + (visible(text, limit).replace("`", "'").replace("|", "¦") or " ") + "`"


def inert(text: str) -> str:
    """Return Markdown that was read from a file so that it can stand inside of other Markdown.

    Headings, tables and code spans stay; HTML and fences, which could end or swallow what is
    around it, are shown and do not act.
    """
    return _FENCE.sub(lambda found: "'" * len(found[0]), _TAG.sub("‹", text))


def bounded(text: str, limit: int) -> str:
    """Return a text of at most so many bytes in UTF-8; what was cut off is said.

    It is cut between two lines, and what the cut leaves open is closed.
    """
    data = text.encode("utf-8", "backslashreplace")
    if len(data) <= limit:
        return text
    note = f"\nCut here: {len(data):,} bytes in all. The files in the artifacts have all of it.\n"
    room = limit - len(note.encode()) - len(f"\n```\n\n{_END}\n")
    kept = data[: max(0, room)].decode("utf-8", "ignore")
    kept = kept[: kept.rfind("\n") + 1]
    lines = kept.splitlines()
    fences = sum(line.startswith("```") for line in lines)
    opened = sum(line.startswith(_DETAILS) for line in lines)
    closed = sum(line.startswith(_END) for line in lines)
    kept += "```\n" * (fences % 2)
    kept += f"\n{_END}\n" * (opened > closed)
    return kept + note
