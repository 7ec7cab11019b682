"""From a policy and what has changed to suites, targets and commands, each with its reasons."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from pytest_codex.errors import ConfigurationError
from pytest_codex.selection.changes import Change, Changes, Everything, exact
from pytest_codex.selection.expressions import Expression, parse
from pytest_codex.selection.globs import Globs, glob_of, matched_as
from pytest_codex.selection.rules import OWN_FILES, Rule, SelectionPolicy, in_order

#: How many reasons of one rule are kept; the others are counted.
_KEPT = 10


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was selected, or a path left aside.

    :param by: the place in the policy: ``rules.streaming.paths[0]``, ``always``, ``ignore[1]``; or
        ``everything``.
    :param path: the changed path, if it is one that decided; JSON can carry it.
    :param note: what else there is to say.
    """

    by: str
    path: str = ""
    status: str = ""
    glob: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Because:
    """Some reasons, and how many there are in all."""

    reasons: tuple[Reason, ...] = ()
    count: int = 0

    @classmethod
    def together(cls, parts: Iterable[Because]) -> Because:
        """Put the reasons of several rules one after another."""
        parts = list(parts)
        reasons = tuple(reason for part in parts for reason in part.reasons)
        return cls(reasons, sum(part.count for part in parts))


@dataclass(frozen=True, slots=True)
class Choice:
    """What was decided about a suite.

    :param suite: its marker, or an expression of markers.
    :param everywhere: whether it runs on every target of the run.
    :param targets: the targets that rules name; it runs on these in any case.
    """

    suite: str
    because: Because = Because()
    everywhere: bool = False
    targets: tuple[str, ...] = ()

    @property
    def expression(self) -> Expression:
        """Which tests it is about."""
        return parse(self.suite)

    @property
    def selected(self) -> bool:
        """Whether it runs at all."""
        return self.everywhere or bool(self.targets)

    def on(self, target: str) -> bool:
        """Whether it runs on a target."""
        return self.everywhere or target in self.targets


@dataclass(frozen=True, slots=True)
class Command:
    """A command to run outside pytest."""

    line: str
    because: Because


@dataclass(frozen=True, slots=True)
class Selection:
    """What runs, and why.

    :param since: what was compared with what, in words; empty if that is not known.
    :param changed: how many paths have changed.
    :param suites: every suite there is, selected or not.
    :param commands: what to run outside pytest, in this order.
    :param apart: the paths that ask for nothing.
    :param everything: why everything runs, if it does.
    """

    since: str
    changed: int
    suites: tuple[Choice, ...]
    commands: tuple[Command, ...] = ()
    apart: Because = Because()
    everything: Everything | None = None

    def knows(self, markers: Collection[str]) -> bool:
        """Whether the policy is about a test: whether it asks for one of its markers."""
        return any(not choice.expression.asked.isdisjoint(markers) for choice in self.suites)

    def wants(self, markers: Collection[str], runs: Callable[[Choice], object]) -> bool:
        """Whether a test runs; one that the policy is not about does.

        :param runs: whether a suite runs where the test would.
        """
        return (
            self.everything is not None
            or not self.knows(markers)
            or any(c.expression.holds(markers) and runs(c) for c in self.suites)
        )

    @property
    def rest(self) -> str:
        """An expression for the tests that run besides those of the selected suites."""
        if self.everything is not None:
            return f"not ({' or '.join(choice.suite for choice in self.suites)})"
        asked = dict.fromkeys(
            name for choice in self.suites for name in sorted(choice.expression.asked)
        )
        return f"not ({' or '.join(asked)})"

    @property
    def nothing(self) -> str:
        """Why no suite at all is selected; empty if one is."""
        if any(choice.selected for choice in self.suites):
            return ""
        found = "nothing has changed" if not self.changed else "no changed path asks for a suite"
        return f"{found}, and `always` is empty"


def select(
    policy: SelectionPolicy,
    changes: Changes | Everything,
    label_changes: Mapping[str, str] | None = None,
    own: Collection[str] = OWN_FILES,
) -> Selection:
    """Apply a policy.

    :param label_changes: for compose files, what their change touches that routing depends on;
        empty: nothing. Where it is not said, both is possible. See :func:`compose_paths`.
    :param own: the files that the policy may stand in.
    :raises ConfigurationError: for a path that the policy does not know, if it says so.
    """
    if isinstance(changes, Everything):
        return _everything(policy, changes)
    sorting = _Sorting(policy, label_changes or {}, own)
    for change in changes.paths:
        sorting.take(change)
    everything = sorting.everything()
    if everything is not None:
        return _everything(policy, everything, changes)
    hits = [(rule, because.done()) for rule, because in sorting.hits if because.count]
    return Selection(
        changes.since,
        len(changes.paths),
        tuple(_choice(suite, policy, hits) for suite in policy.suites),
        _commands(hits),
        sorting.apart.done(),
    )


