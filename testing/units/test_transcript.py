"""What a streamed answer said, event by event."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_codex.exchange.transcript import Chunk, Read, Transcript

from .made import SSE, chunk, exchange, stream

ROLE = {"choices": [{"index": 0, "delta": {"role": "assistant"}}]}
USAGE = {"choices": [], "usage": {"total_tokens": 3}}
BODY = stream(ROLE, chunk("Hel"), chunk("lo"), chunk(finish="stop"), USAGE)


def transcript(body: bytes, *reads: tuple[float, int]) -> Transcript:
    """The transcript of a body."""
    return Transcript.of(body, tuple(Read(*read) for read in reads) or (Read(1.0, len(body)),))


def test_a_healthy_stream_is_told_as_it_was():
    """Chunks, text, finish, usage and the end."""
    told = transcript(BODY)
    assert [c.number for c in told.chunks] == [1, 2, 3, 4, 5]
    assert told.text() == "Hello"
    assert [c.number for c in told.content] == [2, 3]
    assert [(c.number, index, reason) for c, index, reason in told.finishes] == [(4, 0, "stop")]
    assert [c.number for c in told.usages] == [5]
    assert told.done == (6,)
    assert (told.error, told.unreadable, told.unterminated) == (None, (), 0)


def test_events_have_the_time_of_the_read_that_completed_them():
    """And nobody's who read them later; the longest silence follows from it."""
    ends = [event.end for event in transcript(BODY).events]
    reads = [(0.1 * number, end) for number, end in enumerate(ends[:-1], 1)]
    told = transcript(BODY, *reads, (3.0, ends[-1] - 1), (4.0, len(BODY)))
    assert told.times == pytest.approx((0.1, 0.2, 0.3, 0.4, 0.5, 4.0))
    assert told.done_at == 4.0
    silence, before = told.longest_silence()
    assert (round(silence, 6), before) == (3.5, 6)


def test_events_of_one_read_have_one_time():
    """A burst is a burst."""
    assert set(transcript(BODY, (2.5, len(BODY))).times) == {2.5}
    assert transcript(BODY, (2.5, len(BODY))).longest_silence()[0] == 0.0


def test_without_events_there_is_nothing_to_tell():
    """An empty body is no error of ours."""
    told = transcript(b"")
    assert (told.events, told.chunks, told.done_at, told.text()) == ((), (), None, "")
    assert told.longest_silence() == (0.0, 0)


def test_a_body_without_reads_is_decoded_too():
    """As one that was written by hand."""
    assert len(Transcript.of(BODY, ()).events) == 6


def test_what_is_no_json_object_is_unreadable_with_the_reason():
    """Each with its number; ``[DONE]`` is exempt only when it is bare."""
    told = transcript(stream("{", "[1]", "NaN", '{"a": NaN}', " [DONE]", '{"a": 1}'))
    assert [number for number, _, _ in told.unreadable] == [1, 2, 3, 4, 5]
    reasons = [reason for _, _, reason in told.unreadable]
    assert reasons[0].startswith("not JSON: ")
    assert reasons[1] == "not a JSON object"
    assert "NaN" in reasons[3]
    assert told.done == (7,)
    assert [c.number for c in told.chunks] == [6]


def test_the_unfinished_and_the_comments_are_counted():
    """What the standard throws away is evidence."""
    told = transcript(b": one\n\n" + stream(chunk("a"), done=False) + b": two\n\ndata: {")
    assert (told.comments, told.unterminated, len(told.events)) == (2, 7, 1)


def test_an_error_object_is_found_wherever_it_comes():
    """The first one; ``error: null`` is none."""
    told = transcript(stream({"error": None}, chunk("a"), {"error": {"message": "out of it"}}))
    assert told.error is not None
    assert (told.error.number, told.error.where) == (3, "event 3, byte 143")
    assert BODY and transcript(BODY).error is None


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"choices": None},
        {"choices": "text"},
        {"choices": {"0": {}}},
        {"choices": [None, 1, "x", []]},
        {"choices": [{}]},
        {"choices": [{"delta": None}]},
        {"choices": [{"delta": "text"}]},
        {"choices": [{"delta": {"content": None}}]},
        {"choices": [{"delta": {"content": ""}}]},
        {"choices": [{"delta": {"content": []}}]},
    ],
)
def test_a_chunk_of_any_shape_can_be_asked_anything(value):
    """Servers send all of these; none adds content and none raises."""
    made = Chunk(1, 0.0, 0, value)
    assert (made.content, made.is_content) == ("", False)
    assert all(isinstance(choice, dict) for choice in made.choices)


@pytest.mark.parametrize("field", ["tool_calls", "function_call", "refusal"])
def test_a_tool_call_and_a_refusal_are_content_without_text(field):
    """An answer need not be text."""
    made = Chunk(1, 0.0, 0, {"choices": [{"delta": {field: [{"id": "1"}]}}]})
    assert (made.content, made.is_content) == ("", True)


def test_all_choices_count():
    """Texts of all choices, finishes by index."""
    two = {
        "choices": [
            {"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"},
            {"index": 1, "delta": {"content": "b"}, "finish_reason": ""},
        ]
    }
    told = transcript(stream(two))
    assert told.text() == "ab"
    assert [(index, reason) for _, index, reason in told.finishes] == [(0, "stop"), (1, "")]


def test_usage_null_is_no_usage():
    """It is legal on every chunk."""
    assert not transcript(stream(chunk("a", usage=None))).usages


def test_an_exchange_tells_its_transcript():
    """From its body and its reads."""
    made = exchange("chat_stream", body=BODY, headers=SSE, reads=(Read(0.25, len(BODY)),))
    assert made.transcript().text() == "Hello"
    assert set(made.transcript().times) == {0.25}


@given(st.lists(st.text(max_size=5), max_size=6), st.data())
def test_how_a_stream_was_read_changes_times_and_nothing_else(texts, data):
    """The same events, and times that never go back."""
    body = stream(*[chunk(text) for text in texts])
    places = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=10)))
    reads = [(0.5 * n, end) for n, end in enumerate([*places, len(body)])]
    told = transcript(body, *reads)
    assert told.events == transcript(body).events
    assert told.text() == "".join(texts)
    assert all(a <= b for a, b in itertools.pairwise(told.times))
    assert json.dumps(told.text())
