"""Who reaches the application without a key: past ForwardAuth, or past Traefik.

Source: the playbook, "Principles" and "Map DEV settings to PROD" (what is public).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import takewhile

from pytest_codex.compose.project import Service
from pytest_codex.invariants.findings import Finding, UnjudgedError
from pytest_codex.invariants.stack import Stack, port_of
from pytest_codex.traefik.chains import (
    PREFLIGHT,
    is_cors,
    is_forward_auth,
    is_preflight,
    met,
    redirects,
    rewrites_path,
)
from pytest_codex.traefik.configuration import Middleware, Router, qualified
from pytest_codex.traefik.matching import ALWAYS, Condition, Facts, Subject, truth
from pytest_codex.traefik.requests import Request, canonical_host, routing_path


def no_way_in(stack: Stack) -> Iterator[Finding]:
    """Proved over all requests of any host: methods, paths, headers, query and address."""
    apps = stack.apps
    ways: dict[str, tuple[Router, Request]] = {}
    for outcomes in stack.outcomes:
        for outcome in outcomes.found:
            request = outcome.request or outcomes.partial
            for router in outcome.routers:
                if _lets_in(stack, router, request):
                    _, known = ways.get(router.name, (router, request))
                    telling = max(known, request, key=lambda each: _tells(stack, router, each))
                    ways[router.name] = (router, telling)
    for router, request in ways.values():
        yield _way_in(stack, router, request)
    yield from _given_keys(stack)
    yield from _error_pages(stack)
    yield from _raw_connections(apps)
    if not stack.requests.complete:
        yield Finding(
            "no-way-in",
            stack.top,
            "the rules are too intricate to be proved safe",
            "rules of which it can be proved",
            "use fewer regular expressions",
        )


def _tells(stack: Stack, router: Router, request: Request) -> tuple[bool, bool, bool]:
    """How well a request shows that a router lets it in."""
    redirected = any(redirects(m, request) for m in stack.deployment.configuration.chain(router))
    is_chat = request.method == "POST" and request.path == stack.chat_path
    return not redirected, is_chat, request.host == stack.host


def _lets_in(stack: Stack, router: Router, request: Request) -> bool:
    if not stack.leads_to_app(router):
        return False
    chain = met(stack.deployment.configuration.chain(router), request)
    if any(map(is_forward_auth, chain)):
        return False
    if any(map(is_cors, chain)) and is_preflight(request) and _is_for_preflights(router, request):
        return False
    is_public = routing_path(request.path) in stack.policy.public_paths
    return not is_public or any(map(rewrites_path, chain))


def _is_for_preflights(router: Router, request: Request) -> bool:
    """Whether a router takes, of requests like this one, those with both headers only."""
    facts = Facts(method=request.method, host=canonical_host(request.host), path=None)

    def without(header: str) -> bool | None:
        def known(condition: Condition) -> bool | None:
            absent = condition.subject is Subject.HEADER and condition.key == header
            return False if absent else facts(condition)

        return truth(router.formula or ALWAYS, known)

    return all(without(header) is False for header, _ in PREFLIGHT)


def _way_in(stack: Stack, router: Router, request: Request) -> Finding:
    chain = stack.deployment.configuration.chain(router)
    for middleware in chain:
        if redirects(middleware, request):
            return _redirected(stack, router, request, middleware)
    rewriting = [each.declared for each in chain if rewrites_path(each)]
    is_public = routing_path(request.path) in stack.policy.public_paths
    by_path = is_public and rewriting
    # What a preflight is let in for is other requests, and CORS answers it itself.
    shows = not (is_preflight(request) and any(map(is_cors, chain)))
    return Finding(
        "no-way-in",
        stack.deployment.place(
            router, "middlewares" if by_path or router in stack.routers("api") else "rule"
        ),
        f"router {router.declared} lets in who has no key"
        + (f", and {rewriting[0]} makes another path of the public one" if by_path else ""),
        f"ForwardAuth before whatever is not {', '.join(stack.policy.public_paths)}",
        f"take {rewriting[0]} out of its chain"
        if by_path
        else f"put {stack.named('forwardauth')} into its chain, or narrow its rule",
        request=request.curl() if shows else "",
    )


def _redirected(stack: Stack, router: Router, request: Request, middleware: Middleware) -> Finding:
    """Advice: what is meant to be redirected reaches the application only if it is not."""
    return Finding(
        "no-way-in",
        stack.deployment.place(router, "service"),
        f"only {middleware.declared} keeps requests to router {router.declared} from the "
        "application",
        "a router that leads nowhere",
        f"set traefik.http.routers.{router.declared}.service=noop@internal",
        consequence="What is not redirected is let in without a key: where Traefik trusts the "
        "proxy before it, a request says by X-Forwarded-Proto that it came by HTTPS.",
        request=request.curl(),
        advice=True,
    )


def _given_keys(stack: Stack) -> Iterator[Finding]:
    """Middlewares that present a key in the client's place."""
    configuration = stack.deployment.configuration
    for router in configuration.routers:
        if not router.enabled or not stack.leads_to_app(router):
            continue
        for middleware in configuration.chain(router):
            header = _authorization(middleware)
            if header:
                yield Finding(
                    "no-way-in",
                    stack.deployment.place(middleware, f"headers.customRequestHeaders.{header}"),
                    f"middleware {middleware.declared} of router {router.declared} adds {header} "
                    "to every request",
                    "requests with the client's own key",
                    "take the header out",
                )


