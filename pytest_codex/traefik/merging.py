"""The declarations of all containers as one: equal ones are one, others lose each other.

Source: Traefik documentation, "Docker provider"; that a service's middlewares are not compared is
observed on Traefik 3.7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from pytest_codex.traefik.configuration import Loss, Origin, Scope
from pytest_codex.traefik.provider import Declarations, Definition


@dataclass(frozen=True, slots=True)
class Merged:
    """What all containers declare, by name.

    :param origins: every container that declares a service.
    """

    routers: Mapping[str, Definition] = field(default_factory=dict)
    middlewares: Mapping[str, Definition] = field(default_factory=dict)
    services: Mapping[str, Definition] = field(default_factory=dict)
    origins: Mapping[str, tuple[Origin, ...]] = field(default_factory=dict)
    losses: tuple[Loss, ...] = ()


def merge(declarations: Iterable[Declarations]) -> Merged:
    """Merge what containers declare, in the order of their names."""
    ordered = sorted(declarations, key=lambda each: each.container)
    losses = [loss for each in ordered for loss in each.losses]
    routers = _merged(Scope.ROUTER, [each.routers for each in ordered], _only_equal, losses)
    middlewares = _merged(
        Scope.MIDDLEWARE, [each.middlewares for each in ordered], _only_equal, losses
    )
    services = _merged(Scope.SERVICE, [each.services for each in ordered], _with_servers, losses)
    origins = {
        name: tuple(each.services[name].origin for each in ordered if name in each.services)
        for name in services
    }
    return Merged(routers, middlewares, services, origins, tuple(losses))


_Join = Callable[[Definition, Definition], Definition | None]


def _merged(
    scope: Scope, parts: Iterable[Mapping[str, Definition]], join: _Join, losses: list[Loss]
) -> dict[str, Definition]:
    found: dict[str, list[Definition]] = {}
    for part in parts:
        for name, definition in part.items():
            found.setdefault(name, []).append(definition)
    kept = {}
    for name, (first, *others) in found.items():
        joined: Definition | None = first
        for other in others:
            joined = joined and join(joined, other)
        if joined is None:
            origins = tuple(each.origin for each in (first, *others))
            losses.append(Loss(scope, name, "containers declare it differently", origins))
        else:
            kept[name] = joined
    return kept


def _only_equal(first: Definition, other: Definition) -> Definition | None:
    return first if first.fields == other.fields else None


def _with_servers(first: Definition, other: Definition) -> Definition | None:
    """Services that differ by their servers only are one with all of these."""
    mine, theirs = (
        {key: value for key, value in each.fields["LoadBalancer"].items() if key != "Server"}
        for each in (first, other)
    )
    if mine != theirs:
        return None
    more = tuple(server for server in other.servers if server not in first.servers)
    return replace(first, servers=first.servers + more)
