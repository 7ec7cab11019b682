"""The command lines that carry a selection out as this run was called."""

from __future__ import annotations

import pytest

from pytest_codex.policy import SUITES
from pytest_codex.selection.calls import Call, call_of
from pytest_codex.selection.expressions import parse


def line(*arguments: str, markers: str = "", target: str = "prod") -> str:
    """Return the command line for smoke and sse on a target, after a run on prod."""
    (said,) = call_of(arguments, markers).lines(["smoke", "sse"], [target], ["prod"])
    return said.removeprefix("pytest ").removesuffix(f" --target={target}")


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        (("--pyargs", "pytest_codex.suites", "--plan"), "--pyargs pytest_codex.suites"),
        (("tests", "--plan=json", "--changed-since", "auto", "-v"), "tests -v"),
        (("--codex-changed-files=-", "a b", "--explain-selection"), "'a b'"),
        (("--no-explain-selection", "--codex-matrix", "tests"), "tests"),
        (("-m", "smoke", "-msse", "-qm", "sse", "-p", "no:x", "tests"), "-q -p no:x tests"),
        (("--target=dev", "--codex-target", "prod", "--compose", "c.yml"), "--compose c.yml"),
        (("--results-dir=out", "--require-key", "-n2"), "--results-dir=out --require-key -n2"),
        (("--domain", "embedded", "--embedded-defect=x"), "--embedded-defect=x --domain embedded"),
        (("--", "tests"), "tests"),
        (("--domain",), "--domain"),
    ],
)
def test_what_says_where_and_how_is_kept(arguments, kept):
    """And what says which tests is not: the new call says that itself."""
    assert line(*arguments) == f"{kept} -m 'smoke or sse'".lstrip()


@pytest.mark.parametrize("form", [("--key=sk-secret",), ("--codex-key", "sk-secret")])
def test_a_key_that_is_written_out_is_never_repeated(form):
    """The name of a variable or a file is."""
    assert line(*form, "tests") == "tests -m 'smoke or sse'"
    assert line("--key=env:NAME") == "--key=env:NAME -m 'smoke or sse'"


def test_what_is_true_of_one_deployment_is_not_said_of_another():
    """Its domain would be verified under the other's name; the embedded endpoint serves any."""
    assert line("--domain=a.example", "--key=env:K", target="dev") == "-m 'smoke or sse'"
    assert line("--domain=embedded", target="dev") == "--domain=embedded -m 'smoke or sse'"


def test_a_domain_makes_a_run_of_each_target():
    """Settings refuse one domain for several."""
    call = call_of(["--domain=a.example"])
    assert call.lines(["smoke"], ["prod", "dev"], ["prod"]) == [
        "pytest --domain=a.example -m smoke --target=prod", "pytest -m smoke --target=dev",
    ]  # fmt: skip
    assert Call().lines(["smoke"], ["prod", "dev"], ["prod"]) == [
        "pytest -m smoke --target=prod --target=dev"
    ]


@pytest.mark.parametrize(
    ("markers", "allowed"),
    [
        ("", {"smoke", "sse", "invariants"}),
        (" smoke or sse", {"smoke", "sse"}),
        ("not (smoke or sse)", {"invariants"}),
        ("smoke and sse", set()),
        ("smoke and slow", {"smoke"}),
        ("slow", {"smoke", "sse"}),
        ("not slow", {"smoke", "sse", "invariants"}),
        ("mark(a=1)", {"smoke", "sse"}),
        ("smoke or sse or slow", {"smoke", "sse"}),
        ("sse and not slow or slow and sse", {"sse"}),
        ("smoke or", {"smoke", "sse", "invariants"}),
    ],
)
def test_of_the_suites_those_run_that_the_markers_allow(markers, allowed):
    """Where only pytest understands them, pytest finds out."""
    call = Call(markers=markers)
    assert {suite for suite in SUITES if call.lets(parse(suite))} == allowed


def test_markers_that_are_no_suites_are_put_before_the_suites():
    """Both have to hold."""
    assert line("tests", markers="not slow") == "tests -m '(not slow) and (smoke or sse)'"


@pytest.mark.parametrize(
    ("markers", "let_in"),
    [
        ("", True),
        ("e2e", True),
        ("slow", True),
        ("smoke or e2e", True),
        ("not sse", True),
        ("smoke", False),
        ("smoke and not slow", False),
        ("smoke or slow", True),
        ("e2e and slow", False),
    ],
)
def test_of_one_s_own_tests_those_run_that_are_of_no_suite(markers, let_in):
    """One that is of a suite besides runs with it, where the suite is asked for."""
    suite = "e2e and not slow" if markers == "e2e and slow" else "e2e"
    assert Call(markers=markers).lets(parse(suite)) is let_in
