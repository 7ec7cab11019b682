"""A target's summary, for the terminal and as Markdown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from pytest_codex.diagnosis import Cause
from pytest_codex.exchange.excerpt import visible
from pytest_codex.exchange.exchange import Exchange
from pytest_codex.report.facts import Facts
from pytest_codex.report.markdown import code
from pytest_codex.report.outcomes import RED, Advice, Outcome, count, tally
from pytest_codex.report.table import table
from pytest_codex.targets import Target

#: What a failure says to do, and the request that shows it: see report/explain.py.
_SAID = re.compile(r"^(?:E\s+)?\s*(next|request) {3,}(.+)$", re.MULTILINE)
#: Why a check that was selected has no result.
UNFINISHED = "the run ended before this check did"
_BUDGETS = ("connect", "request", "nonstream", "stream", "first_event", "idle")


def describe(target: Target) -> list[str]:
    """Return lines that say what is verified, each setting with its source."""
    url = target.address.url
    embedded = " (the EMBEDDED endpoint, not a deployment)" if target.embedded else ""
    source = target.sources["key"]
    missing = "none" if source == "default" else f"none ({source})"
    key = f"from {source}" if target.key else missing
    budgets = ", ".join(
        f"{name.replace('_', '-')} {getattr(target.budgets, name):g} s"
        f"{_source(target, f'{name}_timeout')}"
        for name in _BUDGETS
    )
    lines = [
        f"target {target.name}: {url}{embedded} [{target.sources['domain']}]",
        f"  key: {key}; model: {target.model} [{target.sources['model']}]",
        f"  budgets: {budgets}",
    ]
    if target.origin:
        unused = "not used with the embedded endpoint" if embedded else "no check goes over it yet"
        origin = f"{target.origin.authority} [{target.sources['origin']}], {unused}"
        lines.insert(1, f"  origin: {origin}")
    return lines


def _source(target: Target, name: str) -> str:
    source = target.sources[name]
    return "" if source == "default" else f" [{source}]"


def figures(found: Facts) -> str:
    """Return the figures in one line."""
    parts = [
        f"model calls {found.model_calls}",
        f"requests {found.requests}",
    ]
    if found.first_event is not None:
        parts.append(f"first event {found.first_event:.2f} s")
    if found.longest_gap is not None:
        parts.append(f"longest gap {found.longest_gap:.2f} s")
    if found.certificate_days is not None:
        parts.append(f"certificate {found.certificate_days:.0f} days")
    if found.wall is not None:
        parts.append(f"wall time {found.wall:.1f} s")
    return ", ".join([*parts, *unreliable(found)])


def unreliable(found: Facts) -> list[str]:
    """Return a line that says so where times cannot be trusted."""
    if found.reliable:
        return []
    return [f"times unreliable: this machine was {found.loop_lag * 1000:.0f} ms late"]


_COLUMNS = (
    *("target", "passed", "failed", "skipped", "advice", "model calls"),
    *("first event", "longest gap", "cert days", "wall time"),
)


def overview(
    targets: Iterable[tuple[str, list[Outcome], int, Facts]], width: int
) -> list[tuple[str, bool | None]]:
    """Return the lines of a table of targets; each with whether it is of a red one, None if of all.

    :param targets: of each its name, what became of its checks, how often advice was given, and
        its figures. An error counts as a failure.
    :param width: the most columns.
    """
    rows, reds = [], []
    for name, outcomes, advice, found in targets:
        failed = count(outcomes, *RED)
        reds.append(failed > 0)
        counts = (count(outcomes, "passed"), failed, count(outcomes, "skipped"), advice)
        days = found.certificate_days
        rows.append(
            [
                name,
                *map(str, counts),
                str(found.model_calls),
                _seconds(found.first_event, 2),
                _seconds(found.longest_gap, 2),
                "-" if days is None else f"{days:.0f}",
                _seconds(found.wall, 1),
            ]
        )
    drawn = table(_COLUMNS, rows, width)
    plain: list[tuple[str, bool | None]] = [(line, None) for line in drawn.heading]
    if drawn.turned:
        return plain + [(line, None) for line in drawn.body]
    return plain + list(zip(drawn.body, reds, strict=True))


def _seconds(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f} s"


def to_do(
    name: str, outcomes: Iterable[Outcome], broken: Cause | None, *, embedded: bool = False
) -> list[str]:
    """Return what is the matter with a target, and the first thing to do; nothing if it is well.

    :param embedded: whether it is the embedded endpoint, which ends with the run.
    """
    failed = [outcome for outcome in outcomes if outcome.kind in RED]
    if not failed:
        return []
    if broken:
        return [f"{name} is broken: {broken.says}", f"  next: {broken.next_step}"]
    first = failed[0]
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    return [
        f"{name} fails {visible(first.name)}{more}: {visible(first.message, 300)}",
        f"  next: {_next_step(first, embedded=embedded)}",
    ]


def _next_step(failed: Outcome, *, embedded: bool) -> str:
    said = dict(reversed(_SAID.findall(failed.detail)))  # the first of each
    if "next" in said:
        return visible(said["next"], 300)
    if "request" in said and not embedded:
        return f"repeat its request: {visible(said['request'], 4000)}"
    return "see its failure above; the exchanges are in the results"


def not_verified(outcomes: Iterable[Outcome], *, interrupted: bool) -> list[str]:
    """Return a line for each reason for which checks were skipped, most frequent first.

    :param interrupted: whether it is the user who ended the run.
    """
    reasons = Counter(outcome.message for outcome in outcomes if outcome.kind == "skipped")
    return [
        f"interrupted: {number} check{'' if number == 1 else 's'} did not run"
        if interrupted and reason == UNFINISHED
        else f"{number} not verified: {reason}"
        for reason, number in reasons.most_common()
    ]


def markdown(
    target: Target,
    outcomes: list[Outcome],
    advice: list[Advice],
    exchanges: Mapping[str, Exchange],
    found: Facts,
    broken: Cause | None,
    *,
    interrupted: bool = False,
) -> str:
    """Return the summary as Markdown; what came from the server stands in code spans only.

    :param interrupted: whether it is the user who ended the run.
    """
    failed = [outcome for outcome in outcomes if outcome.kind in RED]
    lines = [f"# {target.name}: {tally(outcomes)}", ""]
    lines += [f"    {line}" for line in describe(target)]
    lines += ["", figures(found).capitalize() + ".", ""]
    if broken:
        lines += ["## Diagnosis", "", code(broken.says), "", f"Next: {broken.next_step}.", ""]
    if failed:
        lines += ["## Failed", ""]
        lines += [f"- {code(outcome.nodeid)}: {code(outcome.message)}" for outcome in failed]
        lines += [""]
    if advice:
        lines += ["## Advice", ""]
        lines += [f"- {code(item.nodeid)}: {code(item.message)}" for item in advice]
        lines += [""]
    skipped = not_verified(outcomes, interrupted=interrupted)
    if skipped:
        lines += ["## Not verified", "", *(f"- {code(line)}" for line in skipped), ""]
    lines += ["## Exchanges", "", "| probe | outcome | headers | end | bytes |", "|-|-|-|-|-|"]
    lines += [_row(exchange) for exchange in exchanges.values()]
    return "\n".join(lines) + "\n"


def _row(exchange: Exchange) -> str:
    headers = exchange.timings.headers
    return (
        f"| {exchange.probe} | {code(exchange.outcome)} "
        f"| {'' if headers is None else f'{headers:.3f} s'} "
        f"| {exchange.timings.end:.3f} s | {len(exchange.body):,} |"
    )
