"""The figures of a run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pytest_codex.exchange.exchange import Failure, FailureKind, Timings
from pytest_codex.exchange.transcript import Read
from pytest_codex.report.facts import LAG_LIMIT, facts

from .made import SSE, chunk, exchange, failed, stream, tls


def by_name(*exchanges):
    """Exchanges by their probes."""
    return {e.probe: e for e in exchanges}


def streamed(probe: str, *times: float, **more: object):
    """A stream with an event at each of these times."""
    events = [stream(chunk("a"), done=False) for _ in times]
    ends = [sum(map(len, events[: n + 1])) for n in range(len(events))]
    reads = tuple(Read(at, end) for at, end in zip(times, ends, strict=True))
    return exchange(probe, body=b"".join(events), headers=SSE, reads=reads, **more)


def test_nothing_recorded_is_nothing_measured():
    """Zero counts, and no times."""
    found = facts({})
    assert (found.requests, found.model_calls, found.loop_lag) == (0, 0, 0.0)
    assert (found.first_event, found.longest_gap, found.certificate_days) == (None, None, None)
    assert found.reliable


@pytest.mark.parametrize(
    ("made", "requests", "calls"),
    [
        (exchange("healthz"), 1, 0),
        (exchange("chat"), 1, 1),
        (exchange("chat", 500), 1, 0),
        (exchange("chat", 401), 1, 0),
        (exchange("chat_stream", failure=Failure(FailureKind.INCOMPLETE, "cut")), 1, 1),
        (failed(FailureKind.FIRST_BYTE_TIMEOUT, "chat"), 1, 1),
        (failed(FailureKind.NO_ANSWER, "chat"), 1, 1),
        (failed(FailureKind.REFUSED, "chat"), 1, 0),
        (failed(FailureKind.TLS_EXPIRED, "chat"), 1, 0),
        (failed(FailureKind.NOT_SENT, "chat"), 0, 0),
        (failed(FailureKind.CALLED_OFF, "chat"), 0, 0),
        (failed(FailureKind.CANCELLED, "chat"), 1, 1),
        (exchange("chat_with_wrong_key", 401), 1, 0),
        (exchange("chat_with_wrong_key", 200), 1, 1),
        (failed(FailureKind.FIRST_BYTE_TIMEOUT, "chat_with_wrong_key"), 1, 0),
        (exchange("preflight", 204), 1, 0),
    ],
)
def test_a_model_call_is_what_may_have_cost_one(made, requests, calls):
    """Accepted, or a paid request that was not answered; a refusal costs nothing."""
    found = facts(by_name(made))
    assert (found.requests, found.model_calls) == (requests, calls)


def test_the_first_event_is_the_short_stream_s():
    """The longest gap is any stream's."""
    found = facts(
        by_name(streamed("chat_stream", 1.5, 1.75), streamed("chat_stream_long", 0.5, 4.0))
    )
    assert (found.first_event, found.longest_gap) == (1.5, 3.5)


def test_without_the_short_stream_it_is_the_first_there_is():
    """One event has no gap."""
    found = facts(by_name(streamed("chat_stream_long", 0.5), streamed("chat_stream_dropped", 0.25)))
    assert (found.first_event, found.longest_gap) == (0.25, None)


def test_the_certificate_that_expires_first_counts():
    """In days from now."""
    now = datetime.now(UTC)
    made = by_name(
        exchange("healthz", tls=tls(now + timedelta(days=30, minutes=5))),
        exchange("models", tls=tls(now + timedelta(days=20, minutes=5))),
        exchange("chat"),
    )
    days = facts(made).certificate_days
    assert days is not None
    assert int(days) == 20


@pytest.mark.parametrize(("lag", "reliable"), [(0.0, True), (LAG_LIMIT, True), (0.2, False)])
def test_times_are_reliable_if_the_loop_ran_on_time(lag, reliable):
    """The worst of all exchanges decides."""
    found = facts(by_name(exchange("healthz"), exchange("models", loop_lag=lag)))
    assert (found.loop_lag, found.reliable) == (lag, reliable)


def test_the_wall_time_spans_all_exchanges_that_were_sent():
    """From the start of the first to the end of the last, whichever those are."""
    began = datetime(2026, 1, 1, tzinfo=UTC)
    made = {
        0: exchange("healthz", timings=Timings(end=9.0)),
        8: exchange("models", timings=Timings(end=2.5)),
        60: failed(FailureKind.NOT_SENT, "chat"),
    }
    found = facts(
        by_name(
            *(replace(e, started=began + timedelta(seconds=after)) for after, e in made.items())
        )
    )
    assert found.wall == 10.5
    assert facts({}).wall is None
