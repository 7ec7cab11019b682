"""From declarations to what runs: names get their provider, routers their entry points, and what
refers to something that is missing or broken is out of use.

Source: Traefik documentation, "Configuration discovery", "Provider namespace", and "HTTP Routers".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from pytest_codex.traefik.chains import defect
from pytest_codex.traefik.configuration import (
    DOCKER,
    INTERNAL,
    Configuration,
    Loss,
    Middleware,
    Origin,
    Router,
    Service,
    qualified,
)
from pytest_codex.traefik.matching import Formula, compile_rule
from pytest_codex.traefik.merging import Merged
from pytest_codex.traefik.provider import Definition
from pytest_codex.traefik.static import EntryPoint, Static, Syntax
from pytest_codex.traefik.tokens import RuleError

#: Above this, priorities are Traefik's own.
MOST_PRIORITY = 2**63 - 1 - 1000
_STRATEGIES = frozenset({"", "wrr", "p2c", "hrw", "leasttime"})
#: The entry point of Traefik's own API, which exists without being named.
_API = "traefik"
#: Those of the dashboard.
_OWN_MIDDLEWARES = frozenset({"dashboard_redirect@internal", "dashboard_stripprefix@internal"})


def link(merged: Merged, static: Static, losses: tuple[Loss, ...] = ()) -> Configuration:
    """The configuration that declarations make."""
    middlewares = _foreign_middlewares(static)
    for name, definition in merged.middlewares.items():
        made = _middleware(name, definition, static)
        middlewares[made.name] = made
    services = _foreign_services(static)
    for name, definition in merged.services.items():
        service = _service(name, definition, merged.origins[name])
        services[service.name] = service
    linker = _Linker(static, middlewares, services)
    routers = [
        router
        for name, definition in merged.routers.items()
        for router in linker.routers(name, definition)
    ]
    return Configuration(
        static,
        tuple(sorted(routers, key=lambda router: router.name)),
        {name: linker.judged_middleware(name) for name in middlewares},
        {name: linker.judged_service(name) for name in services},
        (*losses, *merged.losses),
    )


def _foreign_middlewares(static: Static) -> dict[str, Middleware]:
    return {
        name: Middleware(name, name.partition("@")[0], kind, Origin(""))
        for name, kind in static.middlewares.items()
    }


def _foreign_services(static: Static) -> dict[str, Service]:
    return {
        name: Service(name, name.partition("@")[0], (), (), (Origin(""),))
        for name in static.services
    }


def _middleware(name: str, definition: Definition, static: Static) -> Middleware:
    kinds = [kind for kind, fields in definition.fields.items() if fields is not None]
    fields = definition.fields[kinds[0]] if len(kinds) == 1 else {}
    if len(kinds) > 1:
        reason = f"a middleware has one type, not {' and '.join(kinds)}"
    elif not kinds:
        reason = "it has no type"
    elif kinds == ["Plugin"]:
        unknown = sorted(set(fields) - static.plugins)
        reason = f"there is no plugin {unknown[0]!r}" if unknown else ""
    else:
        reason = defect(kinds[0], fields)
    kind = kinds[0] if len(kinds) == 1 else ""
    return Middleware(
        f"{name}@{DOCKER}", name, kind, definition.origin, fields, definition.sources, reason
    )


def _service(name: str, definition: Definition, origins: tuple[Origin, ...]) -> Service:
    own = f"{name}@{DOCKER}"
    middlewares = tuple(qualified(each, own) for each in definition.fields.get("Middlewares", ()))
    return Service(
        own,
        name,
        definition.servers,
        middlewares,
        origins,
        definition.fields,
        definition.sources,
        _service_defect(definition),
    )


_PORT = re.compile(r"[0-9]*")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*")


def _service_defect(definition: Definition) -> str:
    balancer = definition.fields.get("LoadBalancer", {})
    strategy = balancer.get("Strategy", "")
    if strategy not in _STRATEGIES:
        return f"there is no load-balancing strategy {strategy!r}"
    for server in definition.servers:
        if not server.url and not _PORT.fullmatch(server.port):
            return f"{server.port!r} is no port"
        if not server.url and not _SCHEME.fullmatch(server.scheme):
            return f"{server.scheme!r} is no scheme"
    transport = balancer.get("ServersTransport", "")
    if transport and "@" not in transport:
        return f"there is no servers transport {transport}@{DOCKER}"
    return ""


class _Linker:
    """Finds out what is out of use because of something else."""

    def __init__(
        self,
        static: Static,
        middlewares: Mapping[str, Middleware],
        services: Mapping[str, Service],
    ) -> None:
        self._static = static
        self._middlewares = middlewares
        self._services = services
        self._reasons: dict[str, str] = {}

    def judged_middleware(self, name: str) -> Middleware:
        """A middleware with the reason, if there is one, why no router can use it."""
        return replace(self._middlewares[name], disabled=self._middleware_reason(name))

    def judged_service(self, name: str) -> Service:
        """A service with the reason, if there is one, why no router can use it."""
        return replace(self._services[name], disabled=self._service_reason(name))

    def _middleware_reason(self, name: str, above: tuple[str, ...] = ()) -> str:
        """Why a middleware cannot be used; empty if it can."""
        middleware = self._middlewares.get(name)
        if middleware is None:
            return "" if name in _OWN_MIDDLEWARES else f"there is no middleware {name}"
        if name in above:
            return f"{' -> '.join((*above, name))} goes round in a circle"
        if name not in self._reasons:
            self._reasons[name] = middleware.disabled or self._reference_reason(
                middleware, (*above, name)
            )
        return self._reasons[name]

    def _reference_reason(self, middleware: Middleware, above: tuple[str, ...]) -> str:
        """Why what a middleware refers to cannot be used."""
        if middleware.kind == "Chain":
            inner = middleware.fields.get("Middlewares", ())
            names = tuple(qualified(each, middleware.name) for each in inner)
            return self._chain_reason(names, above)
        if middleware.kind == "Errors":
            name = qualified(middleware.fields.get("Service", ""), middleware.name)
            return self._service_reason(name, above)
        return ""

    def _service_reason(self, name: str, above: tuple[str, ...] = ()) -> str:
        if name.endswith(f"@{INTERNAL}"):
            known = name.removesuffix(f"@{INTERNAL}") in self._static.internal_services
            return "" if known else f"{name} is not switched on"
        service = self._services.get(name)
        if service is None:
            return f"there is no service {name}"
        return service.disabled or self._chain_reason(service.middlewares, above)

    def _chain_reason(self, names: tuple[str, ...], above: tuple[str, ...] = ()) -> str:
        for name in names:
            reason = self._middleware_reason(name, above)
            if reason:
                return reason if name not in self._middlewares else f"{name}: {reason}"
        return ""

    def routers(self, name: str, definition: Definition) -> Iterator[Router]:
        """A declared router as Traefik has it: once for each entry point."""
        fields = definition.fields
        points = fields.get("EntryPoints") or self._static.default_entry_points
        own = f"{name}@{DOCKER}"
        found = {each: point for each in points if (point := self._entry_point(each))}
        for entry_point, point in found.items():
            full = f"{entry_point}-{own}" if len(points) > 1 else own
            yield self._router(full, name, definition, entry_point, point)
        unknown = [each for each in points if each not in found]
        if unknown:
            router = self._router(own, name, definition, "", EntryPoint(""))
            yield replace(router, disabled=f"there is no entry point {unknown[0]!r}")

    def _entry_point(self, name: str) -> EntryPoint | None:
        default = EntryPoint(":8080") if name == _API else None
        return self._static.entry_points.get(name, default)

    def _router(
        self, full: str, name: str, definition: Definition, entry_point: str, point: EntryPoint
    ) -> Router:
        fields = definition.fields
        rule = fields["Rule"]
        priority = fields.get("Priority") or len(rule.encode())
        own = fields.get("Middlewares", ())
        middlewares = tuple(qualified(each, full) for each in (*point.middlewares, *own))
        service = qualified(fields["Service"], full)
        formula, reason = self._formula(fields)
        return Router(
            full,
            name,
            entry_point,
            point.tls or "TLS" in fields,
            rule,
            formula,
            priority,
            middlewares,
            service,
            definition.origin,
            fields,
            definition.sources,
            self._priority_reason(priority)
            or self._tls_reason(fields, full)
            or self._service_reason(service)
            or self._chain_reason(middlewares)
            or reason,
        )

    def _formula(self, fields: Mapping[str, object]) -> tuple[Formula | None, str]:
        rule, chosen = str(fields["Rule"]), fields.get("RuleSyntax")
        syntax: Syntax = "v2" if (chosen or self._static.rule_syntax) == "v2" else "v3"
        if fields.get("DefaultRule") and not chosen:
            syntax = "v3"
        try:
            return compile_rule(rule, syntax), ""
        except RuleError as error:
            return None, f"the rule is refused: {error.message}"

    def _priority_reason(self, priority: int) -> str:
        too_high = priority > MOST_PRIORITY
        return f"the priority is above {MOST_PRIORITY}" if too_high else ""

    def _tls_reason(self, fields: Mapping[str, object], full: str) -> str:
        tls = fields.get("TLS")
        options = tls.get("Options", "") if isinstance(tls, Mapping) else ""
        if options in ("", "default"):
            return ""
        name = qualified(options, full)
        return "" if name in self._static.tls_options else f"there are no TLS options {name}"
