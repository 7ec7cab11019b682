"""One report of the results of several jobs: what each target did, as one JUnit file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

from pytest_codex.errors import ConfigurationError
from pytest_codex.exchange.excerpt import visible
from pytest_codex.report.jobs import PROBLEMS, RESULTS_OF, Found, Part, Problem, find
from pytest_codex.report.outcomes import RED, count
from pytest_codex.report.places import INVARIANTS, SUITE
from pytest_codex.report.summary import UNFINISHED
from pytest_codex.whole import write

#: The name of what needs no target.
_REASONS = {"failure": "failed", "error": "error", "skipped": "skipped"}
#: Of results of the same check, the first of these that occurs stands.
_WORST = ("error", "failed", "passed", "skipped")
#: What every figure is below: seconds, days, or how many.
_MOST = 1e9
#: How the figures of two jobs of a target are put together; other properties are the first job's.
_FIGURES: dict[str, Callable[[list[float]], float]] = {
    "model_calls": sum,
    "requests": sum,
    "advice": sum,
    "first_event_seconds": max,
    "longest_gap_seconds": max,
    "certificate_days": min,
    "wall_seconds": max,
}


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a check.

    :param check: its name without the target in it, which is what targets are compared by.
    """

    module: str
    check: str
    kind: str
    message: str
    element: ET.Element

    @property
    def key(self) -> tuple[str, str]:
        """What it is the result of."""
        return self.module, self.check


@dataclass(slots=True)
class Group:
    """All results of a target, or of the invariants.

    :param endpoints: what they are results of, by what tells it from another; as it is shown.
    """

    name: str
    results: dict[tuple[str, str], Result] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    endpoints: dict[str, str] = field(default_factory=dict)
    summaries: list[str] = field(default_factory=list)
    repeated: int = 0

    @property
    def red(self) -> bool:
        """Whether anything failed."""
        return count(self.results.values(), *RED) > 0

    @property
    def incomplete(self) -> str:
        """Why its results do not say that it was verified; empty if they do, or if it failed."""
        unfinished = sum(
            result.kind == "skipped" and result.message == UNFINISHED
            for result in self.results.values()
        )
        if unfinished:
            return f"incomplete: its run ended before {unfinished} of its checks did"
        if self.red or count(self.results.values(), "passed"):
            return ""
        what = "every check was skipped" if self.results else "no check ran"
        return f"not verified: {what}"


@dataclass(frozen=True, slots=True)
class Merged:
    """The results of all jobs: by target in order of their names, the invariants first."""

    groups: Sequence[Group]
    problems: Sequence[Problem]

    @property
    def green(self) -> bool:
        """Whether all that is expected is there, something passed of it, and nothing failed."""
        return not self.problems and not any(group.red for group in self.groups)


def merge(folders: Iterable[Path], expected: Collection[str] | None = None) -> Merged:
    """Read the results of several jobs.

    Results that are missing, broken or incomplete are problems, beside everything that can be
    read. They are incomplete where nothing passed, and where a run was interrupted.

    :param folders: each has results, or folders with results.
    :param expected: the names of the targets of which there have to be results; None: of any. Where
        it is empty, nothing found is all right.
    """
    found = find(folders)
    names = {part.name for part in found.parts}
    order = sorted(names, key=lambda name: (name != INVARIANTS, name))
    groups = [_group(name, found.parts) for name in order]
    problems = [*found.problems, *_missing(found, expected), *_unfit(groups)]
    return Merged(groups, problems)


def _missing(found: Found, expected: Collection[str] | None) -> Iterator[Problem]:
    """Yield what is not there."""
    if expected is not None and not expected:
        return
    yield from found.absent
    there = {part.name for part in found.parts}
    for name in dict.fromkeys(expected or ()):
        if name not in there:
            yield Problem(visible(name), "no results of it: its job did not run, or left nothing")
    if expected is None and not (there or found.problems or found.absent):
        yield Problem("results", "there are none in any of the folders")


def _unfit(groups: Iterable[Group]) -> Iterator[Problem]:
    """Yield which of the results that are there do not say that a target was verified."""
    for group in groups:
        if group.incomplete:
            yield Problem(group.name, group.incomplete)
        if len(group.endpoints) > 1:
            endpoints = ", ".join(group.endpoints.values())
            yield Problem(group.name, f"results of different endpoints: {endpoints}")


def _group(name: str, parts: Iterable[Part]) -> Group:
    group = Group(name)
    figures: dict[str, list[str]] = {}
    for part in parts:
        if part.name != name:
            continue
        properties = {
            entry.get("name", ""): entry.get("value", "")
            for entry in part.suite.iterfind("properties/property")
        }
        for key, value in properties.items():
            figures.setdefault(key, []).append(value)
        if url := properties.get("url"):
            embedded = properties.get("embedded") == "true"
            # The embedded endpoint has another port in each run.
            known, mark = ("embedded", " (EMBEDDED)") if embedded else (url, "")
            group.endpoints.setdefault(known, visible(url) + mark)
        if part.summary and part.summary not in group.summaries:
            group.summaries.append(part.summary)
        cases = list(part.suite.iterfind("testcase"))
        names = [case.get("name", "") for case in cases]
        # A run of several targets has put it into every name; else it is somebody's parameter.
        if all(without_target(one, name) != one for one in names):
            names = [without_target(one, name) for one in names]
        for case, check in zip(cases, names, strict=True):
            _take(group, _result(case, check))
    group.properties = {key: _together(key, values) for key, values in figures.items()}
    return group


