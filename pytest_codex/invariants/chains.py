"""What stands between Traefik's entry point and the application, and in which order.

Source: the playbook, "Principles" and "Map DEV settings to PROD"; Traefik documentation,
"Middlewares"; Fetch Standard, "CORS protocol and credentials".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from pytest_codex.errors import did_you_mean
from pytest_codex.invariants.findings import Finding, UnjudgedError
from pytest_codex.invariants.stack import ROLES, Stack
from pytest_codex.traefik.chains import (
    compresses,
    is_authentication,
    is_buffering,
    is_cors,
    is_forward_auth,
    is_rate_limit,
    is_retry,
)
from pytest_codex.traefik.configuration import Middleware, Router, qualified
from pytest_codex.traefik.regexes import compile_regex


def _admits_origins(middleware: Middleware) -> bool:
    """Whether it is there for CORS: by Traefik's own settings, or by headers written by hand."""
    return is_cors(middleware) or any(
        name.lower().startswith("access-control-")
        for name in middleware.fields.get("CustomResponseHeaders", {})
    )


def _secures(middleware: Middleware) -> bool:
    return middleware.kind == "Headers" and not _admits_origins(middleware)


#: What the playbook calls each kind of middleware, in its order.
_KINDS: Mapping[str, Callable[[Middleware], bool]] = {
    "cors": _admits_origins,
    "headers": _secures,
    "ratelimit": is_rate_limit,
    "forwardauth": is_forward_auth,
}
#: What each router needs of it; the health check has no limit and no use for CORS.
_NEEDED = {
    "api": ("cors", "headers", "ratelimit", "forwardauth"),
    "preflight": ("cors", "headers", "ratelimit"),
    "models": ("cors", "headers", "ratelimit"),
    "health": ("headers",),
}


def chain_order(stack: Stack) -> Iterator[Finding]:
    """By the middlewares' types and not by their names."""
    judged = False
    for role, needed in _NEEDED.items():
        for router in stack.routers(role):
            if router.enabled:
                judged = True
                yield from _order(stack, router, needed)
    if not judged:
        raise UnjudgedError("because of routers-exist: no router of the stack is in use")


def _order(stack: Stack, router: Router, needed: tuple[str, ...]) -> Iterator[Finding]:
    chain = stack.deployment.configuration.chain(router)
    at = stack.deployment.place(router, "middlewares")
    shown = ", ".join(each.declared for each in chain) or "empty"
    expected = ", ".join(stack.named(kind) for kind in needed)
    missing = [kind for kind in needed if not any(map(_KINDS[kind], chain))]
    said = f"the chain of router {router.declared} is {shown}"
    if missing:
        lacking = " and ".join(missing)
        yield Finding(
            "chain-order",
            at,
            f"{said}: {lacking} is missing",
            expected,
            f"put {' and '.join(stack.named(kind) for kind in missing)} into it",
            consequence=_WITHOUT.get(missing[-1], ""),
        )
    for middleware in filter(is_rate_limit, chain):
        if not middleware.fields.get("Average"):
            yield _unlimited(stack, router, middleware)
    positions = [
        next(n for n, each in enumerate(chain) if _KINDS[kind](each))
        for kind in needed
        if kind not in missing
    ]
    if positions != sorted(positions):
        yield Finding("chain-order", at, said, expected, "restore the order")
    elif "forwardauth" in needed and "forwardauth" not in missing:
        after = chain[positions[-1] + 1 :]
        if after:
            yield Finding(
                "chain-order",
                at,
                f"{said}: {after[0].declared} comes after ForwardAuth",
                f"ForwardAuth last: {expected}",
                f"put {after[0].declared} before {stack.named('forwardauth')}, or take it out",
            )


def _unlimited(stack: Stack, router: Router, middleware: Middleware) -> Finding:
    return Finding(
        "chain-order",
        stack.deployment.place(middleware, "ratelimit.average"),
        f"middleware {middleware.declared} of router {router.declared} has the average 0: it "
        "limits nothing",
        "a rate limit",
        "set ratelimit.average",
        consequence=_WITHOUT["ratelimit"],
    )


_WITHOUT = {
    "forwardauth": "A request without a key reaches the application.",
    "ratelimit": "Nothing limits how many requests a client sends.",
    "headers": "Responses lack the security headers.",
    "cors": "Browsers refuse to let web pages read the answers.",
}


def public_stays_public(stack: Stack) -> Iterator[Finding]:
    """No authentication in the chains of the public routers."""
    judged = False
    for role in ROLES[1:]:
        for router in stack.routers(role):
            judged |= router.enabled
            for middleware in stack.deployment.configuration.chain(router):
                if is_authentication(middleware):
                    yield Finding(
                        "public-stays-public",
                        stack.deployment.place(router, "middlewares"),
                        f"router {router.declared} meets {middleware.declared}",
                        f"no {middleware.kind} in the chain of a public router",
                        f"take {middleware.declared} out of its chain",
                    )
    if not judged:
        raise UnjudgedError("because of routers-exist: no public router of the stack is in use")


