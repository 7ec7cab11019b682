"""Whether a change inside a compose file touches labels, or what else routing depends on."""

from __future__ import annotations

import pytest

from pytest_codex.selection.labels import LARGEST, touched

from .repositories import COMPOSE

SAME_LABELS_AS_A_MAP = """\
      traefik.enable: "true"
      traefik.http.routers.codex-api.rule: Host(`api.example`) && PathPrefix(`/v1`)
"""


def edited(old: str, new: str) -> bytes:
    assert old in COMPOSE
    return COMPOSE.replace(old, new).encode()


@pytest.mark.parametrize(
    "new",
    [
        COMPOSE.encode(),
        COMPOSE.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + COMPOSE.encode(),
        edited("services:", "# A comment.\nx-log: {a: 1}\nversion: '3'\nservices:"),
        edited("    restart: unless-stopped\n", ""),
        edited("restart: unless-stopped", "restart: always\n    logging: {driver: none}"),
        edited("[traefik]", "\n      - traefik"),
        edited("    build: .\n", "").replace(b"    networks", b"    build: .\n    networks"),
        edited("      - traefik.enable=true\n", "").replace(
            b"networks:\n  traefik", b"      - traefik.enable=true\nnetworks:\n  traefik"
        ),
        (COMPOSE.partition("      - traefik.enable")[0] + SAME_LABELS_AS_A_MAP
         + "networks: {traefik: {external: true}}\n").encode(),
        edited("app:", "app: &app").replace(b"networks:\n  t", b"x-a: *app\nnetworks:\n  t"),
        edited("${PORT:-11435}", "11436"),
        edited("build: .", "image: a:2\n    command: [run]\n    volumes: ['./a:/b']"),
        edited("build: .", "build: ./app\n    env_file: [x.env]\n    user: '1000'"),
        edited("networks:\n  traefik", "volumes: {data: {}}\nnetworks:\n  traefik"),
    ],
    ids=range(15),
)  # fmt: skip
def test_what_says_the_same_touches_nothing(new):
    """Comments, layout, order, the form of labels, and what concerns only what runs."""
    assert touched(COMPOSE.encode(), new) == ""
    assert not touched(new, COMPOSE.encode())


@pytest.mark.parametrize(
    ("new", "what"),
    [
        (edited("PathPrefix(`/v1`)", "PathPrefix(`/`)"), "labels of app"),
        (edited("      - traefik.enable=true\n", ""), "labels of app"),
        (edited("traefik.enable=true", "traefik.enable=${ON:-true}"), "labels of app"),
        (edited("127.0.0.1:11435", "11435"), "ports of app"),
        (edited("[traefik]", "[traefik, other]"), "networks of app"),
        (edited("external: true", "external: false"), "networks"),
        (edited("build: .", "build: .\n    container_name: a"), "container_name of app"),
        (edited("build: .", "build: .\n    network_mode: host"), "network_mode of app"),
        (edited("build: .", "build: .\n    expose: [80]"), "expose of app"),
        (edited("build: .", "build: .\n    scale: 0"), "scale of app"),
        (edited("build: .", "build: .\n    deploy: {replicas: 0}"), "deploy of app"),
        (edited("build: .", "build: .\n    of_next_year: 1"), "of_next_year of app"),
        (edited("build: .", "build: .\n    profiles: [x]"), "profiles of app"),
        (edited("build: .", "build: .\n    healthcheck: {disable: true}"), "healthcheck of app"),
        (edited("build: .", "build: .\n    label_file: [x.env]"), "label_file of app"),
        (edited("build: .", "build: .\n    extends: {service: b}"), "extends of app"),
        (edited("services:", "include: [other.yml]\nservices:"), "include"),
        (edited("services:", "name: other\nservices:"), "name"),
        (edited("services:", "services:\n  auth: {image: a}"), "all of auth"),
        (edited("labels:", "labels: !override"), "labels of app"),
        (edited("      - traefik.enable=true", "      - traefik.enable=true=x"), "labels of app"),
        (
            edited("app:", "api:"),
            "all of app, ports of app, networks of app and 5 more",
        ),
    ],
)
def test_what_routing_depends_on_is_named(new, what):
    """By the field and the service; variables count as they are written."""
    assert touched(COMPOSE.encode(), new) == what
    assert touched(COMPOSE.encode(), new)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("--entrypoints.web=:80", "--entrypoints.web=:81", "command of proxy"),
        ("image: traefik:v3.6", "image: traefik:v3.7", "image of proxy"),
        ("content: a", "content: b", "configs"),
        ("PORT: 1", "PORT: 2", "environment of app"),
        ("build: .", "build: .  # A comment", ""),
        ("image: traefik:v3.6", "image: '${TRAEFIK_IMAGE}'", "image of proxy"),
    ],
)
def test_of_a_file_with_traefik_itself_in_it_everything_counts(old, new, what):
    """Its arguments and files say where routers listen."""
    compose = (
        "services:\n"
        "  proxy:\n    image: traefik:v3.6\n    command: [--entrypoints.web=:80]\n"
        "  app:\n    build: .\n    environment: {PORT: 1}\n"
        "configs:\n  dynamic:\n    content: a\n"
    )
    assert old in compose
    assert touched(compose.encode(), compose.replace(old, new).encode()) == what


@pytest.mark.parametrize(
    "doubtful",
    [
        None,
        b"",
        b"\xff\xfe\x00",
        b"services: [",
        b"- a\n",
        b"text",
        COMPOSE.encode() + b"---\na: 1\n",
        edited("      - traefik.enable=true", "      - traefik.enable=true\n\t"),
        edited("    build: .", "    build: .\n    build: ."),
        b"#" * (LARGEST + 1),
    ],
    ids=range(10),
)
def test_on_any_doubt_labels_are_touched(doubtful):
    """A file that is new, gone, broken, ambiguous or beyond measure; even if both versions are."""
    assert touched(COMPOSE.encode(), doubtful)
    assert touched(doubtful, COMPOSE.encode())
    assert touched(doubtful, doubtful)


def test_a_name_that_is_shown_is_harmless():
    """It comes from the file."""
    hostile = edited("services:", 'services:\n  "a\\e[2J\\n::error::b": {image: a}')
    assert "\x1b" not in touched(COMPOSE.encode(), hostile)
    assert "\n" not in touched(COMPOSE.encode(), hostile)
