"""A streamed chat completion arrives at all; its contract in depth is the ``sse`` suite's."""

import pytest

from pytest_codex.exchange.excerpt import visible
from pytest_codex.exchange.exchange import TIMEOUTS
from pytest_codex.exchange.reference import FALLBACK_TEXTS
from pytest_codex.report.explain import explain

pytestmark = pytest.mark.smoke


@pytest.mark.judges("in_time")
def test_chat_stream_arrives_within_its_budgets(chat_stream):
    """First event, silences and the whole stream keep within their timeouts."""
    failure = chat_stream.failure
    assert not failure or failure.kind not in TIMEOUTS, explain(chat_stream, "it in time")


@pytest.mark.judges("answered")
def test_chat_stream_answers_200_with_an_event_stream(chat_stream):
    """200 and ``text/event-stream``."""
    assert chat_stream.status == 200, explain(chat_stream, "200")


@pytest.mark.judges("whole")
def test_chat_stream_arrives_whole(chat_stream):
    """It is not cut, and ends with a finish."""
    assert chat_stream.transcript().events, explain(chat_stream, "events")


@pytest.mark.judges("no_error")
def test_chat_stream_holds_no_error(chat_stream):
    """No error object among its chunks."""
    assert chat_stream.transcript().error is None, explain(chat_stream, "no error")


def test_chat_stream_has_content(chat_stream):
    """At least one chunk adds to the answer, and what they add up to is the model's."""
    transcript = chat_stream.transcript()
    assert transcript.content, explain(
        chat_stream, "at least one content delta", f"none in {len(transcript.events)} events"
    )
    text = transcript.text()
    assert text.strip() not in FALLBACK_TEXTS, explain(
        chat_stream, "an answer of the model, not a fallback text", visible(repr(text))
    )


def test_chat_stream_says_done(chat_stream, target):
    """``[DONE]`` is received (playbook, "Post-deploy verification")."""
    if target.policy.done != "required":
        pytest.skip(f"target {target.name} declares that [DONE] is optional (done)")
    transcript = chat_stream.transcript()
    assert transcript.done, explain(
        chat_stream, "data: [DONE]", f"none in {len(transcript.events)} events"
    )
