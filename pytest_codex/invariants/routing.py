"""Which router answers what, over all requests.

Source: the playbook, "Principles" (the four routers) and "Map DEV settings to PROD" (what is
public); Traefik documentation, "HTTP Routers", for what answers what.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pytest_codex.compose.places import Place
from pytest_codex.invariants.findings import Finding
from pytest_codex.invariants.stack import ROLES, Stack, hosts_of
from pytest_codex.traefik.chains import (
    PREFLIGHT,
    is_preflight,
)
from pytest_codex.traefik.configuration import Router
from pytest_codex.traefik.requests import Request, routing_path

# -- the four routers -----------------------------------------------------------------------------


def routers_exist(stack: Stack) -> Iterator[Finding]:
    """Declared, in use, and where they have to be."""
    told: set[Place] = set()
    for role in ROLES:
        name = stack.named(role)
        routers = stack.routers(role)
        if not routers:
            finding = _gone(stack, name)
            if finding.at not in told or not finding.found.startswith("router"):
                yield finding
            told.add(finding.at)
        for router in routers:
            yield from _use(stack, router)
            if router.enabled and role != "preflight":
                yield from _leads_elsewhere(stack, router)
        elsewhere = [r for r in routers if r.entry_point != stack.policy.entry_point]
        if elsewhere and all(router.enabled for router in routers):
            points = ", ".join(router.entry_point for router in routers)
            yield Finding(
                "routers-exist",
                stack.deployment.place(elsewhere[0], "entrypoints"),
                f"router {name} is on the entry point {points}",
                stack.policy.entry_point,
                f"set entrypoints={stack.policy.entry_point}",
            )
    yield from _hosts(stack)


def _gone(stack: Stack, name: str) -> Finding:
    for loss in stack.losses_of(name):
        at = [stack.deployment.label_place(origin) for origin in loss.origins]
        return Finding(
            "routers-exist",
            at[0] if at else stack.top,
            f"router {name} and all that is lost with it is gone: {loss.reason}",
            f"the routers {', '.join(map(stack.named, ROLES))}",
            "correct this label",
            other=at[1] if len(at) > 1 else None,
        )
    service = stack.app
    enabled = stack.deployment.container_of(service)
    declares = any(f".{name.lower()}." in label.lower() for label in service.labels)
    why = ""
    if declares and not any(
        router.origin.container == enabled for router in stack.deployment.configuration.routers
    ):
        why = ", because Traefik is not told to serve it (traefik.enable)"
    return Finding(
        "routers-exist",
        service.at,
        f"there is no router {name}{why}",
        f"the routers {', '.join(map(stack.named, ROLES))}",
        "enable the service" if why else f"declare traefik.http.routers.{name}.rule and the rest",
    )


def _use(stack: Stack, router: Router) -> Iterator[Finding]:
    place = stack.deployment.place
    name = router.declared
    if router.disabled:
        yield Finding(
            "routers-exist",
            place(router, _field_at_fault(router)),
            f"router {name} is out of use: {router.disabled}",
            "a router that works",
            "mend what this line says, or what it refers to",
        )
    if "rule" not in router.sources:
        yield Finding(
            "routers-exist",
            place(router, "rule"),
            f"router {name} has no rule of its own: Traefik gives it {router.rule}",
            f"a rule that asks for the host of {stack.named('api')}",
            f"set traefik.http.routers.{name}.rule",
        )
    if not router.tls and router.entry_point:
        yield Finding(
            "routers-exist",
            place(router, "tls"),
            f"router {name} answers plain HTTP on {router.entry_point} and no TLS",
            "tls=true",
            f"set traefik.http.routers.{name}.tls=true",
            consequence="Clients, which connect with TLS, get a 404.",
        )


def _leads_elsewhere(stack: Stack, router: Router) -> Iterator[Finding]:
    """Not to the application, or to something else as well: servers of one name are merged."""
    consequence = "Clients get another server's answers, or Traefik's own."
    service = stack.deployment.configuration.services.get(router.service)
    if service is not None and stack.leads_to_app(router):
        for origin in service.origins:
            container = stack.deployment.service_of(origin.container)
            if not stack.is_app(container):
                yield Finding(
                    "routers-exist",
                    stack.deployment.label_place(origin),
                    f"service {container.name} declares {service.declared} too, and so router "
                    f"{router.declared} leads to it now and then",
                    "the application only",
                    "give this service a name of its own",
                    consequence=consequence,
                )
        return
    yield Finding(
        "routers-exist",
        stack.deployment.place(router, "service"),
        f"router {router.declared} leads to {router.service}, which is not the application",
        f"the service of {stack.named('api')}",
        f"set traefik.http.routers.{router.declared}.service",
        consequence=consequence,
    )


def _field_at_fault(router: Router) -> str:
    """The field that the reason for which a router is out of use is about."""
    for word, field in (
        ("rule", "rule"),
        ("middleware", "middlewares"),
        ("entry point", "entrypoints"),
        ("priority", "priority"),
        ("service", "service"),
        ("TLS", "tls.options"),
    ):
        if word in router.disabled.partition(":")[0]:
            return field
    return "middlewares"


def _hosts(stack: Stack) -> Iterator[Finding]:
    for role in ROLES:
        for router in stack.routers(role):
            if router.formula is None or "rule" not in router.sources:
                continue
            hosts = hosts_of(router) or _answered(stack, router)
            if stack.host in hosts and (hosts_of(router) or len(hosts) == 1):
                continue
            found = ", ".join(sorted(hosts_of(router))) or "any host"
            yield Finding(
                "routers-exist",
                stack.deployment.place(router, "rule"),
                f"router {router.declared} answers {found}",
                f"the host of the other routers, {stack.host}",
                f"let its rule ask for Host(`{stack.host}`)",
                other=_other_place(stack, router),
            )


def _answered(stack: Stack, router: Router) -> frozenset[str]:
    """One host of each class of those that a router answers."""
    return frozenset(
        outcomes.partial.host
        for outcomes in stack.outcomes
        if any(router in outcome.routers for outcome in outcomes.found)
    )


def _other_place(stack: Stack, router: Router) -> Place | None:
    others = (each for role in ROLES for each in stack.routers(role))
    other = next((each for each in others if each.declared != router.declared), None)
    return stack.deployment.place(other, "rule") if other else None


# -- what they answer -----------------------------------------------------------------------------


def routers_answer_what_they_must(stack: Stack) -> Iterator[Finding]:
    """Over every class of requests to the stack's host that the rules tell apart."""
    told: set[tuple[str, str, bool]] = set()
    for request in _requests(stack):
        role = _role(stack, request)
        if role is None:
            continue
        decision = stack.deployment.decision(request)
        winner = decision.router
        if decision.ties or not any(router.enabled for router in stack.routers(role)):
            continue  # no-tie and routers-exist say so
        name = winner.declared if winner else ""
        right = name.lower() == stack.named(role).lower()
        key = (role, name, right)
        if key in told or (right and not _is_advised(request, role)):
            continue
        guarded = role == "models" and name.lower() == stack.named("api").lower()
        if guarded and request.method != "GET":
            continue  # nobody was promised another method without a key
        told.add(key)
        yield _another_method(stack, request) if right else _wrong(stack, request, role, winner)


