"""One report of the results of several jobs; what is hostile, broken or missing is said."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from pytest_codex.__main__ import main
from pytest_codex.report import comparison, junit
from pytest_codex.report.merge import merge, with_target, without_target
from pytest_codex.report.outcomes import Outcome, tally
from pytest_codex.report.summary import UNFINISHED

FIGURES = {"url": "https://api.example", "embedded": "false", "model_calls": "2"}


def outcome(name: str, kind: str = "passed", message: str = "") -> Outcome:
    nodeid = f"tests/smoke/test_chat.py::{name}"
    return Outcome(nodeid, "any", kind, 0.5, "tests/smoke/test_chat.py", 3, message, message)


def left(
    folder: Path,
    target: str,
    outcomes: Sequence[Outcome],
    properties: Mapping[str, str] = FIGURES,
    summary: str = "",
) -> Path:
    """Leave a target's results as a run does."""
    own = folder / target
    (own / "exchanges").mkdir(parents=True, exist_ok=True)
    (own / "junit.xml").write_bytes(junit.render(target, list(outcomes), properties))
    (own / "summary.md").write_text(summary or f"# {target}: all of it\n")
    return own


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    """What two jobs have left: a check fails on prod only."""
    folder = tmp_path / "jobs"
    left(folder / "codex-live-dev", "dev", [outcome("test_chat"), outcome("test_usage[x]")])
    failing = outcome("test_chat", "failed", "expected 200; observed 502 | by `Traefik`")
    left(folder / "codex-live-prod", "prod", [failing, outcome("test_usage[x]")])
    return folder