def middlewares_exist(stack: Stack) -> Iterator[Finding]:
    """Those of routers, of services and of chains."""
    configuration = stack.deployment.configuration
    known = configuration.middlewares
    declared = [each.declared for each in known.values()]
    for router in configuration.routers:
        service = configuration.services.get(router.service)
        names = list(
            dict.fromkeys((*router.middlewares, *(service.middlewares if service else ())))
        )
        for name in names:
            users = [(name, router.declared)]
            middleware = known.get(name)
            if middleware is not None and middleware.kind == "Chain":
                inner = middleware.fields.get("Middlewares", ())
                users += [(qualified(each, name), middleware.declared) for each in inner]
            for each, user in users:
                if each in known or each.endswith("@internal"):
                    continue
                plain = each.removesuffix("@docker")
                yield Finding(
                    "middlewares-exist",
                    stack.deployment.place(router, "middlewares"),
                    f"{user} names the middleware {plain or 'with the empty name'}, which does not "
                    f"exist{did_you_mean(plain, declared)}",
                    f"one of {', '.join(declared) or 'none: there is none'}",
                    "correct the name, or declare it",
                )
    for middleware in stack.middlewares():
        if middleware.disabled and not middleware.disabled.startswith("there is no middleware"):
            yield Finding(
                "middlewares-exist",
                stack.deployment.place(middleware, middleware.kind or _odd_kind(middleware)),
                f"middleware {middleware.declared} does not work: {middleware.disabled}",
                "a middleware that Traefik can make",
                "mend its settings",
            )


def _odd_kind(middleware: Middleware) -> str:
    """Of the types that a middleware has by mistake, the one of which less is said."""
    said = Counter(path.partition(".")[0] for path in middleware.sources)
    return min(said, key=lambda kind: said[kind], default="")


#: Origins that nobody lists on purpose.
_STRANGERS = ("https://stranger.invalid", "null", "http://a.b")


def cors_without_credentials(stack: Stack) -> Iterator[Finding]:
    """Settings of Traefik's own and headers written by hand alike."""
    for middleware in stack.middlewares():
        if middleware.kind == "Headers" and _credentials(middleware) and _everybody(middleware):
            field = "headers.accessControlAllowCredentials"
            written = "headers.customResponseHeaders.Access-Control-Allow-Credentials"
            by_hand = written.lower() in middleware.sources
            yield Finding(
                "cors-without-credentials",
                stack.deployment.place(middleware, written if by_hand else field),
                f"middleware {middleware.declared} admits every origin together with credentials",
                "every origin without credentials, or a list of origins",
                "set accessControlAllowCredentials to false, or list the origins",
            )


def _by_hand(middleware: Middleware, header: str) -> str:
    headers = middleware.fields.get("CustomResponseHeaders", {})
    return next((value for name, value in headers.items() if name.lower() == header), "")


def _credentials(middleware: Middleware) -> bool:
    by_hand = _by_hand(middleware, "access-control-allow-credentials")
    return bool(middleware.fields.get("AccessControlAllowCredentials")) or by_hand == "true"


def _everybody(middleware: Middleware) -> bool:
    patterns = middleware.fields.get("AccessControlAllowOriginListRegex", ())
    return (
        "*" in middleware.fields.get("AccessControlAllowOriginList", ())
        or _by_hand(middleware, "access-control-allow-origin").strip() == "*"
        or (not middleware.disabled and any(map(_matches_strangers, patterns)))
    )


def _matches_strangers(pattern: str) -> bool:
    matches = compile_regex(pattern).search
    return any(matches(origin) for origin in _STRANGERS)


def nothing_buffers_streams(stack: Stack) -> Iterator[Finding]:
    """On every router that a streamed chat completion can take."""
    found = False
    path = f"{stack.policy.base_path}/chat/completions"
    for router in _streaming(stack, path):
        found = True
        for middleware in stack.deployment.configuration.chain(router):
            does = _holds_back(middleware)
            if does:
                yield Finding(
                    "nothing-buffers-streams",
                    stack.deployment.place(middleware, middleware.kind),
                    f"router {router.declared} has the middleware {middleware.declared}, which "
                    f"{does}",
                    "events that pass as they come",
                    _INSTEAD[middleware.kind],
                )
    if not found:
        raise UnjudgedError(f"because of routers-exist: no router answers POST {path}")


def _streaming(stack: Stack, path: str) -> Iterator[Router]:
    routers = [router for router in stack.routers("api") if router.enabled]
    yield from routers
    decision = stack.deployment.routes("POST", path, stack.host)
    if decision.router is not None and decision.router not in routers:
        yield decision.router


def _holds_back(middleware: Middleware) -> str:
    if is_buffering(middleware):
        return "holds every response back until it is complete"
    if is_retry(middleware):
        return "may ask the model a second time"
    if compresses(middleware, "text/event-stream"):
        return "compresses text/event-stream, in blocks"
    return ""


_INSTEAD = {
    "Buffering": "take it out of the chain; requests are limited by the application",
    "Retry": "take it out of the chain: a chat completion is paid for each time",
    "Compress": "exclude text/event-stream: compress.excludedContentTypes=text/event-stream",
}
