"""Plays recorded responses of the real server over plain HTTP: no proxy, no model, no decisions."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

KEY = "sk-of-the-recorded-server"


class Recorded(NamedTuple):
    """A response: its status line's code and phrase, headers, and body without any encoding."""

    status: int
    phrase: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def read(path: Path) -> Recorded:
    """Read a response as ``curl -i`` wrote it."""
    head, _, body = path.read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")
    first, *lines = head.decode().split("\n")
    _, status, phrase = first.split(" ", 2)
    headers = [tuple(line.split(": ", 1)) for line in lines]
    hop = ("transfer-encoding", "connection", "keep-alive", "content-length")
    kept = tuple((name, value) for name, value in headers if name.lower() not in hop)
    return Recorded(int(status), phrase, kept, body)


def chosen(method: str, path: str, headers: Mapping[str, str], body: bytes) -> str:
    """The name of the recorded response to a request."""
    if method == "OPTIONS":
        return "preflight"
    public = {"/healthz": "healthz", "/readyz": "readyz"}
    if path in public:
        return public[path]
    if path.rstrip("/") == "/v1/models":
        return "models-head" if method == "HEAD" else "models"
    if headers.get("Authorization") != f"Bearer {KEY}":
        return "chat-no-key"
    if path != "/v1/chat/completions":
        return "unknown-v1-path"
    try:
        asked = json.loads(body)
    except ValueError:
        return "chat-broken-json"
    if "messages" not in asked:
        return "chat-no-messages"
    if asked["model"] != "codex-5":
        return "chat-unknown-model"
    if not asked.get("stream"):
        return "chat"
    return "chat-stream-usage" if asked.get("stream_options") else "chat-stream"


@contextlib.contextmanager
def replaying(folder: Path) -> Iterator[str]:
    """Serve the recorded responses of a folder while the block runs; gives the URL."""
    recorded = {path.stem: read(path) for path in folder.glob("*.http")}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            response = recorded[chosen(self.command, self.path, self.headers, body)]
            self.send_response_only(response.status, response.phrase)
            for name, value in response.headers:
                self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(response.body)

        do_GET = do_HEAD = do_OPTIONS = do_POST = do_any  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
