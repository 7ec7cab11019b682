"""How this pytest was called, and how to call it for other suites and targets."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from pytest_codex.options import OPTIONS, Kind, Option
from pytest_codex.selection.expressions import Expression, expression_of, joined

#: What says what to run and what to print of it: another call says that for itself.
_REPLACED = frozenset(
    "target plan matrix doctor changed-since changed-files explain-selection".split()  # noqa: SIM905
)
#: What is said of one deployment; settings refuse it for several.
_BOUND = frozenset({"domain", "origin", "key"})
#: The one value of these that serves any target.
_EMBEDDED = "embedded"
#: All options.
_ALL = frozenset(option.name for option in OPTIONS)
#: ``-m``, with its value or without, perhaps behind other flags of one letter.
_MARKERS = re.compile(r"-([qvsxl]*)m(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Call:
    """A command line of pytest, without its suites and targets.

    :param words: the program, where the suites are, and the options.
    :param bound: the options that are true of the run's own target only.
    :param single: the options that are true of any target, but of one at a time.
    :param markers: what ``-m`` says; of the suites, only those run that it allows.
    :param flag: the option that names a target.
    """

    words: tuple[str, ...] = ("pytest",)
    bound: tuple[str, ...] = ()
    single: tuple[str, ...] = ()
    markers: str = ""
    flag: str = "--target"

    def lets(self, suite: Expression) -> bool:
        """Whether ``-m`` lets tests of a suite in, as far as that can be told from markers."""
        limit = expression_of(self.markers)
        return limit is None or limit.lets(suite)

    def lines(
        self, suites: Iterable[str], targets: Sequence[str] = (), own: Sequence[str] = ()
    ) -> list[str]:
        """Return what runs suites on targets; a line each if they cannot be in one run.

        What is said of a deployment is no part of what reads files only.

        :param targets: empty: those that pytest chooses.
        :param own: the targets of the run that was called so.
        """
        suites = list(suites)
        expression = joined(suites, self.markers)
        if all(suite and suite.is_offline for suite in map(expression_of, suites)):
            return [shlex.join([*self.words, "-m", expression])]
        apart = len(targets) > 1 and (self.bound or self.single)
        runs = [(target,) for target in targets] if apart else [tuple(targets)]
        return [self._line(expression, run, tuple(own)) for run in runs]

    def _line(self, expression: str, targets: tuple[str, ...], own: tuple[str, ...]) -> str:
        bound = self.bound if targets in ((), own) else ()
        named = (f"{self.flag}={target}" for target in targets)
        return shlex.join([*self.words, *self.single, *bound, "-m", expression, *named])


def call_of(
    arguments: Iterable[str],
    markers: str = "",
    places: Iterable[str] = (),
    short: Collection[str] = _ALL,
) -> Call:
    """Return how pytest was called; a key that is written out is left out.

    :param arguments: the command line, without the program.
    :param markers: the ``-m`` that holds.
    :param places: where the tests are, if the command line does not say so.
    :param short: the names of the options whose short flags are ours and not somebody else's.
    """
    flags = _flags(short)
    words = ["pytest", *places]
    bound: list[str] = []
    single: list[str] = []
    left = [str(argument) for argument in arguments]
    while left:
        word = left.pop(0)
        if found := _MARKERS.fullmatch(word):
            words += [f"-{found[1]}"] * bool(found[1])
            del left[: not found[2]]
            continue
        flag, equals, value = word.partition("=")
        option = flags.get(flag)
        if option is None:
            words += [word] * (word != "--")
            continue
        given = [word]
        apart = not equals and option.kind is not Kind.SWITCH
        if apart and left and not (option.bare and left[0].startswith("-")):
            value = left.pop(0)
            given.append(value)
        if option.name == "key" and not value.startswith(("env:", "@")):
            continue
        if option.name in _BOUND:
            (single if value == _EMBEDDED else bound).extend(given)
        elif option.name not in _REPLACED:
            words += given
    target = "--target" if "target" in short else "--codex-target"
    return Call(tuple(words), tuple(bound), tuple(single), markers, target)


def _flags(short: Collection[str]) -> dict[str, Option]:
    """Return our options by every flag that stands for them."""
    return {
        f"--{negation}{prefix}{option.name}": option
        for option in OPTIONS
        for prefix in (("codex-", "") if option.name in short else ("codex-",))
        for negation in (("", "no-") if option.kind is Kind.SWITCH else ("",))
    }
