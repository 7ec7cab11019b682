"""What a run leaves: JUnit, the exchanges, a summary; and what it leaves alone."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from pytest_codex.exchange.store import load
from pytest_codex.probes.catalogue import CATALOGUE
from tests.smoke.test_chat import test_chat_usage_adds_up as check_usage

from .project import Endpoint, Project, counted, endpoint_with, ndjson

PROPERTIES = {
    "target",
    "url",
    "embedded",
    "key",
    "model_calls",
    "requests",
    "first_event_seconds",
    "longest_gap_seconds",
    "certificate_days",
    "advice",
    "wall_seconds",
}


def properties(file: Path) -> dict[str, str | None]:
    """The properties of a report's suite, which may be one of several."""
    found = ET.parse(file).getroot().findall("testsuite/properties/property")
    return {str(entry.get("name")): entry.get("value") for entry in found}


def cases(file: Path) -> list[ET.Element]:
    return list(ET.parse(file).getroot().iter("testcase"))


def test_a_run_leaves_junit_with_places_and_figures(project: Project, deployed: Endpoint):
    """Each check with its file and line, which CI services link to; each run with its figures."""
    result = project.verify("-m", "smoke")
    passed, skipped = (result.parseoutcomes()[kind] for kind in ("passed", "skipped"))
    report = project.results / "junit.xml"
    suite = ET.parse(report).getroot().find("testsuite")
    assert suite is not None
    assert suite.get("name") == "pytest-codex-live prod"
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == [
        str(passed + skipped),
        "0",
        "0",
        str(skipped),
    ]
    for case in cases(report):
        file = project.path / str(case.get("file"))
        function = str(case.get("name")).partition("[")[0]
        # A function's line is that of its first decorator.
        following = file.read_text().splitlines()[int(str(case.get("line"))) - 1 :][:3]
        assert any(line.startswith(f"def {function}(") for line in following), function
    found = properties(report)
    assert set(found) == PROPERTIES
    assert found["target"] == "prod"
    assert found["url"] == deployed.running.url
    assert found["embedded"] == "false"
    assert found["key"] == "environment KEY"
    assert found["model_calls"] == "2"
    assert float(found["first_event_seconds"] or "") > 0


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_given_junitxml_wins_and_has_the_figures(project: Project, deployed: Endpoint, workers):
    """pytest's own report gets the properties, and there is no second one."""
    result = project.glance("--junitxml=out/report.xml", *workers)
    assert result.ret == 0
    report = project.path / "out" / "report.xml"
    assert set(properties(report)) == PROPERTIES
    assert properties(report)["model_calls"] == "1"
    assert len(cases(report)) == sum(result.parseoutcomes()[kind] for kind in ("passed", "skipped"))
    assert not (project.results / "junit.xml").exists()
    assert (project.results / "summary.md").is_file()


def test_a_failure_is_in_the_report_with_its_evidence(project: Project, monkeypatch):
    """The first line is the message, the text has everything that the terminal has."""
    with endpoint_with("chat_usage_total_wrong") as endpoint:
        for name, value in endpoint.variables.items():
            monkeypatch.setenv(name, value)
        result = project.verify("-k", "test_chat_usage_adds_up or test_chat_holds_no_error")
    result.assert_outcomes(passed=1, failed=1)
    failure = next(ET.parse(project.results / "junit.xml").getroot().iter("failure"))
    assert failure.get("message")
    for part in ("observed", "request", "curl", "evidence", "exchange chat of prod"):
        assert part in (failure.text or "")
    summary = (project.results / "summary.md").read_text()
    assert summary.startswith("# prod: 1 passed, 1 failed\n")
    assert "## Failed\n\n- `suites/smoke/test_chat.py::test_chat_usage_adds_up`: `" in summary


def test_a_failure_s_line_has_what_was_observed(project: Project):
    """And not the line of the check's source that makes it."""
    defect = "--embedded-defect=models_of_the_other_environment"
    result = project.verify("-k", "test_models", "--domain=embedded", defect)
    result.assert_outcomes(passed=4, skipped=1, failed=1)
    failure = next(ET.parse(project.results / "junit.xml").getroot().iter("failure"))
    assert "; observed the wrong environment is deployed: models of " in failure.get("message", "")


def test_what_a_run_that_was_killed_has_left_is_taken_away(project: Project, deployed: Endpoint):
    """Its processes told each other by these files; CI would keep them for ever."""
    exchanges = project.results / "exchanges"
    exchanges.mkdir(parents=True)
    names = (".recording-abc.lock", ".progress-abc.json", ".selected-abc.json", ".somebody-s")
    for name in names:
        (exchanges / name).touch()
    assert project.glance().ret == 0
    assert [path.name for path in exchanges.glob(".*")] == [".somebody-s"]


@pytest.mark.parametrize("workers", [(), ("-n1",)])
def test_the_line_of_an_error_that_pytest_does_not_tell_is_its_own(
    project: Project, deployed: Endpoint, workers
):
    """Whichever worker it was: the place of an error is told apart from the next one's by it."""
    project.write(
        test_own__py="import pytest\n@pytest.fixture\ndef broken():\n"
        "    pytest.fail('no database', pytrace=False)\n"
        "def test_own(healthz, broken): pass\n"
    )
    assert project.run("test_own.py", "--target=prod", *workers).ret == 1
    error = next(ET.parse(project.results / "junit.xml").getroot().iter("error"))
    assert error.get("message") == "no database"
    assert (error.text or "").strip() == "no database"


