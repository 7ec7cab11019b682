"""From exchanges to the one thing that is broken.

A broken endpoint breaks many checks at once. The levels below say in which order things depend on
each other; an exchange that fails on one level says nothing about the later ones. So the first
broken level is the cause: one check fails for it, and those that build on it are skipped because
of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from pytest_codex.exchange.excerpt import visible
from pytest_codex.exchange.exchange import UNREACHABLE, Exchange, FailureKind
from pytest_codex.exchange.fingerprints import sender
from pytest_codex.probes.catalogue import CATALOGUE, NO_KEY, NO_PATH, Probe, Stop
from pytest_codex.probes.names import REFUSED_NAMES, refused_name


class Level(IntEnum):
    """What must hold, in the order in which one thing depends on another."""

    TLS = 1
    REACHABLE = 2
    APPLICATION = 3
    AUTHENTICATION = 4
    CLOSED = 5
    KEY_GIVEN = 6
    KEY_ACCEPTED = 7
    IN_TIME = 8
    ANSWERED = 9
    WHOLE = 10
    READABLE = 11
    NO_ERROR = 12


@dataclass(frozen=True, slots=True)
class Cause:
    """A broken level: what was seen, in one sentence, and what to do next.

    ``probe`` is the one that it was seen on, where it concerns that probe and not the target.
    """

    level: Level
    says: str
    next_step: str
    probe: str | None = None

    def __str__(self) -> str:
        return f"{self.says}; next: {self.next_step}"


#: The probe that tells how the protected paths answer a request with the key.
KEY_PROBE = "chat_without_messages"
#: The free probes that any application answers by itself.
APPLICATION_PROBES = ("healthz", "models", KEY_PROBE)
#: The exchanges that tell causes apart.
TELLING = (*APPLICATION_PROBES, *(refused_name("no_credential", stream=s) for s in (False, True)))
_TLS = frozenset(kind for kind in UNREACHABLE if kind.startswith("tls_"))


_TIMEOUTS = frozenset(
    {FailureKind.FIRST_BYTE_TIMEOUT, FailureKind.IDLE_TIMEOUT, FailureKind.TOTAL_TIMEOUT}
)
_LOG = "see the application's log"


def cause(
    exchange: Exchange, others: Mapping[str, Exchange], listed: str = "models"
) -> Cause | None:
    """Return the first broken level of an exchange, or None.

    :param others: the target's other exchanges that matter here, by the name of their probe.
    :param listed: the probe that must be answered with the models list.
    """
    probe = CATALOGUE[exchange.probe]
    if exchange.failure and exchange.failure.message == NO_PATH:
        return None
    return (
        _connection(exchange, others)
        or _application(exchange, others)
        or _authentication(exchange, others)
        or _open(exchange, others)
        or _key(exchange, others)
        or (_answer(exchange, probe) if probe.paid or probe.name == listed else None)
    )


def _connection(exchange: Exchange, others: Mapping[str, Exchange]) -> Cause | None:
    failed = exchange
    if exchange.failure and exchange.failure.kind is FailureKind.NOT_SENT:
        failed = next((e for e in others.values() if _unreachable(e)), exchange)
    if failed.failure is None or not _unreachable(failed):
        return None
    where = failed.request.url.split("/")[2]
    if failed.failure.kind in _TLS:
        presented = (
            f" (presented: subject {visible(failed.tls.subject)},"
            f" issuer {visible(failed.tls.issuer)},"
            f" names {visible(', '.join(failed.tls.names)) or 'none'},"
            f" expires {failed.tls.not_after:%Y-%m-%d})"
            if failed.tls
            else ""
        )
        return Cause(
            Level.TLS,
            f"TLS with {where} fails: {failed.failure.message}{presented}",
            _TLS_STEPS.get(failed.failure.kind, "see what listens there: does it speak TLS?"),
        )
    return Cause(
        Level.REACHABLE,
        f"nothing answers at {where}: {failed.failure.message}",
        _REACH_STEPS[failed.failure.kind],
    )


def _unreachable(exchange: Exchange) -> bool:
    return exchange.failure is not None and exchange.failure.kind in UNREACHABLE


_TLS_STEPS = {
    FailureKind.TLS_EXPIRED: "renew the certificate; see why the renewal did not happen",
    FailureKind.TLS_WRONG_NAME: "see the domain for a typing error, and which certificate the "
    "proxy has for this name",
    FailureKind.TLS_UNTRUSTED: "have the proxy use a certificate of a public authority (Traefik "
    "presents its default certificate when it has none for the name), or trust a private "
    "authority with SSL_CERT_FILE=ca.pem",
}
_REACH_STEPS = {
    FailureKind.DNS: "see the domain for a typing error, and its DNS record",
    FailureKind.REFUSED: "see whether the proxy runs and listens on this port",
    FailureKind.NETWORK: "see the network between here and there",
    FailureKind.CONNECT_TIMEOUT: "see firewalls, and whether the host is up",
}


def _application(exchange: Exchange, others: Mapping[str, Exchange]) -> Cause | None:
    """Whether a hop in front of the application answers in its place, whatever is asked."""
    asked = [others[name] for name in APPLICATION_PROBES if name in others]
    for seen in (exchange, *asked):
        who = sender(seen)
        in_its_place = who is not None and who.instead
        if not in_its_place and not (seen.failure and seen.failure.kind is FailureKind.NO_ANSWER):
            return None
    shown = exchange if exchange.reached else asked[0] if asked else exchange
    who = sender(shown)
    if who is None:
        return Cause(
            Level.APPLICATION,
            f"connections to {shown.request.url.split('/')[2]} are closed without an answer",
            "see whether this port speaks HTTP, and the proxy's log",
        )
    return Cause(
        Level.APPLICATION,
        f"{who.who} answers {shown.status} in place of the application: {who.meaning}",
        who.next_step,
    )


def _authentication(exchange: Exchange, others: Mapping[str, Exchange]) -> Cause | None:
    """Whether a hop answers in the application's place on the protected paths only."""
    with_key = others.get(KEY_PROBE)
    if CATALOGUE[exchange.probe].method != "POST" or with_key is None:
        return None
    shown = with_key if exchange.failure and not exchange.reached else exchange
    who = sender(with_key)
    if who is None or sender(shown) != who:
        return None
    return Cause(
        Level.AUTHENTICATION,
        f"{who.who} answers {with_key.status} on the protected paths, with the key and without: "
        f"{who.meaning}",
        who.next_step,
    )