def _requests(stack: Stack) -> Iterator[Request]:
    """Requests of every class to the stack's host, and preflights in place of bare OPTIONS."""
    policy = stack.policy
    base = Request(host=stack.host, entry_point=policy.entry_point)
    yield replace(base, method="POST", path=stack.chat_path)
    yield from (replace(base, path=path) for path in stack.models_paths)
    yield replace(base, path=policy.health_path or "/")
    for outcomes in stack.outcomes:
        partial = outcomes.partial
        if partial.host != stack.host or partial.entry_point != policy.entry_point:
            continue
        if not partial.tls:
            continue
        for outcome in outcomes.found:
            request = outcome.request or partial
            if request.method == "OPTIONS" and request.header("Origin") is None:
                request = replace(request, headers=(*request.headers, *PREFLIGHT))
            yield request


def _role(stack: Stack, request: Request) -> str | None:
    """The router that a request belongs to; None where the playbook says nothing of it."""
    path = routing_path(request.path)
    if path is None:
        return None
    if path == stack.policy.health_path:
        return "health" if request.method == "GET" else None
    if not path.startswith(f"{stack.policy.base_path}/"):
        return None
    if request.method == "OPTIONS":
        return "preflight" if is_preflight(request) else None
    if path in stack.models_paths and stack.models_paths[0] in stack.policy.public_paths:
        return "models"
    return "api"


