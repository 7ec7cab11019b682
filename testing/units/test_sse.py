"""The decoder against the WHATWG text: by table, by property, and beside another decoder."""

from __future__ import annotations

import itertools
import json
from typing import NamedTuple

import httpx
import pytest
from httpx_sse import EventSource
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_codex.exchange.sse import Decoder, Event, EventTooLargeError

from .spec import interpret

BOM = b"\xef\xbb\xbf"


class Seen(NamedTuple):
    """All that a decoder tells of a stream."""

    events: tuple[Event, ...]
    comments: int
    retry: int | None
    unterminated: int


def decoded(*pieces: bytes) -> Seen:
    """What a decoder tells that was fed these pieces."""
    decoder = Decoder()
    events = tuple(event for piece in pieces for event in decoder.feed(piece))
    return Seen(events, decoder.comments, decoder.retry, decoder.unterminated)


def cut(stream: bytes, *places: int) -> list[bytes]:
    """The stream in pieces."""
    edges = [0, *sorted(places), len(stream)]
    return [stream[start:end] for start, end in itertools.pairwise(edges)]


def said(stream: bytes) -> list[tuple[str, str, str]]:
    """The type, data and id of each event."""
    return [event[:3] for event in decoded(stream).events]


def message(data: str, last_id: str = "") -> tuple[str, str, str]:
    """An event without a type of its own."""
    return ("message", data, last_id)


