"""What the controller of pytest-xdist knows of a run, though it collects nothing."""

from __future__ import annotations

import tempfile
from xml.etree import ElementTree as ET

import pytest

import pytest_codex.hooks
from pytest_codex.errors import ConfigurationError

from .project import ROOT, Endpoint, Project, counted, refusal

STACK = ROOT / "examples" / "stack" / "docker-compose.yml"

DYING = """
import os
import pytest

@pytest.fixture
def dying():
    os._exit(1)

def test_a_worker_dies(healthz, dying): pass
def test_another(healthz): assert healthz.status == 200
"""


@pytest.mark.parametrize("how", [(), ("--target=prod",)])
def test_the_check_that_a_worker_dies_in_has_failed(project: Project, deployed: Endpoint, how):
    """Though nothing of it was ever reported: in JUnit, in the summary and in the table."""
    project.write(test_dying__py=DYING)
    result = project.run("test_dying.py", "-n1", "--max-worker-restart=1", *how)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    cases = ET.parse(project.results / "junit.xml").getroot().iter("testcase")
    failures = {case.get("name"): case.find("failure") for case in cases}
    assert failures.keys() == {"test_a_worker_dies", "test_another"}
    failure = failures["test_a_worker_dies"]
    assert failure is not None
    said = failure.get("message", "")
    assert said.startswith("worker 'gw0' crashed while running")
    assert failures["test_another"] is None
    summary = (project.results / "summary.md").read_text()
    assert summary.startswith("# prod: 1 passed, 1 failed\n")
    assert said in summary
    assert counted(result.stdout.str())["failed"] == 1


DYING_CHECK = """
import os
import pytest

@pytest.fixture(autouse=True)
def dying(request):
    if "codex_home" in request.node.name:
        os._exit(1)
"""


@pytest.mark.parametrize("asked", ["invariants", "codex_home or credentials"])
def test_the_invariant_that_a_worker_dies_in_has_failed(project: Project, asked):
    """JUnit would be green otherwise; the other workers know which rule it enforces."""
    project.pytester.makeconftest(DYING_CHECK)
    chosen = ("-m", "invariants", *(("-k", asked) if " " in asked else ()))
    result = project.run("suites", *chosen, "-n2", f"--compose={STACK}")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    cases = ET.parse(project.path / "test-results/invariants/junit.xml").getroot().iter("testcase")
    failures = [case.get("name") for case in cases if case.find("failure") is not None]
    (failed,) = failures
    assert failed is not None
    assert "codex_home" in failed


def test_results_of_invariants_that_cannot_be_written_are_a_usage_error(project: Project):
    """Of the controller, too."""
    project.write(afile="somebody's")
    chosen = ("suites", "-m", "invariants", f"--compose={STACK}", "--results-dir=afile/x")
    for workers in ((), ("-n2",)):
        said = refusal(project.run(*chosen, *workers))
        assert "results folder " in said
        assert "cannot be written" in said


def test_what_the_controller_cannot_use_is_said_once(
    project: Project, deployed: Endpoint, monkeypatch
):
    """As a usage error, like what a worker cannot use; and no file is left among temporary ones."""

    def begin(*_: object) -> None:
        raise ConfigurationError("it cannot be used here")

    temporary = project.pytester.mkdir("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setattr(pytest_codex.hooks, "_begin", begin)
    project.write(test_own__py="def test_it(healthz): pass\n")
    assert refusal(project.run("test_own.py", "-n2")) == "it cannot be used here"
    assert not list(temporary.glob("codex-live-*"))
