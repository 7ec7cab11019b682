"""The matrix: which jobs there are, for which targets and suites."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from pytest_codex.errors import ConfigurationError
from pytest_codex.matrix import GITHUB_MOST, Job, Matrix, matrix
from pytest_codex.policy import SUITES
from pytest_codex.selection.changes import Change, Changes, Everything
from pytest_codex.selection.rules import DEFAULT, Rule, SelectionPolicy
from pytest_codex.selection.selecting import Selection, select
from pytest_codex.settings import Settings
from testing.plugin.project import PLAIN


def settings(root: Path, *targets: str, **environ: str) -> Settings:
    """What a command line with these targets says, in a folder."""
    flags: Mapping[str, tuple[str, object]] = (
        {"target": ("--target", list(targets))} if targets else {}
    )
    return Settings(flags, environ, root)


def with_toml(root: Path, text: str) -> Path:
    (root / "pytest_codex.toml").write_text(text)
    return root


def with_compose(root: Path) -> Path:
    (root / "docker-compose.yml").write_text("services: {}\n")
    return root


def changed(*paths: str) -> Selection:
    return select(DEFAULT, Changes(tuple(Change(path, "M") for path in paths), "since main"))


def pairs(found: Matrix) -> list[tuple[str, str]]:
    return [(entry["targets"], entry["markers"]) for entry in found.jobs]


BOTH = "smoke or sse"


def test_each_target_is_one_job_with_all_its_suites(tmp_path: Path) -> None:
    """Its suites share its exchanges; apart they would cost more model calls."""
    found = matrix(settings(tmp_path, "dev", "prod"))
    jobs = [
        {
            "name": name,
            "target": name,
            "targets": name,
            "suites": "smoke, sse",
            "markers": BOTH,
            "results": name,
        }
        for name in ("dev", "prod")
    ]
    assert found.as_json() == {"include": jobs}
    assert found.why_empty == ""


def test_the_invariants_are_one_job_whatever_the_targets(tmp_path: Path) -> None:
    """They read files; the stacks of all targets are judged in one run."""
    found = matrix(settings(with_compose(tmp_path), "dev", "prod"))
    assert pairs(found) == [("", "invariants"), ("dev", BOTH), ("prod", BOTH)]
    assert found.jobs[0]["name"] == "invariants"
    assert found.jobs[0]["target"] == ""


def test_without_a_compose_file_there_is_nothing_to_judge(tmp_path: Path) -> None:
    """A job for it could only fail."""
    found = matrix(settings(tmp_path, "prod"), markers="invariants")
    assert found.jobs == ()
    assert found.why_empty.startswith("nothing to verify: invariants: no compose file is found: ")


def test_suites_that_a_target_does_not_allow_are_left_out(tmp_path: Path) -> None:
    """As they are where the suites are run."""
    root = with_toml(tmp_path, '[targets.prod]\nsuites = ["smoke"]\n')
    found = matrix(settings(root, "dev", "prod"))
    assert pairs(found) == [("dev", BOTH), ("prod", "smoke")]


@pytest.mark.parametrize(
    ("markers", "expected"),
    [
        ("smoke", "smoke"),
        ("smoke or sse", BOTH),
        ("not sse", "smoke"),
        ("(smoke or sse) and not smoke", "sse"),
        ("  ", BOTH),
    ],
)
def test_an_expression_of_suites_is_understood(tmp_path: Path, markers, expected) -> None:
    """As -m has it."""
    assert pairs(matrix(settings(tmp_path, "prod"), markers=markers)) == [("prod", expected)]


@pytest.mark.parametrize(
    ("markers", "expected"),
    [
        ("smoke and not slow", "smoke and not slow"),
        ("not slow", "(not slow) and (smoke or sse)"),
        ("slow", "(slow) and (smoke or sse)"),
        ("smoke or slow", "smoke"),
    ],
)
def test_markers_of_one_s_own_are_said_to_the_jobs(tmp_path: Path, markers, expected) -> None:
    """Beside the suites, where they do not say it already."""
    found = matrix(settings(tmp_path, "prod"), markers=markers, known=(*SUITES, "slow"))
    assert pairs(found) == [("prod", expected)]


@pytest.mark.parametrize("markers", ["smoke or", "smoke(1)", "a b"])
def test_what_is_no_expression_is_refused(tmp_path: Path, markers) -> None:
    with pytest.raises(ConfigurationError, match="expected smoke, sse, invariants and other mark"):
        matrix(settings(tmp_path, "prod"), markers=markers)


def test_a_name_that_is_near_is_said(tmp_path: Path) -> None:
    """A typing error would leave a suite out."""
    with pytest.raises(ConfigurationError, match=r"'smokey' \(did you mean 'smoke'\?\)"):
        matrix(settings(tmp_path, "prod"), markers="sse or smokey")


# -- which targets --------------------------------------------------------------------------------


def test_without_names_all_configured_targets_are_meant(tmp_path: Path) -> None:
    """Those of the file, and those with a domain."""
    root = with_toml(tmp_path, '[targets.staging]\ndomain = "s.example"\nmodel = "m"\n')
    assert [t for t, _ in pairs(matrix(settings(root)))] == ["staging"]
    found = matrix(settings(root, DEV_DOMAIN="dev.example"))
    assert [t for t, _ in pairs(found)] == ["dev", "staging"]
    found = matrix(settings(root, DEV_DOMAIN="dev.example", DOMAIN="prod.example"))
    assert [t for t, _ in pairs(found)] == ["prod", "dev", "staging"]


def test_the_default_target_is_there_if_nothing_else_is(tmp_path: Path) -> None:
    """It says that it has no domain, which an empty matrix would not."""
    assert [t for t, _ in pairs(matrix(settings(tmp_path)))] == ["prod"]


def test_a_domain_on_the_command_line_is_that_of_the_default_target(tmp_path: Path) -> None:
    flags = {"domain": ("--domain", "embedded")}
    assert [t for t, _ in pairs(matrix(Settings(flags, {}, tmp_path)))] == ["prod"]


def test_the_targets_of_the_configuration_are_asked_for_by_name(tmp_path: Path) -> None:
    root = with_toml(tmp_path, 'target = ["dev"]\n[targets.staging]\ndomain = "s.example"\n')
    assert [t for t, _ in pairs(matrix(settings(root)))] == ["dev"]


def test_an_unknown_target_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="unknown target 'stagign'"):
        matrix(settings(tmp_path, "stagign"))


# -- what changes ask for -------------------------------------------------------------------------


def test_only_what_changes_ask_for_is_in_it(tmp_path: Path) -> None:
    """By the default policy: streaming both suites, an image smoke on dev, and always the rest."""
    root = with_compose(tmp_path)
    both = settings(root, "dev", "prod")
    assert pairs(matrix(both, changed("src/utils.js"))) == [("", "invariants")]
    everywhere = [("", "invariants"), ("dev", BOTH), ("prod", BOTH)]
    assert pairs(matrix(both, changed("server.js"))) == everywhere
    assert pairs(matrix(both, changed("Dockerfile"))) == [("", "invariants"), ("dev", "smoke")]


def test_a_target_that_a_rule_names_is_in_it_if_it_has_a_domain(tmp_path: Path) -> None:
    """As the plan of the same changes says; where it has none, that is said."""
    with_toml(tmp_path, 'target = ["dev"]\n')
    selection = changed("docker-compose.yml")
    with_domain = settings(tmp_path, DOMAIN="prod.example")
    found = matrix(with_domain, selection)
    assert pairs(found) == [("prod", "smoke")]
    no_file = (
        "invariants selected and left out: no compose file is found: --compose=FILE; "
        "or always = [] under [selection]"
    )
    assert found.left_out == (no_file,)
    found = matrix(settings(tmp_path), selection)
    assert found.jobs == ()
    assert found.left_out == (
        "prod: smoke selected and left out: it has no domain: set DOMAIN or APP_DOMAIN",
        no_file,
    )
    assert not found.may_be_empty  # a domain is what is missing
    with_compose(tmp_path)
    found = matrix(settings(tmp_path), selection)
    assert pairs(found) == [("", "invariants")]
    assert not found.may_be_empty  # not for the live ones, which are all that it is about
    assert (
        "smoke: it cannot be run on prod (it has no domain: set DOMAIN or APP_DOMAIN)"
        in found.why_empty
    )


OWN = SelectionPolicy(
    (
        Rule("quick", ("/quick",), ("smoke and not slow",)),
        Rule("pages", ("/pages",), ("e2e", "invariants and not slow")),
        Rule("dev", ("/dev",), ("e2e",), targets=("dev",)),
    )
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("quick", [("dev", "smoke and not slow"), ("prod", "smoke and not slow")]),
        ("pages", [("", "invariants and not slow"), ("dev", "e2e"), ("prod", "e2e")]),
        ("dev", [("dev", "e2e")]),
    ],
)
def test_expressions_of_a_policy_are_run_where_they_belong(tmp_path: Path, path, expected) -> None:
    """Where the run is, or where a rule says; tests of one's own need not leave results."""
    selection = select(OWN, Changes((Change(path, "M"),), "since main"))
    found = matrix(settings(with_compose(tmp_path), "dev", "prod"), selection)
    assert pairs(found) == expected
    results = [job["results"] for job in found.jobs if job["results"]]
    assert results == {"quick": ["dev", "prod"], "pages": ["invariants"], "dev": []}[path]


