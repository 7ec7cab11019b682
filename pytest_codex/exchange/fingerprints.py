"""Who wrote this response? Proxies sign their errors, mostly without meaning to.

Each fingerprint is what can be seen on the wire and the only thing that sends it; Traefik's are
those of its source (proxy errors, ``NotFound``, ForwardAuth). Where nothing speaks for anybody in
particular, nobody is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from pytest_codex.exchange.exchange import Exchange


class Sender(NamedTuple):
    """Who sent a response, what that means, and what to do next.

    ``instead`` is true where a hop in front of the application answered in its place.
    """

    who: str
    meaning: str
    next_step: str
    instead: bool = True


def sender(exchange: Exchange) -> Sender | None:
    """Return who sent the response, or None if it bears no known signature."""
    if not exchange.reached:
        return None
    return next((found for matches, found in _FINGERPRINTS if matches(exchange)), None)


def _is(status: int, body: str) -> Callable[[Exchange], bool]:
    return lambda e: e.status == status and e.text().strip() == body


def _title(pattern: str) -> Callable[[Exchange], bool]:
    expression = re.compile(pattern, re.IGNORECASE)
    return lambda e: e.media_type == "text/html" and bool(expression.search(e.text()[:20_000]))


def _challenge(e: Exchange) -> bool:
    if e.header("cf-mitigated"):
        return True
    return _title(r"<title>\s*(Just a moment|Attention Required)")(e)


def _empty_500(e: Exchange) -> bool:
    return e.status == 500 and not e.body and e.failure is None and not e.media_type


def _cloudflare_52x(e: Exchange) -> bool:
    named = (e.header("server") or "").lower() == "cloudflare" or e.header("cf-ray") is not None
    return e.status in (*range(520, 528), 530) and (named or "cloudflare" in e.text()[:20_000])


def _nginx(e: Exchange) -> bool:
    return (e.status or 0) >= 400 and _title(r"<center>(nginx|openresty)")(e)


def _redirect(e: Exchange) -> bool:
    return 300 <= (e.status or 0) < 400 and e.header("location") is not None


_FINGERPRINTS: tuple[tuple[Callable[[Exchange], bool], Sender], ...] = (
    (
        _challenge,
        Sender(
            "Cloudflare's bot protection",
            "the edge challenges this client instead of passing it on",
            "let this client's address or user agent through the edge's bot and firewall rules",
        ),
    ),
    (
        _cloudflare_52x,
        Sender(
            "Cloudflare",
            "the edge could not get an answer from the origin",
            "see whether Traefik on the origin host is up and reachable from the edge; 524 means "
            "that the origin took too long, 525 and 526 that its certificate is wrong",
        ),
    ),
    (
        _is(404, "404 page not found"),
        Sender(
            "Traefik (or another Go server)",
            "no live router matches this host and path",
            "see whether the container runs and is healthy, and its router's rule, entry point, "
            "TLS and middlewares: Traefik drops a router whose middleware does not exist",
        ),
    ),
    (
        _is(502, "Bad Gateway"),
        Sender(
            "Traefik",
            "the application's port refused the connection or closed it",
            "see `docker compose ps` and logs, and whether loadbalancer.server.port is the port "
            "that the application listens on inside its container",
        ),
    ),
    (
        _is(504, "Gateway Timeout"),
        Sender(
            "Traefik",
            "the application could not be reached, or did not answer in time",
            "after about 30 s it is the wrong Docker network (traefik.docker.network); otherwise "
            "a responseHeaderTimeout",
        ),
    ),
    (
        _is(503, "no available server"),
        Sender(
            "Traefik",
            "the service has no server",
            "see whether the container is healthy",
        ),
    ),
    (
        lambda e: e.status == 429 and e.header("x-retry-in") is not None,
        Sender(
            "Traefik's rate limit",
            "this client, or all clients behind one address, sent too much",
            "wait, or raise the rateLimit middleware's average and burst",
        ),
    ),
    (
        _empty_500,
        Sender(
            "Traefik's ForwardAuth, most likely",
            "the authentication server could not be called",
            "call the ForwardAuth address from Traefik's network (on prod "
            "http://127.0.0.1:18080/verify): it must answer 401 without a key",
        ),
    ),
    (
        _nginx,
        Sender(
            "nginx",
            "an nginx in front of the application answered",
            "see that nginx's error log",
        ),
    ),
    (
        _redirect,
        Sender(
            "a redirect",
            "the request was sent elsewhere; it was not followed, for it carries a key",
            "see the Location header: a login page, another scheme or another path",
        ),
    ),
)
