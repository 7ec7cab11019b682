"""What has changed: values, and how they are read from git's output and from lists of paths."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pytest_codex.errors import ConfigurationError
from pytest_codex.exchange.excerpt import visible

#: The status of a path that is untracked, or of which only the name is known.
UNTOLD = "?"
#: What a list that is read from there is called.
STANDARD_INPUT = "standard input"
#: What separates paths in lists that are not one a line.
_SEVERAL = re.compile(r"[\s,;|]")
_SUBMODULE = b"160000"
_ESCAPE = re.compile(r"\\([0-7]{3}|.|$)|(\")")
_ESCAPED = {**dict(zip("abtnvfr", "\a\b\t\n\v\f\r", strict=True)), '"': '"', "\\": "\\"}


@dataclass(frozen=True, slots=True)
class Change:
    """A path that differs. Of a rename there are two: the old end deleted, the new one added.

    :param path: from the top of the repository; bytes that are not UTF-8 as surrogates.
    :param status: git's letter: A(dded), M(odified), D(eleted), T(ype), U(nmerged), or ``?``.
    """

    path: str
    status: str = UNTOLD

    def __str__(self) -> str:
        return f"{shown(self.path)} ({self.status})"


@dataclass(frozen=True, slots=True)
class Changes:
    """All that is known to have changed; nothing, if `paths` is empty.

    :param since: what it was compared with, or where the list came from, in words.
    :param bases: the commits it was compared with; empty if only the paths are known.
    """

    paths: tuple[Change, ...]
    since: str
    bases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Everything:
    """What has changed is not known, so that everything has to run.

    :param reason: why it is not known.
    :param mend: what to do so that it will be.
    """

    reason: str
    mend: str


def shown(path: str) -> str:
    """Return a path as it can be printed: on one line, harmless to a terminal."""
    return visible(path.encode("utf-8", "surrogateescape"), 300)


def exact(path: str) -> str:
    """Return a path as JSON and pytest-xdist can carry it: what is not UTF-8 as ``\\xNN``."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def together(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return the changes, each path once, with the status that was told last."""
    return tuple({change.path: change for change in changes}.values())


def parse_raw(output: bytes) -> tuple[list[Change], list[str]]:
    """Return the changes that ``git diff --raw -z`` tells, and which of them are submodules.

    The raw form is the one that tells a submodule from a file; renames and copies, which
    ``--no-renames`` leaves out, are understood as well.

    :raises ValueError: for what git does not write.
    """
    changes: list[Change] = []
    submodules: list[str] = []
    fields = iter(_records(output))
    for header in fields:
        # :OLDMODE NEWMODE OLDOBJECT NEWOBJECT STATUS
        parts = header.split()
        if len(parts) != 5 or not parts[0].startswith(b":"):
            raise ValueError(f"no line of a raw diff: {visible(header)}")
        status = parts[4][:1].decode("ascii", "replace")
        paths = [_decoded(next(fields, b""))]
        if status in "RC":
            old, new = paths[0], _decoded(next(fields, b""))
            found = [Change(new, "A")] if status == "C" else [Change(old, "D"), Change(new, "A")]
        else:
            found = [Change(paths[0], status)]
        if not all(change.path for change in found):
            raise ValueError("a path is missing in a raw diff")
        changes += found
        if _SUBMODULE in (parts[0][1:], parts[1]):
            submodules.append(found[-1].path)
    return changes, submodules


def parse_status(output: bytes) -> tuple[list[Change], list[str]]:
    """Return what ``git status --porcelain=v2 -z --no-renames`` tells, and the submodules of it.

    What git does not track has the status ``?``.

    :raises ValueError: for what git does not write.
    """
    changes: list[Change] = []
    submodules: list[str] = []
    for record in _records(output):
        kind = record[:2]
        if kind == b"# ":
            continue
        # 1 XY SUBMODULE …six fields PATH; u XY SUBMODULE …eight fields PATH; ? PATH
        spaces = {b"1 ": 8, b"u ": 10, b"? ": 1}.get(kind)
        fields = record.split(b" ", spaces or 0)
        if spaces is None or len(fields) <= spaces or not fields[-1]:
            raise ValueError(f"no line of a status: {visible(record)}")
        # A repository inside this one, which git does not look into, is written with a slash.
        path = _decoded(fields[-1]).rstrip("/")
        changes.append(Change(path, _letter(kind, fields[1])))
        if kind != b"? " and fields[2].startswith(b"S"):
            submodules.append(path)
    return changes, submodules


def _letter(kind: bytes, staged_and_not: bytes) -> str:
    """Return the one status of a path: that of the file if it has one, else that of the index."""
    if kind == b"? ":
        return UNTOLD
    letters = staged_and_not.decode("ascii", "replace").replace(".", "")
    return "U" if kind == b"u " else letters[-1:] or UNTOLD


