"""The embedded endpoint's app behind hypercorn, which speaks HTTP/2 too."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config

from pytest_codex.endpoint.app import Endpoint
from pytest_codex.endpoint.certificates import issue
from pytest_codex.endpoint.values import Configuration

from .host import Hosted


@contextlib.contextmanager
def hosting_http2(folder: Path) -> Iterator[Hosted]:
    """Run a healthy endpoint while the block runs."""
    certificate = issue("valid")
    server = folder / "server.pem"
    server.write_bytes(certificate.server)
    key = "sk-embedded-behind-hypercorn"
    endpoint = Endpoint(Configuration(key))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await endpoint({**scope, "state": {"transport": None}}, receive, send)

    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    config = Config()
    config.bind = [f"fd://{sock.detach()}"]  # hypercorn closes it
    config.certfile = config.keyfile = str(server)
    config.errorlog = None
    over = threading.Event()

    async def until_over() -> None:
        await asyncio.to_thread(over.wait)

    running = threading.Thread(
        target=lambda: asyncio.run(serve(app, config, shutdown_trigger=until_over))
    )
    running.start()
    try:
        yield Hosted(f"https://localhost:{port}", key, certificate.ca.decode())
    finally:
        over.set()
        running.join(10)
