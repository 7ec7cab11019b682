"""JUnit XML: our own file of one target, and properties for a file that pytest has written."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

from pytest_codex.report.outcomes import Outcome, count
from pytest_codex.report.places import SUITE

# What XML 1.0 cannot hold.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(target: str, outcomes: list[Outcome], properties: Mapping[str, str]) -> bytes:
    """Return a report with file and line of each check, which CI services link to."""
    suite = ET.Element(
        "testsuite",
        name=SUITE + target,
        tests=str(len(outcomes)),
        failures=str(count(outcomes, "failed")),
        errors=str(count(outcomes, "error")),
        skipped=str(count(outcomes, "skipped")),
        time=f"{sum(outcome.seconds for outcome in outcomes):.3f}",
        timestamp=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    _add_properties(suite, properties)
    for outcome in outcomes:
        suite.append(_case(outcome))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def add_properties(path: Path, properties: Mapping[str, str]) -> None:
    """Add properties to each suite of a report; what is no XML file is left alone.

    :raises OSError: if it cannot be written; it is left as it was.
    """
    try:
        before = path.read_bytes()
        root = ET.fromstring(before)  # noqa: S314 - this run has written it
    except (OSError, ET.ParseError):
        return
    for suite in root.iter("testsuite"):
        _add_properties(suite, properties)
    try:
        path.write_bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))
    except OSError:
        with contextlib.suppress(OSError):
            path.write_bytes(before)
        raise


def _add_properties(suite: ET.Element, properties: Mapping[str, str]) -> None:
    element = suite.find("properties")
    if element is None:
        element = ET.Element("properties")
        suite.insert(0, element)
    for name, value in properties.items():
        ET.SubElement(element, "property", name=name, value=_clean(value))


def _case(outcome: Outcome) -> ET.Element:
    case = ET.Element(
        "testcase",
        classname=outcome.classname,
        name=_clean(outcome.name),
        file=outcome.file,
        line=str(outcome.line),
        time=f"{outcome.seconds:.3f}",
    )
    element = {"failed": "failure", "error": "error", "skipped": "skipped"}.get(outcome.kind)
    if element:
        reason = ET.SubElement(case, element, message=_clean(outcome.message))
        reason.text = _clean(outcome.detail)
    return case


def _clean(text: str) -> str:
    return _FORBIDDEN.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
