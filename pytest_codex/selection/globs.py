"""Globs as gitignore has them, matched by pathspec: which one of a list decides about a path.

``*`` and ``?`` stop at a slash, ``**`` does not; a slash at the beginning or inside ties a glob to
the top of the repository, without one it matches in every folder; a folder's glob matches all that
is in it. Of several globs the last that matches decides, and ``!`` takes paths out again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

_WILD = re.compile(r"[*?\[]")


def problem_of(glob: str, root: Path | None = None) -> str | None:
    """Return why a glob can match nothing and what to write instead, None if it can.

    :param root: the repository's folder on this machine, which no glob may begin with.
    """
    bare = glob.removeprefix("!")
    parts = bare.strip("/").split("/")
    here = f"{root.absolute().as_posix().rstrip('/')}/" if root else "\0"
    mended = bare.replace("\\", "/")
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
    )
    for applies, why in tests:
        if applies:
            return why
    return _unmatchable(glob)


def _unmatchable(glob: str) -> str | None:
    from pathspec import GitIgnoreSpec

    try:
        patterns = GitIgnoreSpec.from_lines([glob]).patterns
    except (ValueError, re.error) as error:
        return f"{error}"
    if not patterns or patterns[0].include is None:
        return "it is no glob; is a bracket open, as in '[a-z'?"
    return None


def taken_out(globs: Sequence[str]) -> tuple[int, str] | None:
    """Return the first glob of which a later one takes out everything, and that one.

    It is tried with some paths that the glob matches; one with brackets is not judged.
    """
    from pathspec import GitIgnoreSpec

    whole = GitIgnoreSpec.from_lines(list(globs))
    for n, glob in enumerate(globs):
        if glob.startswith("!") or "[" in glob:
            continue
        alone = GitIgnoreSpec.from_lines([glob])
        results = [whole.check_file(path) for path in _examples(glob) if alone.match_file(path)]
        if results and not any(result.include for result in results):
            last = max(result.index or 0 for result in results)
            if last > n:
                return n, globs[last]
    return None


def _examples(glob: str) -> Iterator[str]:
    """Yield paths that a glob without brackets may match: nobody would call a file so."""
    for letters in ("qzxj", "70913"):
        name = glob.strip("/").replace("**", "\0").replace("*", letters).replace("?", letters[0])
        for between in (letters, f"{letters}/{letters}.{letters}"):
            path = name.replace("\0", between)
            for folder in ("", f"{letters}/"):
                yield from (f"{folder}{path}", f"{folder}{path}/{letters}")


class Globs:
    """A list of globs, compiled once."""

    def __init__(self, globs: Sequence[str]) -> None:
        from pathspec import GitIgnoreSpec

        self._spec = GitIgnoreSpec.from_lines(list(globs))
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
    literal = {"*": "[*]", "?": "[?]", "[": "?", "\\": "?", "\ufffd": "?"}
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
