"""Expressions of markers, as ``-m`` has them: which tests they hold for, before any is collected.

A test belongs to one suite at most, and may have markers of its own besides. To ``mark(key=value)``
a test may say anything: what a marker was called with is not known before.

Source: pytest documentation, "Working with custom markers".
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, combinations
from typing import TypeAlias

from pytest_codex.errors import ConfigurationError
from pytest_codex.policy import SUITES

#: The suites that read files only: they are not run on a target.
OFFLINE = frozenset({"invariants"})
#: Of how many markers that are no suites all combinations are tried.
_TRIED = 10
#: How alike two markers are of which one is the other, misspelt; of short ones a letter is more.
_NEAR = 0.8
#: A marker, or an operator with what it is applied to.
_Tree: TypeAlias = "str | tuple[str, tuple[_Tree, ...]]"


@dataclass(frozen=True, slots=True)
class Expression:
    """Markers with ``and``, ``or`` and ``not``.

    :param names: all the markers in it.
    :param asked: those that it asks for, and does not only take out.
    """

    text: str
    names: frozenset[str]
    asked: frozenset[str]
    _tree: _Tree = field(repr=False)

    def __str__(self) -> str:
        return self.text

    def holds(self, markers: Collection[str]) -> bool:
        """Whether it holds for a test with these markers."""
        return _holds(self._tree, markers)

    @property
    def whole(self) -> tuple[str, ...] | None:
        """The suites that it selects, if it selects nothing but whole suites; else None.

        What it only takes out leaves tests that are of no suite.
        """
        if self.holds(()) or not self.names <= {*SUITES}:
            return None
        return tuple(suite for suite in SUITES if self.holds({suite}))

    @property
    def is_offline(self) -> bool:
        """Whether all tests that it holds for read files only."""
        return self.implies(_parsed(" or ".join(OFFLINE)))

    @property
    def is_own(self) -> bool:
        """Whether it asks for markers that are no suites, and for no suite."""
        return bool(self.asked) and self.asked.isdisjoint(SUITES)

    def allows(self, suites: Collection[str]) -> bool:
        """Whether it can hold for a test that is of no other suites than these."""
        others = {*SUITES} - {*suites}
        return self._is_large(self) or any(
            others.isdisjoint(markers) for markers in _models(self, self.names)
        )

    def lets(self, suite: Expression) -> bool:
        """Whether ``-m``, which this is, is about a suite of a policy.

        A suite is taken for what it is called: that a test of it may have another marker besides,
        or one of one's own markers a suite's, is no reason where other suites are asked for.
        """
        if self.asked.isdisjoint(SUITES) and not (self.asked and suite.is_offline):
            return suite.meets(self)
        if suite.text in SUITES:
            named = suite.text in self.asked and suite.meets(self)
            return named or self.holds({suite.text})
        if suite.is_own:
            bare = [m for m in _models(suite, self.names) if m.isdisjoint(SUITES)]
            return suite._is_large(self) or any(map(self.holds, bare))
        return suite.meets(self)

    def meets(self, other: Expression) -> bool:
        """Whether there can be a test that both hold for."""
        return self._is_large(other) or any(map(other.holds, _models(self, other.names)))

    def implies(self, other: Expression) -> bool:
        """Whether another one holds for every test that this one holds for."""
        return not self._is_large(other) and all(map(other.holds, _models(self, other.names)))

    def _is_large(self, other: Expression) -> bool:
        """Whether trying everything would take too long; then all is taken to be possible."""
        return len((self.names | other.names).difference(SUITES)) > _TRIED


def parse(text: str) -> Expression:
    """Read an expression.

    :raises ValueError: for what is none, or can hold for no test.
    """
    expression = _parsed(" ".join(text.split()))
    if call := next((name for name in sorted(expression.names) if "(" in name), ""):
        raise ValueError(f"asks for more than a marker's name: {call}")
    if len(expression.names.difference(SUITES)) > _TRIED:
        raise ValueError(f"has more than {_TRIED} markers that are no suites")
    if not expression.allows(SUITES):
        raise ValueError("can hold for no test")
    return expression


def check_limit(markers: str, known: Collection[str]) -> None:
    """Refuse what ``-m`` cannot mean; nothing is fine.

    :param known: the markers that tests may have.
    :raises ConfigurationError: for what is no expression, and for misspelt markers.
    """
    if not markers.strip():
        return
    limit = expression_of(markers)
    if limit is None:
        raise ConfigurationError(
            f"-m {markers!r}: expected {', '.join(SUITES)} and other markers, with and, or, not"
        )
    if problem := misspelt(limit, known):
        raise ConfigurationError(f"-m {markers!r}: {problem}")


def misspelt(expression: Expression, known: Collection[str]) -> str:
    """Return what is said of a marker that is nearly a known one; empty if there is none.

    Others that are not known may be registered later: conftests are loaded when they are needed.
    Asking for what no test has takes nothing away, for what nobody asks for runs.
    """
    names = {name.partition("(")[0].rstrip() for name in expression.names}
    for name in sorted(names.difference(known)):
        but_one = (len(name) - 1) / len(name)
        cutoff = max(0.6, min(_NEAR, but_one))
        if near := difflib.get_close_matches(name, known, n=1, cutoff=cutoff):
            return (
                f"unknown marker {name!r} (did you mean {near[0]!r}?); if it is meant, register it "
                "under markers in pytest's configuration"
            )
    return ""


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


# -- which tests it holds for ---------------------------------------------------------------------


@cache
def _models(expression: Expression, more: frozenset[str]) -> tuple[frozenset[str], ...]:
    """Return the markers that tests it holds for may have, of its own and of some more."""
    free = sorted((expression.names | more).difference(SUITES))
    every = (
        frozenset((*suite, *markers))
        for suite in ((), *((suite,) for suite in SUITES))
        for markers in _subsets(free)
    )
    return tuple(filter(expression.holds, every))


def _subsets(names: list[str]) -> Iterator[tuple[str, ...]]:
    return chain.from_iterable(combinations(names, size) for size in range(len(names) + 1))


def _holds(tree: _Tree, markers: Collection[str]) -> bool:
    match tree:
        case ("or", parts):
            return any(_holds(part, markers) for part in parts)
        case ("and", parts):
            return all(_holds(part, markers) for part in parts)
        case ("not", (part,)):
            return not _holds(part, markers)
    return tree in markers


def _markers(tree: _Tree, *, negated: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield each marker, and whether it is asked for."""
    if isinstance(tree, str):
        yield tree, not negated
        return
    operator, parts = tree
    for part in parts:
        yield from _markers(part, negated=negated is not (operator == "not"))


