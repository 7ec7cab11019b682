"""The playbook's table, row by row, in a repository laid out like the Codex one."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from pytest_codex.policy import SUITES
from pytest_codex.selection.calls import Call
from pytest_codex.selection.rules import DEFAULT, in_order, policy_of
from pytest_codex.selection.scope import Scope
from pytest_codex.selection.views import explain, plan

PAGE = (Path(__file__).parents[2] / "docs" / "selection.md").read_text(encoding="utf-8")
UNIT = "npm run test:unit"
INTEGRATION = "npm run test:integration"
STACK = "npm run dev:stack:up"
E2E = "npm test"


def outcome(selection):
    """What runs: the selected suites with the targets they are bound to, and the commands."""
    suites = {
        choice.suite: "everywhere" if choice.everywhere else ",".join(choice.targets)
        for choice in selection.suites
        if choice.selected
    }
    return suites, [command.line for command in selection.commands]


ALWAYS = {"invariants": "everywhere"}
ROWS = {
    "src/utils.js alone: unit tests": (["src/utils.js"], {}, [UNIT]),
    "server.js: integration, then E2E": (
        ["server.js"],
        {"smoke": "everywhere", "sse": "everywhere"},
        [INTEGRATION, E2E],
    ),
    "streaming: integration, then E2E": (
        ["src/handlers/chat/stream-timers.js"],
        {"smoke": "everywhere", "sse": "everywhere"},
        [INTEGRATION, E2E],
    ),
    "an SSE module: the same": (
        ["src/services/sse.js"],
        {"smoke": "everywhere", "sse": "everywhere"},
        [INTEGRATION, E2E],
    ),
    "a route: the same": (
        ["src/routes/chat.js"],
        {"smoke": "everywhere", "sse": "everywhere"},
        [INTEGRATION, E2E],
    ),
    "docker-compose.yml: invariants, smoke on prod, E2E": (
        ["docker-compose.yml"],
        {"smoke": "prod"},
        [E2E],
    ),
    "Dockerfile: dev stack, then E2E, smoke on dev": (
        ["Dockerfile"],
        {"smoke": "dev"},
        [STACK, E2E],
    ),
    "what goes into the image: the same": (
        ["package-lock.json", "auth/server.mjs", ".dockerignore"],
        {"smoke": "dev"},
        [STACK, E2E],
    ),
    "documentation alone: what always runs": (["docs/b.md", "README.md", "docs/c.png"], {}, []),
    "nothing: what always runs": ([], {}, []),
    "utils and server.js: both rows, in order": (
        ["src/utils.js", "server.js"],
        {"smoke": "everywhere", "sse": "everywhere"},
        [UNIT, INTEGRATION, E2E],
    ),
    "all rows: E2E comes after the stack is up": (
        ["src/utils.js", "server.js", "docker-compose.yml", "Dockerfile"],
        {"smoke": "everywhere", "sse": "everywhere"},
        [UNIT, INTEGRATION, STACK, E2E],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changed", "suites", "commands"), ROWS.values(), ids=ROWS)
def test_a_row_selects_what_it_says(repository, changed, suites, commands):
    """And the invariants, which cost nothing, always."""
    repository.commit(dict.fromkeys(changed, "changed\n"))
    assert outcome(repository.selection()) == ({**suites, **ALWAYS}, commands)


@pytest.mark.parametrize(
    ("path", "old", "new", "labels"),
    [
        ("compose.dev.stack.yml", "PathPrefix(`/v1`)", "PathPrefix(`/v2`)", True),
        ("compose.dev.stack.yml", "127.0.0.1:11435:11435", "0.0.0.0:11435:11435", True),
        ("compose.dev.stack.yml", "[traefik]", "[other]", True),
        ("compose.dev.stack.yml", "unless-stopped", "always", False),
        ("compose.dev.stack.yml", "${PORT:-11435}", "11436", False),
        ("compose.dev.stack.yml", "build: .", "image: codex:2", False),
        ("compose.dev.stack.yml", "services:", "# A comment.\nservices:", False),
    ],
)
def test_a_change_of_labels_is_told_from_any_other(repository, path, old, new, labels):
    """Traefik's labels concern prod as docker-compose.yml does, and dev, whose they are."""
    repository.edit(path, old, new)
    selection = repository.selection()
    targets = "prod,dev" if labels else "dev"
    assert outcome(selection) == ({"smoke": targets, **ALWAYS}, [STACK, E2E])


