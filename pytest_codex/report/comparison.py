"""The summary of several jobs, Markdown: the targets beside each other, and what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from pytest_codex.report.markdown import bounded, code, inert
from pytest_codex.report.merge import Group, Merged, Result
from pytest_codex.report.outcomes import RED, tally
from pytest_codex.report.places import INVARIANTS

#: Bytes; GitHub takes 1 MiB of a step.
LIMIT = 900_000
#: How many rows a table has, and how many targets a cell names.
_ROWS, _NAMED = 200, 12
#: The columns of the table of targets: title, property, unit.
_FIGURES = (
    ("advice", "advice", ""),
    ("model calls", "model_calls", ""),
    ("requests", "requests", ""),
    ("first event", "first_event_seconds", " s"),
    ("longest gap", "longest_gap_seconds", " s"),
    ("certificate", "certificate_days", " days"),
    ("wall time", "wall_seconds", " s"),
)
#: Whose message is shown, first of all.
_TELLING = ("failed", "skipped", "passed")


def markdown(merged: Merged) -> str:
    """Return the summary: missing results first, then all targets, what differs, what failed.

    Each target's own summary follows, as far as there is room.
    """
    lines = [f"# {_headline(merged)}", ""]
    if merged.problems:
        lines += ["## Missing, broken or incomplete results", ""]
        lines += [f"- {code(p.name)}: {code(p.says)}" for p in merged.problems[:_ROWS]]
        lines += [*_more(len(merged.problems)), ""]
    live = [group for group in merged.groups if group.name != INVARIANTS]
    lines += [*_targets(merged.groups), ""] if merged.groups else []
    lines += _differences(live)
    lines += _failures(merged.groups)
    text = "\n".join(lines) + "\n"
    room = LIMIT - len(text.encode("utf-8", "backslashreplace"))
    return bounded(text + _own(merged.groups, room), LIMIT)


def _headline(merged: Merged) -> str:
    if not merged.groups:
        return "Nothing was verified" + (", and nothing expected" if merged.green else "")
    red = [group.name for group in merged.groups if group.red]
    count = len(merged.problems)
    missing = f"{count} missing, broken or incomplete" if count else ""
    failed = f"{_listed(red)} failed" if red else ""
    passed = any(r.kind == "passed" for group in merged.groups for r in group.results.values())
    nothing = "" if passed or failed else "Nothing passed"
    if not merged.green:
        return ", ".join(part for part in (failed, nothing, missing) if part)
    return f"{_listed([group.name for group in merged.groups])} verified"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(code(name) for name in names[:_NAMED])
    return shown + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _more(number: int) -> list[str]:
    return [f"- and {number - _ROWS:,} more, in junit.xml"] if number > _ROWS else []


# -- the targets beside each other ----------------------------------------------------------------


def _targets(groups: Sequence[Group]) -> Iterator[str]:
    known = [figure for figure in _FIGURES if any(figure[1] in g.properties for g in groups)]
    titles = ("", "endpoint", "checks", *(title for title, _, _ in known))
    yield f"| {' | '.join(titles)} |"
    yield f"|{'-|' * len(titles)}"
    for group in groups:
        figures = (_figure(group.properties.get(key, ""), unit) for _, key, unit in known)
        endpoints = ", ".join(map(code, group.endpoints.values()))
        cells = (code(group.name), endpoints, tally(group.results.values()), *figures)
        yield f"| {' | '.join(cells)} |"
    for group in groups:
        if group.repeated:
            yield ""
            yield (
                f"{code(group.name)}: {group.repeated} results are of checks that another job had "
                "as well; of each, the worst stands."
            )


def _figure(value: str, unit: str) -> str:
    try:
        return f"{float(value):.4g}{unit}"
    except ValueError:
        return ""


# -- what differs ---------------------------------------------------------------------------------


def _differences(groups: Sequence[Group]) -> list[str]:
    """Return what passes on one target and not on another, and what was not asked of some."""
    if len(groups) < 2:
        return []
    by_check: dict[tuple[str, str], dict[str, Result]] = {}
    for group in groups:
        for key, result in group.results.items():
            by_check.setdefault(key, {})[group.name] = result
    differing = [
        found for found in by_check.values() if len(set(map(_shown_as, found.values()))) > 1
    ]
    # What fails somewhere and passes elsewhere is what to look at first.
    differing.sort(key=lambda found: "failed" not in map(_shown_as, found.values()))
    missing = Counter(
        group.name for found in by_check.values() for group in groups if group.name not in found
    )
    lines = ["## What differs", ""]
    if differing:
        lines += ["| check | passed on | failed on | not verified on | said |", "|-|-|-|-|-|"]
        rows = _rows(differing)
        lines += [*rows[:_ROWS], "", *_more(len(rows))]
    elif not missing:
        lines += ["Nothing: every check ended alike on all of them."]
    else:
        lines += ["No check ended differently where several targets had it."]
    for name, number in missing.items():
        lines += ["", f"{code(name)} did not have {number} checks that others had."]
    return [*lines, ""]


def _shown_as(result: Result) -> str:
    return "failed" if result.kind in RED else result.kind


def _rows(differing: Iterable[dict[str, Result]]) -> list[str]:
    """Return a row for each difference; those that are skipped for one reason have one."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for found in differing:
        first = min(found.values(), key=lambda result: _TELLING.index(_shown_as(result)))
        on = (
            _listed([name for name, result in found.items() if _shown_as(result) == kind])
            for kind in ("passed", "failed", "skipped")
        )
        said = code(first.message, 200) if first.message else ""
        alike.setdefault((*on, said), []).append(first.check)
    return [f"| {' | '.join((_checks(names), *cells))} |" for cells, names in alike.items()]


def _checks(names: Sequence[str]) -> str:
    return code(names[0]) + (f" and {len(names) - 1} more" if len(names) > 1 else "")


# -- what failed ----------------------------------------------------------------------------------


def _failures(groups: Iterable[Group]) -> list[str]:
    failed = [
        f"- {code(group.name)}: {code(result.check)}: {code(result.message)}"
        for group in groups
        for result in group.results.values()
        if result.kind in RED
    ]
    return ["## Failed", "", *failed[:_ROWS], *_more(len(failed)), ""] if failed else []


def _own(groups: Iterable[Group], room: int) -> str:
    """Return the targets' own summaries, folded up, as many as there is room for."""
    parts: list[str] = []
    for group in groups:
        for summary in group.summaries:
            title = f"<details><summary>{group.name}</summary>"
            part = f"{title}\n\n{inert(summary)}\n\n</details>\n\n"
            if len(part.encode("utf-8", "backslashreplace")) > room:
                part = f"The summary of {code(group.name)} is too long for here.\n\n"
            room -= len(part.encode("utf-8", "backslashreplace"))
            parts.append(part)
    return "".join(parts)
