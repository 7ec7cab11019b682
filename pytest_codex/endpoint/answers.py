"""What a healthy Codex Completions API behind its Traefik answers. Pure functions of values."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from .values import (
    EVENT_STREAM,
    JSON,
    TEXT,
    Answer,
    Configuration,
    Environment,
    Headers,
    Pause,
    Request,
    Situation,
    Step,
    encode,
    event,
)

# The compose file's headers middleware (`codex-headers`).
SECURITY: Headers = (
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload"),
    ("X-Frame-Options", "DENY"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), interest-cohort=()"),
    ("X-DNS-Prefetch-Control", "off"),
)

# The compose file's CORS middleware (`codex-cors`) on an ordinary response and on a preflight.
CORS: Headers = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "Content-Type"),
    ("Vary", "Origin"),
)
PREFLIGHT: Headers = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", "GET,POST,HEAD,OPTIONS"),
    (
        "Access-Control-Allow-Headers",
        "Authorization,Content-Type,Accept,OpenAI-Organization,OpenAI-Beta,OpenAI-Version,"
        "OpenAI-Project,X-Requested-With,X-Stainless-OS,X-Stainless-Lang,X-Stainless-Arch,"
        "X-Stainless-Runtime,X-Stainless-Runtime-Version,X-Stainless-Package-Version,"
        "X-Stainless-Timeout,X-Stainless-Retry-Count,dangerously-allow-browser",
    ),
    ("Access-Control-Max-Age", "600"),
    ("Vary", "Origin"),
)

EFFORTS = ("", "-low", "-medium", "-high")
FAMILIES: dict[Environment, str] = {"dev": "codev-5", "prod": "codex-5"}
OTHER_MODEL = "gpt-5.2-codex-M"
KNOWN_MODELS = {family + effort for family in FAMILIES.values() for effort in EFFORTS} | {
    OTHER_MODEL
}
GREETING = ("Hello", " from", " the", " embedded", " endpoint", ": olá,", " 你好", " 👋", ".")
COUNT = re.compile(r"count\D{0,40}(\d+)\D{1,10}(\d+)", re.IGNORECASE)
MOST_NUMBERS = 2000
DELTAS_PER_GROUP = 10
GROUP_PAUSE = Pause(0.002)


def answer(request: Request, configuration: Configuration, situation: Situation) -> Answer:
    """The healthy answer to a request: first who may ask, then what was asked."""
    path, method = request.path, request.method
    if path in HEALTH and method in ("GET", "HEAD"):
        return _json(path.strip("/"), 200, HEALTH[path], cors=False)
    if path != "/v1" and not path.startswith("/v1/"):
        return Answer(
            "unrouted",
            404,
            (("Content-Type", TEXT), ("X-Content-Type-Options", "nosniff")),
            (b"404 page not found\n",),
        )
    if method == "OPTIONS":
        return _options(request)
    is_models = path in ("/v1/models", "/v1/models/")
    if is_models and configuration.models_are_public:
        return models(request, configuration)
    if not _admits(request, configuration):
        return refusal()
    if is_models:
        return models(request, configuration)
    if (method, path) == ("POST", "/v1/chat/completions"):
        return chat_completions(request, situation)
    return error("unknown_path", 404, f"Cannot {method} {path}", code="not_found")


# --- who may ask ---


def presentation(request: Request, key: str) -> str:
    """How the request presents the key.

    One of right, empty, prefix (of the key), suffix (the key with more after it), wrong, scheme
    (not Bearer), header (X-Api-Key), query, none.
    """
    authorization = request.headers.get("authorization")
    if authorization is None:
        if request.headers.get("x-api-key") == key:
            return "header"
        return "query" if key in request.query.values() else "none"
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return "scheme"
    if token == key:
        return "right"
    if not token:
        return "empty"
    if key.startswith(token):
        return "prefix"
    return "suffix" if token.startswith(key) else "wrong"


def presented(request: Request) -> str:
    """The key, right or wrong, that the request carries; empty when it carries none."""
    authorization = request.headers.get("authorization", "")
    token = authorization.partition(" ")[2]
    return token or request.headers.get("x-api-key") or next(iter(request.query.values()), "")


def _admits(request: Request, configuration: Configuration) -> bool:
    admitted = configuration.admitted | (
        configuration.admitted_to_streams
        if re.search(rb'"stream"\s*:\s*true', request.body)
        else configuration.admitted_to_plain
    )
    return presentation(request, configuration.key) in admitted


def refusal() -> Answer:
    """ForwardAuth's own 401: no `type`, no `code`."""
    refused = _json("refusal", 401, {"error": {"message": "invalid token"}})
    return refused.with_header("WWW-Authenticate", "Bearer realm=api")


# --- public paths ---

_SINCE = "2026-11-23T01:48:17.477Z"
_WORKER: dict[str, Any] = {
    "attempt": 1,
    "restarts_total": 0,
    "consecutive_failures": 0,
    "next_restart_delay_ms": 0,
    "last_exit": None,
    "last_ready_at": _SINCE,
    "startup_latency_ms": 111,
}
_READINESS = {"ready": True, "reason": "handshake_complete", "since": _SINCE, "details": _WORKER}
_LIVENESS = {"live": True, "reason": "worker_running", "since": _SINCE, "details": _WORKER}
_SUPERVISOR = {"enabled": True, "running": True, "ready": True, **_WORKER}
HEALTH: dict[str, dict[str, Any]] = {
    "/healthz": {
        "ok": True,
        "sandbox_mode": "danger-full-access",
        "backend_mode": "app-server",
        "health": {"readiness": _READINESS, "liveness": _LIVENESS},
        "worker_supervisor": _SUPERVISOR,
    },
    "/readyz": {"ok": True, "health": {"readiness": _READINESS}, "worker_supervisor": _SUPERVISOR},
    "/livez": {"ok": True, "health": {"liveness": _LIVENESS}, "worker_supervisor": _SUPERVISOR},
}


