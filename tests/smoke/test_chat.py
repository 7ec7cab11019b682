"""A chat completion in one piece (OpenAI reference, "The chat completion object")."""

import pytest

from pytest_codex.exchange.excerpt import visible
from pytest_codex.exchange.exchange import TIMEOUTS
from pytest_codex.exchange.reference import FALLBACK_TEXTS, FINISH_REASONS
from pytest_codex.report.explain import advise, explain

pytestmark = pytest.mark.smoke


def _choice(exchange):
    choices = exchange.json_object().get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}


def _message(exchange):
    message = _choice(exchange).get("message")
    return message if isinstance(message, dict) else {}


@pytest.mark.judges("in_time")
def test_chat_answers_within_its_budget(chat):
    """The whole answer is there before the non-stream timeout."""
    assert not chat.failure or chat.failure.kind not in TIMEOUTS, explain(chat, "it in time")


@pytest.mark.judges("answered")
def test_chat_answers_200_with_json(chat):
    """200 and JSON."""
    assert chat.status == 200, explain(chat, "200")


@pytest.mark.judges("whole")
def test_chat_answer_is_complete(chat):
    """The body is as long as was announced."""
    assert chat.failure is None, explain(chat, "a complete body")


@pytest.mark.judges("readable")
def test_chat_body_is_strict_json(chat):
    """One JSON object in UTF-8, without NaN and the like."""
    assert chat.json_object(), explain(chat, "a JSON object")


@pytest.mark.judges("no_error")
def test_chat_holds_no_error(chat):
    """No error object under a 200."""
    assert not chat.json_object().get("error"), explain(chat, "no error")


def test_chat_identifies_itself(chat, target):
    """``object``, ``id``, ``created`` and a ``model`` of the family that was asked for."""
    body = chat.json_object()
    assert body.get("object") == "chat.completion", explain(
        chat, "object to be 'chat.completion'", visible(repr(body.get("object")))
    )
    assert isinstance(body.get("id"), str) and body["id"], explain(
        chat, "id to be a non-empty string", visible(repr(body.get("id")))
    )
    assert type(body.get("created")) is int, explain(
        chat, "created to be an integer", visible(repr(body.get("created")))
    )
    model = body.get("model")
    assert isinstance(model, str) and model.startswith(target.models_family), explain(
        chat, f"a model of the family of {target.model}", visible(repr(model))
    )


def test_chat_has_an_answer_of_the_assistant(chat):
    """Choice 0 is the assistant's, with text that the backend meant, or with tool calls."""
    choices = chat.json_object().get("choices")
    assert isinstance(choices, list) and choices, explain(chat, "choices to be a non-empty list")
    index = _choice(chat).get("index")
    assert type(index) is int and index == 0, explain(chat, "index 0", visible(repr(index)))
    message = _message(chat)
    assert message.get("role") == "assistant", explain(
        chat, "role to be 'assistant'", visible(repr(message.get("role")))
    )
    content = message.get("content")
    answered = isinstance(content, str) and content.strip()
    assert answered or message.get("tool_calls"), explain(
        chat, "content to be a non-empty text", visible(repr(content))
    )
    assert not answered or content.strip() not in FALLBACK_TEXTS, explain(
        chat, "an answer of the model, not a fallback text", visible(repr(content))
    )


def test_chat_finishes_for_a_known_reason(chat):
    """``finish_reason`` is one of the reference's; ``length`` on a short answer is advice."""
    if not _choice(chat):
        pytest.skip("there is no choice: see test_chat_has_an_answer_of_the_assistant")
    reason = _choice(chat).get("finish_reason")
    assert isinstance(reason, str) and reason in FINISH_REASONS, explain(
        chat, f"finish_reason to be one of {sorted(FINISH_REASONS)}", visible(repr(reason))
    )
    if reason == "length":
        advise(chat, "a short answer to finish with 'stop'", "'length': something truncates it")


def test_chat_usage_adds_up(chat, target):
    """Three counts, and the total is their sum."""
    usage = chat.json_object().get("usage")
    if usage is None and target.policy.usage != "required":
        pytest.skip(f"target {target.name} declares that usage is {target.policy.usage}")
    assert isinstance(usage, dict), explain(chat, "usage to be an object", visible(repr(usage)))
    counts = [usage.get(f"{name}_tokens") for name in ("prompt", "completion", "total")]
    assert all(type(count) is int and count >= 0 for count in counts), explain(
        chat, "prompt, completion and total tokens to be integers, not negative", f"{counts}"
    )
    assert counts[0] + counts[1] == counts[2], explain(
        chat, "total_tokens to be the sum", f"{counts[0]} + {counts[1]} is not {counts[2]}"
    )
