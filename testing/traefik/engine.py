"""A stand-in for the Docker Engine API, as much of it as Traefik's Docker provider asks for.

Traefik asks for ``_ping``, ``version``, the list of containers, each container, and a stream of
events; an event makes it ask for the list again.
"""

from __future__ import annotations

import json
import queue
import re
import socketserver
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from pytest_codex.traefik.labels import Container

_ADDRESS = "127.0.0.1"
_VERSION = {"ApiVersion": "1.51", "MinAPIVersion": "1.24", "Version": "28.0.0", "Os": "linux"}


def inspected(container: Container, number: int) -> dict[str, Any]:
    """One container as ``GET /containers/{id}/json`` describes it."""
    state: dict[str, Any] = {"Status": "running" if container.running else "exited"}
    if not container.healthy:
        state["Health"] = {"Status": "starting"}
    networks = {
        name: {"NetworkID": name, "IPAddress": _ADDRESS} for name in container.networks
    }  # every network leads to this machine
    project = {
        "com.docker.compose.project": container.project,
        "com.docker.compose.service": container.service,
    }
    return {
        "Id": f"{number:064x}",
        "Name": f"/{container.project}-{container.service}-{number}",
        "State": state,
        "HostConfig": {"NetworkMode": "bridge"},
        "Config": {"Labels": {**container.labels, **project}},
        "NetworkSettings": {
            "Ports": {f"{port}/tcp": None for port in container.ports},
            "Networks": networks,
        },
    }


class Engine:
    """The containers that the engine reports; ``set`` changes them and tells all listeners."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked: list[str] = []
        self._containers: dict[str, dict[str, Any]] = {}
        self._listeners: list[queue.SimpleQueue[bytes]] = []
        self._server = _Server(str(path), _handler(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    def __enter__(self) -> Engine:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        for listener in self._listeners:
            listener.put(b"")

    def set(self, containers: Sequence[Container]) -> None:
        """Report these containers from now on."""
        found = [inspected(container, number) for number, container in enumerate(containers, 1)]
        self._containers = {entry["Id"]: entry for entry in found}
        event = {"Type": "container", "Action": "start", "Actor": {"ID": "0"}, "scope": "local"}
        for listener in self._listeners:
            listener.put(json.dumps(event).encode() + b"\n")

    def listen(self) -> queue.SimpleQueue[bytes]:
        """A queue that receives every event; an empty one ends it."""
        self._listeners.append(queue.SimpleQueue())
        return self._listeners[-1]

    def answer(self, path: str) -> Any:
        """The JSON value at a path below the API version, or None."""
        self.asked.append(path)
        if path == "/_ping":
            return "OK"
        if path == "/version":
            return _VERSION
        if path == "/containers/json":
            return [
                {"Id": entry["Id"], "Names": [entry["Name"]], "State": entry["State"]["Status"]}
                for entry in self._containers.values()
            ]
        found = re.fullmatch(r"/containers/([0-9a-f]+)/json", path)
        return self._containers.get(found[1]) if found else None


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


def _handler(engine: Engine) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._send(200, b"")

        def do_GET(self) -> None:
            path = re.sub(r"^/v[0-9.]+(?=/)", "", self.path.partition("?")[0])
            if path == "/events":
                self._stream()
                return
            found = engine.answer(path)
            self._send(404 if found is None else 200, json.dumps(found).encode())

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Api-Version", "1.51")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _stream(self) -> None:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            events = engine.listen()
            while event := events.get():
                self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
                self.wfile.flush()

        def address_string(self) -> str:
            return "unix"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
