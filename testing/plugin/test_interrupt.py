"""Ctrl-C while the endpoint keeps everybody waiting."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from pytest_codex.exchange.exchange import FailureKind
from pytest_codex.exchange.store import load
from pytest_codex.probes.recorder import Recorder

from .project import GUARD, Endpoint, Project, endpoint_with

EMBEDDED = ("-m", "smoke", "--domain=embedded", "--embedded-defect=chat_never_answers")


def wait_for(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Wait until something is so; what was waited for fails the test if it never is."""
    end = time.monotonic() + GUARD
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def endpoints_of(process: subprocess.Popen[str]) -> list[int]:
    """The processes of embedded endpoints that this process has started, or one of its own."""
    children: dict[int, list[int]] = {}
    commands: dict[int, bytes] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                commands[int(entry.name)] = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, todo = [], [process.pid]
    while todo:
        for child in children.get(todo.pop(), []):
            todo.append(child)
            if b"pytest_codex.endpoint" in commands[child]:
                found.append(child)
    return found


def interrupt(project: Project, *arguments: str) -> tuple[int, str]:
    """Run until a check waits for the stalling exchange, interrupt, and see what is left."""
    process = project.start("suites", *EMBEDDED, *arguments)
    try:
        exchanges = project.results / "exchanges"
        wait_for(lambda: (exchanges / "models.ndjson").is_file(), process)
        time.sleep(0.5)  # let the checks get to where they wait
        endpoints = endpoints_of(process)
        assert endpoints
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=GUARD / 2)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert not [pid for pid in endpoints if Path(f"/proc/{pid}/stat").exists()]
    return process.returncode, output


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="it looks for processes in /proc")
@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_an_interrupted_run_ends_at_once_and_leaves_its_results(project: Project, workers):
    """Far before the 60 s that the call may take; the endpoint's process is gone."""
    code, output = interrupt(project, *workers)
    assert code == pytest.ExitCode.INTERRUPTED, output
    assert "KeyboardInterrupt" in output
    assert "INTERNALERROR" not in output
    assert f"results: {project.results.relative_to(project.path)}" in output
    root = ET.parse(project.results / "junit.xml").getroot()
    assert root.find("testsuite") is not None
    assert (project.results / "summary.md").read_text().startswith("# prod: ")
    healthz = load(project.results / "exchanges" / "healthz.ndjson")
    assert healthz is not None
    assert healthz.status == 200


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="it looks for processes in /proc")
@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_what_an_interrupt_prevented_is_not_said_to_have_passed(project: Project, workers):
    """The exchange is cancelled, and each check that did not end is skipped for that.

    It is no fault of the application.
    """
    _, output = interrupt(project, "-k", "chat_answers or chat_usage", *workers)
    chat = load(project.results / "exchanges" / "chat.ndjson")
    assert chat is not None
    assert chat.failure is not None
    assert chat.failure.kind is FailureKind.CANCELLED
    cases = list(ET.parse(project.results / "junit.xml").getroot().iter("testcase"))
    assert len(cases) >= 3
    for case in cases:
        skipped = case.find("skipped")
        assert skipped is not None
        assert skipped.get("message") == "the run ended before this check did"
    summary = (project.results / "summary.md").read_text()
    for said in (output, summary):
        assert f"interrupted: {len(cases)} checks did not run" in said
        assert "the application's log" not in said
    assert "## Diagnosis" not in summary
    assert not list((project.results / "exchanges").glob(".*"))


# -- more than once, or late ----------------------------------------------------------------------

#: The call is under way when it is interrupted, as by Ctrl-C; it would end with its budget.
INTERRUPTED = """
    def test_first(healthz): raise KeyboardInterrupt
    def test_second(chat): pass
"""
#: Nobody waits for the call, but the end of the run.
LEFT_ALONE = """
    import pytest

    @pytest.fixture
    def nobody():
        pytest.skip("not today")

    def test_call(nobody, chat): pass
"""
BUDGET = ("--nonstream-timeout=5", "--idle-timeout=5")


@pytest.fixture
def stalling(project: Project, monkeypatch):
    """An endpoint that never answers the call."""
    with endpoint_with("chat_never_answers") as endpoint:
        for name, value in endpoint.variables.items():
            monkeypatch.setenv(name, value)
        yield endpoint


def assert_called_off(project: Project) -> None:
    """The call was not waited for, and what was verified is reported."""
    chat = load(project.results / "exchanges" / "chat.ndjson")
    assert chat is not None
    assert chat.failure is not None
    assert chat.failure.kind in (FailureKind.CANCELLED, FailureKind.CALLED_OFF)
    ET.parse(project.results / "junit.xml")
    assert (project.results / "summary.md").is_file()


@pytest.mark.parametrize("order", ["tryfirst", "trylast"])
def test_a_second_interrupt_while_pytest_tells_of_the_first_waits_for_nothing(
    project: Project, stalling: Endpoint, order: str
):
    """Whether it comes before we have heard of the first or after.

    pytest then ends the run as a good one, whose last calls would be waited for.
    """
    project.pytester.makeconftest(
        f"""
        import pytest

        @pytest.hookimpl({order}=True)
        def pytest_keyboard_interrupt():
            raise KeyboardInterrupt
        """
    )
    project.pytester.makepyfile(test_mine=INTERRUPTED)
    with pytest.raises(KeyboardInterrupt):
        project.run("test_mine.py", *BUDGET)
    assert_called_off(project)


def test_a_second_interrupt_while_others_report_leaves_our_reports(
    project: Project, stalling: Endpoint
):
    """They are written whatever became of those of other plugins."""
    project.pytester.makeconftest("def pytest_sessionfinish(): raise KeyboardInterrupt")
    project.pytester.makepyfile(test_mine=INTERRUPTED)
    with pytest.raises(KeyboardInterrupt):
        project.run("test_mine.py", *BUDGET)
    assert_called_off(project)


def test_an_interrupt_while_the_end_of_a_run_waits_ends_it_in_order(
    project: Project, stalling: Endpoint, monkeypatch
):
    """Nothing but calls was waited for: they are called off, and the exit code says so."""
    close = Recorder.close

    def interrupted(self: Recorder, *, interrupted: bool = True) -> None:
        if not interrupted:
            raise KeyboardInterrupt
        close(self, interrupted=interrupted)

    monkeypatch.setattr(Recorder, "close", interrupted)
    project.pytester.makepyfile(test_mine=LEFT_ALONE)
    result = project.run("test_mine.py", *BUDGET)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.assert_outcomes(skipped=1)
    assert_called_off(project)


@pytest.mark.parametrize("suite", ["invariants", "smoke"])
def test_an_interrupt_while_tests_are_collected_sends_nothing(project: Project, suite):
    """What -m leaves of them is not known by then, and the user has had enough."""
    project.write(test_interrupted__py="raise KeyboardInterrupt\n")
    chosen = ("suites", "test_interrupted.py", "-m", suite)
    result = project.process(*chosen, "--domain=embedded")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "requests" not in result.stdout.str()
    assert not project.results.exists()
    assert project.process(*chosen).ret == pytest.ExitCode.INTERRUPTED
