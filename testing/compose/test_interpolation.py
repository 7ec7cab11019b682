"""Substitution of variables, without Docker and without files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_codex.compose.interpolate import TemplateError, interpolate

VARIABLES = {"A": "a", "EMPTY": "", "B_1": "b", "DOLLAR": "$A"}

FORMS = [
    ("", ""),
    ("plain", "plain"),
    ("$A", "a"),
    ("${A}", "a"),
    ("$A$A-$A", "aa-a"),
    ("$B_1", "b"),
    ("${EMPTY}", ""),
    ("${U:-d}", "d"),
    ("${U-d}", "d"),
    ("${EMPTY:-d}", "d"),
    ("${EMPTY-d}", ""),
    ("${A:-d}", "a"),
    ("${A:+r}", "r"),
    ("${A+r}", "r"),
    ("${EMPTY:+r}", ""),
    ("${EMPTY+r}", "r"),
    ("${U:+r}", ""),
    ("${U+r}", ""),
    ("${A:?m}", "a"),
    ("${A?m}", "a"),
    ("${EMPTY?m}", ""),
    ("${U:-${A}}", "a"),
    ("${U:-${V:-${W:-deep}}}", "deep"),
    ("${A:+${U:-x}}", "x"),
    ("${U:-$A and ${B_1}}", "a and b"),
    ("${U:-{x}}", "{x}"),
    ("${A:-{x}}", "a"),
    ("${U:-a:?b}", "a:?b"),
    ("${U:-}", ""),
    ("$$", "$"),
    ("$$A", "$A"),
    ("$$$A", "$a"),
    ("$${A}", "${A}"),
    ("${U:-$$A}", "$A"),
    ("$DOLLAR", "$A"),
    ("^.+$", "^.+$"),
    ("^a$|b$", "^a$|b$"),
    ("$1 $(x) $-", "$1 $(x) $-"),
    ("$É", "$É"),
    ("${A:-${}}", "a"),
]
BROKEN = [
    ("${", 0),
    ("${}", 0),
    ("x${1A}", 1),
    ("${A", 0),
    ("${A b}", 0),
    ("${A:b}", 0),
    ("${ A}", 0),
    ("${A }", 0),
    ("${U:=x}", 0),
    ("${A/b/c}", 0),
    ("ab ${#A}", 3),
    ("${U:-\n}", 0),
    ("${U:-${}}", 5),
    ("x${U:-y${V:-${!}}}", 12),
]


@pytest.mark.parametrize(("template", "value"), FORMS)
def test_every_form_is_replaced(template: str, value: str) -> None:
    assert interpolate(template, VARIABLES).value == value


@pytest.mark.parametrize(("template", "position"), BROKEN)
def test_what_is_of_no_form_is_an_error_at_its_position(template: str, position: int) -> None:
    with pytest.raises(TemplateError) as error:
        interpolate(template, VARIABLES)
    assert error.value.position == position


@pytest.mark.parametrize(
    ("template", "unset"),
    [
        ("$U", ("U",)),
        ("${U}$V$U", ("U", "V")),
        ("${U:-$V}", ("V",)),
        ("${U:-d}${V-d}${W:+r}${X+r}", ()),
        ("${A:-$U}${A:+x}", ()),
        ("$$U $EMPTY", ()),
    ],
)
def test_unset_variables_that_are_used_are_told_once(template: str, unset: tuple[str]) -> None:
    assert interpolate(template, VARIABLES).unset == unset


@pytest.mark.parametrize("template", ["${U?message}", "${U:?message}", "${U?}"])
def test_a_required_variable_that_is_unset_becomes_a_placeholder(template: str) -> None:
    found = interpolate(f"key-{template}", VARIABLES)
    assert (found.value, found.unset, found.required) == ("key-<U>", ("U",), ("U",))


def test_a_required_variable_that_is_empty_becomes_a_placeholder_only_with_a_colon() -> None:
    assert interpolate("${EMPTY:?m}", VARIABLES).value == "<EMPTY>"
    assert interpolate("${EMPTY?m}", VARIABLES).required == ()


def test_substitutions_nested_without_measure_are_refused() -> None:
    with pytest.raises(TemplateError, match="levels deep"):
        interpolate("${U:-" * 5000 + "x" + "}" * 5000, {})


names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}", fullmatch=True)
values = st.text(max_size=10)


@given(st.text(alphabet=st.characters(exclude_characters="$")))
def test_a_text_without_dollars_stays(text: str) -> None:
    assert interpolate(text, {}).value == text


@given(st.text())
def test_doubling_every_dollar_keeps_a_text(text: str) -> None:
    assert interpolate(text.replace("$", "$$"), {}).value == text


@given(names, values, values, values)
def test_a_value_is_put_in_as_it_is(name: str, value: str, before: str, after: str) -> None:
    before, after = before.replace("$", ""), after.replace("$", "")
    template = f"{before}${{{name}}}{after}"
    assert interpolate(template, {name: value}).value == f"{before}{value}{after}"


@given(st.text(alphabet="${}AU:-+?x \n", max_size=30))
def test_any_text_is_replaced_or_refused_where_a_substitution_begins(text: str) -> None:
    def begins() -> str:
        try:
            interpolate(text, {"A": "a"})
        except TemplateError as error:
            return text[error.position :]
        return "${"

    assert begins().startswith("${")
