"""What rules mean: two are the same if no request tells them apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pytest_codex.traefik.configuration import Configuration, Origin, Router
from pytest_codex.traefik.matching import (
    Condition,
    Every,
    Exactly,
    Formula,
    Inverse,
    Some,
    Subject,
)
from pytest_codex.traefik.proof import representatives, sweep
from pytest_codex.traefik.requests import Request
from pytest_codex.traefik.static import EntryPoint, Static, Syntax

#: One entry point with TLS is enough to compare two rules.
_ARENA = Static(entry_points={"websecure": EntryPoint(":443", tls=True)})


@dataclass(frozen=True, slots=True, eq=False)
class Meaning:
    """What a rule matches; two are equal if no request tells them apart.

    :param text: the rule, its host neutral.
    :param works: whether Traefik accepts it.
    :param formula: returns what it means; only for one that works.
    """

    text: str
    syntax: Syntax
    works: bool
    formula: Callable[[], Formula]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Meaning):
            return NotImplemented
        if not (self.works and other.works):
            return self.works == other.works and self.text.split() == other.text.split()
        return (
            (self.text, self.syntax) == (other.text, other.syntax)
            or _canonical(self.formula()) == _canonical(other.formula())
            or not any(True for _ in self.told_apart(other))
        )

    __hash__ = None  # type: ignore[assignment]

    def told_apart(self, other: Meaning) -> Iterator[Request | None]:
        """Requests that one of the rules matches and the other does not; None: one may exist."""
        if not (self.works and other.works):
            return
        one, two = self.formula(), other.formula()
        either = Some((Every((one, Inverse(two))), Every((two, Inverse(one)))))
        router = Router("rule@docker", "rule", "websecure", True, "", either, 1, (),
                        "noop@internal", Origin(""))  # fmt: skip
        configuration = Configuration(_ARENA, (router,))
        for outcomes in sweep(configuration):
            for outcome in outcomes.found:
                if outcome.routers:
                    yield outcome.request
        if not representatives(configuration).complete:
            yield None


def _canonical(formula: Formula) -> object:
    """A formula in which neither the order nor the grouping of parts matters."""
    match formula:
        case Every(parts):
            return ("every", frozenset(_operands(parts, Every)))
        case Some(parts):
            return ("some", frozenset(_operands(parts, Some)))
        case Inverse(part):
            return ("not", _canonical(part))
        case _:
            return formula


def _operands(parts: tuple[Formula, ...], kind: type[Every | Some]) -> Iterator[object]:
    for part in parts:
        if isinstance(part, kind):
            yield from _operands(part.parts, kind)
        else:
            yield _canonical(part)


def required_paths(formula: Formula) -> frozenset[str] | None:
    """The paths one of which a request must have for a formula to be true, or None for any."""
    match formula:
        case Condition(Subject.PATH, _, Exactly(texts)):
            return texts
        case Every(parts):
            found = [paths for part in parts if (paths := required_paths(part)) is not None]
            return min(found, key=len, default=None)
        case Some(parts):
            each = [required_paths(part) for part in parts]
            known = [paths for paths in each if paths is not None]
            return frozenset[str]().union(*known) if len(known) == len(each) else None
        case _:
            return None
