"""The lines that stand around the table at the end of a run, on a terminal and in a log."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from testing.plugin.project import PLAIN, ROOT, Project

from .screen import Screen, in_a_terminal

#: A run of which something is said in every kind of line.
RUN = (
    *("suites/smoke", "--domain=embedded", "--embedded-defect=everything_500_json_error"),
    *("--tb=no", "--no-header", "-rN"),
)


@pytest.mark.parametrize("columns", [80, 70])
def test_on_a_terminal_lines_are_broken_at_words(project: Project, columns: int):
    """Those before the checks, and those after."""
    code, written = in_a_terminal(project.path, *PLAIN, *RUN, columns=columns)
    assert code == pytest.ExitCode.TESTS_FAILED, written
    screen = Screen(columns)
    screen.feed(written)
    assert not screen.wrapped, screen.text
    said = " ".join(screen.text.split())
    assert "request 15 s, nonstream 60 s, stream 120 s, first-event 60 s, idle 30 s" in said
    assert "prod is broken: whatever is asked of localhost:" in said
    assert "not verified: because of " in said


def test_on_a_terminal_a_selection_is_broken_at_words():
    """However long its reasons are."""
    changed = "src/a-rather-long-name-of-a-file/stream.js\nserver.js\n"
    # Its path is shorter than the screen is wide.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder, "changed.txt").write_text(changed)
        Path(folder, "test_own.py").write_text("def test_own(): pass\n")
        chosen = ("-k", "own", "--changed-files=changed.txt", f"--rootdir={folder}")
        _, written = in_a_terminal(Path(folder), *PLAIN, *chosen, columns=80)
    screen = Screen(80)
    screen.feed(written)
    assert "rules.streaming.paths[0]" in screen.text
    assert not screen.wrapped, screen.text


def test_on_a_terminal_what_is_said_of_invariants_is_broken_at_words():
    """What is broken, what to do, and what was not judged."""
    stack = ROOT / "examples" / "stack" / "docker-compose.yml"
    text = stack.read_text()
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        broken = text.replace('traefik.enable: "true"', 'traefik.enable: "false"')
        assert broken != text
        Path(folder, "docker-compose.yml").write_text(broken)
        chosen = (str(ROOT / "tests"), f"--rootdir={folder}", "-c", "/dev/null")
        shown = ("--tb=no", "--no-header", "-q", "-rN", "-W", "ignore")
        _, written = in_a_terminal(
            Path(folder), *PLAIN, *chosen, "-m", "invariants", *shown, columns=80
        )
    screen = Screen(80)
    screen.feed(written)
    assert "  next: docker-compose.yml:" in screen.text
    assert "  not judged: " in screen.text
    assert not screen.wrapped, screen.text


def test_in_a_log_lines_stay_whole(project: Project):
    """So that they can be searched."""
    result = project.run(*RUN)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "target prod: https://* (the EMBEDDED endpoint, not a deployment) [[]--domain]",
            "  budgets: connect 10 s, *, idle 30 s",
            "  * not verified: because of *",
            "prod is broken: whatever is asked of *",
            "  next: *",
        ]
    )
