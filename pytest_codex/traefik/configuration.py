"""What Traefik makes of its configuration: routers, middlewares and services, working or not.

These are values. :func:`labels.configure` makes them, :mod:`routing` asks them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from pytest_codex.traefik.matching import Formula
from pytest_codex.traefik.static import Static

DOCKER = "docker"
INTERNAL = "internal"


class Scope(Enum):
    """How much an error took with it."""

    PROVIDER = "every container"
    CONTAINER = "the whole container"
    ROUTER = "the router"
    MIDDLEWARE = "every definition of the middleware"
    SERVICE = "every definition of the service"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something was declared.

    :param container: the name of the container, ``service-project``.
    :param label: its first label; empty for what Traefik made without one.
    """

    container: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that was declared, and that Traefik does not have.

    :param name: of what is gone: a container, a router, a middleware, a service.
    :param origins: where it was declared; the label at fault where there is one.
    """

    scope: Scope
    name: str
    reason: str
    origins: tuple[Origin, ...]


@dataclass(frozen=True, slots=True)
class Router:
    """A router on one entry point.

    :param name: as Traefik calls it: ``api@docker``, or ``websecure-api@docker`` if it is on
        several entry points.
    :param declared: its name in the labels.
    :param entry_point: empty if it is on none that exists.
    :param tls: whether it answers TLS connections, and only these.
    :param formula: its rule, or None if Traefik refuses that.
    :param priority: the one in effect.
    :param middlewares: qualified names, those of the entry point first.
    :param service: qualified name.
    :param fields: all that its labels say, by Traefik's names of the fields.
    :param sources: the label of each field that has one.
    :param disabled: why it is out of use; empty if it is in use.
    """

    name: str
    declared: str
    entry_point: str
    tls: bool
    rule: str
    formula: Formula | None = field(repr=False)
    priority: int
    middlewares: tuple[str, ...]
    service: str
    origin: Origin
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    sources: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    disabled: str = ""

    @property
    def enabled(self) -> bool:
        """Whether it can answer requests."""
        return not self.disabled


@dataclass(frozen=True, slots=True)
class Middleware:
    """A middleware.

    :param name: qualified: ``auth@docker``.
    :param kind: its type as Traefik spells it, ``ForwardAuth``; empty for none.
    :param fields: those of its type.
    :param sources: the label of each field, by its path: ``ForwardAuth.Address``.
    :param disabled: why no router that uses it works; empty if it is well.
    """

    name: str
    declared: str
    kind: str
    origin: Origin
    fields: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    disabled: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """One address of a service.

    :param container: the name of the container it belongs to; empty if it is a plain URL.
    :param port: as written, or as chosen by Traefik.
    """

    container: str
    port: str
    scheme: str = "http"
    url: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """A service.

    :param middlewares: qualified names; they come after those of the router.
    :param origins: every container that declares it; the first decides all but the servers.
    """

    name: str
    declared: str
    servers: tuple[Server, ...]
    middlewares: tuple[str, ...]
    origins: tuple[Origin, ...]
    fields: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    disabled: str = ""


@dataclass(frozen=True, slots=True)
class Configuration:
    """All of it.

    :param routers: in the order of their names.
    :param losses: what was declared in vain.
    """

    static: Static
    routers: tuple[Router, ...] = ()
    middlewares: Mapping[str, Middleware] = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)
    losses: tuple[Loss, ...] = ()

    def declared(self, name: str) -> tuple[Router, ...]:
        """The routers that a name in the labels stands for, one for each entry point."""
        return tuple(router for router in self.routers if router.declared == name)

    def expanded(self, names: tuple[str, ...]) -> Iterator[Middleware]:
        """The middlewares of a chain, with those of ``chain`` middlewares in their place.

        :param names: qualified; unknown ones are left out.
        """
        pending = list(reversed(names))
        while pending:
            middleware = self.middlewares.get(pending.pop())
            if middleware is None:
                continue
            if middleware.kind == "Chain" and not middleware.disabled:
                inner = middleware.fields.get("Middlewares", ())
                pending += [qualified(each, middleware.name) for each in reversed(inner)]
            else:
                yield middleware

    def chain(self, router: Router) -> tuple[Middleware, ...]:
        """Every middleware that a request meets on its way through a router, outermost first."""
        service = self.services.get(router.service)
        names = (*router.middlewares, *(service.middlewares if service else ()))
        return tuple(self.expanded(names))


def qualified(name: str, beside: str) -> str:
    """A name with its provider: that of the name beside which it stands, if it has none."""
    if "@" in name:
        return name
    parts = beside.split("@")
    return f"{name}@{parts[1] if len(parts) > 1 else ''}"
