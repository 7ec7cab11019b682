"""From exchanges to the one thing that is broken."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pytest_codex.diagnosis import Cause, Level, cause, first_cause
from pytest_codex.exchange.exchange import INTERRUPTED, UNREACHABLE, Failure, FailureKind
from pytest_codex.probes.catalogue import CATALOGUE, NO_KEY, NO_PATH

from .made import HTML, JSON, SSE, chunk, exchange, failed, stream, tls

REFUSAL = {"error": {"message": "no"}}
ANSWER = {"object": "chat.completion", "choices": [{"index": 0, "message": {"content": "Hi"}}]}
STREAM = stream(chunk("Hi"), chunk(finish="stop"))
NO_SERVER = (("Content-Type", "text/plain"),)


def healthy() -> dict:
    """What a healthy endpoint answers to the probes that tell causes apart, and to chat."""
    refusals = [f"{kind}_with_no_credential" for kind in ("chat", "stream")]
    made = [
        exchange("healthz", body={"ok": True}),
        exchange("models", body={"object": "list", "data": [{"id": "codex-5"}]}),
        exchange("chat_without_messages", 400, REFUSAL),
        *(exchange(name, 401, REFUSAL) for name in refusals),
        exchange("chat", body=ANSWER),
        exchange("chat_stream", body=STREAM, headers=SSE),
        exchange("chat_stream_long", body=STREAM, headers=SSE),
    ]
    return {each.probe: each for each in made}


def found(probe: str, **broken) -> Cause | None:
    """The cause for one probe, where these exchanges are not as they should be."""
    exchanges = healthy() | {each.probe: each for each in broken.values()}
    return cause(exchanges[probe], exchanges)


def all_as(status: int, body: bytes, headers=NO_SERVER) -> dict:
    """Every exchange answered alike."""
    return {name: exchange(name, status, body, headers) for name in healthy()}


def test_the_levels_stand_in_the_order_of_dependence():
    """What is not reached sets up no TLS, without TLS no application answers, and so on."""
    names = ["REACHABLE", "TLS", "APPLICATION", "AUTHENTICATION", "CLOSED", "KEY_GIVEN"]
    names += ["KEY_ACCEPTED", "TOGETHER", "IN_TIME", "ANSWERED", "WHOLE", "READABLE", "NO_ERROR"]
    assert all(Level[a] < Level[b] for a, b in itertools.pairwise(names))


@pytest.mark.parametrize("name", healthy())
def test_a_healthy_endpoint_has_no_cause(name):
    """For none of its exchanges, and none in all."""
    assert found(name) is None
    assert first_cause(healthy()) is None


@pytest.mark.parametrize("kind", sorted(UNREACHABLE))
@pytest.mark.parametrize("name", ["healthz", "chat", "chat_stream"])
def test_what_is_unreachable_is_so_for_every_probe(kind, name):
    """TLS or the way there; with a step to take, and the same for those that were not sent."""
    exchanges = {
        n: failed(FailureKind.NOT_SENT if CATALOGUE[n].paid else kind, n) for n in healthy()
    }
    level = Level.TLS if kind.startswith("tls_") else Level.REACHABLE
    broken = cause(exchanges[name], exchanges)
    assert broken is not None
    assert broken.level is level
    assert f"this is {kind}" in broken.says
    assert "api.example" in broken.says
    assert broken.next_step
    assert broken.probe is None
    assert first_cause(exchanges) == broken


def test_an_untrusted_certificate_is_described():
    """Who it is for, by whom, until when: that is what tells a default certificate."""
    made = failed(FailureKind.TLS_UNTRUSTED, "models", tls=tls(datetime(2025, 7, 1, tzinfo=UTC)))
    broken = cause(made, {"models": made})
    assert broken is not None
    for part in ("CN=api.example", "CN=Some CA", "expires 2025-07-01"):
        assert part in broken.says


def test_a_certificate_cannot_write_to_the_terminal():
    """Its names are whatever somebody put into them."""
    presented = tls(datetime(2025, 7, 1, tzinfo=UTC))
    named = type(presented)(
        "", "\x1b[31m", "\x07", ("\x9b",), presented.not_before, presented.not_after
    )
    made = failed(FailureKind.TLS_UNTRUSTED, "models", tls=named)
    assert str(cause(made, {"models": made})).isprintable()


@pytest.mark.parametrize(
    ("status", "body", "who"),
    [
        (404, b"404 page not found", "Traefik"),
        (502, b"Bad Gateway", "Traefik"),
        (503, b"no available server", "Traefik"),
        (504, b"Gateway Timeout", "Traefik"),
    ],
)
@pytest.mark.parametrize("name", ["healthz", "chat"])
def test_a_proxy_that_answers_everything_stands_in_for_the_application(status, body, who, name):
    """And is named."""
    exchanges = all_as(status, body)
    broken = cause(exchanges[name], exchanges)
    assert broken is not None
    assert broken.level is Level.APPLICATION
    assert who in broken.says
    assert str(status) in broken.says


def test_connections_that_are_closed_without_an_answer_are_of_the_same_level():
    """Something listens there, and it is not the application."""
    exchanges = {name: failed(FailureKind.NO_ANSWER, name) for name in healthy()}
    broken = cause(exchanges["healthz"], exchanges)
    assert broken is not None
    assert broken.level is Level.APPLICATION


def test_a_proxy_that_answers_one_path_does_not_stand_in_for_the_application():
    """The health check alone may be routed wrongly."""
    lost = exchange("healthz", 404, b"404 page not found", NO_SERVER)
    assert found("chat", lost=lost) is None


def test_an_authentication_that_cannot_be_called_is_its_own_cause():
    """All protected paths answer an empty 500, the public ones are fine."""
    empty = {name: exchange(name, 500) for name in healthy() if CATALOGUE[name].method == "POST"}
    for name in ("chat", "chat_without_messages", "chat_with_no_credential"):
        broken = found(name, **empty)
        assert broken is not None
        assert broken.level is Level.AUTHENTICATION
    assert found("healthz", **empty) is None


@pytest.mark.parametrize("kind", ["chat", "stream"])
def test_an_endpoint_that_needs_no_key_is_open(kind):
    """Whatever the other credentials are answered; with the request that shows it."""
    bare = exchange(f"{kind}_with_no_credential", 200, ANSWER)
    wrong = exchange(f"{kind}_with_wrong_key", 200, ANSWER)
    broken = found(wrong.probe, bare=bare, wrong=wrong)
    assert broken is not None
    assert broken.level is Level.CLOSED
    assert found("chat_without_messages", bare=bare) is None


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_is_the_cause_for_whatever_is_paid(status):
    """Before any answer is judged."""
    refused = exchange("chat_without_messages", status, REFUSAL)
    unsent = failed(FailureKind.NOT_SENT, "chat")
    broken = found("chat", refused=refused, unsent=unsent)
    assert broken is not None
    assert broken.level is Level.KEY_ACCEPTED
    assert str(status) in broken.says
    assert found("healthz", refused=refused) is None


def test_a_missing_key_is_said_and_is_no_fault_of_the_endpoint():
    """It is not what a run's diagnosis tells."""
    missing = exchange("chat", None, failure=Failure(FailureKind.NOT_SENT, NO_KEY))
    broken = cause(missing, healthy())
    assert broken is not None
    assert broken.level is Level.KEY_GIVEN
    assert first_cause(healthy() | {"chat": missing}) is None


