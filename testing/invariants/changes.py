"""Unsafe changes to the example pair: each with the rules it breaks and the line at fault.

They are what a tired engineer does by mistake, and an attacker on purpose.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from testing.invariants.stacks import (
    Edit,
    Variant,
    below,
    drop,
    drop_all,
    label,
    labels_as_list,
    service,
    swap,
    swap_all,
    top,
)

R = "traefik.http.routers.codex-"
M = "traefik.http.middlewares.codex-"
S = "traefik.http.services.codex-"
HOST = "Host(`codex-api.example.com`)"
CHAIN = "codex-cors,codex-headers,codex-ratelimit,codex-forwardauth"
API_CHAIN = f"codex-api.middlewares: {CHAIN}"
MODELS = "(Path(`/v1/models`) || Path(`/v1/models/`))"
PORTS = '- "127.0.0.1:11435:11435"'
AUTH_PORT = '- "127.0.0.1:18080:8080"'
HOME = "- ./.codex-api:/app/.codex-api"
ADDRESS = "http://127.0.0.1:18080/verify"
KEY = "sk-live-0123456789abcdefABCDEF"


class Change(NamedTuple):
    """An unsafe change.

    :param broken: the rules that are broken by it, and no others; the first is what it is about.
    :param at: a text of the line at fault, which stands in that line only.
    """

    name: str
    variant: Variant
    broken: tuple[str, ...]
    at: str


def _change(
    name: str, broken: str, at: str, *edits: Edit, **other: Mapping[str, Any] | str | tuple[str]
) -> Change:
    variant = Variant(edits, **other)  # type: ignore[arg-type]
    return Change(name, variant, tuple(broken.split()), at)


def _router(name: str, rule: str, *more: str) -> Edit:
    """A further router of the application: on HTTPS, with what more is said of it."""
    fields = (f"rule: {rule}", "entrypoints: websecure", 'tls: "true"', "service: codex-api", *more)
    return label(*(f"traefik.http.routers.{name}.{each}" for each in fields))


_AUTHENTICATION = (
    _change(
        "ForwardAuth is dropped from the API's chain",
        "no-way-in chain-order",
        "routers.codex-api.middlewares",
        swap(",codex-forwardauth", ""),
    ),
    _change(
        "the API's chain is empty",
        "no-way-in chain-order",
        "routers.codex-api.middlewares",
        swap(CHAIN, '""'),
    ),
    _change(
        "the API's chain is gone",
        "no-way-in chain-order",
        "routers.codex-api.entrypoints",
        drop("codex-api.middlewares"),
    ),
    _change(
        "ForwardAuth is misspelt",
        "middlewares-exist routers-exist",
        "routers.codex-api.middlewares",
        swap(",codex-forwardauth", ",codex-forwardaut"),
    ),
    _change(
        "ForwardAuth is misspelt by a dash that only looks like one",
        "middlewares-exist routers-exist",
        "routers.codex-api.middlewares",
        swap(",codex-forwardauth", ",codex–forwardauth"),
    ),
    _change(
        "ForwardAuth's name has a space of no width",
        "middlewares-exist routers-exist",
        "routers.codex-api.middlewares",
        swap(",codex-forwardauth", ",codex-forward\u200bauth"),
    ),
    _change(
        "ForwardAuth is asked of the file provider, which has none",
        "middlewares-exist routers-exist",
        "routers.codex-api.middlewares",
        swap(",codex-forwardauth", ",codex-forwardauth@file"),
    ),
    _change(
        "ForwardAuth is misspelt, and a catch-all router takes over",
        "no-way-in middlewares-exist routers-exist",
        "routers.fallback.rule",
        swap(",codex-forwardauth", ",codex-forwardaut"),
        _router("fallback", HOST, 'priority: "1"'),
    ),
    _change(
        "a comma ends the chain",
        "middlewares-exist routers-exist",
        "routers.codex-api.middlewares",
        swap(CHAIN, f"{CHAIN},"),
    ),
    _change(
        "a semicolon separates the chain",
        "middlewares-exist routers-exist",
        "routers.codex-api.middlewares",
        swap(CHAIN, CHAIN.replace(",", ";")),
    ),
    _change(
        "a bundled chain has lost ForwardAuth",
        "no-way-in chain-order",
        "routers.codex-api.middlewares",
        swap(API_CHAIN, "codex-api.middlewares: codex-all"),
        label(f"{M}all.chain.middlewares: codex-cors,codex-headers,codex-ratelimit"),
    ),
    _change(
        "a bundled chain misspells ForwardAuth",
        "middlewares-exist routers-exist",
        "routers.codex-api.middlewares",
        swap(API_CHAIN, "codex-api.middlewares: codex-all"),
        label(f"{M}all.chain.middlewares: {CHAIN}s"),
    ),
    _change(
        "chains that name each other",
        "middlewares-exist routers-exist",
        "middlewares.codex-one.chain",
        swap(API_CHAIN, "codex-api.middlewares: codex-one"),
        label(
            f"{M}one.chain.middlewares: codex-two",
            f"{M}two.chain.middlewares: codex-one",
        ),
    ),
    _change(
        "ForwardAuth comes first",
        "chain-order",
        "routers.codex-api.middlewares",
        swap(CHAIN, "codex-forwardauth,codex-cors,codex-headers,codex-ratelimit"),
    ),
    _change(
        "the rate limit comes after ForwardAuth",
        "chain-order",
        "routers.codex-api.middlewares",
        swap("codex-ratelimit,codex-forwardauth", "codex-forwardauth,codex-ratelimit"),
    ),
    _change(
        "headers come before CORS",
        "chain-order",
        "routers.codex-api.middlewares",
        swap(API_CHAIN, f"codex-api.middlewares: codex-headers,codex-cors,{CHAIN[25:]}"),
    ),
    _change(
        "the API has no CORS",
        "chain-order",
        "routers.codex-api.middlewares",
        swap(API_CHAIN, f"codex-api.middlewares: {CHAIN[11:]}"),
    ),
    _change(
        "the models list has no rate limit",
        "chain-order",
        "routers.codex-models.middlewares",
        swap(
            "codex-models.middlewares: codex-cors,codex-headers,codex-ratelimit",
            "codex-models.middlewares: codex-cors,codex-headers",
        ),
    ),
    _change(
        "the health check has no security headers",
        "chain-order",
        # Without a list of middlewares there is no other line to stand at than the first label's.
        "routers.codex-health.entrypoints",
        drop("codex-health.middlewares"),
    ),
    _change(
        "the rate limit is nought",
        "chain-order",
        "ratelimit.average",
        swap("${RATE_LIMIT_AVG:-200}", "${RATE_LIMIT_AVG:-0}"),
    ),
    _change(
        "the rate limit has a burst and no average",
        "chain-order",
        "ratelimit.burst",
        drop("ratelimit.average"),
    ),
    _change(
        "a middleware presents the key for everybody",
        "no-way-in",
        "customRequestHeaders.Authorization",
        label(f"{M}headers.headers.customRequestHeaders.Authorization: Bearer ${{PROXY_API_KEY}}"),
        environ={"PROXY_API_KEY": "a-key"},
    ),
    _change(
        "a middleware takes the key away before ForwardAuth",
        "forwardauth-sends-authorization",
        "customRequestHeaders.Authorization",
        label(f'{M}headers.headers.customRequestHeaders.Authorization: ""'),
    ),
    _change(
        "ForwardAuth is called over TLS",
        "forwardauth-address",
        "forwardauth.address",
        swap(ADDRESS, "https://127.0.0.1:18080/verify"),
    ),
    _change(
        "ForwardAuth is called on another port",
        "forwardauth-address",
        "forwardauth.address",
        swap(ADDRESS, "http://127.0.0.1:18090/verify"),
    ),
    _change(
        "ForwardAuth is called on dev's port",
        "forwardauth-address",
        "forwardauth.address",
        swap(ADDRESS, "http://127.0.0.1:18081/verify"),
    ),
    _change(
        "ForwardAuth is called by the container's name",
        "forwardauth-address",
        "forwardauth.address",
        swap(ADDRESS, "http://auth:8080/verify"),
    ),
    _change(
        "ForwardAuth is called with a slash too many",
        "forwardauth-address",
        "forwardauth.address",
        swap(ADDRESS, f"{ADDRESS}/"),
    ),
    _change(
        "ForwardAuth is called without its path",
        "forwardauth-address",
        "forwardauth.address",
        swap(ADDRESS, "http://127.0.0.1:18080"),
    ),
    _change(
        "ForwardAuth asks for the health check, which says yes to all",
        "forwardauth-address",
        "forwardauth.address",
        swap(ADDRESS, "http://127.0.0.1:18080/healthz"),
    ),
    _change(
        "ForwardAuth has no address",
        "forwardauth-address",
        "forwardauth.address",
        swap(f"address: {ADDRESS}", 'address: ""'),
    ),
    _change(
        "ForwardAuth of dev asks prod's server",
        "forwardauth-address",
        "forwardauth.address",
        swap("http://127.0.0.1:18081/verify", ADDRESS),
        target="dev",
    ),
    _change(
        "a second ForwardAuth on another way to the application",
        "forwardauth-address",
        "other-auth.forwardauth.address",
        _router("other", f"{HOST} && PathPrefix(`/admin`)", "middlewares: other-auth"),
        label("traefik.http.middlewares.other-auth.forwardauth.address: http://10.0.0.1/"),
    ),
    _change(
        "ForwardAuth hands on another header",
        "forwardauth-sends-authorization",
        "authRequestHeaders",
        swap("authRequestHeaders: Authorization", "authRequestHeaders: X-Api-Key"),
    ),
    _change(
        "ForwardAuth hands on a misspelt header",
        "forwardauth-sends-authorization",
        "authRequestHeaders",
        swap("authRequestHeaders: Authorization", "authRequestHeaders: Cookie,Authorisation"),
    ),
    _change(
        "ForwardAuth of dev hands on another header",
        "forwardauth-sends-authorization",
        "authRequestHeaders",
        swap("authRequestHeaders: Authorization", "authRequestHeaders: X-Forwarded-For"),
        target="dev",
    ),
    _change(
        "the authentication server is not published",
        "auth-server-is-published",
        "forwardauth.address",
        swap(f"    ports:\n      {AUTH_PORT}\n", ""),
    ),
    _change(
        "the authentication server is published on every address",
        "auth-server-is-published ports-on-loopback",
        '"18080:8080"',
        swap(AUTH_PORT, '- "18080:8080"'),
    ),
    _change(
        "the authentication server is published on 0.0.0.0",
        "auth-server-is-published ports-on-loopback",
        "0.0.0.0",
        swap(AUTH_PORT, '- "0.0.0.0:18080:8080"'),
    ),
    _change(
        "the authentication server is published on another port",
        "auth-server-is-published",
        "forwardauth.address",
        swap(AUTH_PORT, '- "127.0.0.1:18088:8080"'),
    ),
    _change(
        "the authentication server is published from a port that it does not listen on",
        "auth-server-is-published",
        "18080:8000",
        swap(AUTH_PORT, '- "127.0.0.1:18080:8000"'),
    ),
    _change(
        "the authentication server listens on another port",
        "auth-server-is-published",
        "18080:8080",
        swap('PORT: "8080"', 'PORT: "8081"'),
    ),
    _change(
        "the authentication server is published for UDP",
        "auth-server-is-published",
        "forwardauth.address",
        swap(AUTH_PORT, '- "127.0.0.1:18080:8080/udp"'),
    ),
    _change(
        "the authentication server is published where ForwardAuth does not look",
        "auth-server-is-published",
        "[::1]:18080",
        swap(AUTH_PORT, '- "[::1]:18080:8080"'),
    ),
    _change(
        "the authentication server has a profile that nobody asks for",
        "auth-server-is-published",
        "forwardauth.address",
        swap("  auth:\n", "  auth:\n    profiles: [auth]\n"),
    ),
)

_ROUTING = (
    _change(
        "a catch-all router of low priority",
        "no-way-in",
        "routers.fallback.rule",
        _router("fallback", f"{HOST} && PathPrefix(`/`)", 'priority: "1"'),
    ),
    _change(
        "a catch-all router of any host",
        "no-way-in",
        "routers.fallback.rule",
        _router("fallback", "PathPrefix(`/`)", 'priority: "1"'),
    ),
    _change(
        "a catch-all router of another host",
        "no-way-in",
        "routers.fallback.rule",
        _router("fallback", "Host(`old.example.com`)"),
    ),
    _change(
        "a way in on plain HTTP",
        "no-way-in",
        "routers.plain.rule",
        label(
            f"traefik.http.routers.plain.rule: {HOST}",
            "traefik.http.routers.plain.entrypoints: web",
            "traefik.http.routers.plain.service: codex-api",
        ),
    ),
    _change(
        "a redirection that a dot behind the host gets past",
        "no-way-in",
        "routers.www.rule",
        _router("www", "Host(`www.example.com`)", "middlewares: codex-www"),
        label(
            f"{M}www.redirectregex.regex: ^https?://www[.]example[.]com/(.*)",
            f"{M}www.redirectregex.replacement: https://codex-api.example.com/$${{1}}",
        ),
    ),
    _change(
        "a redirection to HTTPS where HTTPS is already",
        "no-way-in",
        "routers.www.rule",
        _router("www", "Host(`www.example.com`)", "middlewares: codex-https"),
        label(f"{M}https.redirectscheme.scheme: https"),
    ),
    _change(
        "metrics without a key",
        "no-way-in",
        "routers.metrics.rule",
        _router("metrics", f"{HOST} && Path(`/metrics`)", "middlewares: codex-headers"),
    ),
    _change(
        "one model's own path without a key",
        "no-way-in routers-answer-what-they-must",
        "routers.models-one.rule",
        _router("models-one", f"{HOST} && PathPrefix(`/v1/models/`)"),
    ),
    _change(
        "chat without a key for who knows a header",
        "no-way-in routers-answer-what-they-must",
        "routers.debug.rule",
        _router("debug", f"{HOST} && PathPrefix(`/v1`) && Header(`X-Debug`, `1`)"),
    ),
    _change(
        "chat without a key from the house",
        "no-way-in routers-answer-what-they-must",
        "routers.house.rule",
        _router("house", f"{HOST} && PathPrefix(`/v1`) && ClientIP(`10.0.0.0/8`)"),
    ),
    _change(
        "BasicAuth in the place of ForwardAuth for another path",
        "no-way-in",
        "routers.admin.rule",
        _router("admin", f"{HOST} && PathPrefix(`/admin`)", "middlewares: codex-basic"),
        label(f"{M}basic.basicauth.users: a:$$apr1$$x"),
    ),
    *(
        _change(
            f"the models rule is widened: {rule}",
            "no-way-in routers-answer-what-they-must",
            "routers.codex-models.rule",
            swap(MODELS, rule),
        )
        for rule in (
            "PathPrefix(`/v1`)",
            "PathPrefix(`/v1/models`)",
            "(Path(`/v1/models`) || PathPrefix(`/v1/models/`))",
            "PathRegexp(`^/v1/models`)",
            "PathRegexp(`models`)",
            "PathRegexp(`^/v1/models/?.*$`)",
            "PathRegexp(`(?i)^/v1/models/?$`)",
            "(Path(`/v1/models`) || Header(`X-Debug`, `1`))",
            "(Path(`/v1/models`) || HeaderRegexp(`User-Agent`, `^kube-probe`))",
            "(Path(`/v1/models`) || Query(`debug`))",
            "(Path(`/v1/models`) || ClientIP(`10.0.0.0/8`))",
            "(Path(`/v1/models`) || Method(`HEAD`))",
            "(Path(`/v1/models`) || Method(`PURGE`))",
            "!Path(`/v1/chat/completions`)",
            "!(Path(`/v1/chat/completions`) && Method(`POST`))",
        )
    ),
    _change(
        "brackets are lost from the models rule, so that its first part stands alone",
        "no-way-in routers-answer-what-they-must routers-exist",
        "routers.codex-models.rule",
        swap(f"{HOST} && {MODELS}", f"{HOST} || Path(`/v1/models`)"),
    ),
    _change(
        "brackets are lost from the models rule, so that its last part stands alone",
        "no-way-in routers-exist",
        "routers.codex-models.rule",
        swap(
            f"{HOST} && {MODELS}",
            f"{HOST} && Path(`/v1/models`) || Path(`/v1/models/`) || PathPrefix(`/v2`)",
        ),
    ),
    _change(
        "a second host takes every path of it along",
        "no-way-in",
        "routers.codex-models.rule",
        swap(f"{HOST} && {MODELS}", f"{HOST} && {MODELS} || Host(`new.example.com`)"),
    ),
    _change(
        "the health rule becomes a prefix of everything",
        "no-way-in",
        "routers.codex-health.rule",
        swap("Path(`/healthz`)", "PathPrefix(`/`)"),
    ),
    _change(
        "the health rule becomes a prefix",
        "no-way-in",
        "routers.codex-health.rule",
        swap("Path(`/healthz`)", "PathPrefix(`/healthz`)"),
    ),
    _change(
        "a readiness check that is a prefix",
        "no-way-in",
        "routers.ready.rule",
        _router("ready", f"{HOST} && PathPrefix(`/readyz`)"),
    ),
    _change(
        "a public router that rewrites its path",
        "no-way-in",
        "routers.codex-models.middlewares",
        swap(
            "codex-models.middlewares: codex-cors,",
            "codex-models.middlewares: codex-to-chat,codex-cors,",
        ),
        label(f"{M}to-chat.replacepath.path: /v1/chat/completions"),
    ),
    _change(
        "a public router that takes off a prefix",
        "no-way-in",
        "routers.ready.middlewares",
        _router("ready", f"{HOST} && Path(`/readyz`)", "middlewares: codex-strip"),
        label(f"{M}strip.stripprefixregex.regex: ^/[a-z]+"),
    ),
    _change(
        "another service's router leads to the application's service",
        "no-way-in",
        "routers.leak.rule",
        swap(
            "    networks: [traefik]\n\nnetworks",
            "    networks: [traefik]\n"
            "    labels:\n"
            '      traefik.enable: "true"\n'
            "      traefik.http.routers.leak.rule: Host(`leak.example.com`)\n"
            "      traefik.http.routers.leak.service: codex-api@docker\n"
            "\nnetworks",
        ),
    ),
    *(
        _change(
            f"another service's router leads to {url}",
            "no-way-in",
            "routers.leak.rule",
            service(
                "leak:",
                "  image: alpine",
                "  networks: [traefik]",
                "  labels:",
                '    traefik.enable: "true"',
                "    traefik.http.routers.leak.rule: Host(`leak.example.com`)",
                f"    traefik.http.services.leak.loadbalancer.server.url: {url}",
            ),
        )
        for url in (
            "http://127.0.0.1:11435",
            "http://app:11435",
            "http://app",
            "http://LOCALHOST:11435/",
            "http://[::1]:11435",
            "http://127.9.9.9:11435",
        )
    ),
    _change(
        "a second service of the same image with its own public router",
        "no-way-in",
        "routers.canary.rule",
        service(
            "canary:",
            "  image: codex-completions-api:latest",
            "  networks: [traefik]",
            '  expose: ["11435"]',
            "  labels:",
            '    traefik.enable: "true"',
            "    traefik.http.routers.canary.rule: Host(`canary.example.com`)",
        ),
    ),
    _change(
        "a second service of the same image that Traefik gives a router by itself",
        "no-way-in",
        "  canary:",
        service(
            "canary:",
            "  image: codex-completions-api:latest",
            "  networks: [traefik]",
            '  expose: ["11435"]',
            "  labels: [traefik.enable=true]",
        ),
    ),
    _change(
        "a second service of the same image, of another tag, with its own public router",
        "no-way-in",
        "routers.canary.rule",
        service(
            "canary:",
            "  image: codex-completions-api:canary",
            "  networks: [traefik]",
            '  expose: ["11435"]',
            "  labels:",
            '    traefik.enable: "true"',
            "    traefik.http.routers.canary.rule: Host(`canary.example.com`)",
        ),
    ),
    _change(
        "another service declares the application's service too",
        "routers-exist no-way-in",
        "codex-api.loadbalancer.server.port: 80",
        service(
            "web:",
            "  image: nginx",
            "  networks: [traefik]",
            "  labels:",
            '    traefik.enable: "true"',
            "    traefik.http.routers.web.rule: Host(`web.example.com`)",
            f"    {S}api.loadbalancer.server.port: 80",
        ),
    ),
    _change(
        "BasicAuth in the place of ForwardAuth",
        "no-way-in chain-order",
        "routers.codex-api.middlewares",
        swap("codex-ratelimit,codex-forwardauth", "codex-ratelimit,codex-basic"),
        label(f"{M}basic.basicauth.users: a:$$apr1$$x"),
    ),
    _change(
        "the models list has lost its path with a slash",
        "routers-answer-what-they-must",
        "routers.codex-models.rule",
        swap(MODELS, "Path(`/v1/models`)"),
    ),
    _change(
        "the health check is on another path",
        "routers-answer-what-they-must no-way-in",
        "routers.codex-health.rule",
        swap("Path(`/healthz`)", "Path(`/health`)"),
    ),
    *(
        _change(
            f"preflights reach the application, and so do others: {rule}",
            "no-way-in",
            "routers.codex-preflight.rule",
            swap("codex-preflight.service: noop@internal", "codex-preflight.service: codex-api"),
            swap("Method(`OPTIONS`)", f"Method(`OPTIONS`) && {rule}"),
        )
        for rule in (
            "HeaderRegexp(`Origin`, `.`)",
            "HeaderRegexp(`Origin`, `.`) && (Header(`X-Debug`, `1`) || "
            "HeaderRegexp(`Access-Control-Request-Method`, `.`))",
        )
    ),
    _change(
        "a TCP router leads past every HTTP router",
        "no-way-in",
        "tcp.routers.raw.rule",
        label(
            "traefik.tcp.routers.raw.rule: HostSNI(`*`)",
            "traefik.tcp.routers.raw.entrypoints: websecure",
            'traefik.tcp.routers.raw.tls: "true"',
            'traefik.tcp.services.raw.loadbalancer.server.port: "11435"',
        ),
    ),
    _change(
        "an error page that is the application's own",
        "no-way-in",
        "errors.service",
        swap(API_CHAIN, f"codex-api.middlewares: codex-pages,{CHAIN}"),
        label(
            f"{M}pages.errors.status: 400-499",
            f"{M}pages.errors.service: codex-api",
            f"{M}pages.errors.query: /v1/models/gpt-5",
        ),
    ),
    _change(
        "the API answers a part of its paths only",
        "routers-answer-what-they-must",
        "routers.codex-api.rule",
        swap(
            "PathPrefix(`/v1`)\n      traefik.http.routers.codex-api.entrypoints",
            "PathPrefix(`/v1/chat`)\n      traefik.http.routers.codex-api.entrypoints",
        ),
    ),
    _change(
        "the API leaves out a path",
        "routers-answer-what-they-must",
        "routers.codex-api.rule",
        swap(
            "PathPrefix(`/v1`)\n      traefik.http.routers.codex-api.entrypoints",
            "PathPrefix(`/v1`) && !Path(`/v1/embeddings`)\n"
            "      traefik.http.routers.codex-api.entrypoints",
        ),
    ),
    _change(
        "the API answers POST only",
        "routers-answer-what-they-must",
        "routers.codex-api.rule",
        swap(
            "PathPrefix(`/v1`)\n      traefik.http.routers.codex-api.entrypoints",
            "PathPrefix(`/v1`) && Method(`POST`)\n      traefik.http.routers.codex-api.entrypoints",
        ),
    ),
    _change(
        "the API answers only who sends a key of the right form",
        "routers-answer-what-they-must",
        "routers.codex-api.rule",
        swap(
            "PathPrefix(`/v1`)\n      traefik.http.routers.codex-api.entrypoints",
            "PathPrefix(`/v1`) && HeaderRegexp(`Authorization`, `^Bearer sk-`)\n"
            "      traefik.http.routers.codex-api.entrypoints",
        ),
    ),
    _change(
        "the preflight router answers every method",
        "routers-answer-what-they-must",
        "routers.codex-preflight.rule",
        swap(" && Method(`OPTIONS`)", ""),
    ),
    _change(
        "the preflight router answers another method",
        "routers-answer-what-they-must",
        "routers.codex-preflight.rule",
        swap("Method(`OPTIONS`)", "Method(`OPTION`)"),
    ),
    _change(
        "the preflight router leads to the application",
        "no-way-in",
        "routers.codex-preflight.rule",
        swap("codex-preflight.service: noop@internal", "codex-preflight.service: codex-api"),
    ),
    _change(
        "the models list is turned off by a service of Traefik's",
        "routers-exist",
        "routers.codex-models.service",
        swap("codex-models.service: codex-api", "codex-models.service: noop@internal"),
    ),
    _change(
        "the health check is answered by Traefik itself",
        "routers-exist",
        "routers.codex-health.service",
        swap("codex-health.service: codex-api", "codex-health.service: noop@internal"),
    ),
    _change(
        "the models list has the priority of the models' last place",
        "routers-answer-what-they-must",
        "routers.codex-models.priority",
        swap('"9000"', '"1"'),
    ),
    _change(
        "the models list comes before preflights",
        "routers-answer-what-they-must",
        "routers.codex-models.priority",
        swap('"9000"', '"90000"'),
    ),
    _change(
        "preflights come last",
        "routers-answer-what-they-must",
        "routers.codex-preflight.priority",
        swap('"10000"', '"1"'),
    ),
    _change(
        "preflights have no priority",
        "routers-answer-what-they-must",
        "routers.codex-models.priority",
        drop('"10000"'),
    ),
    _change(
        "the models list comes after everything",
        "routers-answer-what-they-must",
        "routers.codex-models.priority",
        swap('"9000"', '"-1"'),
    ),
    _change(
        "the API comes before everything",
        "routers-answer-what-they-must",
        "routers.codex-api.priority",
        label(f'{R}api.priority: "99999"'),
    ),
    _change(
        "preflight and models have the same priority",
        "no-tie",
        "routers.codex-models.priority",
        swap('"9000"', '"10000"'),
    ),
    _change(
        "the API comes no earlier than the models list",
        "no-tie",
        "routers.codex-api.priority",
        label(f'{R}api.priority: "9000"'),
    ),
    _change(
        "a copy of the API router",
        "no-tie",
        "routers.codex-api2.rule",
        _router("codex-api2", f"{HOST} && PathPrefix(`/v1`)", f"middlewares: {CHAIN}"),
    ),
    _change(
        "a copy of the API router without ForwardAuth",
        "no-tie no-way-in",
        "routers.codex-api2.rule",
        _router("codex-api2", f"{HOST} && PathPrefix(`/v1`)"),
    ),
    _change(
        "another rule that is as long as the API's",
        "no-tie",
        "routers.codex-beta.rule",
        _router("codex-beta", f"{HOST} && PathRegexp(`/v.`)", f"middlewares: {CHAIN}"),
    ),
    _change(
        "a priority that is Traefik's own",
        "routers-exist",
        "routers.codex-models.priority",
        swap('"9000"', '"9223372036854775807"'),
    ),
    _change(
        "a priority that is no number",
        "labels-take-effect routers-exist",
        "routers.codex-models.priority",
        swap('"9000"', "high"),
    ),
    _change(
        "a priority that is no whole number",
        "labels-take-effect routers-exist",
        "routers.codex-models.priority",
        swap('"9000"', '"9e3"'),
    ),
    *(
        _change(
            f"a rule that Traefik refuses: {rule}",
            "routers-exist",
            "routers.codex-health.rule",
            swap(f"{HOST} && Path(`/healthz`)", rule),
        )
        for rule in (
            f"{HOST} && Path(`/healthz)",
            f"{HOST} && pathPrefix(`/healthz`)",
            f"{HOST} and Path(`/healthz`)",
            f"{HOST} & Path(`/healthz`)",
            f"{HOST} && Path('/healthz')",
            f"{HOST} && Path(‘/healthz’)",
            f"{HOST} && Path(`healthz`)",
            f"{HOST} && Path(`/healthz`, `/readyz`)",
            f"{HOST}, Path(`/healthz`)",
            f"{HOST} && Path()",
            f"{HOST} && PathRegexp(`^/healthz(?!x)`)",
            f"|\n        {HOST}\n        && Path(`/healthz`)",
        )
    ),
    _change(
        "rules of two syntaxes",
        "routers-exist",
        "routers.codex-health.rule:",
        below("codex-health.tls", f"{R}health.ruleSyntax: v2"),
        swap(f"{HOST} && Path(`/healthz`)", "HostRegexp(`{`) && Path(`/healthz`)"),
    ),
    _change(
        "the API's host is another one",
        "routers-exist routers-answer-what-they-must",
        "routers.codex-api.rule",
        swap(
            f"rule: {HOST} && PathPrefix(`/v1`)\n",
            "rule: Host(`codex.example.com`) && PathPrefix(`/v1`)\n",
        ),
    ),
    _change(
        "the models list is on another host",
        "routers-exist routers-answer-what-they-must",
        "routers.codex-models.rule",
        swap(f"{HOST} && {MODELS}", f"Host(`codex-api.example.org`) && {MODELS}"),
    ),
    _change(
        "the health check is on dev's host",
        "routers-exist routers-answer-what-they-must",
        "routers.codex-health.rule",
        swap(f"{HOST} && Path(`/healthz`)", "Host(`codex-dev.example.com`) && Path(`/healthz`)"),
    ),
    _change(
        "the host of a rule has a port",
        "routers-exist routers-answer-what-they-must",
        "routers.codex-health.rule",
        swap(f"{HOST} && Path(`/h", "Host(`codex-api.example.com:443`) && Path(`/h"),
    ),
    _change(
        "the models list is on any host",
        "routers-exist",
        "routers.codex-models.rule",
        swap(f"{HOST} && {MODELS}", MODELS),
    ),
    _change(
        "the API is on any host",
        "routers-exist",
        "routers.codex-api.rule",
        swap(
            f"rule: {HOST} && PathPrefix(`/v1`)\n", "rule: HostRegexp(`.+`) && PathPrefix(`/v1`)\n"
        ),
    ),
    _change(
        "the API is on every host of the domain",
        "routers-exist",
        "routers.codex-api.rule",
        swap(
            f"rule: {HOST} && PathPrefix(`/v1`)\n",
            "rule: HostRegexp(`example.com$`) && PathPrefix(`/v1`)\n",
        ),
    ),
    _change(
        "the API has lost tls",
        "routers-exist routers-answer-what-they-must",
        "routers.codex-api.entrypoints",
        drop("codex-api.tls"),
    ),
    _change(
        "the API says tls=false",
        "routers-exist routers-answer-what-they-must",
        "routers.codex-api.tls",
        swap('codex-api.tls: "true"', 'codex-api.tls: "false"'),
    ),
    _change(
        "the models list says tls=yes",
        "routers-exist routers-answer-what-they-must",
        "routers.codex-models.tls",
        swap('codex-models.tls: "true"', "codex-models.tls: yes"),
    ),
    _change(
        "the health check says tls=on",
        "routers-exist routers-answer-what-they-must",
        "routers.codex-health.tls",
        swap('codex-health.tls: "true"', 'codex-health.tls: "on"'),
    ),
    _change(
        "TLS options that nobody has",
        "routers-exist",
        "routers.codex-api.tls.options",
        below("codex-api.tls", f"{R}api.tls.options: strict"),
    ),
    _change(
        "the API is on the plain entry point",
        "routers-exist routers-answer-what-they-must",
        "routers.codex-api.entrypoints",
        swap("codex-api.entrypoints: websecure", "codex-api.entrypoints: web"),
    ),
    _change(
        "the API is on both entry points",
        "routers-exist",
        "routers.codex-api.entrypoints",
        swap("codex-api.entrypoints: websecure", "codex-api.entrypoints: web,websecure"),
    ),
    _change(
        "the API is on an entry point that does not exist",
        "routers-exist",
        "routers.codex-api.entrypoints",
        swap("codex-api.entrypoints: websecure", "codex-api.entrypoints: websecur"),
    ),
    _change(
        "the models list names no entry point",
        "routers-exist",
        "routers.codex-models.middlewares",
        drop("codex-models.entrypoints"),
    ),
    _change(
        "the models router has another name",
        "routers-exist",
        "  app:",
        swap_all("routers.codex-models.", "routers.codex-list."),
    ),
    _change(
        "the health router has lost its rule to another name",
        "routers-exist no-way-in routers-answer-what-they-must",
        "routers.codex-health.entrypoints",
        swap("routers.codex-health.rule", "routers.codex-healthz.rule"),
    ),
    _change(
        "the preflight router is gone",
        "routers-exist",
        "  app:",
        drop_all("routers.codex-preflight."),
    ),
    _change(
        "the health router of dev is gone",
        "routers-exist",
        "  app-dev:",
        drop_all("routers.codex-dev-health."),
        target="dev",
    ),
    _change(
        "two services, and a router that names none",
        "routers-exist labels-take-effect",
        "routers.codex-api.entrypoints",
        label('traefik.http.services.codex-two.loadbalancer.server.port: "11435"'),
    ),
    _change(
        "a service that does not exist",
        "routers-exist",
        "routers.codex-models.service",
        swap("codex-models.service: codex-api", "codex-models.service: codex-app"),
    ),
    _change(
        "every label has gone",
        "routers-exist traefik-enabled traefik-network",
        "  app:",
        drop_all("traefik."),
        swap("    labels:\n", "    labels: {}\n"),
    ),
    _change(
        "the labels are Swarm's",
        "routers-exist traefik-enabled traefik-network",
        "  app:",
        swap("    labels:\n", "    deploy:\n     labels:\n"),
    ),
    _change(
        "the labels stand under a misspelt key",
        "routers-exist file-is-unambiguous traefik-enabled traefik-network",
        "  app:",
        swap("    labels:\n", "    label:\n"),
    ),
    _change(
        "the models list meets ForwardAuth",
        "public-stays-public",
        "routers.codex-models.middlewares",
        swap(
            "codex-models.middlewares: codex-cors,codex-headers,codex-ratelimit",
            f"codex-models.middlewares: {CHAIN}",
        ),
    ),
    _change(
        "the health check meets ForwardAuth",
        "public-stays-public",
        "routers.codex-health.middlewares",
        swap(
            "codex-health.middlewares: codex-headers",
            "codex-health.middlewares: codex-headers,codex-forwardauth",
        ),
    ),
    _change(
        "preflights meet ForwardAuth first",
        "public-stays-public",
        "routers.codex-preflight.middlewares",
        swap(
            "codex-preflight.middlewares: codex-cors",
            "codex-preflight.middlewares: codex-forwardauth,codex-cors",
        ),
    ),
    _change(
        "the application's service brings ForwardAuth to every router",
        "public-stays-public chain-order",
        "routers.codex-models.middlewares",
        label(f"{S}api.middlewares: codex-forwardauth"),
    ),
    _change(
        "the models list meets BasicAuth in a bundled chain",
        "public-stays-public",
        "routers.codex-models.middlewares",
        swap(
            "codex-models.middlewares: codex-cors,codex-headers,codex-ratelimit",
            "codex-models.middlewares: codex-cors,codex-headers,codex-ratelimit,codex-more",
        ),
        label(f"{M}more.chain.middlewares: codex-basic", f"{M}basic.basicauth.users: a:$$apr1$$x"),
    ),
)

_LABELS = (
    _change(
        "traefik.enable is false",
        "traefik-enabled routers-exist",
        "traefik.enable",
        swap('traefik.enable: "true"', 'traefik.enable: "false"'),
    ),
    _change(
        "traefik.enable is missing",
        "traefik-enabled routers-exist",
        "  app:",
        drop("traefik.enable"),
    ),
    _change(
        "traefik.enable is yes",
        "traefik-enabled routers-exist labels-take-effect",
        "traefik.enable",
        swap('traefik.enable: "true"', 'traefik.enable: "yes"'),
    ),
    _change(
        "traefik.enable ends in a space",
        "traefik-enabled routers-exist labels-take-effect",
        "traefik.enable",
        swap('traefik.enable: "true"', 'traefik.enable: "true "'),
    ),
    _change(
        "traefik.enabled",
        "labels-take-effect traefik-enabled routers-exist",
        "traefik.enabled",
        swap('traefik.enable: "true"', 'traefik.enabled: "true"'),
    ),
    _change(
        "traefik.enable of dev is missing",
        "traefik-enabled routers-exist",
        "  app-dev:",
        drop("traefik.enable"),
        target="dev",
    ),
    _change(
        "middleware in the singular",
        "labels-take-effect routers-exist",
        "routers.codex-health.middleware:",
        swap("codex-health.middlewares", "codex-health.middleware"),
    ),
    _change(
        "entrypoint in the singular",
        "labels-take-effect routers-exist",
        "routers.codex-health.entrypoint:",
        swap("codex-health.entrypoints", "codex-health.entrypoint"),
    ),
    _change(
        "router in the singular",
        "labels-take-effect routers-exist",
        "router.codex-health.rule",
        swap("routers.codex-health.rule", "router.codex-health.rule"),
    ),
    _change(
        "a dot too many",
        "labels-take-effect routers-exist",
        "routers..codex-health.rule",
        swap("routers.codex-health.rule", "routers..codex-health.rule"),
    ),
    _change(
        "http is misspelt",
        "labels-take-effect routers-exist no-way-in routers-answer-what-they-must",
        "traefik.htp.",
        swap("traefik.http.routers.codex-health.rule", "traefik.htp.routers.codex-health.rule"),
    ),
    _change(
        "traefik begins with a capital",
        "labels-take-effect routers-exist",
        "Traefik.",
        swap("traefik.http.routers.codex-health.rule", "Traefik.http.routers.codex-health.rule"),
    ),
    _change(
        "traefik is misspelt",
        "labels-take-effect no-way-in chain-order",
        "traefic.",
        swap(
            "traefik.http.routers.codex-api.middlewares",
            "traefic.http.routers.codex-api.middlewares",
        ),
    ),
    _change(
        "a label in a list has a space before its sign",
        "labels-take-effect routers-exist",
        "routers.codex-api.middlewares =",
        labels_as_list,
        swap("codex-api.middlewares=", "codex-api.middlewares ="),
    ),
    _change(
        "a duration that is none",
        "labels-take-effect routers-exist",
        "ratelimit.period",
        label(f"{M}ratelimit.ratelimit.period: 1 minute"),
    ),
    _change(
        "a broken router beside the four",
        "labels-take-effect",
        "routers.extra.rule",
        _router("extra", "Host("),
    ),
    _change(
        "a middleware with two types",
        "middlewares-exist routers-exist",
        "codex-headers.ratelimit.average",
        label(f'{M}headers.ratelimit.average: "5"'),
    ),
    _change(
        "a middleware without settings",
        "middlewares-exist routers-exist",
        "codex-headers.headers",
        drop_all("codex-headers.headers."),
        label(f"{M}headers.headers.stsPreload: 'false'"),
    ),
    _change(
        "a middleware that the file does not declare any more",
        "middlewares-exist routers-exist",
        "routers.codex-health.middlewares",
        drop_all("codex-headers.headers."),
    ),
    _change(
        "a middleware that another service declares differently",
        "labels-take-effect middlewares-exist routers-exist",
        "codex-headers.headers.contentTypeNosniff",
        service(
            "web:",
            "  image: nginx",
            "  networks: [traefik]",
            '  expose: ["80"]',
            "  labels:",
            '    traefik.enable: "true"',
            "    traefik.http.routers.web.rule: Host(`web.example.com`)",
            '    traefik.http.middlewares.codex-headers.headers.stsSeconds: "1"',
        ),
    ),
    _change(
        "a router that another service declares as well",
        "labels-take-effect routers-exist",
        "routers.codex-api.entrypoints",
        service(
            "web:",
            "  image: nginx",
            "  networks: [traefik]",
            '  expose: ["80"]',
            "  labels:",
            '    traefik.enable: "true"',
            f"    {R}api.rule: Host(`web.example.com`)",
        ),
    ),
    _change(
        "a label is written twice, the second time without ForwardAuth",
        "file-is-unambiguous no-way-in chain-order",
        "middlewares: codex-cors,codex-headers #",
        below("codex-api.middlewares", f"{R}api.middlewares: codex-cors,codex-headers # again"),
    ),
    _change(
        "a label is written twice in a list",
        "file-is-unambiguous no-way-in chain-order",
        "middlewares=codex-cors,codex-headers,codex-ratelimit # again",
        below("codex-api.middlewares", f"{R}api.middlewares: {CHAIN[:-18]}"),
        labels_as_list,
        swap(
            f"api.middlewares={CHAIN[:-18]}\n",
            f"api.middlewares={CHAIN[:-18]} # again\n",
        ),
    ),
    _change(
        "a label is written twice, once in capitals",
        "file-is-unambiguous",
        "routers.codex-api.Middlewares",
        below("codex-api.middlewares", f"{R}api.Middlewares: codex-cors"),
    ),
    _change(
        "a router is written twice, once in capitals",
        "file-is-unambiguous",
        "routers.CODEX-API.middlewares",
        below("codex-api.middlewares", "traefik.http.routers.CODEX-API.middlewares: codex-cors"),
    ),
    _change(
        "a variable is written twice",
        "file-is-unambiguous app-environment",
        "PROXY_SANDBOX_MODE: read-only",
        below("PROXY_SANDBOX_MODE", "PROXY_SANDBOX_MODE: read-only"),
    ),
    _change(
        "a service is written twice",
        "file-is-unambiguous",
        "  auth: # again",
        top("  codex:", "    external: true"),
        swap(
            "\nnetworks:",
            "\n  auth: # again\n    image: node:22-alpine\n    ports:\n"
            '      - "127.0.0.1:18080:8080"\n\nnetworks:',
        ),
    ),
    _change(
        "CORS admits everybody with credentials",
        "cors-without-credentials",
        "accessControlAllowCredentials",
        label(f'{M}cors.headers.accessControlAllowCredentials: "true"'),
    ),
    _change(
        "CORS admits everybody with credentials, in headers written by hand",
        "cors-without-credentials",
        "Access-Control-Allow-Credentials",
        swap(
            'accessControlAllowOriginList: "*"',
            'customResponseHeaders.Access-Control-Allow-Origin: "*"',
        ),
        label(f'{M}cors.headers.customResponseHeaders.Access-Control-Allow-Credentials: "true"'),
    ),
    *(
        _change(
            f"CORS admits every origin that is like {pattern} with credentials",
            "cors-without-credentials",
            "accessControlAllowCredentials",
            swap(
                'accessControlAllowOriginList: "*"',
                f'accessControlAllowOriginListRegex: "{pattern}"',
            ),
            label(f'{M}cors.headers.accessControlAllowCredentials: "true"'),
        )
        for pattern in (".*", "https?://.+", "^https://", "null|example")
    ),
    _change(
        "CORS of dev admits everybody with credentials",
        "cors-without-credentials",
        "accessControlAllowCredentials",
        label('traefik.http.middlewares.codex-dev-cors.headers.accessControlAllowCredentials: "1"'),
        target="dev",
    ),
    *(
        _change(
            f"the API's chain has {kind}",
            "nothing-buffers-streams",
            f"codex-more.{kind}",
            swap(
                "codex-ratelimit,codex-forwardauth", "codex-ratelimit,codex-more,codex-forwardauth"
            ),
            label(f"{M}more.{setting}"),
        )
        for kind, setting in (
            ("buffering", 'buffering.maxRequestBodyBytes: "10000000"'),
            ("retry", 'retry.attempts: "3"'),
            ("compress", 'compress: "true"'),
            ("compress.excludedContentTypes", "compress.excludedContentTypes: image/png"),
            ("compress.includedContentTypes", "compress.includedContentTypes: text/event-stream"),
        )
    ),
    _change(
        "the API's chain has compress in a bundled chain",
        "nothing-buffers-streams",
        "codex-gzip.compress",
        swap(
            "codex-cors,codex-headers,codex-ratelimit,codex-f", "codex-base,codex-ratelimit,codex-f"
        ),
        label(
            f"{M}base.chain.middlewares: codex-cors,codex-headers,codex-gzip",
            f'{M}gzip.compress: "true"',
        ),
    ),
    _change(
        "the application's service has retry",
        "nothing-buffers-streams chain-order",
        "codex-again.retry",
        label(f"{S}api.middlewares: codex-again", f'{M}again.retry.attempts: "2"'),
    ),
)

_CONTAINER = (
    _change(
        "Traefik is told of another network",
        "traefik-network",
        "traefik.docker.network",
        swap("traefik.docker.network: traefik", "traefik.docker.network: codex_default"),
    ),
    _change(
        "Traefik is not told of a network",
        "traefik-network",
        "  app:",
        drop("traefik.docker.network"),
    ),
    _change(
        "the network is the project's own",
        "traefik-network",
        "  traefik:",
        swap("  traefik:\n    external: true", "  traefik: {}"),
    ),
    _change(
        "the network is the project's own, under the right name",
        "traefik-network",
        "  traefik:",
        swap("    external: true", "    name: traefik"),
    ),
    _change(
        "the network is not external any more",
        "traefik-network",
        "  traefik:",
        swap("external: true", "external: false"),
    ),
    _change(
        "the network is another one",
        "traefik-network",
        "networks: [edge] # of the application",
        swap(
            "networks: [traefik]\n    labels",
            "networks: [edge] # of the application\n    labels",
        ),
        top("  edge:", "    external: true"),
    ),
    _change(
        "the network's real name is another one",
        "traefik-network",
        "networks: [traefik] # of the application",
        swap(
            "networks: [traefik]\n    labels",
            "networks: [traefik] # of the application\n    labels",
        ),
        top("    name: traefik-public"),
    ),
    _change(
        "the network is not declared",
        "traefik-network file-is-unambiguous",
        "networks: [traefik] # of the application",
        swap(
            "networks: [traefik]\n    labels",
            "networks: [traefik] # of the application\n    labels",
        ),
        swap("\nnetworks:\n  traefik:\n    external: true\n", "\n"),
    ),
    _change(
        "the application joins no network",
        "traefik-network",
        "  app:",
        swap("    networks: [traefik]\n    labels", "    labels"),
    ),
    _change(
        "the application shares the host's network",
        "ports-on-loopback traefik-network",
        "network_mode: host",
        swap("    networks: [traefik]\n    labels", "    network_mode: host\n    labels"),
    ),
    _change(
        "Traefik is told of a port where nobody listens",
        "service-port",
        "loadbalancer.server.port",
        swap('server.port: "11435"', 'server.port: "8080"'),
    ),
    _change(
        "the application listens on another port",
        "service-port",
        "loadbalancer.server.port",
        swap('PORT: "11435"', 'PORT: "3000"'),
    ),
    _change(
        "the application of dev listens on another port",
        "service-port",
        "loadbalancer.server.port",
        swap('PORT: "11435"', "PORT: ${DEV_PORT:-11436}"),
        target="dev",
    ),
    _change(
        "the models list has a service of its own, on another port",
        "service-port",
        "codex-list.loadbalancer.server.port",
        label(
            'traefik.http.services.codex-list.loadbalancer.server.port: "11434"',
            f"{R}api.service: codex-api",
        ),
        swap("codex-models.service: codex-api", "codex-models.service: codex-list"),
    ),
    *(
        _change(
            f"the application is published as {port}",
            "ports-on-loopback",
            f'- "{port}"',
            swap(PORTS, f'- "{port}"'),
        )
        for port in (
            "11435:11435",
            "11435",
            "0.0.0.0:11435:11435",
            "[::]:11435:11435",
            "10.0.0.5:11435:11435",
            "11430-11440:11435",
        )
    ),
    _change(
        "the application is published in the long form without an address",
        "ports-on-loopback",
        "- target: 11435",
        swap(PORTS, "- target: 11435\n        published: 11435"),
    ),
    _change(
        "a second service of the same image is open",
        "ports-on-loopback",
        '"8080:11435"',
        service(
            "debug:", "  image: codex-completions-api:latest", "  ports:", '    - "8080:11435"'
        ),
    ),
    _change(
        "a second service of the same build is open",
        "ports-on-loopback",
        '"8080:11435"',
        service("debug:", "  build: {context: .}", "  ports:", '    - "8080:11435"'),
    ),
    _change(
        "a service that extends the application is open",
        "ports-on-loopback",
        '"8080:11435"',
        service(
            "debug:",
            "  extends: app",
            "  labels: !reset []",
            "  ports: !override",
            '    - "8080:11435"',
        ),
    ),
    _change(
        "the home is read-only",
        "home-is-mounted",
        ".codex-api:ro",
        swap(HOME, f"{HOME}:ro"),
    ),
    _change(
        "the home is read-only in the long form",
        "home-is-mounted",
        "- type: bind",
        swap(
            HOME,
            "- type: bind\n        source: ./.codex-api\n        target: /app/.codex-api\n"
            "        read_only: true",
        ),
    ),
    _change(
        "the home is not mounted",
        "home-is-mounted",
        "CODEX_HOME",
        swap(HOME, "- ./data:/data"),
    ),
    _change(
        "the home is dev's",
        "home-is-mounted",
        "./.codev:",
        swap(HOME, "- ./.codev:/app/.codex-api"),
    ),
    _change(
        "the home of dev is prod's",
        "home-is-mounted",
        "./.codex-api:",
        swap("./.codev:", "./.codex-api:"),
        target="dev",
    ),
    _change(
        "the home is mounted elsewhere",
        "home-is-mounted",
        "./.codex-api:/home",
        swap(HOME, "- ./.codex-api:/home/node/.codex"),
    ),
    _change(
        "the home is a volume",
        "home-is-mounted",
        "- codex-home:",
        swap(HOME, "- codex-home:/app/.codex-api"),
        top("volumes:", "  codex-home: {}"),
    ),
    _change(
        "the home is in memory",
        "home-is-mounted",
        "- type: tmpfs",
        swap(HOME, "- type: tmpfs\n        target: /app/.codex-api"),
    ),
    _change(
        "CODEX_HOME is elsewhere",
        "home-is-mounted",
        "./.codex-api:",
        swap("CODEX_HOME: /app/.codex-api", "CODEX_HOME: /home/node/.codex"),
    ),
    _change(
        "CODEX_HOME is missing",
        "home-is-mounted",
        "  app:",
        drop("CODEX_HOME"),
    ),
    _change(
        "CODEX_HOME is empty",
        "home-is-mounted",
        "CODEX_HOME",
        swap("CODEX_HOME: /app/.codex-api", 'CODEX_HOME: ""'),
    ),
    _change(
        "the sandbox is another one by default",
        "app-environment",
        "PROXY_SANDBOX_MODE",
        swap(":-danger-full-access}", ":-workspace-write}"),
    ),
    _change(
        "the sandbox is another one in the shell",
        "app-environment",
        "PROXY_SANDBOX_MODE",
        environ={"PROXY_SANDBOX_MODE": "read-only"},
    ),
    _change(
        "the sandbox is another one in .env",
        "app-environment",
        "PROXY_SANDBOX_MODE: ${",
        beside={".env": "PROXY_SANDBOX_MODE=read-only\n"},
    ),
    _change(
        "the sandbox is not set",
        "app-environment",
        'PORT: "11435"',
        drop("PROXY_SANDBOX_MODE"),
    ),
    _change(
        "the sandbox is to come from the shell, which has none",
        "app-environment",
        'PORT: "11435"',
        swap(
            "PROXY_SANDBOX_MODE: ${PROXY_SANDBOX_MODE:-danger-full-access}", "PROXY_SANDBOX_MODE:"
        ),
    ),
    _change(
        "the working folder is another one",
        "app-environment",
        "PROXY_CODEX_WORKDIR",
        swap(":-/tmp/codex-work}", ":-/app}"),
    ),
    _change(
        "the working folder is not set",
        "app-environment",
        'PORT: "11435"',
        drop("PROXY_CODEX_WORKDIR"),
    ),
)

_WRITING = (
    _change(
        "the key is written into the file",
        "no-literal-secret",
        f"PROXY_API_KEY: {KEY}",
        swap(
            'PORT: "11435"\n      PROXY_API_KEY: ${PROXY_API_KEY?set it in .env}',
            f'PORT: "11435"\n      PROXY_API_KEY: {KEY}',
        ),
    ),
    _change(
        "the key's default is written into the file",
        "no-literal-secret",
        ":-sk-",
        swap(
            'PORT: "11435"\n      PROXY_API_KEY: ${PROXY_API_KEY?set it in .env}',
            f'PORT: "11435"\n      PROXY_API_KEY: ${{PROXY_API_KEY:-{KEY}}}',
        ),
    ),
    _change(
        "a key that looks like nothing is written into the file",
        "no-literal-secret",
        "PROXY_API_KEY: changeme",
        swap(
            'PORT: "8080"\n      PROXY_API_KEY: ${PROXY_API_KEY?set it in .env}',
            'PORT: "8080"\n      PROXY_API_KEY: changeme',
        ),
    ),
    _change(
        "the key's default is written into dev's file, though the shell has one",
        "no-literal-secret",
        ":-dev-key}",
        swap(
            'PORT: "8080"\n      PROXY_API_KEY: ${PROXY_API_KEY?set it in .env.dev}',
            'PORT: "8080"\n      PROXY_API_KEY: ${PROXY_API_KEY:-dev-key}',
        ),
        environ={"PROXY_API_KEY": "another"},
        target="dev",
    ),
    _change(
        "a key in a label",
        "no-literal-secret no-way-in",
        "customRequestHeaders.Authorization",
        label(f"{M}headers.headers.customRequestHeaders.Authorization: Bearer {KEY}"),
    ),
    _change(
        "a key in the command",
        "no-literal-secret",
        "--key",
        swap("command: node server.mjs", f"command: node server.mjs --key {KEY}"),
    ),
    _change(
        "a key in the health check",
        "no-literal-secret",
        "test: curl",
        swap(
            "working_dir: /app\n",
            "working_dir: /app\n    healthcheck:\n"
            f"      test: curl -H Authorization=Bearer\\ {KEY} localhost\n",
        ),
    ),
    _change(
        "a key among the build's arguments",
        "no-literal-secret",
        "OPENAI:",
        swap("build: .\n", f"build:\n      context: .\n      args:\n        OPENAI: {KEY}\n"),
    ),
    _change(
        "a password in an address",
        "no-literal-secret",
        "DATABASE_URL",
        below("CODEX_HOME", "DATABASE_URL: postgres://codex:s3cret-pass@db/codex"),
    ),
    _change(
        "an old key in a comment",
        "no-literal-secret",
        "# PROXY_API_KEY",
        below("CODEX_HOME", f"# PROXY_API_KEY: {KEY}"),
    ),
    _change(
        "a rule depends on a variable that is not set",
        "variables-are-set routers-exist",
        "${HEALTH_HOST}",
        swap(f"{HOST} && Path(`/healthz`)", "Host(`${HEALTH_HOST}`) && Path(`/healthz`)"),
    ),
    _change(
        "a chain depends on a variable that is not set",
        "variables-are-set no-way-in chain-order",
        "${EDGE_CHAIN}",
        swap(CHAIN, "${EDGE_CHAIN}"),
    ),
    _change(
        "a limit depends on a variable that is not set",
        "variables-are-set labels-take-effect routers-exist",
        "${RATE_LIMIT_AVG}",
        swap("${RATE_LIMIT_AVG:-200}", "${RATE_LIMIT_AVG}"),
    ),
    _change(
        "a label depends on a required variable that is not set",
        "variables-are-set forwardauth-address",
        "${AUTH_PORT?",
        swap(ADDRESS, "http://127.0.0.1:${AUTH_PORT?where}/verify"),
    ),
    _change(
        "a port depends on a variable that is not set",
        "variables-are-set",
        "${APP_PORT}",
        swap(PORTS, '- "127.0.0.1:${APP_PORT}:11435"'),
    ),
    _change(
        "the address of a port depends on a variable that is not set",
        "variables-are-set ports-on-loopback",
        "- published: 11435",
        swap(PORTS, "- published: 11435\n        target: 11435\n        host_ip: ${BIND}"),
    ),
    _change(
        "a mount depends on a variable that is not set",
        "variables-are-set",
        "${DATA}",
        swap(HOME, "- ${DATA}/.codex-api:/app/.codex-api"),
    ),
    _change(
        "CODEX_HOME depends on a variable that is not set",
        "variables-are-set home-is-mounted",
        "${CODEX_HOME}",
        swap("CODEX_HOME: /app/.codex-api", "CODEX_HOME: ${CODEX_HOME}"),
    ),
    _change(
        "a second file takes ForwardAuth out of the chain",
        "no-way-in chain-order",
        "middlewares=codex-cors # over",
        over=f"services:\n  app:\n    labels:\n      - {R}api.middlewares=codex-cors # over\n",
    ),
    _change(
        "a second file adds a port",
        "ports-on-loopback",
        '"8080:11435"',
        over='services:\n  app:\n    ports:\n      - "8080:11435"\n',
    ),
    _change(
        "a second file replaces the ports",
        "ports-on-loopback",
        "!override",
        over='services:\n  app:\n    ports: !override ["80:11435"]\n',
    ),
    _change(
        "a second file takes the labels away",
        "routers-exist traefik-enabled traefik-network",
        "  app: # over",
        over="services:\n  app: # over\n    labels: !reset null\n",
    ),
    _change(
        "a second file takes one label away",
        "chain-order no-way-in",
        "routers.codex-api.entrypoints",
        over=f"services:\n  app:\n    labels:\n      {R}api.middlewares: !reset null\n",
    ),
    _change(
        "a second file makes the home read-only",
        "home-is-mounted",
        "/other:",
        over="services:\n  app:\n    volumes:\n      - /other:/app/.codex-api\n",
    ),
    _change(
        "a second file has another sandbox",
        "app-environment",
        "PROXY_SANDBOX_MODE=read-only",
        over="services:\n  app:\n    environment:\n      - PROXY_SANDBOX_MODE=read-only\n",
    ),
    _change(
        "a second file brings another way in",
        "no-way-in",
        "routers.extra.rule",
        over="services:\n  app:\n    labels:\n"
        f"      traefik.http.routers.extra.rule: {HOST} && Path(`/extra`)\n",
    ),
    _change(
        "an included file brings another way in",
        "no-way-in",
        "routers.extra.rule",
        swap("services:\n", "include: [more.yml]\nservices:\n"),
        beside={
            "more.yml": "services:\n  more:\n    image: alpine\n    expose: ['80']\n"
            "    labels:\n"
            "      traefik.enable: 'true'\n"
            "      traefik.http.routers.extra.rule: Host(`extra.example.com`)\n"
            "      traefik.http.routers.extra.service: codex-api\n"
        },
    ),
    _change(
        "an extended service brings a chain without ForwardAuth",
        "no-way-in chain-order",
        "middlewares: codex-cors,codex-headers # base",
        swap("  app:\n", "  app:\n    extends: {file: base.yml, service: base}\n"),
        drop(API_CHAIN),
        beside={
            "base.yml": "services:\n  base:\n    image: x\n    labels:\n"
            f"      {R}api.middlewares: codex-cors,codex-headers # base\n"
        },
    ),
    _change(
        "an anchor brings a chain without ForwardAuth",
        "no-way-in chain-order",
        f"{R}api.middlewares",
        swap(
            "services:\n  app:",
            f"x-labels: &labels\n  {R}api.middlewares: codex-cors\n\nservices:\n  app:",
        ),
        swap(f"      {R}{API_CHAIN[6:]}\n", "      <<: *labels\n"),
    ),
    _change(
        "a label file brings another way in",
        "no-way-in",
        "routers.extra.rule=",
        swap("    labels:\n", "    label_file: more.labels\n    labels:\n"),
        beside={"more.labels": "traefik.http.routers.extra.rule=Host(`extra.example.com`)\n"},
    ),
    _change(
        "a volume that is not declared",
        "file-is-unambiguous",
        "- cache:/cache",
        below("./.codex-api:", "- cache:/cache"),
    ),
    _change(
        "one target is mounted twice",
        "file-is-unambiguous home-is-mounted",
        "./.codev:",
        below("./.codex-api:", "- ./.codev:/app/.codex-api"),
    ),
    _change(
        "a key of the file is misspelt",
        "file-is-unambiguous",
        "volume:",
        below("./auth:/app:ro", ""),
        top("volume:", "  data: {}"),
    ),
)

CHANGES = (*_AUTHENTICATION, *_ROUTING, *_LABELS, *_CONTAINER, *_WRITING)
