"""How the stream is framed (WHATWG HTML, "Server-sent events"; RFC 9110 for the headers).

Comments, CRLF, a missing space after ``data:``, a byte order mark, ``event:`` and ``id:`` are legal
and never fail.
"""

import re

import pytest

from pytest_codex.exchange.excerpt import visible
from pytest_codex.report.explain import advise, explain

pytestmark = pytest.mark.sse


@pytest.mark.judges("answered")
def test_the_stream_is_answered_as_an_event_stream(stream):
    """200 and ``text/event-stream``."""
    assert stream.media_type == "text/event-stream", explain(stream, "text/event-stream")


@pytest.mark.judges("whole")
def test_the_stream_is_not_cut(stream):
    """The response ends by itself, after a finish or ``[DONE]``."""
    assert stream.transcript().events, explain(stream, "events")


@pytest.mark.judges("no_error")
def test_the_stream_holds_no_error(stream):
    """No error object among its chunks: whoever reads it would have half an answer."""
    assert stream.transcript().error is None, explain(stream, "no error")


def test_the_bytes_are_utf8(stream):
    """An event stream is UTF-8, whatever its charset says."""
    try:
        stream.body.decode("utf-8")
    except UnicodeDecodeError as error:
        context = visible(stream.body[max(error.start - 40, 0) : error.start + 20])
        pytest.fail(explain(stream, "UTF-8", context, f"byte {error.start:,}"), pytrace=False)


def test_every_event_is_one_json_object_or_done(stream):
    """``data`` of each event is one strict JSON object; only the last may be ``[DONE]``."""
    for number, event, why in stream.transcript().unreadable:
        pytest.fail(
            explain(
                stream,
                "data to be one strict JSON object",
                f"{why}: {visible(event.data)}",
                f"event {number}, byte {event.offset:,}",
            ),
            pytrace=False,
        )
    assert stream.transcript().chunks, explain(stream, "at least one chunk")


def test_no_event_is_left_unterminated(stream):
    """The stream ends with the blank line of its last event; what has none is thrown away."""
    left = stream.transcript().unterminated
    assert not left, explain(
        stream,
        "a blank line after the last event",
        f"{left} bytes without one: {visible(stream.body[-left:])}",
        f"byte {len(stream.body) - left:,}",
    )


def test_the_stream_cannot_be_cached(stream):
    """A stored answer would be somebody else's; storing and transforming are to be forbidden."""
    control = (stream.header("cache-control") or "").lower()
    directives = {part.strip() for part in control.split(",")}
    cacheable = "public" in directives or re.search(r"(s-)?max-?age=[1-9]", control)
    assert not cacheable, explain(stream, "a Cache-Control that forbids storing", repr(control))
    assert (stream.header("cf-cache-status") or "").upper() != "HIT", explain(
        stream, "an answer of the application", "one from the edge's cache", "cf-cache-status"
    )
    if not directives & {"no-cache", "no-store"} or "no-transform" not in directives:
        advise(stream, "Cache-Control: no-cache, no-transform on a stream", repr(control or "none"))


def test_the_stream_is_not_compressed(stream):
    """Compression was not accepted, and makes proxies hold events back."""
    encoding = stream.header("content-encoding")
    if encoding and encoding.lower() != "identity":
        advise(stream, "no Content-Encoding on a stream", repr(encoding))
    assert stream.transcript().events, explain(stream, "events")
