"""When things arrive. Socket reads decide, never the test's own clock (design: off this thread).

Where this machine itself ran late, times are called unreliable and nothing fails.
"""

import pytest

from pytest_codex.exchange.exchange import TIMEOUTS, FailureKind
from pytest_codex.report.explain import advise, explain
from pytest_codex.report.facts import LAG_LIMIT

pytestmark = pytest.mark.sse

#: A generation that takes less cannot be told from a buffered one.
SHORTEST_GENERATION = 3.0
#: The part of the time in which a buffered answer arrives, at most.
BURST = 0.1
#: The events per second that no model generates: what comes faster has been collected before.
FASTEST_GENERATION = 1000
#: The events that are enough to see how they are spread.
ENOUGH_EVENTS = 10


@pytest.mark.judges("in_time")
def test_first_event_and_silences_keep_within_their_budgets(stream):
    """The wait for the first event, each silence and the whole stream are within their timeouts."""
    assert not stream.failure or stream.failure.kind not in TIMEOUTS, explain(stream, "it in time")


def test_the_response_ends_within_2_seconds_of_done(stream):
    """A client that waits for the end hangs as long as the server holds the connection open."""
    done_at = stream.transcript().done_at
    if done_at is None:
        pytest.skip("no [DONE] came")
    late = stream.timings.end - done_at
    held = stream.failure is not None and stream.failure.kind is FailureKind.HELD_OPEN
    if late > 2 and stream.loop_lag > LAG_LIMIT and not held:
        advise(stream, "times to be reliable", f"this machine was {stream.loop_lag:.2f} s late")
        return
    assert late <= 2, explain(
        stream,
        "the end of the response within 2 s of [DONE]",
        f"it was still open after {late:.1f} s" if held else f"{late:.1f} s",
    )


def test_the_long_stream_is_not_buffered(chat_stream_long):
    """Events are spread over the generation; they do not arrive in one burst at its end."""
    stream = chat_stream_long
    transcript = stream.transcript()
    sent = stream.timings.sent or 0.0
    total = transcript.times[-1] - sent
    span = transcript.times[-1] - transcript.times[0]
    reads = len(set(transcript.times))
    if len(transcript.content) < ENOUGH_EVENTS:
        pytest.skip(f"inconclusive: only {len(transcript.content)} content events")
    if total < SHORTEST_GENERATION:
        pytest.skip(
            f"inconclusive: the answer took {total:.1f} s, and under {SHORTEST_GENERATION:g} s a "
            "fast model cannot be told from a buffer"
        )
    if stream.loop_lag > LAG_LIMIT:
        pytest.skip(
            f"inconclusive: times unreliable, this machine was {stream.loop_lag:.2f} s late"
        )
    if span < BURST * total and len(transcript.events) < FASTEST_GENERATION * span:
        pytest.skip(
            f"inconclusive: the answer began after {total - span:.1f} s, and what then came within "
            f"{span:.2f} s a fast model can have generated: it may have queued or reasoned before"
        )
    assert span >= BURST * total, explain(
        stream,
        f"the events spread over the {total:.1f} s that the answer took",
        f"{len(transcript.events)} events in {reads} reads within {span:.2f} s at the end: a proxy "
        "or the application collects the answer before it passes it on",
        f"first event at {transcript.times[0]:.1f} s",
    )
