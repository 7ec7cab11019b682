"""Each probe is sent once a run, by the endpoint's own count, however many tests or workers."""

from __future__ import annotations

import sys

import pytest

from pytest_codex.exchange.store import load

from .project import Endpoint, Project, counted, endpoint_with

BOTH = "smoke or sse"


def point_at(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, **changes: str) -> None:
    for name, value in {**endpoint.variables, **changes}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(("selection", "calls"), [("smoke", 2), (BOTH, 5)])
def test_the_calls_of_a_run(project: Project, deployed: Endpoint, selection, calls):
    """smoke costs two model calls, both suites five; the run's own figures are the endpoint's."""
    with deployed.counting() as made:
        result = project.verify("-m", selection)
    assert result.ret == 0
    assert made["model_calls"] == calls
    assert counted(result.stdout.str())["calls"] == calls
    result.stdout.fnmatch_lines([f"prod: https://*, {made['requests']} requests"])


@pytest.mark.parametrize(("selection", "calls", "workers"), [("smoke", 2, "3"), (BOTH, 5, "2")])
def test_the_calls_of_a_run_with_workers(
    project: Project, deployed: Endpoint, selection, calls, workers
):
    """Under pytest-xdist they are the same, and so is the report; no lock is left."""
    with deployed.counting() as made:
        result = project.verify("-m", selection, "-n", workers)
    assert result.ret == 0
    assert made["model_calls"] == calls
    result.stdout.fnmatch_lines([f"target prod: https://{deployed.domain} *"])
    assert counted(result.stdout.str())["calls"] == calls
    assert not list((project.results / "exchanges").glob(".*"))


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_failed_probe_is_not_repeated(project: Project, monkeypatch, workers):
    """A failed exchange is an exchange: it is judged by all, and sent once."""
    with endpoint_with("chat_500_json_error", "stream_cut") as endpoint:
        point_at(endpoint, monkeypatch)
        with endpoint.counting() as made:
            result = project.verify("-m", "smoke", *workers)
        by_path = endpoint.counts()["by_path"]
    assert result.ret == 1
    assert result.parseoutcomes()["failed"] == 2
    # Two paid ones, sixteen that must be refused and three wrong ones.
    assert by_path["/v1/chat/completions"] == 22
    assert made["requests"] == 29


def test_the_interpreter_is_left_as_it_was(project: Project, deployed: Endpoint):
    """While exchanges are recorded threads take turns more often; of several targets too."""
    project.write(
        pytest_codex__toml=f'[targets.dev]\ndomain = "{deployed.domain}"\nmodel = "codex-5"\n',
        test_own__py="import sys\ndef test_it(healthz): assert sys.getswitchinterval() < 0.001\n",
    )
    before = sys.getswitchinterval()
    result = project.run("test_own.py", "--target=prod", "--target=dev")
    result.assert_outcomes(passed=2)
    assert sys.getswitchinterval() == before


def test_a_refused_key_costs_nothing(project: Project, deployed: Endpoint, monkeypatch):
    """The free probes come first; when the key is refused no model call is made."""
    monkeypatch.setenv("KEY", "sk-which-nobody-knows")
    with deployed.counting() as made:
        result = project.verify("-m", BOTH)
    assert result.ret == 1
    assert made["model_calls"] == 0
    assert counted(result.stdout.str())["calls"] == 0
    result.stdout.fnmatch_lines(["prod is broken: the key was refused with 401*", "  next: *"])


@pytest.mark.parametrize(
    ("check", "calls", "probes"),
    [
        ("test_healthz_is_ok", 0, {"healthz"}),
        ("test_chat_usage_adds_up", 1, {"chat", "chat_without_messages", "models"}),
    ],
)
def test_one_check_sends_only_what_it_needs(
    project: Project, deployed: Endpoint, check, calls, probes
):
    """Its probe, and for one that costs, the free ones that tell whether it makes sense."""
    with deployed.counting() as made:
        result = project.verify("-k", check)
    result.assert_outcomes(passed=1)
    assert made == {"model_calls": calls, "requests": len(probes)}
    assert {path.stem for path in (project.results / "exchanges").iterdir()} == probes


def test_a_deselected_check_sends_nothing(project: Project, deployed: Endpoint):
    """Plans are made of what is left to run."""
    with deployed.counting() as made:
        result = project.verify(
            "-k", "test_healthz_is_ok or chat_usage", "--deselect=suites/smoke/test_chat.py"
        )
    result.assert_outcomes(passed=1)
    assert made["model_calls"] == 0


def test_a_probe_that_hangs_ends_with_its_budget(project: Project, monkeypatch):
    """What depends on it fails for that, with the limit's name; the others are not held up."""
    with endpoint_with("chat_never_answers") as endpoint:
        point_at(endpoint, monkeypatch)
        result = project.verify("-m", "smoke", "--nonstream-timeout=0.5", "--idle-timeout=0.4")
    assert result.ret == 1
    outcomes = result.parseoutcomes()
    assert outcomes["failed"] == 1
    assert outcomes["passed"] > 35
    exchange = load(project.results / "exchanges" / "chat.ndjson")
    assert exchange is not None
    assert exchange.failure is not None
    assert "0.5 s" in exchange.failure.message
    result.stdout.fnmatch_lines(["*nonstream*0.5 s*"])


DYING = """
import os
from pathlib import Path

def test_a_worker_dies(chat, domain):
    # The one that records holds the run's lock, and the first to get here is gone.
    Path("died").touch(exist_ok=False)
    os._exit(1)

def test_b_another(chat): assert chat.status == 200
def test_c_another(chat_stream): assert chat_stream.status == 200
def test_d_another(healthz): assert healthz.status == 200
"""


def test_when_the_recording_worker_dies_another_takes_over(project: Project, monkeypatch):
    """The lock is free as soon as the process is gone; what is missing is recorded again."""
    project.write(test_dying__py=DYING)
    with endpoint_with("chat_after=1", "stream_after=1") as endpoint:
        point_at(endpoint, monkeypatch)
        result = project.run("test_dying.py", "-n", "2", "--max-worker-restart=1")
    assert result.ret == 1
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*worker 'gw?' crashed while running*test_a_worker_dies*"])
    counts = counted(result.stdout.str())
    assert (counts["passed"], counts["failed"]) == (3, 1)
