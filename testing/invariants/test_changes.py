"""Every invariant can fail: each unsafe change breaks its rules, at its line, and no others."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from testing.invariants.changes import CHANGES, Change
from testing.invariants.stacks import EXAMPLES, STACK_RULES, Variant, broken, lines_with

_IDS = [change.name for change in CHANGES]


@pytest.mark.parametrize("target", ["prod", "dev"])
def test_the_good_file_is_clean(target: str, tmp_path: Path) -> None:
    """What the changes are made to breaks no rule, and every rule is judged."""
    judgements = Variant((), target).judged(tmp_path)
    assert [str(finding) for finding in broken(judgements)] == []
    assert [judgement.rule.name for judgement in judgements if judgement.unjudged] == []


@pytest.mark.parametrize("change", CHANGES, ids=_IDS)
def test_an_unsafe_change_breaks_its_rules_at_its_line(change: Change, tmp_path: Path) -> None:
    """No rule less, no rule more, and the line at fault is the one that is told."""
    findings = list(broken(change.variant.judged(tmp_path)))
    shown = "\n".join(map(str, findings))
    assert {finding.rule for finding in findings} == set(change.broken), shown
    places = {
        (finding.at.file.name, finding.at.line)
        for finding in findings
        if finding.rule == change.broken[0]
    }
    wanted = lines_with(tmp_path, change.at)
    assert len(wanted) == 1, f"{change.at!r} stands in {len(wanted)} lines"
    assert wanted[0] in places, f"expected at {wanted[0]}:\n{shown}"


def test_there_are_enough_changes_and_no_two_are_called_the_same() -> None:
    """At least a hundred and fifty."""
    assert len(set(_IDS)) == len(CHANGES) >= 150


def test_every_rule_is_broken_more_than_once() -> None:
    """Each is what at least three changes are about."""
    about = Counter(change.broken[0] for change in CHANGES)
    assert {name: about[name] for name in STACK_RULES if about[name] < 3} == {}


def test_the_examples_are_where_they_are_expected() -> None:
    """A table about files that have gone would prove nothing."""
    assert {file.name for file in EXAMPLES.glob("*.yml")} == {
        "docker-compose.yml",
        "compose.dev.stack.yml",
    }
