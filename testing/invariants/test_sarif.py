"""SARIF, by its own schema.

The schema is OASIS's (SARIF 2.1.0 with Errata 01), as the source distribution of compose-lint on
PyPI has it: it is fetched once and kept in the virtual environment.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from pytest_codex.compose.places import Place
from pytest_codex.invariants.findings import Finding, Judgement
from pytest_codex.invariants.rules import RULES
from pytest_codex.report.sarif import render, sarif

ROOT = Path("/repository")
HOLDER = "compose_lint-0.36.2"
MEMBER = f"{HOLDER}/tests/fixtures/sarif-schema-2.1.0.json"
SCHEMAS = Path(sys.prefix) / "share" / "schemas"


@pytest.fixture(scope="module")
def schema() -> Draft4Validator:
    archive = SCHEMAS / f"{HOLDER}.tar.gz"
    if not archive.exists():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        source = ["--no-deps", "--no-build-isolation", "--no-binary=:all:"]
        name = HOLDER.replace("_", "-").replace("-0", "==0")
        subprocess.run([*pip, *source, f"--dest={SCHEMAS}", name], check=True, timeout=300)
    with tarfile.open(archive) as files:
        member = files.extractfile(MEMBER)
        assert member is not None
        return Draft4Validator(json.load(member))


def finding(
    file: str = "docker-compose.yml", line: int = 12, found: str = "it is open", **other: Any
) -> Finding:
    rule = other.pop("rule", "no-way-in")
    at = Place(ROOT / file, line)
    return Finding(rule, at, found, "ForwardAuth", "add it to the chain", **other)


def results(*findings: Finding) -> list[dict[str, Any]]:
    judgements = [Judgement(RULES[each.rule], (each,)) for each in findings]
    found = sarif(judgements, ROOT)["runs"][0]["results"]
    assert isinstance(found, list)
    return found


def uri(file: str) -> str:
    artifact = results(finding(file))[0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact["uriBaseId"] == "%SRCROOT%"
    return str(artifact["uri"])


def test_a_log_with_everything_in_it_is_valid(schema: Draft4Validator) -> None:
    everything = finding(
        "über uns/a b.yml",
        request="curl -X POST 'https://x/v1'",
        other=Place(Path("/elsewhere/c d.yml"), 3),
    )
    judgements = [
        Judgement(RULES["no-way-in"], (everything, everything, finding(advice=True))),
        Judgement(RULES["no-tie"], (), "because of routers-exist: there is none"),
    ]
    assert not list(schema.iter_errors(json.loads(render(judgements, ROOT))))


def test_a_log_with_nothing_in_it_is_valid(schema: Draft4Validator) -> None:
    assert not list(schema.iter_errors(sarif([], ROOT)))


def test_the_schema_would_tell(schema: Draft4Validator) -> None:
    broken = sarif([Judgement(RULES["no-way-in"], (finding(),))], ROOT)
    broken["runs"][0]["results"][0]["level"] = "advice"
    assert list(schema.iter_errors(broken))


def test_every_rule_of_the_catalogue_is_described() -> None:
    driver = sarif([], ROOT)["runs"][0]["tool"]["driver"]
    assert [rule["id"] for rule in driver["rules"]] == list(RULES)
    assert driver["rules"][list(RULES).index("no-way-in")]["name"] == "NoWayIn"
    for rule in driver["rules"]:
        assert rule["name"].isalnum() and rule["name"][0].isupper()
        assert rule["shortDescription"]["text"] == RULES[rule["id"]].demands
        assert RULES[rule["id"]].why in rule["help"]["text"]
    levels = {rule["id"]: rule["defaultConfiguration"]["level"] for rule in driver["rules"]}
    assert (levels["no-way-in"], levels["environment-is-the-same"]) == ("error", "note")


def test_a_result_says_what_where_and_what_next() -> None:
    one, two = results(finding(request="curl x", other=Place(ROOT / "b.yml", 7)), finding(line=3))
    assert one["ruleId"] == "no-way-in"
    assert list(RULES)[one["ruleIndex"]] == "no-way-in"
    assert one["message"]["text"].splitlines() == [
        "it is open",
        "Expected: ForwardAuth",
        f"Why: {RULES['no-way-in'].why}",
        "Request: curl x",
        "Next: add it to the chain",
    ]
    assert one["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "docker-compose.yml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 12},
    }
    other = one["relatedLocations"][0]["physicalLocation"]
    assert (other["artifactLocation"]["uri"], other["region"]["startLine"]) == ("b.yml", 7)
    assert "relatedLocations" not in two


def test_advice_is_a_note_and_what_breaks_an_error() -> None:
    levels = [result["level"] for result in results(finding(), finding(advice=True))]
    assert levels == ["error", "note"]


@pytest.mark.parametrize(
    ("file", "expected"),
    {
        "infra/compose/dev.yml": "infra/compose/dev.yml",
        "a b.yml": "a%20b.yml",
        "100%.yml": "100%25.yml",
        "a#b?.yml": "a%23b%3F.yml",
        "über.yml": "%C3%BCber.yml",
        "c:x.yml": "c%3Ax.yml",
        "x/../y.yml": "y.yml",
    }.items(),
)
def test_files_of_the_repository_are_named_from_its_root(file: str, expected: str) -> None:
    assert uri(file) == expected


def test_a_relative_file_is_meant_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    judgement = Judgement(
        RULES["no-tie"], (Finding("no-tie", Place(Path("a.yml"), 1), "two", "one", "mend"),)
    )
    result = sarif([judgement], tmp_path)["runs"][0]["results"][0]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "sub/a.yml"


def test_files_elsewhere_are_named_in_full() -> None:
    result = results(finding("../elsewhere/a b.yml"))[0]
    artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact["uri"].startswith("file:///") and artifact["uri"].endswith("a%20b.yml")
    assert "uriBaseId" not in artifact


def test_fingerprints_stay_when_lines_move_and_differ_otherwise() -> None:
    def prints(*findings: Finding) -> list[str]:
        return [
            result["partialFingerprints"]["pytestCodexLive/v1"] for result in results(*findings)
        ]

    assert prints(finding(line=12)) == prints(finding(line=99))
    others = [finding(), finding("b.yml"), finding(found="else"), finding(rule="no-tie")]
    assert len(set(prints(*others))) == 4
    assert len(set(prints(finding(line=1), finding(line=2)))) == 2


def test_nothing_in_a_message_is_a_placeholder_or_a_link() -> None:
    text = results(finding(found="^[a-z](x){0}${V}"))[0]["message"]["text"].splitlines()[0]
    assert text == r"^\[a-z](x){{0}}${{V}}"
    assert results(finding(found="${V?}"))[0]["message"]["text"].startswith("${V?}\n")


def test_what_was_not_judged_is_a_notification() -> None:
    run = sarif([Judgement(RULES["no-tie"], (), "there is no router")], ROOT)["runs"][0]
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notification["message"]["text"] == "no-tie was not judged: there is no router"
    assert list(RULES)[notification["associatedRule"]["index"]] == "no-tie"
    assert not run["results"]
