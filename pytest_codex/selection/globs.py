"""Globs as gitignore has them, matched by pathspec: which one of a list decides about a path.

``*`` and ``?`` stop at a slash, ``**`` does not; a slash at the beginning or inside ties a glob to
the top of the repository, without one it matches in every folder; a folder's glob matches all that
is in it. Of several globs the last that matches decides, and ``!`` takes paths out again.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec.pattern import Pattern

#: What decides by single characters.
_EXACT = frozenset("[?")
_MOST_EXAMPLES = 1000
_BRACES = re.compile(r"(?<!\[)\{[^{}]*,[^{}]*\}")
_WILD = re.compile(r"[*?\[]")


def problem_of(glob: str, root: Path | None = None) -> str | None:
    """Return why a glob can match nothing and what to write instead, None if it can.

    :param root: the repository's folder on this machine, which no glob may begin with.
    """
    bare = glob.removeprefix("!")
    parts = bare.strip("/").split("/")
    here = f"{root.absolute().as_posix().rstrip('/')}/" if root else "\0"
    mended = re.sub(r"[\\/]+", "/", bare)
    tests: tuple[tuple[bool, str], ...] = (
        (not bare.strip().strip("/"), "it is empty; '**' matches every path"),
        (any(ord(char) < 32 for char in bare), "it has control characters"),
        (bare != bare.strip(), "a space at the beginning or end; gitignore drops the latter"),
        (glob.startswith("#"), "gitignore reads it as a comment; write '[#]' for the first '#'"),
        (
            bool(re.match(r"[A-Za-z]:|//|~/|[A-Za-z][A-Za-z0-9+.-]*://", bare)),
            "it is absolute; paths are from the top of the repository, as in '/src/**'",
        ),
        (
            bare.startswith(here),
            "it is absolute; paths are from the top of the repository: "
            f"write '/{bare.removeprefix(here)}'",
        ),
        ("\\" in bare, f"it has a backslash; paths have slashes: write '{mended}'"),
        (".." in parts, "no path has '..'; write the folder that is meant"),
        ("." in parts, f"no path has '.'; write '{bare.removeprefix('./')}'"),
        ("" in parts, "no path has '//'; write one slash"),
        (
            bool(_BRACES.search(bare)),
            "gitignore has no braces: write a glob for each alternative, or '[{]' for a brace in "
            "a name",
        ),
    )
    for applies, why in tests:
        if applies:
            return why
    return _unmatchable(glob)


def _unmatchable(glob: str) -> str | None:
    try:
        patterns = _patterns([glob])
    except (ValueError, re.error) as error:
        return f"{error}"
    if not patterns or patterns[0].include is None:
        return "it is no glob; is a bracket open, as in '[a-z'?"
    return None


def _patterns(globs: Sequence[str]) -> Sequence[Pattern]:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(list(globs)).patterns


def taken_out(globs: Sequence[str]) -> tuple[int, str] | None:
    """Return the first glob of which later ones take out everything, and the last of these.

    Nothing is said of a glob with brackets, nor of what ``!`` globs with brackets or ``?`` take
    out: it would be a guess.
    """
    patterns = _patterns(globs)
    takers = [n for n, glob in enumerate(globs) if glob.startswith("!") and not _EXACT & {*glob}]
    for n, glob in enumerate(globs):
        later = [taker for taker in takers if taker > n]
        if glob.startswith("!") or "[" in glob or not later:
            continue
        deepest = max(globs[taker].count("/") for taker in later) + 2
        deciding = [_deciding(path, n, later, patterns) for path in _examples(glob, globs, deepest)]
        decided = [by for by in deciding if by is not None]
        if decided and n not in decided:
            return n, globs[max(decided)]
    return None


def _deciding(path: str, own: int, later: Sequence[int], patterns: Sequence[Pattern]) -> int | None:
    """Return the last of the patterns that matches a path, None if its own does not."""
    if not _matches(patterns[own], path):
        return None
    return next((n for n in reversed(later) if _matches(patterns[n], path)), own)


def _matches(pattern: Pattern, path: str) -> bool:
    return pattern.match_file(path) is not None


def _examples(glob: str, globs: Sequence[str], deepest: int) -> Iterator[str]:
    """Yield paths of every form that a glob without brackets matches; none if there are too many.

    Wildcards stand for a character that is in no glob: what matches that, by wildcards in its
    turn, matches whatever else is in its place. ``**`` stands for as many folders as no glob
    without ``**`` has.
    """
    text = "".join(globs)
    letter = next(char for char in map(chr, range(0xE000, 0xF8FF)) if char not in text)
    parts = glob.strip("/").split("/")
    if "/" not in glob.rstrip("/"):
        parts.insert(0, "**")  # in every folder
    parts.append("**")  # all that is in it
    parts = [part for n, part in enumerate(parts) if part != "**" or parts[n - 1 : n] != ["**"]]
    if (deepest + 1) ** parts.count("**") > _MOST_EXAMPLES:
        return
    depths = [[letter] * depth for depth in range(deepest + 1)]
    forms = [
        depths if part == "**" else [[part.replace("*", letter).replace("?", letter)]]
        for part in parts
    ]
    for form in itertools.product(*forms):
        yield "/".join(itertools.chain(*form))


class Globs:
    """A list of globs, compiled once."""

    def __init__(self, globs: Sequence[str]) -> None:
        from pathspec import PathSpec

        # Not GitIgnoreSpec, which has files' globs prevail over folders' whatever their order.
        self._spec = PathSpec(_patterns(globs))
        firsts = [_first(glob) for glob in globs if not glob.startswith("!")]
        known = [first for first in firsts if first is not None]
        self._firsts = frozenset(known) if len(known) == len(firsts) else None
        literals = {_literal(glob) for glob in globs if not glob.startswith("!")}
        self._literals = () if "" in literals else tuple(literals)

    def decides(self, path: str) -> int | None:
        """Return the number of the glob by which a path is in the list, None if it is not.

        :param path: as :func:`matched_as` has it.
        """
        # Comparing is far cheaper than matching, and most paths are none of a list's.
        if self._firsts is not None and path.partition("/")[0] not in self._firsts:
            return None
        if self._literals and not any(literal in path for literal in self._literals):
            return None
        result = self._spec.check_file(path)
        return result.index if result.include else None


def matched_as(path: str) -> str:
    """Return what globs are matched with: U+FFFD for what trips them up.

    Regular expressions do not let ``.`` match a line end and let ``$`` match before one, and not
    every engine that pathspec may use takes bytes that are not UTF-8.
    """
    if path.isprintable():
        return path
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return text.replace("\n", "\ufffd")


def glob_of(path: str) -> str:
    """Return the glob that matches one path; where none is exact, ``?`` stands for a character."""
    # Neither a backslash nor `[[]` is read alike by everything that matches globs.
    literal = {"*": "[*]", "?": "[?]", "[": "?", "\\": "?", "{": "[{]", "\ufffd": "?"}
    glob = "".join(
        literal.get(char, char if char.isprintable() else "?") for char in matched_as(path)
    )
    return f"/{glob[:-1]}[ ]" if glob.endswith(" ") else f"/{glob}"


def _first(glob: str) -> str | None:
    """Return the one first part that all paths of a glob have, None if there is none such."""
    if "/" not in glob.rstrip("/"):
        return None
    first = glob.removeprefix("/").partition("/")[0]
    return None if _WILD.search(first) else first


def _literal(glob: str) -> str:
    """Return the longest text that is in every path of a glob; empty if it is all wildcards."""
    pieces = _WILD.split(glob.partition("[")[0])
    return max((piece.strip("/") for piece in pieces), key=len)