def test_tests_of_one_s_own_are_left_to_others_where_whole_suites_are_asked_for(
    tmp_path: Path,
) -> None:
    """A job of the suites would find none; and that is said."""
    selection = select(OWN, Changes((Change("dev", "M"),), "since main"))
    found = matrix(settings(tmp_path, "dev", "prod"), selection, markers=BOTH)
    assert found.jobs == ()
    assert found.left_out == ("e2e selected and left out: -m 'smoke or sse'",)
    found = matrix(settings(tmp_path, "dev", "prod"), selection, markers="not sse")
    assert pairs(found) == [("dev", "(not sse) and (e2e)")]  # these are in no suite


def test_a_suite_is_selected_on_targets_that_allow_it(tmp_path: Path) -> None:
    """The others are told."""
    root = with_compose(with_toml(tmp_path, '[targets.prod]\nsuites = ["sse"]\n'))
    found = matrix(settings(root, "dev", "prod"), changed("server.js"))
    assert pairs(found) == [("", "invariants"), ("dev", BOTH), ("prod", "sse")]
    assert found.left_out == ("prod: smoke selected and left out: its suites are sse",)


UNKNOWN = select(DEFAULT, Everything("a shallow clone", "fetch more"))


@pytest.mark.parametrize("selection", [changed("docker-compose.yml"), UNKNOWN])
def test_targets_of_the_command_line_are_all_there_are(tmp_path: Path, selection) -> None:
    """Neither a rule nor everything adds to them."""
    found = matrix(settings(tmp_path, "dev", DOMAIN="prod.example"), selection, markers=BOTH)
    assert pairs(found) == ([("dev", BOTH)] if selection is UNKNOWN else [])
    assert found.may_be_empty is (selection is not UNKNOWN)