@pytest.fixture
def run(jobs: Path, tmp_path: Path, capsys, monkeypatch):
    """Merge what the jobs have left, as a user does."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)

    def merging(*arguments: str) -> tuple[int, str, str]:
        code = main(["merge", str(jobs), "--output", str(tmp_path / "merged"), *arguments])
        return code, *capsys.readouterr()

    return merging


def suites(file: Path) -> dict[str, ET.Element]:
    return {str(suite.get("name")): suite for suite in ET.parse(file).getroot()}


def test_there_is_one_junit_with_a_suite_for_each_target(run, tmp_path: Path) -> None:
    """Counts are right, and no two checks are called the same, as GitLab keeps one of those."""
    code, said, _ = run()
    assert code == 1
    assert "dev: 2 passed\n" in said
    assert "prod: 1 passed, 1 failed FAILED\n" in said
    root = ET.parse(tmp_path / "merged" / "junit.xml").getroot()
    assert [root.get(n) for n in ("tests", "failures", "errors", "skipped", "time")] == [
        *("4", "1", "0", "0", "2.000")
    ]
    cases = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert len(set(cases)) == len(cases) == 4
    assert ("tests.smoke.test_chat", "test_usage[x-prod]") in cases
    prod = suites(tmp_path / "merged" / "junit.xml")["pytest-codex-live prod"]
    assert prod.get("failures") == "1"
    failed = prod.find("testcase/failure")
    assert failed is not None
    assert failed.get("message") == "expected 200; observed 502 | by `Traefik`"
    case = prod.find("testcase")
    assert case is not None and case.get("line") == "3"


def test_the_summary_has_the_targets_beside_each_other_and_what_differs(
    run, tmp_path: Path
) -> None:
    """The figures in a table, the check that passes on one and fails on the other, the rest."""
    run()
    text = (tmp_path / "merged" / "summary.md").read_text()
    assert text.startswith("# `prod` failed\n")
    assert "| `dev` | `https://api.example` | 2 passed | 2 |" in text
    assert "| `prod` | `https://api.example` | 1 passed, 1 failed | 2 |" in text
    row = "| `test_chat` | `dev` | `prod` |  | `expected 200; observed 502 ¦ by 'Traefik'` |"
    assert row in text
    assert "test_usage" not in text
    assert "- `prod`: `test_chat`: " in text
    assert "<details><summary>dev</summary>\n\n# dev: all of it\n" in text


def test_targets_that_agree_are_said_to(tmp_path: Path) -> None:
    for target in ("dev", "prod"):
        left(tmp_path, target, [outcome(f"test_chat[{target}]")])
    merged = merge([tmp_path])
    assert merged.green
    text = comparison.markdown(merged)
    assert text.startswith("# `dev`, `prod` verified\n")
    assert "Nothing: every check ended alike on all of them." in text


def test_what_one_target_was_not_asked_is_counted(tmp_path: Path) -> None:
    """As where prod allows smoke only."""
    left(tmp_path, "dev", [outcome("test_chat"), outcome("test_order"), outcome("test_gaps")])
    left(tmp_path, "prod", [outcome("test_chat")])
    text = comparison.markdown(merge([tmp_path]))
    assert "No check ended differently where several targets had it." in text
    assert "`prod` did not have 2 checks that others had." in text


def test_checks_that_are_skipped_for_one_reason_have_one_row(tmp_path: Path) -> None:
    names = [f"test_{n}" for n in range(5)]
    left(tmp_path, "dev", [outcome(name) for name in names])
    left(tmp_path, "prod", [outcome(name, "skipped", "because of x") for name in names])
    text = comparison.markdown(merge([tmp_path]))
    assert "| `test_0` and 4 more | `dev` |  | `prod` | `because of x` |" in text


def test_two_jobs_of_one_target_are_put_together(tmp_path: Path) -> None:
    """A check that both had stands as it was worst; what the other said is kept beside it."""
    first = [outcome("test_chat"), outcome("test_a", "failed", "one"), outcome("test_b")]
    second = [outcome("test_chat", "failed", "seldom"), outcome("test_a", "failed", "two")]
    left(tmp_path / "1", "dev", first, {"model_calls": "2", "certificate_days": "9.5"})
    left(tmp_path / "2", "dev", second, {"model_calls": "3", "certificate_days": "9.4"})
    merged = merge([tmp_path])
    assert not merged.problems
    (group,) = merged.groups
    assert group.properties == {"model_calls": "5", "certificate_days": "9.4"}
    assert (tally(group.results.values()), group.repeated) == ("1 passed, 2 failed", 2)
    text = junit_of(merged)
    assert "in another result: passed" in text
    assert "in another result: failed two" in text
    assert "2 results are of checks that another job had" in comparison.markdown(merged)


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"url": "https://elsewhere.example"}, "https://elsewhere.example"),
        ({"embedded": "true"}, "https://api.example (EMBEDDED)"),
    ],
)
def test_results_of_different_endpoints_are_not_of_one_target(
    run, jobs: Path, tmp_path: Path, other: Mapping[str, str], named: str
) -> None:
    """Both are named, and the results of both are kept."""
    left(jobs / "codex-live-prod", "prod", [outcome("test_chat")])
    assert run()[0] == 0
    left(jobs / "more", "dev", [outcome("test_order")], {**FIGURES, **other})
    code, said, errors = run()
    assert code == 1
    assert errors == f"ERROR: dev: results of different endpoints: https://api.example, {named}\n"
    assert "dev: 3 passed\n" in said
    dev = suites(tmp_path / "merged" / "junit.xml")["pytest-codex-live dev"]
    assert len(dev.findall("testcase")) == 3
    summary = (tmp_path / "merged" / "summary.md").read_text()
    assert f"| `dev` | `https://api.example`, `{named}` | 3 passed | 4 |" in summary


def test_the_embedded_endpoint_has_a_port_of_its_own_in_each_job(tmp_path: Path) -> None:
    """So that it is the same one wherever it was."""
    for port in ("1", "2"):
        figures = {"url": f"http://127.0.0.1:{port}", "embedded": "true"}
        left(tmp_path / port, "dev", [outcome(f"test_{port}")], figures)
    assert merge([tmp_path]).green


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999", "1e300", "soon", ""])
@pytest.mark.parametrize("jobs_of_it", [1, 2])
def test_what_is_no_figure_is_left_out(tmp_path: Path, value: str, jobs_of_it: int) -> None:
    """Of the summary, of the properties, and of the times of the checks."""
    for number in range(jobs_of_it):
        figures = {"first_event_seconds": value, "certificate_days": value, "model_calls": "2"}
        own = left(tmp_path / str(number), "dev", [outcome(f"test_{number}")], figures)
        report = (own / "junit.xml").read_text()
        (own / "junit.xml").write_text(report.replace('time="0.500"', f'time="{value}"'))
    merged = merge([tmp_path])
    assert merged.groups[0].properties == {
        "first_event_seconds": "",
        "certificate_days": "",
        "model_calls": str(2 * jobs_of_it),
    }
    times = {element.get("time") for element in ET.fromstring(junit_of(merged)).iter()}
    assert times == {"0.000", None}
    passed = f"{jobs_of_it} passed"
    assert f"| `dev` |  | {passed} | {2 * jobs_of_it} |  |  |" in comparison.markdown(merged)


def junit_of(merged) -> str:
    from pytest_codex.report.merge import junit as render

    return render(merged).decode()


def test_the_invariants_come_first_and_keep_their_names(tmp_path: Path) -> None:
    """They are of no target, so no difference between targets either."""
    left(tmp_path, "dev", [outcome("test_chat")])
    left(tmp_path, "invariants", [outcome("test_labels[prod]")], {})
    merged = merge([tmp_path])
    assert [group.name for group in merged.groups] == ["invariants", "dev"]
    assert 'name="test_labels[prod]"' in junit_of(merged)
    assert "What differs" not in comparison.markdown(merged)


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("test_a", "test_a"),
        ("test_a[dev]", "test_a"),
        ("test_a[dev-x-y]", "test_a[x-y]"),
        ("test_a[x-dev]", "test_a[x]"),
        ("test_a[x]", "test_a[x]"),
        ("test_a[developer]", "test_a[developer]"),
    ],
)
def test_a_target_is_taken_out_of_a_name(name: str, check: str) -> None:
    """As a run of several targets puts it in, so that they can be compared."""
    assert without_target(name, "dev") == check
    assert without_target(with_target(check, "dev"), "dev") == check


# -- what is missing, or broken -------------------------------------------------------------------


def test_missing_results_are_said_loudly(run, tmp_path: Path) -> None:
    """On standard error, in JUnit and in the summary, by the exit code."""
    code, _, errors = run("--expect", "dev,prod, staging")
    assert code == 1
    assert errors == "ERROR: staging: no results of it: its job did not run, or left nothing\n"
    root = ET.parse(tmp_path / "merged" / "junit.xml").getroot()
    assert root.get("errors") == "1"
    assert 'name="results of staging"' in (tmp_path / "merged" / "junit.xml").read_text()
    assert "1 missing, broken or incomplete" in (tmp_path / "merged" / "summary.md").read_text()


def test_a_matrix_says_what_is_expected(run) -> None:
    """As `pytest --codex-matrix` prints it."""
    entries = [
        {"targets": "dev staging", "suites": "smoke", "results": "dev staging"},
        {"targets": "", "suites": "e2e", "results": ""},
        {"targets": "", "suites": "invariants", "results": "invariants"},
    ]
    _, _, errors = run("--expect", json.dumps({"include": entries}))
    assert [line.split()[1] for line in errors.splitlines()] == ["staging:", "invariants:"]


NONE_EXPECTED = '{"include":[{"name":"prod","results":""}]}'


@pytest.mark.parametrize("folder", ["empty", "missing"])
@pytest.mark.parametrize(("expect", "code"), [(NONE_EXPECTED, 0), ("[]", 0), (None, 1)])
def test_where_nothing_is_expected_nothing_found_is_fine(
    tmp_path: Path, capsys, folder: str, expect: str | None, code: int
) -> None:
    """As of tests of one's own markers, which need not be live; without a word it is red."""
    (tmp_path / "empty").mkdir()
    arguments = [str(tmp_path / folder), "--output", str(tmp_path / "out")]
    arguments += ["--expect", expect] if expect is not None else []
    assert main(["merge", *arguments]) == code
    out, errors = capsys.readouterr()
    assert ("no results, and none expected\n" in out) is (code == 0)
    assert bool(errors) is (code == 1)
    headline = (tmp_path / "out" / "summary.md").read_text().splitlines()[0]
    assert headline == "# Nothing was verified" + ("" if code else ", and nothing expected")


