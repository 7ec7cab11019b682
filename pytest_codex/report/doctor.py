"""From a target and its free exchanges to steps: what is well, what is not, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import IntEnum

from pytest_codex.diagnosis import (
    KEY_PROBE,
    RATE,
    SET_KEY,
    Cause,
    Level,
    cause,
    first_cause,
    key_refused,
    was_interrupted,
)
from pytest_codex.exchange.cors import Admitted
from pytest_codex.exchange.excerpt import visible
from pytest_codex.exchange.exchange import UNSENT, Exchange
from pytest_codex.exchange.fingerprints import sender
from pytest_codex.exchange.models import advertises, model_ids
from pytest_codex.exchange.strict import same
from pytest_codex.probes.catalogue import CATALOGUE, path_of
from pytest_codex.report.paint import painted
from pytest_codex.report.summary import describe
from pytest_codex.report.wrapping import wrapped
from pytest_codex.targets import Budgets, Target

#: The probes that are sent: none of them costs a model call, on whatever endpoint.
ASKED = ("healthz", "models", "models_with_key", "preflight", KEY_PROBE)
#: A certificate that is valid for fewer days is a problem: its renewal has failed.
_MIN_DAYS = 14
_LOG = "see the application's log"
#: The settings that :func:`describe` has.
_DESCRIBED = frozenset(
    ("domain", "origin", "key", "model", *(f"{field.name}_timeout" for field in fields(Budgets)))
)


class State(IntEnum):
    """How a step went; the worst of them decides the exit code."""

    OK = 0
    NOTHING = 1
    PROBLEM = 2
    MISSING = 3

    @property
    def word(self) -> str:
        """How it is shown."""
        return {State.OK: "ok", State.NOTHING: "-"}.get(self, "problem")

    @property
    def exit_code(self) -> int:
        """What it makes of a run: 4 for a setting, as pytest's usage errors have it."""
        return {State.PROBLEM: 1, State.MISSING: 4}.get(self, 0)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at. ``NOTHING`` is what is not there, and need not be."""

    name: str
    state: State
    says: str
    next_step: str = ""


def ok(name: str, says: str) -> Step:
    """Return a step that went well."""
    return Step(name, State.OK, says)


def nothing(name: str, says: str) -> Step:
    """Return a step about what is not there, and need not be."""
    return Step(name, State.NOTHING, says)


def settings_steps(target: Target) -> Iterator[Step]:
    """Yield what is set for a target and where, and the key if it is needed and missing."""
    _, *described = describe(target)
    for line in described:
        yield ok("settings", line.strip())
    others = [
        f"{name} [{source}]"
        for name, source in target.sources.items()
        if source != "default" and name not in _DESCRIBED
    ]
    if others:
        yield ok("settings", f"also set: {', '.join(others)}")
    if target.key is None and target.policy.auth == "required":
        source = target.sources["key"]
        empty = "" if source == "default" else f": {source}"
        yield Step("key", State.MISSING, f"none was given, and one is needed{empty}", SET_KEY)


# -- how the endpoint is reached ------------------------------------------------------------------


def endpoint_steps(target: Target, exchanges: Mapping[str, Exchange]) -> list[Step]:
    """Return the steps from the name to the application, in order.

    :param exchanges: those of :data:`ASKED`; of what was interrupted nothing is said. None at all,
        if the user was quicker than the recorder.
    """
    if not exchanges:
        return []
    broken = first_cause(exchanges, target.lists_models)
    on_the_way = list(_hops(target, exchanges, broken))
    if broken and broken.level in (Level.REACHABLE, Level.TLS):
        return [*on_the_way, nothing("application", "not asked: it was not reached")]
    if broken and broken.level <= Level.AUTHENTICATION:
        return [*on_the_way, Step("application", State.PROBLEM, broken.says, broken.next_step)]
    return [*on_the_way, *_answers(target, exchanges)]


def _hops(
    target: Target, exchanges: Mapping[str, Exchange], broken: Cause | None
) -> Iterator[Step]:
    sent = sorted((e for e in exchanges.values() if not _unsent(e)), key=was_interrupted)
    if not sent:
        return
    unreached = broken is not None and broken.level in (Level.REACHABLE, Level.TLS)
    seen = exchanges[broken.seen] if broken and unreached else sent[0]
    times, address = seen.timings, target.address
    hops = [
        ("DNS", times.dns, _resolved(address.host, seen.address)),
        ("TCP", times.tcp, f"port {address.port} accepts connections"),
    ]
    if address.scheme == "https":
        hops.append(("TLS", times.tls, _certificate(seen)))
    before = 0.0
    for name, until, says in hops:
        if until is None:
            break
        if name == "TLS" and seen.tls and seen.tls.days_left() < _MIN_DAYS:
            yield Step(name, State.PROBLEM, says, "see why the certificate was not renewed")
        else:
            yield ok(name, f"{says}, {(until - before) * 1000:.0f} ms")
        before = until
    if broken and unreached:
        failed = next((name for name, until, _ in hops if until is None), "network")
        yield Step(failed, State.PROBLEM, broken.says, broken.next_step)


def _resolved(host: str, address: str | None) -> str:
    return host if address in (None, host) else f"{host} is {address}"


def _certificate(seen: Exchange) -> str:
    tls = seen.tls
    if tls is None:
        return "set up"
    subject, issuer = visible(tls.subject, 60) or "no subject", visible(tls.issuer, 60)
    return f"{tls.version}, {subject} by {issuer}, {tls.days_left():.0f} days left"


def _unsent(exchange: Exchange) -> bool:
    return exchange.failure is not None and exchange.failure.kind in UNSENT


# -- what the application answers -----------------------------------------------------------------


def _answers(target: Target, exchanges: Mapping[str, Exchange]) -> Iterator[Step]:
    policy = target.policy
    health, key, preflight = (exchanges[name] for name in ("healthz", KEY_PROBE, "preflight"))
    if policy.health_path:
        yield _unknown("health", health) or _health(
            health, policy.health_expect, policy.health_path
        )
    yield _unknown("key", key) or _key(target, key)
    yield _unknown("models", exchanges[target.lists_models]) or _models(target, exchanges)
    if policy.cors:
        yield _unknown("preflight", preflight) or _preflight(preflight, policy.cors_origin)


def _unknown(name: str, seen: Exchange) -> Step | None:
    return nothing(name, "not known: interrupted") if was_interrupted(seen) else None


def _health(seen: Exchange, expected: Mapping[str, object], path: str) -> Step:
    said = seen.json_object()
    whole = seen.failure is None and seen.status == 200 and seen.media_type == "application/json"
    kept = all(name in said and same(said[name], value) for name, value in expected.items())
    if not (whole and said and kept):
        elsewhere = "where its health check is elsewhere, declare health_path"
        return _unexpected("health", seen, f"{_LOG}; {elsewhere}")
    return ok("health", f"{path} answers {seen.outcome}")


def _key(target: Target, seen: Exchange) -> Step:
    """Say what became of the key in a request that has no messages, so that it is free.

    It is accepted by whoever goes on to find the mistake in the body, as the checks of a client's
    mistakes have it: with a JSON error object.
    """
    source, path = target.sources["key"], path_of(CATALOGUE[KEY_PROBE], target)
    if _unsent(seen):
        return nothing("key", "not asked: none was given")
    if key_refused(seen):
        who = f"the key from {source}" if target.key else "a request without a key"
        return Step(
            "key",
            State.PROBLEM,
            f"{who} was refused with {seen.status}: {visible(seen.text(), 120)}",
            f"see that it is the key of {target.name}, and which one the authentication server has"
            if target.key
            else SET_KEY,
        )
    said = f"answered {seen.outcome}{f': {visible(seen.body, 120)}' if seen.body else ''}"
    if seen.status in (404, 405):
        return Step(
            "key",
            State.PROBLEM,
            f"no chat completions at {path}: {said}",
            "where they are elsewhere, declare base_path, the path in front of /chat/completions",
        )
    if seen.status == 429:
        return Step(
            "key",
            State.PROBLEM,
            f"a rate limit, which proves no key: {said}",
            f"{RATE}; then repeat",
        )
    if seen.status is None or seen.status >= 500:
        return _unexpected("key", seen, _LOG)
    faulted = seen.status in (400, 422) and seen.media_type == "application/json"
    if not (faulted and seen.json_object() and seen.failure is None):
        return Step(
            "key",
            State.PROBLEM,
            f"{said}, where a request without messages is answered 400 or 422 with a JSON object",
            f"see that it is the application that answers POST {path}; if it is, {_LOG}",
        )
    return ok("key", f"from {source}, accepted" if target.key else "none is needed")


def _models(target: Target, exchanges: Mapping[str, Exchange]) -> Step:
    listed = target.lists_models
    seen = exchanges[listed]
    if _unsent(seen):
        return nothing("models", "not asked: they are listed to those with a key")
    broken = cause(seen, exchanges, listed)
    if broken:
        return Step("models", State.PROBLEM, broken.says, broken.next_step)
    names = [name for name in model_ids(seen) if isinstance(name, str)]
    shown = visible(", ".join(names), 120) or "none"
    if not advertises(names, target.model):
        return Step(
            "models",
            State.PROBLEM,
            f"{target.model} is not among the models: {shown}",
            f"see that it is {target.name} that is deployed there, or name a model with --model",
        )
    return ok("models", f"{target.model} is among {len(names)}")


def _preflight(seen: Exchange, origin: str) -> Step:
    if seen.status is None or not 200 <= seen.status < 300:
        return _unexpected(
            "preflight",
            seen,
            "answer OPTIONS without a key, before ForwardAuth; where no browser is to have access, "
            "declare cors = false",
        )
    lacking = list(_not_admitted(seen, origin))
    if lacking:
        return Step(
            "preflight",
            State.PROBLEM,
            f"answered {seen.status}, but browsers are kept out: {'; '.join(lacking)}",
            "see the accessControl settings of the CORS middleware; where no browser is to have "
            "access, declare cors = false",
        )
    return ok("preflight", f"browsers are let in: {seen.status}")


def _not_admitted(seen: Exchange, origin: str) -> Iterator[str]:
    """Yield what a preflight's answer does not admit."""
    admitted = Admitted.of(seen)
    if not admitted.has_origin(origin):
        found = visible(admitted.origin) if admitted.origin else "missing"
        yield f"Access-Control-Allow-Origin is {found}"
    elif admitted.everybody_with_credentials:
        yield "Access-Control-Allow-Origin is * together with credentials"
    if not admitted.has_method("POST"):
        yield "POST is not among Access-Control-Allow-Methods"
    for name in ("Authorization", "Content-Type"):
        if not admitted.has_header(name):
            yield f"{name} is not among Access-Control-Allow-Headers"