def _open(exchange: Exchange, others: Mapping[str, Exchange]) -> Cause | None:
    """Whether no credential is needed at all, which makes every other credential pointless."""
    if exchange.probe not in REFUSED_NAMES:
        return None
    stream = exchange.probe.startswith("stream")
    bare = others.get(refused_name("no_credential", stream=stream))
    if bare is None or bare.status is None or not 200 <= bare.status < 300:
        return None
    return Cause(
        Level.CLOSED,
        f"{'streamed ' if stream else ''}chat without any credential is answered {bare.status}: "
        "anybody can use this endpoint at its owner's cost",
        "put ForwardAuth into the chain of every router that leads to the application "
        f"(request: {bare.request.as_curl()})",
        bare.probe,
    )


def _key(exchange: Exchange, others: Mapping[str, Exchange]) -> Cause | None:
    not_sent = exchange.failure is not None and exchange.failure.kind is FailureKind.NOT_SENT
    if exchange.failure and exchange.failure.message == NO_KEY:
        return Cause(Level.KEY_GIVEN, NO_KEY, "set KEY, or --key=env:NAME")
    for seen in (exchange, others.get(KEY_PROBE)):
        if seen and CATALOGUE[exchange.probe].paid and seen.status in (401, 403):
            return Cause(
                Level.KEY_ACCEPTED,
                f"the key was refused with {seen.status}: {visible(seen.text(), 120)}",
                "see that the key is this target's (the run names its source), and which key the "
                "authentication server holds",
            )
    if not_sent and exchange.failure:
        return Cause(Level.REACHABLE, exchange.failure.message, "see the other failures")
    return None


def _answer(exchange: Exchange, probe: Probe) -> Cause | None:
    def broken(level: Level, says: str, next_step: str = _LOG) -> Cause:
        return Cause(level, f"{probe.name} ({probe.what}): {says}", next_step, probe.name)

    expected = "text/event-stream" if probe.streams else "application/json"
    failure = exchange.failure
    if failure is not None and failure.kind in _TIMEOUTS:
        return broken(
            Level.IN_TIME,
            exchange.outcome,
            f"{_LOG}; if it only needs longer, raise the timeout that is named",
        )
    if exchange.status != 200 or exchange.media_type != expected:
        who = sender(exchange)
        if who is None:
            body = f": {visible(exchange.text(), 160)}" if exchange.body else ""
            return broken(
                Level.ANSWERED, f"expected 200 {expected}, was answered {exchange.outcome}{body}"
            )
        return broken(
            Level.ANSWERED,
            f"expected 200 {expected}, was answered {exchange.outcome} by {who.who}: {who.meaning}",
            who.next_step,
        )
    if probe.stop is Stop.AT_FIRST_CONTENT and exchange.transcript().content:
        return None
    if failure is not None and failure.kind is not FailureKind.HELD_OPEN:
        return broken(Level.WHOLE, exchange.outcome)
    return _stream(exchange, broken) if probe.streams else _json(exchange, broken)


def _json(exchange: Exchange, broken: Callable[..., Cause]) -> Cause | None:
    try:
        value = exchange.json()
    except ValueError as error:
        return broken(Level.READABLE, f"the body is {error}: {visible(exchange.body, 160)}")
    if not isinstance(value, dict):
        return broken(Level.READABLE, f"the body is no JSON object: {visible(exchange.body, 160)}")
    if value.get("error"):
        return broken(Level.NO_ERROR, f"an error in a 200: {visible(str(value['error']))}")
    return None


def _stream(exchange: Exchange, broken: Callable[..., Cause]) -> Cause | None:
    transcript = exchange.transcript()
    error = transcript.error
    if error is not None:
        text = visible(str(error.value.get("error")))
        return broken(Level.NO_ERROR, f"an error in the stream, {error.where}: {text}")
    if not transcript.done and not transcript.finishes:
        return broken(
            Level.WHOLE,
            f"the stream ended after {len(transcript.events)} events without a finish or [DONE]",
            f"{_LOG}, and whether a proxy's timeout ended it",
        )
    return None


def first_cause(exchanges: Mapping[str, Exchange], listed: str = "models") -> Cause | None:
    """Return the most basic thing that is broken in a target's exchanges, or None."""
    found = [cause(exchange, exchanges, listed) for exchange in exchanges.values()]
    broken = [item for item in found if item is not None and item.level is not Level.KEY_GIVEN]
    return min(broken, key=lambda item: item.level, default=None)