@pytest.mark.parametrize("expect", ["", " ", ",", "\n"])
def test_what_names_nothing_is_no_expectation(tmp_path: Path, capsys, expect: str) -> None:
    """It is what a command that failed has printed, and would be met by anything."""
    left(tmp_path / "prod", "prod", [outcome("test_a")])
    arguments = [str(tmp_path), "--output", str(tmp_path / "out"), "--expect", expect]
    assert main(["merge", *arguments]) == 4
    assert "ERROR: --expect: expected names" in capsys.readouterr().err


def test_a_parameter_that_is_called_like_a_target_is_none(tmp_path: Path) -> None:
    """Only a run of several targets has them in the names of all checks."""
    checks = [outcome("test_x"), outcome("test_x[dev]", "failed", "it is red")]
    left(tmp_path / "1", "dev", [*checks, outcome("test_model[dev]")])
    left(tmp_path / "2", "prod", [outcome("test_model[dev]"), outcome("test_model[prod]")])
    dev, prod = merge([tmp_path]).groups
    assert [name for _, name in dev.results] == ["test_x", "test_x[dev]", "test_model[dev]"]
    assert [name for _, name in prod.results] == ["test_model[dev]", "test_model[prod]"]
    left(tmp_path / "1", "dev", [outcome("test_x[dev]"), outcome("test_y[a-dev]")])
    (dev, _) = merge([tmp_path]).groups
    assert [name for _, name in dev.results] == ["test_x", "test_y[a]"]