def test_an_empty_matrix_says_what_the_changes_ask_for(tmp_path: Path) -> None:
    """Of each suite; a compose file is not what is missing."""
    root = with_compose(tmp_path)
    found = matrix(settings(root, "dev"), changed("docker-compose.yml"), markers=BOTH)
    assert found.why_empty == (
        "nothing to verify: smoke: it cannot be run on prod (--target does not name it); "
        "sse: no changed path asks for it"
    )
    found = matrix(settings(tmp_path, "prod"), changed("src/utils.js"), markers="smoke")
    assert found.why_empty == "nothing to verify: smoke: no changed path asks for it"
    assert found.may_be_empty
    found = matrix(settings(tmp_path, "prod"), changed("src/utils.js"), markers="smoke and sse")
    assert (found.may_be_empty, found.why_empty) == (
        False,
        "nothing to verify: -m 'smoke and sse' lets no suite in",
    )


def test_the_question_explains_the_selection_on_standard_error(
    pytester: pytest.Pytester,
) -> None:
    """Its answer is JSON alone; with changes unknown, that is everything."""
    pytester.makeini("[pytest]")
    arguments = ("--codex-matrix", "--target=dev", "-m", "smoke or sse")
    result = pytester.runpytest_inprocess(*PLAIN, *arguments, "--changed-since=no-such-ref")
    assert result.ret == 0
    (job,) = json.loads(result.outlines[-1])["include"]
    assert (job["targets"], job["markers"]) == ("dev", BOTH)
    result.stderr.fnmatch_lines(["selection: everything runs: *", "selection: sse: SELECTED*"])
    pytester.path.joinpath("changed").write_text("docker-compose.yml\n")
    result = pytester.runpytest_inprocess(*PLAIN, *arguments, "--changed-files=changed")
    assert result.outlines[-1] == '{"include":[]}'
    result.stderr.fnmatch_lines(
        [
            "selection: prod: smoke selected and left out: --target does not name it",
            "nothing to verify: smoke: it cannot be run on prod (--target does not name it); *",
        ]
    )


