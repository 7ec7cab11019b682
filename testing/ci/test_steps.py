"""The steps of the workflow, the action and GitLab's jobs, run as a runner would, against the
embedded endpoint."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from .runner import ROOT, Ran, Runner, load

WORKFLOW = load(ROOT / ".github" / "workflows" / "verify.yml")
# YAML 1.1 reads `on` as true.
CALL: dict[str, Any] = WORKFLOW.get("on", WORKFLOW.get(True))["workflow_call"]
ACTION = load(ROOT / "action.yml")
#: Enough to see that it is the endpoint that answers, and quick.
FEW = "-p no:cacheprovider -k 'healthz or models or refused'"
#: A repository that has other names for its tests, and options for all of them.
ANOTHER = """
[pytest]
addopts = -m unit
python_files = *_spec.py
python_functions = should_*
norecursedirs = smoke sse
"""


def contexts(
    matrix: object = None,
    outputs: object = None,
    *,
    keys: str = "OTHER_KEY=sk-of-another=target=\n# no key, X=1\n\n",
    planned: str = "success",
    verified: str = "success",
    **inputs: str,
) -> dict[str, Any]:
    """What the expressions of the workflow may ask for."""
    defaults = {name: entry.get("default", "") for name, entry in CALL["inputs"].items()}
    return {
        "inputs": {**defaults, **{k.replace("_", "-"): v for k, v in inputs.items()}},
        "matrix": matrix,
        "needs": {
            "plan": {"outputs": outputs, "result": planned},
            "verify": {"result": verified},
        },
        "vars": {"DOMAIN": "embedded", "DEV_DOMAIN": "embedded"},
        "secrets": {"KEYS": keys},
    }


def job(name: str) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = WORKFLOW["jobs"][name]["steps"]
    return steps


def plan(runner: Runner, **inputs: str) -> Ran:
    return runner.run(job("plan"), contexts(**inputs))


def entry(name: str, suite: str = "smoke") -> dict[str, str]:
    """Return the entry of a matrix for one suite on one target."""
    of_target = dict.fromkeys(("name", "target", "targets", "results"), name)
    return {**of_target, "suites": suite, "markers": suite}


def test_the_workflow_plans_verifies_and_merges(tmp_path: Path) -> None:
    """Each job's steps succeed for dev and prod; the last one puts them beside each other."""
    runner = Runner(tmp_path / "runner")
    planned = plan(runner, suites="smoke")
    assert planned.code == 0, planned.said
    matrix = json.loads(planned.outputs["matrix"])
    assert matrix == {"include": [entry("dev"), entry("prod")]}
    assert planned.outputs["empty"] == "false"

    for one in matrix["include"]:
        ran = runner.run(job("verify"), contexts(one, pytest_args=FEW))
        assert ran.code == 0, ran.said
        assert f"target {one['name']}: https://localhost" in ran.said
        assert "::add-mask::sk-of-another=target=" in ran.said
        # What the two actions for artifacts would do.
        results = runner.workspace / "codex-live-results"
        kept = runner.workspace / "codex-live-jobs" / f"codex-live.{one['name']}"
        shutil.move(results, kept)

    ran = runner.run(job("merge"), contexts(outputs=planned.outputs))
    assert ran.code == 0, ran.said
    suites = ET.parse(runner.workspace / "merged" / "junit.xml").getroot().findall("testsuite")
    assert [s.get("name") for s in suites] == ["pytest-codex-live dev", "pytest-codex-live prod"]
    assert all(int(s.get("tests", "0")) > 10 and s.get("failures") == "0" for s in suites)
    summary = runner.summary.read_text()
    assert "# dev: " in summary and "# prod: " in summary
    assert "# `dev`, `prod` verified" in summary
    assert set(runner.installed) == {"pytest-codex-live"}


