"""What GitHub shows beside the lines, or beside the run: workflow commands.

Source: GitHub documentation, "Workflow commands for GitHub Actions"; the escapes are those of
``@actions/core``.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pytest_codex.exchange.excerpt import harmless
from pytest_codex.invariants.findings import Finding
from pytest_codex.report.outcomes import RED, Outcome
from pytest_codex.report.places import within

_T = TypeVar("_T")

#: How many of a kind GitHub shows of one step.
_MOST = 10
#: How much of a message is shown, in lines and in characters of each.
_LINES, _WIDTH = 12, 600


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotation. ``file`` and ``line`` only where the file is in the repository."""

    title: str
    message: str
    file: str = ""
    line: int = 0
    kind: str = "error"


def on_github() -> bool:
    """Whether this is a run of GitHub Actions; anywhere else, annotations are noise."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def command(annotation: Annotation) -> str:
    """Return the workflow command of an annotation: one line, whatever is in it."""
    properties = {
        "file": annotation.file,
        "line": str(annotation.line or ""),
        "title": annotation.title,
    }
    named = ",".join(f"{name}={_property(text)}" for name, text in properties.items() if text)
    return f"::{annotation.kind} {named}::{_data(annotation.message)}"


def workflow_commands(findings: Iterable[Finding], workspace: Path | None = None) -> Iterator[str]:
    """Yield a workflow command for each finding: errors, then notices for advice.

    Of more than GitHub would show, the last one counts those that are left out.

    :param workspace: the repository's root; by default ``GITHUB_WORKSPACE``, else this folder.
    """
    root = workspace or _workspace()
    every = list(findings)
    for kind, advice in (("error", False), ("notice", True)):
        of_kind = [finding for finding in every if finding.advice is advice]

        def shown(finding: Finding, kind: str = kind) -> Annotation:
            file = within(finding.at.file, root) or str(finding.at.file)
            return Annotation(finding.rule, _message(finding), file, finding.at.line, kind)

        def counted(left_out: Sequence[Finding], kind: str = kind) -> Annotation:
            return Annotation(f"{len(left_out)} more findings", _counted(left_out), kind=kind)

        yield from limited(of_kind, shown, counted)


def check_commands(
    outcomes: Iterable[Outcome], root: Path, workspace: Path | None = None
) -> Iterator[str]:
    """Yield a workflow command for each cause for which live checks failed, or could not begin.

    A broken level fails one check; those that are skipped because of it are counted in its
    annotation. Checks of one target that say the same have one annotation, and so has a check that
    several exchanges break.

    :param root: what the files of the outcomes are relative to.
    :param workspace: as above; what is outside it has no file, as installed suites are.
    """
    inside = workspace or _workspace()
    every = list(outcomes)
    causes: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in every:
        if outcome.kind in RED:
            causes.setdefault((outcome.group, outcome.message), []).append(outcome)

    def shown(alike: Sequence[Outcome]) -> Annotation:
        first = alike[0]
        file = within(root / first.file, inside)
        lines = [_explained(first), *_others(alike, every)]
        title = f"{first.group}: {first.name}" + (f" ({first.phase})" if first.phase else "")
        return Annotation(title, "\n".join(lines), file or "", first.line if file else 0)

    def counted(left_out: Sequence[Sequence[Outcome]]) -> Annotation:
        names = ", ".join(f"{alike[0].group}: {alike[0].name}" for alike in left_out[:_MOST])
        more = f"{len(left_out)} more, as {names}; all of them are in summary.md"
        return Annotation(f"{len(left_out)} more causes", more)

    together: dict[tuple[str, ...], list[Outcome]] = {}
    for alike in causes.values():
        together.setdefault(_rule_of(alike[0]), []).extend(alike)
    yield from limited(list(together.values()), shown, counted)


def _rule_of(outcome: Outcome) -> tuple[str, ...]:
    """Return what a check asks for, whichever exchange it asks, and whatever that is instead."""
    expected, observed, _ = outcome.message.partition("; observed ")
    check = outcome.nodeid.partition("[")[0] if observed else ""
    return outcome.group, check, expected


def limited(
    every: Sequence[_T],
    shown: Callable[[_T], Annotation],
    counted: Callable[[Sequence[_T]], Annotation],
) -> Iterator[str]:
    """Yield as many as GitHub shows; of more, the last one counts those that are left out."""
    first = every if len(every) <= _MOST else every[: _MOST - 1]
    for item in first:
        yield command(shown(item))
    if left_out := every[len(first) :]:
        yield command(counted(left_out))


def _workspace() -> Path:
    return Path(os.environ.get("GITHUB_WORKSPACE") or ".")


# -- findings -------------------------------------------------------------------------------------


def _message(finding: Finding) -> str:
    lines = (
        ("", finding.found),
        ("expected: ", finding.expected),
        ("because: ", finding.why),
        ("request: ", finding.request),
        ("see: ", str(finding.other or "")),
        ("next: ", finding.mend),
    )
    return "\n".join(name + text for name, text in lines if text)


def _counted(findings: Sequence[Finding]) -> str:
    numbers = Counter(finding.rule for finding in findings)
    rules = ", ".join(f"{rule} {number}" for rule, number in numbers.items())
    return f"{len(findings)} more: {rules}; all of them are in invariants.txt"


# -- live checks ----------------------------------------------------------------------------------


def _explained(outcome: Outcome) -> str:
    """Return what a check says: of a traceback, the lines of the error."""
    lines = outcome.detail.splitlines()
    of_error = [line[1:].strip() for line in lines if line.startswith("E ")]
    text = [line for line in of_error or lines if line.strip()] or [outcome.message]
    cut = [line if len(line) <= _WIDTH else f"{line[:_WIDTH]}…" for line in text[:_LINES]]
    return "\n".join(cut)


def _others(alike: Sequence[Outcome], every: Iterable[Outcome]) -> Iterator[str]:
    if len(alike) > 1:
        yield f"{len(alike) - 1} more for the same: " + ", ".join(o.name for o in alike[1:_MOST])
    causes = tuple(f"because of {outcome.nodeid}: " for outcome in alike)
    waiting = sum(outcome.message.startswith(causes) for outcome in every)
    if waiting:
        yield f"{waiting} not verified because of it"


# -- escapes --------------------------------------------------------------------------------------


def _data(text: str) -> str:
    # A carriage return is harmless once it is escaped.
    text = "\r".join(map(harmless, text.split("\r")))
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
