"""A rule as an expression: matchers joined by ``&&``, ``||`` and ``!``.

::

    rule     = or NEWLINE? END
    or       = and { "||" and }
    and      = unary { "&&" unary }
    unary    = "!" unary | "(" or ")" | matcher
    matcher  = NAME "(" [ STRING { "," STRING } [ "..." ] [ "," ] ] ")"

Source: Traefik documentation, "HTTP Routers", "Rules"; the grammar is that of Go expressions, as
Traefik hands rules to Go's own parser.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pytest_codex.traefik.static import Syntax
from pytest_codex.traefik.tokens import Kind, RuleError, Token, string_value, tokens

__all__ = ["And", "Expression", "Matcher", "Not", "Or", "RuleError", "matchers", "parse"]

#: Deeper than any rule that a person writes, and shallow enough for every walk over it.
_DEEPEST = 200


@dataclass(frozen=True, slots=True)
class Matcher:
    """A condition on one property of a request.

    :param name: as Traefik declares it, however the rule spells it.
    :param args: the values of its strings.
    :param position: index of its name in the rule.
    """

    name: str
    args: tuple[str, ...]
    position: int = 0

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'`{arg}`' for arg in self.args)})"


@dataclass(frozen=True, slots=True)
class Not:
    """True when its operand is false."""

    operand: Expression

    def __str__(self) -> str:
        inner = f"({self.operand})" if isinstance(self.operand, And | Or) else str(self.operand)
        return f"!{inner}"


@dataclass(frozen=True, slots=True)
class And:
    """True when all operands are."""

    operands: tuple[Expression, ...]

    def __str__(self) -> str:
        return " && ".join(f"({each})" if isinstance(each, Or) else str(each)
                           for each in self.operands)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Or:
    """True when one operand is."""

    operands: tuple[Expression, ...]

    def __str__(self) -> str:
        return " || ".join(map(str, self.operands))


Expression = Matcher | Not | And | Or

#: The matchers of each syntax, with the numbers of arguments they take (None: one or more).
ARITIES: Mapping[Syntax, Mapping[str, tuple[int, ...] | None]] = {
    "v3": {
        "ClientIP": (1,),
        "Header": (2,),
        "HeaderRegexp": (2,),
        "Host": (1,),
        "HostRegexp": (1,),
        "Method": (1,),
        "Path": (1,),
        "PathPrefix": (1,),
        "PathRegexp": (1,),
        "Query": (1, 2),
        "QueryRegexp": (1, 2),
    },
    "v2": {
        "ClientIP": None,
        "Headers": None,
        "HeadersRegexp": None,
        "Host": None,
        "HostHeader": None,
        "HostRegexp": None,
        "Method": None,
        "Path": None,
        "PathPrefix": None,
        "Query": None,
    },
}


def parse(rule: str, syntax: Syntax = "v3") -> Expression:
    """Read a rule. What its strings mean is not looked at here (see :mod:`matching`).

    :raises RuleError: where Traefik refuses it.
    """
    return _Parser(rule, syntax).parse()


def matchers(expression: Expression) -> Iterator[Matcher]:
    """Every matcher of an expression, from left to right."""
    match expression:
        case Matcher():
            yield expression
        case Not(operand):
            yield from matchers(operand)
        case And(operands) | Or(operands):
            for operand in operands:
                yield from matchers(operand)


def _spellings(syntax: Syntax) -> dict[str, str]:
    """Each spelling that Traefik knows to the declared name."""
    return {
        spelling: name
        for name in ARITIES[syntax]
        for spelling in (name, name.lower(), name.upper(), name.capitalize())
    }


class _Parser:
    """One method per production."""

    def __init__(self, rule: str, syntax: Syntax) -> None:
        self._syntax = syntax
        self._spellings = _spellings(syntax)
        self._tokens = tokens(rule)
        self._token = next(self._tokens)
        self._depth = 0

    def parse(self) -> Expression:
        expression = self._or()
        end = self._next()
        if end.kind is Kind.NEWLINE and self._next().kind is not Kind.END:
            message = "the line break ends the expression: put && or || before it"
            raise RuleError(message, end.position)
        if end.kind not in (Kind.NEWLINE, Kind.END):
            raise self._unexpected("&&, || or the end of the rule", end)
        return expression

    def _or(self) -> Expression:
        operands = [self._and()]
        while self._takes("||"):
            operands.append(self._and())
        return operands[0] if len(operands) == 1 else Or(tuple(operands))

    def _and(self) -> Expression:
        operands = [self._unary()]
        while self._takes("&&"):
            operands.append(self._unary())
        return operands[0] if len(operands) == 1 else And(tuple(operands))

    def _unary(self) -> Expression:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise RuleError("the rule nests too deeply", self._token.position)
        expression = self._operand()
        self._depth -= 1
        return expression

    def _operand(self) -> Expression:
        if self._takes("!"):
            return Not(self._unary())
        if self._takes("("):
            expression = self._or()
            self._expect(")")
            return expression
        return self._matcher()

    def _matcher(self) -> Matcher:
        if self._token.kind is not Kind.NAME:
            raise self._unexpected("a matcher such as Host(`…`)")
        name = self._next()
        declared = self._spellings.get(name.text)
        if declared is None:
            raise RuleError(self._unknown(name.text), name.position)
        self._expect("(")
        found = self._arguments()
        if not found:
            raise RuleError(f"{declared} needs an argument", name.position)
        for argument in found:
            if argument.text in ("``", '""'):
                raise RuleError(f"{declared} has an empty argument", argument.position)
        arity = ARITIES[self._syntax][declared]
        if arity is not None and len(found) not in arity:
            expected = " or ".join(map(str, arity))
            raise RuleError(
                f"{declared} takes {expected} argument{'s' * (arity != (1,))}, not {len(found)}",
                name.position,
            )
        return Matcher(declared, tuple(string_value(each) for each in found), name.position)

    def _arguments(self) -> list[Token]:
        found: list[Token] = []
        while not self._takes(")"):
            if self._token.kind is not Kind.STRING:
                raise self._unexpected('a string in ` or " quotes')
            found.append(self._next())
            is_last = self._takes("...")
            if not self._takes(",") or is_last:
                self._expect(")")
                break
        return found

    def _unknown(self, name: str) -> str:
        close = {each.lower(): each for each in ARITIES[self._syntax]}.get(name.lower())
        if close:
            return f"{name} is not spelt as Traefik knows it: {close}"
        other: Syntax = "v2" if self._syntax == "v3" else "v3"
        if name in _spellings(other):
            return f"{name} is a matcher of the rule syntax {other} only"
        return f"{name} is no matcher"

    def _next(self) -> Token:
        token = self._token
        self._token = next(self._tokens, token)
        return token

    def _takes(self, operator: str) -> bool:
        found = self._token.kind is Kind.OPERATOR and self._token.text == operator
        if found:
            self._next()
        return found

    def _expect(self, operator: str) -> None:
        if not self._takes(operator):
            raise self._unexpected(operator)

    def _unexpected(self, expected: str, found: Token | None = None) -> RuleError:
        found = found or self._token
        return RuleError(f"expected {expected}, found {found}", found.position)
