"""Each defect and variation, as values: what it changes, and what it leaves alone."""

from __future__ import annotations

import gzip
import json

import pytest

from pytest_codex.endpoint.defects import (
    DEFECTS,
    VARIATIONS,
    DefectNameError,
    choose,
    configured,
)
from pytest_codex.endpoint.values import Cut, Hold, Pause, Situation

from .asked import (
    COUNTED,
    KEY,
    PLAIN,
    PROD,
    RIGHT,
    STREAM,
    answered,
    events,
    get,
    post,
    preflight,
)

ALL = {**DEFECTS, **VARIATIONS}
SITUATIONS = (Situation(), Situation(open_streams=1), Situation(abandoned=1))
WAYS = {
    "no_key": post(PLAIN, {}),
    "empty_bearer": post(PLAIN, {"authorization": "Bearer"}),
    "wrong_key": post(PLAIN, {"authorization": "Bearer wrong"}),
    "key_prefix": post(PLAIN, {"authorization": f"Bearer {KEY[:9]}"}),
    "key_with_suffix": post(PLAIN, {"authorization": f"Bearer {KEY}x"}),
    "other_scheme": post(PLAIN, {"authorization": f"Basic {KEY}"}),
    "key_in_x_api_key": post(PLAIN, {"x-api-key": KEY}),
    "key_in_query": post(PLAIN, {}, {"api_key": KEY}),
}
REQUESTS = {
    "healthz": get("/healthz"),
    "readyz": get("/readyz"),
    "livez": get("/livez"),
    "models": get("/v1/models"),
    "models_slash": get("/v1/models/"),
    "models_head": get("/v1/models", method="HEAD"),
    "options": get("/v1/models", method="OPTIONS"),
    "preflight": preflight(),
    "unrouted": get("/nope"),
    "unknown_path": get("/v1/nope", RIGHT),
    "chat": post(PLAIN),
    "stream": post(STREAM),
    "stream_counted": post(COUNTED),
    "broken_json": post(b"{"),
    "missing_messages": post({"model": "codex-5"}),
    "unknown_model": post({**PLAIN, "model": "nope"}),
    "refused_stream": post(STREAM, {}),
    **WAYS,
}


def changed(name: str) -> set[str]:
    """Names of the requests whose answer is not the healthy one in some situation."""
    return {
        asked
        for situation in SITUATIONS
        for asked, request in REQUESTS.items()
        if answered(request, name, situation=situation) != answered(request, situation=situation)
    }


def data(body: dict[str, object], *names: str) -> list[str]:
    """The data of the events of a stream with these defects."""
    return events(answered(post(body), *names).body)


@pytest.mark.parametrize("name", ALL)
def test_each_name_changes_what_is_answered_or_the_certificate(name):
    configuration = configured(PROD, [choose(name)])
    assert changed(name) or configuration.certificate != PROD.certificate


@pytest.mark.parametrize(
    ("prefix", "requests"),
    [
        ("healthz_", {"healthz"}),
        ("readyz_", {"readyz"}),
        ("livez_", {"livez"}),
        ("model", {"models", "models_slash", "models_head", "options"}),
        ("preflight_", {"preflight"}),
        ("chat_", {"chat"}),
        ("stream_", {"stream", "stream_counted"}),
        ("accepts_", set(WAYS) | {"refused_stream"}),
        ("refusal_", set(WAYS) | {"refused_stream"}),
        ("broken_json_", {"broken_json"}),
        ("missing_messages_", {"missing_messages"}),
        ("unknown_model_", {"unknown_model"}),
        ("unknown_path_", {"unknown_path"}),
        ("certificate_", set()),
    ],
)
def test_a_defect_leaves_alone_what_its_name_does_not_speak_of(prefix, requests):
    names = [name for name in DEFECTS if name.startswith(prefix)]
    assert names
    for name in names:
        assert changed(name) <= requests, name


@pytest.mark.parametrize("name", ALL)
def test_each_name_is_snake_case_with_a_description_of_one_line(name):
    assert name.isidentifier()
    assert name == name.lower()
    assert ALL[name].description.strip()
    assert "\n" not in ALL[name].description


def test_no_name_is_both_a_defect_and_a_variation():
    assert not set(DEFECTS) & set(VARIATIONS)


