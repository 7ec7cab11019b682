"""The heartbeat of whole runs, in a terminal, in a plain log and under pytest-xdist."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest

import pytest_codex.progress
from pytest_codex.progress import Pace
from testing.plugin.project import PLAIN, Endpoint, Project, endpoint_with

from .screen import Screen, in_a_terminal

#: A check that waits for the call, and one that fails with output of its own.
CHECKS = """
    import sys

    def test_output(healthz):
        print("own words", file=sys.stderr)
        assert False

    def test_call(chat):
        print("more words", file=sys.stderr)
        assert chat.status == 0
"""
PENDING = r"chat: waiting \d+ s of 60 s"
SLOW = "chat_after=1.7"


@pytest.fixture
def slow(project: Project, monkeypatch):
    """An endpoint whose answer takes its time, and two checks of it."""
    project.pytester.makepyfile(test_mine=CHECKS)
    with endpoint_with(SLOW) as endpoint:
        for name, value in endpoint.variables.items():
            monkeypatch.setenv(name, value)
        yield endpoint


def run(project: Project, *arguments: str, **more) -> tuple[str, Screen]:
    """Run the checks in a terminal; return what was written, and the screen in the end."""
    code, written = in_a_terminal(project.path, *PLAIN, "test_mine.py", *arguments, **more)
    assert code == pytest.ExitCode.TESTS_FAILED, written
    screen = Screen(more.get("columns", 80), 24)
    screen.feed(written)
    return written, screen


def stable(text: str) -> str:
    """What does not differ from run to run."""
    text = re.sub(r"\d+\.\d+ ?s", "TIME", text)
    return re.sub(r"[ =]+(?=\n|$)|=+ ", "", text)


@pytest.mark.parametrize("columns", [80, 40])
def test_a_terminal_shows_it_in_place_and_keeps_nothing_of_it(
    project: Project, slow: Endpoint, columns: int
):
    """The screen in the end is that of a run that was told not to show anything."""
    written, screen = run(project, "-rA", columns=columns)
    # Drawn anew while it waits; how often is up to the machine.
    assert len(re.findall(PENDING, written)) > 1
    assert "\x1b[36mchat: " in written
    assert not re.search(PENDING, screen.text)
    assert "own words" in screen.text
    for shown in re.findall(r"\x1b\[B\r(?:\x1b\[36m)?([^\x1b]*)", written):
        assert len(shown) < columns
    silent, other = run(project, "-rA", "--no-progress", columns=columns)
    assert not re.search(PENDING, silent)
    assert stable(screen.text) == stable(other.text)


def test_without_colours_there_are_none(project: Project, slow: Endpoint):
    """``NO_COLOR`` is heard."""
    written, screen = run(project, NO_COLOR="1")
    assert re.search(PENDING, written)
    assert "\x1b[3" not in written
    assert not re.search(PENDING, screen.text)


def test_the_controller_shows_what_a_worker_waits_for(project: Project, slow: Endpoint):
    """With nothing left on the screen or in the results."""
    written, screen = run(project, "-n", "2", "--target=prod")
    assert re.search(PENDING, written)
    assert not re.search(PENDING, screen.text)
    assert "own words" in screen.text
    assert not list((project.results / "exchanges").glob(".*"))


def test_the_controller_shows_what_no_check_has_been_reported_for(
    project: Project, slow: Endpoint, monkeypatch
):
    """The very first call, in a run that has none of our options; no file of ours is left."""
    temporary = project.pytester.mkdir("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setattr(pytest_codex.progress, "IN_A_LOG", Pace(0.2, 0.5))
    result = project.run("test_mine.py::test_call", "-n1")
    result.assert_outcomes(failed=1)
    assert re.search(PENDING, result.stderr.str())
    assert not list(temporary.glob("codex-live-*"))
    assert not list((project.results / "exchanges").glob(".*"))


def test_live_logs_and_a_dumb_terminal_get_no_line_in_place(project: Project, slow: Endpoint):
    """Records may come at any time, and a dumb terminal cannot erase."""
    assert "\x1b7" not in run(project, "-o", "log_cli=true")[0]
    assert "\x1b" not in run(project, TERM="dumb")[0]


def test_a_plain_log_has_a_line_after_ten_seconds(project: Project, slow: Endpoint, monkeypatch):
    """On standard error, on a line of its own, and in nothing that was captured."""
    with endpoint_with("chat_after=14") as endpoint:
        for name, value in endpoint.variables.items():
            monkeypatch.setenv(name, value)
        process = project.start("test_mine.py", "-rA")
        output, _ = process.communicate(timeout=60)
    assert process.returncode == pytest.ExitCode.TESTS_FAILED
    (shown,) = re.findall(rf"^{PENDING}.*$", output, re.MULTILINE)
    # On a busy machine the moment is a little later.
    assert re.fullmatch(r"chat: waiting 1\d s of 60 s \(nonstream-timeout\)", shown)
    assert "\x1b" not in output
    assert output.index("chat: waiting") < output.index("FAILURES")


@pytest.mark.parametrize("how", ["--capture=fd", "--capture=sys", "-s", "-n2"])
def test_it_is_in_nothing_that_was_captured(
    project: Project, slow: Endpoint, monkeypatch, how: str
):
    """However pytest captures, and from the controller too; JUnit is clean."""
    monkeypatch.setattr(pytest_codex.progress, "IN_A_LOG", Pace(0.2, 0.5))
    result = project.run("test_mine.py", how, "--junitxml=junit.xml", "-o", "junit_logging=all")
    assert re.search(PENDING, result.stderr.str())
    assert not re.search(PENDING, result.stdout.str())
    assert not re.search(PENDING, Path(project.path / "junit.xml").read_text())


def test_a_call_that_is_pending_at_the_end_of_a_run_is_shown(project: Project, slow, monkeypatch):
    """Recording is waited for when the last test is over, with what it was planned for."""
    monkeypatch.setattr(pytest_codex.progress, "IN_A_LOG", Pace(0.2, 0.5))
    project.pytester.makepyfile(
        test_mine="""
        import pytest

        @pytest.fixture
        def nobody():
            pytest.skip("not today")

        def test_call(nobody, chat):
            pass
        """
    )
    result = project.run("test_mine.py")
    assert re.search(PENDING, result.stderr.str())
    result.assert_outcomes(skipped=1)


def test_it_is_off_on_demand(project: Project, slow: Endpoint, monkeypatch):
    """With either name of the flag, and in no process of the run."""
    monkeypatch.setattr(pytest_codex.progress, "IN_A_LOG", Pace(0.2, 0.5))
    for flag in ("--no-progress", "--no-codex-progress"):
        assert project.run("test_mine.py", flag).stderr.str() == ""
