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
from pytest_codex.exchange.exchange import (
    INTERRUPTED,
    TIMEOUTS,
    UNREACHABLE,
    UNSENT,
    Exchange,
    FailureKind,
)
from pytest_codex.exchange.fingerprints import sender
from pytest_codex.probes.catalogue import CATALOGUE, NO_KEY, POINTLESS, Probe, Stop
from pytest_codex.probes.names import REFUSED_NAMES, refused_name


class Level(IntEnum):
    """What must hold, in the order in which one thing depends on another."""

    REACHABLE = 1
    TLS = 2
    APPLICATION = 3
    AUTHENTICATION = 4
    CLOSED = 5
    KEY_GIVEN = 6
    KEY_ACCEPTED = 7
    TOGETHER = 8
    IN_TIME = 9
    ANSWERED = 10
    WHOLE = 11
    READABLE = 12
    NO_ERROR = 13


@dataclass(frozen=True, slots=True)
class Cause:
    """A broken level: what was seen, in one sentence, and what to do next.

    ``seen`` is the probe whose exchange shows it; ``probe`` is the one that it concerns, None where
    it concerns the target.
    """

    level: Level
    says: str
    next_step: str
    seen: str
    probe: str | None = None

    def __str__(self) -> str:
        return f"{self.says}; next: {self.next_step}"


#: The probe that tells how the protected paths answer a request with the key.
KEY_PROBE = "chat_without_messages"
#: The free probes that any application answers by itself.
APPLICATION_PROBES = ("healthz", "models", KEY_PROBE)
#: The streams that are under way at the same time.
TOGETHER_PROBES = ("chat_stream", "chat_stream_long")
_TELLING = (*APPLICATION_PROBES, *(refused_name("no_credential", stream=s) for s in (False, True)))
#: The kinds that say nothing of what would have answered.
_UNTOLD = UNSENT | INTERRUPTED
_TLS = frozenset(kind for kind in UNREACHABLE if kind.startswith("tls_"))
_LOG = "see the application's log"
SET_KEY = "set KEY (or the variable that the target's key_env names), or --key=env:NAME"
_AUTH_SERVER = "see what the authentication server answers"
RATE = "this client sent too much at once: lower concurrency in the target's policy, and wait"
_PRIVATE_LIST = (
    "take the authentication out of the chain of the models list's router; where only those with a "
    "key are meant to see it, declare models_public = false"
)


def telling(probe: str) -> tuple[str, ...]:
    """Return the probes whose exchanges tell causes apart for one probe's exchange."""
    return _TELLING + (TOGETHER_PROBES if _is_stream(CATALOGUE[probe]) else ())


def key_refused(exchange: Exchange) -> bool:
    """Whether the application, or whoever judges keys for it, refused this request's key."""
    return exchange.status in (401, 403) and sender(exchange) is None


def _is_stream(probe: Probe) -> bool:
    return probe.streams and probe.paid


def cause(
    exchange: Exchange, others: Mapping[str, Exchange], listed: str = "models"
) -> Cause | None:
    """Return the first broken level of an exchange, or None.

    :param others: the target's other exchanges that matter here, by the name of their probe.
    :param listed: the probe that must be answered with the models list.
    """
    probe = CATALOGUE[exchange.probe]
    if exchange.failure and exchange.failure.message in POINTLESS:
        return None
    return (
        _connection(exchange, others)
        or _application(exchange, others)
        or _authentication(exchange, others)
        or _open(exchange, others)
        or _key(exchange, others)
        or (_answer_of_stream(exchange, others) if _is_stream(probe) else None)
        or (_answer(exchange) if probe.name in ("chat", listed) else None)
    )


def _connection(exchange: Exchange, others: Mapping[str, Exchange]) -> Cause | None:
    failed = exchange
    if exchange.failure and exchange.failure.kind in UNSENT:
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
            failed.probe,
        )
    return Cause(
        Level.REACHABLE,
        f"nothing answers at {where}: {failed.failure.message}",
        _REACH_STEPS[failed.failure.kind],
        failed.probe,
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
    """Whether something in front of the application answers in its place, or nothing does."""
    asked = [others[name] for name in APPLICATION_PROBES if name in others]
    seen = [e for e in (exchange, *asked) if not (e.failure and e.failure.kind in _UNTOLD)]
    if not seen:
        return None
    shown = seen[0]
    where = shown.request.url.split("/")[2]
    if not any(e.reached for e in seen):
        says = f"whatever is asked of {where} is not answered: {shown.outcome}"
        next_step = "see whether this port speaks HTTP, and the proxy's log"
        return Cause(Level.APPLICATION, says, next_step, shown.probe)
    senders = [sender(e) for e in seen]
    who = senders[0]
    if who is not None and all(found is not None and found.instead for found in senders):
        return Cause(
            Level.APPLICATION,
            f"{who.who} answers {shown.status} in place of the application: {who.meaning}",
            who.next_step,
            shown.probe,
        )
    if len({e.probe for e in seen}) > 1 and len({_kind(e) for e in seen}) == 1 and _wrong(shown):
        return Cause(
            Level.APPLICATION,
            f"whatever is asked of {where} is answered {shown.outcome}"
            f" ({visible(shown.text(), 120) or 'no body'})",
            f"see that it is the application that listens there; if it is, {_LOG}",
            shown.probe,
        )
    return None


def _kind(exchange: Exchange) -> tuple[int | None, str]:
    return exchange.status, exchange.media_type


def _wrong(exchange: Exchange) -> bool:
    """Whether no path of the application is answered like this, other than for want of a key."""
    status = exchange.status or 0
    return exchange.media_type == "text/html" or (status >= 400 and status not in (401, 403))


def _authentication(exchange: Exchange, others: Mapping[str, Exchange]) -> Cause | None:
    """Whether a hop answers in the application's place on the protected paths only."""
    with_key = others.get(KEY_PROBE)
    if not is_protected(exchange.probe) or with_key is None:
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
        shown.probe,
    )


