"""Expressions of markers, as ``-m`` has them: which tests they hold for, before any is collected.

A test belongs to one suite at most, and may have markers of its own besides.

Source: pytest documentation, "Working with custom markers".
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, combinations

from pytest_codex.policy import SUITES

#: The suites that read files only: they are not run on a target.
OFFLINE = frozenset({"invariants"})
#: Of how many markers that are no suites all combinations are tried.
_TRIED = 10


@dataclass(frozen=True, slots=True)
class Expression:
    """Markers with ``and``, ``or`` and ``not``.

    :param names: all the markers in it.
    :param asked: those that it asks for, and does not only take out.
    """

    text: str
    names: frozenset[str]
    asked: frozenset[str]
    _tree: ast.expr = field(repr=False, compare=False)

    def __str__(self) -> str:
        return self.text

    def holds(self, markers: Collection[str]) -> bool:
        """Whether it holds for a test with these markers."""
        return _holds(self._tree, markers)

    @property
    def suites(self) -> tuple[str, ...]:
        """The suites whose tests it may be about: those it asks for, or all if it asks for none."""
        named = tuple(suite for suite in SUITES if suite in self.asked)
        return named if self.asked else SUITES

    @property
    def whole(self) -> tuple[str, ...] | None:
        """The suites that it selects, if it selects nothing but whole suites; else None."""
        if not self.names <= {*SUITES}:
            return None
        return tuple(suite for suite in SUITES if self.holds({suite}))

    @property
    def is_offline(self) -> bool:
        """Whether all tests that it holds for read files only."""
        return (
            {*self.suites} == OFFLINE
            and not self._is_large(self)
            and all(OFFLINE & markers for markers in self._models(self))
        )

    @property
    def is_live(self) -> bool:
        """Whether it may hold for tests of a suite that is run on a target."""
        return not OFFLINE.issuperset(self.suites)

    def allows(self, suites: Collection[str]) -> bool:
        """Whether it can hold for a test that is of no other suites than these."""
        others = {*SUITES} - {*suites}
        return self._is_large(self) or any(
            others.isdisjoint(markers) for markers in self._models(self)
        )

    def meets(self, other: Expression) -> bool:
        """Whether a test that it is about can be one that another expression holds for, too."""
        return self._is_large(other) or any(other.holds(markers) for markers in self._models(other))

    def implies(self, other: Expression) -> bool:
        """Whether another expression holds for all tests that this one is about."""
        return not self._is_large(other) and all(
            other.holds(markers) for markers in self._models(other)
        )

    def _is_large(self, other: Expression) -> bool:
        """Whether it would take too long to try everything; then all is taken to be possible."""
        return len((self.names | other.names).difference(SUITES)) > _TRIED

    def _models(self, other: Expression) -> Iterator[frozenset[str]]:
        """Yield the markers that tests it holds for may have, among its own and another's."""
        free = sorted((self.names | other.names).difference(SUITES))
        for suite in ("", *self.suites):
            for markers in _subsets(free):
                found = frozenset((suite, *markers) if suite else markers)
                if self.holds(found):
                    yield found


def parse(text: str) -> Expression:
    """Read an expression.

    :raises ValueError: for what is none, or can hold for no test.
    """
    expression = _parsed(" ".join(text.split()))
    if not expression.allows(SUITES):
        raise ValueError("can hold for no test")
    return expression


def joined(expressions: Iterable[str], markers: str = "") -> str:
    """Return one expression for what any of some expressions and ``-m`` hold for.

    :param markers: what ``-m`` says; it need not be one that :func:`parse` reads.
    """
    any_of = " or ".join(expressions)
    limit = expression_of(markers)
    if limit is None:
        return f"({markers.strip()}) and ({any_of})" if markers.strip() else any_of
    found = _parsed(any_of)
    if found.implies(limit):
        return any_of
    return limit.text if limit.implies(found) else f"({limit}) and ({any_of})"


def expression_of(markers: str) -> Expression | None:
    """Return what ``-m`` says, None if it says nothing, or what only pytest understands."""
    try:
        return _parsed(" ".join(markers.split()))
    except ValueError:
        return None


@cache
def _parsed(text: str) -> Expression:
    try:
        tree = ast.parse(text, mode="eval").body
        names, asked = {*_names(tree)}, {*_asked(tree)}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError("is not made of markers with and, or, not") from None
    return Expression(text, frozenset(names), frozenset(asked), tree)


def _names(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.BoolOp(values=values):
            yield from chain.from_iterable(map(_names, values))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from _names(operand)
        case ast.Name(id=name):
            yield name
        case _:
            raise ValueError(ast.dump(node))


def _asked(node: ast.expr, *, negated: bool = False) -> Iterator[str]:
    match node:
        case ast.BoolOp(values=values):
            for value in values:
                yield from _asked(value, negated=negated)
        case ast.UnaryOp(operand=operand):
            yield from _asked(operand, negated=not negated)
        case ast.Name(id=name) if not negated:
            yield name


def _holds(node: ast.expr, markers: Collection[str]) -> bool:
    match node:
        case ast.BoolOp(op=operator, values=values):
            found = (_holds(value, markers) for value in values)
            return all(found) if isinstance(operator, ast.And) else any(found)
        case ast.UnaryOp(operand=operand):
            return not _holds(operand, markers)
        case ast.Name(id=name):
            return name in markers
        case _:
            raise AssertionError(ast.dump(node))


def _subsets(names: list[str]) -> Iterator[tuple[str, ...]]:
    return chain.from_iterable(combinations(names, size) for size in range(len(names) + 1))
