"""Making what a server sent fit to be shown: bounded, on one line, harmless to a terminal."""

from __future__ import annotations


def visible(text: str | bytes, limit: int = 200) -> str:
    """Return the text with control characters and lone surrogates escaped, cut to ``limit``.

    Bytes are read as UTF-8; what is not UTF-8 shows as ``\\xNN``. What was left out is said.
    """
    cut = text[: limit + 1]
    shown = cut.decode("utf-8", "backslashreplace") if isinstance(cut, bytes) else cut
    shown = "".join(char if char.isprintable() else _escaped(char) for char in shown)
    if len(text) > limit or len(shown) > limit:
        unit = "bytes" if isinstance(text, bytes) else "characters"
        return f"{shown[:limit]}… ({len(text):,} {unit} in all)"
    return shown


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "backslashreplace").decode("ascii")
