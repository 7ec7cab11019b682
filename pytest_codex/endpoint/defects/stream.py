"""Streamed chat completions: framing, order, identity, usage, time and behaviour."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Any

from ..answers import SECURITY
from ..values import JSON, TEXT, Answer, Cut, Hold, Pause, Step, encode
from .base import (
    HEALTH,
    STREAM,
    Call,
    Change,
    Defect,
    Edit,
    becomes,
    before,
    both,
    chunks,
    copy_after,
    copy_before,
    drop,
    ends,
    every,
    followed_by,
    gone,
    header,
    never,
    nth,
    preceded_by,
    put,
    rewrite,
    says,
    spread,
    swap,
    table,
    twice,
    wait,
    wait_after_head,
)
from .chat import FALLBACK, answered
from .gateways import fault

DONE = b"data: [DONE]\n\n"
FAULT = b"data: " + fault("backend failed") + b"\n\n"
done, finish, usage, role = nth("done", 0), nth("finish", 0), nth("usage", 0), nth("role", 0)
first, third = nth("content", 0), nth("content", 2)
delta = ("choices", 0, "delta")


def _silence(answer: Answer, call: Call) -> Answer:
    return rewrite(third, preceded_by(Pause(call.value)))(answer, call)


def _stall(answer: Answer, call: Call) -> Answer:
    events = [step for step in answer.steps if isinstance(step, bytes)]
    return replace(answer, steps=(*events[: int(call.value)], Hold()))


def _takes(answer: Answer, call: Call) -> Answer:
    return spread(answer, call.value)


def _buffered(answer: Answer, call: Call) -> Answer:
    return replace(answer, steps=(Pause(call.value), answer.body))


def _buffered_with_its_head(answer: Answer, call: Call) -> Answer:
    return wait(replace(answer, steps=(answer.body,)), call)


def _compressed(answer: Answer, _: Call) -> Answer:
    squeeze = zlib.compressobj(wbits=31)
    steps: list[Step] = [
        squeeze.compress(step) + squeeze.flush(zlib.Z_SYNC_FLUSH)
        if isinstance(step, bytes)
        else step
        for step in answer.steps
    ]
    steps.append(squeeze.flush())
    return replace(answer, steps=tuple(steps)).with_header("Content-Encoding", "gzip")


def _role_after_content(answer: Answer, call: Call) -> Answer:
    moved = next(step for step in answer.steps if isinstance(step, bytes))
    return both(rewrite(role, gone), rewrite(first, followed_by(moved)))(answer, call)


def _unsolicited(answer: Answer, call: Call) -> Answer:
    options = {"include_usage": True}
    asked = answered(stream_options=options)(answer, call)
    counted = asked.steps[-2]
    has_it = answer.steps[-2] == counted
    return answer if has_it else rewrite(done, preceded_by(counted))(answer, call)


def _second(edit: Edit) -> Edit:
    """`edit` for a stream that begins while another runs; each takes 1 s, so that they meet."""

    def meet(answer: Answer, call: Call) -> Answer:
        return edit(answer, call) if call.situation.open_streams else spread(answer, 1.0)

    return meet


def _after_disconnect(edit: Edit) -> Edit:
    """`edit` once a client has left; before that a stream takes a second, so that one can leave."""

    def once(answer: Answer, call: Call) -> Answer:
        if call.situation.abandoned:
            return edit(answer, call)
        return spread(answer, 1.0) if answer.streamed else answer

    return once


FRAMING = table(
    STREAM,
    ("stream_content_type_is_json", "events as application/json", header("Content-Type", JSON)),
    ("stream_content_type_is_text", "events as text/plain", header("Content-Type", TEXT)),
    ("stream_answers_json", "a JSON body, no stream", answered(stream=False)),
    (
        "stream_answers_json_as_events",
        "a JSON body whose type is text/event-stream",
        both(answered(stream=False), header("Content-Type", "text/event-stream")),
    ),
    (
        "stream_cacheable",
        "Cache-Control: public, max-age=60",
        header("Cache-Control", "public, max-age=60"),
    ),
    ("stream_without_cache_control", "no Cache-Control", header("Cache-Control")),
    (
        "stream_cache_control_allows_transform",
        "no no-transform",
        header("Cache-Control", "no-cache"),
    ),
    ("stream_gzip", "the stream is compressed, asked for or not", _compressed),
    (
        "stream_empty_body",
        "a 200 with no event at all",
        lambda answer, _: replace(answer, steps=()),
    ),
    (
        "stream_invalid_utf8",
        "bytes in a content that are not UTF-8",
        rewrite(third, lambda step: (step.replace(b'"content":"', b'"content":"\xff'),)),
    ),
    (
        "stream_broken_json",
        "one event is half a JSON",
        rewrite(third, lambda step: (step[:40] + b"\n\n",)),
    ),
    ("stream_array", "one event is a list", chunks(third, lambda chunk: [chunk])),
    ("stream_nan", "NaN in one event", chunks(third, put("logprob", value=float("nan")))),
    (
        "stream_two_objects_in_an_event",
        "two objects in one line of data",
        rewrite(third, lambda step: (step[:-2] + step.removeprefix(b"data: "),)),
    ),
    (
        "stream_without_a_blank_line",
        "two events are not parted by a blank line",
        rewrite(third, lambda step: (step[:-1],)),
    ),
    (
        "stream_keepalive_as_data",
        "a keepalive is sent as data",
        rewrite(third, preceded_by(b"data: keepalive\n\n")),
    ),
    (
        "stream_empty_data",
        "a keepalive is an event with empty data",
        rewrite(third, preceded_by(b"data:\n\n")),
    ),
)

ENDINGS = table(
    STREAM,
    ("stream_without_done", "no [DONE]", rewrite(done, gone)),
    ("stream_done_twice", "[DONE] twice", rewrite(done, twice)),
    (
        "stream_done_not_last",
        "a chunk after [DONE]",
        both(rewrite(done, gone), rewrite(finish, preceded_by(DONE))),
    ),
    (
        "stream_done_with_more_text",
        "data: [DONE]extra",
        rewrite(done, becomes(b"data: [DONE]extra\n\n")),
    ),
    ("stream_done_quoted", 'data: "[DONE]"', rewrite(done, becomes(b'data: "[DONE]"\n\n'))),
    ("stream_done_unterminated", "no blank line after [DONE]", rewrite(done, becomes(DONE[:-1]))),
    (
        "stream_unterminated_event",
        "half an event after [DONE]",
        rewrite(done, followed_by(b'data: {"id":"chat')),
    ),
    (
        "stream_stays_open",
        "the connection stays open after [DONE]",
        rewrite(done, followed_by(Hold())),
    ),
    ("stream_cut", "the connection is cut in the middle", ends(third, Cut())),
    (
        "stream_cut_reset",
        "the connection is reset in the middle",
        ends(third, Pause(0.1), Cut(reset=True)),
    ),
    (
        "stream_cut_after_done",
        "the connection is cut after [DONE]",
        rewrite(done, followed_by(Cut())),
    ),
    ("stream_ends_in_the_middle", "a tidy end without finish or [DONE]", ends(third)),
    (
        "stream_ends_in_an_event",
        "a tidy end in the middle of an event",
        ends(third, b'data: {"id":"chat'),
    ),
    ("stream_error", "an error object instead of the rest", ends(third, FAULT)),
    (
        "stream_error_then_done",
        "an error object and [DONE] instead of the rest",
        ends(third, FAULT, DONE),
    ),
    (
        "stream_error_event",
        "an `event: error` instead of the rest",
        ends(third, b"event: error\n" + FAULT),
    ),
)

TIME = table(
    STREAM,
    ("stream_never_answers", "no status line ever", never),
    (
        "stream_never_starts",
        "headers, then nothing",
        lambda answer, _: replace(answer, steps=(Hold(),)),
    ),
    ("stream_after", "headers after that many seconds", wait, 60),
    (
        "first_event_after",
        "headers at once, the first event after that many seconds",
        wait_after_head,
        60,
    ),
    ("stall_after", "nothing more after that many events", _stall, 3),
    ("silent_for", "that many seconds of silence in the middle", _silence, 60),
    ("stream_takes", "content spread over that many seconds", _takes, 150),
    ("buffered", "headers at once, all events in one burst after that many seconds", _buffered, 4),
    (
        "buffered_with_its_head",
        "headers and events in one burst after that many seconds",
        _buffered_with_its_head,
        4,
    ),
)


def _content(text: str) -> Change:
    """The chunk as one that says `text`."""

    def change(chunk: Any) -> Any:
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
        return {**chunk, "choices": [choice]}

    return change


def _far(chunk: Any) -> Any:
    counts = {"prompt_tokens": 4000, "completion_tokens": 9000, "total_tokens": 13000}
    return {**chunk, "usage": counts}


SHAPE = table(
    STREAM,
    ("stream_without_content", "no content delta", rewrite(every("content"), gone)),
    (
        "stream_content_empty",
        "every content delta is empty",
        chunks(every("content"), put(*delta, "content", value="")),
    ),
    (
        "stream_content_is_a_number",
        "a content delta is a number",
        chunks(third, put(*delta, "content", value=7)),
    ),
    ("stream_role_missing", "no chunk has a role", chunks(role, put(*delta, value={}))),
    ("stream_role_after_content", "the role comes after content", _role_after_content),
    (
        "stream_role_repeated",
        "every content delta has a role",
        chunks(every("content"), put(*delta, "role", value="assistant")),
    ),
    ("stream_role_is_user", "role: user", chunks(role, put(*delta, "role", value="user"))),
    (
        "stream_object_is_wrong",
        "object: chat.completion",
        chunks(every(), put("object", value="chat.completion")),
    ),
    ("stream_id_missing", "chunks have no id", chunks(every(), drop("id"))),
    (
        "stream_id_changes",
        "one chunk has another id",
        chunks(third, put("id", value="chatcmpl-other")),
    ),
    ("stream_created_missing", "chunks have no created", chunks(every(), drop("created"))),
    (
        "stream_created_changes",
        "one chunk has another created",
        chunks(third, put("created", value=1)),
    ),
    (
        "stream_created_is_a_string",
        "created is a string",
        chunks(every(), put("created", value="1795398500")),
    ),
    ("stream_model_missing", "chunks have no model", chunks(every(), drop("model"))),
    (
        "stream_model_changes",
        "one chunk has another model",
        chunks(third, put("model", value="codex-5-mini")),
    ),
    (
        "stream_model_of_another_family",
        "model: gpt-4o-mini",
        chunks(every(), put("model", value="gpt-4o-mini")),
    ),
    ("stream_choices_missing", "one chunk has no choices", chunks(third, drop("choices"))),
    (
        "stream_choices_is_an_object",
        "choices is an object",
        chunks(third, put("choices", value={"0": {}})),
    ),
    (
        "stream_choice_index_missing",
        "a choice has no index",
        chunks(third, drop("choices", 0, "index")),
    ),
    (
        "stream_choice_index_is_a_string",
        "index is a string",
        chunks(third, put("choices", 0, "index", value="0")),
    ),
    ("stream_delta_missing", "a choice has no delta", chunks(third, drop("choices", 0, "delta"))),
    ("stream_finish_missing", "no finish", rewrite(finish, gone)),
    ("stream_finish_twice", "two finish chunks", rewrite(finish, twice)),
    (
        "stream_finish_empty_midstream",
        "finish_reason is an empty string before the finish",
        chunks(third, put("choices", 0, "finish_reason", value="")),
    ),
    (
        "stream_finish_unknown",
        "finish_reason: eos",
        chunks(finish, put("choices", 0, "finish_reason", value="eos")),
    ),
    (
        "stream_finish_length",
        "finish_reason: length",
        chunks(finish, put("choices", 0, "finish_reason", value="length")),
    ),
    (
        "stream_content_after_finish",
        "content after the finish",
        rewrite(finish, copy_after(_content(" more"))),
    ),
    (
        "stream_starts_without_choices",
        "a first chunk with no choices, as Azure sends",
        rewrite(role, copy_before(put("choices", value=[]))),
    ),
    (
        "stream_fallback_text",
        "the proxy's fallback text is all the content",
        both(
            chunks(first, _content(FALLBACK)),
            rewrite(lambda kind, at, _: kind == "content" and at > 0, gone),
        ),
    ),
    ("stream_usage_missing", "no usage chunk though it was asked for", rewrite(usage, gone)),
    ("stream_usage_twice", "two usage chunks", rewrite(usage, twice)),
    (
        "stream_usage_before_finish",
        "the usage chunk comes before the finish",
        swap("usage", "finish"),
    ),
    ("stream_usage_after_done", "the usage chunk comes after [DONE]", swap("usage", "done")),
    (
        "stream_usage_with_choices",
        "the usage chunk has a choice",
        chunks(usage, put("choices", value=[{"index": 0, "delta": {}, "finish_reason": None}])),
    ),
    (
        "stream_usage_total_wrong",
        "total is not the sum",
        chunks(usage, put("usage", "total_tokens", value=999)),
    ),
    (
        "stream_usage_is_a_string",
        "prompt_tokens is a string",
        chunks(usage, put("usage", "prompt_tokens", value="11")),
    ),
    (
        "stream_usage_far_from_non_stream",
        "usage is far from that of a non-stream call",
        chunks(usage, _far),
    ),
    ("stream_usage_unsolicited", "a usage chunk that was not asked for", _unsolicited),
)

BEHAVIOUR = table(
    STREAM,
    (
        "second_stream_429",
        "a stream that begins while another runs gets 429",
        _second(says(429, JSON, fault("Rate limit reached", "rate_limit_error"), *SECURITY)),
    ),
    (
        "second_stream_empty",
        "a stream that begins while another runs has no event",
        _second(lambda answer, _: replace(answer, steps=())),
    ),
    (
        "second_stream_hangs",
        "a stream that begins while another runs never answers",
        _second(never),
    ),
    (
        "disconnect_hangs_the_next_stream",
        "streams never answer once a client has left",
        _after_disconnect(before(Hold())),
    ),
    (
        "disconnect_breaks_the_next_stream",
        "streams get 500 once a client has left",
        _after_disconnect(says(500, JSON, fault("worker gone"), *SECURITY)),
    ),
)

HEALTH_AFTER_A_STREAM = Defect(
    "disconnect_breaks_health",
    "health answers 503 once a client has left",
    STREAM | HEALTH,
    _after_disconnect(
        lambda answer, call: (
            answer
            if answer.streamed
            else says(503, JSON, encode({"ok": False}), *SECURITY)(answer, call)
        )
    ),
)

DEFECTS = (*FRAMING, *ENDINGS, *TIME, *SHAPE, *BEHAVIOUR, HEALTH_AFTER_A_STREAM)
