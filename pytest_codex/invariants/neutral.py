"""Takes out of values what is a stack's own: its names, its host, its port."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from pytest_codex.invariants.findings import UnjudgedError
from pytest_codex.invariants.stack import Stack
from pytest_codex.traefik.rules import And, Expression, Matcher, Not, Or, matchers, parse
from pytest_codex.traefik.static import Syntax

#: What stands for a stack's host, and what its names begin with.
HOST = "stack"


class Neutral:
    """Takes out of values what is a stack's own: its names, its host, its port."""

    def __init__(self, stack: Stack) -> None:
        self._prefix = stack.prefix.lower()
        self._address = stack.policy.auth_address
        try:
            host = stack.host
        except UnjudgedError:
            host = ""
        # In a regular expression, the dots of a host are escaped or stand in brackets.
        dotted = r"(?:\\?\.|\[\.\])".join(map(re.escape, host.split(".")))
        whole = rf"(?<![\w-]){dotted}(?:\.(?![\w-]))?(?![\w-])" if host else r"(?!)"
        self._host = re.compile(whole, re.IGNORECASE)

    def name(self, name: str) -> str:
        """A name without its provider, and without what the stack's names begin with."""
        own = name.removesuffix("@docker").lower()
        return HOST if own == self._prefix else own.removeprefix(f"{self._prefix}-")

    def text(self, text: str) -> str:
        """A text with a neutral host."""
        return self._host.sub(HOST, text)

    def value(self, value: object) -> object:
        """A value with a neutral host in its texts."""
        match value:
            case str():
                return self.text(value)
            case tuple():
                return tuple(map(self.value, value))
            case Mapping():
                return {name: self.value(each) for name, each in value.items()}
            case _:
                return value

    def address(self, address: str) -> object:
        """An address of ForwardAuth, neutral where its port is the stack's own."""
        try:
            parts, own = urlsplit(address), urlsplit(self._address)
            is_own = parts.port == own.port if self._address else parts.hostname in _LOOPBACK
            port = "own" if is_own else parts.port
        except ValueError:
            return address
        return (parts.scheme, parts.hostname, port, parts.path, parts.query)

    def rule(self, rule: str, syntax: Syntax) -> str:
        """A rule with a neutral host, written in one way."""
        expression = parse(rule, syntax)
        # Such a text cannot stand between backticks, as it is written here.
        if any("`" in arg for matcher in matchers(expression) for arg in matcher.args):
            return rule
        return str(self._expression(expression))

    def _expression(self, expression: Expression) -> Expression:
        match expression:
            case Matcher(name, args, position):
                return Matcher(name, tuple(map(self.text, args)), position)
            case Not(operand):
                return Not(self._expression(operand))
            case And(operands):
                return And(tuple(map(self._expression, operands)))
            case Or(operands):
                return Or(tuple(map(self._expression, operands)))


_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
