"""What git knows of changes. Whatever it does not know, or cannot tell, is :class:`Everything`.

It takes no ref for an option.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from pytest_codex.errors import did_you_mean
from pytest_codex.git import GitError, ask, said
from pytest_codex.selection.changes import (
    UNTOLD,
    Change,
    Changes,
    Everything,
    parse_raw,
    parse_status,
    shown,
    together,
)
from pytest_codex.selection.ci import Base, Head, base_in_ci
from pytest_codex.selection.labels import LARGEST, touched

if TYPE_CHECKING:
    import subprocess

AUTO = "auto"
_LARGEST_EVENT = 32 * 2**20
#: More compose files than anybody has.
_MOST_COMPARED = 100
_Parser: TypeAlias = Callable[[bytes], tuple[list[Change], list[str]]]
_OBJECT = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?\n?")
_DIFF = (
    *("diff", "--raw", "-z", "--no-renames", "--no-abbrev", "--no-color"),
    *("--no-ext-diff", "--no-textconv", "--ignore-submodules=none"),
)
# Not `git diff`, which locks the index to refresh it.
_STATUS = (
    *("status", "--porcelain=v2", "-z", "--no-renames"),
    *("--untracked-files=all", "--ignore-submodules=none"),
)
_NAME_IT = "name what to compare with: --changed-since=REF"
_LIST_THEM = "name the changed paths instead: --changed-files=FILE"
_NO_COMMIT = ("there is no commit yet", _LIST_THEM)
#: A shallow clone has, as a rule, one branch only.
_DEEPEN = (
    "git fetch --unshallow {0} '+refs/heads/*:refs/remotes/{0}/*' (--deepen=NUMBER fetches less)"
)
#: What a ref's name cannot have in it, by git-check-ref-format(1), and what may follow it.
_REF = re.compile(r"(?![-/.])(?!.*(?:\.\.|//|/\.))[^\x00-\x20\x7f~^:?*\[\\]+(?<![/.])(?<!\.lock)")
#: What no fetch brings though it is valid: @{upstream}, :/TEXT, and the commit that is none.
_ON_NO_REMOTE = re.compile(r"@\{[^}]+\}|:/.|(?:0{40}|0{64})\Z")
_NOTATION = re.compile(r"[~^:]|@\{")


def changes_since(
    ref: str,
    root: Path,
    environ: Mapping[str, str],
    results: Path | None = None,
    here: Path | None = None,
) -> Changes | Everything:
    """Return what has changed in the repository around a folder.

    :param ref: a ref, compared from where its history and HEAD's parted, or ``auto``: what the CI
        run is about, else the branch that the local one comes from. What is not committed yet
        counts too, except in a CI run that is found out by ``auto``.
    :param environ: the process's environment.
    :param results: the folder that pytest-codex writes to. Untracked files in it do not count if
        it is not the repository itself and nothing in it is tracked.
    :param here: the folder that pytest was called in, which may be in no other repository.
    """
    try:
        repository = _Repository.around(root, environ)
        if here is not None:
            repository.refuse_another(here)
        base = _base(ref, repository, environ)
        return repository.changes(base, results)
    except _UnknownError as unknown:
        return unknown.everything


def label_changes(
    changes: Changes, paths: Iterable[str], root: Path, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return for compose files what their change touches that routing depends on; empty: nothing.

    :param paths: those of the changed paths that are compose files. What is said of none of them
        is not known.
    """
    if not changes.bases:
        return {}
    try:
        repository = _Repository.around(root, environ)
        named = list(paths)[:_MOST_COMPARED]
        return {path: repository.touched(path, changes.bases) for path in named}
    except _UnknownError:
        return {}


def there_is(top: Path, path: str) -> bool:
    """Whether there is a file in a repository, or a link even if it leads nowhere.

    :param top: the repository's folder.
    """
    return os.path.lexists(top / path)


class _UnknownError(Exception):
    """What has changed cannot be told."""

    def __init__(self, reason: str, mend: str) -> None:
        super().__init__(reason)
        self.everything = Everything(reason, mend)


def _base(ref: str, repository: _Repository, environ: Mapping[str, str]) -> Base:
    if ref != AUTO:
        return Base(ref, shown(ref), _NAME_IT, forked=True, worktree=True)
    base = base_in_ci(environ, _event(environ)) or repository.local_base()
    if isinstance(base, Everything):
        raise _UnknownError(base.reason, base.mend)
    return base


def _event(environ: Mapping[str, str]) -> object:
    """Return what GitHub says of the run's event, None if it cannot be read."""
    path = Path(environ.get("GITHUB_EVENT_PATH", ""))
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST_EVENT:
            return None
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