def test_where_nothing_is_expected_what_is_there_still_counts(run) -> None:
    """A check has failed on prod."""
    assert run("--expect", NONE_EXPECTED)[0] == 1


def test_all_green_is_zero(run, jobs: Path) -> None:
    """And only that."""
    left(jobs / "codex-live-prod", "prod", [outcome("test_chat")])
    assert run("--expect", "dev prod")[0] == 0


@pytest.mark.parametrize(
    ("outcomes", "headline"),
    [([], "# Nothing was verified"), ([outcome("test_a", "skipped")], "# Nothing passed")],
)
def test_where_nothing_passed_it_is_not_green(tmp_path: Path, outcomes, headline) -> None:
    """No results at all, or none but skipped checks."""
    if outcomes:
        left(tmp_path, "dev", outcomes)
    merged = merge([tmp_path])
    assert not merged.green
    assert comparison.markdown(merged).startswith(headline)


BOMB = b"""<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<testsuites><testsuite name="pytest-codex-live dev"><testcase name="&b;"/></testsuite>
</testsuites>"""
OUTSIDE = b"""<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuites>&a;</testsuites>"""
DEEP = b"<testsuites>" + b"<a>" * 100_000
HOSTILE_NAME = b'<testsuite name="pytest-codex-live ../../x"/>'


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (BOMB, "it has a document type"),
        (OUTSIDE, "it has a document type"),
        (DEEP, "nested more than 20 deep"),
        (HOSTILE_NAME, "'../../x' is no name of a target"),
        (b"", "no XML: no element found"),
        (b"<testsuites>", "no XML: no element found"),
        (b"<testsuites><testsuite></testsuites>", "no XML: mismatched tag"),
        (b"\xff\xfe\x00", "no XML"),
        (b'<?xml version="1.0" encoding="nothing"?><a/>', "no XML"),
        (b"<html></html>", "no JUnit report: its root is <html>"),
    ],
)
def test_a_broken_report_is_said_and_loses_nothing_else(
    run, jobs: Path, tmp_path: Path, data: bytes, says: str
) -> None:
    """The other job's results are merged; the file is named."""
    (jobs / "codex-live-prod" / "prod" / "junit.xml").write_bytes(data)
    code, said, errors = run("--expect", "dev,prod")
    assert code == 1
    assert "dev: 2 passed" in said
    first, second = errors.splitlines()
    assert "prod/junit.xml: " in first and says in first
    assert second.startswith("ERROR: prod: no results of it")
    assert "pytest-codex-live dev" in suites(tmp_path / "merged" / "junit.xml")


