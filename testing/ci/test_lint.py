"""The workflows, the action and the examples, by linters that this project did not write."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testing.installing import UnavailableError

from .linters import actionlint, complaints, linter
from .runner import ROOT, load, scripts

WORKFLOW = ROOT / ".github" / "workflows" / "verify.yml"
ACTION = ROOT / "action.yml"
GITHUB = ROOT / "examples" / "ci" / "github.yml"
GITLAB = ROOT / "examples" / "ci" / "gitlab-ci.yml"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with the workflow and its caller, as actionlint expects them."""
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    for path in (WORKFLOW, GITHUB):
        shutil.copy(path, folder)
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    return tmp_path


def lint(command: list[Any], cwd: Path) -> str:
    return complaints(command, cwd)


def with_linter(name: str, *arguments: str | Path) -> str:
    try:
        return lint([linter(name), *arguments], ROOT)
    except UnavailableError as reason:
        pytest.skip(str(reason))


def test_actionlint_has_nothing_to_say(repository: Path) -> None:
    """Syntax, contexts, types of inputs, and untrusted input in scripts; and it does look."""
    try:
        command = actionlint(repository)
    except UnavailableError as reason:
        pytest.skip(str(reason))
    assert not lint(command, repository)
    broken = repository / ".github" / "workflows" / "broken.yml"
    broken.write_text(WORKFLOW.read_text().replace('"$PACKAGE"', "${{ inputs.nothing }}"))
    assert "nothing" in lint(command, repository)


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("vendor.github-workflows", WORKFLOW),
        ("vendor.github-workflows", GITHUB),
        ("vendor.github-actions", ACTION),
        ("vendor.gitlab-ci", GITLAB),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_the_schema_has_all_that_is_in_it(schema: str, path: Path) -> None:
    """Those that GitHub's and GitLab's own editors use."""
    assert not with_linter("check-jsonschema", "--builtin-schema", schema, path)


def test_zizmor_finds_no_way_in() -> None:
    """Injection, unpinned actions, wide permissions, credentials that are left behind."""
    paths = (WORKFLOW, ACTION, GITHUB)
    assert not with_linter("zizmor", "--offline", "--no-progress", "--quiet", *paths)


def test_shellcheck_has_nothing_to_say(tmp_path: Path) -> None:
    """Of each script, as bash runs it."""
    for number, script in enumerate(_scripts()):
        (tmp_path / f"{number}.sh").write_text(f"#!/bin/bash\nset -eo pipefail\n{script}")
    files = sorted(tmp_path.iterdir())
    assert len(files) > 6
    assert not with_linter("shellcheck", *files)


def _scripts() -> Iterator[str]:
    for job in load(WORKFLOW)["jobs"].values():
        yield from scripts(job["steps"])
    yield from scripts(load(ACTION)["runs"]["steps"])
    for name, job in load(GITLAB).items():
        if isinstance(job, dict) and name not in ("default", "variables", "workflow"):
            yield from job["script"]


# -- what no linter knows -------------------------------------------------------------------------


def test_no_script_has_an_expression_in_it() -> None:
    """What is an input is in the environment, where nothing is executed."""
    assert all("${{" not in script for script in _scripts())


def test_the_key_is_in_the_environment_of_the_one_step_that_needs_it() -> None:
    """Never in an argument, nor where other steps, such as pip's, could see it."""
    for job in load(WORKFLOW)["jobs"].values():
        assert "env" not in job
        for step in job["steps"]:
            told = {k: v for k, v in step.items() if "secrets." in str(v)}
            assert not told or (step["name"] == "Verify" and told.keys() == {"env"})
    assert "secrets." not in str(load(ACTION))


def test_a_deployment_is_verified_by_one_run_at_a_time() -> None:
    """And by its own environment; one target's failure ends no other job."""
    job = load(WORKFLOW)["jobs"]["verify"]
    assert job["concurrency"]["cancel-in-progress"] is False
    # What has no target, such as the invariants, has a group of its run only.
    guard, _, alone = job["concurrency"]["group"].partition("||")
    assert "matrix.targets && format('{0}-{1}', inputs.domain, inputs.dev-domain)" in guard
    assert "github.run_id" in alone
    assert job["environment"] == "${{ matrix.target }}"
    assert job["strategy"]["fail-fast"] is False
    gitlab = load(GITLAB)["verify"]
    assert gitlab["resource_group"] == "codex-live-$TARGET"
    assert gitlab["environment"]["name"] == "$TARGET"


def test_results_are_kept_whatever_happened() -> None:
    """By each step that uploads, and each job of GitLab's."""
    jobs = load(WORKFLOW)["jobs"]
    steps = [*jobs["verify"]["steps"], *jobs["merge"]["steps"], *load(ACTION)["runs"]["steps"]]
    uploads = [step for step in steps if "upload-artifact" in step.get("uses", "")]
    assert len(uploads) == 3
    assert all(step["if"].startswith("always()") for step in uploads)
    gitlab = load(GITLAB)
    assert all(gitlab[name]["artifacts"]["when"] == "always" for name in ("verify", "merge"))
    assert "junit" in gitlab["verify"]["artifacts"]["reports"]


def test_actions_are_pinned_by_commit_and_the_same_everywhere() -> None:
    """A tag can be moved to another commit."""
    used = [
        line.split("uses: ")[1].split(" #")[0]
        for path in (WORKFLOW, ACTION)
        for line in path.read_text().splitlines()
        if "uses: actions/" in line
    ]
    assert all(len(name.partition("@")[2]) == 40 for name in used)
    assert len({name.partition("@")[0] for name in used}) == len(set(used))


def test_a_merge_request_has_one_pipeline_with_all_jobs() -> None:
    """Jobs with rules would have one of their own, unless the workflow says which there are."""
    gitlab = load(GITLAB)
    assert any("rules" in job for job in gitlab.values() if isinstance(job, dict))
    request, of_branch, _ = gitlab["workflow"]["rules"]
    assert "merge_request_event" in request["if"]
    assert "$CI_OPEN_MERGE_REQUESTS" in of_branch["if"]
    assert of_branch["when"] == "never"


def test_permissions_are_to_read_only() -> None:
    """For the whole workflow, and no job has more."""
    workflow = load(WORKFLOW)
    assert workflow["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in workflow["jobs"].values())
