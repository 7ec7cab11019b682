"""What one container declares: its labels read, its defaults filled in.

Source: Traefik documentation, "Docker provider".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_codex.traefik.configuration import Loss, Origin, Scope, Server
from pytest_codex.traefik.container import Container, normalize
from pytest_codex.traefik.decoding import LabelError, Node, decode, value_of
from pytest_codex.traefik.schema import (
    CONFIGURATION,
    CONFIGURATION_PREFIXES,
    CONTAINER,
    CONTAINER_PREFIXES,
    LOAD_BALANCER,
    Struct,
)
from pytest_codex.traefik.static import Static


class TemplateError(ValueError):
    """A default rule that is not understood here."""


class ProviderCrash(Exception):  # noqa: N818 - it is Traefik's error, not ours
    """A label that takes the whole Docker provider down."""

    def __init__(self, loss: Loss) -> None:
        super().__init__(loss.reason)
        self.loss = loss


@dataclass(frozen=True, slots=True)
class Definition:
    """One router, middleware or service as a container declares it.

    :param fields: by Traefik's names.
    :param sources: the label of each field, by its path.
    :param servers: of a service.
    """

    origin: Origin
    fields: Mapping[str, Any]
    sources: Mapping[str, str] = field(default_factory=dict)
    servers: tuple[Server, ...] = ()


@dataclass(frozen=True, slots=True)
class Declarations:
    """All that a container declares, by name, and what it has lost."""

    container: str
    routers: Mapping[str, Definition] = field(default_factory=dict)
    middlewares: Mapping[str, Definition] = field(default_factory=dict)
    services: Mapping[str, Definition] = field(default_factory=dict)
    losses: tuple[Loss, ...] = ()


class _DroppedError(Exception):
    """The container is dropped: the message says why."""


def declarations(container: Container, static: Static) -> Declarations:
    """What a container declares; nothing if Traefik does not look at it.

    :raises ProviderCrash: for a label that loses every container.
    :raises TemplateError: for a default rule that is not understood.
    """
    try:
        return _declarations(container, static)
    except LabelError as error:
        if error.crashes:
            loss = _loss(Scope.PROVIDER, container, error.message, error.label)
            raise ProviderCrash(loss) from None
        return _dropped(container, error.message, error.label)
    except _DroppedError as error:
        return _dropped(container, str(error))


def _dropped(container: Container, reason: str, label: str = "") -> Declarations:
    return Declarations(container.name, losses=(_loss(Scope.CONTAINER, container, reason, label),))


def _loss(scope: Scope, container: Container, reason: str, label: str = "") -> Loss:
    return Loss(scope, container.name, reason, (Origin(container.name, label),))


def _declarations(container: Container, static: Static) -> Declarations:
    about = _values(decode(container.labels, CONTAINER_PREFIXES, CONTAINER), CONTAINER)
    if not about.get("Enable", _is_exposed(container, static)):
        return Declarations(container.name)
    stopped = not (container.running and container.healthy)
    if stopped and not about.get("Docker", {}).get("AllowNonRunning"):
        state = "is not healthy" if container.running else "does not run"
        return _dropped(container, f"the container {state}")
    root = decode(container.labels, CONFIGURATION_PREFIXES, CONFIGURATION)
    values = _values(root, CONFIGURATION)
    http = values.get("HTTP", {})
    other = [values[each] for each in ("TCP", "UDP") if each in values]
    other = [each for each in other if each.get("Routers") or each.get("Services")]
    for each in other:
        _servers(container, each.get("Services", {}), stopped=stopped)
    if other and not any(http.get(each) for each in ("Routers", "Middlewares", "Services")):
        return Declarations(container.name)
    return _http(container, static, http, _http_nodes(root), stopped=stopped)


def _is_exposed(container: Container, static: Static) -> bool:
    """``exposedByDefault``, where no label says otherwise."""
    says = any(label.lower() == "traefik.enable" for label in container.labels)
    return static.exposed_by_default and not says


def _values(root: Node | None, schema: Struct) -> dict[str, Any]:
    found: dict[str, Any] = value_of(root, schema) if root else {}
    return found


def _http_nodes(root: Node | None) -> Mapping[str, Mapping[str, Node]]:
    """The nodes of routers, middlewares and services, by their names."""
    http = root.child("http") if root else None
    found = {}
    for kind in ("Routers", "Middlewares", "Services"):
        node = http.child(kind) if http else None
        found[kind] = {child.name: child for child in node.children} if node else {}
    return found


def _http(
    container: Container,
    static: Static,
    http: Mapping[str, Any],
    nodes: Mapping[str, Mapping[str, Node]],
    *,
    stopped: bool,
) -> Declarations:
    declared = http.get("Services") or {container.name: _automatic()}
    servers = _servers(container, declared, stopped=stopped)
    services = {
        name: _definition(container, fields, nodes["Services"].get(name), servers[name])
        for name, fields in declared.items()
    }
    middlewares = {
        name: _definition(container, fields, nodes["Middlewares"].get(name))
        for name, fields in http.get("Middlewares", {}).items()
    }
    routers, losses = _routers(container, static, http, nodes["Routers"], tuple(services))
    return Declarations(container.name, routers, middlewares, services, losses)


def _automatic() -> dict[str, Any]:
    """The service of a container that declares none."""
    return {"LoadBalancer": dict(LOAD_BALANCER.defaults)}


def _servers(
    container: Container, services: Mapping[str, Any], *, stopped: bool
) -> dict[str, tuple[Server, ...]]:
    """The server that each service gets from its container."""
    found: dict[str, tuple[Server, ...]] = {}
    for name, fields in (services or {container.name: _automatic()}).items():
        balancer = fields.get("LoadBalancer")
        if balancer is None and not stopped:
            raise _DroppedError(f"service {name} has no load balancer")
        found[name] = () if stopped else (_server(container, name, balancer.get("Server", {})),)
    return found


def _server(container: Container, service: str, fields: Mapping[str, Any]) -> Server:
    url = fields.get("URL")
    if url:
        if fields.get("Port") or fields.get("Scheme"):
            raise _DroppedError(f"service {service} has a URL as well as a port or a scheme")
        return Server("", "", "", url)
    if not (container.networks or container.host_network):
        raise _DroppedError("the container is on no network")
    port = fields.get("Port") or str(min(container.ports, default=""))
    if not port:
        raise _DroppedError(f"service {service} has no port, and the container exposes none")
    return Server(container.name, port, fields.get("Scheme", "http"))


def _routers(
    container: Container,
    static: Static,
    http: Mapping[str, Any],
    nodes: Mapping[str, Node],
    services: tuple[str, ...],
) -> tuple[dict[str, Definition], tuple[Loss, ...]]:
    declared = http.get("Routers") or ({container.name: {}} if len(services) == 1 else {})
    found = {}
    losses = []
    for name, fields in declared.items():
        definition = _definition(container, fields, nodes.get(name))
        if not fields.get("Service") and len(services) > 1:
            reason = f"it names no service, and its container declares {len(services)}"
            losses.append(Loss(Scope.ROUTER, name, reason, (definition.origin,)))
            continue
        completed = dict(fields)
        completed.setdefault("Service", services[0])
        if "Rule" not in completed:
            completed |= {"Rule": default_rule(static.default_rule, container), "DefaultRule": True}
        found[name] = Definition(definition.origin, completed, definition.sources)
    return found, tuple(losses)


def _definition(
    container: Container,
    fields: Mapping[str, Any],
    node: Node | None,
    servers: tuple[Server, ...] = (),
) -> Definition:
    if node is None:
        return Definition(Origin(container.name), fields, {}, servers)
    return Definition(Origin(container.name, _first_label(node)), fields, _sources(node), servers)


def _first_label(node: Node) -> str:
    while node.children:
        node = node.children[0]
    return node.label


def _sources(node: Node) -> dict[str, str]:
    """The label of every field below a node, by its path in lower case."""
    found = {}
    pending = [(node, "")]
    while pending:
        parent, path = pending.pop()
        for child in parent.children:
            inner = f"{path}.{child.name.lower()}" if path else child.name.lower()
            found[inner] = child.label
            pending.append((child, inner))
    return found


# -- the default rule -----------------------------------------------------------------------------

_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}")
_FIELD = re.compile(r"(normalize\s+)?(?:\.(Name|ContainerName)|\(?index \.Labels \"([^\"]+)\"\)?)")


def default_rule(template: str, container: Container) -> str:
    """The rule of a router that has none.

    Understood are ``.Name``, ``.ContainerName`` and ``index .Labels "…"``, each with or without
    ``normalize``.

    :raises TemplateError: for any other template.
    """

    def value(action: re.Match[str]) -> str:
        found = _FIELD.fullmatch(action[1])
        if found is None:
            raise TemplateError(f"the default rule {template!r} is not understood here")
        normal, name, label = found.groups()
        if label:
            text = container.labels.get(label, "")
        else:
            text = container.name if name == "Name" else container.container_name
        return normalize(text) if normal else text

    return _ACTION.sub(value, template)
