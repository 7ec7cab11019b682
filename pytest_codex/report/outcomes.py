"""What became of each check, as the reports need it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """A check's result. ``kind`` is passed, failed, error or skipped; ``seconds`` its own time.

    ``message`` is one line, ``detail`` all of it; both are scrubbed. ``phase`` is what an error
    is of, setup or teardown.
    """

    nodeid: str
    group: str
    kind: str
    seconds: float
    file: str
    line: int
    message: str = ""
    detail: str = ""
    phase: str = ""

    @property
    def name(self) -> str:
        """The check's name with its parameters."""
        return self.nodeid.rpartition("::")[2]

    @property
    def classname(self) -> str:
        """The module's dotted name, as pytest's own JUnit report has it."""
        return self.nodeid.partition("::")[0].removesuffix(".py").replace("/", ".")


@dataclass(frozen=True, slots=True)
class Advice:
    """A finding that did not fail the check that made it."""

    nodeid: str
    message: str


def count(outcomes: Iterable[Outcome], kind: str) -> int:
    """Return how many outcomes are of a kind."""
    return sum(outcome.kind == kind for outcome in outcomes)


def tally(outcomes: list[Outcome]) -> str:
    """Return the counts in words, the kinds that do not occur left out."""
    kinds = ("passed", "failed", "error", "skipped")
    words = [f"{number} {kind}" for kind in kinds if (number := count(outcomes, kind))]
    return ", ".join(words) or "no check ran"