def test_a_probe_without_a_path_has_no_cause():
    """The target has none, and nothing is wrong with that."""
    assert cause(failed_with(NO_PATH), healthy()) is None


def failed_with(why: str):
    """A probe that was not sent."""
    return exchange("readyz", None, failure=Failure(FailureKind.NOT_SENT, why))


CUT = Failure(FailureKind.INCOMPLETE, "cut")
HELD = Failure(FailureKind.HELD_OPEN, "held")
IDLE = Failure(FailureKind.IDLE_TIMEOUT, "silence")

BROKEN = {
    "late": (Level.IN_TIME, failed(FailureKind.TOTAL_TIMEOUT, "chat")),
    "silent": (Level.IN_TIME, exchange("chat_stream", body=STREAM, headers=SSE, failure=IDLE)),
    "an error status": (Level.ANSWERED, exchange("chat", 500, REFUSAL)),
    "a page": (Level.ANSWERED, exchange("chat", 200, b"<html>", HTML)),
    "a stream instead": (Level.ANSWERED, exchange("chat", 200, STREAM, SSE)),
    "no stream": (Level.ANSWERED, exchange("chat_stream", 200, ANSWER)),
    "cut": (Level.WHOLE, exchange("chat", 200, b"{", JSON, CUT)),
    "a stream cut": (Level.WHOLE, exchange("chat_stream", 200, STREAM, SSE, CUT)),
    "a stream without an end": (
        Level.WHOLE,
        exchange("chat_stream", 200, stream(chunk("a"), done=False), SSE),
    ),
    "an empty stream": (Level.WHOLE, exchange("chat_stream", 200, b"", SSE)),
    "no JSON": (Level.READABLE, exchange("chat", 200, b"{", JSON)),
    "lax JSON": (Level.READABLE, exchange("chat", 200, b'{"a": NaN}', JSON)),
    "no object": (Level.READABLE, exchange("chat", 200, b"[]", JSON)),
    "an error in a 200": (Level.NO_ERROR, exchange("chat", 200, REFUSAL)),
    "an error in a stream": (Level.NO_ERROR, exchange("chat_stream", 200, stream(REFUSAL), SSE)),
    "no list of models": (Level.ANSWERED, exchange("models", 500, REFUSAL)),
}