def test_results_without_junit_are_broken(run, jobs: Path) -> None:
    """A run that was killed leaves its exchanges."""
    (jobs / "codex-live-prod" / "prod" / "junit.xml").unlink()
    _, _, errors = run()
    assert "prod: no junit.xml: the job ended early" in errors


def test_a_folder_that_cannot_be_read_is_said(run, jobs: Path, monkeypatch) -> None:
    """There may be results in it, as where it is of mode 000."""
    closed = jobs / "closed"
    closed.mkdir()
    scandir = os.scandir

    def refused(path):
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    left(jobs / "codex-live-prod", "prod", [outcome("test_chat")])
    assert run()[0] == 0
    monkeypatch.setattr(os, "scandir", refused)
    code, said, errors = run()
    assert code == 1
    assert errors == f"ERROR: {closed}: Permission denied\n"
    assert "dev: 2 passed" in said


def test_a_folder_of_which_only_the_names_can_be_read_is_said(run, jobs: Path, monkeypatch) -> None:
    """As where it is of mode 444: whether there is a file cannot be asked."""
    closed = jobs / "codex-live-prod" / "prod"

    def refusing(ask):
        def asked(path, *arguments, **options):
            if not isinstance(path, int) and Path(path).parent == closed:
                raise PermissionError(13, "Permission denied", str(path))
            return ask(path, *arguments, **options)

        return asked

    for name in ("stat", "lstat"):
        monkeypatch.setattr(os, name, refusing(getattr(os, name)))
    code, said, errors = run()
    assert code == 1
    assert errors.splitlines() == [
        f"ERROR: {closed / name}: Permission denied" for name in ("summary.md", "junit.xml")
    ]
    assert "dev: 2 passed" in said


def test_results_lie_as_deep_as_folders_are_read(tmp_path: Path) -> None:
    """Those that lie deeper are said not to be read."""
    left(tmp_path.joinpath(*"abcdefgh"), "dev", [outcome("test_chat")])
    assert merge([tmp_path]).green
    left(tmp_path.joinpath("deep", *"x" * 19), "prod", [outcome("test_chat")])
    merged = merge([tmp_path])
    assert [group.name for group in merged.groups] == ["dev"]
    (problem,) = merged.problems
    assert problem.name == str(tmp_path.joinpath("deep", *"x" * 19))
    assert problem.says == "folders are nested more than 20 deep"


def test_a_link_is_not_followed(run, jobs: Path, tmp_path: Path) -> None:
    """Neither to a file nor to a folder: an artifact says what is read, and nothing else."""
    secret = left(tmp_path / "elsewhere", "secret", [outcome("test_secret")])
    report = jobs / "codex-live-prod" / "prod" / "junit.xml"
    report.unlink()
    report.symlink_to(secret / "junit.xml")
    (jobs / "link").symlink_to(tmp_path / "elsewhere")
    _, said, errors = run()
    assert "secret" not in said
    assert "no ordinary file" in errors


def test_a_folder_that_does_not_exist_is_said(tmp_path: Path, capsys) -> None:
    """What could be merged is."""
    left(tmp_path / "a", "dev", [outcome("test_chat")])
    arguments = [str(tmp_path / "a"), str(tmp_path / "b"), "--output", str(tmp_path / "out")]
    assert main(["merge", *arguments]) == 1
    out, errors = capsys.readouterr()
    assert "dev: 1 passed" in out
    assert f"{tmp_path / 'b'}: there is no such folder" in errors


def test_reports_of_other_tools_are_left_alone(run, jobs: Path) -> None:
    """Theirs are not about endpoints, and not merged."""
    (jobs / "jest").mkdir()
    other = '<testsuites><testsuite name="jest"><testcase name="a"/></testsuite></testsuites>'
    (jobs / "jest" / "junit.xml").write_text(other)
    _, said, errors = run()
    assert "jest" not in said and not errors