def _error_pages(stack: Stack) -> Iterator[Finding]:
    """Error pages that Traefik gets from the application, without asking for a key."""
    configuration = stack.deployment.configuration
    for router in configuration.routers:
        if not router.enabled:
            continue
        for middleware in takewhile(lambda m: not is_forward_auth(m), configuration.chain(router)):
            service = qualified(middleware.fields.get("Service", ""), middleware.name)
            path = middleware.fields.get("Query", "").partition("?")[0]
            public = path in stack.policy.public_paths
            if middleware.kind == "Errors" and not public and service in stack.app_services:
                yield Finding(
                    "no-way-in",
                    stack.deployment.place(middleware, "errors.service"),
                    f"middleware {middleware.declared} of router {router.declared} fetches its "
                    f"pages from the application, at {path or '/'}",
                    "error pages from elsewhere, or behind ForwardAuth",
                    f"put {middleware.declared} behind ForwardAuth, or name another service",
                )


def _raw_connections(apps: Iterable[Service]) -> Iterator[Finding]:
    """TCP routers: what they take meets no middleware for HTTP, and so no ForwardAuth."""
    for service in apps:
        labels = {label.lower(): text for label, text in service.labels.items()}
        raw = [label for label in labels if label.startswith("traefik.tcp.")]
        for label in [each for each in raw if each.endswith(".rule")] or raw[:1]:
            yield Finding(
                "no-way-in",
                labels[label].at,
                f"service {service.name} is served to raw TCP connections",
                "HTTP routers only",
                "remove its traefik.tcp labels",
            )


def _authorization(middleware: Middleware) -> str:
    headers = middleware.fields.get("CustomRequestHeaders", {}).items()
    return next((name for name, value in headers if name.lower() == "authorization" and value), "")


def ports_on_loopback(stack: Stack) -> Iterator[Finding]:
    """Of the application and of what answers for it; of other services as advice."""
    guarded = _guarded(stack)
    for service, port in stack.deployment.open_ports():
        is_guarded = service.name in guarded
        if not is_guarded and service.image is not None and "traefik" in service.image.value:
            continue
        yield Finding(
            "ports-on-loopback",
            port.at,
            f"service {service.name} publishes port {port.target} on "
            f"{port.host_ip or 'every address'}",
            "127.0.0.1",
            f"write 127.0.0.1:{_published(port.published)}:{port.target}",
            consequence="" if is_guarded else "Whoever reaches this host reaches it.",
            advice=not is_guarded,
        )
    for service in guarded.values():
        mode = service.network_mode
        if mode is not None and mode.value == "host":
            yield Finding(
                "ports-on-loopback",
                mode.at,
                f"service {service.name} shares the host's network: it listens on every address",
                "a network of its own, and ports on 127.0.0.1",
                "remove network_mode: host",
            )


def _guarded(stack: Stack) -> Mapping[str, Service]:
    """The application and the authentication server, by their names."""
    numbers = {port_of(stack.policy.auth_address)}
    with suppress(UnjudgedError):
        numbers.add(port_of(str(stack.auth.fields.get("Address", ""))))
    guarded = {service.name: service for service in stack.apps}
    for service in stack.project.services.values():
        if any(number in (port.published or ()) for port in service.ports for number in numbers):
            guarded[service.name] = service
    return guarded


def _published(ports: range | None) -> str:
    if ports is None:
        return "PORT"
    return str(ports[0]) if len(ports) == 1 else f"{ports[0]}-{ports[-1]}"