def models(request: Request, configuration: Configuration) -> Answer:
    """The models list; its kind is `models`, `models_slash`, `models_head` or `unknown_path`."""
    if request.method not in ("GET", "HEAD"):
        return error("unknown_path", 404, f"Cannot {request.method} {request.path}")
    family = FAMILIES[configuration.environment]
    ids = [family + effort for effort in EFFORTS] + [OTHER_MODEL]
    data = [{"id": i, "object": "model", "owned_by": "codex", "created": 0} for i in ids]
    kind = "models_slash" if request.path.endswith("/") else "models"
    if request.method == "HEAD":
        kind = "models_head"
    listed = _json(kind, 200, {"object": "list", "data": data})
    return listed.with_header("Cache-Control", "public, max-age=60")


def _options(request: Request) -> Answer:
    asked = request.headers
    if "origin" in asked and "access-control-request-method" in asked:
        return Answer("preflight", 200, PREFLIGHT + SECURITY, (b"",))
    return Answer("options", 204, (("Allow", "GET,POST,HEAD,OPTIONS"), *CORS, *SECURITY))


# --- chat completions ---


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model says, before it is put on the wire."""

    id: str
    created: int
    model: str
    deltas: tuple[str, ...]
    prompt_tokens: int

    @property
    def usage(self) -> dict[str, int]:
        completion = len(self.deltas)
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": completion,
            "total_tokens": self.prompt_tokens + completion,
        }


def chat_completions(request: Request, situation: Situation) -> Answer:
    """POST /v1/chat/completions of a caller whose key was accepted."""
    try:
        asked = json.loads(request.body)
    except ValueError:
        return error("broken_json", 400, "Invalid JSON", code="invalid_json")
    messages = asked.get("messages") if isinstance(asked, dict) else None
    if not isinstance(messages, list) or not messages:
        return error("missing_messages", 400, "messages[] required", param="messages")
    model = asked.get("model")
    if not isinstance(model, str) or model not in KNOWN_MODELS:
        message = f"The model {model} does not exist or you do not have access to it."
        return error("unknown_model", 404, message, param="model", code="model_not_found")
    return completion_answer(asked, situation)


def completion_answer(asked: dict[str, Any], situation: Situation) -> Answer:
    """The model's answer to a request body that passed every check."""
    prompt = encode(asked["messages"]).decode("utf-8", "replace")
    digest = hashlib.sha256(f"{situation.number} {situation.now}".encode()).hexdigest()
    said = Completion(
        id=f"chatcmpl-{digest[:21]}",
        created=situation.now,
        model=asked["model"],
        deltas=_deltas(prompt),
        prompt_tokens=1 + len(prompt) // 4,
    )
    if asked.get("stream") is not True:
        return _plain(said)
    options = asked.get("stream_options")
    return _streamed(said, isinstance(options, dict) and options.get("include_usage") is True)


def _deltas(prompt: str) -> tuple[str, ...]:
    """A greeting; or, where the prompt asks to count, each number and each newline as one delta."""
    found = COUNT.search(prompt)
    if found is None:
        return GREETING
    first, last = int(found[1]), int(found[2])
    numbers = range(first, min(last, first + MOST_NUMBERS - 1) + 1)
    return tuple(text for number in numbers for text in (str(number), "\n")) or GREETING


def _plain(said: Completion) -> Answer:
    message = {"role": "assistant", "content": "".join(said.deltas)}
    completion = {
        "id": said.id,
        "object": "chat.completion",
        "created": said.created,
        "model": said.model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": said.usage,
    }
    return _json("chat", 200, completion, calls_model=True)


def _streamed(said: Completion, include_usage: bool) -> Answer:
    def chunk(choices: list[dict[str, Any]], usage: dict[str, int] | None = None) -> bytes:
        fields: dict[str, Any] = {
            "id": said.id,
            "object": "chat.completion.chunk",
            "created": said.created,
            "model": said.model,
            "choices": choices,
        }
        return event(fields | ({"usage": usage} if include_usage else {}))

    def choice(delta: dict[str, str], finish: str | None = None) -> list[dict[str, Any]]:
        return [{"index": 0, "delta": delta, "finish_reason": finish}]

    steps: list[Step] = [chunk(choice({"role": "assistant"}))]
    for start in range(0, len(said.deltas), DELTAS_PER_GROUP):
        group = said.deltas[start : start + DELTAS_PER_GROUP]
        steps += [GROUP_PAUSE, *(chunk(choice({"content": text})) for text in group)]
    steps.append(chunk(choice({}, "stop")))
    if include_usage:
        steps.append(chunk([], said.usage))
    steps.append(b"data: [DONE]\n\n")
    headers = (
        ("Content-Type", EVENT_STREAM),
        ("Cache-Control", "no-cache, no-transform"),
        ("X-Accel-Buffering", "no"),
        *CORS,
        *SECURITY,
    )
    return Answer("stream", 200, headers, tuple(steps), streamed=True, calls_model=True)


# --- shapes ---


def error(
    kind: str, status: int, message: str, *, param: str | None = None, code: str | None = None
) -> Answer:
    """An OpenAI error object."""
    fields = {
        "message": message,
        "type": "invalid_request_error",
        "param": param,
        "code": code or "invalid_request_error",
    }
    return _json(kind, status, {"error": fields})


def _json(
    kind: str, status: int, value: object, *, cors: bool = True, calls_model: bool = False
) -> Answer:
    headers = (("Content-Type", JSON), *(CORS if cors else ()), *SECURITY)
    return Answer(kind, status, headers, (encode(value),), calls_model=calls_model)