def test_the_action_verifies_both_targets_in_one_run(tmp_path: Path) -> None:
    """It installs what it is part of, and leaves the results where it says."""
    domains = {"DOMAIN": "embedded", "DEV_DOMAIN": "embedded"}
    runner = Runner(tmp_path / "runner", {**domains, "PYTEST_ADDOPTS": "--deselect=of-the-caller"})
    defaults = {name: entry.get("default", "") for name, entry in ACTION["inputs"].items()}
    inputs = {**defaults, "targets": "\ndev\nprod\n", "pytest-args": FEW}
    ran = runner.run(ACTION["runs"]["steps"], {"inputs": inputs})
    assert ran.code == 0, ran.said
    assert runner.installed == [f"{ROOT}[embedded]"]
    (verify,) = [step["run"] for step in ACTION["runs"]["steps"] if step.get("name") == "Verify"]
    both = runner.run(
        [{"run": f'{verify.splitlines()[0]}\necho "$PYTEST_ADDOPTS"', "env": {"ARGUMENTS": FEW}}],
        {},
    )
    assert both.said == f"--deselect=of-the-caller {FEW}\n"
    for target in ("dev", "prod"):
        assert (runner.workspace / inputs["results-dir"] / target / "junit.xml").is_file()
    assert "# dev: " in runner.summary.read_text()


def test_the_jobs_for_gitlab_verify_and_merge(tmp_path: Path) -> None:
    """A job for each target of its matrix, and the one that merges; the reports are where it
    says."""
    jobs = load(ROOT / "examples" / "ci" / "gitlab-ci.yml")
    domains = {"DOMAIN": "embedded", "DEV_DOMAIN": "embedded"}
    runner = Runner(tmp_path / "runner", domains)
    jobs["variables"]["PYTEST_ADDOPTS"] += f" {FEW}"
    (runner.workspace / "pytest.ini").write_text(ANOTHER)
    (variables,) = jobs["verify"]["parallel"]["matrix"]
    report = jobs["verify"]["artifacts"]["reports"]["junit"]
    for target in variables["TARGET"]:
        environment = {**jobs["variables"], **jobs["verify"]["variables"], "TARGET": target}
        steps = [{"run": line, "env": environment} for line in jobs["verify"]["script"]]
        ran = runner.run(steps, {})
        assert ran.code == 0, ran.said
        assert (runner.workspace / report.replace("$TARGET", target)).is_file()
    steps = [{"run": line, "env": jobs["variables"]} for line in jobs["merge"]["script"]]
    ran = runner.run(steps, {})
    assert ran.code == 0, ran.said
    assert (runner.workspace / "merged" / "junit.xml").is_file()
    (runner.workspace / "docker-compose.yml").write_text("services: {}\n")
    ran = runner.run(steps, {})
    assert ran.code == 1
    assert "invariants: no results of it" in ran.said


def test_the_repository_s_own_names_of_tests_hide_no_suite(tmp_path: Path) -> None:
    """Nor does what its configuration adds to every command line."""
    runner = Runner(tmp_path / "runner")
    (runner.workspace / "pytest.ini").write_text(ANOTHER)
    ran = runner.run(job("verify"), contexts(entry("dev"), pytest_args=FEW))
    assert ran.code == 0, ran.said


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("A=1\nexport B=2", "::error title=Secret KEYS::expected lines NAME=value; line 2 is none"),
        ("\t\n  A-B=secret", "line 2 is none"),
        ("only-a-secret", "line 1 is none"),
    ],
)
def test_a_line_of_the_keys_that_sets_nothing_is_told_by_its_number(
    tmp_path: Path, keys: str, said: str
) -> None:
    """And not by what is in it, which is a secret."""
    ran = Runner(tmp_path / "runner").run(job("verify"), contexts(entry("dev"), keys=keys))
    assert ran.code == 1
    assert said in ran.said
    assert keys.splitlines()[-1] not in ran.said


def test_a_key_is_masked_as_it_is(tmp_path: Path) -> None:
    """A percent sign begins an escape in commands; a line of Windows ends in two characters."""
    keys = " \n  OTHER=sk-%25-of\r\n\t\nTARGETS=prod\nMARKERS=sse\n"  # of the step, unless too late
    chosen = contexts(entry("dev"), keys=keys, pytest_args=FEW)
    ran = Runner(tmp_path / "runner").run(job("verify"), chosen)
    assert ran.code == 0, ran.said
    assert "::add-mask::sk-%2525-of\n" in ran.said
    assert "\r" not in ran.said
    assert "target dev: " in ran.said


