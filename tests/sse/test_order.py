"""What the chunks say, and in which order.

Source: OpenAI API reference, "The chat completion chunk object" and ``stream_options``.
"""

import itertools

import pytest

from pytest_codex.exchange.excerpt import visible
from pytest_codex.exchange.reference import FINISH_REASONS
from pytest_codex.report.explain import advise, explain

pytestmark = pytest.mark.sse


def _chunks(stream, target):
    """The chunks, without an Azure-style preamble of choice-less ones where policy allows it."""
    chunks = stream.transcript().chunks
    if not target.policy.preamble:
        return chunks
    return tuple(itertools.dropwhile(lambda chunk: chunk.value.get("choices") == [], chunks))


def _index(choice):
    """A choice's index; one that is missing or no integer, which has its own check, counts as 0."""
    index = choice.get("index")
    return index if type(index) is int else 0


def _constant(stream, target, field):
    """The field is a value of its own in every chunk, and the same one."""
    first = None
    for chunk in _chunks(stream, target):
        value = chunk.value.get(field)
        present = type(value) is int if field == "created" else isinstance(value, str) and value
        kind = "an integer" if field == "created" else "a non-empty string"
        assert present, explain(stream, f"{field} to be {kind}", visible(repr(value)), chunk.where)
        first = value if first is None else first
        assert value == first, explain(
            stream,
            f"{field} to be the same in every chunk",
            f"{visible(repr(value))} after {visible(repr(first))}",
            chunk.where,
        )
    return first


def test_every_chunk_is_a_chat_completion_chunk(stream, target):
    """``object`` is ``chat.completion.chunk`` everywhere."""
    for chunk in _chunks(stream, target):
        value = chunk.value.get("object")
        assert value == "chat.completion.chunk", explain(
            stream, "object to be 'chat.completion.chunk'", visible(repr(value)), chunk.where
        )


def test_id_is_constant(stream, target):
    """All chunks of an answer have its id."""
    assert _constant(stream, target, "id"), explain(stream, "an id")


def test_created_is_constant(stream, target):
    """All chunks have the same time of creation, an integer."""
    assert _constant(stream, target, "created") is not None, explain(stream, "created")


def test_model_is_constant_and_of_the_family(stream, target):
    """All chunks name the same model, of the family that was asked for."""
    model = _constant(stream, target, "model")
    assert model and model.startswith(target.models_family), explain(
        stream, f"a model of the family of {target.model}", visible(repr(model))
    )


def test_every_chunk_has_choices_with_an_index(stream, target):
    """``choices`` is a list, and each of its entries an object with an integer index."""
    for chunk in _chunks(stream, target):
        choices = chunk.value.get("choices")
        assert isinstance(choices, list), explain(
            stream, "choices to be a list", visible(repr(choices)), chunk.where
        )
        for choice in choices:
            index = choice.get("index") if isinstance(choice, dict) else None
            assert type(index) is int, explain(
                stream, "an integer index in each choice", visible(repr(choice)), chunk.where
            )


def test_every_delta_adds_text_or_nothing(stream):
    """Each choice has a delta, an object, whose content is a text, null or absent."""
    for chunk in stream.transcript().chunks:
        for choice in chunk.choices:
            delta = choice.get("delta")
            assert isinstance(delta, dict), explain(
                stream, "a delta, an object, in each choice", visible(repr(choice)), chunk.where
            )
            content = delta.get("content")
            assert content is None or isinstance(content, str), explain(
                stream, "content to be a text or null", visible(repr(content)), chunk.where
            )


def test_the_first_chunk_names_the_assistant(stream, target):
    """The first chunk has a choice with role ``assistant``; repeating the role is advice."""
    seen = set()
    repeated = None
    chunks = _chunks(stream, target)
    if chunks and chunks[0].value.get("choices") == []:
        pytest.fail(
            explain(
                stream,
                "a choice in the first chunk (unless preamble = true)",
                "none",
                chunks[0].where,
            ),
            pytrace=False,
        )
    for chunk in chunks:
        for choice in chunk.choices:
            delta, index = chunk.delta(choice), _index(choice)
            role = delta.get("role")
            if index not in seen and (delta or choice.get("finish_reason")):
                seen.add(index)
                assert role == "assistant", explain(
                    stream,
                    "role 'assistant' in the first delta",
                    f"role {visible(repr(role))}",
                    chunk.where,
                )
            elif role is not None:
                assert role == "assistant", explain(
                    stream, "no other role later", f"role {visible(repr(role))}", chunk.where
                )
                repeated = repeated or chunk
    assert seen, explain(stream, "a chunk with a choice")
    if repeated:
        advise(stream, "the role once", f"again in {repeated.where}")


