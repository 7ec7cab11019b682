"""The example pair, edits to its text, and what the invariants say of the outcome."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pytest_codex.compose.read import read
from pytest_codex.invariants.deployment import Deployment
from pytest_codex.invariants.findings import Finding, Judgement
from pytest_codex.invariants.rules import RULES
from pytest_codex.invariants.stack import Stack, StackPolicy
from pytest_codex.invariants.verdict import judge
from pytest_codex.policy import BY_KEY, KNOWN_TARGETS

EXAMPLES = Path(__file__).parents[2] / "examples" / "stack"
EXAMPLE = {"prod": "docker-compose.yml", "dev": "compose.dev.stack.yml"}
#: What a second file is called, which is merged over the first.
OVER = "over.yml"

#: The rules that look at one project; those of pairs and repositories, and the one for which docker
#: compose itself is asked, have their own tests.
STACK_RULES = tuple(
    name
    for name, rule in RULES.items()
    if rule.about == "stack" and name != "model-agrees-with-docker"
)

Edit = Callable[[str], str]


# -- edits ----------------------------------------------------------------------------------------


def swap(old: str, new: str) -> Edit:
    """Put another text in the place of one that is there once."""

    def edit(text: str) -> str:
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        return text.replace(old, new)

    return edit


def swap_all(old: str, new: str) -> Edit:
    """Put another text in the place of each."""

    def edit(text: str) -> str:
        assert old in text, f"{old!r} is not there"
        return text.replace(old, new)

    return edit


def drop(*marks: str) -> Edit:
    """Take out each line in which a text stands; each stands in one."""

    def edit(text: str) -> str:
        lines = text.splitlines(keepends=True)
        for mark in marks:
            lines.pop(_line_of(lines, mark))
        return "".join(lines)

    return edit


def drop_all(mark: str) -> Edit:
    """Take out every line in which a text stands."""

    def edit(text: str) -> str:
        assert mark in text, f"{mark!r} is not there"
        return "".join(line for line in text.splitlines(keepends=True) if mark not in line)

    return edit


def below(mark: str, *new: str) -> Edit:
    """Put lines below the one in which a text stands, as far to the right as that begins."""

    def edit(text: str) -> str:
        lines = text.splitlines(keepends=True)
        at = _line_of(lines, mark)
        margin = re.match(" *", lines[at])
        assert margin is not None
        lines[at + 1 : at + 1] = [f"{margin[0]}{line}\n" for line in new]
        return "".join(lines)

    return edit


def label(*new: str) -> Edit:
    """Give the application further labels, in YAML."""
    return below("traefik.enable", *new)


def service(*new: str) -> Edit:
    """Add a service, in YAML without its margin."""

    def edit(text: str) -> str:
        lines = "".join(f"  {line}\n" for line in new)
        return text.replace("\nnetworks:\n", f"\n{lines}\nnetworks:\n", 1)

    return edit


def top(*new: str) -> Edit:
    """Add lines at the end."""
    return lambda text: text + "".join(f"{line}\n" for line in new)


def labels_as_list(text: str) -> str:
    """Every label of the application as an entry of a list."""
    return re.sub(r'^( {6})(traefik\.[^:]+): "?(.*?)"?$', r"\1- \2=\3", text, flags=re.MULTILINE)


def _line_of(lines: Sequence[str], mark: str) -> int:
    found = [number for number, line in enumerate(lines) if mark in line]
    assert len(found) == 1, f"{mark!r} stands in {len(found)} lines"
    return found[0]


# -- stacks and what is said of them --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Variant:
    """The example of a target with changes.

    :param over: a second compose file, as with ``-f a -f b``.
    :param beside: further files of the folder.
    :param policy: where it is held to something else than its target is.
    """

    edits: tuple[Edit, ...]
    target: str = "prod"
    over: str = ""
    beside: Mapping[str, str] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    profiles: tuple[str, ...] = ()
    policy: Mapping[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """The main file's text."""
        text = (EXAMPLES / EXAMPLE[self.target]).read_text(encoding="utf-8")
        for edit in self.edits:
            text = edit(text)
        return text

    def write(self, folder: Path) -> list[Path]:
        """Write it into a folder, and return the compose files to read."""
        for name, text in self.beside.items():
            (folder / name).write_text(text, encoding="utf-8")
        main = folder / EXAMPLE[self.target]
        main.write_bytes(self.text().encode())
        if not self.over:
            return [main]
        (folder / OVER).write_text(self.over, encoding="utf-8")
        return [main, folder / OVER]

    def judged(self, folder: Path) -> tuple[Judgement, ...]:
        """Write it into a folder, and judge it by every rule about one stack."""
        project = read(self.write(folder), self.environ, profiles=self.profiles)
        return verdict(Stack(Deployment.of(project), policy(self.target, **self.policy)))


def policy(target: str, **other: Any) -> StackPolicy:
    """What a target is held to without any configuration."""
    known = {name: option.default for name, option in BY_KEY.items()} | KNOWN_TARGETS[target]
    values = {field.name: known[field.name] for field in fields(StackPolicy) if field.name in known}
    # The names are those that the files have, unless a configuration says otherwise.
    return StackPolicy(**{**values, "target": target, "stack": "", **other})


def judged_files(files: Sequence[Path], target: str = "prod") -> tuple[Judgement, ...]:
    """Judge compose files by every rule about one stack."""
    return verdict(Stack(Deployment.of(read(files, {})), policy(target)))


def verdict(stack: Stack) -> tuple[Judgement, ...]:
    """What every rule about one stack says of it."""
    return tuple(judge(name, [stack]) for name in STACK_RULES)


def broken(judgements: Sequence[Judgement]) -> Iterator[Finding]:
    """Every finding that fails a run."""
    for judgement in judgements:
        yield from judgement.broken


def lines_with(folder: Path, mark: str) -> list[tuple[str, int]]:
    """Each line of the YAML files of a folder in which a text stands: file and number."""
    return [
        (file.name, number)
        for file in sorted(folder.iterdir())
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if mark in line
    ]
