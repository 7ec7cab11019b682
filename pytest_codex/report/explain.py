"""The message of a failed check: expected, observed, where, sent by whom, and how to redo it."""

from __future__ import annotations

import warnings

from pytest_codex import EndpointAdvice
from pytest_codex.diagnosis import Cause
from pytest_codex.exchange.excerpt import visible
from pytest_codex.exchange.exchange import Exchange
from pytest_codex.exchange.fingerprints import sender


def explain(
    exchange: Exchange, expected: str, observed: str | None = None, where: str | None = None
) -> str:
    """Return the message.

    :param expected: the rule, as a noun phrase or a clause.
    :param observed: what there was instead; by default the exchange's outcome and body.
    :param where: event, byte or header.
    """
    who = sender(exchange)
    return _message(
        f"expected {expected}",
        ("observed", observed or _outcome(exchange)),
        ("where", where),
        ("sent by", f"{who.who}: {who.meaning}" if who else None),
        ("next", who.next_step if who else None),
        *_redo(exchange),
    )


def explain_cause(cause: Cause, seen: Exchange) -> str:
    """Return the message of a check that fails for what many checks build on.

    :param seen: the exchange that shows it.
    """
    return _message(cause.says, ("next", cause.next_step), *_redo(seen))


def advise(exchange: Exchange, expected: str, observed: str) -> None:
    """Give advice: a finding that does not fail the check, unless warnings are made errors."""
    warnings.warn(
        EndpointAdvice(f"{exchange.probe}: expected {expected}; observed {observed}"), stacklevel=2
    )


def _message(first: str, *lines: tuple[str, str | None]) -> str:
    return "\n".join([first, *(f"  {name:<9} {text}" for name, text in lines if text)])


def _redo(exchange: Exchange) -> tuple[tuple[str, str], ...]:
    return (
        ("request", exchange.request.as_curl()),
        ("evidence", f"exchange {exchange.probe} of {exchange.target}"),
    )


def _outcome(exchange: Exchange) -> str:
    location = exchange.header("location")
    outcome = visible(exchange.outcome, 300) + (f", to {visible(location)}" if location else "")
    return f"{outcome}: {visible(exchange.body, 300)}" if exchange.body else outcome
