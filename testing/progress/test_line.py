"""What is pending in words, on a terminal and in a file."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from pytest_codex.probes.pending import Pending
from pytest_codex.report.paint import colours_wanted, painted
from pytest_codex.report.progress import ERASED, drawn, dump, is_late, line, load

from .screen import Screen

STREAM = Pending(
    "prod", "chat_stream", 12.3, 120.0, "stream", sent=True, status=200, events=41, quiet=0.31
)
CHAT = Pending("prod", "chat", 12.0, 60.0, "nonstream", sent=True)
HEALTH = Pending("prod", "healthz", 3.0, 10.0, "connect")
HALF = Pending("prod", "models", 2.0, 15.0, "request", sent=True, status=200, size=1024, quiet=1.0)


def test_a_log_says_everything():
    """What is waited for, how long, of which budget, and what has arrived."""
    assert line([STREAM, CHAT, HEALTH, HALF]) == (
        "chat_stream: 200, 41 events, last 0.3 s ago, 12 s of 120 s (stream-timeout); "
        "chat: waiting 12 s of 60 s (nonstream-timeout); "
        "healthz: connecting 3 s of 10 s (connect-timeout); "
        "models: 200, 1,024 bytes, last 1.0 s ago, 2 s of 15 s (request-timeout)"
    )


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (79, "chat_stream: 200, 41 events, last 0.3 s ago; chat: waiting 12 s of 60 s"),
        (70, "chat_stream: 200, 41 events, last 0.3 s ago; +1"),
        (60, "chat_stream: 200, 41 events, last 0.3 s ago; +1"),
        (39, "chat_stream: 200, 41 events, last 0.3 …"),
        (1, "…"),
        (0, ""),
    ],
)
def test_a_terminal_gets_what_fits(width: int, expected: str):
    """Never more columns than there are."""
    assert line([STREAM, CHAT], width) == expected
    assert len(expected) <= width


def test_what_is_the_most_interesting_comes_first():
    """Streams with events, then model calls, then the rest; of each the longest wait."""
    longer = Pending("prod", "chat_stream", 13.0, 60.0, "connect")
    mixed = [HALF, CHAT, HEALTH, longer, STREAM]
    assert [part.partition(":")[0] for part in line(mixed).split("; ")] == [
        *("chat_stream", "chat_stream", "chat", "healthz", "models")
    ]
    assert line(mixed, 60) == "chat_stream: 200, 41 events, last 0.3 s ago; +4"
    assert line([HALF, HEALTH, CHAT], 39) == "chat: waiting 12 s of 60 s; +2"


def test_where_there_is_room_left_the_first_is_told_in_full():
    """Its budget is what it may soon have used up."""
    stalled = Pending("prod", "chat_stream", 5.0, 120.0, "stream", True, 200, 99, 3, 4.4)
    full = "chat_stream: 200, 3 events, last 4.4 s ago, 5 s of 120 s (stream-timeout); +3"
    other = Pending("prod", "chat_stream_long", 4.0, 120.0, "stream", True, 200, 99, 3, 4.4)
    pending = [HALF, CHAT, other, stalled]
    assert line(pending, 79) == line(pending, len(full)) == full
    assert line(pending, len(full) - 1) == "chat_stream: 200, 3 events, last 4.4 s ago; +3"


def test_several_targets_are_told_apart():
    """By their names, which are left out where there is only one."""
    other = Pending("dev", "chat", 1.0, 60.0, "nonstream", sent=True)
    assert (
        line([CHAT, other], 79) == "prod chat: waiting 12 s of 60 s; dev chat: waiting 1 s of 60 s"
    )


def test_what_has_used_up_half_of_its_budget_is_late():
    """Then the line has another colour."""
    assert not is_late([STREAM, CHAT])
    assert is_late([STREAM, Pending("prod", "chat", 31.0, 60.0, "nonstream")])


def test_what_is_written_for_another_process_is_read_by_it():
    """All of it."""
    assert load(dump([STREAM, CHAT, HALF])) == [STREAM, CHAT, HALF]


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[1]", '[{"probe": "chat"}]', '[{"other": 1}]', "null", "[" * 100_000),
        json.dumps([{**asdict(CHAT), "waited": "long"}]),
        json.dumps([{**asdict(CHAT), "limit": float("nan")}]),
        json.dumps([{**asdict(CHAT), "probe": ["chat"]}]),
    ],
)
def test_anything_else_in_the_file_is_an_error(text: str):
    """Of one kind, so that whoever reads it can go on."""
    with pytest.raises(ValueError, match=r"not a list|Expecting"):
        load(text)


def test_a_name_from_a_file_is_harmless_to_a_terminal():
    """The file lies in a folder that others may write to."""
    written = json.loads(dump([CHAT]))
    written[0]["probe"] = "\x1b[2J"
    assert line(load(json.dumps(written))).startswith("\\x1b[2J: waiting")


# -- on the screen --------------------------------------------------------------------------------


@pytest.mark.parametrize("above", [0, 10, 23, 40])
def test_a_line_is_drawn_below_and_leaves_no_trace(above: int):
    """Wherever the cursor stands, on the last row too; pytest goes on where it was."""
    screen, plain = Screen(), Screen()
    before = "\r\n".join(f"line {n}" for n in range(above)) + "\r\ntests/test_one.py .."
    for each in (screen, plain):
        each.feed(before)
    for text in ("a longer line that is pending", "short"):
        screen.feed(drawn(text))
        shown = screen.text.splitlines()
        assert shown[-2:] == ["tests/test_one.py ..", text]
    screen.feed(ERASED)
    assert screen.text == plain.text
    for each in (screen, plain):
        each.feed(".  [100%]\r\nend\r\n")
    assert screen.text == plain.text


def test_erasing_again_takes_nothing_away():
    """Not even on the last row, where there was none below."""
    screen = Screen(rows=2)
    screen.feed("one\r\ntwo")
    screen.feed(ERASED + ERASED)
    assert screen.text == "one\ntwo"


# -- colours --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "environ", "terminal", "expected"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("auto", {"PY_COLORS": "1", "NO_COLOR": "1"}, False, True),
        ("auto", {"PY_COLORS": "0", "FORCE_COLOR": "1"}, True, False),
        ("yes", {"NO_COLOR": "1"}, False, True),
        ("no", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_colours_are_used_by_pytest_s_own_rules(choice, environ, terminal, expected):
    """``--color`` decides, then the environment, then whether it is a terminal."""
    assert colours_wanted(choice, environ, terminal=terminal) is expected
    assert painted("text", "cyan", wanted=expected).startswith("\x1b[36m") is expected
