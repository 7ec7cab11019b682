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


def outcome(kind: str, name: str = "test_it") -> Outcome:
    return Outcome(f"tests/test_x.py::{name}", "prod", kind, 0.1, "tests/test_x.py", 1, "it broke")


GREEN = [outcome("passed")] * 52 + [outcome("skipped")] * 3
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
    """The figures are what it is for."""
    lines = overview([("a-deployment-with-a-long-name", GREEN, 0, MEASURED)], 80)
    assert lines[2][0].startswith("a-deployment-w")
    assert "…" in lines[2][0]
    assert max(len(text) for text, _ in lines) == 80


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
            "  next: see its failure above*",
        ]
    )
    result.stdout.no_fnmatch_line("prod fails*")
