"""From pytest's reports to outcomes: what became of each check, and the advice that it gave."""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from pytest_codex import EndpointAdvice
from pytest_codex.report.outcomes import RED, Advice, Outcome


class Collected:
    """The outcomes of the checks that a property of their reports marks, in groups.

    :param mark: the name of the property; its value is the group.
    :param group_of: the group of a check, by its node id, None if it is not one of them. It is
        asked for what failed without the property, as the controller of pytest-xdist reports a
        check that a worker died in.
    """

    def __init__(
        self, mark: str, group_of: Callable[[str], str | None] = lambda _nodeid: None
    ) -> None:
        self._mark = mark
        self._group_of = group_of
        self._outcomes: dict[str, dict[str, Outcome]] = defaultdict(dict)
        self._groups: dict[str, str] = {}
        self._seconds: dict[str, float] = defaultdict(float)
        self._advice: list[Advice] = []

    def add(self, report: pytest.TestReport) -> None:
        """Take note of a report, if it is of one of the checks."""
        group = dict(report.user_properties).get(self._mark) or self._groups.get(report.nodeid)
        if group is None and report.failed:
            group = self._group_of(report.nodeid)
        if not isinstance(group, str):
            return
        self._groups[report.nodeid] = group
        self._seconds[report.nodeid] += report.duration
        if report.when == "call" or not report.passed:
            outcome = _outcome(report, group, self._seconds[report.nodeid])
            known = self._outcomes[group].get(report.nodeid)
            if known and known.kind in RED and report.when == "teardown":
                outcome = _with_teardown(known, outcome)
            self._outcomes[group][report.nodeid] = outcome

    def add_warning(self, warning: Any, nodeid: str) -> None:
        """Take note of a warning, if it is advice."""
        if issubclass(warning.category, EndpointAdvice):
            self._advice.append(Advice(nodeid, str(warning.message)))

    @property
    def groups(self) -> tuple[str, ...]:
        """Those of which there is an outcome."""
        return tuple(self._outcomes)

    def outcomes(self, group: str) -> dict[str, Outcome]:
        """A group's outcomes by their node ids."""
        return self._outcomes.get(group, {})

    def advice(self, group: str) -> list[Advice]:
        """The advice of a group's checks."""
        return [item for item in self._advice if item.nodeid in self.outcomes(group)]


#: What a check saw, as report/explain.py says it: two spaces tell it from an assignment in code.
_OBSERVED = re.compile(r"^(?:E\s+)?\s*observed {2}(.+)$", re.MULTILINE)


def _outcome(report: pytest.TestReport, group: str, seconds: float) -> Outcome:
    # As pytest counts: where a worker died is no phase, and the check failed.
    kind = "error" if report.failed and report.when in ("setup", "teardown") else report.outcome
    file, line, _ = report.location
    # Not longreprtext, which begins with a line on xdist's worker.
    detail = str(report.longrepr or "")
    if isinstance(report.longrepr, tuple):
        detail = str(report.longrepr[2]).removeprefix("Skipped: ")
    message = next((text for text in detail.splitlines() if text.startswith("E ")), detail)
    message = message.removeprefix("E").strip().removeprefix("AssertionError: ")
    first = message.splitlines()[0] if message else ""
    observed = _OBSERVED.search(detail)
    if observed and report.failed:
        first += f"; observed {observed[1]}"
    return Outcome(
        nodeid=report.nodeid,
        group=group,
        kind=kind,
        seconds=seconds,
        file=file,
        line=(line or 0) + 1,
        message=first,
        detail=detail,
        phase=report.when or "" if kind == "error" else "",
    )


def _with_teardown(first: Outcome, teardown: Outcome) -> Outcome:
    """Return the outcome of a check that had failed before its teardown did: its own counts."""
    detail = f"{first.detail}\n\n-- and its teardown --\n\n{teardown.detail}"
    return dataclasses.replace(first, seconds=teardown.seconds, detail=detail)
