"""From changes to a selection, and its views."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pathspec
import pytest

import pytest_codex.selection
from pytest_codex.errors import ConfigurationError
from pytest_codex.selection.calls import Call
from pytest_codex.selection.changes import Change, Changes, Everything
from pytest_codex.selection.rules import DEFAULT, Rule, SelectionPolicy
from pytest_codex.selection.scope import Scope
from pytest_codex.selection.selecting import compose_paths, select
from pytest_codex.selection.views import as_json, explain, from_json, plan, why

STREAM = Rule("stream", ("/src/**", "/lib/**"), ("sse", "smoke"), ("build", "test"))
PROD = Rule("prod", ("/deploy/**",), ("smoke", "invariants"), targets=("prod",))
DEV = Rule("dev", ("/dev/**",), ("smoke",), targets=("dev",))
POLICY = SelectionPolicy((STREAM, PROD, DEV), ("invariants",), ("**/*.md",))


def changes(*paths: str, status: str = "M") -> Changes:
    return Changes(tuple(Change(path, status) for path in paths), "since main (abc)")


def lines(*paths: str, policy: SelectionPolicy = POLICY) -> list[str]:
    return explain(select(policy, changes(*paths)))


class TestExplanation:
    """One line a suite, with its reason."""

    def test_every_suite_and_command_has_a_line(self):
        """Selected or not."""
        assert lines("lib/a.js", "x/b.md") == [
            "2 paths have changed since main (abc)",
            "smoke: SELECTED by lib/a.js (M) ← rules.stream.paths[1]",
            "sse: SELECTED by lib/a.js (M) ← rules.stream.paths[1]",
            "invariants: SELECTED always",
            "build: SELECTED by lib/a.js (M) ← rules.stream.paths[1]",
            "test: SELECTED by lib/a.js (M) ← rules.stream.paths[1]",
            "left aside: x/b.md (M) ← ignore[0]",
        ]

    def test_targets_are_named(self):
        """Alone, or beside those of the run."""
        assert "smoke: SELECTED on prod by deploy/a (M) ← rules.prod.paths[0]" in lines("deploy/a")
        assert (
            "smoke: SELECTED, also on prod, dev, by src/a (M) ← rules.stream.paths[0]; "
            "deploy/a (M) ← rules.prod.paths[0]; dev/a (M) ← rules.dev.paths[0]"
        ) in lines("src/a", "deploy/a", "dev/a")

    def test_many_reasons_are_counted(self):
        """And a few are shown."""
        told = lines(*(f"src/{n}" for n in range(1000)))
        assert told[0] == "1,000 paths have changed since main (abc)"
        assert told[1].endswith("src/2 (M) ← rules.stream.paths[0]; and 997 more")

    def test_a_name_cannot_add_a_line_or_harm_a_terminal(self):
        """Whatever characters it has."""
        told = lines("src/a\n::error::b\x1b[2J\u202e", "src/\udcff")
        assert not any("\n" in line or "\x1b" in line or "\u202e" in line for line in told)
        assert "src/a\\n::error::b\\x1b[2J\\u202e (M)" in told[1]
        assert "src/\\xff (M)" in told[1]

    def test_everything_is_explained_with_what_to_do(self):
        """Once, not for every suite."""
        told = explain(select(POLICY, Everything("no git", "install it")))
        assert told[:3] == [
            "what has changed is not known",
            "everything runs: no git",
            "  next: install it",
        ]
        assert told[3] == "smoke: SELECTED, also on prod, dev, with everything"


class TestUnknownPaths:
    """What no rule and no glob to ignore knows."""

    def test_everything_runs_and_it_is_said_which_path_is_unknown(self):
        """With the number of the others."""
        selection = select(POLICY, changes("a.md", "who\nknows", "src/a", "other"))
        assert selection.everything == Everything(
            "unknown: who\\nknows (M) and 1 more, in no rule and not ignored",
            "put '/who?knows' or its folder into the paths of a rule, or into ignore",
        )
        assert all(choice.everywhere for choice in selection.suites)
        assert [command.line for command in selection.commands] == ["build", "test"]

    def test_or_the_run_ends_if_the_policy_says_so(self):
        """With the same words."""
        strict = SelectionPolicy(POLICY.rules, unknown="error")
        with pytest.raises(ConfigurationError, match=r"unknown: x \(M\), in no rule.*; next: put"):
            select(strict, changes("x"))

    def test_a_change_of_the_policy_runs_everything_even_so(self):
        """And even if it is ignored."""
        strict = SelectionPolicy(POLICY.rules, ignore=("**",), unknown="error")
        selection = select(strict, changes("pytest_codex.toml", status="D"))
        assert selection.everything is not None
        assert "pytest_codex.toml (D): the policy itself" in selection.everything.reason
        assert select(strict, changes("a/pytest_codex.toml")).everything is None


class TestNothing:
    """A selection without any suite says so."""

    EMPTY = SelectionPolicy((STREAM, Rule("unit", ("/u",), commands=("unit",))), (), ("**/*.md",))

    def test_always_is_what_a_change_of_documentation_runs(self):
        """So that there is something."""
        selection = select(POLICY, changes("a.md"))
        assert [choice.suite for choice in selection.suites if choice.selected] == ["invariants"]
        assert selection.nothing == ""

    @pytest.mark.parametrize(
        ("paths", "says"),
        [
            ([], "nothing has changed, and `always` is empty"),
            (["a.md"], "no changed path asks for a suite, and `always` is empty"),
            (["u"], "no changed path asks for a suite, and `always` is empty"),
        ],
    )
    def test_without_it_there_is_nothing_and_that_is_said(self, paths, says):
        """In words, in JSON and in the plan."""
        selection = select(self.EMPTY, changes(*paths))
        assert selection.nothing == says
        assert as_json(selection)["nothing"] == says
        assert explain(selection)[-1] == f"no suite is selected: {says}"
        assert plan(selection) == (["unit"] if paths == ["u"] else [])


class TestTests:
    """Which tests run, by their markers and targets."""

    @pytest.mark.parametrize(
        ("paths", "suites", "target", "runs"),
        [
            (["src/a"], ["sse"], "prod", True),
            (["deploy/a"], ["sse"], "prod", False),
            (["deploy/a"], ["smoke"], "prod", True),
            (["deploy/a"], ["smoke"], "dev", False),
            (["deploy/a"], ["invariants"], "dev", True),
            (["deploy/a"], ["sse", "smoke"], "prod", True),
            (["deploy/a", "src/a"], ["smoke"], "dev", True),
            (["a.md"], ["smoke"], "prod", False),
            (["a.md"], [], "prod", True),
            (["a.md"], ["slow"], "dev", True),
        ],
    )
    def test_a_test_runs_if_one_of_its_suites_does(self, paths, suites, target, runs):
        """One that belongs to no suite is none of the policy's business."""
        selection = select(POLICY, changes(*paths))
        assert selection.wants(suites, lambda choice: choice.on(target)) is runs
        assert ("DESELECTED" not in why(selection, suites, target)) is runs

    def test_the_reason_names_the_target(self):
        """If it is the target's."""
        selection = select(POLICY, changes("deploy/a"))
        assert why(selection, ["smoke"], "dev") == (
            "smoke on dev: DESELECTED: asked for on prod only, by deploy/a (M) ← "
            "rules.prod.paths[0]"
        )
        assert why(selection, ["sse"], "dev") == "sse: DESELECTED: no changed path asks for it"


