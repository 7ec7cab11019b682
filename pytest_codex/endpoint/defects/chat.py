"""Non-stream chat completions, and the errors that no model call is made for."""

from __future__ import annotations

import json
from dataclasses import replace

from ..answers import SECURITY, completion_answer
from ..values import EVENT_STREAM, HTML, JSON, TEXT, Answer
from .base import (
    CHAT,
    REQUEST_ERRORS,
    Call,
    Defect,
    Edit,
    body,
    drop,
    header,
    never,
    put,
    says,
    text,
    wait,
)
from .gateways import fault, page

FALLBACK = "No output from backend."
TRACE = (
    b"TypeError: Cannot read properties of undefined (reading 'map')\n"
    b"    at buildPrompt (/app/src/utils.js:41:27)\n"
    b"    at /app/server.js:212:18\n"
)


def answered(**fields: object) -> Edit:
    """The model's answer, as if these fields had been in the request's body."""

    def edit(answer: Answer, call: Call) -> Answer:
        sent = json.loads(call.request.body)
        defaults = {"model": "codex-5", **(sent if isinstance(sent, dict) else {})}
        asked = {**defaults, **fields}
        return replace(completion_answer(asked, call.situation), kind=answer.kind)

    return edit


def _declares(kept: float, declared: float) -> Edit:
    """A part of the body under a Content-Length that is another part of its length."""

    def edit(answer: Answer, _: Call) -> Answer:
        whole = answer.body
        length = str(int(len(whole) * declared))
        return answer.with_body(whole[: int(len(whole) * kept)]).with_header(
            "Content-Length", length
        )

    return edit


