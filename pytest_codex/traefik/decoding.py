"""From labels to values, as Traefik reads labels.

Labels are sorted, split at dots into a tree in which upper and lower case are the same, and the
tree is read against the table of fields (:mod:`schema`). The first thing that does not fit ends it.

Source: Traefik documentation, "Docker provider"; the rules not written there (order, case, lists,
what ``name=false`` means) are observed on Traefik 3.7.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_codex.traefik.schema import Anything, Ignored, Map, Scalar, Struct, Type


class LabelError(ValueError):
    """A label for which Traefik drops its container.

    :ivar label: the label at fault.
    :ivar crashes: whether it takes the whole Docker provider down, and not only its container.
    """

    def __init__(self, message: str, label: str, *, crashes: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.label = label
        self.crashes = crashes


@dataclass(slots=True)
class Node:
    """A name in the tree of labels.

    :ivar name: as the first label in sort order spells it.
    :ivar value: that of the label which ends here, if one does.
    :ivar label: that label, or else the first one below.
    """

    name: str
    label: str
    value: str = ""
    children: list[Node] = field(default_factory=list)

    def child(self, name: str) -> Node | None:
        """The child of a name; case does not matter."""
        folded = name.lower()
        return next((node for node in self.children if node.name.lower() == folded), None)


def decode(labels: Mapping[str, str], prefixes: Iterable[str], schema: Struct) -> Node | None:
    """The tree of those labels that begin with one of the prefixes, checked; None without any.

    :raises LabelError: for what Traefik refuses.
    """
    folded = tuple(prefix.lower() for prefix in prefixes)
    chosen = sorted(label for label in labels if label.lower().startswith(folded))
    if not chosen:
        return None
    root = Node("traefik", chosen[0])
    index: dict[tuple[str, ...], Node] = {}
    for label in chosen:
        _plant(root, label, labels[label], index)
    for child in root.children:
        _check(child, _field(schema, child)[1])
    return root


def _plant(root: Node, label: str, value: str, index: dict[tuple[str, ...], Node]) -> None:
    node = root
    path: tuple[str, ...] = ()
    for part in _parts(label)[1:]:
        path = (*path, part.lower())
        child = index.get(path)
        if child is None:
            child = index[path] = Node(part, label)
            node.children.append(child)
        node = child
    node.value, node.label = value, label


def _parts(label: str) -> list[str]:
    first, *_ = parts = label.split(".")
    if first != "traefik":
        raise LabelError(f"a label begins with traefik, in lower case, not {first}", label)
    found = []
    for part in parts:
        if not part:
            raise LabelError("a name between two dots is empty", label)
        if part.startswith("["):
            raise LabelError("a name begins with a bracket", label)
        name, bracket, index = part.partition("[")
        if part.endswith("]") and not bracket:
            raise LabelError("a bracket closes that was not opened", label, crashes=True)
        found += [name, bracket + index] if part.endswith("]") else [part]
    return found


def _field(schema: Struct, node: Node) -> tuple[str, Type]:
    """The declared name and the type of the field that a node is."""
    folded = node.name.lower()
    for name, type_ in schema.fields.items():
        if name.lower() == folded:
            return name, type_
    raise LabelError(f"there is no field {node.name!r}", node.label)


def _check(node: Node, type_: Type) -> None:
    """Refuse names that do not exist, fields with parts where they have none, and the reverse."""
    ignored = isinstance(type_, Ignored)
    inner = type_.type if isinstance(type_, Ignored) else type_
    match inner:
        case Struct(many=True):
            for item in node.children:
                _check_fields(item, inner)
        case Struct():
            _require(node.children or inner.may_be_bare or ignored, node, "needs a field")
            _check_fields(node, inner)
        case Map(values):
            _require(node.children or ignored, node, "needs a name")
            if isinstance(values, Struct):
                for entry in node.children:
                    _check_fields(entry, values)
        case Scalar.STRINGS:
            for item in node.children:
                _require(not item.children, item, "has no fields")
        case Scalar():
            _require(not node.children, node, "has no fields")


def _require(condition: object, node: Node, message: str) -> None:
    if not condition:
        label = node.children[0].label if node.children else node.label
        raise LabelError(f"{node.name} {message}", label)


def _check_fields(node: Node, schema: Struct) -> None:
    for child in node.children:
        _check(child, _field(schema, child)[1])


# -- values ---------------------------------------------------------------------------------------


def value_of(node: Node, type_: Type) -> Any:
    """The value of a checked node: a struct is a dict by declared names; None for what is ignored
    or taken away.

    What is not set, or is set to nothing, is not in the dict, so that two values are equal if
    Traefik takes them for equal.

    :raises LabelError: for a value that is not of its type.
    """
    match type_:
        case Struct(_, True) if node.value and node.value.lower() != "true":
            return None
        case Struct(many=True):
            return tuple(_fields(item, type_) for item in node.children)
        case Struct():
            return _fields(node, type_)
        case Map(values):
            return {entry.name: value_of(entry, values) for entry in node.children}
        case Anything():
            return {child.name: value_of(child, type_) for child in node.children} or node.value
        case Ignored():
            return None
        case Scalar():
            try:
                return _SCALARS[type_](node.value)
            except ValueError as error:
                raise LabelError(f"{node.name}: {error}", node.label) from error


def _fields(node: Node, schema: Struct) -> dict[str, Any]:
    found = dict(schema.defaults)
    for child in node.children:
        name, type_ = _field(schema, child)
        value = value_of(child, type_)
        if isinstance(type_, Scalar) and not value and name not in schema.kept:
            if type_ is not Scalar.STRINGS:
                found.pop(name, None)
        elif value is not None:
            found[name] = value
    return found


def _strings(text: str) -> tuple[str, ...] | None:
    """A list; an empty value sets nothing."""
    return tuple(item.strip() for item in text.split(",")) if text else None


_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})


def boolean(text: str) -> bool:
    """A truth value as Go's ``strconv.ParseBool`` reads it.

    :raises ValueError: if it is none.
    """
    if text not in _TRUE | _FALSE:
        raise ValueError(f"{text!r} is neither true nor false")
    return text in _TRUE


def integer(text: str) -> int:
    """A whole number of 64 bits as Go's ``strconv.ParseInt`` reads it.

    :raises ValueError: if it is none, or too large.
    """
    if not re.fullmatch(r"[+-]?[0-9]{1,4000}", text):
        raise ValueError(f"{text!r} is not a whole number")
    value = int(text)
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"{text} does not fit 64 bits")
    return value


_DURATION = re.compile(r"[+-]?(?:0|(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)")
_PIECE = re.compile(r"([0-9.]+)(ns|us|µs|μs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0,
            "h": 3600.0}  # fmt: skip


def duration(text: str) -> float:
    """A duration in seconds: ``90`` or ``1m30s``.

    :raises ValueError: if it is none.
    """
    try:
        return float(integer(text))
    except ValueError:
        if not _DURATION.fullmatch(text):
            raise ValueError(f"{text!r} is not a duration") from None
    total = sum(float(number) * _SECONDS[unit] for number, unit in _PIECE.findall(text))
    return -total if text.startswith("-") else total


_SCALARS: Mapping[Scalar, Callable[[str], Any]] = {
    Scalar.STRING: str,
    Scalar.STRINGS: _strings,
    Scalar.BOOL: boolean,
    Scalar.INT: integer,
    Scalar.INT64: integer,
    Scalar.DURATION: duration,
}