class TestLabels:
    """Rules for compose files, by what the change touches."""

    POLICY = SelectionPolicy(
        (
            Rule("labels", ("**/compose.yml",), ("sse",), labels=True),
            Rule("other", ("/b/compose.yml",), ("smoke",), labels=False),
        )
    )

    @pytest.mark.parametrize(
        ("path", "said", "suites", "note"),
        [
            ("a/compose.yml", None, ["sse"], "labels not compared"),
            ("b/compose.yml", None, ["smoke", "sse"], "labels not compared"),
            ("a/compose.yml", "ports of app", ["sse"], "touches ports of app"),
            ("b/compose.yml", "", ["smoke"], "touches no label"),
            ("b/compose.yml", "labels of app", ["sse"], "touches labels of app"),
        ],
    )
    def test_a_rule_holds_for_what_it_is_for(self, path, said, suites, note):
        """In doubt both."""
        labels = None if said is None else {path: said}
        selection = select(self.POLICY, changes(path), labels)
        chosen = [choice for choice in selection.suites if choice.selected]
        assert [choice.suite for choice in chosen] == suites
        assert chosen[0].because.reasons[0].note == note

    def test_a_path_that_only_such_a_rule_knows_is_not_unknown(self):
        """It is left aside, with what it does not touch."""
        selection = select(self.POLICY, changes("a/compose.yml"), {"a/compose.yml": ""})
        assert selection.everything is None
        assert "left aside: a/compose.yml (M, touches no label) ← rules.labels.paths[0]" in explain(
            selection
        )

    def test_only_the_files_that_matter_are_looked_into(self):
        """Comparing versions takes git."""
        asked = changes("a/compose.yml", "a", "b/compose.yml")
        assert compose_paths(self.POLICY, asked) == ("a/compose.yml", "b/compose.yml")
        assert compose_paths(POLICY, asked) == ()
        assert compose_paths(self.POLICY, Everything("a", "b")) == ()