def _unexpected(name: str, seen: Exchange, next_step: str) -> Step:
    who = sender(seen)
    body = f": {visible(seen.body, 120)}" if seen.body else ""
    by = f" by {who.who}: {who.meaning}" if who else body
    outcome = f"answered {seen.outcome}" if seen.reached else seen.outcome
    return Step(name, State.PROBLEM, f"{outcome}{by}", who.next_step if who else next_step)


# -- how it is shown ------------------------------------------------------------------------------

#: The columns of a step's state, and of all that stands in front of what it says.
_STATE, _INDENT = 9, 24
_COLOURS = {State.OK: "green", State.PROBLEM: "red", State.MISSING: "red"}


def lines(steps: Iterable[Step], width: int | None, *, colours: bool) -> Iterator[str]:
    """Yield the lines of some steps.

    :param width: where to break them; None for nowhere.
    """
    # On a narrow screen, what is said needs the room more than the columns before it.
    indent = _INDENT if width is None else min(_INDENT, width * 2 // 5)
    for step in steps:
        word = step.state.word
        colour = _COLOURS.get(step.state)
        before = f"  {word:<{_STATE}}{step.name}".ljust(_INDENT - 1)
        first, *others = wrapped(f"{before} {step.says}", width, indent)
        if colour:
            first = first.replace(word, painted(word, colour, wanted=colours), 1)
        yield first
        yield from others
        if step.next_step:
            yield from wrapped(f"{' ' * indent}next: {step.next_step}", width, indent)