#: A stream, and its events as (type, data, id).
CASES: dict[str, tuple[bytes, list[tuple[str, str, str]]]] = {
    "LF": (b"data: a\n\n", [message("a")]),
    "CRLF": (b"data: a\r\n\r\n", [message("a")]),
    "CR": (b"data: a\r\r", [message("a")]),
    "LF then CRLF": (b"data: a\n\r\n", [message("a")]),
    "CR then LF is one end of line": (b"data: a\r\ndata: b\n\n", [message("a\nb")]),
    "CR, then CRLF": (b"data: a\r\r\ndata: b\r\r", [message("a"), message("b")]),
    "LF then CR is two ends of line": (b"data: a\n\rdata: b\n\n", [message("a"), message("b")]),
    "all three endings": (
        b"data: a\ndata: b\r\ndata: c\rdata: d\n\r\ndata: e\r\n\rdata: f\n\n",
        [message("a\nb\nc\nd"), message("e"), message("f")],
    ),
    "blank lines in front": (b"\n\r\n\rdata: a\n\n", [message("a")]),
    "many blank lines between": (b"data: a\n\n\n\n\ndata: b\n\n", [message("a"), message("b")]),
    "BOM": (BOM + b"data: a\n\n", [message("a")]),
    "BOM in front of a comment": (BOM + b": c\ndata: a\n\n", [message("a")]),
    "BOM in front of a blank line": (BOM + b"\ndata: a\n\n", [message("a")]),
    "BOM only": (BOM, []),
    "only the first BOM is dropped": (BOM + BOM + b"data: a\n\ndata: b\n\n", [message("b")]),
    "BOM later on is part of a name": (b"\n" + BOM + b"data: a\n\n", []),
    "BOM in data": (b"data: " + BOM + b"a\n\n", [message("\ufeffa")]),
    "comment": (b": keepalive\n\n", []),
    "empty comment": (b":\n\n", []),
    "comment in the middle of an event": (b"data: a\n: c\ndata: b\n\n", [message("a\nb")]),
    "comment that looks like a field": (b":data: a\n\n", []),
    "no space": (b"data:a\n\n", [message("a")]),
    "one space is dropped": (b"data:  a \n\n", [message(" a ")]),
    "a tab is kept": (b"data:\ta\n\n", [message("\ta")]),
    "colons in data": (b"data: a: b:\n\n", [message("a: b:")]),
    "field without a colon": (b"data\n\n", [message("")]),
    "two fields without a colon": (b"data\ndata\n\n", [message("\n")]),
    "empty data": (b"data:\n\n", [message("")]),
    "empty data with a space": (b"data: \n\n", [message("")]),
    "an empty line of data": (
        b"data: a\ndata:\ndata: b\n\n",
        [message("a\n\nb")],
    ),
    "type": (b"event: ping\ndata: a\n\n", [("ping", "a", "")]),
    "type after data": (b"data: a\nevent: ping\n\n", [("ping", "a", "")]),
    "the last type counts": (b"event: x\nevent: y\ndata: a\n\n", [("y", "a", "")]),
    "empty type": (b"event: x\nevent:\ndata: a\n\n", [message("a")]),
    "a type without data is forgotten": (b"event: ping\n\ndata: a\n\n", [message("a")]),
    "a type is for one event": (
        b"event: x\ndata: a\n\ndata: b\n\n",
        [("x", "a", ""), message("b")],
    ),
    "id": (b"id: 1\ndata: a\n\n", [message("a", "1")]),
    "id is kept": (b"id: 1\ndata: a\n\ndata: b\n\n", [message("a", "1"), message("b", "1")]),
    "id without data is kept": (b"id: 1\n\ndata: a\n\n", [message("a", "1")]),
    "empty id resets": (
        b"id: 1\ndata: a\n\nid\ndata: b\n\n",
        [message("a", "1"), message("b", "")],
    ),
    "id with NUL is ignored": (b"id: 1\nid: 2\0\ndata: a\n\n", [message("a", "1")]),
    "retry only": (b"retry: 10\n\n", []),
    "unknown fields": (b"foo: x\nDATA: x\n data: x\ndata : x\ndata: a\n\n", [message("a")]),
    "unknown field only": (b"foo: x\n\n", []),
    "no blank line at the end": (b"data: a\n\ndata: b\n", [message("a")]),
    "no end of line at the end": (b"data: a\n\ndata: b", [message("a")]),
    "CR at the end is a blank line": (b"data: a\n\ndata: b\n\r", [message("a"), message("b")]),
    "nothing": (b"", []),
    "what str.splitlines() takes for line ends": (
        "data: a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg\x1dh\x1ei\n\n".encode(),
        [message("a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg\x1dh\x1ei")],
    ),
    "many bytes to a character": ("data: é€😀\n\n".encode(), [message("é€😀")]),
    "invalid UTF-8": (b"data: a\xffb\xe2\x82\n\n", [message("a\ufffdb\ufffd")]),
    "surrogates in UTF-8": (b"data: \xed\xa0\xbd\n\n", [message("\ufffd" * 3)]),
    "invalid UTF-8 in type and id": (
        b"event: \xff\nid: \xfe\ndata: a\n\n",
        [("\ufffd", "a", "\ufffd")],
    ),
    "NUL in data": (b"data: a\0b\n\n", [message("a\0b")]),
    "[DONE]": (b"data: {}\n\ndata: [DONE]\n\n", [message("{}"), message("[DONE]")]),
}


@pytest.mark.parametrize(("stream", "expected"), CASES.values(), ids=CASES)
class TestCases:
    """Each case of the table."""

    def test_whole(self, stream, expected):
        """Fed at once."""
        assert said(stream) == expected

    def test_byte_by_byte(self, stream, expected):
        """Fed byte by byte, it is all the same, down to offsets and counts."""
        pieces = cut(stream, *range(1, len(stream)))
        assert decoded(*pieces) == decoded(stream)
        assert len(decoded(*pieces).events) == len(expected)

    def test_in_any_two_pieces(self, stream, expected):
        """Cut anywhere, it is all the same."""
        for place in range(len(stream) + 1):
            assert decoded(*cut(stream, place)) == decoded(stream), f"cut at {place}"
        assert len(decoded(stream).events) == len(expected)

    def test_the_oracle_says_so_too(self, stream, expected):
        """Otherwise either is wrong."""
        assert interpret(stream).events == expected