class TestJson:
    """For scripts, and for the workers of pytest-xdist."""

    @pytest.mark.parametrize(
        "selection",
        [
            select(POLICY, changes("src/a\n", "src/é\udcff", "deploy/a", "a.md")),
            select(POLICY, changes("who knows")),
            select(POLICY, changes()),
            select(POLICY, Everything("no git", "install it")),
            select(DEFAULT, changes("compose.a.yml"), {"compose.a.yml": ""}),
        ],
        ids=["some", "unknown", "nothing", "everything", "labels"],
    )
    def test_it_says_all_and_can_be_read_again(self, selection):
        """As UTF-8, which has no lone surrogates."""
        text = json.dumps(as_json(selection), ensure_ascii=False).encode()
        assert from_json(json.loads(text)) == selection

    def test_its_form_is_settled(self):
        """Scripts rely on it; a change of it is a change of `version`."""
        said = as_json(
            select(POLICY, changes("deploy/a")), Call(("pytest", "tests")), Scope(("dev",))
        )
        reason = {
            "by": "rules.prod.paths[0]",
            "path": "deploy/a",
            "status": "M",
            "glob": "/deploy/**",
            "note": None,
        }
        always = {"by": "always", "path": None, "status": None, "glob": None, "note": None}
        assert said == {
            "version": 1,
            "since": "since main (abc)",
            "changed": 1,
            "everything": None,
            "nothing": None,
            "suites": [
                {
                    "suite": "smoke",
                    "selected": True,
                    "everywhere": False,
                    "targets": ["prod"],
                    "reasons": [reason],
                    "count": 1,
                },
                {
                    "suite": "sse",
                    "selected": False,
                    "everywhere": False,
                    "targets": [],
                    "reasons": [],
                    "count": 0,
                },
                {
                    "suite": "invariants",
                    "selected": True,
                    "everywhere": True,
                    "targets": [],
                    "reasons": [reason, always],
                    "count": 2,
                },
            ],
            "commands": [],
            "left_aside": {"reasons": [], "count": 0},
            "plan": [
                {"kind": "pytest", "run": "pytest tests -m invariants"},
                {"kind": "pytest", "run": "pytest tests -m smoke --target=prod"},
            ],
            "left_out": [],
            "rest": "not (smoke or sse or invariants)",
        }


class TestManyPaths:
    """Twenty thousand of them: the work grows with their number and with nothing else."""

    MANY = 20_000

    @pytest.fixture
    def work(self, monkeypatch):
        """How often lists of globs are compiled, and paths matched against one."""
        counted = {"compiled": 0, "matched": 0}
        compile_, match = pathspec.GitIgnoreSpec.from_lines, pathspec.PathSpec.check_file

        def from_lines(*arguments, **more):
            counted["compiled"] += 1
            return compile_(*arguments, **more)

        def check_file(self, *arguments, **more):
            counted["matched"] += 1
            return match(self, *arguments, **more)

        monkeypatch.setattr(pathspec.GitIgnoreSpec, "from_lines", from_lines)
        monkeypatch.setattr(pathspec.PathSpec, "check_file", check_file)
        return counted

    def test_every_list_is_compiled_once_and_asked_at_most_once_a_path(self, work):
        """With the default policy."""
        paths = [f"src/handlers/{n % 100}/file {n}.js" for n in range(self.MANY)]
        selection = select(DEFAULT, changes(*paths))
        assert selection.everything is None
        assert work["compiled"] == len(DEFAULT.rules) + 1
        assert work["matched"] <= self.MANY * len(DEFAULT.rules)

    def test_rules_of_other_folders_cost_no_matching(self, work):
        """However many there are."""
        rules = tuple(Rule(f"r{n}", (f"/folder{n}/**",), ("smoke",)) for n in range(200))
        paths = [f"folder{n % 200}/{n}.js" for n in range(self.MANY)]
        select(SelectionPolicy(rules), changes(*paths))
        assert work["matched"] == self.MANY

    def test_what_is_kept_does_not_grow_with_them(self):
        """Some reasons and their number."""
        paths = [f"src/{n}" for n in range(self.MANY)]
        selection = select(POLICY, changes(*paths, *(f"{n}.md" for n in range(self.MANY))))
        assert selection.changed == 2 * self.MANY
        choice = next(choice for choice in selection.suites if choice.suite == "sse")
        assert choice.because.count == selection.apart.count == self.MANY
        assert len(choice.because.reasons) == len(selection.apart.reasons) == 10
        assert len(json.dumps(as_json(selection))) < 20_000

    def test_they_are_read_from_a_real_repository(self, repository):
        """With one git command for all of them."""
        tree = "".join(
            f"M 100644 inline src/handlers/f{n}.js\ndata 1\nx\n" for n in range(self.MANY)
        )
        head = repository.git("rev-parse", "HEAD")
        stream = (
            "commit refs/heads/many\ncommitter C <c@example.com> 0 +0000\ndata 1\nm\n"
            f"from {head}\n{tree}"
        )
        subprocess.run(
            ["git", "fast-import", "--quiet"],
            cwd=repository.root, env=repository.environ, input=stream.encode(), check=True,
        )  # fmt: skip
        base = {"GITLAB_CI": "1", "CI_MERGE_REQUEST_DIFF_BASE_SHA": head}
        repository.git("symbolic-ref", "HEAD", "refs/heads/many")
        found = repository.since(**base)
        assert isinstance(found, Changes)
        assert len(found.paths) == self.MANY
        assert select(DEFAULT, found).everything is None


class TestModules:
    """What the package loads, and what it may do."""

    FOLDER = Path(pytest_codex.selection.__file__).parent

    def test_pathspec_is_loaded_only_where_paths_are_matched(self):
        """Not by importing."""
        script = (
            "import sys, pytest_codex.selection.views, pytest_codex.selection.rules\n"
            "sys.exit('pathspec' in sys.modules)"
        )
        assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
