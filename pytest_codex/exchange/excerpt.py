"""Making what a server sent fit to be shown: bounded, on one line, harmless to a terminal and CI.

Source of what CI acts on: the runner of GitHub Actions takes ``##[command]`` anywhere in a line for
a command, and ``::command::`` where a line begins, which may be wherever pytest breaks one; that of
Azure Pipelines takes ``##vso[command]``.
"""

from __future__ import annotations

import codecs
import re

#: What terminals act on, what turns text around, and what cannot be encoded. Colours (SGR) apart.
_HARMFUL = re.compile(
    r"(\x1b\[[0-9;]*m)"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
#: What begins a command of CI.
_COMMAND = re.compile(
    r"(?P<hash>#)#(?=\[|vso\[)"
    r"|(?<!\S)(?P<colon>:):(?=[A-Za-z][A-Za-z-]*(?:[^\S\n][^\n]*?)?::)"
)


def visible(text: str | bytes, limit: int = 200) -> str:
    """Return the text with control characters and lone surrogates escaped, cut to ``limit``.

    Bytes are read as UTF-8; what is not UTF-8 shows as ``\\xNN``. What was left out is said.
    """
    cut = text[: limit + 1]
    if isinstance(cut, bytes):
        # A character that only the cut has broken is left out, not shown as broken bytes.
        decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        shown = decoder.decode(cut, final=len(text) == len(cut))
    else:
        shown = cut
    shown = _uncommanding(_escaped_all(shown))
    if len(text) > limit or len(shown) > limit:
        unit = "bytes" if isinstance(text, bytes) else "characters"
        return f"{shown[:limit]}… ({len(text):,} {unit} in all)"
    return shown


def harmless(text: str, *, colours: bool = False) -> str:
    """Return text of any length with what could harm a terminal, CI or pytest-xdist escaped.

    Line ends and tabs stay. A lone surrogate cannot be sent from an xdist worker: it ends the run.

    :param colours: whether escape sequences that only colour stay too.
    """
    escaped = _HARMFUL.sub(lambda m: m[0] if colours and m[1] else _escaped_all(m[0]), text)
    return _uncommanding(escaped)


def _uncommanding(text: str) -> str:
    return _COMMAND.sub(lambda found: r"#\x23" if found["hash"] else r":\x3a", text)


def _escaped_all(text: str) -> str:
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "backslashreplace").decode("ascii")
