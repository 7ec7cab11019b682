"""Regular expressions as Go reads them (RE2): what is refused, what matches, and witnesses.

Python's ``re`` accepts what RE2 refuses (look-arounds, back-references, possessive quantifiers),
refuses some of what RE2 accepts, and can take exponential time on a hostile pattern. Here a pattern
becomes a program for a set of threads, which takes time proportional to pattern times text. The
states of such a set are visible (:meth:`Regex.step`), so that questions can be asked about *all*
texts and not only about one.

Whether a quantifier is greedy decides which text matches, never whether one does, and is ignored.

Source: https://github.com/google/re2/wiki/Syntax and the package documentation of Go's
``regexp/syntax``. Of the scripts that ``\\p{…}`` can name, the common ones are known here, by the
names of their letters; the others are refused, which Go would not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum

_LAST = 0x10FFFF
#: RE2 counts no further than this, nested counts multiplied.
_MOST_REPEATS = 1000
#: Our own limit on the size of a program, above any pattern that a person writes.
_LARGEST = 100_000
_DEEPEST = 200


class RegexError(ValueError):
    """A pattern that Go refuses.

    :ivar position: index in the pattern where it is wrong.
    """

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


# -- sets of characters ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """A set of characters.

    :param ranges: first and last code points.
    :param tests: for what has no short list of ranges (``\\p{L}``).
    :param negated: whether it is the complement of these.
    :param folded: whether upper and lower case are the same.
    """

    ranges: tuple[tuple[int, int], ...] = ()
    tests: tuple[Callable[[str], bool], ...] = ()
    negated: bool = False
    folded: bool = False

    def __contains__(self, character: str) -> bool:
        candidates = _orbit(character) if self.folded else (character,)
        return self.negated != any(self._has(each) for each in candidates)

    def _has(self, character: str) -> bool:
        code = ord(character)
        return any(low <= code <= high for low, high in self.ranges) or any(
            test(character) for test in self.tests
        )

    def boundaries(self) -> set[int]:
        """Code points at which membership may change."""
        found = {code for low, high in self.ranges for code in (low, high + 1)}
        if self.folded:
            found |= {ord(each) for code in found if code <= _LAST for each in _orbit(chr(code))}
            found |= {ord(each) + 1 for _, high in self.ranges for each in _orbit(chr(high))}
        return {code for code in found if code <= _LAST}


def _orbit(character: str) -> set[str]:
    """The characters that differ from one by case only."""
    found = {character}
    for _ in range(2):
        found |= {
            other for each in found for other in (each.lower(), each.upper()) if len(other) == 1
        }
    if found & {"k", "s"}:  # the Kelvin sign and the long s, which lower() leads to but not back
        found |= {"\u212a"} if "k" in found else {"\u017f"}
    return found


_DIGIT = ((48, 57),)
_SPACE = ((9, 10), (12, 13), (32, 32))
_WORD = ((48, 57), (65, 90), (95, 95), (97, 122))
_PERL = {"d": _DIGIT, "s": _SPACE, "w": _WORD}
_POSIX: dict[str, tuple[tuple[int, int], ...]] = {
    "alnum": ((48, 57), (65, 90), (97, 122)),
    "alpha": ((65, 90), (97, 122)),
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": _DIGIT,
    "graph": ((33, 126),),
    "lower": ((97, 122),),
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": ((65, 90),),
    "word": _WORD,
    "xdigit": ((48, 57), (65, 70), (97, 102)),
}
#: General categories, by their short and long names in lower case.
_CATEGORIES: dict[str, tuple[str, ...]] = {
    "any": ("",),
    "assigned": (*"LMNPSZ", "Cc", "Cf", "Co", "Cs"),
    "lc": ("Lu", "Ll", "Lt"),
    "casedletter": ("Lu", "Ll", "Lt"),
    **{
        name: (short,)
        for short, names in {
            "C": "c other", "Cc": "cc control cntrl", "Cf": "cf format", "Cn": "cn unassigned",
            "Co": "co privateuse", "Cs": "cs surrogate", "L": "l letter",
            "Ll": "ll lowercaseletter", "Lm": "lm modifierletter", "Lo": "lo otherletter",
            "Lt": "lt titlecaseletter", "Lu": "lu uppercaseletter", "M": "m mark combiningmark",
            "Mc": "mc spacingmark", "Me": "me enclosingmark", "Mn": "mn nonspacingmark",
            "N": "n number", "Nd": "nd decimalnumber digit", "Nl": "nl letternumber",
            "No": "no othernumber", "P": "p punctuation punct", "Pc": "pc connectorpunctuation",
            "Pd": "pd dashpunctuation", "Pe": "pe closepunctuation", "Pf": "pf finalpunctuation",
            "Pi": "pi initialpunctuation", "Po": "po otherpunctuation",
            "Ps": "ps openpunctuation", "S": "s symbol", "Sc": "sc currencysymbol",
            "Sk": "sk modifiersymbol", "Sm": "sm mathsymbol", "So": "so othersymbol",
            "Z": "z separator", "Zl": "zl lineseparator", "Zp": "zp paragraphseparator",
            "Zs": "zs spaceseparator",
        }.items()
        for name in names.split()
    },
}  # fmt: skip
#: Scripts in lower case, and how the names of their characters begin.
_SCRIPTS = {
    "latin": "LATIN ", "greek": "GREEK ", "cyrillic": "CYRILLIC ", "hebrew": "HEBREW ",
    "arabic": "ARABIC ", "hiragana": "HIRAGANA ", "katakana": "KATAKANA ", "hangul": "HANGUL ",
    "thai": "THAI ", "han": "CJK UNIFIED IDEOGRAPH",
}  # fmt: skip


def _complement(ranges: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    found = []
    start = 0
    for low, high in sorted(ranges):
        if low > start:
            found.append((start, low - 1))
        start = max(start, high + 1)
    if start <= _LAST:
        found.append((start, _LAST))
    return tuple(found)


# -- the program ----------------------------------------------------------------------------------


class Where(Enum):
    """A condition on a place in the text."""

    TEXT_START = "start of the text"
    TEXT_END = "end of the text"
    LINE_START = "start of a line"
    LINE_END = "end of a line"
    WORD_EDGE = "edge of a word"
    NO_WORD_EDGE = "no edge of a word"


class Side(Enum):
    """What stands beside a place in the text."""

    NOTHING = 0
    NEWLINE = 1
    WORD = 2
    OTHER = 3


def _side(character: str) -> Side:
    if character == "\n":
        return Side.NEWLINE
    is_word = character.isascii() and (character.isalnum() or character == "_")
    return Side.WORD if is_word else Side.OTHER


def _holds(where: Where, before: Side, after: Side) -> bool:
    match where:
        case Where.TEXT_START:
            return before is Side.NOTHING
        case Where.TEXT_END:
            return after is Side.NOTHING
        case Where.LINE_START:
            return before in (Side.NOTHING, Side.NEWLINE)
        case Where.LINE_END:
            return after in (Side.NOTHING, Side.NEWLINE)
        case _:
            edge = (before is Side.WORD) != (after is Side.WORD)
            return edge == (where is Where.WORD_EDGE)


@dataclass(frozen=True, slots=True)
class _Match:
    """The pattern has matched."""


@dataclass(frozen=True, slots=True)
class _Take:
    """Take one character of a set, and go on at ``next``."""

    characters: CharacterSet
    next: int


@dataclass(frozen=True, slots=True)
class _Check:
    where: Where
    next: int


@dataclass(frozen=True, slots=True)
class _Fork:
    targets: tuple[int, ...]


_Instruction = _Match | _Take | _Check | _Fork


@dataclass(frozen=True, slots=True)
class State:
    """Where a match stands after some characters.

    :param threads: indices into the program.
    :param before: what the last character was.
    """

    threads: frozenset[int]
    before: Side


@dataclass(frozen=True, slots=True)
class Regex:
    """A compiled pattern. It matches a text if it matches any part of it."""

    pattern: str
    _program: tuple[_Instruction, ...] = field(repr=False)
    _entry: int = field(repr=False)

    @property
    def start(self) -> State:
        """Before the first character."""
        return State(frozenset(), Side.NOTHING)

    def step(self, state: State, character: str) -> State | None:
        """The state after one more character, or None if the text matches whatever follows."""
        threads = self._threads(state, _side(character))
        if threads is None:
            return None
        program = self._program
        taken = set()
        for index in threads:
            instruction = program[index]
            if isinstance(instruction, _Take) and character in instruction.characters:
                taken.add(instruction.next)
        return State(frozenset(taken), _side(character))

    def accepts(self, state: State | None) -> bool:
        """Whether a text that ends in this state matches."""
        return state is None or self._threads(state, Side.NOTHING) is None

    def search(self, text: str) -> bool:
        """Whether the pattern matches any part of a text."""
        state: State | None = self.start
        for character in text:
            assert state is not None
            state = self.step(state, character)
            if state is None:
                return True
        return self.accepts(state)

    def boundaries(self) -> set[int]:
        """Code points at which any of its sets of characters begins or ends."""
        return {
            code
            for instruction in self._program
            if isinstance(instruction, _Take)
            for code in instruction.characters.boundaries()
        }

    def _threads(self, state: State, after: Side) -> set[int] | None:
        """The instructions that take a character next, or None if the pattern has matched."""
        seen = set()
        found = set()
        pending = [*state.threads, self._entry]
        while pending:
            index = pending.pop()
            if index in seen:
                continue
            seen.add(index)
            instruction = self._program[index]
            match instruction:
                case _Match():
                    return None
                case _Take():
                    found.add(index)
                case _Check(where, target):
                    if _holds(where, state.before, after):
                        pending.append(target)
                case _Fork(targets):
                    pending.extend(targets)
        return found


def compile_regex(pattern: str) -> Regex:
    """Compile a pattern.

    :raises RegexError: for what Go refuses.
    """
    tree = _Parser(pattern).parse()
    program: list[_Instruction] = [_Match()]
    entry = _emit(tree, 0, program)
    return Regex(pattern, tuple(program), entry)


# -- the tree of a pattern ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sequence:
    parts: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    parts: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Repeat:
    part: _Node
    least: int
    most: int | None


_Node = _Sequence | _Choice | _Repeat | CharacterSet | Where
_EMPTY = _Sequence(())


def _emit(node: _Node, following: int, program: list[_Instruction]) -> int:
    """Write the instructions of a node, which go on at ``following``; return where they begin."""
    if len(program) > _LARGEST:
        raise RegexError("the pattern is too large", 0)
    match node:
        case _Sequence(parts):
            for part in reversed(parts):
                following = _emit(part, following, program)
            return following
        case _Choice(parts):
            return _add(_Fork(tuple(_emit(part, following, program) for part in parts)), program)
        case _Repeat(part, least, most):
            return _emit_repeat(part, least, most, following, program)
        case CharacterSet():
            return _add(_Take(node, following), program)
        case Where():
            return _add(_Check(node, following), program)


def _emit_repeat(
    part: _Node, least: int, most: int | None, following: int, program: list[_Instruction]
) -> int:
    if most is None:
        loop = _add(_Fork(()), program)
        program[loop] = _Fork((_emit(part, loop, program), following))
        following = loop
    else:
        end = following
        for _ in range(most - least):
            following = _add(_Fork((_emit(part, following, program), end)), program)
    for _ in range(least):
        following = _emit(part, following, program)
    return following


def _add(instruction: _Instruction, program: list[_Instruction]) -> int:
    program.append(instruction)
    return len(program) - 1


@dataclass(frozen=True, slots=True)
class _Flags:
    fold: bool = False
    lines: bool = False
    dot_all: bool = False


class _Parser:
    """Reads a pattern; one method per production."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._flags = _Flags()
        self._depth = 0

    def parse(self) -> _Node:
        node = self._choice()
        if self._at < len(self._pattern):
            raise self._error("unexpected )")
        return node

    def _choice(self) -> _Node:
        parts = [self._sequence()]
        while self._took("|"):
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else _Choice(tuple(parts))

    def _sequence(self) -> _Node:
        parts: list[_Node] = []
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            if self._sees("*", "+", "?") or self._counts() is not None:
                raise self._error("missing argument to repetition operator")
            start = self._at
            atoms = self._atom()
            if atoms is None:
                continue  # flags for what follows
            *before, last = atoms or (_EMPTY,)
            parts += [*before, self._repeated(last, start)]
        return parts[0] if len(parts) == 1 else _Sequence(tuple(parts))

    def _repeated(self, node: _Node, start: int) -> _Node:
        count = self._counts()
        if count is None:
            return node
        least, most = self._take_count(count, start)
        self._took("?")  # lazy
        if self._counts() is not None:
            raise self._error("invalid nested repetition operator")
        if _weight(node) * max(least, most or 0, 1) > _MOST_REPEATS and (least > 1 or most):
            raise RegexError("invalid repeat count", start)
        return _Repeat(node, least, most)

    def _counts(self) -> tuple[int, int | None, int] | None:
        """The repetition operator that stands here: least, most, and its length."""
        if self._at >= len(self._pattern):
            return None
        simple = {"*": (0, None, 1), "+": (1, None, 1), "?": (0, 1, 1)}
        operator = self._pattern[self._at]
        return simple.get(operator) or (self._braces() if operator == "{" else None)

    def _braces(self) -> tuple[int, int | None, int] | None:
        end = self._pattern.find("}", self._at)
        if end < 0:
            return None
        least, comma, most = self._pattern[self._at + 1 : end].partition(",")
        length = end + 1 - self._at
        if not _is_count(least) or (most and not _is_count(most)):
            return None
        if not comma:
            return int(least), int(least), length
        return int(least), int(most) if most else None, length

    def _take_count(self, count: tuple[int, int | None, int], start: int) -> tuple[int, int | None]:
        least, most, length = count
        too_many = max(least, most or 0) > _MOST_REPEATS
        if too_many or (most is not None and most < least):
            raise RegexError("invalid repeat count", start)
        self._at += length
        return least, most

    def _atom(self) -> tuple[_Node, ...] | None:
        """One atom; several for ``\\Q…\\E``, None for flags that stand alone."""
        character = self._pattern[self._at]
        if character == "(":
            return self._group()
        if character == "[":
            return (self._class(),)
        if character == "\\":
            return self._escape()
        self._at += 1
        if character == ".":
            return (CharacterSet(() if self._flags.dot_all else ((10, 10),), negated=True),)
        if character == "^":
            return (Where.LINE_START if self._flags.lines else Where.TEXT_START,)
        if character == "$":
            return (Where.LINE_END if self._flags.lines else Where.TEXT_END,)
        return (self._literal(character),)

    def _literal(self, character: str) -> CharacterSet:
        code = ord(character)
        return CharacterSet(((code, code),), folded=self._flags.fold)

    def _group(self) -> tuple[_Node, ...] | None:
        start = self._at
        self._at += 1
        outside = self._flags
        if self._sees("?") and self._group_opening(start):
            return None
        self._depth += 1
        if self._depth > _DEEPEST:
            raise RegexError("expression nests too deeply", start)
        node = self._choice()
        if not self._took(")"):
            raise RegexError("missing closing )", start)
        self._depth -= 1
        self._flags = outside
        return (node,)

    def _group_opening(self, start: int) -> bool:
        """Read ``?…`` after a parenthesis; return whether it was nothing but flags."""
        for opening in ("?P<", "?<"):
            if self._sees(opening) and not self._sees("?<=", "?<!"):
                self._at += len(opening)
                self._name(start)
                return False
        self._at += 1
        flags, value, any_since_sign = self._flags, True, False
        while self._at < len(self._pattern):
            letter = self._pattern[self._at]
            self._at += 1
            match letter:
                case "i":
                    flags = _Flags(value, flags.lines, flags.dot_all)
                case "m":
                    flags = _Flags(flags.fold, value, flags.dot_all)
                case "s":
                    flags = _Flags(flags.fold, flags.lines, value)
                case "U":
                    pass
                case "-" if value:
                    value, any_since_sign = False, False
                    continue
                case ":" | ")" if value or any_since_sign:
                    self._flags = flags
                    return letter == ")"
                case _:
                    break
            any_since_sign = True
        raise RegexError("invalid or unsupported Perl syntax", start)

    def _name(self, start: int) -> None:
        end = self._pattern.find(">", self._at)
        name = self._pattern[self._at : end] if end >= 0 else ""
        if not name or not all(each.isascii() and (each.isalnum() or each == "_") for each in name):
            raise RegexError("invalid named capture", start)
        self._at = end + 1

    def _escape(self) -> tuple[_Node, ...]:
        start = self._at
        letter = self._pattern[start + 1 : start + 2]
        places = {
            "A": Where.TEXT_START, "z": Where.TEXT_END,
            "b": Where.WORD_EDGE, "B": Where.NO_WORD_EDGE,
        }  # fmt: skip
        if letter in places and letter:
            self._at += 2
            return (places[letter],)
        if letter == "Q":
            text, _, _ = self._pattern[start + 2 :].partition("\\E")
            self._at = min(start + 2 + len(text) + 2, len(self._pattern))
            return tuple(self._literal(each) for each in text)
        group = self._escaped_group()
        if group is not None:
            ranges, tests = group
            return (CharacterSet(ranges, tests, folded=self._flags.fold),)
        return (self._literal(self._escaped_character()),)

    def _escaped_group(self) -> _Group | None:
        """``\\d`` and the like and ``\\p{L}``, or None if something else stands here."""
        letter = self._pattern[self._at + 1 : self._at + 2]
        if letter.lower() in _PERL and letter:
            self._at += 2
            ranges = _PERL[letter.lower()]
            return (_complement(ranges) if letter.isupper() else ranges), ()
        if letter not in ("p", "P"):
            return None
        start = self._at
        self._at += 2
        name = self._pattern[self._at : self._at + 1]
        self._at += 1
        if name == "{":
            end = self._pattern.find("}", self._at)
            name = self._pattern[self._at : end] if end >= 0 else ""
            self._at = end + 1
        negated = letter == "P"
        if name.startswith("^"):
            negated, name = not negated, name[1:]
        name = re.sub(r"[ _-]", "", name).lower()
        if name == "ascii":
            return (_complement(((0, 127),)) if negated else ((0, 127),)), ()
        if name not in _SCRIPTS and name not in _CATEGORIES:
            raise RegexError("invalid character class range", start)

        def test(character: str) -> bool:
            if name in _SCRIPTS:
                found = unicodedata.name(character, "").startswith(_SCRIPTS[name])
            else:
                found = unicodedata.category(character).startswith(_CATEGORIES[name])
            return found != negated

        return (), (test,)

    def _escaped_character(self) -> str:
        """The character that an escape stands for."""
        start = self._at
        letter = self._pattern[start + 1 : start + 2]
        if not letter:
            raise RegexError("trailing backslash at end of expression", start)
        self._at += 2
        if letter in "01234567":
            digits = letter
            while len(digits) < 3 and self._pattern[self._at : self._at + 1] in tuple("01234567"):
                digits += self._pattern[self._at]
                self._at += 1
            if letter != "0" and len(digits) == 1:
                raise RegexError("invalid escape sequence", start)  # a back-reference
            return chr(int(digits, 8))
        if letter == "x":
            return self._hexadecimal(start)
        simple = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
        if letter in simple:
            return simple[letter]
        if letter.isascii() and not letter.isalnum():
            return letter
        raise RegexError("invalid escape sequence", start)

    def _hexadecimal(self, start: int) -> str:
        if self._took("{"):
            end = self._pattern.find("}", self._at)
            digits = self._pattern[self._at : end] if end >= 0 else ""
            self._at = end + 1
        else:
            digits = self._pattern[self._at : self._at + 2]
            self._at += 2
            if len(digits) != 2:
                digits = ""
        is_number = digits and all(each in "0123456789abcdefABCDEF" for each in digits)
        if not is_number or int(digits, 16) > _LAST:
            raise RegexError("invalid escape sequence", start)
        return chr(int(digits, 16))

    def _class(self) -> CharacterSet:
        start = self._at
        self._at += 1
        negated = self._took("^")
        ranges: list[tuple[int, int]] = []
        tests: list[Callable[[str], bool]] = []
        first = True
        while first or not self._sees("]"):
            if self._at >= len(self._pattern):
                raise RegexError("missing closing ]", start)
            first = False
            group = self._posix() if self._sees("[:") else None
            if group is None and self._sees("\\"):
                group = self._escaped_group()
            if group is None:
                group = (self._range(start),), ()
            ranges += group[0]
            tests += group[1]
        self._at += 1
        return CharacterSet(tuple(ranges), tuple(tests), negated, self._flags.fold)

    def _posix(self) -> _Group | None:
        end = self._pattern.find(":]", self._at + 2)
        if end < 0:
            return None
        name = self._pattern[self._at + 2 : end]
        ranges = _POSIX.get(name.removeprefix("^"))
        if ranges is None:
            raise self._error("invalid character class range")
        self._at = end + 2
        return (_complement(ranges) if name.startswith("^") else ranges), ()

    def _range(self, start: int) -> tuple[int, int]:
        low_at = self._at
        low = self._class_character(start)
        high = low
        if self._sees("-") and not self._sees("-]") and self._at + 1 < len(self._pattern):
            self._at += 1
            high = self._class_character(start)
        if high < low:
            raise RegexError("invalid character class range", low_at)
        return ord(low), ord(high)

    def _class_character(self, start: int) -> str:
        if self._at >= len(self._pattern):
            raise RegexError("missing closing ]", start)
        if self._sees("\\"):
            return self._escaped_character()
        self._at += 1
        return self._pattern[self._at - 1]

    def _sees(self, *texts: str) -> bool:
        return self._pattern.startswith(texts, self._at)

    def _took(self, text: str) -> bool:
        found = self._pattern.startswith(text, self._at)
        self._at += len(text) * found
        return found

    def _error(self, message: str) -> RegexError:
        return RegexError(message, self._at)


_Group = tuple[tuple[tuple[int, int], ...], tuple[Callable[[str], bool], ...]]


def _is_count(digits: str) -> bool:
    return digits.isascii() and digits.isdigit() and (digits == "0" or digits[0] != "0")


def _weight(node: _Node) -> int:
    """How often the most repeated part of a node stands in its expansion, by counts alone."""
    match node:
        case _Sequence(parts) | _Choice(parts):
            return max((_weight(part) for part in parts), default=1)
        case _Repeat(part, least, most):
            return _weight(part) * max(least, most or 0, 1)
        case _:
            return 1


def alphabet(regexes: Iterable[Regex]) -> list[str]:
    """One character for each set of characters that no regex tells apart.

    Exhaustive for patterns without ``\\p{…}``; for those, a letter and a digit and a mark beyond
    ASCII stand for all others.
    """
    codes = {0, ord("\n"), ord("0"), ord("A"), ord("_"), ord("a"), ord("é"), ord("٣")}
    codes |= {ord("\n") + 1, ord("9") + 1, ord("Z") + 1, ord("_") + 1, ord("z") + 1}
    for regex in regexes:
        codes |= regex.boundaries()
    return [chr(code) for code in sorted(codes) if not 0xD800 <= code < 0xE000]
