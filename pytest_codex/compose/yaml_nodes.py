"""YAML text as nodes that know their places: anchors, merge keys, ``!reset``, ``!override``.

The only module of the model that knows PyYAML. It builds from the parser's events and not from
PyYAML's own nodes: no recursion, and an alias is the very node that it stands for, so that a
document whose aliases multiply costs no more than its text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pytest_codex.compose.nodes import Entry, Items, Node, Scalar, Table, Tag, is_null
from pytest_codex.compose.places import Place, Problem, Text, refused
from pytest_codex.compose.plain import plain
from pytest_codex.errors import ConfigurationError

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAGS: dict[str, Tag] = {"!reset": "reset", "!override": "override"}
_TEXT_TAGS = ("tag:yaml.org,2002:str", "!")
_MERGE = "<<"
# No compose file comes near; what does is an attack or another kind of file.
_DEEPEST = 100
_MOST = 1_000_000


def parse(text: str, file: Path, problems: list[Problem]) -> tuple[Node, ...]:
    """Return the documents of a YAML text.

    Keys that are written twice are told as problems; the later one counts.

    :raises ConfigurationError: for what is not YAML, with line and column.
    """
    builder = _Builder(file, problems)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(file, error) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigurationError(f"{file}:{line}: not YAML: {error.reason}") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{file}: not YAML: {error}") from None
    return tuple(builder.documents)


def _not_yaml(file: Path, error: yaml.MarkedYAMLError) -> ConfigurationError:
    mark = error.problem_mark or error.context_mark
    where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else str(file)
    why = error.problem or error.context or "cannot be read"
    hint = " (a tab? YAML indents with spaces)" if "cannot start any token" in why else ""
    return ConfigurationError(f"{where}: not YAML: {why}{hint}")


@dataclass(frozen=True, slots=True)
class _Built:
    """A finished node, with the nodes in it (through aliases too) and how deep they lie."""

    node: Node
    size: int = 1
    depth: int = 1


@dataclass(slots=True)
class _Open:
    """A list or map whose end has not come yet; a map's children are keys and values by turns."""

    is_map: bool
    at: Place
    tag: Tag
    anchor: str | None
    children: list[Node] = field(default_factory=list)
    size: int = 1
    depth: int = 1


class _Builder:
    def __init__(self, file: Path, problems: list[Problem]) -> None:
        self.documents: list[Node] = []
        self._file = file
        self._problems = problems
        self._open: list[_Open] = []
        # None: begun, not finished.
        self._anchors: dict[str, _Built | None] = {}

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                self._add(_Built(self._scalar(event)), event.anchor)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self._begin(event)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self._end()
            case yaml.AliasEvent():
                self._add(self._known(event), None)
            case yaml.DocumentStartEvent():
                self._anchors = {}

    def _place(self, event: yaml.Event) -> Place:
        mark: Any = event.start_mark
        return Place(self._file, mark.line + 1)

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        tag = _TAGS.get(event.tag or "", "")
        quoted = bool(event.style) or event.tag in _TEXT_TAGS
        kind, value = ("text", event.value) if quoted else plain(event.value)
        return Scalar(Text(value, self._place(event)), kind, tag)  # type: ignore[arg-type]

    def _begin(self, event: yaml.SequenceStartEvent | yaml.MappingStartEvent) -> None:
        if len(self._open) >= _DEEPEST:
            raise self._too_deep(self._place(event))
        if event.anchor:
            self._anchors[event.anchor] = None
        is_map = isinstance(event, yaml.MappingStartEvent)
        tag = _TAGS.get(event.tag or "", "")
        self._open.append(_Open(is_map, self._place(event), tag, event.anchor))

    def _end(self) -> None:
        ended = self._open.pop()
        if ended.is_map:
            node: Node = self._table(ended)
        else:
            node = Items(tuple(ended.children), ended.at, ended.tag)
        self._add(_Built(node, ended.size, ended.depth), ended.anchor)

    def _known(self, event: yaml.AliasEvent) -> _Built:
        at = self._place(event)
        if event.anchor not in self._anchors:
            raise refused(at, f"*{event.anchor} has no anchor", f"&{event.anchor} before it")
        built = self._anchors[event.anchor]
        if built is None:
            raise refused(at, f"*{event.anchor} stands inside its own anchor", "an end to it")
        return built

    def _add(self, built: _Built, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = built
        if not self._open:
            self.documents.append(built.node)
            return
        parent = self._open[-1]
        parent.children.append(built.node)
        parent.size += built.size
        parent.depth = max(parent.depth, built.depth + 1)
        if parent.depth > _DEEPEST:
            raise self._too_deep(parent.at)
        if parent.size > _MOST:
            raise refused(parent.at, "the aliases here multiply beyond measure", "a compose file")

    def _too_deep(self, at: Place) -> ConfigurationError:
        return refused(at, f"nested more than {_DEEPEST} levels deep", "a compose file")

    def _table(self, ended: _Open) -> Table:
        entries: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        children = iter(ended.children)
        for key, value in zip(children, children, strict=True):
            name = self._key(key)
            if name in entries:
                self._twice(name, key.at, entries[name].at)
            if name == _MERGE:
                merged |= {k: e for k, e in _merge_value(value).items() if k not in merged}
            else:
                entries[name] = Entry(key.at, value)
        return Table({**merged, **entries}, at=ended.at, tag=ended.tag)

    def _key(self, key: Node) -> str:
        if isinstance(key, Scalar) and key.kind == "text":
            return key.text.value
        raise refused(key.at, "a key that is not text", "text (in quotes, if it looks otherwise)")

    def _twice(self, name: str, at: Place, before: Place) -> None:
        message = f"the key {name!r} is written twice in one map: docker compose refuses the file"
        self._problems.append(Problem("duplicate-key", message, at, before))


def _merge_value(value: Node) -> dict[str, Entry]:
    """Return the entries that ``<<`` brings: of a map, or of several, the first of which wins."""
    tables = value.values if isinstance(value, Items) else (value,)
    merged: dict[str, Entry] = {}
    for table in tables:
        if is_null(table):
            continue
        if not isinstance(table, Table):
            raise refused(table.at, "<< of what is no map", "a map, or a list of maps")
        merged |= {key: entry for key, entry in table.entries.items() if key not in merged}
    return merged
