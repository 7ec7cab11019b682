"""One document of a compose file as a layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_codex.compose.layers import Layer, NetworkLayer
from pytest_codex.compose.mounts import Folders
from pytest_codex.compose.nodes import (
    Entry,
    Node,
    Table,
    as_flag,
    as_items,
    as_table,
    as_text,
    as_texts,
    is_null,
)
from pytest_codex.compose.places import Problem, Text, refused
from pytest_codex.compose.service import read_service
from pytest_codex.errors import did_you_mean

_KEYS = (
    "configs",
    "include",
    "models",
    "name",
    "networks",
    "secrets",
    "services",
    "version",
    "volumes",
)


@dataclass(frozen=True, slots=True)
class Include:
    """Files to include as one project of their own, with its folder and its variables."""

    paths: tuple[Text, ...]
    project_directory: Text | None = None
    env_files: tuple[Text, ...] = ()


def read_document(
    node: Node, folders: Folders, problems: list[Problem]
) -> tuple[Layer, list[Include]]:
    """Return what an interpolated document says, and what it includes.

    :raises ConfigurationError: it is no compose file.
    """
    table = as_table(node, "the file")
    _tell_unknown(table, problems)
    cleared: set[str] = set()
    name = table.get("name")
    layer = Layer(
        as_text(name, "name") if name else None,
        {
            key: read_service(key, entry.at, entry.node, folders, problems)
            for key, entry in _section(table, "services", cleared)
        },
        {key: _network(key, entry) for key, entry in _section(table, "networks", cleared)},
        {key: entry.at for key, entry in _section(table, "volumes", cleared)},
        frozenset(cleared),
    )
    includes = table.get("include")
    return layer, [_include(entry) for entry in as_items(includes, "include")] if includes else []


def _tell_unknown(table: Table, problems: list[Problem]) -> None:
    for key, entry in table.entries.items():
        if key not in _KEYS and not key.startswith("x-"):
            message = f"a compose file has no {key!r}{did_you_mean(key, _KEYS)}"
            problems.append(Problem("unknown-key", message, entry.at))


def _section(table: Table, section: str, cleared: set[str]) -> Iterator[tuple[str, Entry]]:
    """Yield the entries of a section, noting which of them are tagged."""
    node = table.get(section)
    whole = table.entries.get(section)
    if whole is not None and whole.node.tag:
        cleared.add(section)
        if whole.node.tag == "reset":
            return
    if node is None:
        return
    for key, entry in as_table(node, section).entries.items():
        if entry.node.tag:
            cleared.add(f"{section}.{key}")
        if entry.node.tag != "reset" and not key.startswith("x-"):
            yield key, entry


def _network(key: str, entry: Entry) -> NetworkLayer:
    if is_null(entry.node):
        return NetworkLayer(entry.at)
    table = as_table(entry.node, f"network {key}")
    name, external = table.get("name"), table.get("external")
    if isinstance(external, Table):
        # The old form, external: {name: …}.
        name = external.get("name") or name
        external_flag: bool | None = True
    else:
        external_flag = None if external is None else as_flag(external, "external")
    return NetworkLayer(
        entry.at, as_text(name, "a network's name") if name else None, external_flag
    )


def _include(entry: Node) -> Include:
    if not isinstance(entry, Table):
        return Include((as_text(entry, "an entry of include"),))
    path, directory, env_file = (entry.get(k) for k in ("path", "project_directory", "env_file"))
    paths = as_texts(path, "path") if path else ()
    if not paths:
        raise refused(entry.at, "an include without a path", "path: and a file")
    return Include(
        paths,
        as_text(directory, "project_directory") if directory else None,
        as_texts(env_file, "env_file") if env_file else (),
    )