def test_labels_of_a_compose_file_that_is_not_the_dev_stack_s_concern_prod_alone(repository):
    """Whatever else it is for."""
    repository.commit({"ops/compose.yml": "services: {}\n"})
    assert outcome(repository.selection()) == ({"smoke": "prod", **ALWAYS}, [E2E])


def test_docker_compose_yml_counts_whole_and_what_it_touches_is_told(repository):
    """The playbook has the file itself in the row, not only its labels."""
    repository.edit("docker-compose.yml", "unless-stopped", "always")
    selection = repository.selection()
    assert outcome(selection) == ({"smoke": "prod", **ALWAYS}, [E2E])
    assert "smoke: SELECTED on prod by docker-compose.yml (M, touches no label) ← " \
        "rules.compose.paths[0]" in explain(selection)  # fmt: skip
    repository.edit("docker-compose.yml", "PathPrefix(`/v1`)", "PathPrefix(`/v2`)")
    assert any(
        "docker-compose.yml (M, touches labels of app) ← rules.labels.paths[2]" in line
        for line in explain(repository.selection())
    )


@pytest.mark.parametrize("content", [None, "services: [", "- a list\n", "a: 1\n---\nb: 2\n"])
def test_a_compose_file_in_doubt_counts_as_touching_labels(repository, content):
    """One that is new or gone, or that is no compose file."""
    if content is None:
        (repository.root / "compose.dev.stack.yml").unlink()
        repository.commit()
    else:
        repository.commit({"compose.dev.stack.yml": content})
    assert outcome(repository.selection())[0] == {"smoke": "prod,dev", **ALWAYS}


@pytest.mark.parametrize(
    "path", ["src/other.js", "scripts/x.sh", ".github/workflows/ci.yml", ".codev/AGENTS.md",
             "pytest_codex.toml", "pyproject.toml", "docs2/x"]
)  # fmt: skip
def test_what_the_policy_does_not_know_runs_everything(repository, path):
    """A seed file is no documentation, and the policy's own file is never harmless."""
    repository.commit({path: "x\n", "docs/a.md": "changed\n"})
    selection = repository.selection()
    assert selection.everything is not None
    assert path in selection.everything.reason
    assert all(choice.everywhere for choice in selection.suites)
    assert [command.line for command in selection.commands] == [UNIT, INTEGRATION, STACK, E2E]


def test_the_issue_s_own_line_is_what_the_default_policy_says(repository):
    """One line a suite, with path, status and the place in the policy."""
    repository.edit("src/stream.js", "stream", "streamed")
    assert "sse: SELECTED by src/stream.js (M) ← rules.streaming.paths[0]" in explain(
        repository.selection()
    )


def test_the_plan_of_all_rows_puts_what_is_cheap_first(repository):
    """Offline, then outside pytest, then what calls the model, where it is asked for."""
    repository.commit(dict.fromkeys(["server.js", "docker-compose.yml", "Dockerfile"], "x\n"))
    selection = repository.selection()
    commands = [INTEGRATION, STACK, E2E]
    assert plan(selection) == [
        "pytest -m invariants", *commands,
        "pytest -m 'smoke or sse'", "pytest -m smoke --target=prod --target=dev",
    ]  # fmt: skip
    assert plan(selection, Call(("pytest", "tests")), Scope(("dev",))) == [
        "pytest tests -m invariants", *commands,
        "pytest tests -m smoke --target=dev --target=prod", "pytest tests -m sse --target=dev",
    ]  # fmt: skip


def test_the_default_policy_does_not_contradict_itself():
    """Its commands have an order, and what it names exists."""
    assert in_order(rule.commands for rule in DEFAULT.rules)
    assert DEFAULT.suites == SUITES
    assert DEFAULT.always


def test_the_page_has_the_default_policy_as_it_can_be_written():
    """Whoever copies it into a configuration has the same, and each of its keys is written out."""
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    table = tomllib.loads(text)["selection"]
    assert policy_of(table, "selection.md", targets=("dev", "prod")) == DEFAULT
    assert table.keys() == {"always", "ignore", "unknown", "rules"}


def test_the_page_has_a_row_for_each_rule_and_counts_as_messages_do():
    """The places that it explains are those of the rule that it names."""
    rows = re.findall(r"^\|[^|]+\| `([a-z-]+)` \|[^|]*\|[^|]*\| `npm", PAGE, re.MULTILINE)
    assert rows == [rule.name for rule in DEFAULT.rules]
    (number,) = re.findall(r"`rules\[(\d)\]\.paths\[2\]`", PAGE)
    assert DEFAULT.rules[int(number)].name == "image"