def test_what_is_not_known_runs_everything(tmp_path: Path) -> None:
    selection = select(DEFAULT, Everything("a shallow clone", "fetch more"))
    found = matrix(settings(with_compose(tmp_path), "dev", "prod"), selection)
    assert pairs(found) == [("", "invariants"), ("dev", BOTH), ("prod", BOTH)]


def test_nothing_is_said_to_be_nothing(tmp_path: Path) -> None:
    """The entries are an empty list, and there are words for it."""
    nothing = select(SelectionPolicy(rules=()), Changes((), "since main"))
    found = matrix(settings(tmp_path, "prod"), nothing)
    assert found.jobs == ()
    assert found.why_empty == "nothing to verify: nothing has changed, and `always` is empty"


# -- more targets than jobs -----------------------------------------------------------------------


def many(root: Path, number: int) -> Settings:
    tables = "".join(f'[targets.t{n:03}]\ndomain = "t{n}.example"\n' for n in range(number))
    names = ", ".join(f'"t{n:03}"' for n in range(number))
    return settings(with_toml(root, f"target = [{names}]\n{tables}"))


def test_as_many_targets_as_jobs_have_one_each(tmp_path: Path) -> None:
    found = matrix(many(tmp_path, GITHUB_MOST))
    assert len(found.jobs) == GITHUB_MOST
    assert all(entry["target"] == entry["targets"] for entry in found.jobs)


def test_more_targets_share_jobs(tmp_path: Path) -> None:
    """With as few in each as there have to be; none is left out, and none is there twice."""
    found = matrix(many(with_compose(tmp_path), 300))
    entries = found.jobs
    assert len(entries) == 151
    assert {len(entry["targets"].split()) for entry in entries[1:]} == {2}
    assert " ".join(e["targets"] for e in entries[1:]).split() == [f"t{n:03}" for n in range(300)]
    assert entries[1] == {
        "name": "t000..t001",
        "target": "",
        "targets": "t000 t001",
        "suites": "smoke, sse",
        "markers": BOTH,
        "results": "t000 t001",
    }
    assert len({entry["name"] for entry in entries}) == len(entries)


def test_targets_share_a_job_only_with_those_of_the_same_suites(tmp_path: Path) -> None:
    many(tmp_path, 9)
    toml = tmp_path / "pytest_codex.toml"
    own = '[targets.t004]\nsuites = ["smoke"]\n'
    toml.write_text(toml.read_text().replace("[targets.t004]\n", own))
    assert pairs(matrix(settings(tmp_path), most=3)) == [
        ("t000 t001 t002 t003", BOTH),
        ("t004", "smoke"),
        ("t005 t006 t007 t008", BOTH),
    ]


def test_dev_and_prod_never_share_a_job(tmp_path: Path) -> None:
    """Each has the environment with its secrets, and is verified by one run at a time."""
    many(tmp_path, 5)
    toml = tmp_path / "pytest_codex.toml"
    toml.write_text(toml.read_text().replace("target = [", 'target = ["dev", "prod", '))
    found = matrix(settings(tmp_path), most=4)
    assert [(e["target"], e["targets"]) for e in found.jobs] == [
        ("dev", "dev"),
        ("prod", "prod"),
        ("", "t000 t001 t002"),
        ("", "t003 t004"),
    ]


def test_too_few_jobs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="at most 1 jobs: 2 are needed"):
        matrix(settings(with_compose(tmp_path), "prod"), most=1)


def test_names_can_be_those_of_artifacts() -> None:
    """Which may have no slash, quote or wildcard in them."""
    assert Job(("smoke",), ("a",)).name == "a"
    assert Job(("smoke",), ("a", "b", "c")).name == "a..c"
    assert Job(("invariants",)).name == "invariants"
    assert Job(("invariants", "(e2e or a) and b")).name == "invariants-e2e-or-a-and-b"
