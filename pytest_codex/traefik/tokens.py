"""The tokens of a rule, which are those of a Go expression.

A rule is read by Go's own expression parser, so its strings are Go's strings, its comments are Go's
comments, and a line that ends after an operand ends the expression.

Source: The Go Programming Language Specification, "Lexical elements".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class RuleError(ValueError):
    """A rule that Traefik refuses.

    :ivar message: what is wrong.
    :ivar position: index of the character where it is wrong.
    """

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class Kind(Enum):
    """What a token is; the values are what an error message calls it."""

    NAME = "a name"
    STRING = "a string"
    OPERATOR = "an operator"
    LITERAL = "a number or character"
    NEWLINE = "the end of the line"
    END = "the end of the rule"


@dataclass(frozen=True, slots=True)
class Token:
    """A token.

    :param text: its source text.
    :param position: index of its first character in the rule.
    """

    kind: Kind
    text: str
    position: int

    def __str__(self) -> str:
        return repr(self.text) if self.text.strip() else self.kind.value


#: Go's operators, longest first. All of them are tokens; few of them have a meaning in a rule.
_OPERATORS = (
    *("&^=", "<<=", ">>=", "..."),
    *("&&", "||", "&^", "<<", ">>", "==", "!=", "<=", ">=", ":=", "<-", "++", "--"),
    *("+=", "-=", "*=", "/=", "%=", "&=", "|=", "^="),
    *"+-*/%&|^<>=!()[]{},;.:~",
)
_OPERATOR = re.compile("|".join(map(re.escape, _OPERATORS)))
_NUMBER = re.compile(r"\.?[0-9](?:[0-9a-zA-Z_.]|(?<=[eEpP])[+-])*")
_CHARACTER = re.compile(r"'(?:\\.|[^'\\\n])*'")
_STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')
#: Not even in strings and comments; a byte order mark may begin a rule.
_FORBIDDEN = re.compile("\x00|(?<!^)\ufeff")
_SPACE = re.compile(r"[ \t\r]+")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
#: A newline after one of these ends the expression ("Semicolons").
_ENDS_A_LINE = frozenset({Kind.NAME, Kind.STRING, Kind.LITERAL})
_CLOSING = frozenset({")", "]", "}", "++", "--"})
#: Words that Go keeps for itself. After a few of them a line may end.
_KEYWORDS = frozenset(
    {
        *("break", "case", "chan", "const", "continue", "default", "defer", "else"),
        *("fallthrough", "for", "func", "go", "goto", "if", "import", "interface", "map"),
        *("package", "range", "return", "select", "struct", "switch", "type", "var"),
    }
)
_LINE_ENDING_KEYWORDS = frozenset({"break", "continue", "fallthrough", "return"})


def tokens(rule: str) -> Iterator[Token]:
    """The tokens of a rule, with an :attr:`Kind.END` as the last one.

    :raises RuleError: for a character that starts no token, and for a string or comment that does
        not end.
    """
    forbidden = _FORBIDDEN.search(rule)
    if forbidden:
        raise RuleError(f"a rule cannot contain {forbidden[0]!r}", forbidden.start())
    position = int(rule.startswith("\ufeff"))
    ends_a_line = False
    while position < len(rule):
        if rule[position] == "\n":
            if ends_a_line:
                yield Token(Kind.NEWLINE, "\n", position)
            ends_a_line = False
            position += 1
        elif found := _SPACE.match(rule, position):
            position = found.end()
        elif found := _COMMENT.match(rule, position):
            if ends_a_line and "\n" in found[0]:  # a comment over several lines is a newline
                yield Token(Kind.NEWLINE, "\n", position)
                ends_a_line = False
            position = found.end()
        else:
            token = _token(rule, position)
            ends_a_line = _may_end_a_line(token)
            position += len(token.text)
            yield token
    yield Token(Kind.END, "", len(rule))


def _may_end_a_line(token: Token) -> bool:
    if token.text in _KEYWORDS:
        return token.text in _LINE_ENDING_KEYWORDS
    return token.kind in _ENDS_A_LINE or token.text in _CLOSING


def _token(rule: str, position: int) -> Token:
    start = rule[position]
    if start == "`":
        end = rule.find("`", position + 1)
        if end < 0:
            raise RuleError("this ` has no partner", position)
        return Token(Kind.STRING, rule[position : end + 1], position)
    if start == '"':
        return Token(Kind.STRING, _whole(_STRING, rule, position), position)
    if start == "'":
        return Token(Kind.LITERAL, _whole(_CHARACTER, rule, position), position)
    if found := _NUMBER.match(rule, position):
        return Token(Kind.LITERAL, found[0], position)
    if _is_letter(start):
        end = position + 1
        while end < len(rule) and (_is_letter(rule[end]) or _is_digit(rule[end])):
            end += 1
        return Token(Kind.NAME, rule[position:end], position)
    if rule.startswith("/*", position):
        raise RuleError("this comment does not end", position)
    if found := _OPERATOR.match(rule, position):
        return Token(Kind.OPERATOR, found[0], position)
    raise RuleError(f"a rule cannot contain {start!r} here", position)


def _whole(pattern: re.Pattern[str], rule: str, position: int) -> str:
    found = pattern.match(rule, position)
    if found is None:
        raise RuleError(f"this {rule[position]} has no partner on its line", position)
    return found[0]


def _is_letter(character: str) -> bool:
    return character == "_" or unicodedata.category(character).startswith("L")


def _is_digit(character: str) -> bool:
    return unicodedata.category(character) == "Nd"


_SIMPLE_ESCAPES = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", '"': '"',
}  # fmt: skip
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\\"])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))"
)


def string_value(token: Token) -> str:
    """The value of a string token. Bytes that are no text become U+FFFD, as Go's regexps see them.

    :raises RuleError: for an escape that Go does not have.
    """
    inner = token.text[1:-1]
    if token.text.startswith("`"):
        return inner.replace("\r", "")
    value = bytearray()
    position = 0
    while position < len(inner):
        if inner[position] != "\\":
            value += inner[position].encode("utf-8", "replace")
            position += 1
            continue
        found = _ESCAPE.match(inner, position)
        code = int(found[2] or "0", 8) if found else -1
        if found is None or code > 0xFF:
            raise RuleError("Go has no such escape in a string", token.position + 1 + position)
        value += _escaped(found, token.position + 1 + position)
        position = found.end()
    return value.decode("utf-8", "replace")


def _escaped(found: re.Match[str], position: int) -> bytes:
    simple, octal, byte, short, long = found.groups()
    if simple:
        return _SIMPLE_ESCAPES[simple].encode()
    if octal or byte:
        return bytes([int(octal, 8) if octal else int(byte, 16)])
    code = int(short or long, 16)
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        raise RuleError("this escape is no Unicode character", position)
    return chr(code).encode()
