"""The results that several jobs have left, read back: nothing in them is trusted.

A job's results folder has a folder for each target, and one for the invariants; results of several
jobs lie beside each other, each in a folder of its own or not.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET
from xml.parsers import expat

from pytest_codex.exchange.excerpt import harmless, visible
from pytest_codex.report.places import EXCHANGES, JUNIT, SUITE, SUMMARY

#: What the suite of a merged report is called that has the problems: no target can be called so.
PROBLEMS, RESULTS_OF = "(merge)", "results of "
#: Bytes of a file that is read, and how deep its elements, or folders, may be nested.
_MOST_BYTES, _MOST_DEPTH = 64_000_000, 20
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True, slots=True)
class Part:
    """What one job has left of one target, or of the invariants.

    :param name: the target's name, or `invariants`.
    """

    name: str
    suite: ET.Element
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Results that should be there and are not, cannot be read, or do not belong together."""

    name: str
    says: str


@dataclass(slots=True)
class Found:
    """All that was found.

    :param absent: a problem for each folder that is not there, unless nothing is expected in it.
    """

    parts: list[Part] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    absent: list[Problem] = field(default_factory=list)


def find(roots: Iterable[Path]) -> Found:
    """Read all results below some folders; of what was merged before, its problems as well."""
    found = Found()
    seen: set[Path] = set()
    for root in roots:
        for folder in _folders(root, found):
            if folder.resolve() not in seen:
                seen.add(folder.resolve())
                _read(folder, found)
    return found


def _folders(root: Path, found: Found) -> Iterator[Path]:
    """Yield the folders that may be those of a target, links not followed."""

    def unread(error: OSError) -> None:
        folder = _shown(Path(error.filename))
        if isinstance(error, FileNotFoundError):
            found.absent.append(Problem(folder, "there is no such folder"))
        else:
            found.problems.append(Problem(folder, _why(error)))

    for name, below, files in os.walk(root, onerror=unread):
        folder = Path(name)
        has_exchanges = EXCHANGES in below
        below[:] = [one for one in sorted(below) if one != EXCHANGES]
        if below and len(folder.relative_to(root).parts) >= _MOST_DEPTH:
            below.clear()
            says = f"folders are nested more than {_MOST_DEPTH} deep"
            found.problems.append(Problem(_shown(folder), says))
        if JUNIT in files or SUMMARY in files or has_exchanges:
            yield folder


def _read(folder: Path, found: Found) -> None:
    text = ""
    try:
        text = harmless(_bytes(folder / SUMMARY).decode("utf-8", "replace"))
    except FileNotFoundError:
        pass  # there need not be one
    except (OSError, ValueError) as error:
        found.problems.append(Problem(_shown(folder / SUMMARY), _why(error)))
    try:
        suites = list(_suites(_parsed(_bytes(folder / JUNIT))))
    except FileNotFoundError:
        says = f"no {JUNIT}: the job ended early, or --junitxml has put it elsewhere"
        found.problems.append(Problem(_shown(folder), says))
        return
    except (OSError, ValueError) as error:
        found.problems.append(Problem(_shown(folder / JUNIT), _why(error)))
        return
    # What other tools have written is none of ours, and nothing is said of it.
    targets = [(name, suite) for name, suite in suites if name != PROBLEMS]
    # A summary of several is a merged one, and no target's own.
    own = text if len(suites) == 1 else ""
    found.parts += [Part(name, suite, own) for name, suite in targets]
    for name, suite in suites:
        if name == PROBLEMS:
            found.problems += _merged_before(suite)


def _merged_before(suite: ET.Element) -> Iterator[Problem]:
    """Yield the problems that a merged report has: merging it again mends none of them."""
    for case in suite.iterfind("testcase"):
        error = case.find("error")
        says = "" if error is None else error.get("message", "")
        yield Problem(
            visible(case.get("name", "").removeprefix(RESULTS_OF), 300), visible(says, 400)
        )


def _bytes(path: Path) -> bytes:
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("no ordinary file")
    if status.st_size > _MOST_BYTES:
        raise ValueError(f"{status.st_size:,} bytes; at most {_MOST_BYTES:,} are read")
    return path.read_bytes()


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _shown(path: Path) -> str:
    return visible(str(path), 300)


# -- JUnit ----------------------------------------------------------------------------------------


def _suites(root: ET.Element) -> Iterator[tuple[str, ET.Element]]:
    """Yield our suites of a report, each with the name of its target."""
    if root.tag not in ("testsuites", "testsuite"):
        raise ValueError(f"no JUnit report: its root is <{visible(root.tag, 40)}>")
    for suite in root.iter("testsuite"):
        name = suite.get("name", "")
        if name.startswith(SUITE):
            target = name.removeprefix(SUITE)
            if target != PROBLEMS and not _NAME.fullmatch(target):
                raise ValueError(f"{visible(target, 40)!r} is no name of a target")
            yield target, suite


def _parsed(data: bytes) -> ET.Element:
    """Parse XML without a document type, so without entities that could blow up or read files.

    :raises ValueError: for what is no XML, has a document type, or is nested too deeply.
    """
    builder = ET.TreeBuilder()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MOST_DEPTH:
            raise ValueError(f"elements are nested more than {_MOST_DEPTH} deep")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> None:
        raise ValueError("it has a document type, which no JUnit report has")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise ValueError(f"no XML: {error}") from None
    except LookupError as error:
        raise ValueError(f"no XML: {error}") from None
    return builder.close()
