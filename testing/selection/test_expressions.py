"""Expressions of markers: what they hold for, and what can be told of them without any test."""

from __future__ import annotations

import itertools

import pytest
from _pytest.mark.expression import Expression as Pytests

from pytest_codex.policy import SUITES
from pytest_codex.selection.expressions import expression_of, joined, parse

MANY = " or ".join(f"m{n}" for n in range(200))


@pytest.mark.parametrize(
    "text",
    [
        "smoke",
        "not slow",
        "smoke and not slow",
        "smoke or sse and not (slow or flaky)",
        "not (not smoke)",
        "((e2e))",
        "not slow and not flaky or smoke",
    ],
)
def test_it_holds_for_what_it_holds_for_in_pytest(text):
    """For every set of the markers that are in it."""
    ours, theirs = parse(text), Pytests.compile(text)
    for bits in itertools.product((False, True), repeat=len(ours.names)):
        markers = {name for name, bit in zip(sorted(ours.names), bits, strict=True) if bit}
        assert ours.holds(markers) is theirs.evaluate(lambda name, m=markers, **_: name in m)


@pytest.mark.parametrize(
    ("text", "asked", "suites"),
    [
        ("smoke and not slow", {"smoke"}, ("smoke",)),
        ("not (slow or not sse)", {"sse"}, ("sse",)),
        ("e2e", {"e2e"}, ()),
        ("not slow", set(), SUITES),
        ("e2e or smoke", {"e2e", "smoke"}, ("smoke",)),
    ],
)
def test_it_asks_for_what_it_does_not_take_out(text, asked, suites):
    """Where it asks for nothing, it is about every suite."""
    assert parse(text).asked == asked
    assert parse(text).suites == suites


@pytest.mark.parametrize(
    ("text", "offline", "live"),
    [
        ("invariants", True, False),
        ("invariants and not slow", True, False),
        ("invariants or e2e", False, False),
        ("e2e", False, False),
        ("smoke", False, True),
        ("invariants or sse", False, True),
        ("not slow", False, True),
    ],
)
def test_what_reads_files_only_needs_no_target(text, offline, live):
    """Nor do tests of no suite."""
    assert (parse(text).is_offline, parse(text).is_live) == (offline, live)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("smoke", ("smoke",)),
        ("sse or smoke", ("smoke", "sse")),
        ("not invariants", ("smoke", "sse")),
        ("smoke or e2e", None),
    ],
)
def test_whole_suites_are_told_from_parts_of_them(text, whole):
    """By their names alone."""
    assert parse(text).whole == whole


@pytest.mark.parametrize("text", ["smoke and sse", "slow and not slow", "smoke and not smoke"])
def test_what_can_hold_for_no_test_is_refused(text):
    """A test is of one suite."""
    with pytest.raises(ValueError, match="can hold for no test"):
        parse(text)


@pytest.mark.parametrize(
    "text", ["", " ", "smoke or", "smoke(1)", "1", "a-b", "a if b else c", "[a]", "(" * 5000, "a\0"]
)
def test_what_is_none_is_refused(text):
    """In the same words, however it is wrong."""
    with pytest.raises(ValueError, match="is not made of markers with and, or, not"):
        parse(text)
    assert expression_of(text) is None


@pytest.mark.parametrize(
    ("suite", "limit", "meets"),
    [
        ("smoke", "smoke", True),
        ("smoke", "sse", False),
        ("smoke", "not slow", True),
        ("smoke and not slow", "slow", False),
        ("e2e", "smoke or sse", False),
        ("e2e", "not smoke", True),
        ("not slow", "smoke", True),
        ("smoke", MANY, True),
    ],
)
def test_two_meet_in_tests_that_they_are_both_about(suite, limit, meets):
    """Where trying would take too long, they may."""
    assert parse(suite).meets(parse(limit)) is meets


@pytest.mark.parametrize(
    ("suites", "markers", "one"),
    [
        (["smoke", "sse"], "", "smoke or sse"),
        (["smoke"], "smoke or sse", "smoke"),
        (["smoke"], "smoke and not slow", "smoke and not slow"),
        (["smoke", "e2e and x"], "not slow", "(not slow) and (smoke or e2e and x)"),
        (["smoke"], "mark(a=1)", "(mark(a=1)) and (smoke)"),
        (["smoke"], MANY, f"({MANY}) and (smoke)"),
    ],
)
def test_one_expression_says_no_more_than_it_has_to(suites, markers, one):
    """Both sides have to hold, unless one says it all."""
    assert joined(suites, markers) == one


def test_a_target_allows_what_is_about_its_suites():
    """And tests of no suite."""
    assert not parse("smoke and not slow").allows(["sse"])
    assert parse("smoke or sse").allows(["sse"])
    assert parse("e2e").allows([])