@pytest.mark.parametrize(("level", "made"), BROKEN.values(), ids=BROKEN)
def test_an_answer_breaks_on_one_level(level, made):
    """The first one; with the probe that it was seen on."""
    names = ("chat_stream", "chat_stream_long") if made.probe == "chat_stream" else (made.probe,)
    broken = found(made.probe, **{name: replace(made, probe=name) for name in names})
    assert broken is not None
    assert broken.level is level
    assert broken.probe == made.probe
    assert made.probe in broken.says
    assert str(broken).endswith(f"next: {broken.next_step}")


def test_a_stream_that_is_held_open_after_its_end_is_whole():
    """Another check says that it was held."""
    assert found("chat_stream", made=exchange("chat_stream", 200, STREAM, SSE, HELD)) is None


def test_a_stream_that_was_dropped_on_purpose_need_not_be_whole():
    """Content is all that it was asked for."""
    made = exchange("chat_stream_dropped", 200, stream(chunk("a"), done=False), SSE)
    assert cause(made, healthy()) is None


@pytest.mark.parametrize("made", [each for _, each in BROKEN.values()], ids=BROKEN)
def test_what_a_server_says_never_reaches_a_terminal_as_it_is(made):
    """Whatever is in its status line, headers and body."""
    wild = b"\x1b[2J\0\xff\xc2\x9b" + made.body
    headers = tuple((name, f"{value}\x1b[31m\x9b") for name, value in made.headers)
    broken = cause(replace(made, body=wild, headers=headers, reads=()), healthy())
    assert broken is not None
    assert str(broken).isprintable()


@pytest.mark.parametrize("kind", sorted(INTERRUPTED))
def test_what_the_run_ended_is_no_cause(kind):
    """Whether it was under way or not sent yet, it says nothing of the target."""
    exchanges = healthy()
    assert first_cause(exchanges | {"chat": failed(kind, "chat")}) is None
    assert first_cause({name: failed(kind, name) for name in exchanges}) is None


def test_the_most_basic_cause_is_the_run_s():
    """Whichever exchange shows it."""
    broken = healthy() | {
        "chat": exchange("chat", 200, REFUSAL),
        "chat_stream": failed(FailureKind.TOTAL_TIMEOUT, "chat_stream"),
        "models": exchange("models", 200, b"{", JSON),
    }
    levels = [cause(each, broken) for each in broken.values()]
    least = min(each.level for each in levels if each is not None)
    first = first_cause(broken)
    assert first is not None
    assert first.level is least