WIRE = (
    Defect("chat_never_answers", "a non-stream call is never answered", CHAT, never),
    Defect("chat_after", "a non-stream answer takes that many seconds", CHAT, wait, 90),
    Defect(
        "chat_error_in_200",
        "a 200 whose body is an error object",
        CHAT,
        body(lambda _: json.loads(fault("backend failed"))),
    ),
    Defect(
        "chat_content_type_is_html",
        "the right JSON as text/html",
        CHAT,
        header("Content-Type", HTML),
    ),
    Defect(
        "chat_content_type_is_text",
        "the right JSON as text/plain",
        CHAT,
        header("Content-Type", TEXT),
    ),
    Defect(
        "chat_without_content_type", "the right JSON without a type", CHAT, header("Content-Type")
    ),
    Defect(
        "chat_answers_a_stream", "a stream where none was asked for", CHAT, answered(stream=True)
    ),
    Defect(
        "chat_event_stream_type",
        "the right JSON as text/event-stream",
        CHAT,
        header("Content-Type", EVENT_STREAM),
    ),
    Defect("chat_truncated", "half the body that Content-Length promises", CHAT, _declares(0.5, 1)),
    Defect(
        "chat_content_length_too_short",
        "Content-Length is half the body's",
        CHAT,
        _declares(1, 0.5),
    ),
    Defect(
        "chat_broken_json", "half a JSON in a complete body", CHAT, text(lambda b: b[: len(b) // 2])
    ),
    Defect("chat_empty_body", "a 200 with an empty body", CHAT, text(lambda _: b"")),
    Defect("chat_nan", "NaN in the JSON", CHAT, body(put("logprob", value=float("nan")))),
    Defect("chat_array", "the body is a list", CHAT, body(lambda root: [root])),
    Defect(
        "chat_invalid_utf8",
        "bytes in the content that are not UTF-8",
        CHAT,
        text(lambda b: b.replace(b'"content":"', b'"content":"\xff')),
    ),
)

# Name, description, change of the completion.
SHAPE = tuple(
    Defect(f"chat_{name}", description, CHAT, body(change))
    for name, description, change in (
        ("object_is_wrong", "object: text_completion", put("object", value="text_completion")),
        ("id_missing", "no id", drop("id")),
        ("id_empty", "an empty id", put("id", value="")),
        ("created_missing", "no created", drop("created")),
        ("created_is_a_float", "created has a fraction", put("created", value=1795398500.25)),
        ("created_is_a_string", "created is a string", put("created", value="1795398500")),
        ("model_missing", "no model", drop("model")),
        ("model_of_another_family", "model: gpt-4o-mini", put("model", value="gpt-4o-mini")),
        ("choices_missing", "no choices", drop("choices")),
        ("choices_empty", "an empty list of choices", put("choices", value=[])),
        ("index_is_1", "the only choice has index 1", put("choices", 0, "index", value=1)),
        ("message_missing", "the choice has no message", drop("choices", 0, "message")),
        ("role_is_user", "role: user", put("choices", 0, "message", "role", value="user")),
        ("content_empty", "empty content", put("choices", 0, "message", "content", value="")),
        ("content_null", "content null", put("choices", 0, "message", "content", value=None)),
        (
            "fallback_text",
            f'the proxy\'s fallback text "{FALLBACK}"',
            put("choices", 0, "message", "content", value=FALLBACK),
        ),
        ("finish_unknown", "finish_reason: eos", put("choices", 0, "finish_reason", value="eos")),
        ("finish_null", "finish_reason null", put("choices", 0, "finish_reason", value=None)),
        (
            "finish_length",
            "finish_reason: length on a short prompt",
            put("choices", 0, "finish_reason", value="length"),
        ),
        ("usage_missing", "no usage", drop("usage")),
        ("usage_null", "usage null", put("usage", value=None)),
        ("usage_total_wrong", "total is not the sum", put("usage", "total_tokens", value=999)),
        (
            "usage_negative",
            "prompt_tokens: -1, total is the sum",
            lambda root: put(
                "usage",
                value={
                    "prompt_tokens": -1,
                    "completion_tokens": root["usage"]["completion_tokens"],
                    "total_tokens": root["usage"]["completion_tokens"] - 1,
                },
            )(root),
        ),
        (
            "usage_is_a_string",
            "prompt_tokens is a string",
            put("usage", "prompt_tokens", value="11"),
        ),
    )
)


def _on(kind: str, name: str, description: str, edit: Edit) -> Defect:
    return Defect(name, description, frozenset({kind}), edit)


ERRORS = (
    _on(
        "broken_json",
        "broken_json_answers_500",
        "broken JSON gets 500",
        says(500, JSON, fault("Unexpected token"), *SECURITY),
    ),
    _on(
        "broken_json",
        "broken_json_answers_200",
        "broken JSON gets 200 and an answer",
        lambda _, call: completion_answer({"model": "codex-5", "messages": []}, call.situation),
    ),
    _on(
        "missing_messages",
        "missing_messages_answers_500_with_a_stack_trace",
        "a request without messages gets 500 and a stack trace",
        says(500, TEXT, TRACE, *SECURITY),
    ),
    _on(
        "missing_messages",
        "missing_messages_answers_200",
        "a request without messages gets 200 and an answer",
        answered(messages=[]),
    ),
    _on(
        "unknown_model",
        "unknown_model_answers_200",
        "an unknown model is answered by another",
        answered(model="codex-5"),
    ),
    _on(
        "unknown_model",
        "unknown_model_answers_500",
        "an unknown model gets 500",
        says(500, JSON, fault("backend failed"), *SECURITY),
    ),
    _on(
        "unknown_path",
        "unknown_path_answers_200_html",
        "an unknown path gets 200 and an HTML page",
        says(200, HTML, page("Welcome"), *SECURITY),
    ),
    _on(
        "unknown_path",
        "unknown_path_answers_500",
        "an unknown path gets 500",
        says(500, JSON, fault("no handler"), *SECURITY),
    ),
    Defect(
        "errors_are_html",
        "4xx errors are HTML pages",
        REQUEST_ERRORS,
        lambda answer, _: answer.with_body(page("Bad Request"), HTML),
    ),
    Defect(
        "errors_have_a_stack_trace",
        "4xx error objects carry a stack trace in their message",
        REQUEST_ERRORS,
        body(put("error", "message", value=TRACE.decode())),
    ),
    Defect(
        "errors_without_message",
        "error objects have no message",
        REQUEST_ERRORS,
        body(drop("error", "message")),
    ),
    Defect(
        "errors_are_strings",
        "`error` is a string",
        REQUEST_ERRORS,
        body(put("error", value="bad request")),
    ),
    Defect(
        "errors_are_details",
        'errors are {"detail": …}, as FastAPI writes them',
        REQUEST_ERRORS,
        body(lambda _: {"detail": "Bad Request"}),
    ),
)

DEFECTS = WIRE + SHAPE + ERRORS