@pytest.mark.parametrize("name", VARIATIONS)
@pytest.mark.parametrize("asked", ["healthz", "models", "chat", "stream_counted"])
def test_a_variation_still_answers_200(name, asked):
    assert answered(REQUESTS[asked], name).status == 200


@pytest.mark.parametrize("way", WAYS)
def test_each_way_to_present_a_key_can_be_let_in_alone(way):
    admitted = {w for w, asked in WAYS.items() if answered(asked, f"accepts_{way}").status == 200}
    assert admitted == {way}
    assert answered(post(PLAIN), f"accepts_{way}").status == 200


def test_an_endpoint_can_be_open_on_one_kind_of_call_only():
    plain, stream = post(PLAIN, {}), post(STREAM, {})
    assert answered(plain, "open_on_stream_only").status == 401
    assert answered(stream, "open_on_stream_only").calls_model
    assert answered(plain, "open_on_non_stream_only").calls_model
    assert answered(stream, "open_on_non_stream_only").status == 401
    assert answered(plain, "open_to_everyone").calls_model
    assert answered(post(PLAIN), "right_key_refused").status == 401


@pytest.mark.parametrize("name", [n for n in DEFECTS if n.startswith("key_echoed")])
def test_an_echoed_key_is_in_the_answer_in_some_form_and_absent_where_none_was_sent(name):
    asked = post(PLAIN, {"authorization": "Bearer hello+world"})
    forms = ("hello+world", "aGVsbG8rd29ybGQ=", "%68%65%6C%6C%6F%2B%77%6F%72%6C%64")
    answer = answered(asked, name)
    shown = answer.body.decode() + str(answer.headers)
    assert sum(form in shown for form in forms) == 1
    assert answered(post(PLAIN, {}), name) == answered(post(PLAIN, {}))


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("stream_without_done", b"}\n\n"),
        ("stream_done_twice", b"\n\ndata: [DONE]\n\ndata: [DONE]\n\n"),
        ("stream_done_with_more_text", b"data: [DONE]extra\n\n"),
        ("stream_done_unterminated", b"data: [DONE]\n"),
        ("stream_unterminated_event", b'data: [DONE]\n\ndata: {"id":"chat'),
        ("stream_error_then_done", b'"code":null}}\n\ndata: [DONE]\n\n'),
        ("stream_ends_in_an_event", b'}\n\ndata: {"id":"chat'),
    ],
)
def test_a_stream_can_end_wrongly(name, ending):
    assert answered(post(STREAM), name).body.endswith(ending)


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("stream_cut", Cut()),
        ("stream_cut_reset", Cut(reset=True)),
        ("stream_stays_open", Hold()),
        ("stall_after=2", Hold()),
    ],
)
def test_a_stream_can_end_without_an_end(name, last):
    answer = answered(post(STREAM), name)
    assert answer.steps[-1] == last
    assert answer.body.startswith(b"data: {")


def test_stall_after_counts_events():
    assert len(data(STREAM, "stall_after=2")) == 2


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("stream_usage_before_finish", ["content", "usage", "finish", "done"]),
        ("stream_usage_after_done", ["content", "finish", "done", "usage"]),
        ("stream_usage_twice", ["content", "finish", "usage", "usage", "done"]),
        ("stream_usage_missing", ["content", "finish", "done"]),
        ("stream_finish_twice", ["content", "finish", "finish", "usage", "done"]),
        ("stream_finish_missing", ["content", "usage", "done"]),
        ("stream_content_after_finish", ["content", "finish", "content", "usage", "done"]),
        ("stream_done_not_last", ["content", "done", "finish", "usage"]),
    ],
)
def test_the_parts_of_a_stream_can_come_in_a_wrong_order(name, order):
    def part(text: str) -> str:
        if text == "[DONE]":
            return "done"
        choices = json.loads(text)["choices"]
        if not choices:
            return "usage"
        return "finish" if choices[0]["finish_reason"] else "content"

    parts = [part(text) for text in data(COUNTED, name)]
    assert parts[-len(order) :] == order


def test_an_unsolicited_usage_chunk_comes_only_where_none_was_asked_for():
    assert json.loads(data(STREAM, "stream_usage_unsolicited")[-2])["choices"] == []
    assert data(COUNTED, "stream_usage_unsolicited") == data(COUNTED)


