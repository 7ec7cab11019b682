"""What one file says of services, networks and volumes: fields that may still be absent.

Layers are what is merged, included and extended; a project is built from the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pytest_codex.compose.places import Place, Text
from pytest_codex.compose.project import Mount, Port

_T = TypeVar("_T")

# The fields that are lists, and what makes two of their entries the same.
LISTS: Mapping[str, Callable[[Any], Hashable]] = {
    # No address is every address.
    "ports": lambda p: (p.host_ip or "0.0.0.0", p.target, p.published, p.protocol),  # noqa: S104
    "expose": lambda text: text.value,
    "volumes": lambda mount: mount.target,
    "profiles": lambda text: text.value,
    "env_files": lambda file: file.path,
    "label_files": lambda file: file.path,
}

PAIRS = ("labels", "environment")


def unique(field: str, entries: Iterable[_T]) -> tuple[_T, ...]:
    """Return the entries of a list field, of the same ones the last, where the first stood."""
    identity = LISTS[field]
    return tuple({identity(entry): entry for entry in entries}.values())


@dataclass(frozen=True, slots=True)
class Pairs:
    """Labels or environment; a variable without a value is passed on from outside.

    :param listed: written as a list, or merged: docker compose's ``!reset`` of a single entry does
        not reach into such.
    :param reset: the entries to take away from what is merged below.
    """

    entries: Mapping[str, Text | None] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    listed: bool = False
    reset: Mapping[str, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Extends:
    """The service that another one builds on, and the file that it is in, if another."""

    service: Text
    file: Text | None


@dataclass(frozen=True, slots=True)
class VariablesFile:
    """An ``env_file`` or a ``label_file``; the path is as the user would name it."""

    path: Path
    at: Place
    required: bool = True
    raw: bool = False


@dataclass(frozen=True, slots=True)
class ServiceLayer:
    """What one file says of a service; ``None`` and empty: nothing.

    :param cleared: the fields of what is merged below that do not count (``!reset``,
        ``!override``).
    """

    at: Place
    labels: Pairs | None = None
    environment: Pairs | None = None
    ports: tuple[Port, ...] = ()
    expose: tuple[Text, ...] = ()
    volumes: tuple[Mount, ...] = ()
    networks: Mapping[str, Place] | None = None
    profiles: tuple[Text, ...] = ()
    env_files: tuple[VariablesFile, ...] = ()
    label_files: tuple[VariablesFile, ...] = ()
    network_mode: Text | None = None
    image: Text | None = None
    build: Text | None = None
    command: tuple[Text, ...] | None = None
    container_name: Text | None = None
    extends: Extends | None = None
    cleared: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class NetworkLayer:
    """What one file says of a network."""

    at: Place
    name: Text | None = None
    external: bool | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """What one file says.

    :param cleared: sections (``services``) and their entries (``services.app``) of what is merged
        below that do not count.
    """

    name: Text | None = None
    services: Mapping[str, ServiceLayer] = field(default_factory=dict)
    networks: Mapping[str, NetworkLayer] = field(default_factory=dict)
    volumes: Mapping[str, Place] = field(default_factory=dict)
    cleared: frozenset[str] = frozenset()