@pytest.mark.parametrize(
    ("value", "retry"),
    [
        (b"10", 10),
        (b"0", 0),
        (b"007", 7),
        (b"", None),
        (b"-1", None),
        (b"+1", None),
        (b"1_0", None),
        (b"1.5", None),
        (b"1e3", None),
        (b"10 ", None),
        (b" 10", None),
        ("١٠".encode(), None),
        (b"9" * 5000, None),
    ],
)
def test_retry_is_digits_only(value, retry):
    """ASCII digits and nothing else; a number that no clock has is left out."""
    assert decoded(b"retry: " + value + b"\n\n").retry == retry


def test_comments_are_counted():
    """Keepalives are no events, and are not forgotten."""
    assert decoded(b": a\n\n:\n:data: x\ndata: y\n: z\n\n").comments == 4


@pytest.mark.parametrize(
    ("tail", "unterminated"),
    [
        (b"", 0),
        (b"data: a", 7),
        (b"data: a\n", 8),
        (b"data: a\r", 8),
        (b"data: a\r\n", 9),
        (b"data: a\ndata: b", 15),
        (b"data: a\n\n", 0),
        (b"data: a\n: keepalive\n", 20),
        (b": keepalive", 0),
        (b": keepalive\n", 0),
        (b"\n\n", 0),
    ],
)
def test_an_event_without_its_blank_line_is_measured(tail, unterminated):
    """The bytes that a stream's sudden end throws away; comments alone are none."""
    stream = b"data: whole\n\n" + tail
    assert decoded(stream).unterminated == unterminated
    assert decoded(*cut(stream, *range(1, len(stream)))).unterminated == unterminated


def test_an_event_is_handed_over_with_the_last_byte_it_needs():
    """A lone CR ends a blank line at once: waiting for an LF would delay each event by one."""
    decoder = Decoder()
    assert decoder.feed(b"data: a\r") == []
    assert [event.data for event in decoder.feed(b"\r")] == ["a"]
    assert decoder.feed(b"\n") == []
    assert [event.data for event in decoder.feed(b"data: b\r\n\r")] == ["b"]


def test_offset_and_end_are_bytes_of_the_stream():
    """The first line that is no comment, and one more than the byte that completed the event."""
    stream = BOM + ": é\nevent: x\ndata: é\r\n\r\n\ndata: b\n\n".encode()
    first, second = decoded(stream).events
    assert stream[first.offset :].startswith(b"event: x")
    assert stream[: first.end].endswith(b"\r\n\r")
    assert stream[second.offset :] == b"data: b\n\n"
    assert second.end == len(stream)


# -- limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, 64])
def test_an_event_may_be_as_large_as_the_limit(size):
    """The limit is inclusive, however the event arrives."""
    stream = b"data: " + b"x" * 56 + b"\n\n"
    assert len(stream) == 64
    decoder = Decoder(max_event_bytes=64)
    events = [event for piece in _by(stream, size) for event in decoder.feed(piece)]
    assert len(events) == 1


@pytest.mark.parametrize("size", [1, 7, 65])
@pytest.mark.parametrize("stream", [b"data: " + b"x" * 57 + b"\n\n", b"data: x\n" * 9 + b"\n"])
def test_an_event_that_is_larger_is_refused(stream, size):
    """In one line or in many."""
    with pytest.raises(EventTooLargeError, match="more than 64 bytes"):
        _feed_all(Decoder(max_event_bytes=64), _by(stream, size))


@pytest.mark.parametrize("endless", [b"x", b"data: x\n", b"foo\n", b": x"])
def test_whatever_does_not_end_is_refused(endless):
    """A line without an end, an event without one, fields that mean nothing, an endless comment."""
    with pytest.raises(EventTooLargeError):
        _feed_all(Decoder(max_event_bytes=1000), itertools.repeat(endless, 2000))


def test_comments_and_blank_lines_may_go_on_for_ever():
    """Nothing is held of them."""
    decoder = Decoder(max_event_bytes=50)
    _feed_all(decoder, [b": keepalive\n\n"] * 1000)
    assert (decoder.comments, decoder.unterminated) == (1000, 0)


