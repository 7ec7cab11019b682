"""A target's summary, for the terminal and as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from pytest_codex.diagnosis import Cause
from pytest_codex.exchange.excerpt import visible
from pytest_codex.exchange.exchange import Exchange
from pytest_codex.report.facts import Facts
from pytest_codex.report.outcomes import Advice, Outcome, tally
from pytest_codex.targets import Target

_HEADER = ("domain", "origin", "key", "model")
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
        lines.insert(1, f"  origin: {target.origin.authority} [{target.sources['origin']}]")
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
    if not found.reliable:
        parts.append(f"times unreliable: this machine was {found.loop_lag * 1000:.0f} ms late")
    return ", ".join(parts)


def not_verified(outcomes: list[Outcome]) -> list[str]:
    """Return a line for each reason for which checks were skipped, most frequent first."""
    reasons = Counter(outcome.message for outcome in outcomes if outcome.kind == "skipped")
    return [f"{number} not verified: {reason}" for reason, number in reasons.most_common()]


def markdown(
    target: Target,
    outcomes: list[Outcome],
    advice: list[Advice],
    exchanges: Mapping[str, Exchange],
    found: Facts,
    broken: Cause | None,
) -> str:
    """Return the summary as Markdown; what came from the server stands in code spans only."""
    failed = [outcome for outcome in outcomes if outcome.kind in ("failed", "error")]
    lines = [f"# {target.name}: {tally(outcomes)}", ""]
    lines += [f"    {line}" for line in describe(target)]
    lines += ["", figures(found).capitalize() + ".", ""]
    if broken:
        lines += ["## Diagnosis", "", _code(broken.says), "", f"Next: {broken.next_step}.", ""]
    if failed:
        lines += ["## Failed", ""]
        lines += [f"- {_code(outcome.nodeid)}: {_code(outcome.message)}" for outcome in failed]
        lines += [""]
    if advice:
        lines += ["## Advice", ""]
        lines += [f"- {_code(item.nodeid)}: {_code(item.message)}" for item in advice]
        lines += [""]
    skipped = not_verified(outcomes)
    if skipped:
        lines += ["## Not verified", "", *(f"- {_code(line)}" for line in skipped), ""]
    lines += ["## Exchanges", "", "| probe | outcome | headers | end | bytes |", "|-|-|-|-|-|"]
    lines += [_row(exchange) for exchange in exchanges.values()]
    return "\n".join(lines) + "\n"


def _row(exchange: Exchange) -> str:
    headers = exchange.timings.headers
    return (
        f"| {exchange.probe} | {_code(exchange.outcome)} "
        f"| {'' if headers is None else f'{headers:.3f} s'} "
        f"| {exchange.timings.end:.3f} s | {len(exchange.body):,} |"
    )


def _code(text: str) -> str:
    return "`" + visible(text, 400).replace("`", "'").replace("|", "¦") + "`"
