"""How streams behave beside each other, after a client went away, and against a plain answer."""

import pytest

from pytest_codex.report.explain import advise, explain

pytestmark = pytest.mark.sse


def _answers(exchange):
    """Whether it adds up to an answer: a text that is not blank, or tool calls."""
    transcript = exchange.transcript()
    return bool(transcript.text().strip() or (transcript.content and not transcript.text()))


def _complete(exchange):
    transcript = exchange.transcript()
    return bool(transcript.finishes or transcript.done)


def _skip_unless_dropped(exchange):
    if not exchange.transcript().content:
        pytest.skip("inconclusive: the stream had no content, at which the client goes away")


@pytest.mark.judges("together")
def test_two_streams_at_once_both_complete(chat_stream, chat_stream_long):
    """Neither of two streams that were under way at the same time is refused, starved or cut."""
    streams = (chat_stream, chat_stream_long)
    if not any(_complete(stream) for stream in streams):
        pytest.skip("inconclusive: neither of them ended, so it is not because of the other")
    for stream in streams:
        assert _complete(stream), explain(stream, "a complete answer beside another stream")


def test_health_is_as_before_after_a_client_went_away(
    healthz, chat_stream_dropped, healthz_after_drop, target
):
    """A client's disconnect takes nothing down."""
    if not target.policy.health_path:
        pytest.skip(f"target {target.name} declares no health check (health_path)")
    if not healthz.reached:
        pytest.skip("the health check was not answered before either")
    _skip_unless_dropped(chat_stream_dropped)
    assert healthz_after_drop.status == healthz.status, explain(
        healthz_after_drop, f"{healthz.status} as before the disconnect"
    )


@pytest.mark.judges("no_error")
def test_the_next_stream_is_complete_after_a_client_went_away(
    chat_stream, chat_stream_dropped, chat_stream_after_drop
):
    """The next stream is answered as if nothing had happened."""
    _skip_unless_dropped(chat_stream_dropped)
    assert _answers(chat_stream_after_drop) or not _answers(chat_stream), explain(
        chat_stream_after_drop, "an answer after another client went away"
    )


def test_usage_comes_only_when_asked_for(chat_stream_after_drop):
    """Without ``include_usage`` no chunk has usage: clients that read choices[0] would break."""
    usages = chat_stream_after_drop.transcript().usages
    if usages:
        advise(chat_stream_after_drop, "no usage unless it is asked for", f"in {usages[0].where}")
    assert chat_stream_after_drop.transcript().chunks, explain(chat_stream_after_drop, "chunks")


def _family(target, model):
    """The family that a model is of; none for one that its own check does not let pass."""
    return next((f for f in target.models_family if str(model).startswith(f)), None)


def test_stream_and_plain_answer_agree(chat, chat_stream, target):
    """Both answer, by the same family of models; usage within reason, which is advice."""
    body = chat.json_object()
    chunks = chat_stream.transcript().chunks
    plain_family = _family(target, body.get("model"))
    streamed = next((_family(target, chunk.value.get("model")) for chunk in chunks), None)
    assert streamed == plain_family or None in (streamed, plain_family), explain(
        chat_stream, f"a model of the plain answer's family, {plain_family}", streamed
    )
    assert _answers(chat_stream), explain(chat_stream, "an answer, as the plain one", "none")
    usages = chat_stream.transcript().usages
    plain = body.get("usage")
    if usages and isinstance(plain, dict):
        ours = usages[0].value["usage"].get("prompt_tokens")
        theirs = plain.get("prompt_tokens")
        sane = isinstance(ours, int) and isinstance(theirs, int) and theirs >= 0
        if sane and abs(ours - theirs) > 0.1 * theirs + 5:
            advise(chat_stream, f"about {theirs} prompt tokens, as for the plain answer", f"{ours}")
