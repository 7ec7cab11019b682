"""What a server sent is shown on one line, bounded, and harmless to a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_codex.exchange.excerpt import harmless, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text é 😀", "plain text é 😀"),
        (b"plain bytes \xc3\xa9", "plain bytes é"),
        ("", ""),
        (b"", ""),
        ("two\nlines\r\tand a tab", "two\\nlines\\r\\tand a tab"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        (b"\x1b]0;title\x07\0", "\\x1b]0;title\\x07\\x00"),
        ("\x9b31m", "\\x9b31m"),
        ("half \ud83d", "half \\ud83d"),
        (b"\xff\xfe a", "\\xff\\xfe a"),
        ("left\u202eright\u2028\u200b\ufeff", "left\\u202eright\\u2028\\u200b\\ufeff"),
        ("back\\slash", "back\\slash"),
        ("###[error]x ##[", "##\\x23[error]x #\\x23["),
        ("::error::a  ::stop-commands::b", ":\\x3aerror::a  :\\x3astop-commands::b"),
        ("::error file=a,line=1::b", ":\\x3aerror file=a,line=1::b"),
        ("::1 Foo::bar a::b::c ::std", "::1 Foo::bar a::b::c ::std"),
        (b"##vso[task.complete] ## vso[a] ##b", "#\\x23vso[task.complete] ## vso[a] ##b"),
    ],
)
def test_what_a_terminal_would_act_on_is_escaped(text, shown):
    """Control characters, direction marks, line separators, lone surrogates, broken UTF-8; and
    what CI would act on, wherever in a line it is."""
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("x" * 10, 10, "x" * 10),
        ("x" * 11, 10, "x" * 10 + "… (11 characters in all)"),
        (b"x" * 5000, 4, "xxxx… (5,000 bytes in all)"),
        ("\n" * 10, 10, "\\n" * 5 + "… (10 characters in all)"),
        (b"\xff" * 3, 4, "\\xff… (3 bytes in all)"),
        ("€€€".encode(), 4, "€… (9 bytes in all)"),
        (b"abc\xe2\x82", 5, "abc\\x… (5 bytes in all)"),
    ],
)
def test_what_is_left_out_is_said(text, limit, shown):
    """With the size of the whole; a character that the cut breaks is not called broken."""
    assert visible(text, limit) == shown


@given(st.text(st.characters()) | st.binary(), st.integers(1, 50))
def test_whatever_it_is_the_excerpt_is_one_short_printable_line(text, limit):
    """For any text, with lone surrogates too, and any bytes."""
    shown = visible(text, limit)
    assert shown.isprintable()
    assert len(shown) <= limit + 40
    assert shown.encode().decode() == shown


def test_a_huge_text_costs_no_more_than_its_beginning():
    """The rest is not looked at: only its length is said."""
    assert visible(b"a" * (1 << 24), 3) == "aaa… (16,777,216 bytes in all)"


@pytest.mark.parametrize(
    ("text", "kept", "coloured"),
    [
        ("two\nlines\tand é 😀 \u200d\xa0", "two\nlines\tand é 😀 \u200d\xa0", None),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m", "\x1b[31mred\x1b[0m"),
        ("\x1b[2J\x1b]0;x\x07", "\\x1b[2J\\x1b]0;x\\x07", None),
        ("a\x9b31m\rb\0", "a\\x9b31m\\rb\\x00", None),
        ("half \ud83d, \u202eback, \u2028", "half \\ud83d, \\u202eback, \\u2028", None),
    ],
)
def test_a_long_text_keeps_its_lines_and_what_is_harmless(text, kept, coloured):
    """Colours only where pytest itself colours; what cannot be encoded never."""
    assert harmless(text) == kept
    assert harmless(text, colours=True) == (kept if coloured is None else coloured)
    assert harmless(text).encode()
