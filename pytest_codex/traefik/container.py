"""A container, as far as Traefik's Docker provider looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


def normalize(name: str) -> str:
    """A name with ``-`` for every run of characters that are neither letters nor digits."""
    spaced = "".join(each if each.isalpha() or each.isnumeric() else " " for each in name)
    return "-".join(spaced.split())


@dataclass(frozen=True, slots=True)
class Container:
    """A container.

    :param service: its service in the compose file.
    :param project: the compose project.
    :param labels: as the engine reports them, with every variable replaced.
    :param ports: those that it exposes: ``EXPOSE``, ``expose`` and the container's side of
        ``ports``.
    :param networks: the names of the networks it is on, as the engine knows them.
    :param host_network: whether it shares the host's network.
    :param container_name: if it was given one.
    """

    service: str
    project: str = "default"
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[int, ...] = ()
    networks: tuple[str, ...] = ("default",)
    host_network: bool = False
    running: bool = True
    healthy: bool = True
    container_name: str = ""

    @property
    def name(self) -> str:
        """What Traefik calls it: the default name of its router and its service."""
        return normalize(f"{self.service}_{self.project}")
