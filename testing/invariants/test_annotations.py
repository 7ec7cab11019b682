"""GitHub's workflow commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_codex.compose.places import Place
from pytest_codex.invariants.findings import Finding
from pytest_codex.invariants.rules import RULES
from pytest_codex.report.annotations import workflow_commands

ROOT = Path("/repository")


def finding(found: str = "it is open", file: str = "a.yml", *, advice: bool = False) -> Finding:
    at = Place(ROOT / file, 12)
    return Finding("no-way-in", at, found, "ForwardAuth", "add it", advice=advice)


def test_an_error_has_file_line_and_title() -> None:
    (command,) = workflow_commands([finding()], ROOT)
    assert command == (
        "::error file=a.yml,line=12,title=no-way-in::it is open%0Aexpected: ForwardAuth%0A"
        f"because: {RULES['no-way-in'].why}%0Anext: add it"
    )


def test_advice_is_a_notice_and_comes_last() -> None:
    kinds = [
        command.partition(" ")[0]
        for command in workflow_commands([finding(advice=True), finding()], ROOT)
    ]
    assert kinds == ["::error", "::notice"]


def test_messages_are_escaped_as_the_runner_unescapes_them() -> None:
    (command,) = workflow_commands([finding("50%0A, a: b\r\n::error::x")], ROOT)
    message = command.split("::", 2)[2]
    assert message.startswith(r"50%250A, a: b%0D%0A:\x3aerror::x%0A")
    assert "\n" not in command and "\r" not in command


def test_properties_are_escaped_further() -> None:
    (command,) = workflow_commands([finding(file="a,b:c%d\n.yml")], ROOT)
    assert command.startswith("::error file=a%2Cb%3Ac%25d%0A.yml,line=12,title=no-way-in::")


def test_control_characters_do_not_reach_the_log() -> None:
    (command,) = workflow_commands([finding("\x1b]0;x\x07")], ROOT)
    assert "\x1b" not in command and "\x07" not in command


def test_no_more_than_github_shows() -> None:
    ten = list(workflow_commands([finding(str(n)) for n in range(10)], ROOT))
    assert len(ten) == 10 and "more" not in ten[-1]
    many = [finding(str(n), advice=n % 2 == 0) for n in range(50)]
    commands = list(workflow_commands(many, ROOT))
    errors = [command for command in commands if command.startswith("::error ")]
    notices = [command for command in commands if command.startswith("::notice ")]
    assert len(errors) == len(notices) == 10
    assert errors[-1] == (
        "::error title=16 more findings::16 more: no-way-in 16; all of them are in invariants.txt"
    )


def test_the_workspace_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(ROOT / "sub"))
    (command,) = workflow_commands([finding(file="sub/x/a.yml")])
    assert "file=x/a.yml," in command
    (command,) = workflow_commands([finding(file="a.yml")])
    assert f"file={ROOT}/a.yml," in command


def test_nothing_is_said_where_nothing_was_found() -> None:
    assert not list(workflow_commands([], ROOT))
