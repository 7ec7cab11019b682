"""How streams behave beside each other, after a client went away, and against a plain answer."""

import pytest

from pytest_codex.report.explain import advise, explain

pytestmark = pytest.mark.sse


def _answered(exchange):
    transcript = exchange.transcript()
    return bool(transcript.content and transcript.finishes)


def test_two_streams_at_once_both_complete(chat_stream, chat_stream_long):
    """Neither of two streams that were under way at the same time is refused, starved or cut."""
    for exchange, other in (
        (chat_stream, chat_stream_long),
        (chat_stream_long, chat_stream),
    ):
        assert _answered(exchange), explain(
            exchange, f"a complete answer beside {other.probe}", exchange.outcome
        )


def test_a_dropped_stream_had_begun(chat_stream_dropped):
    """The client went away in the middle of an answer, and not before or after it."""
    assert chat_stream_dropped.transcript().content, explain(
        chat_stream_dropped, "content, after which the client went away"
    )


def test_health_is_as_before_after_a_client_went_away(healthz, healthz_after_drop, target):
    """A client's disconnect takes nothing down."""
    if not target.policy.health_path:
        pytest.skip(f"target {target.name} declares no health check (health_path)")
    assert healthz_after_drop.status == healthz.status, explain(
        healthz_after_drop, f"{healthz.status} as before the disconnect"
    )


@pytest.mark.judges("no_error")
def test_the_next_stream_is_complete_after_a_client_went_away(chat_stream_after_drop):
    """The next stream is answered as if nothing had happened."""
    assert _answered(chat_stream_after_drop), explain(
        chat_stream_after_drop, "a complete answer after another client went away"
    )


def test_usage_comes_only_when_asked_for(chat_stream_after_drop):
    """Without ``include_usage`` no chunk has usage: clients that read choices[0] would break."""
    usages = chat_stream_after_drop.transcript().usages
    if usages:
        advise(chat_stream_after_drop, "no usage unless it is asked for", f"in {usages[0].where}")
    assert chat_stream_after_drop.transcript().chunks, explain(chat_stream_after_drop, "chunks")


def test_stream_and_plain_answer_agree(chat, chat_stream):
    """Both answer, by the same model; usage differs within reason, which is advice."""
    body = chat.json_object()
    chunks = chat_stream.transcript().chunks
    streamed = next((c.value["model"] for c in chunks if c.value.get("model")), None)
    assert streamed == body.get("model"), explain(
        chat_stream,
        f"the model of the plain answer, {body.get('model')!r:.80}",
        f"{streamed!r:.80}",
    )
    assert chat_stream.transcript().text().strip(), explain(chat_stream, "a text")
    usages = chat_stream.transcript().usages
    plain = body.get("usage")
    if usages and isinstance(plain, dict):
        ours = usages[0].value["usage"].get("prompt_tokens")
        theirs = plain.get("prompt_tokens")
        if (
            isinstance(ours, int)
            and isinstance(theirs, int)
            and abs(ours - theirs) > 0.1 * theirs + 5
        ):
            advise(chat_stream, f"about {theirs} prompt tokens, as for the plain answer", f"{ours}")