@dataclass(frozen=True, slots=True)
class _Repository:
    """A repository: its top folder, and the environment that git is given."""

    top: Path
    environ: Mapping[str, str]

    @classmethod
    def around(cls, root: Path, environ: Mapping[str, str]) -> _Repository:
        outside = cls(root, environ)
        done = outside._run("rev-parse", "--show-toplevel")
        if done.returncode or not done.stdout.strip():
            why = said(done.stderr) or "it has no files checked out"
            raise _UnknownError(f"git finds no repository here: {why}", _LIST_THEM)
        return cls(_folder(done.stdout), outside.environ)

    def refuse_another(self, here: Path) -> None:
        """Refuse to go on if a folder is in another repository, which would be the one meant."""
        done = _Repository(here, self.environ)._run("rev-parse", "--show-toplevel")
        other = _folder(done.stdout)
        if done.returncode == 0 and other != self.top:
            raise _UnknownError(
                f"pytest was called in another repository ({shown(str(other))}) than that of its "
                f"rootdir ({shown(str(self.top))})",
                "call it in the repository that is to be verified, or name the rootdir: "
                "--rootdir=DIR",
            )

    # -- where changes begin ----------------------------------------------------------------------

    def local_base(self) -> Base:
        """Return the branch that this one comes from.

        Its own copy on the remote is none: what was pushed is still a change.
        """
        branch = self._branch()
        ref = f"refs/heads/{branch}"
        upstream = self._output("for-each-ref", "--format=%(upstream)", ref).decode(
            "utf-8", "surrogateescape"
        ).strip()  # fmt: skip
        own = upstream.endswith(f"/{branch}")
        others = [name for name in ("main", "master") if name != branch]
        ladder = (
            *([upstream] if upstream and not own else []),
            *("refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/remotes/origin/master"),
            *(f"refs/heads/{name}" for name in others),
        )
        for ref in ladder:
            if self._commit(ref):
                said = shown(ref.removeprefix("refs/remotes/").removeprefix("refs/heads/"))
                return Base(ref, said, _NAME_IT, forked=True, worktree=True)
        if self._commit("HEAD") is None:
            raise _UnknownError(*_NO_COMMIT)
        example = ", as in HEAD~1" if self._commit("HEAD~1") else ""
        raise _UnknownError(
            f"there is no branch to compare {shown(branch)} with", f"{_NAME_IT}{example}"
        )

    def _branch(self) -> str:
        done = self._run("symbolic-ref", "--quiet", "HEAD")
        if done.returncode == 1:
            raise _UnknownError("HEAD is detached, so that no branch says where it began", _NAME_IT)
        name = self._checked(done).decode("utf-8", "surrogateescape").strip()
        return name.removeprefix("refs/heads/")

    def _starts(self, base: Base, head: str) -> tuple[str, ...]:
        """Return the commits to compare with; where histories cross there are several."""
        if base.merged and self._commit("HEAD^2") == base.merged:
            first = self._commit("HEAD^1")
            if first:
                return (first,)
        commit = self._commit(base.ref)
        if not commit:
            raise self._not_known(base)
        if base.head is not None:
            self._refuse_other_than(base.head, head)
        if not base.forked:
            return (commit,)
        done = self._run("merge-base", "--all", commit, head)
        starts = tuple(done.stdout.decode("ascii", "replace").split())
        if starts != (commit,) and self._shallow():
            # History is cut off, and with it perhaps the commit where the two parted.
            raise _UnknownError(
                f"the clone is shallow, and does not show where {self._named(base)} parted from "
                "HEAD",
                base.mend if not base.worktree else "git fetch --unshallow",
            )
        if done.returncode or not starts:
            raise _UnknownError(f"{self._named(base)} and HEAD have no history in common", _NAME_IT)
        return starts

    def _refuse_other_than(self, about: Head, head: str) -> None:
        """Refuse to go on unless HEAD is what a CI run is about, or contains it."""
        if head in about.commits:
            return
        for commit in filter(self._commit, about.commits):
            if not self._run("merge-base", "--is-ancestor", commit, head).returncode:
                return
        raise _UnknownError(
            f"something else is checked out ({head[:12]}) than {about.said} "
            f"({about.commits[0][:12]})",
            about.mend,
        )

    def _not_known(self, base: Base) -> _UnknownError:
        """Return what is said of a base that git does not know."""
        reason = f"git does not know {self._named(base)}"
        if not base.worktree:
            # More history than all of it there is not.
            return _UnknownError(reason, base.mend if self._shallow() else _NAME_IT)
        if _ON_NO_REMOTE.match(base.ref):
            return _UnknownError(reason, _NAME_IT)
        stem = _NOTATION.split(base.ref, maxsplit=1)[0]
        if not _REF.fullmatch(stem) or ".." in base.ref:
            return _UnknownError(f"{reason}: there can be no such ref", _NAME_IT)
        if self._commit(f"refs/remotes/origin/{base.ref}"):
            there = f"origin/{base.ref}"
            return _UnknownError(
                f"{reason} (only {shown(there)})", f"--changed-since={shlex.quote(there)}"
            )
        given = AUTO if base.ref.lower() == AUTO else base.ref
        reason += did_you_mean(given, (AUTO, *self._names()))
        remote = self._remote()
        if self._shallow():
            mend = _DEEPEN.format(remote) if remote else _NAME_IT
            return _UnknownError(f"{reason}: the clone is shallow", mend)
        # What follows a commit that git knows, as in HEAD~9, is not on the remote either.
        elsewhere = remote and not self._commit(stem)
        return _UnknownError(reason, f"git fetch {remote}" if elsewhere else _NAME_IT)

    def _remote(self) -> str:
        """Return what to fetch from, as a word of a command: origin or another; empty if none."""
        remotes = self._output("remote").decode("utf-8", "surrogateescape").splitlines()
        remote = "origin" if "origin" in remotes else next(iter(remotes), "")
        return shlex.quote(shown(remote)) if remote else ""

    def _shallow(self) -> bool:
        return self._output("rev-parse", "--is-shallow-repository").strip() != b"false"

    def _named(self, base: Base) -> str:
        ref = shown(base.ref)
        return base.said if base.said == ref else f"{base.said} ({ref[:60]})"

    def _commit(self, ref: str) -> str | None:
        """Return the commit that a ref names, None if git knows none."""
        if "\0" in ref or ref.startswith("-"):
            return None
        done = self._run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"
        )
        # `^main` and its like are no commits but what is not to be shown of them.
        known = done.returncode == 0 and _OBJECT.fullmatch(done.stdout)
        return done.stdout.decode("ascii").strip() if known else None

    def _names(self) -> list[str]:
        """Return the short names of branches and tags, as many as can be compared at leisure."""
        output = self._output("for-each-ref", "--count=1000", "--format=%(refname:short)")
        return output.decode("utf-8", "surrogateescape").split()

    # -- what has changed -------------------------------------------------------------------------

    def changes(self, base: Base, results: Path | None) -> Changes:
        """Return what is different from a base."""
        head = self._commit("HEAD")
        if head is None:
            raise _UnknownError(*_NO_COMMIT)
        starts = self._starts(base, head)
        found = [
            change
            for start in starts
            for change in self._parsed(parse_raw, *_DIFF, start, head, "--")
        ]
        if base.worktree:
            found += self._uncommitted(results)
        begun = ", ".join(start[:12] for start in starts)
        also = ", what is not committed included" if base.worktree else ""
        return Changes(together(found), f"since {base.said} ({begun}){also}", starts)

    def _uncommitted(self, results: Path | None) -> Iterator[Change]:
        own = results.resolve() if results is not None and self._is_ours(results) else None
        for change in self._parsed(parse_status, *_STATUS):
            if change.status != UNTOLD:
                yield change
            elif own is None or not (self.top / change.path).is_relative_to(own):
                yield Change(change.path, "A")

    def _is_ours(self, results: Path) -> bool:
        """Whether a folder has nothing but results: it is below the top, and git tracks no file."""
        top, folder = self.top.resolve(), results.resolve()
        if top not in folder.parents:
            return False
        path = folder.relative_to(top).as_posix()
        return not self._output("ls-files", "-z", "--cached", "--", f":(top,literal){path}")

    def _parsed(self, parse: _Parser, *arguments: str) -> list[Change]:
        output = self._output(*arguments)
        try:
            changes, submodules = parse(output)
        except ValueError as error:
            raise _UnknownError(f"git's answer cannot be read: {error}", _LIST_THEM) from None
        if submodules:
            raise _UnknownError(
                f"the submodule {shown(submodules[0])} has changed, and what in it is not known "
                "here",
                _LIST_THEM,
            )
        return changes

    def touched(self, path: str, bases: Iterable[str]) -> str:
        """Return what the change of a compose file touches, compared with any of the bases."""
        new = _content(self.top / path)
        return next(filter(None, (touched(self._blob(base, path), new) for base in bases)), "")

    def _blob(self, commit: str, path: str) -> bytes | None:
        done = self._run("cat-file", "blob", f"{commit}:{path}")
        return None if done.returncode else done.stdout

    # -- git --------------------------------------------------------------------------------------

    def _output(self, *arguments: str) -> bytes:
        return self._checked(self._run(*arguments))

    def _checked(self, done: subprocess.CompletedProcess[bytes]) -> bytes:
        if done.returncode:
            command, why = _command(done), said(done.stderr)
            reason = f"git {command} failed ({done.returncode}){': ' if why else ''}{why}"
            raise _UnknownError(reason, _LIST_THEM)
        return done.stdout

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        try:
            return ask(self.top, self.environ, *arguments)
        except GitError as error:
            raise _UnknownError(str(error), _LIST_THEM) from None


def _command(done: subprocess.CompletedProcess[bytes]) -> str:
    """The subcommand: the first word that is no setting."""
    words: list[str] = done.args[1:]
    while words[0] == "-c":
        words = words[2:]
    return words[0]


def _folder(output: bytes) -> Path:
    return Path(output.removesuffix(b"\n").decode("utf-8", "surrogateescape"))


def _content(path: Path) -> bytes | None:
    """Return what is in a file of moderate size, None if there is none."""
    try:
        if path.is_symlink() or not path.is_file():
            return None
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError:
        return None
