"""Who sent a response: each signature is known, and nothing healthy bears one."""

from __future__ import annotations

import pytest

from pytest_codex.exchange.exchange import Failure, FailureKind
from pytest_codex.exchange.fingerprints import sender

from .made import HTML, JSON, SSE, exchange, failed, stream

PLAIN = (("Content-Type", "text/plain; charset=utf-8"),)
CLOUDFLARE = (("Server", "cloudflare"), ("CF-RAY", "8f00-AMS"), *HTML)
NGINX = b"<html><body><center><h1>502</h1></center><hr><center>nginx/1.27</center></body></html>"

SIGNED = {
    "challenge header": ("Cloudflare's bot protection", 403, (("cf-mitigated", "challenge"),), b""),
    "challenge page": (
        "Cloudflare's bot protection",
        503,
        HTML,
        b"<title>Just a moment...</title>",
    ),
    "firewall page": (
        "Cloudflare's bot protection",
        403,
        HTML,
        b"<TITLE>\n Attention Required! | Cloudflare</TITLE>",
    ),
    "520 by name": ("Cloudflare", 520, CLOUDFLARE, b""),
    "522 by its ray": ("Cloudflare", 522, (("cf-ray", "8f00-AMS"),), b""),
    "524 by its page": ("Cloudflare", 524, HTML, b"<p>... cloudflare ...</p>"),
    "527": ("Cloudflare", 527, CLOUDFLARE, b""),
    "530": ("Cloudflare", 530, CLOUDFLARE, b"error code: 1033"),
    "Go's 404": ("Traefik (or another Go server)", 404, PLAIN, b"404 page not found\n"),
    "bare 502": ("Traefik", 502, PLAIN, b"Bad Gateway"),
    "bare 504": ("Traefik", 504, PLAIN, b"Gateway Timeout"),
    "no server": ("Traefik", 503, PLAIN, b"no available server\n"),
    "rate limit": ("Traefik's rate limit", 429, (("X-Retry-In", "1s"),), b"Too Many Requests"),
    "empty 500": ("Traefik's ForwardAuth, most likely", 500, (("Content-Length", "0"),), b""),
    "nginx": ("nginx", 502, HTML, NGINX),
    "openresty": ("nginx", 404, HTML, NGINX.replace(b"nginx", b"openresty")),
    "redirect": ("a redirect", 302, (("Location", "https://login.example/"),), b""),
    "redirect with a page": ("a redirect", 308, (*HTML, ("location", "/v1/")), b"<a>moved</a>"),
}


@pytest.mark.parametrize(("who", "status", "headers", "body"), SIGNED.values(), ids=SIGNED)
def test_a_signature_names_its_sender(who, status, headers, body):
    """And what to do next; each of these hops answers in the application's place."""
    found = sender(exchange(status=status, headers=headers, body=body))
    assert found is not None
    assert found.who == who
    assert found.meaning
    assert found.next_step
    assert found.instead


HEALTHY = {
    "an answer": exchange(body={"object": "chat.completion"}),
    "an empty answer": exchange(status=204),
    "a stream": exchange(body=stream("{}"), headers=SSE),
    "an answer that came through Cloudflare": exchange(body=b"{}", headers=(*CLOUDFLARE, *JSON)),
    "a refusal": exchange(status=401, body={"error": {"message": "no"}}),
    "its own 404": exchange(status=404, body={"error": {"message": "404 page not found"}}),
    "its own 500": exchange(status=500, body={"error": {"message": "Bad Gateway"}}),
    "an empty 500 with a type": exchange(status=500, headers=JSON),
    "an empty 500 that was cut": exchange(
        status=500, failure=Failure(FailureKind.INCOMPLETE, "cut")
    ),
    "its own 429": exchange(status=429, headers=(("Retry-After", "1"),), body=b"slow down"),
    "its own 502": exchange(status=502, body=b"Bad Gateway from upstream", headers=PLAIN),
    "a 521 of nobody": exchange(status=521),
    "a page about nginx": exchange(headers=HTML, body=NGINX),
    "JSON about a moment": exchange(status=503, body={"m": "<title>Just a moment</title>"}),
    "not modified": exchange(status=304),
    "nothing": failed(FailureKind.REFUSED),
}


@pytest.mark.parametrize("healthy", HEALTHY.values(), ids=HEALTHY)
def test_an_application_s_own_answers_name_nobody(healthy):
    """Where nothing speaks for anybody in particular, nobody is blamed."""
    assert sender(healthy) is None
