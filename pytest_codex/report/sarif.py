"""Findings as SARIF 2.1.0, which code scanning services show beside the lines.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; GitHub
documentation, "SARIF support for code scanning".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pytest_codex.compose.places import Place
from pytest_codex.invariants.findings import Finding, Judgement
from pytest_codex.invariants.rules import RULES, Rule
from pytest_codex.report.places import within

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_PACKAGE = "pytest-codex-live"
_ROOT = "%SRCROOT%"
_INDEX = {name: index for index, name in enumerate(RULES)}


def render(judgements: Iterable[Judgement], root: Path) -> str:
    """Return :func:`sarif` as the text of a file."""
    return json.dumps(sarif(judgements, root), indent=2, ensure_ascii=False) + "\n"


def sarif(judgements: Iterable[Judgement], root: Path) -> dict[str, Any]:
    """Return the findings as a log of one run; what was not judged is a notification.

    :param root: the repository's root, from which the files are named.
    """
    every = list(judgements)
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver()},
                "automationDetails": {"id": f"{_PACKAGE}/invariants/"},
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": [
                            _notification(judgement) for judgement in every if judgement.unjudged
                        ],
                    }
                ],
                "originalUriBaseIds": {
                    _ROOT: {"description": {"text": "The root of the repository."}}
                },
                "results": list(_results(every, root)),
            }
        ],
    }


# -- the tool -------------------------------------------------------------------------------------


def _driver() -> dict[str, Any]:
    driver: dict[str, Any] = {"name": _PACKAGE, "rules": [_rule(rule) for rule in RULES.values()]}
    try:
        return {**driver, "version": version(_PACKAGE)}
    except PackageNotFoundError:  # run from a checkout that is not installed
        return driver


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.name,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": _literal(rule.demands)},
        "fullDescription": {"text": _literal(f"{rule.demands} {rule.why}")},
        "help": {"text": _literal(f"{rule.demands}\n\nWhere it is broken: {rule.why}")},
        "defaultConfiguration": {"level": "note" if rule.advises else "error"},
    }


def _notification(judgement: Judgement) -> dict[str, Any]:
    name = judgement.rule.name
    return {
        "level": "note",
        "message": {"text": _literal(f"{name} was not judged: {judgement.unjudged}")},
        "associatedRule": {"id": name, "index": _INDEX[name]},
    }


# -- the findings ---------------------------------------------------------------------------------


def _results(judgements: list[Judgement], root: Path) -> Iterator[dict[str, Any]]:
    alike: Counter[str] = Counter()
    for finding in (finding for judgement in judgements for finding in judgement.findings):
        artifact = _artifact(finding.at, root)
        # Without the line, so that it is the same finding when lines above it come and go.
        about = "\n".join((finding.rule, str(artifact["uri"]), finding.found))
        alike[about] += 1
        fingerprint = hashlib.sha256(f"{about}\n{alike[about]}".encode()).hexdigest()
        result = {
            "ruleId": finding.rule,
            "ruleIndex": _INDEX[finding.rule],
            "level": "note" if finding.advice else "error",
            "message": {"text": _literal(_message(finding))},
            "locations": [_location(finding.at, root)],
            "partialFingerprints": {"pytestCodexLive/v1": fingerprint},
        }
        if finding.other is not None:
            other = {"message": {"text": "The other line."}, **_location(finding.other, root)}
            result["relatedLocations"] = [{"id": 1, **other}]
        yield result


def _message(finding: Finding) -> str:
    lines = (
        ("", finding.found),
        ("Expected: ", finding.expected),
        ("Why: ", finding.why),
        ("Request: ", finding.request),
        ("Next: ", finding.mend),
    )
    return "\n".join(name + text for name, text in lines if text)


def _location(place: Place, root: Path) -> dict[str, Any]:
    physical = {"artifactLocation": _artifact(place, root), "region": {"startLine": place.line}}
    return {"physicalLocation": physical}


def _artifact(place: Place, root: Path) -> dict[str, str]:
    path = within(place.file, root)
    if path is None:
        return {"uri": place.file.absolute().as_uri()}
    # A colon in the first part would be read as the end of a scheme.
    return {"uri": quote(path, safe="/!$&'()*+,;=@~"), "uriBaseId": _ROOT}


def _literal(text: str) -> str:
    """Return text as a message in which nothing is a placeholder (``{0}``) or a link.

    Source: the specification, "Messages with placeholders" and "Messages with embedded links".
    """
    if re.search(r"\{\d+\}", text):
        text = text.replace("{", "{{").replace("}", "}}")
    return re.sub(r"\[(?=[^\]]*\]\()", r"\\[", text)
