"""What Traefik is told when it starts, as far as routing depends on it.

Source: Traefik documentation, "Static configuration"; the defaults here are Traefik's, with the two
entry points that its documentation uses throughout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Syntax = Literal["v2", "v3"]


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A port on which Traefik listens.

    :param address: as in ``--entrypoints.NAME.address``, for example ``:443``.
    :param tls: whether every router on it has TLS (``http.tls``).
    :param middlewares: put before those of every router on it (``http.middlewares``).
    :param as_default: whether routers that name no entry point get it (``asDefault``).
    :param sanitize_path: whether ``//``, ``.`` and ``..`` are taken out of paths.
    """

    address: str
    tls: bool = False
    middlewares: tuple[str, ...] = ()
    as_default: bool = False
    sanitize_path: bool = True


def _entry_points() -> Mapping[str, EntryPoint]:
    return MappingProxyType({"web": EntryPoint(":80"), "websecure": EntryPoint(":443")})


@dataclass(frozen=True, slots=True)
class Static:
    """The static configuration.

    :param entry_points: by name, without the API's own ``traefik``.
    :param exposed_by_default: the Docker provider's ``exposedByDefault``.
    :param default_rule: the Docker provider's ``defaultRule``, a Go template.
    :param rule_syntax: ``core.defaultRuleSyntax``.
    :param middlewares: names of other providers' middlewares (``name@file``) to their types.
    :param services: names of other providers' services (``name@file``).
    :param tls_options: names of other providers' TLS options (``name@file``).
    :param plugins: names of the plugins that are declared.
    :param internal_services: Traefik's own services that are switched on, without ``@internal``.
    """

    entry_points: Mapping[str, EntryPoint] = field(default_factory=_entry_points)
    exposed_by_default: bool = True
    default_rule: str = "Host(`{{ normalize .Name }}`)"
    rule_syntax: Syntax = "v3"
    middlewares: Mapping[str, str] = field(default_factory=dict)
    services: frozenset[str] = frozenset()
    tls_options: frozenset[str] = frozenset()
    plugins: frozenset[str] = frozenset()
    internal_services: frozenset[str] = frozenset({"noop", "api", "dashboard"})

    @property
    def default_entry_points(self) -> tuple[str, ...]:
        """Where a router is that names no entry point: the ``asDefault`` ones, or else all."""
        chosen = tuple(name for name, point in self.entry_points.items() if point.as_default)
        return chosen or tuple(self.entry_points)
