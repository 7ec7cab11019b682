"""The figures of a run, read off its exchanges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_codex.exchange.exchange import UNREACHABLE, UNSENT, Exchange
from pytest_codex.probes.catalogue import CATALOGUE

#: A loop that ran later than this, in seconds, makes times unreliable.
LAG_LIMIT = 0.05


@dataclass(frozen=True, slots=True)
class Facts:
    """Times in seconds, None where nothing was measured.

    ``model_calls`` counts the requests that may have reached a model: the paid ones that were
    answered with success or not at all, and any other chat completion that was accepted. ``wall``
    is the time from the start of the first exchange to the end of the last.
    """

    requests: int
    model_calls: int
    first_event: float | None
    longest_gap: float | None
    certificate_days: float | None
    loop_lag: float
    wall: float | None

    @property
    def reliable(self) -> bool:
        """Whether the recording loop ran on time, so that times can be trusted."""
        return self.loop_lag <= LAG_LIMIT


def facts(exchanges: Mapping[str, Exchange]) -> Facts:
    """Return the figures of a target's exchanges."""
    streams = [
        exchange.transcript()
        for exchange in exchanges.values()
        if exchange.media_type == "text/event-stream"
    ]
    firsts = [stream.times[0] for stream in streams if stream.times]
    first_of_chat = [e.transcript().times for n, e in exchanges.items() if n == "chat_stream"]
    days = [e.tls.days_left() for e in exchanges.values() if e.tls is not None]
    return Facts(
        requests=sum(_was_sent(exchange) for exchange in exchanges.values()),
        model_calls=sum(_reached_model(exchange) for exchange in exchanges.values()),
        first_event=next(
            (times[0] for times in first_of_chat if times), min(firsts) if firsts else None
        ),
        longest_gap=max(
            (s.longest_silence()[0] for s in streams if len(s.times) > 1), default=None
        ),
        certificate_days=min(days, default=None),
        loop_lag=max((exchange.loop_lag for exchange in exchanges.values()), default=0.0),
        wall=_wall([exchange for exchange in exchanges.values() if _was_sent(exchange)]),
    )


def _wall(exchanges: list[Exchange]) -> float | None:
    if not exchanges:
        return None
    began = min(exchange.started for exchange in exchanges)
    return max((e.started - began).total_seconds() + e.timings.end for e in exchanges)


def _was_sent(exchange: Exchange) -> bool:
    return exchange.failure is None or exchange.failure.kind not in UNSENT


def _reached_model(exchange: Exchange) -> bool:
    if CATALOGUE[exchange.probe].method != "POST" or not _was_sent(exchange):
        return False
    if exchange.reached:
        # A web page is no answer of a model.
        return 200 <= (exchange.status or 0) < 300 and exchange.media_type != "text/html"
    unreached = exchange.failure is not None and exchange.failure.kind in UNREACHABLE
    return CATALOGUE[exchange.probe].paid and not unreached
