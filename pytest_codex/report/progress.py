"""What is pending, as one line of text, as a file for another process, and on a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from math import isfinite

from pytest_codex.exchange.excerpt import visible
from pytest_codex.probes.catalogue import CATALOGUE
from pytest_codex.probes.pending import Pending

#: More than this share of its limit used up, and it is worth a look.
_LATE = 0.5


def line(pending: Sequence[Pending], width: int | None = None) -> str:
    """Return what is pending in one line, the most interesting first.

    :param width: its most columns; what does not fit is left out, the budgets' names first and
        then those that are the least interesting. Of the first, everything is said if there is
        room left. Without it everything is said of all.
    """
    pending = sorted(pending, key=_interest)
    several = len({one.target for one in pending}) > 1

    def words(*, full: bool) -> list[str]:
        return [(f"{one.target} " if several else "") + _words(one, full=full) for one in pending]

    full = words(full=True)
    whole = "; ".join(full)
    if width is None or len(whole) <= width:
        return whole
    short = words(full=False)
    for shown in range(len(short), 0, -1):
        left_out = f"; +{len(short) - shown}" if shown < len(short) else ""
        text = "; ".join(short[:shown]) + left_out
        if len(text) <= width:
            fuller = full[0] + text.removeprefix(short[0])
            return fuller if len(fuller) <= width else text
    return text[: max(width - 1, 0)] + "…"[:width]


def _interest(one: Pending) -> tuple[int, float]:
    """Streams with events come first, then model calls, then the rest; the longest wait first."""
    probe = CATALOGUE.get(one.probe)  # the name may come from a file
    kind = 0 if one.events else 1 if probe and probe.paid else 2
    return kind, -one.waited


def _words(one: Pending, *, full: bool) -> str:
    so_far = f"{one.waited:.0f} s of {one.limit:g} s"
    if full:
        so_far += f" ({one.budget}-timeout)"
    if one.status is None:
        doing = "waiting" if one.sent else "connecting"
        return f"{visible(one.probe)}: {doing} {so_far}"
    arrived = f"{one.events} events" if one.events else f"{one.size:,} bytes"
    said = f"{visible(one.probe)}: {one.status}, {arrived}, last {one.quiet:.1f} s ago"
    return f"{said}, {so_far}" if full else said


def is_late(pending: Iterable[Pending]) -> bool:
    """Whether any of them has used up a good part of its budget."""
    return any(one.waited > _LATE * one.limit for one in pending)


# -- on a terminal --------------------------------------------------------------------------------

#: One row down, on a new one if this is the last, and up again: so there is a row below, and the
#: column is as it was. Then to that row's start, remembering from where. (VT100: IND, CUU, DECSC,
#: CUD.) pytest's own line, which may be half written, is not touched.
_BELOW = "\x1bD\x1b[A\x1b7\x1b[B\r"
_BACK = "\x1b8"

#: Takes away what :func:`drawn` has drawn.
ERASED = f"{_BELOW}\x1b[2K{_BACK}"


def drawn(text: str) -> str:
    """Return what draws a line below the one that the cursor stands in, where it stays."""
    return f"{_BELOW}{text}\x1b[K{_BACK}"


# -- from one process to another ------------------------------------------------------------------


def dump(pending: Iterable[Pending]) -> str:
    """Return them as JSON."""
    return json.dumps([asdict(one) for one in pending])


def load(text: str) -> list[Pending]:
    """Read what :func:`dump` has written.

    :raises ValueError: if it is anything else.
    """
    try:
        found = [Pending(**item) for item in json.loads(text)]
    except (TypeError, RecursionError) as error:
        raise ValueError(f"not a list of what is pending: {error}") from None
    if not all(map(_is_sound, found)):
        raise ValueError("not a list of what is pending")
    return found


def _is_sound(one: Pending) -> bool:
    texts = (one.target, one.probe, one.budget)
    numbers = (one.waited, one.limit, one.size, one.events, one.quiet, one.status or 0)
    return all(isinstance(text, str) for text in texts) and all(
        isinstance(number, int | float) and isfinite(number) for number in numbers
    )