def _is_advised(request: Request, role: str) -> bool:
    return role == "models" and request.method not in ("GET", "HEAD")


def _another_method(stack: Stack, request: Request) -> Finding:
    router = stack.router("models")
    return Finding(
        "routers-answer-what-they-must",
        stack.deployment.place(router, "rule"),
        f"router {router.declared} lets {request.method} {request.path} through without a key",
        "GET and HEAD only",
        "add && (Method(`GET`) || Method(`HEAD`)) to its rule",
        consequence="The application decides on its own what becomes of such requests.",
        request=request.curl(),
        advice=True,
    )


def _wrong(stack: Stack, request: Request, role: str, winner: Router | None) -> Finding:
    expected = stack.named(role)
    by = f"router {winner.declared}" if winner else "no router: 404"
    same = (
        winner is not None
        and role == "api"
        and winner.middlewares == stack.router("api").middlewares
        and winner.service == stack.router("api").service
    )
    return Finding(
        "routers-answer-what-they-must",
        _fault(stack, request, role, winner),
        f"{request.method} {request.path} is answered by {by}",
        f"router {expected}",
        f"let the rules and priorities give it to {expected}",
        request=request.curl(),
        advice=same,
    )


def _fault(stack: Stack, request: Request, role: str, winner: Router | None) -> Place:
    """The line that makes another router win than the one that a request belongs to."""
    place = stack.deployment.place
    expected = next(iter(stack.routers(role)))
    if winner is None:
        return place(expected, "rule")
    if expected not in stack.deployment.decision(request).contenders:
        return place(expected if winner in stack.routers("api") else winner, "rule")
    # Both match. The winner's rule is at fault if the path is not even its own by another method;
    # otherwise it is a question of priority.
    its_own = _role(stack, replace(request, method="GET", headers=()))
    if winner not in (*stack.routers("api"), *stack.routers(its_own or "")):
        return place(winner, "rule")
    for router in (winner, expected):
        if "priority" in router.sources:
            return place(router, "priority")
    return place(expected, "rule")


def no_tie(stack: Stack) -> Iterator[Finding]:
    """On any host and entry point."""
    told: set[str] = set()
    for outcomes in stack.outcomes:
        for outcome in outcomes.found:
            names = {router.declared for router in outcome.routers}
            if len(names) < 2 or names <= told:
                continue
            told |= names
            # What is wrong is more likely the one that is not of the four.
            ordered = sorted(outcome.routers, key=lambda each: each.declared.lower() in stack.four)
            first, second = ordered[:2]
            request = outcome.request or outcomes.partial
            yield Finding(
                "no-tie",
                stack.deployment.place(first, _ranked_by(first)),
                f"routers {' and '.join(sorted(names))} match {request.method} {request.url} with "
                f"the same priority {first.priority}",
                "priorities that differ",
                "give one of them a higher priority, or narrow its rule",
                request=request.curl(),
                other=stack.deployment.place(second, _ranked_by(second)),
            )


def _ranked_by(router: Router) -> str:
    return "priority" if "priority" in router.sources else "rule"
