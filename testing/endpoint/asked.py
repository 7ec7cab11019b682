"""Requests that the tests ask, as values and as bytes, and how they are sent."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
from urllib.parse import urlsplit

from pytest_codex.endpoint.defects import choose, respond
from pytest_codex.endpoint.launcher import Running
from pytest_codex.endpoint.values import Answer, Configuration, Request, Situation

KEY = "sk-the-right-key-0123456789"
RIGHT = {"authorization": f"Bearer {KEY}"}
PROD = Configuration(KEY)
CHAT = "/v1/chat/completions"
ORIGIN = "https://app.example"

PLAIN = {"model": "codex-5", "messages": [{"role": "user", "content": "Say hello."}]}
STREAM = {**PLAIN, "stream": True}
COUNTED = {**STREAM, "stream_options": {"include_usage": True}}
LONG = {**STREAM, "messages": [{"role": "user", "content": "Count from 1 to 150, one per line."}]}


def get(path: str, headers: dict[str, str] | None = None, method: str = "GET") -> Request:
    """A request without a body."""
    return Request(method, path, headers or {})


def post(
    body: object, headers: dict[str, str] = RIGHT, query: dict[str, str] | None = None
) -> Request:
    """A chat completion; `body` is sent as it is when it is bytes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request("POST", CHAT, headers, data, query or {})


def preflight() -> Request:
    """What a browser asks before it posts with a key."""
    headers = {
        "origin": ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization, content-type",
    }
    return get(CHAT, headers, "OPTIONS")


def answered(
    request: Request,
    *names: str,
    configuration: Configuration = PROD,
    situation: Situation | None = None,
) -> Answer:
    """The answer of an endpoint with these defects."""
    return respond(
        request, configuration, situation or Situation(), [choose(name) for name in names]
    )


def events(body: bytes) -> list[str]:
    """The data of the events of a stream in its plainest form."""
    assert body.endswith(b"\n\n")
    return [block.removeprefix("data: ") for block in body.decode()[:-2].split("\n\n")]


def connected(running: Running) -> socket.socket:
    """A connection, over TLS where the endpoint has it; its reads fail after 10 s of silence."""
    port = urlsplit(running.url).port
    assert port is not None
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    if running.ca_file is None:
        return plain
    context = ssl.create_default_context(cafile=running.ca_file)
    return context.wrap_socket(plain, server_hostname="localhost")


def raw(running: Running, body: object, seconds: float = 10) -> tuple[bytes, str]:
    """All bytes that a chat call brings, and how they end: "end", "reset" or "open"."""
    data = json.dumps(body).encode()
    head = (
        f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {running.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n"
        "Connection: close\r\n\r\n"
    )
    received = b""
    with contextlib.closing(connected(running)) as connection:
        connection.settimeout(seconds)
        connection.sendall(head.encode() + data)
        try:
            while piece := connection.recv(65536):
                received += piece
        except ConnectionResetError:
            return received, "reset"
        except TimeoutError:
            return received, "open"
    return received, "end"
