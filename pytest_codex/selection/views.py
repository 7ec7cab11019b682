"""A selection as lines to read, as JSON, and as the commands that carry it out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pytest_codex.exchange.excerpt import visible
from pytest_codex.selection.calls import Call
from pytest_codex.selection.changes import Everything
from pytest_codex.selection.expressions import expression_of
from pytest_codex.selection.scope import Scope
from pytest_codex.selection.selecting import Because, Choice, Command, Reason, Selection

#: Of the JSON form; it changes when a field goes or takes another meaning, not when one comes.
VERSION = 1
#: How many reasons a line shows.
_SHOWN = 3
_PLAIN = Call()
_ANYWHERE = Scope()


def explain(selection: Selection) -> list[str]:
    """Return a line for what was compared, for every suite, command, and what was left aside."""
    lines = [_compared(selection), *everything_runs(selection)]
    lines += [f"{choice.suite}: {_decision(choice, selection)}" for choice in selection.suites]
    lines += [f"{command.line}: SELECTED {_why(command.because)}" for command in selection.commands]
    if selection.apart.count:
        lines.append(f"left aside: {_listed(selection.apart)}")
    if selection.nothing:
        lines.append(f"no suite is selected: {selection.nothing}")
    return lines


def everything_runs(selection: Selection) -> list[str]:
    """Return the lines that say why everything runs, and how to mend that; none if it does not."""
    if selection.everything is None:
        return []
    return [f"everything runs: {selection.everything.reason}",
            f"  next: {selection.everything.mend}"]  # fmt: skip


def why(selection: Selection, markers: Collection[str], target: str) -> str:
    """Return the reason for what becomes of a test on a target."""
    if not selection.knows(markers):
        return "SELECTED: it belongs to no suite"
    choices = [choice for choice in selection.suites if choice.expression.holds(markers)]
    if not choices:
        return f"{', '.join(sorted(markers))}: DESELECTED: no suite of the policy has it"
    best = next((choice for choice in choices if choice.on(target)), choices[0])
    if best.selected and not best.on(target):
        asked = f"asked for on {', '.join(best.targets)} only, {_why(best.because)}"
        return f"{best.suite} on {target}: DESELECTED: {asked}"
    return f"{best.suite}: {_decision(best, selection)}"


def plan(selection: Selection, call: Call = _PLAIN, scope: Scope = _ANYWHERE) -> list[str]:
    """Return the command lines: what needs no network, what runs outside pytest, what is live.

    In this order, the cheap ones can end a script before the model is called, and a stack that a
    command starts is there for the suites.

    :param call: how pytest is called, with the suites' place and other options.
    :param scope: the targets of the run, and of others.
    """
    return [line for _, line in _steps(selection, call, scope)]


def rest(selection: Selection, call: Call = _PLAIN) -> list[str]:
    """Return a line for the tests that run besides; they are in no suite, and in no plan."""
    besides = expression_of(selection.rest)
    if besides is None or not besides.meets(expression_of(call.markers) or besides):
        return []
    (line,) = call.lines([selection.rest])
    return [f"tests of no suite run too, where there are any: {line}"]


def left_out(selection: Selection, call: Call, scope: Scope) -> list[str]:
    """Return a line for each reason for which something that is selected is not run at all."""
    let_in = [choice for choice in selection.suites if call.lets(choice.expression)]
    others = [c.suite for c in selection.suites if c.selected and c not in let_in]
    lines = scope.left_out(let_in)
    if others:
        lines.append(f"{', '.join(others)} selected and left out: -m {call.markers!r}")
    return lines


def left_over(selection: Selection, call: Call, scope: Scope) -> list[str]:
    """Return a line for what was selected and is not part of this run; none if nothing is.

    :param call: how this run was called.
    :param scope: its targets; none: there was no run.
    """
    if not scope.own:
        return []
    elsewhere: dict[tuple[str, ...], list[str]] = {}
    for choice in selection.suites:
        targets = tuple(
            name
            for name in choice.targets
            if name not in scope.own and not scope.against(choice, name)
        )
        if targets and call.lets(choice.expression):
            elsewhere.setdefault(targets, []).append(choice.suite)
    lines = left_out(selection, call, scope)
    lines += [
        f"selected but not run here: {', '.join(suites)} on {', '.join(targets)}; "
        f"next: {'; '.join(call.lines(suites, targets, scope.own))}"
        for targets, suites in elsewhere.items()
    ]
    commands = "; ".join(command.line for command in selection.commands)
    return [*lines, f"also asked for: {commands}"] if commands else lines


def as_json(selection: Selection, call: Call = _PLAIN, scope: Scope = _ANYWHERE) -> dict[str, Any]:
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
        "plan": [{"kind": kind, "run": line} for kind, line in _steps(selection, call, scope)],
        "left_out": left_out(selection, call, scope),
        "rest": selection.rest,
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


def _decision(choice: Choice, selection: Selection) -> str:
    if not choice.selected:
        parts = [
            f"'{other.suite}'"
            for other in selection.suites
            if other.selected and other.expression.implies(choice.expression)
        ]
        but_for = f", but for {', '.join(parts)}" if parts else ""
        return f"DESELECTED{but_for}: no changed path asks for it"
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


def _steps(selection: Selection, call: Call, scope: Scope) -> list[tuple[str, str]]:
    chosen = [one for one in selection.suites if one.selected and call.lets(one.expression)]
    offline: list[str] = []
    by_targets: dict[tuple[str, ...], list[str]] = {}
    for choice in chosen:
        for targets in scope.runs(choice):
            if choice.expression.is_offline:
                offline.append(choice.suite)
            else:
                by_targets.setdefault(targets, []).append(choice.suite)
    live = [
        line
        for targets, suites in by_targets.items()
        for line in call.lines(suites, targets, scope.own)
    ]
    return [
        *(("pytest", line) for line in (call.lines(offline) if offline else [])),
        *(("command", command.line) for command in selection.commands),
        *(("pytest", line) for line in live),
    ]


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