@pytest.mark.parametrize("output", ["jobs", "jobs/merged", ".", "jobs/../jobs/a/b"])
def test_an_output_that_overlaps_with_the_results_is_refused(
    jobs: Path, tmp_path: Path, capsys, output: str
) -> None:
    """It would overwrite results, or be taken for some; nothing is written."""
    before = sorted(tmp_path.rglob("*"))
    assert main(["merge", str(jobs), "--output", str(tmp_path / output)]) == 4
    assert "it is, has in it, or lies in" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


def test_what_was_merged_is_merged_again_with_its_problems(run, tmp_path: Path, capsys) -> None:
    """They are no target, and mending nothing does not make them green."""
    run("--expect", "dev,prod,staging")
    code = main(["merge", str(tmp_path / "merged"), "--output", str(tmp_path / "again")])
    out, errors = capsys.readouterr()
    assert code == 1
    assert [line.split(":")[0] for line in out.splitlines()] == ["dev", "prod", "merged"]
    assert errors.startswith("ERROR: staging: no results of it")
    first, second = (suites(tmp_path / name / "junit.xml") for name in ("merged", "again"))
    assert first.keys() == second.keys()
    assert not any(name.endswith(" merge") for name in second)


# -- what was not verified ------------------------------------------------------------------------

SKIPPED = outcome("test_a", "skipped", "no key")


@pytest.mark.parametrize(
    ("outcomes", "says"),
    [
        ([], "not verified: no check ran"),
        ([SKIPPED], "not verified: every check was skipped"),
        (
            [outcome("test_a"), outcome("test_b", "skipped", UNFINISHED)],
            "incomplete: its run ended before 1 of its checks did",
        ),
    ],
)
@pytest.mark.parametrize("expect", [(), ("--expect", "dev,prod")])
def test_a_target_that_was_not_verified_is_red(
    run, jobs: Path, tmp_path: Path, outcomes, says: str, expect
) -> None:
    """Nothing passed, or the run was interrupted: beside another target that is green."""
    left(jobs / "codex-live-prod", "prod", outcomes)
    code, said, errors = run(*expect)
    assert code == 1
    assert errors == f"ERROR: prod: {says}\n"
    assert [line for line in said.splitlines() if line.endswith(" INCOMPLETE")]
    assert 'name="results of prod"' in (tmp_path / "merged" / "junit.xml").read_text()
    summary = (tmp_path / "merged" / "summary.md").read_text()
    assert summary.startswith("# 1 missing, broken or incomplete\n")
    assert f"- `prod`: `{says}`" in summary


