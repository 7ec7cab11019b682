"""The table at the end of a run."""

from __future__ import annotations

import pytest

from pytest_codex.diagnosis import Cause, Level
from pytest_codex.report.facts import Facts
from pytest_codex.report.outcomes import Outcome
from pytest_codex.report.summary import overview, to_do
from testing.plugin.project import Endpoint, Project

MEASURED = Facts(29, 2, 0.061, 12.5, 90.2, 0.0, 61.24)
NOTHING = Facts(3, 0, None, None, None, 0.0, None)


def outcome(kind: str, name: str = "test_it", detail: str = "") -> Outcome:
    return Outcome(
        f"tests/test_x.py::{name}", "prod", kind, 0.1, "tests/test_x.py", 1, "it broke", detail
    )


GREEN = [outcome("passed")] * 52 + [outcome("skipped")] * 3
#: Two targets of one kind.
EAST, WEST = (
    f"a-very-long-name-of-a-target-in-the-staging-cluster-eu-{where}-1"
    for where in ("central", "west")
)
RED = [outcome("passed"), outcome("failed", "test_a"), outcome("error", "test_b")]


def test_a_row_for_each_target_in_80_columns():
    """Aligned, with units; what was not measured is a dash; an error counts as a failure."""
    lines = overview([("prod", GREEN, 0, MEASURED), ("dev", RED, 12, NOTHING)], 80)
    assert [text for text, _ in lines] == [
        "                                         model   first  longest  cert    wall",
        "target  passed  failed  skipped  advice  calls   event      gap  days    time",
        "prod        52       0        3       0      2  0.06 s  12.50 s    90  61.2 s",
        "dev          1       2        0      12      0       -        -     -       -",
    ]
    assert [red for _, red in lines] == [None, None, False, True]


def test_long_names_are_cut_before_anything_else():
    """The figures are what it is for; in their middle, for names of one kind differ at the ends."""
    lines = overview([(EAST, GREEN, 0, MEASURED), (WEST, RED, 0, MEASURED)], 80)
    names = [text.split()[0] for text, _ in lines[2:]]
    assert names == ["a-very-l…central-1", "a-very-l…eu-west-1"]
    assert max(len(text) for text, _ in lines) == 80
    assert [red for _, red in lines] == [None, None, False, True]


def test_names_that_would_look_the_same_get_the_room_they_need():
    """In a table that is turned, where there is more of it."""
    rows = [(f"a-deployment-in-region-{n}-of-our-clusters", GREEN, 0, MEASURED) for n in "ab"]
    lines = [text for text, _ in overview(rows, 80)]
    assert lines[1].split() == ["passed", "52"]
    assert lines[11].split() == [rows[1][0]]


@pytest.mark.parametrize("width", [80, 77, 63, 60, 50, 40])
@pytest.mark.parametrize("number", [1, 2, 4, 9])
def test_nothing_is_wider_than_the_screen(width, number):
    """However many targets there are, whatever they are called; labels and figures are whole."""
    names = [EAST, WEST, "prod", *(f"target-{n}" for n in range(6))][:number]
    lines = [text for text, _ in overview([(n, GREEN, 0, MEASURED) for n in names], width)]
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert text.count("12.50 s") == number
    assert text.count("skipped") == (text.count("\n\n") + 1)
    shown = {word for word in text.split() if word in names or "…" in word}
    assert len(shown) == number


def test_targets_that_do_not_fit_beside_each_other_stand_below():
    """Each block has its labels."""
    rows = [(name, GREEN, 0, MEASURED) for name in (EAST, WEST, "prod", "dev")]
    lines = [text for text, _ in overview(rows, 60)]
    assert lines[0].split() == ["a-very-lo…-central-1", "a-very-lo…-eu-west-1"]
    assert lines[10] == ""
    assert lines[11].split() == ["prod", "dev"]
    assert [line.split("  ")[0] for line in lines[1:10]] == [
        line.split("  ")[0] for line in lines[12:]
    ]


def test_where_there_is_no_room_the_table_is_turned():
    """On a narrow terminal each target is a column."""
    lines = [
        text for text, _ in overview([("prod", GREEN, 0, MEASURED), ("dev", RED, 1, NOTHING)], 40)
    ]
    assert lines[0].split() == ["prod", "dev"]
    assert lines[1].split() == ["passed", "52", "1"]
    assert lines[-1].split() == ["wall", "time", "61.2", "s", "-"]
    assert max(map(len, lines)) <= 40


def test_the_first_thing_to_do_is_about_the_cause():
    """Or about the first check that failed; nothing where all is well, whatever the diagnosis."""
    broken = Cause(Level.REACHABLE, "nothing answers at a:443: refused", "see the proxy", "healthz")
    assert to_do("prod", GREEN, broken) == []
    assert to_do("prod", RED, broken) == [
        "prod is broken: nothing answers at a:443: refused",
        "  next: see the proxy",
    ]
    says, then = to_do("prod", RED, None)
    assert says == "prod fails test_a (and 1 more): it broke"
    assert then.startswith("  next: ")


CURL = "curl -sS -i 'https://a/v1/models' -H \"Authorization: Bearer ${KEY}\""
REDO = f"E         request   {CURL}\nE         evidence  exchange models of prod"


@pytest.mark.parametrize(
    ("detail", "then"),
    [
        (f"E       expected this\n{REDO}", f"repeat its request: {CURL}"),
        (f"expected this\n  request   {CURL}\n", f"repeat its request: {CURL}"),
        (f"{REDO}\n\n-- and its teardown --\n\nE  request   curl b", f"repeat its request: {CURL}"),
        (f"E         next      see the proxy's log\n{REDO}", "see the proxy's log"),
        ("E       assert 1 == 2", "see its failure above; the exchanges are in the results"),
    ],
)
def test_a_check_s_own_failure_says_what_to_do(detail: str, then: str):
    """What its message has; or else to repeat the request that shows it, with the key's name."""
    failed = [outcome("failed", detail=detail)]
    assert to_do("prod", failed, None)[1] == f"  next: {then}"
    assert "curl" not in to_do("prod", failed, None, embedded=True)[1]  # nobody answers any more


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_a_run_over_two_targets_ends_in_one_table(
    project: Project, deployed: Endpoint, monkeypatch, workers
):
    """Then what to do first about the red one: dev's model is not what is deployed there."""
    monkeypatch.setenv("DEV_DOMAIN", deployed.domain)
    result = project.glance(
        "suites/smoke/test_models.py", "--target=prod", "--target=dev", *workers
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            f"prod: https://{deployed.domain}, * requests",
            "  results: test-results/prod",
            f"dev: https://{deployed.domain}, * requests",
            "  results: test-results/dev",
            "target *passed *failed *skipped *advice *calls *event *gap *days *time",
            "prod * 0 * 1 * s",
            "dev * s",
            "dev fails test_*",
            "  next: repeat its request: curl -sS -i *https://localhost:*",
        ]
    )
    result.stdout.no_fnmatch_line("prod fails*")