def _take(group: Group, result: Result) -> None:
    known = group.results.get(result.key)
    if known is None:
        group.results[result.key] = result
        return
    group.repeated += 1
    kept, other = sorted((known, result), key=lambda one: _WORST.index(one.kind))
    if (kept.kind, kept.message) != (other.kind, other.message):
        said = ET.SubElement(kept.element, "system-out")
        said.text = f"in another result: {other.kind} {other.message}".rstrip()
    group.results[result.key] = kept


def _result(case: ET.Element, name: str) -> Result:
    reason = next((child for child in case if child.tag in _REASONS), None)
    return Result(
        case.get("classname", ""),
        name,
        "passed" if reason is None else _REASONS[reason.tag],
        "" if reason is None else reason.get("message") or reason.text or "",
        case,
    )


def without_target(name: str, target: str) -> str:
    """Return a test's name without the target, where a run of several has put it in brackets."""
    head, bracket, rest = name.partition("[")
    if not bracket or not rest.endswith("]"):
        return name
    ids = rest[:-1]
    if ids == target:
        return head
    left = ids.removesuffix(f"-{target}")
    left = ids.removeprefix(f"{target}-") if left == ids else left
    return f"{head}[{left}]"


def with_target(check: str, target: str) -> str:
    """Return a test's name as a run of several targets has it."""
    return f"{check[:-1]}-{target}]" if check.endswith("]") else f"{check}[{target}]"


def _together(key: str, values: Sequence[str]) -> str:
    if key not in _FIGURES:
        return values[0]
    numbers = [number for value in values if (number := _number(value)) is not None]
    return f"{_FIGURES[key](numbers):.10g}" if numbers else ""


# -- what is written ------------------------------------------------------------------------------


def junit(merged: Merged) -> bytes:
    """Return one report: a suite for each target, and one for what is missing or broken.

    The names of the checks have the target in them: some services keep one of those that are
    called the same.
    """
    root = ET.Element("testsuites")
    for group in merged.groups:
        root.append(_suite(group))
    if merged.problems:
        root.append(_broken(merged.problems))
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", f"{sum(float(suite.get('time', '0')) for suite in root):.3f}")
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _suite(group: Group) -> ET.Element:
    counts = {"failures": "failed", "errors": "error", "skipped": "skipped"}
    suite = ET.Element("testsuite", name=SUITE + group.name, tests=str(len(group.results)))
    for name, kind in counts.items():
        suite.set(name, str(count(group.results.values(), kind)))
    seconds = [_seconds(result.element) for result in group.results.values()]
    suite.set("time", f"{sum(seconds):.3f}")
    properties = ET.SubElement(suite, "properties")
    for key, value in group.properties.items():
        ET.SubElement(properties, "property", name=key, value=value)
    for result, time in zip(group.results.values(), seconds, strict=True):
        result.element.set("time", f"{time:.3f}")
        if group.name != INVARIANTS:
            result.element.set("name", with_target(result.check, group.name))
        suite.append(result.element)
    return suite


def _broken(problems: Sequence[Problem]) -> ET.Element:
    number = str(len(problems))
    suite = ET.Element("testsuite", name=SUITE + PROBLEMS, tests=number, errors=number)
    suite.set("failures", "0")
    suite.set("skipped", "0")
    counted = Counter(problem.name for problem in problems)
    for n, problem in enumerate(problems):
        name = problem.name if counted[problem.name] == 1 else f"{problem.name} ({n + 1})"
        case = ET.SubElement(
            suite, "testcase", classname="pytest_codex.merge", name=RESULTS_OF + name
        )
        ET.SubElement(case, "error", message=problem.says).text = problem.says
    return suite


def _seconds(case: ET.Element) -> float:
    return max(_number(case.get("time", "")) or 0.0, 0.0)


def _number(text: str) -> float | None:
    """Return a figure of a report; None for what no run can have measured, as infinity."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < _MOST else None


def refuse_overlap(output: Path, folders: Iterable[Path]) -> None:
    """Refuse an output folder that is, has in it, or lies in one with results.

    What is merged would overwrite results, or be taken for some the next time.

    :raises ConfigurationError: if it is so.
    """
    there = output.resolve()
    for folder in folders:
        read = folder.resolve()
        if there.is_relative_to(read) or read.is_relative_to(there):
            raise ConfigurationError(
                f"--output {output}: it is, has in it, or lies in {folder}, of which the results "
                "are read; choose a folder beside it"
            )


def save(output: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder, which is made.

    :raises ConfigurationError: if that is not possible.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            write(output / name, data)
    except OSError as error:
        raise ConfigurationError(
            f"--output {output}: cannot be written: {error.strerror or error}"
        ) from None
