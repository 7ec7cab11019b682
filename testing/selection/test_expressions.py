"""Expressions of markers: what they hold for, and what can be told of them without any test."""

from __future__ import annotations

import itertools
import re

import pytest
from _pytest.mark.expression import Expression as Pytests
from hypothesis import given
from hypothesis import strategies as st

from pytest_codex.errors import ConfigurationError
from pytest_codex.policy import SUITES
from pytest_codex.selection.expressions import check_limit, expression_of, joined, parse

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
        "my-e2e and not a.b or True",
    ],
)
def test_it_holds_for_what_it_holds_for_in_pytest(text):
    """For every set of the markers that are in it."""
    ours, theirs = parse(text), Pytests.compile(text)
    for bits in itertools.product((False, True), repeat=len(ours.names)):
        markers = {name for name, bit in zip(sorted(ours.names), bits, strict=True) if bit}
        assert ours.holds(markers) is theirs.evaluate(lambda name, m=markers, **_: name in m)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("smoke and not slow", {"smoke"}),
        ("not (slow or not sse)", {"sse"}),
        ("my-e2e", {"my-e2e"}),
        ("not slow", set()),
        ("e2e or smoke", {"e2e", "smoke"}),
    ],
)
def test_it_asks_for_what_it_does_not_take_out(text, asked):
    """Through any number of negations."""
    assert parse(text).asked == asked


@pytest.mark.parametrize(
    ("text", "offline", "own"),
    [
        ("invariants", True, False),
        ("invariants and not slow", True, False),
        ("invariants or e2e", False, False),
        ("e2e", False, True),
        ("smoke", False, False),
        ("not slow", False, False),
        ("e2e and not smoke", False, True),
    ],
)
def test_only_what_reads_files_needs_no_target(text, offline, own):
    """Whether tests of one's own are live is not in their markers."""
    assert (parse(text).is_offline, parse(text).is_own) == (offline, own)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("smoke", ("smoke",)),
        ("sse or smoke", ("smoke", "sse")),
        ("smoke and not sse", ("smoke",)),
        ("not invariants", None),  # it holds for tests of no suite, too
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
    "text",
    [
        "",
        " ",
        "or",
        "smoke or",
        "not",
        "smoke(1)",
        "smoke(a=1",
        "not(a=1)",
        "a b",
        "(a",
        "a)",
        "()",
        "a # b",
        "(" * 5000,
    ],
)
def test_what_is_none_is_refused(text):
    """In the same words, however it is wrong."""
    with pytest.raises(ValueError, match="is not made of markers with and, or, not"):
        parse(text)
    assert expression_of(text) is None


def test_a_name_of_many_parts_is_read_once():
    """Whatever follows it: the ways to cut it up double with each part."""
    name = ":".join("a" * 5000)
    assert expression_of(f"{name} and (") is None
    found = expression_of(f"{name} or b")
    assert found is not None
    assert found.names == {name, "b"}


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("smoke(a=1)", "smoke(a=1)"),
        ("not slow (page='a) or (b', deep=True) and smoke", "slow (page='a) or (b', deep=True)"),
    ],
)
def test_what_a_marker_is_called_with_is_not_known_from_paths(text, call):
    """A policy is not made of it; a run's -m may be, and hold for tests of that marker."""
    with pytest.raises(ValueError, match=re.escape(f"asks for more than a marker's name: {call}")):
        parse(text)
    Pytests.compile(text)
    limit = expression_of(text)
    assert limit is not None
    assert parse("smoke").meets(limit)
    assert not parse("smoke").implies(limit)
    check_limit(text, ("smoke", "slow"))
    with pytest.raises(ConfigurationError, match=r"unknown marker '(smoke|slow)' "):
        check_limit(text, ("smokes", "slows"))


@pytest.mark.parametrize(
    ("suite", "limit", "meets"),
    [
        ("smoke", "smoke", True),
        ("smoke", "sse", False),
        ("smoke", "not slow", True),
        ("smoke and not slow", "slow", False),
        ("e2e", "smoke or sse", True),
        ("e2e", "not smoke", True),
        ("e2e and not sse", "sse", False),
        ("not slow", "smoke", True),
        ("smoke", MANY, True),
    ],
)
def test_two_meet_in_tests_that_both_hold_for(suite, limit, meets):
    """Where trying would take too long, they may."""
    assert parse(suite).meets(expression_of(limit)) is meets


@pytest.mark.parametrize(
    ("suites", "markers", "one"),
    [
        (["smoke", "sse"], "", "smoke or sse"),
        (["smoke"], "smoke or sse", "smoke"),
        (["smoke"], "smoke and not slow", "smoke and not slow"),
        (["smoke", "e2e and x"], "not slow", "(not slow) and (smoke or e2e and x)"),
        (["smoke"], "mark(a=1)", "(mark(a=1)) and (smoke)"),
        (["e2e"], "not sse", "(not sse) and (e2e)"),
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


TEXTS = st.recursive(
    st.sampled_from(["smoke", "sse", "invariants", "e2e", "slow"]),
    lambda inner: st.one_of(
        inner.map(lambda text: f"not ({text})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
    ),
    max_leaves=5,
)
#: A test is of one suite at most.
MARKED = [
    {*suite, *own}
    for suite in [(), *((suite,) for suite in SUITES)]
    for own in [(), ("e2e",), ("slow",), ("e2e", "slow")]
]


@given(st.lists(TEXTS, min_size=1, max_size=3), TEXTS)
def test_one_expression_holds_where_all_of_it_does(suites, markers):
    """For every test that there can be."""
    one = Pytests.compile(joined(suites, markers))
    limit = Pytests.compile(markers)
    any_of = [Pytests.compile(suite) for suite in suites]
    for marked in MARKED:

        def has(name, marked=marked, **_):
            return name in marked

        wanted = limit.evaluate(has) and any(each.evaluate(has) for each in any_of)
        assert one.evaluate(has) is wanted


@given(TEXTS, TEXTS)
def test_what_is_told_of_two_is_true_of_every_test(one, other):
    """Whether they meet, and whether one implies the other."""
    first, second = expression_of(one), expression_of(other)
    both = [marked for marked in MARKED if first.holds(marked)]
    assert first.meets(second) is any(second.holds(marked) for marked in both)
    assert first.implies(second) is all(second.holds(marked) for marked in both)