def test_a_summary_says_what_was_verified_and_what_was_not(project: Project, deployed: Endpoint):
    """Target, address, sources, figures, skipped checks with their reasons, every exchange."""
    project.verify("-m", "smoke")
    summary = (project.results / "summary.md").read_text()
    for part in (
        f"target prod: {deployed.running.url} [environment DOMAIN]",
        "key: from environment KEY; model: codex-5 [default]",
        "Model calls 2, requests ",
        "## Not verified",
        "target prod declares no readiness check (ready_path)",
        "## Exchanges",
        "| chat | `200 application/json` | ",
        "| chat_stream | `200 text/event-stream` | ",
    ):
        assert part in summary
    assert deployed.running.key not in summary


def test_an_embedded_endpoint_is_never_taken_for_a_deployment(project: Project):
    """Terminal, JUnit and summary say so."""
    result = project.verify("-k", "test_healthz_is_ok", "--domain=embedded")
    result.stdout.fnmatch_lines(
        [
            "target prod: *(the EMBEDDED endpoint, not a deployment)*",
            "prod: * (EMBEDDED), 1 request",
        ]
    )
    assert properties(project.results / "junit.xml")["embedded"] == "true"
    assert "EMBEDDED endpoint, not a deployment" in (project.results / "summary.md").read_text()


def test_exchanges_are_kept_as_they_were_judged(project: Project, deployed: Endpoint):
    """They load again, line by line or as values, and the same check says the same of them."""
    project.verify("-m", "smoke")
    folder = project.results / "exchanges"
    for path in folder.iterdir():
        exchange = load(path)
        assert exchange is not None
        assert (exchange.probe, exchange.target) == (path.stem, "prod")
        assert path.stem in CATALOGUE
        head, *reads = ndjson(path)
        assert len(reads) == len(exchange.reads)
        assert head["format"] == 1
    chat = load(folder / "chat.ndjson")
    assert chat is not None
    assert chat.json_object()["object"] == "chat.completion"
    check_usage(chat, _target_with_usage())
    stream = load(folder / "chat_stream.ndjson")
    assert stream is not None
    assert stream.transcript().done
    assert stream.reads[-1].end == len(stream.body)


class _target_with_usage:  # noqa: N801 - stands in for a target
    class policy:  # noqa: N801
        usage = "required"


def test_a_run_replaces_what_earlier_ones_wrote_and_nothing_else(
    project: Project, deployed: Endpoint
):
    """Exchanges of an earlier, larger run are gone; what others put there stays."""
    project.verify("-m", "smoke")
    foreign = [
        project.results / "notes.txt",
        project.results / "exchanges" / "notes.ndjson",
        project.path / "test-results" / "unit.xml",
        project.path / "test-results" / "staging" / "junit.xml",
    ]
    for path in foreign:
        path.parent.mkdir(exist_ok=True)
        path.write_text("somebody's")
    project.verify("-k", "test_healthz_is_ok")
    assert [path.read_text() for path in foreign] == ["somebody's"] * 4
    assert {path.stem for path in (project.results / "exchanges").iterdir()} == {"healthz", "notes"}
    assert len(cases(project.results / "junit.xml")) == 1
    assert (project.results / "summary.md").read_text().startswith("# prod: 1 passed\n")


def test_a_report_of_an_earlier_run_does_not_outlive_one_with_another_name(
    project: Project, deployed: Endpoint
):
    """With --junitxml there is no report of ours, so an old one would be taken for this run's."""
    project.verify("-k", "test_healthz_is_ok")
    project.verify("-k", "test_healthz_is_ok", "--junitxml=report.xml")
    assert not (project.results / "junit.xml").exists()


def test_several_targets_have_a_folder_each(project: Project, deployed: Endpoint):
    """And their figures have their names in a report that they share."""
    project.write(
        pytest_codex__toml=f'[targets.dev]\ndomain = "{deployed.domain}"\nmodel = "codex-5"\n'
    )
    both = ("--target=prod", "--target=dev", "-k", "test_healthz_is_ok")
    project.verify(*both)
    for name in ("prod", "dev"):
        folder = project.path / "test-results" / name
        assert properties(folder / "junit.xml")["target"] == name
        assert len(cases(folder / "junit.xml")) == 1
        assert (folder / "summary.md").read_text().startswith(f"# {name}: 1 passed\n")
        exchange = load(folder / "exchanges" / "healthz.ndjson")
        assert exchange is not None
        assert exchange.target == name
    project.verify(*both, "--junitxml=report.xml")
    found = properties(project.path / "report.xml")
    assert (found["prod.target"], found["dev.target"]) == ("prod", "dev")


def test_a_mixed_run_reports_the_live_checks_only(project: Project, deployed: Endpoint):
    """What else the user tests is in pytest's own report, and not in that of the endpoint."""
    project.write(test_own__py="def test_of_the_user(): assert False\n")
    result = project.run("suites", "test_own.py", "-k", "test_healthz_is_ok or of_the_user")
    result.assert_outcomes(passed=1, failed=1)
    counts = counted(result.stdout.str())
    assert (counts["passed"], counts["failed"]) == (1, 0)
    assert len(cases(project.results / "junit.xml")) == 1