def parse_list(
    data: bytes, where: str, there_is: Callable[[str], bool] | None = None
) -> Changes | Everything:
    """Read a list of changed paths: one a line, or separated by NUL.

    Lines that git has quoted (``"caf\\303\\251.md"``) are unquoted. The line end of whatever has
    printed a list that is separated by NUL is no part of its last path. A list without any path is
    more likely to be the failure of whoever made it than the absence of changes.

    :param where: the list's name, for messages.
    :param there_is: whether there is such a path in the repository. It is asked of what may be
        several paths, or a path and the line end after it.
    :raises ConfigurationError: for what is no path inside a repository, with its number.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ConfigurationError(f"{where}: UTF-16; expected UTF-8 (PowerShell: -Encoding utf8)")
    data = data.removeprefix(b"\xef\xbb\xbf")
    lines: list[tuple[int, str]] = []
    if b"\0" in data:
        *ended, last = map(_decoded, data.split(b"\0"))
        # git ends the last path by NUL as well: what stands after it is from somewhere else.
        if there_is is not None and last.endswith("\n") and not there_is(last):
            last = last.removesuffix("\n").removesuffix("\r")
        paths = [(n, path) for n, path in enumerate((*ended, last), 1) if path]
        lines = [paths[-1]] if "\n" in last else []
        unit = "entry "
    else:
        whole = enumerate(_decoded(data).split("\n"), 1)
        lines = [(n, line.removesuffix("\r")) for n, line in whole if line.strip(" \t\r")]
        paths = [(n, _line(line, f"{where}:{n}")) for n, line in lines]
        unit = ""
    changes = together(Change(_inside(path, f"{where}:{unit}{n}")) for n, path in paths)
    if not changes:
        return Everything(
            f"{where} names no path", f"see that what writes it has worked{_as_in(where)}"
        )
    for number, line in lines:
        # A path that was deleted cannot be told from several; between NUL it can.
        if there_is is not None and _may_be_several(line) and not there_is(line):
            return Everything(
                f"{where}:{unit}{number}: there is no '{shown(line)}'; is that several paths?",
                f"write one path a line, or separate them by NUL{_as_in(where)}",
            )
    return Changes(changes, f"as listed in {where}")


def _as_in(where: str) -> str:
    command = "git diff --name-only --no-renames -z BASE"
    if where == STANDARD_INPUT:
        return f", as in: {command} | pytest --pyargs pytest_codex.suites --changed-files=-"
    return f", as in: {command} > {shlex.quote(where)}"


def _may_be_several(line: str) -> bool:
    """Whether a line may be several paths; what git has quoted is one."""
    return bool(_SEVERAL.search(line)) and not line.startswith('"')


def _records(output: bytes) -> list[bytes]:
    if output and not output.endswith(b"\0"):
        raise ValueError(f"not separated by NUL: {visible(output)}")
    return output.split(b"\0")[:-1]


def _decoded(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _line(line: str, where: str) -> str:
    if len(line) > 1 and line.startswith('"') and line.endswith('"'):
        return _unquoted(line[1:-1], where)
    if "\r" in line:
        raise ConfigurationError(
            f"{where}: '{visible(line)}' has a carriage return; expected one path a line, each "
            "ended by LF or CRLF"
        )
    if "\t" in line:
        raise ConfigurationError(
            f"{where}: '{visible(line)}' has a tab; expected one path a line, as git diff "
            "--name-only writes them (not --name-status or --numstat)"
        )
    return line


def _unquoted(text: str, where: str) -> str:
    """Undo what git does to names with special characters where it is not asked for ``-z``."""

    def character(match: re.Match[str]) -> str:
        escape = match[1] or ""
        if len(escape) == 3 and int(escape, 8) < 256:
            return bytes([int(escape, 8)]).decode("latin-1")
        if escape not in _ESCAPED:
            raise ConfigurationError(f"{where}: '{visible(text)}' is quoted as git does not quote")
        return _ESCAPED[escape]

    # The escapes are bytes: of everything else, the bytes are put beside them.
    as_bytes = text.encode("utf-8", "surrogateescape").decode("latin-1")
    return _decoded(_ESCAPE.sub(character, as_bytes).encode("latin-1"))


def _inside(path: str, where: str) -> str:
    while path.startswith("./"):
        path = path[2:]
    problem = None
    if path.startswith("/") or re.match(r"[A-Za-z]:[\\/]", path):
        problem = "is absolute"
    elif ".." in path.split("/"):
        problem = "leads out of its folder by '..'"
    elif not path:
        problem = "is empty"
    if problem:
        raise ConfigurationError(
            f"{where}: '{shown(path)}' {problem}; expected paths from the top of the repository, "
            "as git diff --name-only writes them"
        )
    return path
