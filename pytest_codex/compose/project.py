"""What compose files say, put together: values without I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_codex.compose.places import Place, Problem, Text


@dataclass(frozen=True, slots=True)
class Port:
    """A container's port made reachable from outside.

    :param published: the host's ports, one of which is taken; ``None``: any free one.
    :param host_ip: the host's address; empty: every address.
    :param unset: the unset variables that it depends on.
    """

    target: int
    published: range | None
    host_ip: str
    protocol: str
    at: Place
    unset: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder, file or volume that a container sees.

    :param kind: ``bind``, ``volume``, ``tmpfs`` or another type of the long form.
    :param source: of a bind mount the absolute path, of a volume its key, empty where anonymous.
    :param unset: the unset variables that it depends on.
    """

    kind: str
    source: str
    target: str
    read_only: bool
    at: Place
    unset: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Network:
    """A network of the project; `name` is what docker calls it, `key` what the files do."""

    key: str
    name: str
    external: bool
    at: Place


@dataclass(frozen=True, slots=True)
class Service:
    """A service as docker compose would create it.

    :param at: the line of its name, in the last file that has it.
    :param labels: those of ``label_file`` included, each at its own line.
    :param environment: those of ``env_file`` and of the shell included; without the variables
        that are passed through and not set.
    :param networks: the keys of the networks it joins, and where it says so.
    :param build: the folder that its image is built from.
    """

    name: str
    at: Place
    labels: Mapping[str, Text]
    environment: Mapping[str, Text]
    ports: tuple[Port, ...]
    expose: tuple[Text, ...]
    volumes: tuple[Mount, ...]
    networks: Mapping[str, Place]
    network_mode: Text | None
    profiles: tuple[Text, ...]
    image: Text | None
    build: Text | None
    command: tuple[Text, ...] | None
    container_name: Text | None


@dataclass(frozen=True, slots=True)
class Project:
    """The services and networks of one or more compose files.

    :param directory: what relative paths start from, as the user named it.
    :param files: every compose file that was read, included and extended ones too.
    :param services: without those whose profiles are not enabled.
    :param networks: by key; ``default`` only where a service joins it.
    :param named: the files that the user named, in order; `env_files` and `profiles` likewise.
    """

    name: str
    directory: Path
    files: tuple[Path, ...]
    services: Mapping[str, Service]
    networks: Mapping[str, Network]
    problems: tuple[Problem, ...]
    named: tuple[Path, ...] = ()
    env_files: tuple[Path, ...] = ()
    profiles: tuple[str, ...] = ()

    @property
    def labels(self) -> Mapping[str, Text]:
        """The labels of all services together; of two services' same label the later one's."""
        services = self.services.values()
        return {name: text for service in services for name, text in service.labels.items()}
