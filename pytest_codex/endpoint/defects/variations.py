"""Unusual and right: what a healthy endpoint may do, and no check may fail on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..values import EVENT_STREAM, HTML, Answer, Pause, Step, decoded
from .base import (
    CHAT,
    EVERYTHING,
    LISTS,
    PREFLIGHT,
    REFUSED,
    STREAM,
    Call,
    Defect,
    all_bytes,
    body,
    both,
    chunks,
    every,
    gone,
    header,
    nth,
    preceded_by,
    put,
    rewrite,
    spread,
    status,
    wait,
    wait_after_head,
)
from .gateways import CLOUDFLARE

KEEPALIVE = b": keepalive\n\n"
SEPARATORS = "\u2028\u2029\u0085"


def _answers_take(answer: Answer, call: Call) -> Answer:
    return spread(answer, call.value) if answer.streamed else wait(answer, call)


def _split(answer: Answer, at: Any) -> Answer:
    def pieces() -> Iterator[Step]:
        for step in answer.steps:
            if isinstance(step, bytes):
                yield from at(step)
            else:
                yield step

    return replace(answer, steps=tuple(pieces()))


def _bytes_of(step: bytes) -> Iterator[Step]:
    return (step[i : i + 1] for i in range(len(step)))


def _inside_characters(step: bytes) -> Iterator[Step]:
    """The step, parted after the first byte of its first multi-byte character."""
    place = next((i for i, byte in enumerate(step) if byte >= 0xC0), None)
    if place is None:
        yield step
    else:
        yield from (step[: place + 1], Pause(0.005), step[place + 1 :])


def _one_delta(answer: Answer, _: Call) -> Answer:
    """All content in the first content chunk."""
    deltas = [chunk["choices"][0]["delta"]["content"] for chunk in _contents(answer)]
    whole = put("choices", 0, "delta", "content", value="".join(deltas))
    first = chunks(nth("content", 0), whole)
    return both(first, rewrite(lambda kind, at, _: kind == "content" and at > 0, gone))(answer, _)


def _contents(answer: Answer) -> list[Any]:
    values = [decoded(step) for step in answer.steps]
    return [v for v in values if v and v["choices"] and "content" in v["choices"][0]["delta"]]


def _two_events_per_write(answer: Answer, _: Call) -> Answer:
    events = [step for step in answer.steps if isinstance(step, bytes)]
    pairs = tuple(b"".join(events[i : i + 2]) for i in range(0, len(events), 2))
    return replace(answer, steps=pairs)


def _numbered(answer: Answer, _: Call) -> Answer:
    steps = tuple(
        b"event: message\nid: %d\nretry: 3000\n" % place + step if isinstance(step, bytes) else step
        for place, step in enumerate(answer.steps)
    )
    return replace(answer, steps=steps)


def _more(value: Any) -> Any:
    """Unknown fields in every object."""
    if isinstance(value, dict):
        return {**{k: _more(v) for k, v in value.items()}, "x_unknown": {"since": 1, "why": None}}
    return [_more(item) for item in value] if isinstance(value, list) else value


def _unknown_fields(answer: Answer, call: Call) -> Answer:
    return (chunks(every(), _more) if answer.streamed else body(_more))(answer, call)


def _says_separators(answer: Answer, call: Call) -> Answer:
    def change(value: Any) -> Any:
        value["choices"][0]["delta" if answer.streamed else "message"]["content"] += SEPARATORS
        return value

    return (chunks(nth("content", 0), change) if answer.streamed else body(change))(answer, call)


def _reflects_origin(answer: Answer, call: Call) -> Answer:
    asked = call.request.headers
    return (
        replace(answer, status=204, steps=())
        .with_header("Access-Control-Allow-Origin", asked["origin"])
        .with_header("Access-Control-Allow-Credentials", "true")
        .with_header(
            "Access-Control-Allow-Headers", asked.get("access-control-request-headers", "")
        )
    )


def _lower_case(answer: Answer, _: Call) -> Answer:
    return replace(answer, headers=tuple((name.lower(), value) for name, value in answer.headers))


def _express(answer: Answer, call: Call) -> Answer:
    content = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<title>Error</title>\n</head>\n<body>\n"
        f"<pre>Cannot {call.request.method} {call.request.path}</pre>\n</body>\n</html>\n"
    )
    return answer.with_body(content.encode(), HTML)


VARIATIONS = (
    Defect(
        "answers_take",
        "each model answer takes that many seconds; a stream spreads its content over them",
        CHAT | STREAM,
        _answers_take,
        5,
    ),
    Defect(
        "slow_start",
        "headers of a stream at once, its first event after that many seconds",
        STREAM,
        wait_after_head,
        1,
    ),
    Defect(
        "keepalive_comments",
        "a comment before the first event and before every content delta",
        STREAM,
        both(
            rewrite(nth("role", 0), preceded_by(KEEPALIVE)),
            rewrite(every("content"), preceded_by(KEEPALIVE)),
        ),
    ),
    Defect("crlf", "CRLF line ends", STREAM, all_bytes(lambda step: step.replace(b"\n", b"\r\n"))),
    Defect("cr", "CR line ends", STREAM, all_bytes(lambda step: step.replace(b"\n", b"\r"))),
    Defect(
        "no_space_after_data",
        "`data:` without a space",
        STREAM,
        all_bytes(lambda step: step.replace(b"data: ", b"data:")),
    ),
    Defect(
        "bom",
        "a byte order mark before the first event",
        STREAM,
        rewrite(nth("role", 0), lambda step: (b"\xef\xbb\xbf" + step,)),
    ),
    Defect("event_and_id_fields", "every event has `event`, `id` and `retry`", STREAM, _numbered),
    Defect(
        "data_over_two_lines",
        "the JSON of an event over two `data` lines",
        STREAM,
        rewrite(
            every("content"), lambda step: (step.replace(b',"choices"', b',\ndata: "choices"'),)
        ),
    ),
    Defect(
        "event_stream_with_charset",
        "text/event-stream; charset=utf-8",
        STREAM,
        header("Content-Type", f"{EVENT_STREAM}; charset=utf-8"),
    ),
    Defect(
        "split_multibyte",
        "a pause inside of multi-byte characters",
        CHAT | STREAM,
        lambda answer, _: _split(answer, _inside_characters),
    ),
    Defect(
        "raw_line_separators",
        "raw U+2028, U+2029 and U+0085 in JSON strings",
        CHAT | STREAM,
        _says_separators,
    ),
    Defect(
        "one_byte_per_write",
        "every byte of a body in a write of its own",
        EVERYTHING,
        lambda answer, _: _split(answer, _bytes_of),
    ),
    Defect("two_events_per_write", "two events in each write", STREAM, _two_events_per_write),
    Defect("whole_answer_in_one_delta", "all content in one delta", STREAM, _one_delta),
    Defect(
        "role_and_content_in_one_delta",
        "the role in the first content delta",
        STREAM,
        both(
            rewrite(nth("role", 0), gone),
            chunks(nth("content", 0), put("choices", 0, "delta", "role", value="assistant")),
        ),
    ),
    Defect(
        "empty_content_with_the_role",
        'content: "" beside the role',
        STREAM,
        chunks(nth("role", 0), put("choices", 0, "delta", "content", value="")),
    ),
    Defect(
        "usage_null_on_chunks",
        "`usage: null` on chunks, asked for or not",
        STREAM,
        chunks(every("role", "content", "finish"), put("usage", value=None)),
    ),
    Defect(
        "unknown_fields",
        "unknown fields in every object of an answer",
        CHAT | STREAM | LISTS | {"healthz", "readyz", "livez"},
        _unknown_fields,
    ),
    Defect("lower_case_header_names", "lower-case header names", EVERYTHING, _lower_case),
    Defect(
        "connection_close",
        "`Connection: close` on every response",
        EVERYTHING,
        header("Connection", "close"),
    ),
    Defect(
        "behind_cloudflare",
        "`Server: cloudflare` and CF-RAY on every response",
        EVERYTHING,
        lambda answer, _: replace(answer, headers=answer.headers + CLOUDFLARE),
    ),
    Defect(
        "refusal_with_type_and_code",
        "the app's own 401, with type and code",
        REFUSED,
        body(
            lambda _: {
                "error": {
                    "message": "unauthorized",
                    "type": "authentication_error",
                    "code": "invalid_api_key",
                }
            }
        ),
    ),
    Defect(
        "refusal_is_403",
        "a refusal is a 403 with a JSON error object",
        REFUSED,
        both(status(403), header("WWW-Authenticate")),
    ),
    Defect(
        "models_with_created_times",
        "models have a time of creation",
        LISTS,
        body(lambda root: {**root, "data": [{**m, "created": 1754524800} for m in root["data"]]}),
    ),
    Defect(
        "unknown_model_answers_400",
        "an unknown model gets 400",
        frozenset({"unknown_model"}),
        status(400),
    ),
    Defect(
        "unknown_path_answers_express_html",
        "an unknown path gets Express's HTML 404",
        frozenset({"unknown_path"}),
        _express,
    ),
    Defect(
        "preflight_reflects_the_origin",
        "preflight gets 204, the origin itself, and credentials",
        PREFLIGHT,
        _reflects_origin,
    ),
    Defect(
        "healthz_is_brief",
        '/healthz is {"ok": true}',
        frozenset({"healthz"}),
        body(lambda _: {"ok": True}),
    ),
)
