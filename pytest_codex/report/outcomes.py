"""What became of each check, as the reports need it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

#: What can become of a check.
KINDS = ("passed", "failed", "error", "skipped")
#: What of it fails a run.
RED = frozenset({"failed", "error"})


class Ended(Protocol):
    """A check of which is known what became of it."""

    @property
    def kind(self) -> str:
        """One of :data:`KINDS`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A check's result. ``kind`` is one of :data:`KINDS`; ``seconds`` its own time.

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


def count(outcomes: Iterable[Ended], *kinds: str) -> int:
    """Return how many outcomes are of some kinds."""
    return sum(outcome.kind in kinds for outcome in outcomes)


def tally(outcomes: Collection[Ended]) -> str:
    """Return the counts in words, the kinds that do not occur left out."""
    words = [f"{number} {kind}" for kind in KINDS if (number := count(outcomes, kind))]
    return ", ".join(words) or "no check ran"
