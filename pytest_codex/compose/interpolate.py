"""``$V``, ``${V}``, ``${V:-default}`` and the other forms that compose replaces by variables.

Source: the Compose specification, "Interpolation", and what docker compose does where that is
silent: a ``$`` before anything but a name or a brace stays; defaults are looked at only when they
are used; map keys are never interpolated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pytest_codex.compose.nodes import Entry, Items, Node, Scalar, Table
from pytest_codex.compose.places import Problem, Text, refused

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":?[-?+]")
# With what stands behind an opening brace; what ends a line ends the search for a closing one.
_BRACE = re.compile(r"\{.?|\}|\n")
_DEEPEST = 20
_SHOWN = 60
# Of values in one text: more is no setting but variables that double one another.
_MOST = 2**20
_FORMS = "$NAME, ${NAME}, ${NAME:-default}, ${NAME:?message}, ${NAME:+replacement}, or $$ for a $"


class TemplateError(ValueError):
    """A substitution that is not of any form; `position` is the character where it begins."""

    def __init__(self, found: str, position: int) -> None:
        super().__init__(found)
        self.position = position


@dataclass(frozen=True, slots=True)
class Interpolated:
    """A text after interpolation.

    :param unset: variables that were used and are not set, each once, in order.
    :param required: those among them that must be set; ``<NAME>`` stands in their place.
    """

    value: str
    unset: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


def interpolate(template: str, variables: Mapping[str, str]) -> Interpolated:
    """Replace the variables in a text.

    :raises TemplateError: for a substitution that is not of any form.
    """
    if "$" not in template:
        return Interpolated(template)
    expansion = _Expansion(variables)
    value = expansion.expand(template, 0, 0)
    return Interpolated(
        value, tuple(dict.fromkeys(expansion.unset)), tuple(dict.fromkeys(expansion.required))
    )


class _Expansion:
    """One interpolation under way: what it found unset so far."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.unset: list[str] = []
        self.required: list[str] = []
        self._put_in = 0

    def expand(self, template: str, offset: int, depth: int) -> str:
        """Return the text; `offset` is where the template stands in the whole."""
        if depth > _DEEPEST:
            raise TemplateError(f"nested more than {_DEEPEST} levels deep", offset)
        parts: list[str] = []
        position = 0
        while (dollar := template.find("$", position)) >= 0:
            parts.append(template[position:dollar])
            after = template[dollar + 1 : dollar + 2]
            if after == "$":
                parts.append("$")
                position = dollar + 2
            elif after == "{":
                position = _closing(template, dollar, offset)
                inner = template[dollar + 2 : position - 1]
                parts.append(self._braced(inner, offset + dollar, depth))
            elif name := _NAME.match(template, dollar + 1):
                parts.append(self._value(name[0], offset + dollar))
                position = name.end()
            else:
                parts.append("$")
                position = dollar + 1
        parts.append(template[position:])
        return "".join(parts)

    def _value(self, name: str, position: int) -> str:
        value = self._variables.get(name)
        if value is None:
            self.unset.append(name)
        return self._counted(value or "", position)

    def _counted(self, value: str, position: int) -> str:
        self._put_in += len(value)
        if self._put_in > _MOST:
            raise TemplateError(f"becomes larger than {_MOST} characters", position)
        return value

    def _braced(self, inner: str, position: int, depth: int) -> str:
        name = _NAME.match(inner)
        if name is None:
            raise TemplateError(f"{_shown(inner)} does not begin with a name", position)
        if name.end() == len(inner):
            return self._value(inner, position)
        operator = _OPERATOR.match(inner, name.end())
        if operator is None:
            raise TemplateError(f"{_shown(inner)} is no substitution", position)
        value = self._variables.get(name[0])
        is_set = value is not None and (value != "" or not operator[0].startswith(":"))
        word = inner[operator.end() :]
        match operator[0][-1]:
            case "-" if not is_set:
                return self.expand(word, position + 2 + operator.end(), depth + 1)
            case "+":
                start = position + 2 + operator.end()
                return self.expand(word, start, depth + 1) if is_set else ""
            case "?" if not is_set:
                self.unset.append(name[0])
                self.required.append(name[0])
                return f"<{name[0]}>"
        return self._counted(value or "", position)


def _shown(inner: str) -> str:
    return f"${{{inner if len(inner) <= _SHOWN else inner[:_SHOWN] + '…'}}}"


def _closing(template: str, dollar: int, offset: int) -> int:
    """Return the position after the brace that closes the one behind a dollar.

    As docker compose counts: every brace counts, but not one right behind an opening one; where
    that leaves some open, the last closing brace of the line is taken.
    """
    depth = 0
    for brace in _BRACE.finditer(template, dollar + 1):
        if brace[0] == "\n":
            break
        depth += -1 if brace[0] == "}" else 1
        if depth == 0:
            return brace.end()
    end = template.find("\n", dollar)
    last = template.rfind("}", dollar, end if end >= 0 else None)
    if last < 0:
        raise TemplateError("${ without its }", offset + dollar)
    return last + 1


def literal(text: Text) -> str:
    """Return what of a value is written in the file: what remains where no variable is set."""
    if text.template is None:
        return text.value
    found = interpolate(text.template, {})
    value = found.value
    for name in found.required:
        value = value.replace(f"<{name}>", "")
    return value


def interpolate_node(node: Node, variables: Mapping[str, str], problems: list[Problem]) -> Node:
    """Replace the variables in every value of a tree; keys stay as they are.

    Unset variables that have no default and are not required are told as problems.

    :raises ConfigurationError: for a substitution that is not of any form.
    """
    return _Walk(variables, problems).node(node)


class _Walk:
    """What several aliases share is interpolated once, and told once."""

    def __init__(self, variables: Mapping[str, str], problems: list[Problem]) -> None:
        self._variables = variables
        self._problems = problems
        self._done: dict[int, Node] = {}

    def node(self, node: Node) -> Node:
        if isinstance(node, Scalar) and "$" not in node.text.value:
            return node
        if id(node) not in self._done:
            self._done[id(node)] = self._interpolated(node)
        return self._done[id(node)]

    def _interpolated(self, node: Node) -> Node:
        match node:
            case Items():
                return replace(node, values=tuple(map(self.node, node.values)))
            case Table():
                entries = {k: Entry(e.at, self.node(e.node)) for k, e in node.entries.items()}
                return replace(node, entries=entries)
            case Scalar():
                return self._scalar(node)

    def _scalar(self, node: Scalar) -> Scalar:
        try:
            found = interpolate(node.text.value, self._variables)
        except TemplateError as error:
            where = f"character {error.position + 1}"
            raise refused(node.at, f"at {where} of the value: {error}", _FORMS) from None
        self._problems += (
            Problem("unset-variable", f"{name} is not set: docker compose puts nothing", node.at)
            for name in found.unset
            if name not in found.required
        )
        text = replace(
            node.text,
            value=found.value,
            unset=found.unset,
            placeholder=bool(found.required),
            template=node.text.value,
        )
        return replace(node, text=text)
