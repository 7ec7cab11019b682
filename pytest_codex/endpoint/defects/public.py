"""Health and models: the paths that need no key."""

from __future__ import annotations

from typing import Any

from ..answers import FAMILIES, SECURITY
from ..values import HTML, JSON, Answer, encode
from .base import (
    HEALTH,
    LISTS,
    MODELS,
    Call,
    Change,
    Defect,
    body,
    both,
    drop,
    header,
    never,
    put,
    says,
    status,
    text,
    wait,
)
from .gateways import fault, page

HEALTHZ, READYZ, LIVEZ = frozenset({"healthz"}), frozenset({"readyz"}), frozenset({"livez"})
SLASH, HEAD = frozenset({"models_slash"}), frozenset({"models_head"})
OPTIONS = frozenset({"options"})

unauthorized = says(
    401,
    JSON,
    encode({"error": {"message": "invalid token"}}),
    ("WWW-Authenticate", "Bearer realm=api"),
    *SECURITY,
)
absent = says(404, JSON, fault("Not Found", "invalid_request_error", "not_found"), *SECURITY)


def _health(name: str, value: Any) -> Change:
    """The field in every place where a health document has it."""

    def change(document: Any) -> Any:
        if isinstance(document, dict):
            return {k: value if k == name else change(v) for k, v in document.items()}
        return document

    return change


def _redirect_to_no_slash(answer: Answer, call: Call) -> Answer:
    to = call.request.path.rstrip("/")
    return says(308, "", b"", ("Location", f"http://localhost{to}"), *SECURITY)(answer, call)


def _other_environment(answer: Answer, call: Call) -> Answer:
    ours = FAMILIES[call.configuration.environment].encode()
    theirs = FAMILIES["dev" if call.configuration.environment == "prod" else "prod"].encode()
    return text(lambda data: data.replace(ours, theirs))(answer, call)


HEALTH_DEFECTS = (
    Defect("healthz_html", "/healthz answers an HTML page", HEALTHZ, says(200, HTML, page("Hi"))),
    Defect(
        "healthz_redirects",
        "/healthz redirects to a login page",
        HEALTHZ,
        says(302, "", b"", ("Location", "/login"), *SECURITY),
    ),
    Defect("healthz_not_ok", "/healthz says ok: false", HEALTHZ, body(put("ok", value=False))),
    Defect("healthz_without_ok", "/healthz has no `ok`", HEALTHZ, body(drop("ok"))),
    Defect(
        "healthz_ok_is_a_string",
        '/healthz says ok: "true", a string',
        HEALTHZ,
        body(put("ok", value="true")),
    ),
    Defect(
        "healthz_content_type_is_text",
        "/healthz answers its JSON as text/plain",
        HEALTHZ,
        header("Content-Type", "text/plain"),
    ),
    Defect("healthz_broken_json", "/healthz is half a JSON", HEALTHZ, text(lambda b: b[:40])),
    Defect("healthz_needs_a_key", "/healthz answers 401", HEALTHZ, unauthorized),
    Defect(
        "healthz_503",
        "/healthz answers 503, ok: false",
        HEALTHZ,
        both(status(503), body(put("ok", value=False))),
    ),
    Defect("healthz_after", "/healthz answers after that many seconds", HEALTHZ, wait, 30),
    Defect("healthz_never_answers", "/healthz never answers", HEALTHZ, never),
    Defect(
        "readyz_not_ready",
        "/readyz answers 503, ready: false",
        READYZ,
        both(status(503), body(_health("ready", False))),
    ),
    Defect(
        "readyz_not_ready_in_a_200",
        "/readyz answers 200 with ready: false",
        READYZ,
        body(_health("ready", False)),
    ),
    Defect(
        "readyz_restarts_is_a_string",
        "/readyz has restarts_total as a string",
        READYZ,
        body(_health("restarts_total", "0")),
    ),
    Defect(
        "readyz_restart_delay_is_null",
        "/readyz has next_restart_delay_ms null",
        READYZ,
        body(_health("next_restart_delay_ms", None)),
    ),
    Defect("readyz_absent", "/readyz answers 404", READYZ, absent),
    Defect(
        "livez_not_live",
        "/livez answers 503, live: false",
        LIVEZ,
        both(status(503), body(_health("live", False))),
    ),
    Defect(
        "livez_restarts_is_a_string",
        "/livez has restarts_total as a string",
        LIVEZ,
        body(_health("restarts_total", "0")),
    ),
    Defect("livez_absent", "/livez answers 404", LIVEZ, absent),
    Defect("health_never_answers", "no health path ever answers", HEALTH, never),
)

MODELS_DEFECTS = (
    Defect(
        "models_401", "the models list is refused, with the key and without", MODELS, unauthorized
    ),
    Defect(
        "models_need_a_key",
        "the models list is refused without the key",
        settings=(("models_are_public", False),),
    ),
    Defect("models_500", "the models list answers 500", MODELS, says(500, JSON, fault("boom"))),
    Defect("models_html", "the models list is an HTML page", MODELS, says(200, HTML, page("Hi"))),
    Defect("models_broken_json", "the models list is half a JSON", LISTS, text(lambda b: b[:40])),
    Defect(
        "models_object_is_wrong",
        "the models list has object: models",
        LISTS,
        body(put("object", value="models")),
    ),
    Defect("models_empty", "the models list is empty", LISTS, body(put("data", value=[]))),
    Defect("models_data_is_null", "data is null", LISTS, body(put("data", value=None))),
    Defect("model_id_missing", "a model has no id", LISTS, body(drop("data", 1, "id"))),
    Defect("model_id_empty", "a model's id is empty", LISTS, body(put("data", 1, "id", value=""))),
    Defect(
        "model_id_is_a_number",
        "a model's id is a number",
        LISTS,
        body(put("data", 1, "id", value=5)),
    ),
    Defect(
        "model_id_twice",
        "a model is listed twice",
        LISTS,
        body(lambda root: {**root, "data": [*root["data"], root["data"][0]]}),
    ),
    Defect(
        "models_of_the_other_environment",
        "only the other environment's models are listed",
        LISTS,
        _other_environment,
    ),
    Defect(
        "models_without_the_advertised_one",
        "no model of this environment is listed, only others",
        LISTS,
        body(lambda root: {**root, "data": root["data"][-1:]}),
    ),
    Defect("models_slash_404", "/v1/models/ answers 404", SLASH, absent),
    Defect(
        "models_slash_redirects_to_http",
        "/v1/models/ redirects to plain HTTP",
        SLASH,
        _redirect_to_no_slash,
    ),
    Defect(
        "models_head_405",
        "HEAD /v1/models answers 405",
        HEAD,
        says(405, JSON, b"", ("Allow", "GET"), *SECURITY),
    ),
    Defect("models_options_500", "OPTIONS under /v1 answers 500", OPTIONS, says(500, "")),
    Defect("models_after", "the models list answers after that many seconds", MODELS, wait, 30),
    Defect("models_never_answer", "the models list never answers", MODELS, never),
)

DEFECTS = HEALTH_DEFECTS + MODELS_DEFECTS