def test_a_list_as_json_says_what_is_expected(run, jobs: Path) -> None:
    """As the workflow's input has it."""
    left(jobs / "codex-live-prod", "prod", [outcome("test_chat")])
    assert run("--expect", '["dev", "prod"]')[0] == 0
    code, _, errors = run("--expect", '["dev", "staging"]')
    assert code == 1 and errors.startswith("ERROR: staging: no results of it")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["merge"], "the following arguments are required"),
        ([], "the following arguments are required: COMMAND"),
        (["merge", "in", "--output", "{file}"], "cannot be written: File exists"),
    ],
)
def test_a_wrong_command_line_ends_with_4(
    tmp_path: Path, monkeypatch, capsys, arguments, says
) -> None:
    """As pytest's own usage errors do."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    try:
        code = main([argument.replace("{file}", "file") for argument in arguments])
    except SystemExit as end:
        code = end.code
    assert code == 4
    errors = capsys.readouterr().err
    assert says in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    "given",
    [
        *("null", "true", "5", '"dev"', '"dev', "{}", "[", "[1]", '[""]', '[["dev"]]'),
        *('{"include":{}}', '{"include":null}', '{"include":"dev"}', '{"include":["dev"]}'),
        *('{"include":[{}]}', '{"include":[{"results":["dev"]}]}', "[" * 100_000),
    ],
    ids=lambda given: given[:40],
)
def test_wrong_json_is_no_names_of_targets(run, tmp_path: Path, given: str) -> None:
    """It is said what was expected, and nothing is written."""
    code, _, errors = run("--expect", given)
    assert code == 4
    assert errors.startswith(
        "ERROR: --expect: expected names, a JSON list of names, or what pytest --codex-matrix "
        f"printed; observed {given[:60]}"
    )
    assert len(errors) < 300
    assert not (tmp_path / "merged").exists()


# -- bounds ---------------------------------------------------------------------------------------


def test_the_summary_is_bounded(tmp_path: Path) -> None:
    """GitHub refuses more than 1 MiB as a whole."""
    for number in range(300):
        failed = [outcome(f"test_{n}", "failed", "x" * 2_000) for n in range(20)]
        left(tmp_path, f"t{number:03}", failed, summary="\n".join(["y" * 100] * 100))
    left(tmp_path, "huge", [outcome("test_a")], summary="z" * 2_000_000)
    text = comparison.markdown(merge([tmp_path]))
    assert len(text.encode()) < 1_000_000
    assert "in junit.xml" in text
    assert "The summary of `huge` is too long for here." in text


def test_nothing_in_the_summary_acts(tmp_path: Path) -> None:
    """Messages stand in code spans: no table, no HTML, no control character."""
    nasty = "`|\x1b[31m</details><script>\n# x\u202e"
    left(tmp_path, "dev", [outcome("test_chat", "failed", nasty)])
    left(tmp_path, "prod", [outcome("test_chat")])
    text = comparison.markdown(merge([tmp_path]))
    assert "\x1b" not in text and "\u202e" not in text
    rows = [line for line in text.splitlines() if "<script>" in line]
    assert len(rows) == 2
    assert all(row.count("`") % 2 == 0 for row in rows)
    assert rows[0].count("|") == 6


def test_a_summary_of_a_job_cannot_leave_its_place(tmp_path: Path) -> None:
    """It was read from an artifact: its HTML and fences are shown, its headings are headings."""
    nasty = "# dev\n</details><script>x</script>\n```\n~~~~\n<!-- `</details>`\n"
    left(tmp_path, "dev", [outcome("test_chat")], summary=nasty)
    left(tmp_path, "prod", [outcome("test_chat")])
    text = comparison.markdown(merge([tmp_path]))
    assert text.count("<details>") == text.count("</details>") == 2
    assert "\n# dev\n‹/details>‹script>x‹/script>\n'''\n''''\n‹!-- `‹/details>`\n" in text
    assert not any(mark in text for mark in ("<script", "<!--", "```", "~~~"))


def test_no_more_annotations_than_github_shows(run, monkeypatch) -> None:
    """The last one counts the rest; standard error has each."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    names = [f"t{number:02}" for number in range(30)]
    _, said, errors = run("--expect", ",".join(names))
    found = [line for line in said.splitlines() if line.startswith("::error ")]
    assert len(found) == 10
    assert found[0].startswith("::error title=results of t00::no results of it")
    assert found[-1].startswith("::error title=results of 21 more::21 more, as t09, t10, ")
    assert found[-1].endswith("; all of them are in junit.xml")
    assert len(errors.splitlines()) == 30


# -- where it is written --------------------------------------------------------------------------


def test_a_name_that_no_file_can_hold_is_escaped(run, tmp_path: Path) -> None:
    """As the command line hands over bytes that are no text, and a matrix any character."""
    code, _, errors = run("--expect", json.dumps(["dev", "a\udcff\x1bb"]))
    assert code == 1
    assert "ERROR: a\\udcff\\x1bb: no results of it" in errors
    problems = suites(tmp_path / "merged" / "junit.xml")["pytest-codex-live (merge)"]
    case = problems.find("testcase")
    assert case is not None
    assert case.get("name") == "results of a\\udcff\\x1bb"


def test_output_that_takes_ascii_only_gets_the_rest_escaped(run, monkeypatch) -> None:
    """As with PYTHONIOENCODING=ascii, or a C locale; annotations too."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    assert run("--expect", "dev,prod,café")[0] == 1
    assert b"::error title=results of caf\\xe9::" in written.getvalue()
    assert b"merged: " in written.getvalue()
