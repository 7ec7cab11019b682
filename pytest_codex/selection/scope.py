"""Where what was selected can be run: on which targets, and which suites each of them allows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from pytest_codex.policy import SUITES
from pytest_codex.selection.selecting import Choice


@dataclass(frozen=True, slots=True)
class Scope:
    """The targets that there can be runs on.

    :param own: the targets of the run that was called; empty: those that pytest chooses.
    :param barred: targets that there can be no run on, with the reason.
    :param unset: targets that lack what live checks of them need, with what that is. Tests of one's
        own markers may know that on their own.
    :param alone: targets that may fail where others do not, and so are run by themselves.
    :param suites: the suites that a target allows; of one that is not here, all.
    :param no_files: why suites that read files only cannot be run; empty if they can.
    """

    own: tuple[str, ...] = ()
    barred: Mapping[str, str] = field(default_factory=dict)
    unset: Mapping[str, str] = field(default_factory=dict)
    alone: Collection[str] = ()
    suites: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    no_files: str = ""

    def runs(self, choice: Choice) -> list[tuple[str, ...]]:
        """Return the targets of each run that a selected suite needs, () for one without any."""
        if choice.expression.is_offline:
            return [()] * (choice.selected and not self.no_files)
        possible = tuple(
            target for target in self.wanted(choice) if not self.against(choice, target)
        )
        unnamed = choice.everywhere and not self.own
        together = tuple(target for target in possible if target not in self.alone)
        apart = [(target,) for target in possible if target in self.alone]
        return [()] * unnamed + [together] * bool(together) + apart

    def wanted(self, choice: Choice) -> tuple[str, ...]:
        """Return the targets that a suite is selected on, as far as they have names here."""
        if choice.expression.is_offline:
            return ()
        here = self.own if choice.everywhere else ()
        return tuple(dict.fromkeys((*here, *choice.targets)))

    def against(self, choice: Choice, target: str) -> str:
        """Return why a suite cannot be run on a target; empty if it can."""
        if reason := self.barred.get(target) or self._unset(choice).get(target):
            return reason
        allowed = self.suites.get(target, SUITES)
        if choice.expression.allows(allowed):
            return ""
        return f"its suites are {', '.join(allowed) or 'none'}"

    def lacks(self, choice: Choice) -> bool:
        """Whether a suite is selected that something is missing for."""
        if choice.expression.is_offline:
            return choice.selected and bool(self.no_files)
        return choice.selected and not self._unset(choice).keys().isdisjoint(self.wanted(choice))

    def _unset(self, choice: Choice) -> Mapping[str, str]:
        return {} if choice.expression.is_own else self.unset

    def left_out(self, choices: Iterable[Choice]) -> list[str]:
        """Return a line for each reason for which something was selected that cannot be run."""
        found: dict[tuple[str, str], list[str]] = {}
        for choice in choices:
            if choice.selected and choice.expression.is_offline and self.no_files:
                found.setdefault(("", self.no_files), []).append(choice.suite)
            for target in self.wanted(choice):
                if reason := self.against(choice, target):
                    found.setdefault((target, reason), []).append(choice.suite)
        return [
            f"{target}{': ' * bool(target)}{', '.join(suites)} selected and left out: {reason}"
            for (target, reason), suites in found.items()
        ]
