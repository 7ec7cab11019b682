"""A selection as lines to read, as JSON, and as the commands that carry it out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pytest_codex.exchange.excerpt import visible
from pytest_codex.selection.calls import Call
from pytest_codex.selection.changes import Everything
from pytest_codex.selection.selecting import OFFLINE, Because, Choice, Command, Reason, Selection

#: Of the JSON form; it changes when a field goes or takes another meaning, not when one comes.
VERSION = 1
#: How many reasons a line shows.
_SHOWN = 3
_PLAIN = Call()


def explain(selection: Selection) -> list[str]:
    """Return a line for what was compared, for every suite, command, and what was left aside."""
    lines = [_compared(selection)]
    if selection.everything is not None:
        lines += [f"everything runs: {selection.everything.reason}",
                  f"  next: {selection.everything.mend}"]  # fmt: skip
    lines += [f"{choice.suite}: {_decision(choice)}" for choice in selection.suites]
    lines += [f"{command.line}: SELECTED {_why(command.because)}" for command in selection.commands]
    if selection.apart.count:
        lines.append(f"left aside: {_listed(selection.apart)}")
    if selection.nothing:
        lines.append(f"no suite is selected: {selection.nothing}")
    return lines


def why(selection: Selection, suites: Iterable[str], target: str | None = None) -> str:
    """Return the reason for what becomes of a test.

    :param suites: the names of its markers.
    """
    choices = [choice for name in suites if (choice := selection.choice(name)) is not None]
    if not choices:
        return "SELECTED: it belongs to no suite"
    best = next((choice for choice in choices if choice.on(target)), choices[0])
    if best.selected and not best.on(target):
        asked = f"asked for on {', '.join(best.targets)} only, {_why(best.because)}"
        return f"{best.suite} on {target}: DESELECTED: {asked}"
    return f"{best.suite}: {_decision(best)}"


def plan(selection: Selection, call: Call = _PLAIN, own: Sequence[str] = ()) -> list[str]:
    """Return the command lines: what needs no network, what runs outside pytest, what is live.

    In this order, the cheap ones can end a script before the model is called, and a stack that a
    command starts is there for the suites.

    :param call: how pytest is called, with the suites' place and other options.
    :param own: the targets of the run; empty: those that pytest chooses.
    """
    return [line for _, line in _steps(selection, call, own)]


def left_over(selection: Selection, call: Call, own: Sequence[str]) -> list[str]:
    """Return a line for what was selected and is not part of this run; none if nothing is.

    :param call: how this run was called.
    :param own: its targets; empty: there was no run.
    """
    if not own:
        return []
    elsewhere: dict[tuple[str, ...], list[str]] = {}
    for choice in selection.suites:
        targets = tuple(name for name in choice.targets if name not in own)
        if targets and call.allows(choice.suite):
            elsewhere.setdefault(targets, []).append(choice.suite)
    lines = [
        f"selected but not run here: {', '.join(suites)} on {', '.join(targets)}; "
        f"next: {'; '.join(call.lines(suites, targets, own))}"
        for targets, suites in elsewhere.items()
    ]
    commands = "; ".join(command.line for command in selection.commands)
    return [*lines, f"also asked for: {commands}"] if commands else lines


def as_json(selection: Selection, call: Call = _PLAIN, own: Sequence[str] = ()) -> dict[str, Any]:
    """Return the selection as JSON has it, with the plan; pytest-xdist can carry it, too."""
    everything = selection.everything
    return {
        "version": VERSION,
        "since": selection.since,
        "changed": selection.changed,
        "everything": everything and {"reason": everything.reason, "next": everything.mend},
        "nothing": selection.nothing or None,
        "suites": [
            {
                "suite": choice.suite,
                "selected": choice.selected,
                "everywhere": choice.everywhere,
                "targets": list(choice.targets),
                **_because_as_json(choice.because),
            }
            for choice in selection.suites
        ],
        "commands": [
            {"command": command.line, **_because_as_json(command.because)}
            for command in selection.commands
        ],
        "left_aside": _because_as_json(selection.apart),
        "plan": [{"kind": kind, "run": line} for kind, line in _steps(selection, call, own)],
    }


def from_json(said: Mapping[str, Any]) -> Selection:
    """Return the selection of which :func:`as_json` has made this."""
    everything = said["everything"]
    return Selection(
        said["since"],
        said["changed"],
        tuple(
            Choice(one["suite"], _because(one), one["everywhere"], tuple(one["targets"]))
            for one in said["suites"]
        ),
        tuple(Command(one["command"], _because(one)) for one in said["commands"]),
        _because(said["left_aside"]),
        everything and Everything(everything["reason"], everything["next"]),
    )


def _compared(selection: Selection) -> str:
    if not selection.since:
        return "what has changed is not known"
    paths = {0: "nothing has changed", 1: "1 path has changed"}
    counted = paths.get(selection.changed, f"{selection.changed:,} paths have changed")
    return f"{counted} {selection.since}"


def _decision(choice: Choice) -> str:
    if not choice.selected:
        return "DESELECTED: no changed path asks for it"
    named = ", ".join(choice.targets)
    if named:
        named = f", also on {named}," if choice.everywhere else f" on {named}"
    return f"SELECTED{named} {_why(choice.because)}"


def _why(because: Because) -> str:
    first = because.reasons[0]
    if first.by == "everything":
        return "with everything"
    return _listed(because) if first.by == "always" else f"by {_listed(because)}"


def _listed(because: Because) -> str:
    told = [_reason(reason) for reason in because.reasons[:_SHOWN]]
    more = because.count - len(told)
    return "; ".join(told) + (f"; and {more:,} more" if more else "")


def _reason(reason: Reason) -> str:
    if not reason.path:
        return reason.by
    note = f", {reason.note}" if reason.note else ""
    return f"{visible(reason.path, 300)} ({reason.status}{note}) ← {reason.by}"


def _steps(selection: Selection, call: Call, own: Sequence[str]) -> list[tuple[str, str]]:
    chosen = [one for one in selection.suites if one.selected and call.allows(one.suite)]
    offline = [choice.suite for choice in chosen if choice.suite in OFFLINE]
    by_targets: dict[tuple[str, ...], list[str]] = {}
    for choice in chosen:
        if choice.suite not in OFFLINE:
            for targets in _runs(choice, own):
                by_targets.setdefault(targets, []).append(choice.suite)
    live = [
        line for targets, suites in by_targets.items() for line in call.lines(suites, targets, own)
    ]
    return [
        *(("pytest", line) for line in (call.lines(offline) if offline else [])),
        *(("command", command.line) for command in selection.commands),
        *(("pytest", line) for line in live),
    ]


def _runs(choice: Choice, own: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the targets of each run that a suite needs; without any: those pytest chooses."""
    if own and choice.everywhere:
        return [tuple(dict.fromkeys((*own, *choice.targets)))]
    return [()] * choice.everywhere + [choice.targets] * bool(choice.targets)


def _because_as_json(because: Because) -> dict[str, Any]:
    reasons = [
        {
            "by": reason.by,
            "path": reason.path or None,
            "status": reason.status or None,
            "glob": reason.glob or None,
            "note": reason.note or None,
        }
        for reason in because.reasons
    ]
    return {"reasons": reasons, "count": because.count}


def _because(said: Mapping[str, Any]) -> Because:
    reasons = tuple(
        Reason(
            one["by"],
            one["path"] or "",
            one["status"] or "",
            one["glob"] or "",
            one["note"] or "",
        )
        for one in said["reasons"]
    )
    return Because(reasons, said["count"])
