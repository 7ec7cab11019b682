"""All texts, divided into classes that a set of tests cannot tell apart.

A rule sees a text through tests only: *is it this*, *does it begin with that*, *does this regular
expression match*. Two texts that give every test the same answer are the same to every rule, so one
text for each combination of answers stands for all texts there are. Such combinations are found by
walking through the tests side by side, character by character, as through one automaton:

* for *is it this* and *begins with*, the place in the trie of the literals, and the longest prefix
  that is complete, decide all answers;
* for regular expressions, the set of threads does (:class:`regexes.State`), and after the last
  character, whether it is one that matches;
* what characters may follow is decided by a guard: the grammar of the texts that can occur.

Each combination of these is a state, there are finitely many, and a breadth-first walk visits every
one of them by its shortest text. Characters between which no test and no guard distinguishes are
walked once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from pytest_codex.traefik.matching import Contains, Exactly, StartsWith, Test
from pytest_codex.traefik.regexes import Regex, State, alphabet
from pytest_codex.traefik.requests import RESERVED_ESCAPES

#: States after which a walk ends; then the classes found are not all there are.
LIMIT = 20_000


class Guard(Protocol):
    """The grammar of the texts that can occur, one character at a time."""

    @property
    def start(self) -> Hashable:
        """The state before the first character."""

    def step(self, state: Hashable, character: str) -> Hashable | None:
        """The state after a character, or None if it cannot stand there."""

    def ends(self, state: Hashable) -> bool:
        """Whether a text can end in a state."""

    @property
    def characters(self) -> str:
        """Characters that it tells apart from others."""


@dataclass(frozen=True, slots=True)
class Classes:
    """One text for each class.

    :param complete: whether there is no other class.
    """

    texts: tuple[str, ...]
    complete: bool = True


def classes(tests: Iterable[Test], guard: Guard, limit: int = LIMIT) -> Classes:
    """One text for each class that tests divide texts into, the shortest first."""
    walk = _Walk(tests, guard)
    found: dict[Hashable, str] = {}
    seen: set[Hashable] = {walk.start}
    pending = deque([("", walk.start)])
    while pending:
        if len(seen) > limit:
            return Classes(tuple(found.values()), complete=False)
        text, state = pending.popleft()
        if guard.ends(state.guard):
            found.setdefault(walk.answers(text, state), text)
        for character in walk.characters(state):
            following = walk.step(state, character)
            if following is not None and following not in seen:
                seen.add(following)
                pending.append((text + character, following))
    return Classes(tuple(found.values()))


@dataclass(frozen=True, slots=True)
class _Place:
    """A state of the walk.

    :param literal: the text so far while it begins a literal, else None.
    :param prefix: the longest complete prefix.
    :param regexes: None for one that has matched already.
    """

    literal: str | None
    prefix: str
    regexes: tuple[State | None, ...]
    guard: Hashable


class _Walk:
    """The tests side by side."""

    def __init__(self, tests: Iterable[Test], guard: Guard) -> None:
        tests = list(tests)
        self._guard = guard
        self._exact = {text for test in tests if isinstance(test, Exactly) for text in test.texts}
        self._prefixes = {test.prefix for test in tests if isinstance(test, StartsWith)}
        regexes: dict[str, Regex] = {
            test.pattern: test.regex for test in tests if isinstance(test, Contains)
        }
        self._regexes = tuple(regexes.values())
        self._trie = _trie(self._exact | self._prefixes)
        common = set(guard.characters) | set(alphabet(self._regexes) if regexes else ())
        self._common = sorted(common, key=_readable)

    @property
    def start(self) -> _Place:
        regexes = tuple(regex.start for regex in self._regexes)
        return _Place("", "", regexes, self._guard.start)

    def characters(self, place: _Place) -> Iterator[str]:
        """One character for each set of characters that leads to the same place."""
        children = self._trie.get(place.literal, ()) if place.literal is not None else ()
        seen = {*children, *self._common}
        yield from children
        yield from (each for each in self._common if each not in children)
        other = next(each for each in _others() if each not in seen)
        yield other

    def step(self, place: _Place, character: str) -> _Place | None:
        guard = self._guard.step(place.guard, character)
        if guard is None:
            return None
        literal, prefix = None, place.prefix
        if place.literal is not None and character in self._trie.get(place.literal, ()):
            literal = place.literal + character
            prefix = literal if literal in self._prefixes else prefix
        regexes = tuple(
            None if state is None else regex.step(state, character)
            for regex, state in zip(self._regexes, place.regexes, strict=True)
        )
        return _Place(literal, prefix, regexes, guard)

    def answers(self, text: str, place: _Place) -> Hashable:
        """What decides the answers of all tests to a text that ends here."""
        matched = tuple(
            regex.accepts(state) for regex, state in zip(self._regexes, place.regexes, strict=True)
        )
        return (text if text in self._exact else None, place.prefix, matched)


def _trie(literals: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """The characters that may follow each beginning of a literal."""
    found: dict[str, dict[str, None]] = {}
    for literal in sorted(literals):
        for position, character in enumerate(literal):
            found.setdefault(literal[:position], {})[character] = None
    return {beginning: tuple(following) for beginning, following in found.items()}


def _readable(character: str) -> tuple[bool, bool, str]:
    return (not character.isascii(), not character.isalnum(), character)


def _others() -> Iterator[str]:
    """Characters to stand for all that are not named, the plainest first."""
    yield from "xyzuvwabcdefghijklmnopqrst0123456789-_~"
    yield from map(chr, range(0x4E00, 0x9FFF))


# -- guards ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PathGuard:
    """Routing paths: what :func:`requests.routing_path` can return.

    They begin with a slash; a percent sign begins the escape of a reserved character; there is no
    question mark and no number sign; and, where paths are sanitized, no ``//`` and no segment that
    is ``.`` or ``..``.
    """

    sanitized: bool = True

    @property
    def start(self) -> Hashable:
        """Before the slash."""
        return ("start", "")

    @property
    def characters(self) -> str:
        """Slash, dot and percent sign."""
        return "/.%"

    def step(self, state: Hashable, character: str) -> Hashable | None:
        """The state is the segment's beginning, as far as it matters, and an open escape."""
        assert isinstance(state, tuple)
        segment, escape = state
        if escape:
            escape += character
            if len(escape) < 3:
                open_ = any(each.startswith(escape) for each in RESERVED_ESCAPES)
                return ("other", escape) if open_ else None
            return ("other", "") if escape in RESERVED_ESCAPES else None
        if character == "/":
            dead = self.sanitized and segment in ("", ".", "..")
            return None if dead else ("", "")
        if segment == "start" or character in "?#":
            return None
        if character == "%":
            return ("other", "%")
        if character == "." and segment in ("", "."):
            return (segment + ".", "")
        return ("other", "")

    def ends(self, state: Hashable) -> bool:
        """Not before the slash, not within an escape, and not after a dot segment."""
        assert isinstance(state, tuple)
        segment, escape = state
        dots = self.sanitized and segment in (".", "..")
        return not (segment == "start" or escape or dots)


@dataclass(frozen=True, slots=True)
class HostGuard:
    """Hosts in canonical form, of those characters that Go lets pass in a ``Host`` header.

    Addresses of IP version 6 are left out.
    """

    start: Hashable = ""
    characters: str = ".-_!$%&'()*+,;=~"

    def step(self, state: Hashable, character: str) -> Hashable | None:
        """There is one state."""
        allowed = character.isascii() and (character.islower() or character.isdigit())
        return state if allowed or character in self.characters else None

    def ends(self, _: Hashable) -> bool:
        """Anywhere; a request may even have no host."""
        return True


@dataclass(frozen=True, slots=True)
class ValueGuard:
    """The values of headers and query parameters: text without control characters at the edge.

    :param header: whether spaces at the beginning and the end are cut off.
    """

    header: bool
    start: Hashable = "edge"
    characters: str = " "

    def step(self, state: Hashable, character: str) -> Hashable | None:
        """The state is whether the last character was a space."""
        if not self.header:
            return state
        if character in " \t":
            return None if state == "edge" else "space"
        return None if ord(character) < 32 or character == "\x7f" else "text"

    def ends(self, state: Hashable) -> bool:
        """Not after a space."""
        return state != "space"
