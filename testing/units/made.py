"""Exchanges, made by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from pytest_codex.exchange.exchange import Exchange, Failure, FailureKind, Headers, Request, Tls
from pytest_codex.exchange.transcript import Read
from pytest_codex.settings import Settings
from pytest_codex.targets import Target

WHEN = datetime(2025, 6, 1, 12, 30, 15, 250_000, UTC)
URL = "https://api.example"
SSE = (("Content-Type", "text/event-stream"),)
JSON = (("Content-Type", "application/json"),)
HTML = (("Content-Type", "text/html; charset=utf-8"),)


def exchange(
    probe: str = "healthz",
    status: int | None = 200,
    body: bytes | str | object = b"",
    headers: Headers | None = None,
    failure: Failure | None = None,
    **more: object,
) -> Exchange:
    """An exchange; a body that is neither bytes nor text is sent as JSON."""
    if not isinstance(body, bytes | str):
        body = json.dumps(body)
        headers = JSON if headers is None else headers
    data = body.encode() if isinstance(body, str) else body
    more.setdefault("reads", (Read(0.5, len(data)),) if data else ())
    return Exchange(
        probe=probe,
        target="prod",
        route="edge",
        request=Request("GET", f"{URL}/healthz"),
        started=WHEN,
        status=status,
        headers=headers or (),
        body=data,
        failure=failure,
        **more,
    )


def failed(kind: FailureKind, probe: str = "healthz", **more: object) -> Exchange:
    """An exchange that no response came of."""
    return exchange(probe, None, failure=Failure(kind, f"this is {kind}"), **more)


def stream(*events: object, done: bool = True) -> bytes:
    """An event stream of these values."""
    texts = [event if isinstance(event, str) else json.dumps(event) for event in events]
    return "".join(f"data: {text}\n\n" for text in [*texts, *["[DONE]"] * done]).encode()


def chunk(content: str | None = None, finish: str | None = None, **more: object) -> dict:
    """A chat completion chunk."""
    delta = {} if content is None else {"content": content}
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return {"object": "chat.completion.chunk", "choices": choices, **more}


def tls(not_after: datetime) -> Tls:
    """What a server might have presented."""
    return Tls("TLSv1.3", "CN=api.example", "CN=Some CA", ("api.example",), WHEN, not_after)


def target(domain: str = "api.example", **flags: object) -> Target:
    """A target, resolved as the command line's flags say."""
    given = {"domain": domain, "key": "sk-the-right-key-0123456789", **flags}
    return Settings(
        {name: (f"--{name}", value) for name, value in given.items()}, {}, Path("/nowhere")
    ).target("prod")