def test_finish_reason_is_null_until_the_finish(stream):
    """Null (or absent), or one of the reference's reasons; ``length`` is advice."""
    for chunk, _, reason in stream.transcript().finishes:
        assert isinstance(reason, str) and reason in FINISH_REASONS, explain(
            stream,
            f"finish_reason to be null or one of {sorted(FINISH_REASONS)}",
            visible(repr(reason)),
            chunk.where,
        )
        if reason == "length":
            advise(stream, "finish_reason 'stop'", "'length': something truncates the answer")


def test_every_choice_finishes_once(stream):
    """Exactly one finish, for whatever reason, for each choice index."""
    chunks = stream.transcript().chunks
    indexes = {_index(choice) for chunk in chunks for choice in chunk.choices}
    finished = [_index(c) for chunk in chunks for c in chunk.choices if c.get("finish_reason")]
    for index in sorted(indexes) or [0]:
        assert finished.count(index) == 1, explain(
            stream, f"one finish of choice {index}", f"{finished.count(index)}"
        )


def test_nothing_is_added_after_the_finish(stream):
    """No content and no tool call for a choice that has finished."""
    finished = set()
    for chunk in stream.transcript().chunks:
        for choice in chunk.choices:
            index = _index(choice)
            added = [name for name in ("content", "tool_calls") if chunk.delta(choice).get(name)]
            assert not (index in finished and added), explain(
                stream,
                f"nothing for choice {index} after its finish",
                visible(repr(chunk.delta(choice))),
                chunk.where,
            )
            if choice.get("finish_reason"):
                finished.add(index)


def test_usage_comes_once_between_the_finish_and_done(stream, target):
    """Asked for, it is one chunk with empty choices after every finish, and its counts add up."""
    if target.policy.usage == "never":
        pytest.skip(f"target {target.name} declares that usage is never asked for (usage)")
    transcript = stream.transcript()
    if target.policy.usage == "optional" and not transcript.usages:
        pytest.skip(f"target {target.name} declares that usage is optional, and none came (usage)")
    numbers = [chunk.number for chunk in transcript.usages]
    assert len(numbers) == 1, explain(
        stream, "exactly one chunk with usage", f"{len(numbers)}, in events {numbers[:10]}"
    )
    chunk = transcript.usages[0]
    last_finish = max((c.number for c, _, _ in transcript.finishes), default=0)
    assert chunk.number > last_finish or (
        target.policy.usage_choices == "any" and chunk.number == last_finish
    ), explain(stream, f"usage after the finish (event {last_finish})", "before it", chunk.where)
    if target.policy.usage_choices == "empty":
        assert chunk.value.get("choices") == [], explain(
            stream,
            "choices: [] beside usage",
            visible(repr(chunk.value.get("choices"))),
            chunk.where,
        )
    usage = chunk.value["usage"]
    counts = [usage.get(f"{name}_tokens") for name in ("prompt", "completion", "total")]
    assert all(type(count) is int and count >= 0 for count in counts), explain(
        stream, "three counts, integers and not negative", f"{counts}", chunk.where
    )
    assert counts[0] + counts[1] == counts[2], explain(
        stream,
        "total_tokens to be the sum",
        f"{counts[0]} + {counts[1]} is not {counts[2]}",
        chunk.where,
    )


def test_done_comes_once_and_last(stream, target):
    """``[DONE]`` exactly once, and no event after it."""
    transcript = stream.transcript()
    if target.policy.done == "optional" and not transcript.done:
        pytest.skip(f"target {target.name} declares that [DONE] is optional, and none came (done)")
    assert len(transcript.done) == 1, explain(
        stream,
        "data: [DONE] exactly once",
        f"{len(transcript.done)} times in {len(transcript.events)} events",
    )
    after = len(transcript.events) - transcript.done[0]
    assert not after, explain(
        stream, "nothing after [DONE]", f"{after} more events", f"event {transcript.done[0] + 1}"
    )