@pytest.mark.parametrize("planned", ["failure", "cancelled"])
def test_a_plan_that_failed_is_no_success_of_the_job_that_merges(
    tmp_path: Path, planned: str
) -> None:
    """It is the one to require, and would be skipped, which is taken for passed."""
    assert WORKFLOW["jobs"]["merge"]["if"] == "always() && needs.plan.outputs.empty != 'true'"
    ran = Runner(tmp_path / "runner").run(job("merge"), contexts(planned=planned))
    assert ran.code == 1
    assert f"the job plan has not succeeded: {planned}" in ran.said


def test_a_job_that_failed_for_something_else_fails_the_one_that_merges(tmp_path: Path) -> None:
    """Though its results are green."""
    runner = Runner(tmp_path / "runner")
    outputs = {"matrix": json.dumps({"include": [entry("dev")]}), "empty": "false"}
    assert runner.run(job("verify"), contexts(entry("dev"), pytest_args=FEW)).code == 0
    (runner.workspace / "codex-live-results").rename(runner.workspace / "codex-live-jobs")
    ran = runner.run(job("merge"), contexts(outputs=outputs, verified="failure"))
    assert ran.code == 1
    assert (runner.workspace / "merged" / "junit.xml").is_file()
    assert "::error title=Not all jobs have succeeded::" in ran.said


def test_a_plan_without_anything_is_said_and_fails_nothing(tmp_path: Path) -> None:
    """GitHub refuses a matrix without entries, so that the next job has to be told."""
    runner = Runner(tmp_path / "runner")
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    author = ("-c", "user.name=n", "-c", "user.email=e@example.com")
    for command in (
        ("init", "--quiet"),
        (*author, "commit", "--quiet", "--allow-empty", "-m", "base"),
        ("tag", "base"),
    ):
        subprocess.run(["git", *command], cwd=runner.workspace, env=environ, check=True)
    (runner.workspace / "README.md").write_text("What it is.\n")
    planned = plan(runner, suites="smoke", changed_since="base")
    assert planned.code == 0, planned.said
    assert planned.outputs == {"matrix": '{"include":[]}', "empty": "true"}
    assert "::notice title=Nothing to verify::" in planned.said
    assert "nothing to verify: smoke: no changed path asks for it" in planned.said


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"targets": '["staging"]'}, "unknown target 'staging'"),
        ({"targets": json.dumps([f"t{n}" * 9 for n in range(3)])}, "unknown target"),
        (
            {"pytest_args": "-k 'a"},
            "::error title=Input pytest-args::expected words as in ",
        ),
        ({"name": "a.b"}, "::error title=Input name::expected letters, digits, - and _"),
        ({"targets": "dev"}, "expected a JSON list of names, such as"),
        ({"targets": '{"dev": 1}'}, "observed '{\"dev\": 1}'"),
        ({"targets": '["dev\\nprod"]'}, "expected a JSON list of names, such as"),
        ({"targets": '[""]'}, "expected a JSON list of names, such as"),
        ({"suites": "smokey"}, "did you mean 'smoke'?"),
        ({"suites": "invariants"}, "nothing to verify: invariants: no compose file is found"),
    ],
)
def test_a_plan_with_a_wrong_input_fails(tmp_path: Path, inputs: dict[str, str], said: str) -> None:
    """And tells what is wrong; no job follows."""
    planned = plan(Runner(tmp_path / "runner"), **inputs)
    assert planned.code != 0
    assert said in planned.said
    assert "Traceback" not in planned.said
    assert not planned.outputs


def test_what_is_missing_fails_the_job_that_merges(tmp_path: Path) -> None:
    """A job that was cancelled leaves nothing; the others' results are merged all the same."""
    runner = Runner(tmp_path / "runner")
    (runner.workspace / "codex-live-jobs").mkdir()
    outputs = {"matrix": json.dumps({"include": [entry("dev")]}), "empty": "false"}
    ran = runner.run(job("merge"), contexts(outputs=outputs))
    assert ran.code == 1
    assert "::error title=results of dev::no results of it" in ran.said
    assert "Missing, broken or incomplete results" in runner.summary.read_text()
