"""What a healthy endpoint answers, as values: no socket."""

from __future__ import annotations

import json

import pytest

from pytest_codex.endpoint.answers import SECURITY
from pytest_codex.endpoint.values import Configuration, Pause, Situation

from .asked import (
    CHAT,
    COUNTED,
    KEY,
    LONG,
    ORIGIN,
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


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/livez"])
def test_health_paths_are_public_and_ok(path):
    answer = answered(get(path))
    document = json.loads(answer.body)
    assert answer.status == 200
    assert document["ok"] is True
    assert type(document["worker_supervisor"]["restarts_total"]) is int
    assert type(document["worker_supervisor"]["next_restart_delay_ms"]) is int


@pytest.mark.parametrize(("environment", "family"), [("prod", "codex-5"), ("dev", "codev-5")])
@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/"])
def test_the_models_list_names_the_family_of_its_environment(environment, family, path):
    answer = answered(get(path), configuration=Configuration(KEY, environment))
    ids = [model["id"] for model in json.loads(answer.body)["data"]]
    assert ids[:4] == [family, f"{family}-low", f"{family}-medium", f"{family}-high"]
    assert len(ids) == len(set(ids)) == 5


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer wrong"},
        {"authorization": f"Bearer {KEY[:-1]}"},
        {"authorization": f"Bearer {KEY}x"},
        {"authorization": f"Bearer  {KEY}"},
        {"authorization": f"Basic {KEY}"},
        {"authorization": KEY},
        {"x-api-key": KEY},
    ],
    ids=str,
)
@pytest.mark.parametrize("body", [PLAIN, STREAM, b"{"], ids=["plain", "stream", "broken"])
def test_all_but_the_right_bearer_gets_forwardauths_401_whatever_the_body(headers, body):
    answer = answered(post(body, headers))
    assert (answer.status, answer.calls_model) == (401, False)
    assert json.loads(answer.body) == {"error": {"message": "invalid token"}}
    assert answer.header("WWW-Authenticate") == "Bearer realm=api"


def test_the_key_in_the_query_is_refused():
    assert answered(post(PLAIN, {}, {"api_key": KEY})).status == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_right_key_is_accepted_whatever_the_case_of_its_scheme(scheme):
    assert answered(post(PLAIN, {"authorization": f"{scheme} {KEY}"})).status == 200


def test_a_non_stream_answer_is_a_whole_chat_completion():
    answer = answered(post(PLAIN))
    completion = json.loads(answer.body)
    assert answer.calls_model
    assert completion["object"] == "chat.completion"
    assert completion["model"] == "codex-5"
    choice = completion["choices"][0]
    assert (choice["index"], choice["finish_reason"]) == (0, "stop")
    assert not choice["message"]["content"].isascii()
    usage = completion["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


@pytest.mark.parametrize("body", [STREAM, COUNTED], ids=["without usage", "with usage"])
def test_a_stream_is_role_content_finish_usage_done(body):
    answer = answered(post(body))
    *chunks, last = events(answer.body)
    values = [json.loads(chunk) for chunk in chunks]
    assert last == "[DONE]"
    assert {v["object"] for v in values} == {"chat.completion.chunk"}
    assert len({(v["id"], v["created"], v["model"]) for v in values}) == 1
    if body is COUNTED:
        counted = values.pop()
        assert counted["choices"] == []
        assert all(value["usage"] is None for value in values)
        assert counted["usage"] == json.loads(answered(post(PLAIN)).body)["usage"] | {
            "prompt_tokens": counted["usage"]["prompt_tokens"]
        }
    else:
        assert not any("usage" in value for value in values)
    deltas = [value["choices"][0]["delta"] for value in values]
    finishes = [value["choices"][0]["finish_reason"] for value in values]
    assert deltas[0] == {"role": "assistant"}
    assert deltas[-1] == {}
    assert finishes == [None] * (len(values) - 1) + ["stop"]
    said = "".join(delta["content"] for delta in deltas[1:-1])
    assert said == json.loads(answered(post(PLAIN)).body)["choices"][0]["message"]["content"]


def test_a_stream_says_that_no_hop_may_keep_or_change_it():
    answer = answered(post(STREAM))
    assert answer.header("Content-Type") == "text/event-stream"
    assert answer.header("Cache-Control") == "no-cache, no-transform"
    assert answer.header("X-Accel-Buffering") == "no"


def test_counting_to_150_takes_at_least_200_deltas_and_well_under_a_second():
    answer = answered(post(LONG))
    assert answer.body.count(b'"content"') >= 200
    assert sum(step.seconds for step in answer.steps if isinstance(step, Pause)) < 0.5


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (post(b"{"), 400, "invalid_json"),
        (post(b"[]"), 400, "invalid_request_error"),
        (post({"model": "codex-5"}), 400, "invalid_request_error"),
        (post({**PLAIN, "messages": []}), 400, "invalid_request_error"),
        (post({**PLAIN, "model": "nope"}), 404, "model_not_found"),
        (post({**PLAIN, "model": ["codex-5"]}), 404, "model_not_found"),
        (get("/v1/nope", RIGHT), 404, "not_found"),
    ],
)
def test_a_wrong_request_gets_an_error_object_and_no_model_call(request_, status, code):
    answer = answered(request_)
    error = json.loads(answer.body)["error"]
    assert (answer.status, error["code"], answer.calls_model) == (status, code, False)
    assert set(error) == {"message", "type", "param", "code"}


@pytest.mark.parametrize("model", ["codex-5", "codev-5", "codev-5-high", "gpt-5.2-codex-M"])
@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_both_families_are_accepted_in_both_environments(model, environment):
    configuration = Configuration(KEY, environment)
    answer = answered(post({**PLAIN, "model": model}), configuration=configuration)
    assert json.loads(answer.body)["model"] == model


def test_a_preflight_is_answered_without_a_key():
    answer = answered(preflight())
    assert answer.status == 200
    assert answer.header("Access-Control-Allow-Origin") in ("*", ORIGIN)
    assert "POST" in str(answer.header("Access-Control-Allow-Methods"))
    assert "Authorization" in str(answer.header("Access-Control-Allow-Headers"))


def test_options_without_an_origin_says_what_is_allowed():
    answer = answered(get("/v1/models", method="OPTIONS"))
    assert (answer.status, answer.header("Allow")) == (204, "GET,POST,HEAD,OPTIONS")


def test_a_path_that_no_router_takes_gets_traefiks_404():
    answer = answered(get("/nope"))
    assert (answer.status, answer.body) == (404, b"404 page not found\n")
    assert answer.header("X-Content-Type-Options") == "nosniff"


def test_an_unknown_v1_path_needs_the_key_before_it_is_unknown():
    assert answered(get("/v1/nope")).status == 401
    assert answered(get("/v1/nope", RIGHT)).status == 404


@pytest.mark.parametrize(
    "request_", [get("/healthz"), get("/v1/models"), post(PLAIN), post(STREAM, {}), preflight()]
)
def test_whatever_a_router_takes_has_the_security_headers(request_):
    assert set(SECURITY) <= set(answered(request_).headers)


def test_the_same_values_give_the_same_answer_and_another_number_another_id():
    first, again = answered(post(PLAIN)), answered(post(PLAIN))
    assert first == again
    other = answered(post(PLAIN), configuration=PROD, situation=Situation(number=2))
    assert json.loads(other.body)["id"] != json.loads(first.body)["id"]


def test_a_post_to_another_path_is_no_chat_completion():
    asked = post(PLAIN)
    assert asked.path == CHAT
    assert answered(get("/v1/chat", RIGHT, "POST")).status == 404
