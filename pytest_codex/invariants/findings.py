"""What is said of a broken invariant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pytest_codex.compose.places import Place
from pytest_codex.invariants.rules import RULES, Rule


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken invariant.

    :param rule: its name.
    :param at: the line at fault.
    :param found: what is there, as a clause.
    :param expected: what should be there, as a noun phrase or a clause.
    :param mend: what to do, as an imperative.
    :param consequence: what happens because of it; the rule's own reason by default.
    :param request: a curl line that shows it.
    :param other: the other line concerned, where there are two.
    :param advice: whether it is advice, which does not fail a run.
    """

    rule: str
    at: Place
    found: str
    expected: str
    mend: str
    consequence: str = ""
    request: str = ""
    other: Place | None = None
    advice: bool = False

    @property
    def why(self) -> str:
        """What happens because of it."""
        return self.consequence or RULES[self.rule].why

    def __str__(self) -> str:
        lines = (
            ("expected", self.expected),
            ("because", self.why),
            ("request", self.request),
            ("see", str(self.other) if self.other else ""),
            ("next", self.mend),
        )
        first = f"{self.at}: {self.found}"
        return "\n".join([first, *(f"  {name:<9} {text}" for name, text in lines if text)])


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of one rule.

    :param unjudged: why it could not be judged; empty if it was.
    """

    rule: Rule
    findings: tuple[Finding, ...] = ()
    unjudged: str = ""

    @property
    def broken(self) -> tuple[Finding, ...]:
        """The findings that fail a run."""
        return tuple(finding for finding in self.findings if not finding.advice)

    @property
    def advice(self) -> tuple[Finding, ...]:
        """Those that do not."""
        return tuple(finding for finding in self.findings if finding.advice)


class Findings(tuple[Finding, ...]):
    """Several, which show themselves one below the other."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(map(str, self))

    def __repr__(self) -> str:
        return f"<{len(self)} findings>"


class UnjudgedError(Exception):
    """A rule cannot be judged, since what it is about is not there: the message says what."""


def judged(name: str, findings: Iterable[Finding]) -> Judgement:
    """Run a rule: its findings in the order of the lines, each once."""
    found: dict[Finding, None] = {}
    try:
        for finding in findings:
            found[finding] = None
    except UnjudgedError as error:
        if not found:
            return Judgement(RULES[name], (), str(error))
    return Judgement(RULES[name], tuple(sorted(found, key=lambda finding: finding.at)))
