"""TLS that fails: told as what it is, with the certificate that was presented."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from pytest_codex.exchange.exchange import FailureKind

from .recording import record
from .server import RESET, answer, repeats, sends, serving

HELLO = answer(b'{"ok": true}')


@pytest.fixture(scope="module")
def authority():
    """The authority that the client trusts."""
    return trustme.CA()


@pytest.fixture(scope="module")
def trusting(authority):
    """The client's context."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context


def presenting(authority: trustme.CA, *names: str, days: float = 90) -> ssl.SSLContext:
    """A server's context with a certificate for these names."""
    now = datetime.now(UTC)
    leaf = authority.issue_cert(
        *names, not_before=now - timedelta(days=60), not_after=now + timedelta(days=days)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context


def test_a_good_certificate_is_recorded(authority, trusting):
    """Beside the answer."""
    with serving(sends(HELLO), presenting(authority, "localhost")) as server:
        seen = record("healthz", f"https://localhost:{server.port}", context=trusting)
    assert (seen.failure, seen.status) == (None, 200)
    assert seen.tls is not None
    assert seen.tls.names == ("localhost",)


@pytest.mark.parametrize(
    ("kind", "names", "days", "own"),
    [
        (FailureKind.TLS_EXPIRED, ("localhost",), -1, True),
        (FailureKind.TLS_WRONG_NAME, ("other.example", "*.example"), 90, True),
        (FailureKind.TLS_UNTRUSTED, ("localhost",), 90, False),
    ],
)
def test_a_certificate_that_is_not_accepted_is_still_evidence(
    authority, trusting, kind, names, days, own
):
    """What was presented tells whose it is; and no request, with its key, was sent."""
    issuer = authority if own else trustme.CA(organization_name="Nobody's CA")
    with serving(sends(HELLO), presenting(issuer, *names, days=days)) as server:
        seen = record("chat", f"https://localhost:{server.port}", context=trusting)
        asked = [request for request in server.requests if request]
    assert seen.failure is not None
    assert seen.failure.kind is kind, seen.failure
    assert seen.tls is not None
    assert seen.tls.names == names
    assert own or "Nobody's CA" in seen.tls.issuer
    assert (seen.tls.days_left() < 0) is (days < 0)
    assert (asked, seen.status, seen.timings.sent) == ([], None, None)


async def _reset(_asked: bytes):
    await asyncio.sleep(0.2)  # until the client has begun
    yield RESET


@pytest.mark.parametrize(
    "behave",
    [
        sends(),
        _reset,
        sends(HELLO),
        sends(b"\x16\x03\x03\x00\x02\xff\xff"),
        sends(b"\x15\x03\x03\x00\x02\x02\x28"),
        repeats(b"\x16" * 9000),
    ],
    ids=["closed", "reset", "plain HTTP", "broken handshake", "alert", "endless garbage"],
)
def test_a_handshake_that_breaks_is_a_tls_failure(behave, trusting):
    """Whatever it was that listens there."""
    with serving(behave, reads=False) as server:
        seen = record("healthz", f"https://localhost:{server.port}", context=trusting)
    assert seen.failure is not None
    assert seen.failure.kind is FailureKind.TLS_FAILED, seen.failure
    assert "TLS" in seen.failure.message
    assert seen.outcome.isprintable()
    assert seen.tls is None


def test_plain_http_to_a_tls_port_is_no_answer_or_no_http(authority):
    """The other way round."""
    with serving(sends(HELLO), presenting(authority, "localhost")) as server:
        seen = record("healthz", f"http://localhost:{server.port}")
    assert seen.failure is not None
    assert seen.failure.kind in {FailureKind.NO_ANSWER, FailureKind.PROTOCOL}


def test_an_answer_over_tls_that_is_cut_is_incomplete(authority, trusting):
    """With and without a proper goodbye, which many servers leave out."""
    short = answer(b"{}").replace(b"Content-Length: 2", b"Content-Length: 9")
    with serving(sends(short), presenting(authority, "localhost")) as server:
        seen = record("healthz", f"https://localhost:{server.port}", context=trusting)
    assert seen.failure is not None
    assert seen.failure.kind is FailureKind.INCOMPLETE
    assert seen.body == b"{}"