def test_a_compressed_stream_is_the_same_stream():
    answer = answered(post(STREAM), "stream_gzip")
    assert answer.header("Content-Encoding") == "gzip"
    assert gzip.decompress(answer.body) == answered(post(STREAM)).body


def test_a_buffered_stream_is_one_burst_after_the_given_seconds():
    whole = answered(post(STREAM)).body
    assert answered(post(STREAM), "buffered=7").steps == (Pause(7), whole)
    late = answered(post(STREAM), "buffered_with_its_head=7")
    assert (late.before, late.steps) == ((Pause(7),), (whole,))


def test_answers_take_spreads_a_stream_and_delays_a_non_stream_answer():
    stream = answered(post(STREAM), "answers_take=5")
    waits = [step.seconds for step in stream.steps if isinstance(step, Pause)]
    assert isinstance(stream.steps[0], bytes)
    assert sum(waits) == pytest.approx(5)
    assert max(waits) < 1
    assert answered(post(PLAIN), "answers_take=5").before == (Pause(5),)


@pytest.mark.parametrize("body", [PLAIN, STREAM], ids=["plain", "stream"])
@pytest.mark.parametrize("name", ["one_byte_per_write", "split_multibyte"])
def test_a_split_body_is_the_same_body(body, name):
    whole, split = answered(post(body)), answered(post(body), name)
    assert split.body == whole.body
    assert len(split.steps) > len(whole.steps)


def test_a_whole_answer_in_one_delta_says_the_same():
    one = [json.loads(text) for text in data(STREAM, "whole_answer_in_one_delta")[:-1]]
    assert [list(c["choices"][0]["delta"]) for c in one] == [["role"], ["content"], []]
    many = [json.loads(text)["choices"][0]["delta"] for text in data(STREAM)[:-1]]
    said = "".join(delta.get("content", "") for delta in many)
    assert one[1]["choices"][0]["delta"]["content"] == said


def test_raw_line_separators_are_raw():
    for body in (PLAIN, STREAM):
        shown = answered(post(body), "raw_line_separators").body.decode()
        assert "\u2028\u2029\u0085" in shown


def test_a_second_stream_fails_and_the_first_lasts_long_enough_to_meet_it():
    first = answered(post(STREAM), "second_stream_429")
    second = answered(post(STREAM), "second_stream_429", situation=Situation(open_streams=1))
    assert (first.status, second.status) == (200, 429)
    assert sum(step.seconds for step in first.steps if isinstance(step, Pause)) >= 0.9


def test_health_breaks_once_a_client_has_left():
    left = Situation(abandoned=1)
    assert answered(get("/healthz"), "disconnect_breaks_health").status == 200
    assert answered(get("/healthz"), "disconnect_breaks_health", situation=left).status == 503
    assert answered(post(STREAM), "disconnect_breaks_health", situation=left).status == 200


def test_defects_can_be_combined():
    answer = answered(post(STREAM), "stream_without_done", "crlf", "connection_close")
    assert b"[DONE]" not in answer.body
    assert answer.body.endswith(b"\r\n\r\n")
    assert answer.header("Connection") == "close"


@pytest.mark.parametrize("variation", VARIATIONS)
def test_a_variation_can_be_followed_by_each_defect(variation):
    for kind in ("healthz", "models", "chat", "stream"):
        for name in (name for name, defect in DEFECTS.items() if kind in defect.on):
            assert answered(REQUESTS[kind], variation, name).status >= 200


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "stream_done_twise",
            "unknown defect 'stream_done_twise': did you mean 'stream_done_twice'?",
        ),
        ("zzz", "unknown defect 'zzz': --list names them all"),
        ("crlf=1", "crlf takes no value, got '1'"),
        ("answers_take=soon", "answers_take takes a number from 0, got 'soon'"),
        ("answers_take=-1", "answers_take takes a number from 0, got '-1'"),
        ("answers_take=inf", "answers_take takes a number from 0, got 'inf'"),
    ],
)
def test_a_wrong_name_or_value_is_refused_with_what_would_be_right(text, message):
    with pytest.raises(DefectNameError) as problem:
        choose(text)
    assert str(problem.value) == message
