"""A gateway as the playbook describes it, and changes to it, with what they do to requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pytest_codex.traefik.labels import Container
from pytest_codex.traefik.requests import Request

HOST = "gateway.test"
APP_PORT, AUTH_PORT = 11435, 18080
R = "traefik.http.routers.gw-"
M = "traefik.http.middlewares.gw-"

Labels = Mapping[str, str]

LABELS: Labels = {
    "traefik.enable": "true",
    "traefik.http.services.gw-api.loadbalancer.server.port": str(APP_PORT),
    f"{R}api.rule": f"Host(`{HOST}`) && PathPrefix(`/v1`)",
    f"{R}api.entrypoints": "websecure",
    f"{R}api.tls": "true",
    f"{R}api.middlewares": "gw-cors,gw-headers,gw-ratelimit,gw-auth",
    f"{R}api.service": "gw-api",
    f"{R}preflight.rule": f"Host(`{HOST}`) && PathPrefix(`/v1`) && Method(`OPTIONS`)",
    f"{R}preflight.entrypoints": "websecure",
    f"{R}preflight.tls": "true",
    f"{R}preflight.priority": "10000",
    f"{R}preflight.middlewares": "gw-cors,gw-headers,gw-ratelimit",
    f"{R}preflight.service": "noop@internal",
    f"{R}models.rule": f"Host(`{HOST}`) && (Path(`/v1/models`) || Path(`/v1/models/`))",
    f"{R}models.entrypoints": "websecure",
    f"{R}models.tls": "true",
    f"{R}models.priority": "9000",
    f"{R}models.middlewares": "gw-cors,gw-headers,gw-ratelimit",
    f"{R}models.service": "gw-api",
    f"{R}health.rule": f"Host(`{HOST}`) && Path(`/healthz`)",
    f"{R}health.entrypoints": "websecure",
    f"{R}health.tls": "true",
    f"{R}health.middlewares": "gw-headers",
    f"{R}health.service": "gw-api",
    f"{M}auth.forwardauth.address": f"http://127.0.0.1:{AUTH_PORT}/verify",
    f"{M}auth.forwardauth.authRequestHeaders": "Authorization",
    f"{M}cors.headers.accessControlAllowMethods": "GET,POST,HEAD,OPTIONS",
    f"{M}cors.headers.accessControlAllowHeaders": "Authorization,Content-Type",
    f"{M}cors.headers.customResponseHeaders.Access-Control-Allow-Origin": "*",
    f"{M}headers.headers.contentTypeNosniff": "true",
    f"{M}ratelimit.ratelimit.average": "100000",
    f"{M}ratelimit.ratelimit.burst": "100000",
}


def containers(labels: Labels) -> tuple[Container, ...]:
    """The stack with these labels on its app."""
    quiet = {"traefik.enable": "false"}
    return (
        Container("app", "gw", labels, (APP_PORT,), ("traefik",)),
        Container("auth", "gw", quiet, (8080,), ("traefik",)),
    )


def request(method: str, path: str, *headers: tuple[str, str]) -> Request:
    """A request to the gateway, from the outside."""
    return Request(method, HOST, path, headers, client_ip="127.0.0.1")


CHAT = request("POST", "/v1/chat/completions")
PREFLIGHT = request(
    "OPTIONS", "/v1/chat/completions",
    ("Origin", "https://x.test"), ("Access-Control-Request-Method", "POST"),
)  # fmt: skip
MODELS = request("GET", "/v1/models")
HEALTH = request("GET", "/healthz")


@dataclass(frozen=True, slots=True)
class Change:
    """A change to the labels.

    :param chat: the status of a chat request without a key; 200 if it reaches the app.
    """

    name: str
    make: Callable[[dict[str, str]], object]
    chat: int
    models: int = 200
    health: int = 200
    preflight: int = 200


def _set(**labels: str) -> Callable[[dict[str, str]], object]:
    return lambda found: found.update(
        {R + name.replace("__", "."): value for name, value in labels.items()}
    )


CATCH_ALL = {
    "any__rule": f"Host(`{HOST}`)",
    "any__entrypoints": "websecure",
    "any__tls": "true",
    "any__service": "gw-api",
}
CHANGES = (
    Change("none", lambda _: None, 401),
    Change("auth is dropped from the chain", _set(api__middlewares="gw-cors"), 200),
    Change("a middleware is misspelt", _set(api__middlewares="gw-cors,gw-aut"), 404),
    Change("a middleware is misspelt, and there is a catch-all",
           _set(api__middlewares="gw-cors,gw-aut", **CATCH_ALL), 200),
    Change("the rule of the models is a prefix of all",
           _set(models__rule=f"Host(`{HOST}`) && PathPrefix(`/v1`)"), 200),
    Change("a field is misspelt", _set(health__middleware="gw-headers"), 404, 404, 404, 404),
    Change("the preflight has no method",
           _set(preflight__rule=f"Host(`{HOST}`) && PathPrefix(`/v1`)"), 418, 418),
    Change("the models have a low priority", _set(models__priority="1"), 401, 401),
    Change("tls is taken away", lambda found: found.pop(f"{R}api.tls"), 404),
    Change("the entry point is the plain one", _set(api__entrypoints="web"), 404),
    Change("the rule is broken, and there is a catch-all",
           _set(api__rule=f"Host(`{HOST}`) && PathPrefix(`/v1`", **CATCH_ALL), 200),
    Change("a header lets through", _set(api__rule=f"Host(`{HOST}`) && !Header(`X-Debug`, `1`)",
                                         **CATCH_ALL), 401, health=401),
    Change("a middleware is a list item", lambda found: found.update(
        {f"{R}api.middlewares[0]": found.pop(f"{R}api.middlewares")}), 200),
    Change("the service has the auth", lambda found: found.update({
        f"{R}api.middlewares": "gw-cors",
        "traefik.http.services.gw-api.middlewares": "gw-auth"}), 401, 401, 401),
)  # fmt: skip


def changed(change: Change) -> dict[str, str]:
    """The labels after a change."""
    labels = dict(LABELS)
    change.make(labels)
    return labels
