"""Files of variables, and which variable wins."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_codex.compose.environment import parse_raw, parse_variables, variables
from pytest_codex.errors import ConfigurationError

FILE = Path(".env")


def values(text: str, **known: str) -> dict[str, str]:
    found = parse_variables(text, FILE, known, {})
    return {name: value.value for name, value in found.items()}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("V=x", "x"),
        ("export V=x", "x"),
        ("V = x", "x"),
        ("V: x", "x"),
        ("  V=x  ", "x"),
        ("V=", ""),
        ("V=a b", "a b"),
        ("V=a # comment", "a"),
        ("V=a#b", "a#b"),
        ("V='a # b' # comment", "a # b"),
        ('V="a\\tb\\n" # comment', "a\tb\n"),
        ('V="a\\"b"', 'a"b'),
        ("V='a\\'b'", "a'b"),
        ("V='$K'", "$K"),
        ('V="$K"', "known"),
        ("V=${K}-${U:-d}", "known-d"),
        ('V="\\$K"', "$K"),
        ("V=$$K", "$K"),
        ("V=^a$", "^a$"),
        ("V='a\nb'", "a\nb"),
        ("V=a=b", "a=b"),
    ],
)
def test_values_are_read_as_docker_compose_reads_them(line: str, value: str) -> None:
    assert values(f"# first\n\n{line}\nW=1\n", K="known") == {"V": value, "W": "1"}


def test_every_variable_knows_its_line_behind_values_over_several() -> None:
    found = parse_variables("A=1\nB='x\ny\nz'\n\nC=2\r\nD=3\n", FILE, {}, {})
    assert {name: text.at.line for name, text in found.items()} == {"A": 1, "B": 2, "C": 6, "D": 7}


def test_a_name_alone_is_passed_on_where_it_is_known() -> None:
    assert values("K\nU\n", K="known") == {"K": "known"}


def test_earlier_variables_can_be_used_and_known_ones_come_first() -> None:
    assert values("A=1\nB=$A\nK=file\nC=$K\n", K="known")["C"] == "known"
    assert values("A=1\nB=$A\nA=2\nC=$A\n") == {"A": "2", "B": "1", "C": "2"}
    assert parse_variables("B=$A\n", FILE, {}, {"A": "earlier"})["B"].value == "earlier"


def test_raw_files_are_taken_as_they_are() -> None:
    found = parse_raw("# c\nA='$K' # x\n\nB\nK\n", FILE, {"K": "known"})
    assert {name: (text.value, text.at.line) for name, text in found.items()} == {
        "A": ("'$K' # x", 2),
        "K": ("known", 5),
    }


def test_variables_that_double_one_another_are_refused() -> None:
    text = "A0=aaaaaaaa\n" + "".join(f"A{n}=$A{n - 1}$A{n - 1}\n" for n in range(1, 50))
    with pytest.raises(ConfigurationError, match=r"\.env:\d+: "):
        values(text)


def test_the_shell_wins_over_named_files_and_those_replace_the_folder_s_own(
    tmp_path: Path,
) -> None:
    (tmp_path / ".env").write_text("A=dot\nB=dot\n", encoding="utf-8")
    (tmp_path / "one").write_text("A=one\nB=one\n", encoding="utf-8")
    (tmp_path / "two").write_text("B=two\nC=$A\n", encoding="utf-8")
    assert variables({"A": "shell"}, [], tmp_path) == {"A": "shell", "B": "dot"}
    named = [tmp_path / "one", tmp_path / "two"]
    assert variables({}, named, tmp_path) == {"A": "one", "B": "two", "C": "one"}
    with pytest.raises(ConfigurationError, match="three: cannot be read"):
        variables({}, [tmp_path / "three"], tmp_path)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_line_and_without_its_words(text: str) -> None:
    def told() -> str:
        try:
            parse_variables(f"A=1\n{text}\n", FILE, {}, {})
        except ConfigurationError as error:
            return str(error)
        return ".env:2: "

    assert told().startswith(".env:")


@given(st.text(max_size=40).filter(lambda text: "\\" not in text and "\r" not in text))
def test_single_quotes_keep_any_value(text: str) -> None:
    quoted = text.replace("'", "\\'")
    assert values(f"V='{quoted}'\nW=1\n") == {"V": text, "W": "1"}
