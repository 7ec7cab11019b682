"""The jobs that verify all targets: a matrix for GitHub Actions, or for any CI that reads JSON.

One job has all the suites of a target: they share its exchanges, so that `smoke` and `sse` together
cost five model calls, and apart seven. The invariants need no target and are one more job.

Source: GitHub documentation, "Running variations of jobs in a workflow" and "Usage limits".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from math import ceil

from pytest_codex.errors import ConfigurationError
from pytest_codex.policy import KNOWN_TARGETS, SUITES
from pytest_codex.scoping import scope_of_jobs
from pytest_codex.selection.calls import Call
from pytest_codex.selection.changes import Changes
from pytest_codex.selection.expressions import OFFLINE, check_limit, joined, parse
from pytest_codex.selection.rules import SelectionPolicy
from pytest_codex.selection.scope import Scope
from pytest_codex.selection.selecting import Choice, Selection, select
from pytest_codex.selection.views import left_out
from pytest_codex.settings import Settings

#: How many jobs GitHub makes of a matrix at most.
GITHUB_MOST = 256


@dataclass(frozen=True, slots=True)
class Job:
    """What one job verifies.

    :param suites: markers, or expressions of markers.
    :param targets: several where there are more targets than jobs; none for what needs no target.
    """

    suites: tuple[str, ...]
    targets: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What tells it from the others; fit for the name of an artifact."""
        if not self.targets:
            return re.sub(r"\W+", "-", "-".join(self.suites)).strip("-")
        return "..".join(dict.fromkeys((self.targets[0], self.targets[-1])))

    def _results(self) -> Iterator[str]:
        """Yield what is known to leave results; tests of one's own markers need not be live."""
        suites = [parse(suite) for suite in self.suites]
        if not all(suite.is_own for suite in suites):
            yield from self.targets or OFFLINE

    def as_json(self, markers: str = "") -> dict[str, str]:
        """Return it as an entry of a matrix: text only.

        ``target`` is empty unless there is exactly one; a job's environment may be called so.
        ``results`` are the names of what there will be results of.

        :param markers: what ``-m`` says besides.
        """
        return {
            "name": self.name,
            "target": self.targets[0] if len(self.targets) == 1 else "",
            "targets": " ".join(self.targets),
            "suites": ", ".join(self.suites),
            "markers": joined(self.suites, markers),
            "results": " ".join(self._results()),
        }


@dataclass(frozen=True, slots=True)
class Matrix:
    """The jobs for what was selected, and what there is no job for.

    :param jobs: as JSON has them: the one without a target first, then in order of the targets.
    :param left_out: a line for each target on which something was selected that cannot be run.
    :param why_empty: why there is no job at all, or no live one though there should be; else empty.
    :param may_be_empty: whether that is all right: the changes ask for nothing, or for nothing that
        the targets of this run are for. Something that is not set is no such reason.
    """

    jobs: tuple[dict[str, str], ...]
    left_out: tuple[str, ...]
    why_empty: str
    may_be_empty: bool = False

    def as_json(self) -> dict[str, list[dict[str, str]]]:
        """Return it as GitHub has it.

        GitHub refuses one without entries, so that whoever uses it has to ask for that first.
        """
        return {"include": list(self.jobs)}


def matrix(
    settings: Settings,
    selection: Selection | None = None,
    *,
    most: int = GITHUB_MOST,
    markers: str = "",
    known: Collection[str] = SUITES,
) -> Matrix:
    """Return the matrix of what is to be verified.

    :param selection: what changed paths ask for; None: everything.
    :param most: how many jobs there may be.
    :param markers: an expression, as ``-m`` has it; empty: all suites.
    :param known: the markers that tests may have.
    :raises ConfigurationError: for an unknown target or marker, or if `most` is too few.
    """
    by_changes = selection is not None and selection.everything is None
    selection = selection or select(SelectionPolicy((), always=SUITES), Changes((), ""))
    check_limit(markers, known)
    call = Call(markers=markers)
    choices = [choice for choice in selection.suites if call.lets(choice.expression)]
    scope = scope_of_jobs(settings)
    jobs = _jobs(choices, scope, most)
    lacking = any(map(scope.lacks, choices)) and not any(job.targets for job in jobs)
    return Matrix(
        tuple(job.as_json(markers) for job in jobs),
        tuple(left_out(selection, call, scope)),
        _why_empty(selection, choices, scope, markers) if lacking or not jobs else "",
        by_changes and bool(choices) and not lacking,
    )


def _jobs(choices: list[Choice], scope: Scope, most: int) -> tuple[Job, ...]:
    alone: list[str] = []
    by_target: dict[str, list[str]] = {name: [] for name in scope.own}
    for choice in choices:
        for targets in scope.runs(choice):
            if not targets:
                alone.append(choice.suite)
            for target in targets:
                by_target.setdefault(target, []).append(choice.suite)
    order = list(by_target)
    by_suites: dict[tuple[str, ...], list[str]] = {}
    for target, suites in by_target.items():
        if suites:
            by_suites.setdefault(tuple(suites), []).append(target)
    first = [Job(tuple(alone))] if alone else []
    # The job of a deployment that is known has its environment, with secrets and approval.
    live = [
        Job(own, (name,))
        for own, names in by_suites.items()
        for name in names
        if name in KNOWN_TARGETS
    ]
    others = {
        own: rest
        for own, names in by_suites.items()
        if (rest := [name for name in names if name not in KNOWN_TARGETS])
    }
    needed = len(first) + len(live) + len(others)
    if needed > most:
        raise ConfigurationError(f"a matrix of at most {most} jobs: {needed} are needed")
    live += _shards(others, most - len(first) - len(live))
    return (*first, *sorted(live, key=lambda job: order.index(job.targets[0])))


def _shards(by_suites: dict[tuple[str, ...], list[str]], most: int) -> Iterator[Job]:
    """Yield as many jobs as there may be, with as few targets each as that allows."""
    size = 1
    while sum(ceil(len(names) / size) for names in by_suites.values()) > most:
        size += 1
    for suites, names in by_suites.items():
        for start in range(0, len(names), size):
            yield Job(suites, tuple(names[start : start + size]))


def _why_empty(selection: Selection, choices: list[Choice], scope: Scope, markers: str) -> str:
    """Say of each suite that was chosen what is in its way."""
    if selection.nothing:
        return f"nothing to verify: {selection.nothing}"
    if not choices:
        return f"nothing to verify: -m {markers!r} lets no suite in"
    by_reason: dict[str, list[str]] = {}
    idle = [choice for choice in choices if not scope.runs(choice)]
    for choice in idle:
        by_reason.setdefault(_against(choice, scope), []).append(choice.suite)
    what = "nothing to verify" if len(idle) == len(choices) else "no target can be verified"
    reasons = (f"{', '.join(suites)}: {reason}" for reason, suites in by_reason.items())
    return f"{what}: {'; '.join(reasons)}"


def _against(choice: Choice, scope: Scope) -> str:
    if not choice.selected:
        return "no changed path asks for it"
    if choice.expression.is_offline:
        return scope.no_files
    reasons = (f"{t} ({scope.against(choice, t)})" for t in scope.wanted(choice))
    return f"it cannot be run on {', '.join(reasons)}"