def _by(stream: bytes, size: int) -> list[bytes]:
    return [stream[start : start + size] for start in range(0, len(stream), size)]


def _feed_all(decoder: Decoder, pieces) -> None:
    for piece in pieces:
        decoder.feed(piece)


# -- properties -----------------------------------------------------------------------------------

TOKENS = [
    *(b"\n", b"\r", b"\r\n", b"\n\n", b"\r\n\r\n"),
    *(b"data", b"data:", b"data: ", b"event: ", b"id:", b"id: ", b"retry: ", b"foo: ", b":", b": "),
    *(b" ", b"\t", b"\0", b"a", b"b: c", b"12", b"1_0", b"[DONE]", b'{"x": 1}'),
    *("\u2028".encode(), "\u0085".encode(), "😀".encode(), "é".encode(), BOM),
    *(b"\xff", b"\xe2\x82", b"\x80", b"\xed\xa0\xbd"),
]
streams = st.lists(st.sampled_from(TOKENS), max_size=40).map(b"".join) | st.binary(max_size=60)


@given(streams, st.data())
@example(b"data: a\r\r\n\r\ndata: b\n\r", None)
def test_the_way_a_stream_is_cut_changes_nothing(stream, data):
    """Neither events with their places, nor comments, nor what is left over."""
    places = range(1, len(stream)) if data is None else data.draw(_places(stream))
    assert decoded(*cut(stream, *places)) == decoded(stream)


def _places(stream: bytes):
    return st.lists(st.integers(0, len(stream)), max_size=12)


@given(streams)
def test_the_decoder_agrees_with_the_standard(stream):
    """Event by event, with the comments and the retry time."""
    expected = interpret(stream)
    seen = decoded(stream)
    assert [event[:3] for event in seen.events] == expected.events
    assert (seen.comments, seen.retry) == (expected.comments, expected.retry)


@given(streams)
def test_an_event_is_complete_with_its_last_byte_and_not_before(stream):
    """What ``end`` says is exactly when it was handed over; ``offset`` is where it began."""
    events = decoded(stream).events
    for number, event in enumerate(events, 1):
        assert decoded(stream[: event.end]).events == events[:number]
        assert decoded(stream[: event.end - 1]).events == events[: number - 1]
        # A blank line in front keeps a BOM that is not the stream's first character in place.
        alone = (b"\n" if event.offset else b"") + stream[event.offset : event.end]
        assert [(e.type, e.data) for e in decoded(alone).events] == [(event.type, event.data)]


def test_httpx_sse_agrees_where_it_follows_the_standard():
    """Beside an independent decoder, over every case but those in which it is known to deviate.

    It does not drop a BOM; it makes an event of a block without data once a type, an id or a retry
    time was seen; its ``id`` and type default are as in a browser's ``EventSource``. Those events
    without data are left out here on both sides, and so are streams with a BOM in front. A CR at
    the very end stays with it, for it waits for the byte after it.
    """
    compared = 0
    for name, (stream, _) in CASES.items():
        if stream.startswith(BOM) or stream.endswith(b"\r"):
            continue
        theirs = [(e.event or "message", e.data, e.id) for e in _httpx_sse(stream) if e.data]
        assert [event for event in said(stream) if event[1]] == theirs, name
        compared += 1
    assert compared > 40


def _httpx_sse(stream: bytes):
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=stream)
    return EventSource(response).iter_sse()


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), max_size=8))
def test_whatever_a_server_says_in_json_arrives(texts):
    """A round trip, as any server writes it: JSON with raw U+2028 and all the rest."""
    for escaped, end in ((True, "\r\n"), (False, "\n")):
        data = [json.dumps(text, ensure_ascii=escaped) for text in texts]
        stream = "".join(f"data: {item}{end}{end}" for item in data).encode()
        assert [json.loads(event.data) for event in decoded(stream).events] == texts