# -- how it is read -------------------------------------------------------------------------------

_NAME = r"[\w:+\-.\[\]\\/]+"
_PAIR = rf"\s*{_NAME}\s*=\s*(?:'[^'\\]*'|\"[^\"\\]*\"|{_NAME})\s*"
_CALL = rf"(?!(?:and|or|not)\b){_NAME}\s*\({_PAIR}(?:,{_PAIR})*\)"
_TOKEN = re.compile(rf"\s*(?:([()])|({_CALL}|{_NAME}))")


@cache
def _parsed(text: str) -> Expression:
    tokens = _tokens(text)
    try:
        tree = _any_of(tokens)
        if tokens:
            raise IndexError
        named = list(_markers(tree))
    except (IndexError, RecursionError):
        raise ValueError("is not made of markers with and, or, not") from None
    names = frozenset(name for name, _ in named)
    return Expression(text, names, frozenset(name for name, asked in named if asked), tree)


def _tokens(text: str) -> list[str]:
    """Return the words and parentheses of an expression, the last first."""
    found: list[str] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError("is not made of markers with and, or, not")
        found.append(match[1] or match[2])
        at = match.end()
    return found[::-1]


def _any_of(tokens: list[str]) -> _Tree:
    return _chain("or", lambda: _chain("and", lambda: _one(tokens), tokens), tokens)


def _chain(operator: str, part: Callable[[], _Tree], tokens: list[str]) -> _Tree:
    parts = [part()]
    while tokens and tokens[-1] == operator:
        tokens.pop()
        parts.append(part())
    return parts[0] if len(parts) == 1 else (operator, tuple(parts))


def _one(tokens: list[str]) -> _Tree:
    word = tokens.pop()
    if word == "not":
        return ("not", (_one(tokens),))
    if word == "(":
        tree = _any_of(tokens)
        if tokens.pop() != ")":
            raise IndexError
        return tree
    if word in (")", "and", "or"):
        raise IndexError
    return word