def is_protected(probe: str) -> bool:
    """Whether a probe asks for something that needs a key."""
    return CATALOGUE[probe].method == "POST" or CATALOGUE[probe].needs_key


def _open(exchange: Exchange, others: Mapping[str, Exchange]) -> Cause | None:
    """Whether a request without any credential is not refused as it should be.

    If it is let in, every other credential is pointless; if it is refused in another way, those
    that are answered alike say the same.
    """
    if exchange.probe not in REFUSED_NAMES:
        return None
    stream = exchange.probe.startswith("stream")
    bare = others.get(refused_name("no_credential", stream=stream))
    if bare is None or bare.status is None:
        return None
    asked = f"{'streamed ' if stream else ''}chat without any credential"
    if 200 <= bare.status < 300:
        return Cause(
            Level.CLOSED,
            f"{asked} is answered {bare.status}: anybody can use this endpoint at its owner's cost",
            "put ForwardAuth into the chain of every router that leads to the application",
            bare.probe,
            bare.probe,
        )
    if not refuses(bare) and _kind(exchange) == _kind(bare):
        who = sender(bare)
        return Cause(
            Level.CLOSED,
            f"{asked} is answered {bare.outcome}"
            f" ({visible(bare.text(), 120) or 'no body'})"
            " instead of 401 or 403 with a JSON error object",
            who.next_step if who else RATE if bare.status == 429 else _AUTH_SERVER,
            bare.probe,
            bare.probe,
        )
    return None


def refuses(exchange: Exchange) -> bool:
    """Whether a request was refused in a way that clients understand."""
    return exchange.status in (401, 403) and bool(exchange.json_object().get("error"))


def _key(exchange: Exchange, others: Mapping[str, Exchange]) -> Cause | None:
    not_sent = exchange.failure is not None and exchange.failure.kind in UNSENT
    if exchange.failure and exchange.failure.message == NO_KEY:
        return Cause(Level.KEY_GIVEN, NO_KEY, SET_KEY, exchange.probe)
    for seen in (others.get(KEY_PROBE), exchange):
        if seen and CATALOGUE[exchange.probe].paid and key_refused(seen):
            return Cause(
                Level.KEY_ACCEPTED,
                f"the key was refused with {seen.status}: {visible(seen.text(), 120)}",
                "see that the key is this target's (the run names its source), and which key the "
                "authentication server holds",
                seen.probe,
                None if seen.probe == KEY_PROBE else seen.probe,
            )
    if not_sent and exchange.failure:
        says = exchange.failure.message
        return Cause(Level.REACHABLE, says, "see the other failures", exchange.probe)
    return None


def _answer_of_stream(exchange: Exchange, others: Mapping[str, Exchange]) -> Cause | None:
    """What is wrong with a stream, said once: streams that break alike break for one reason.

    Where only one of two streams that were under way at the same time breaks, that is it.
    """
    found = _answer(exchange)
    if found is None:
        return None
    pair = {name: _answer(others[name]) for name in TOGETHER_PROBES if name in others}
    alike = [broken for broken in pair.values() if broken and broken.level is found.level]
    first = alike[0] if alike else found
    other = next((name for name, broken in pair.items() if broken is None), None)
    if alike and other:
        return Cause(
            Level.TOGETHER,
            f"{first.says}; {other}, under way at the same time, was answered",
            f"{first.next_step}; or it is a limit on streams at once",
            first.seen,
            first.probe,
        )
    return first


def _answer(exchange: Exchange) -> Cause | None:
    probe = CATALOGUE[exchange.probe]

    def broken(level: Level, says: str, next_step: str = _LOG) -> Cause:
        says = f"{probe.name} ({probe.what}): {says}"
        return Cause(level, says, next_step, probe.name, probe.name)

    expected = "text/event-stream" if probe.streams else "application/json"
    failure = exchange.failure
    if failure is not None and failure.kind in TIMEOUTS:
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
                Level.ANSWERED,
                f"expected 200 {expected}, was answered {exchange.outcome}{body}",
                _PRIVATE_LIST if probe.name == "models" and exchange.status in (401, 403) else _LOG,
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
    """Return the most basic thing that is broken in a target's exchanges, or None.

    Those that ended because the run did say nothing of the target.
    """
    own = {name: e for name, e in exchanges.items() if not was_interrupted(e)}
    found = [cause(exchange, own, listed) for exchange in own.values()]
    broken = [item for item in found if item is not None and item.level is not Level.KEY_GIVEN]
    return min(broken, key=lambda item: item.level, default=None)


def was_interrupted(exchange: Exchange) -> bool:
    """Whether it was this run that ended an exchange, or did not come to begin it."""
    return exchange.failure is not None and exchange.failure.kind in INTERRUPTED
