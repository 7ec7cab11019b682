"""The policy: which changed paths ask for which suites, and for which commands outside pytest.

Source of the default policy: the playbook of the Codex Completions API, "Test Selection Policy".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from pytest_codex.errors import ConfigurationError, did_you_mean
from pytest_codex.lines import line_of
from pytest_codex.policy import SUITES
from pytest_codex.selection.expressions import misspelt, parse
from pytest_codex.selection.globs import problem_of, taken_out

UNKNOWN = ("all", "error")
#: The files that the policy may stand in: after a change to one of them, everything runs.
OWN_FILES = frozenset({"pyproject.toml", "pytest_codex.toml"})
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_PLACE = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


@dataclass(frozen=True, slots=True)
class Rule:
    """What changes to some paths ask for.

    :param name: how the output calls the rule; letters, digits, ``-`` and ``_``.
    :param paths: globs as gitignore has them, from the top of the repository; the last that
        matches decides, ``!`` takes out.
    :param suites: the suites to run, by their markers, or expressions of markers.
    :param commands: what to run outside pytest, in this order.
    :param targets: where to run the suites; empty: on the targets of the run.
    :param labels: for compose files: whether the rule is only for changes that touch labels or
        what else routing depends on (true), or only for those that do not (false).
    """

    name: str
    paths: tuple[str, ...]
    suites: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    labels: bool | None = None


@dataclass(frozen=True, slots=True)
class SelectionPolicy:
    """All rules that a changed path fits hold; their order is that of the commands.

    :param rules: what changes ask for.
    :param always: suites that run whatever has changed.
    :param ignore: globs of paths that ask for nothing, where no rule says otherwise.
    :param unknown: what a path leads to that no rule and no glob to ignore knows: ``all`` runs
        everything, ``error`` ends the run.
    """

    rules: tuple[Rule, ...]
    always: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    unknown: str = "all"

    @property
    def suites(self) -> tuple[str, ...]:
        """All that can be selected: the suites, and the expressions of the rules."""
        said = (suite for rule in self.rules for suite in rule.suites)
        return tuple(dict.fromkeys((*SUITES, *self.always, *said)))


_COMPOSE = ("**/compose*.yml", "**/compose*.yaml",
            "**/docker-compose*.yml", "**/docker-compose*.yaml")  # fmt: skip
_DEV = ("**/compose*dev*.yml", "**/compose*dev*.yaml",
        "**/docker-compose*dev*.yml", "**/docker-compose*dev*.yaml")  # fmt: skip
_PROD = ("/docker-compose.yml", "/docker-compose.yaml", "/docker-compose.override.yml")

#: The playbook's, for the repository of the Codex Completions API.
DEFAULT = SelectionPolicy(
    rules=(
        Rule("utils", ("/src/utils.js",), commands=("npm run test:unit",)),
        Rule(
            "streaming",
            ("/src/**/*[sS]tream*", "/server.js", "/src/app.js", "/src/routes/**",
             "/src/handlers/**", "/src/**/sse*", "/src/**/*[-_.]sse*"),
            suites=("smoke", "sse"),
            commands=("npm run test:integration", "npm test"),
        ),
        Rule("compose", _PROD, ("invariants", "smoke"), ("npm test",), ("prod",)),
        Rule("labels", _COMPOSE, ("invariants", "smoke"), ("npm test",), ("prod",), labels=True),
        # Both stacks share a Traefik, so that the labels of one concern the other.
        Rule("dev-labels", _DEV, ("smoke",), ("npm run dev:stack:up", "npm test"), ("dev",), True),
        Rule(
            "image",
            ("**/Dockerfile*", "**/.dockerignore", "/package.json", "/package-lock.json",
             "/auth/**"),
            suites=("smoke",),
            commands=("npm run dev:stack:up", "npm test"),
            targets=("dev",),
        ),
        # What else a compose file says concerns what runs, as the image does.
        Rule(
            "stack",
            (*_COMPOSE, *(f"!{path}" for path in _PROD)),
            suites=("smoke",),
            commands=("npm run dev:stack:up", "npm test"),
            targets=("dev",),
            labels=False,
        ),
    ),
    # They cost no model call and need no network.
    always=("invariants",),
    # The seed folders' AGENTS.md is no documentation.
    ignore=("**/*.md", "/docs/**", "!/.codex-api/**", "!/.codev/**"),
)  # fmt: skip


def policy_of(
    table: Mapping[str, object],
    where: str,
    *,
    text: str = "",
    prefix: str = "",
    root: Path | None = None,
    markers: Collection[str] = SUITES,
    targets: Sequence[str] | None = None,
) -> SelectionPolicy:
    """Read a policy from the TOML table ``selection``.

    What it does not say is as in :data:`DEFAULT`; but if it has rules of its own, it is its own
    business what to ignore.

    :param where: the file and the table, for messages.
    :param text: the file's text, so that messages can tell the line.
    :param prefix: what stands before ``selection`` in the tables' names there.
    :param root: the repository's folder, for globs that are absolute by mistake.
    :param markers: those that are known; others may be, but not misspelt ones of these.
    :param targets: the targets that are known; None: any.
    :raises ConfigurationError: with key, value and what is near to it.
    """
    reader = _Reader(where, text, prefix, root, markers, targets)
    reader.known_keys(table, ("rules", "always", "ignore", "unknown"), "")
    unknown = table.get("unknown", DEFAULT.unknown)
    if unknown not in UNKNOWN:
        raise reader.refused("unknown", f"{unknown!r} is not one of {', '.join(UNKNOWN)}"
                             f"{did_you_mean(str(unknown), UNKNOWN)}")  # fmt: skip
    rules = DEFAULT.rules
    ignore: tuple[str, ...] = DEFAULT.ignore
    if "rules" in table:
        rules, ignore = reader.rules(table["rules"]), ()
    if "ignore" in table:
        ignore = reader.globs(table["ignore"], "ignore", needed=False)
    always = DEFAULT.always
    if "always" in table:
        always = reader.suites(table["always"], "always")
    return SelectionPolicy(rules, always, ignore, str(unknown))


@dataclass(frozen=True, slots=True)
class _Reader:
    where: str
    text: str
    prefix: str
    root: Path | None
    markers: Collection[str]
    targets: Sequence[str] | None

    def refused(self, place: str, problem: str, value: object = None) -> ConfigurationError:
        parts = (
            int(n) if n else key for n, key in _PLACE.findall(f"{self.prefix}selection.{place}")
        )
        line = line_of(self.text, tuple(parts), value)
        told = f" (line {line})" if line else ""
        return ConfigurationError(f"{self.where} {place}{told}: {problem}")

    def known_keys(self, table: Mapping[str, object], valid: Sequence[str], place: str) -> None:
        for key in table:
            if key not in valid:
                raise self.refused(
                    f"{place}.{key}" if place else key,
                    f"unknown key{did_you_mean(key, valid)}; there are {', '.join(valid)}",
                )

    def rules(self, value: object) -> tuple[Rule, ...]:
        if not isinstance(value, list) or not value:
            raise self.refused("rules", "expected one or more [[…selection.rules]] tables")
        rules = [self._rule(table, f"rules[{n}]") for n, table in enumerate(value)]
        seen: set[str] = set()
        for n, rule in enumerate(rules):
            if rule.name in seen:
                raise self.refused(f"rules[{n}].name", f"{rule.name!r} is another rule's name")
            seen.add(rule.name)
        for n in range(len(rules)):
            try:
                in_order(rule.commands for rule in rules[: n + 1])
            except ValueError as error:
                raise self.refused(f"rules[{n}].commands", f"in which order? {error}") from None
        return tuple(rules)

    def _rule(self, table: object, place: str) -> Rule:
        if not isinstance(table, dict):
            raise self.refused(place, f"{table!r} is not a table")
        self.known_keys(table, [field.name for field in fields(Rule)], place)
        if "name" not in table:
            raise self.refused(place, "the rule has no name")
        name = table["name"]
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            problem = f"{name!r} is no name; names have letters, digits, - and _"
            raise self.refused(f"{place}.name", problem)
        labels = table.get("labels")
        if not (labels is None or isinstance(labels, bool)):
            raise self.refused(f"{place}.labels", f"{labels!r} is not true or false")
        if "paths" not in table:
            raise self.refused(place, f"rule {name} has no paths")
        rule = Rule(
            name,
            self.globs(table["paths"], f"{place}.paths", needed=True),
            self.suites(table.get("suites", []), f"{place}.suites"),
            self._commands(table.get("commands", []), f"{place}.commands"),
            self._targets(table.get("targets", []), f"{place}.targets"),
            labels,
        )
        if not rule.suites and not rule.commands:
            raise self.refused(
                place, f"rule {name} asks for nothing; add suites or commands, or ignore its paths"
            )
        return rule

    def globs(self, value: object, place: str, *, needed: bool) -> tuple[str, ...]:
        globs = self._texts(value, place)
        for n, glob in enumerate(globs):
            why = problem_of(glob, self.root)
            if why:
                raise self.refused(f"{place}[{n}]", f"{glob!r} can match nothing: {why}", glob)
        if (needed or globs) and all(glob.startswith("!") for glob in globs):
            raise self.refused(place, "matches nothing: there is no glob without '!'")
        if globs and globs[0].startswith("!"):
            why = "there is nothing before it to take out of"
            raise self.refused(f"{place}[0]", f"{globs[0]!r} can match nothing: {why}", globs[0])
        if found := taken_out(globs):
            n, other = found
            problem = f"{globs[n]!r} can match nothing: {other!r} takes all of it out again"
            raise self.refused(f"{place}[{n}]", problem, globs[n])
        return globs

    def suites(self, value: object, place: str) -> tuple[str, ...]:
        """Read suites; an expression that selects whole suites becomes these."""
        suites: list[str] = []
        for n, text in enumerate(self._texts(value, place)):
            try:
                expression = parse(text)
            except ValueError as error:
                problem = f"{text!r} {error}; expected a suite, as in 'smoke and not slow'"
                raise self.refused(f"{place}[{n}]", problem, text) from None
            if problem := misspelt(expression, self.markers):
                raise self.refused(f"{place}[{n}]", problem, text)
            suites += [expression.text] if expression.whole is None else expression.whole
        return tuple(dict.fromkeys(suites))

    def _targets(self, value: object, place: str) -> tuple[str, ...]:
        names = self._texts(value, place)
        for n, name in enumerate(names):
            if self.targets is not None and name not in self.targets:
                raise self.refused(
                    f"{place}[{n}]",
                    f"unknown target {name!r}{did_you_mean(name, self.targets)}; "
                    f"there are {', '.join(self.targets)}",
                    name,
                )
            if not _NAME.fullmatch(name):
                problem = f"{name!r} is no name; names have letters, digits, - and _"
                raise self.refused(f"{place}[{n}]", problem, name)
        return tuple(dict.fromkeys(names))

    def _commands(self, value: object, place: str) -> tuple[str, ...]:
        commands = self._texts(value, place)
        for n, command in enumerate(commands):
            if not command.strip() or not command.isprintable():
                problem = f"{command!r} is no command; expected one line, as in 'npm test'"
                raise self.refused(f"{place}[{n}]", problem, command)
        return tuple(dict.fromkeys(command.strip() for command in commands))

    def _texts(self, value: object, place: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.refused(place, f"{value!r} is not a list of text")
        return tuple(value)


def in_order(sequences: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Return all the commands, each once, in an order that keeps to that of every sequence.

    :raises ValueError: if there is none, with two that contradict each other.
    """
    earlier: dict[str, set[str]] = {}
    for sequence in sequences:
        for n, command in enumerate(sequence):
            earlier.setdefault(command, set()).update(sequence[:n])
    result: list[str] = []
    while len(result) < len(earlier):
        left = [command for command in earlier if command not in result]
        free = next((c for c in left if earlier[c].issubset(result)), None)
        if free is None:
            one, other = _in_a_circle(left, earlier)
            raise ValueError(f"{other!r} comes before {one!r} in one rule and after it in others")
        result.append(free)
    return tuple(result)


def _in_a_circle(left: Sequence[str], earlier: Mapping[str, Collection[str]]) -> tuple[str, str]:
    """Return a command and one before it, of which the first comes before the second as well."""
    # What is only after a circle leads back into it.
    walked = [left[0]]
    while walked[-1] not in walked[:-1]:
        walked.append(next(c for c in left if c in earlier[walked[-1]]))
    start = walked.index(walked[-1])
    return walked[start], walked[start + 1]
