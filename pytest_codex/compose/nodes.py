"""The tree of a YAML document, every node with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pytest_codex.compose.places import Place, Text, refused

# `reset` takes away what an earlier file or an extended service says, `override` replaces it.
Tag: TypeAlias = Literal["", "reset", "override"]
Kind: TypeAlias = Literal["text", "number", "flag", "null"]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, a number, true or false, or nothing; the text of a number is as compose prints it."""

    text: Text
    kind: Kind = "text"
    tag: Tag = ""

    @property
    def at(self) -> Place:
        """Where it stands."""
        return self.text.at


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    values: tuple[Node, ...]
    at: Place
    tag: Tag = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of a map, and the place of its key."""

    at: Place
    node: Node


@dataclass(frozen=True, slots=True)
class Table:
    """A map, its merge keys (``<<``) already resolved."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    at: Place = field(kw_only=True)
    tag: Tag = ""

    def get(self, key: str) -> Node | None:
        """Return the value of a key, ``None`` where it is absent or null."""
        entry = self.entries.get(key)
        return None if entry is None or is_null(entry.node) else entry.node


Node: TypeAlias = Scalar | Items | Table

_NAMES = {Scalar: "a single value", Items: "a list", Table: "a map"}
_FLAGS = {
    **dict.fromkeys(("1", "t", "true", "y", "yes", "on"), True),
    **dict.fromkeys(("0", "f", "false", "n", "no", "off"), False),
}


def is_null(node: Node) -> bool:
    """Whether nothing was written."""
    return isinstance(node, Scalar) and node.kind == "null"


def as_table(node: Node, what: str) -> Table:
    """Return the node as a map.

    :raises ConfigurationError: it is none; so do the others.
    """
    if isinstance(node, Table):
        return node
    raise refused(node.at, f"{what} is {_named(node)}", "a map")


def as_items(node: Node, what: str) -> tuple[Node, ...]:
    """Return the values of a list."""
    if isinstance(node, Items):
        return node.values
    raise refused(node.at, f"{what} is {_named(node)}", "a list")


def as_text(node: Node, what: str) -> Text:
    """Return a single value as text, a number or a flag as compose would print it."""
    if isinstance(node, Scalar):
        return node.text
    raise refused(node.at, f"{what} is {_named(node)}", "a single value")


def as_texts(node: Node, what: str) -> tuple[Text, ...]:
    """Return the texts of a list, or the one text that stands in its place."""
    if isinstance(node, Items):
        return tuple(as_text(value, f"an entry of {what}") for value in node.values)
    return (as_text(node, what),)


def as_flag(node: Node | None, what: str) -> bool:
    """Return true or false as compose reads them, false for nothing."""
    if node is None or is_null(node):
        return False
    text = as_text(node, what)
    try:
        return _FLAGS[text.value.lower()]
    except KeyError:
        raise refused(text.at, f"{what} is {text.value!r}", "true or false") from None


def _named(node: Node) -> str:
    return "empty" if is_null(node) else _NAMES[type(node)]
