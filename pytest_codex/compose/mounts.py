"""Volumes of a service, short (``./data:/data:ro``) and long, and the paths in them.

Source: the Compose specification, "volumes".
"""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass
from pathlib import Path

from pytest_codex.compose.nodes import Node, Scalar, Table, as_flag, as_items, as_text, is_null
from pytest_codex.compose.places import Text, refused
from pytest_codex.compose.project import Mount

_EXPECTED = "[source:]target[:options], such as ./data:/data:ro"


@dataclass(frozen=True, slots=True)
class Folders:
    """What relative paths start from, and what ``~`` stands for."""

    base: Path
    home: Path

    def named(self, path: str) -> Path:
        """Return the path as the user would name it, ``..`` removed, links not followed."""
        start = f"{self.home}/{path[1:]}" if path.startswith("~") else self.base / path
        return Path(os.path.normpath(start))

    def resolve(self, path: str) -> str:
        """Return the absolute path; one that is absolute already stays as it is."""
        return path if path.startswith("/") else str(self.named(path).absolute())


def read_mounts(node: Node, folders: Folders) -> tuple[Mount, ...]:
    """Return the mounts of a service.

    :raises ConfigurationError: for what is no volume.
    """
    return tuple(
        _long(entry, folders) if isinstance(entry, Table) else _short(entry, folders)
        for entry in as_items(node, "volumes")
    )


def _short(entry: Node, folders: Folders) -> Mount:
    text = as_text(entry, "a volume")
    parts = _parts(text.value)
    if "" in parts or not 1 <= len(parts) <= 3:
        raise refused(text.at, f"the volume {text.value!r}", _EXPECTED)
    source, target, options = ("", parts[0], "") if len(parts) == 1 else (*parts, "")[:3]
    kind = "volume"
    if _is_path(source):
        kind, source = "bind", folders.resolve(source)
    # The last word counts, as it does for docker compose.
    access = [option for option in options.split(",") if option in ("ro", "rw")]
    read_only = access[-1:] == ["ro"]
    return Mount(kind, source, _clean(target), read_only, text.at, text.unset)


def _parts(written: str) -> list[str]:
    """Split at the colons, but not after a single letter: that is a drive of Windows."""
    if len(written) <= 2:
        return [written]
    parts = [""]
    for character in written:
        if character == ":" and not (len(parts[-1]) == 1 and parts[-1].isalpha()):
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _is_path(source: str) -> bool:
    return source.startswith((".", "/", "~", "\\\\")) or (
        len(source) > 1 and source[0].isalpha() and source[1] == ":"
    )


def _long(entry: Table, folders: Folders) -> Mount:
    kind, source, target = (_field(entry, key) for key in ("type", "source", "target"))
    if not kind.value:
        raise refused(entry.at, "a volume without a type", "type: bind, volume or tmpfs")
    path = source.value
    if kind.value == "bind" and path:
        path = folders.resolve(path)
    read_only = as_flag(entry.get("read_only"), "a volume's read_only")
    nodes = (e.node for e in entry.entries.values())
    unset = [name for n in nodes if isinstance(n, Scalar) for name in n.text.unset]
    names = tuple(dict.fromkeys(unset))
    return Mount(kind.value, path, _clean(target.value), read_only, entry.at, names)


def _field(entry: Table, key: str) -> Text:
    node = entry.get(key)
    if node is None or is_null(node):
        return Text("", entry.at)
    return as_text(node, f"a volume's {key}")


def _clean(target: str) -> str:
    return posixpath.normpath(target) if target else ""
