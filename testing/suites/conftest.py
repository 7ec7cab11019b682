"""Ports at which no endpoint is."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine that is taken, and at which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that accepts connections and closes them, and so sets up no TLS."""
    import threading

    with socket.create_server(("127.0.0.1", 0)) as server:

        def close_them() -> None:
            try:
                while True:
                    server.accept()[0].close()
            except OSError:
                return  # the server is closed

        threading.Thread(target=close_them, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