def compose_paths(policy: SelectionPolicy, changes: Changes | Everything) -> tuple[str, ...]:
    """Return the changed paths of which the policy wants to know whether they touch labels."""
    if isinstance(changes, Everything):
        return ()
    asking = [Globs(rule.paths) for rule in policy.rules if rule.labels is not None]
    return tuple(
        change.path
        for change in changes.paths
        if any(globs.decides(matched_as(change.path)) is not None for globs in asking)
    )


@dataclass(slots=True)
class _Tally:
    """Reasons as they come, the first few kept."""

    reasons: list[Reason] = field(default_factory=list)
    count: int = 0

    def add(self, by: str, change: Change, glob: str, note: str) -> None:
        self.count += 1
        if len(self.reasons) < _KEPT:
            self.reasons.append(Reason(by, exact(change.path), change.status, glob, note))

    def done(self) -> Because:
        return Because(tuple(self.reasons), self.count)


class _Sorting:
    """The changed paths, one after another, to where they belong."""

    def __init__(
        self, policy: SelectionPolicy, label_changes: Mapping[str, str], own: Collection[str]
    ) -> None:
        self.hits = [(rule, _Tally()) for rule in policy.rules]
        self.apart = _Tally()
        self._policy = policy
        self._label_changes = label_changes
        self._globs = [Globs(rule.paths) for rule in policy.rules]
        self._ignore = Globs(policy.ignore)
        self._own = own
        self._own_change: Change | None = None
        self._unknown: list[Change] = []

    def take(self, change: Change) -> None:
        if change.path in self._own:
            self._own_change = change
            return
        path = matched_as(change.path)
        said = self._label_changes.get(change.path)
        note = "" if said is None else f"touches {said or 'no label'}"
        found = False
        passed_over: tuple[str, str, str] | None = None
        for (rule, tally), globs in zip(self.hits, self._globs, strict=True):
            index = globs.decides(path)
            if index is None:
                continue
            by = f"rules.{rule.name}.paths[{index}]"
            if rule.labels is None or said is None:  # not known: rules of both kinds hold
                told = note if rule.labels is None else "labels not compared"
                tally.add(by, change, rule.paths[index], told)
                found = True
            elif rule.labels is (said != ""):
                tally.add(by, change, rule.paths[index], note)
                found = True
            else:
                passed_over = (by, rule.paths[index], note)
        if not found:
            self._leave(change, path, passed_over)

    def _leave(self, change: Change, path: str, passed_over: tuple[str, str, str] | None) -> None:
        index = self._ignore.decides(path)
        if index is not None:
            self.apart.add(f"ignore[{index}]", change, self._policy.ignore[index], "")
        elif passed_over is not None:
            by, glob, note = passed_over
            self.apart.add(by, change, glob, note)
        else:
            self._unknown.append(change)

    def everything(self) -> Everything | None:
        """Return why everything has to run.

        :raises ConfigurationError: for an unknown path, if that is the policy.
        """
        if self._own_change is not None:
            return Everything(
                f"{self._own_change}: the policy itself may have changed",
                "nothing: once it is in what is compared with, changes are judged by it",
            )
        if not self._unknown:
            return None
        first, more = self._unknown[0], len(self._unknown) - 1
        others = f" and {more:,} more" if more else ""
        reason = f"unknown: {first}{others}, in no rule and not ignored"
        mend = f"put '{glob_of(first.path)}' or its folder into the paths of a rule, or into ignore"
        if self._policy.unknown == "error":
            raise ConfigurationError(f"{reason}; next: {mend}")
        return Everything(reason, mend)


def _choice(suite: str, policy: SelectionPolicy, hits: list[tuple[Rule, Because]]) -> Choice:
    offline = parse(suite).is_offline  # so that a rule's targets do not concern it
    asking = [(rule, because) for rule, because in hits if suite in rule.suites]
    parts = [because for _, because in asking]
    everywhere = any(not rule.targets or offline for rule, _ in asking)
    targets = [] if offline else [name for rule, _ in asking for name in rule.targets]
    if suite in policy.always:
        parts.append(Because((Reason("always"),), 1))
        everywhere = True
    return Choice(suite, Because.together(parts), everywhere, tuple(dict.fromkeys(targets)))


def _commands(hits: list[tuple[Rule, Because]]) -> tuple[Command, ...]:
    lines = in_order(rule.commands for rule, _ in hits)
    return tuple(
        Command(line, Because.together(b for rule, b in hits if line in rule.commands))
        for line in lines
    )


def _everything(
    policy: SelectionPolicy, everything: Everything, changes: Changes | None = None
) -> Selection:
    because = Because((Reason("everything", note=everything.reason),), 1)
    named = tuple(dict.fromkeys(name for rule in policy.rules for name in rule.targets))
    return Selection(
        changes.since if changes else "",
        len(changes.paths) if changes else 0,
        tuple(
            Choice(suite, because, True, () if parse(suite).is_offline else named)
            for suite in policy.suites
        ),
        tuple(Command(line, because) for line in in_order(r.commands for r in policy.rules)),
        everything=everything,
    )
