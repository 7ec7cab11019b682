"""What a run says to GitHub: annotations, and the summary of the step."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_codex.report.annotations import check_commands
from pytest_codex.report.markdown import bounded
from pytest_codex.report.outcomes import Outcome
from pytest_codex.report.step_summary import LIMIT, append
from testing.plugin.project import PLAIN, ROOT

REPOSITORY = Path("/repository")


def outcome(
    name: str, kind: str = "failed", message: str = "it is broken", target: str = "dev", **more: str
) -> Outcome:
    file = more.get("file", "tests/test_a.py")
    detail = more.get("detail", message)
    phase = more.get("phase", "")
    return Outcome(f"{file}::{name}", target, kind, 0.1, file, 7, message, detail, phase)


def commands(*outcomes: Outcome) -> list[str]:
    return list(check_commands(outcomes, REPOSITORY, REPOSITORY))


def test_a_failed_check_has_file_line_and_what_it_says() -> None:
    found = commands(outcome("test_a", detail="expected 200\n  observed  502\n  next  the log"))
    assert found == [
        "::error file=tests/test_a.py,line=7,title=dev%3A test_a::"
        "expected 200%0A  observed  502%0A  next  the log"
    ]


def test_of_a_traceback_only_the_error_is_shown() -> None:
    detail = (
        "def test_a():\n>   assert x\nE   AssertionError: expected 200\nE     observed 502\n\nx"
    )
    (found,) = commands(outcome("test_a", detail=detail))
    assert found.endswith("::AssertionError: expected 200%0Aobserved 502")


def test_a_check_that_several_exchanges_break_is_one_cause() -> None:
    """Though each breaks it in its own way; and what several checks say is one, too."""
    said = "expected [DONE] once; observed 2 times in {} events"
    found = commands(
        outcome("test_done[chat]", "failed", said.format(14)),
        outcome("test_done[chat_long]", "failed", said.format(305)),
        outcome("test_other", "failed", said.format(14)),
        outcome("test_other[x]", "failed", "expected [DONE] once; observed none"),
        outcome("test_order", "failed", "expected one; observed 2"),
    )
    assert len(found) == 3
    assert "2 more for the same: test_other, test_done[chat_long]" in found[0]


def test_a_cause_is_annotated_once() -> None:
    """Checks that say the same, and those that are skipped because of it, are counted."""
    outcomes = [
        outcome("test_a"),
        outcome("test_b"),
        outcome("test_c", "skipped", "because of tests/test_a.py::test_a: it is broken"),
        outcome("test_d", "skipped", "no such path"),
        outcome("test_e", "passed", ""),
    ]
    (found,) = commands(*outcomes)
    _, same, waiting = found.split("%0A")
    assert (same, waiting) == ("1 more for the same: test_b", "1 not verified because of it")


def test_each_target_has_causes_of_its_own() -> None:
    assert len(commands(outcome("test_a"), outcome("test_a", target="prod"))) == 2


def test_a_setup_error_is_annotated_too() -> None:
    """And one of the teardown, each called what it is."""
    for phase in ("setup", "teardown"):
        error = outcome("test_a", "error", detail="E   RuntimeError: no fixture", phase=phase)
        (found,) = commands(error)
        assert f"title=dev%3A test_a ({phase})::RuntimeError: no fixture" in found


def test_installed_suites_have_no_file() -> None:
    """They are not in the repository, where GitHub would look for the line."""
    (found,) = commands(outcome("test_a", file="../venv/pytest_codex/suites/test_a.py"))
    assert found.startswith("::error title=dev%3A test_a::")


def test_whatever_is_in_it_it_stays_one_line_and_one_command() -> None:
    """Escaped as the runner unescapes it; bounded."""
    nasty = "50% \r\n::error::x\x1b[2J" + "y" * 5_000
    (found,) = commands(outcome("test_a[x,y:z%0A]", message=nasty, detail=nasty))
    assert "\n" not in found and "\r" not in found and "\x1b" not in found
    assert "title=dev%3A test_a[x%2Cy%3Az%250A]::50%25" in found
    assert len(found) < 2_000


def test_no_more_than_github_shows() -> None:
    found = commands(*(outcome(f"test_{n}", message=f"cause {n}") for n in range(30)))
    assert len(found) == 10
    assert "title=21 more causes::21 more, as dev: test_9," in found[-1]


def test_passed_checks_are_not_annotated() -> None:
    assert not commands(outcome("test_a", "passed"), outcome("test_b", "skipped"))


# -- the summary of the step ----------------------------------------------------------------------


def test_summaries_are_appended(tmp_path: Path) -> None:
    """Others of the same step have theirs in the same file."""
    file = tmp_path / "summary"
    file.write_text("theirs\n")
    assert not append("# ours\n", {"GITHUB_STEP_SUMMARY": str(file)})
    assert file.read_text() == "theirs\n# ours\n\n"


@pytest.mark.parametrize("environ", [{}, {"GITHUB_STEP_SUMMARY": ""}])
def test_elsewhere_nothing_is_written(tmp_path: Path, monkeypatch, environ) -> None:
    monkeypatch.chdir(tmp_path)
    assert not append("# ours\n", environ)
    assert not list(tmp_path.iterdir())


def test_a_step_never_has_more_than_github_takes(tmp_path: Path) -> None:
    """All of its parts together; what does not fit is said."""
    file = tmp_path / "summary"
    environ = {"GITHUB_STEP_SUMMARY": str(file)}
    text = "<details>\n\n```\n" + "é line\n" * 100_000
    assert not append(text, environ)
    assert file.stat().st_size <= LIMIT
    assert "Cut here" not in file.read_text()
    assert not append(text, environ)
    assert file.stat().st_size <= LIMIT < 1024 * 1024
    tail = file.read_text()[-400:]
    assert "```\n\n</details>\n" in tail and "Cut here: " in tail
    assert "the step's summary is full" in append(text, environ)


def test_what_fits_is_left_as_it_is() -> None:
    assert bounded("é\n", 3) == "é\n"
    assert len(bounded("é\n" * 1_000, 500).encode()) <= 500


@pytest.mark.parametrize("place", ["missing/summary", ""])
def test_a_summary_that_cannot_be_written_is_a_warning(tmp_path: Path, place: str) -> None:
    """No folder, or a folder instead of a file: it names the path, and what to do."""
    path = tmp_path / place
    warning = append("# ours\n", {"GITHUB_STEP_SUMMARY": str(path)})
    assert warning.startswith(f"the step's summary {path} cannot be written: ")
    assert "; next: set GITHUB_STEP_SUMMARY " in warning


# -- in a run -------------------------------------------------------------------------------------


@pytest.fixture
def glance(pytester: pytest.Pytester, monkeypatch):
    """Verify a few things of an endpoint that answers chat with 500, in a process of its own."""
    pytester.makeini("[pytest]")
    (pytester.path / "suites").symlink_to(ROOT / "tests")

    def verify(*arguments: str, **environ: str) -> pytest.RunResult:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        return pytester.runpytest_inprocess(
            *PLAIN,
            "suites/smoke/test_chat.py",
            "--domain=embedded",
            "--embedded-defect=chat_500_json_error",
            *arguments,
        )

    return verify


def test_on_github_a_run_annotates_its_cause_and_appends_its_summary(
    glance, pytester: pytest.Pytester
) -> None:
    summary = pytester.path / "step.md"
    result = glance(
        GITHUB_ACTIONS="true",
        GITHUB_WORKSPACE=str(pytester.path),
        GITHUB_STEP_SUMMARY=str(summary),
    )
    assert result.ret == 1
    (line,) = [line for line in result.outlines if line.startswith("::")]
    assert line.startswith("::error file=suites/smoke/test_chat.py,line=")
    assert "expected 200 application/json, was answered 500" in line
    assert line.endswith("not verified because of it")
    assert summary.read_text().startswith("# prod: ")
    assert "## Diagnosis" in summary.read_text()


def test_elsewhere_a_run_says_nothing_of_the_kind(glance) -> None:
    """And where the summary cannot be written, it warns and ends as it would have."""
    result = glance(GITHUB_STEP_SUMMARY="/nowhere/at/all")
    assert result.ret == 1
    assert not [line for line in result.outlines if line.startswith("::")]
    warning = "the step's summary /nowhere/at/all cannot be written: No such file or directory; *"
    result.stdout.fnmatch_lines([warning])
    result = glance("-p", "no:terminal")
    assert result.ret == 1
    result.stderr.fnmatch_lines([warning])
    result.stderr.no_fnmatch_line("*Traceback*")
