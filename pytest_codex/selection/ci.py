"""Where changes begin, by what GitHub or GitLab say of the run: values, without asking git."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pytest_codex.selection.changes import Everything, shown

_OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_NAME_IT = "to compare with something, name it: --changed-since=REF"


@dataclass(frozen=True, slots=True)
class Head:
    """What a CI run is about.

    :param commits: any of which HEAD may be, or contain.
    :param said: what that is, in words.
    :param mend: what to do if HEAD is none of them.
    """

    commits: tuple[str, ...]
    said: str
    mend: str


@dataclass(frozen=True, slots=True)
class Base:
    """What to compare HEAD with.

    :param ref: a commit, in any of git's notations.
    :param said: what that is, in words.
    :param mend: what to do if git does not know it.
    :param forked: whether to begin where HEAD's history and this commit's parted. Otherwise the
        two are compared as they are.
    :param merged: the commit that HEAD may be the merge of; HEAD's first parent is then exact.
    :param worktree: whether what is not committed counts as well.
    :param head: what HEAD has to be; None: that is not said.
    """

    ref: str
    said: str
    mend: str
    forked: bool = False
    merged: str = ""
    worktree: bool = False
    head: Head | None = None


def base_in_ci(environ: Mapping[str, str], event: object = None) -> Base | Everything | None:
    """Return what the changes of a CI run begin with, None outside CI.

    :param event: what ``GITHUB_EVENT_PATH`` holds.
    """
    if environ.get("GITHUB_EVENT_NAME"):
        return _github(environ, event)
    if environ.get("GITLAB_CI"):
        return _gitlab(environ)
    if environ.get("CI", "").lower() not in ("", "0", "false"):
        return Everything("this CI is neither GitHub's nor GitLab's", _NAME_IT)
    return None


# -- GitHub: "Events that trigger workflows", "Webhook events and payloads" -----------------------

_CHECK_OUT = f"check out what the run is about: actions/checkout without ref; or, {_NAME_IT}"
_HEADS = {
    "pull_request": ("the head of the pull request", ("pull_request", "head", "sha")),
    "push": ("what was pushed", ("after",)),
    "merge_group": ("the head of the merge group", ("merge_group", "head_sha")),
}
_DEPTH = "check out with more history: actions/checkout with fetch-depth: 0"


def _github(environ: Mapping[str, str], event: object) -> Base | Everything:
    name = environ["GITHUB_EVENT_NAME"]
    if name == "pull_request_target":
        return Everything(
            "a pull_request_target run has the base checked out and not the change",
            "run it on: pull_request",
        )
    ways = {"pull_request": _pull_request, "push": _push, "merge_group": _merge_group}
    if name not in ways:
        return Everything(f"a {shown(name)} run is not about a change", _NAME_IT)
    base = ways[name](event)
    if base is None:
        return Everything(
            f"GITHUB_EVENT_PATH does not say what the {name} is compared with",
            "keep GITHUB_EVENT_NAME and GITHUB_EVENT_PATH as GitHub sets them",
        )
    said, keys = _HEADS[name]
    # Of a pull request, GITHUB_SHA is the merge commit that GitHub has made.
    head = (_object(event, *keys), _object(environ, "GITHUB_SHA"))
    return base if isinstance(base, Everything) else _about(base, head, said, _CHECK_OUT)


def _pull_request(event: object) -> Base | None:
    base = _object(event, "pull_request", "base", "sha")
    if base is None:
        return None
    mend = f"{_DEPTH} (2 is enough for the merge commit of a pull request)"
    merged = _object(event, "pull_request", "head", "sha") or ""
    return Base(base, "the base of the pull request", mend, forked=True, merged=merged)


def _push(event: object) -> Base | Everything | None:
    ref = _text(event, "ref")
    before = _object(event, "before")
    if ref.startswith("refs/tags/"):
        return Everything("a tag was pushed", _NAME_IT)
    if _at(event, "deleted") is True:
        return Everything("a branch was deleted", _NAME_IT)
    if before and not _is_zero(before):
        # What a forced push leaves behind is in no branch, however much history is fetched.
        mend = _NAME_IT if _at(event, "forced") is True else _DEPTH
        return Base(before, "what was there before the push", mend)
    default = _text(event, "repository", "default_branch")
    if before is None or not default:
        return None
    return _new_branch(ref.removeprefix("refs/heads/"), default, _DEPTH)


def _merge_group(event: object) -> Base | None:
    base = _object(event, "merge_group", "base_sha")
    return Base(base, "the base of the merge group", _DEPTH) if base else None


# -- GitLab: "Predefined CI/CD variables" ---------------------------------------------------------


def _gitlab(environ: Mapping[str, str]) -> Base | Everything:
    base = _gitlab_base(environ)
    if isinstance(base, Everything):
        return base
    # In a pipeline for merged results that is the merge commit that GitLab has made.
    head = (_object(environ, "CI_COMMIT_SHA"),)
    return _about(base, head, "the pipeline's commit", f"check out CI_COMMIT_SHA; or, {_NAME_IT}")


def _gitlab_base(environ: Mapping[str, str]) -> Base | Everything:
    mend = "fetch more history: GIT_DEPTH: 0 under variables"
    if environ.get("CI_COMMIT_TAG"):
        return Everything("a tag was pushed", _NAME_IT)
    merge_request = environ.get("CI_MERGE_REQUEST_DIFF_BASE_SHA", "")
    if _OBJECT.fullmatch(merge_request):
        # Set where the pipeline is for merged results, or in a merge train.
        merged = _object(environ, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or ""
        return Base(merge_request, "the base of the merge request", mend, merged=merged)
    source = environ.get("CI_PIPELINE_SOURCE", "")
    if source != "push":
        return Everything(f"a {shown(source) or 'GitLab'} pipeline is not about a change", _NAME_IT)
    before = environ.get("CI_COMMIT_BEFORE_SHA", "")
    default = environ.get("CI_DEFAULT_BRANCH", "")
    if not _OBJECT.fullmatch(before) or (_is_zero(before) and not default):
        return Everything(
            "neither CI_COMMIT_BEFORE_SHA nor CI_DEFAULT_BRANCH says what to compare with",
            "keep the variables as GitLab sets them",
        )
    if _is_zero(before):
        return _new_branch(environ.get("CI_COMMIT_BRANCH", ""), default, mend)
    return Base(before, "what was there before the push", mend)


# -- both -----------------------------------------------------------------------------------------


def _about(base: Base, commits: Iterable[str | None], said: str, mend: str) -> Base:
    known = tuple(commit for commit in commits if commit)
    return replace(base, head=Head(known, said, mend)) if known else base


def _new_branch(branch: str, default: str, mend: str) -> Base | Everything:
    if branch == default:
        return Everything(f"{shown(branch)} is new, and nothing was there before", _NAME_IT)
    return Base(
        f"refs/remotes/origin/{default}",
        f"{shown(default)}, from which the new branch {shown(branch)} comes",
        mend,
        forked=True,
    )


def _is_zero(commit: str) -> bool:
    return not commit.strip("0")


def _at(event: object, *keys: str) -> object:
    for key in keys:
        event = event.get(key) if isinstance(event, Mapping) else None
    return event


def _text(event: object, *keys: str) -> str:
    value = _at(event, *keys)
    return value if isinstance(value, str) else ""


def _object(event: object, *keys: str) -> str | None:
    value = _text(event, *keys)
    return value if _OBJECT.fullmatch(value) else None
