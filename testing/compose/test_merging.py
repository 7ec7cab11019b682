"""What a later file and an extending service change, without Docker."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_codex.compose.project import Service
from testing.compose.corpus import TWO, service
from testing.compose.docker import Case, said_by_model


def merged(tmp_path: Path, below: str, above: str, extends: bool = False) -> dict[str, object]:
    """Return service a: the second lines over the first, in a later file or by ``extends``."""
    if extends:
        base = service(below).replace("  a:", "  base:")
        text = base + service("extends: base\n" + above).removeprefix("services:\n")
        case = Case("extends", {"compose.yml": text})
    else:
        case = Case("merge", {"compose.yml": service(below), "over.yml": service(above)}, TWO)
    case.write(tmp_path)
    said: dict[str, object] = said_by_model(case.read(tmp_path))["services"]["a"]
    return said


CHANGES = [
    ("labels: [a=1, b=1]", "labels: {b: 2}", "labels", {"a": "1", "b": "2"}),
    ("labels: {a: 1, b: 1}", "labels: [b=2, c]", "labels", {"a": "1", "b": "2", "c": ""}),
    ("labels: {a: 1}", "labels:", "labels", {"a": "1"}),
    ("labels: {a: 1, b: 1}", "labels: {a: !reset null}", "labels", {"b": "1"}),
    ("labels: [a=1, b=1]", "labels: {a: !reset null}", "labels", {"a": "1", "b": "1"}),
    ("labels: [a=1]", "labels: !override {b: 2}", "labels", {"b": "2"}),
    ("labels: [a=1]", "labels: !reset {b: 2}", "labels", {}),
    ("environment: [A=1, B=1]", "environment: {B: , C: 3}", "environment", {"A": "1", "C": "3"}),
    (
        "ports: ['80:80', '127.0.0.1:81:81']",
        "ports: ['127.0.0.1:80:80', '81:81/udp', '127.0.0.1:81:81']",
        "ports",
        {
            ("0.0.0.0", "80", 80, "tcp"),
            ("127.0.0.1", "80", 80, "tcp"),
            ("127.0.0.1", "81", 81, "tcp"),
            ("0.0.0.0", "81", 81, "udp"),
        },
    ),
    (
        "ports: ['80:80']",
        "ports: !override ['127.0.0.1:80:80']",
        "ports",
        {("127.0.0.1", "80", 80, "tcp")},
    ),
    (
        "volumes: ['/a:/x:ro', '/b:/y']",
        "volumes: ['/c:/x', {type: bind, source: /d, target: /z, read_only: true}]",
        "volumes",
        [("bind", "/b", "/y", False), ("bind", "/c", "/x", False), ("bind", "/d", "/z", True)],
    ),
    ("volumes: ['/a:/x']", "volumes: !reset []", "volumes", []),
    ("networks: [m]", "networks: {n: {aliases: [z]}}", "networks", ["m", "n"]),
    ("networks: [m]", "networks: !override [n]", "networks", ["n"]),
    ("expose: [80]", "expose: ['80', 81]", "expose", ["80", "81"]),
    ("command: a b", "command: [c]", "command", ["c"]),
    ("build: /one", "build: {context: /two}", "build", "/two"),
    ("container_name: one", "user: root", "container_name", "one"),
]


@pytest.mark.parametrize("extends", [False, True], ids=["later file", "extends"])
@pytest.mark.parametrize(("below", "above", "field", "result"), CHANGES)
def test_fields_are_merged_by_their_rule(
    tmp_path: Path, below: str, above: str, field: str, result: object, extends: bool
) -> None:
    assert merged(tmp_path, below, above, extends)[field] == result


def test_a_third_file_takes_away_what_the_first_two_say(tmp_path: Path) -> None:
    files = {
        "compose.yml": service("ports: ['80:80']"),
        "over.yml": service("ports: ['81:81']"),
        "third.yml": service("ports: !reset []\nlabels: [a=1]"),
    }
    case = Case("three", files, (*TWO, "third.yml"))
    case.write(tmp_path)
    found: Service = case.read(tmp_path).services["a"]
    assert found.ports == ()
    assert list(found.labels) == ["a"]


def test_a_service_can_be_taken_away_or_replaced(tmp_path: Path) -> None:
    files = {
        "compose.yml": service("labels: [a=1]") + "  b: {image: x, labels: [b=1]}\n",
        "over.yml": "services:\n  a: !reset null\n  b: !override {image: y}\n",
    }
    case = Case("services", files, TWO)
    case.write(tmp_path)
    services = case.read(tmp_path).services
    assert list(services) == ["b"]
    assert services["b"].labels == {}
