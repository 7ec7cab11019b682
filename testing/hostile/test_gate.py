"""No model call is made to what has not answered as an application does."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pytest_codex.exchange.exchange import Exchange, FailureKind
from pytest_codex.report.facts import facts

from .recording import KEY, record, record_all
from .server import Behaviour, answer, sends, serving

PAID = ("chat", "chat_stream", "chat_stream_long")
FREE = ("healthz", "models", "preflight", "unknown_path")
PAGE = b"<html><title>Log in</title></html>"
PAGE_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%b" % (
    len(PAGE),
    PAGE,
)
GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\n"


def exchanges(behave: Behaviour, **timeouts: float) -> Mapping[str, Exchange]:
    """What comes of a run over a server that behaves like this."""
    with serving(behave) as server:
        return record_all([*FREE, *PAID], f"http://127.0.0.1:{server.port}", **timeouts)


@pytest.mark.parametrize(
    ("behave", "why"),
    [
        (sends(), "nothing answers"),
        (sends(b"SSH-2.0-OpenSSH_9.2\r\n"), "nothing answers"),
        (sends(PAGE_ANSWER), "whatever is asked is answered with a web page"),
        (sends(GATEWAY + b"Bad Gateway"), "something else answers in place of the application"),
    ],
    ids=["closes", "speaks another protocol", "a web page", "a proxy's error"],
)
def test_nothing_is_paid_for_what_is_no_application(behave: Behaviour, why: str) -> None:
    """The paid probes are recorded as not sent, with the reason."""
    found = exchanges(behave)
    for name in PAID:
        failure = found[name].failure
        assert failure is not None
        assert (failure.kind, failure.message) == (FailureKind.NOT_SENT, why)
    assert facts(found).model_calls == 0


def test_nothing_is_paid_for_what_is_silent() -> None:
    """And no more time is spent on it than one timeout of what is free."""
    found = exchanges(sends(then=20), request=0.5, connect=5)
    for name in PAID:
        failure = found[name].failure
        assert failure is not None
        assert failure.kind is FailureKind.NOT_SENT


def test_a_key_in_the_status_line_is_an_echo() -> None:
    """Where hardly anybody looks."""
    with serving(sends(answer(b"{}", status=f"401 {KEY}"))) as server:
        seen = record("models_with_key", f"http://127.0.0.1:{server.port}")
    assert [echo.where for echo in seen.echoes] == ["status line"]
    assert KEY not in repr(seen)
