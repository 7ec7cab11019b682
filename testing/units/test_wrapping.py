"""Lines that are broken at words."""

from __future__ import annotations

import pytest

from pytest_codex.report.wrapping import room, wrapped

URL = "https://an-endpoint-of-somebody.example:8443/v1/chat/completions"


def test_lines_are_broken_at_words_and_hang():
    """What stands in front of the first is kept."""
    assert wrapped("  next: see whether the proxy runs and listens on this port", 32) == [
        "  next: see whether the proxy",
        "    runs and listens on this",
        "    port",
    ]


def test_a_log_has_whole_lines():
    """They are searched."""
    assert wrapped("a " * 200, None) == ["a " * 200]


@pytest.mark.parametrize("width", [80, 70, 66])
def test_what_fits_on_a_line_of_its_own_is_not_broken(width):
    """With less of an indentation, if it must be."""
    lines = wrapped(f"  ok       key          no chat completions at {URL}: 404", width, 24)
    assert any(f"{URL}:" in line for line in lines)
    assert max(map(len, lines)) < width


def test_what_is_wider_than_the_screen_stays_whole():
    """It can still be copied, and begins at the edge."""
    nodeid = f"tests/test_x.py::test_it[{'x' * 60}]"
    assert wrapped(f"prod fails {nodeid}: it broke", 60) == [
        "prod fails",
        f"{nodeid}:",
        "    it broke",
    ]


@pytest.mark.parametrize("width", [0, 1, 5])
def test_a_terminal_that_has_no_width_is_no_reason_to_fail(width):
    """Some say so."""
    assert wrapped("some words of it", width, 24)


def test_only_a_terminal_that_somebody_looks_at_has_lines_broken():
    """CI keeps a log of what is written to the terminals that it lends."""
    assert room(80, {}, terminal=True) == 80
    assert room(80, {}, terminal=False) is None
    assert room(80, {"CI": "true"}, terminal=True) is None
    assert room(80, {"CI": ""}, terminal=True) == 80
