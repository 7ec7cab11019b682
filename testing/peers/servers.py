"""Servers that this project did not write: installed once, each started on a port of its own.

They are configured by the files in ``examples/servers``, as a reader of that folder would do it.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from testing.installing import environment, node_modules

from . import chain_model

EXAMPLES = Path(__file__).parents[2] / "examples" / "servers"

LLAMA_CPP = ("xllamacpp==2026.10.11549",)
LITELLM = ("litellm[proxy]==1.106.2",)
AIMOCK = ("@copilotkit/aimock@1.43.0",)

#: Limits in seconds, generous: they only end what hangs.
START_LIMIT = 90
STOP_LIMIT = 10


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, with the name of its example and of the target in it."""

    name: str
    url: str
    key_variable: str
    key: str

    @property
    def example(self) -> Path:
        """The folder of its example."""
        return EXAMPLES / self.name


@contextmanager
def llama_cpp(folder: Path) -> Iterator[Server]:
    """llama.cpp's own HTTP server, over a model that is made here."""
    python = environment(LLAMA_CPP) / "bin" / "python"
    model = folder / "chain.gguf"
    model.write_bytes(chain_model.gguf())
    server = _server("llama_cpp", "LLAMA_API_KEY")
    command = [str(python), "serve.py", str(model), _port(server)]
    with _running(server, command, {}, "/health", folder):
        yield server


@contextmanager
def litellm(folder: Path) -> Iterator[Server]:
    """The LiteLLM proxy as a gateway in front of llama.cpp."""
    binary = environment(LITELLM) / "bin" / "litellm"
    server = _server("litellm", "LITELLM_MASTER_KEY")
    with llama_cpp(folder) as upstream:
        variables = {
            "UPSTREAM_URL": f"{upstream.url}/v1",
            "UPSTREAM_KEY": upstream.key,
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }
        command = [str(binary), "--config", "config.yaml", "--host", "127.0.0.1"]
        command += ["--port", _port(server)]
        with _running(server, command, variables, "/health/readiness", folder):
            yield server


@contextmanager
def aimock(folder: Path) -> Iterator[Server]:
    """CopilotKit's aimock, paced so that its long answer takes longer than three seconds."""
    binary = node_modules(AIMOCK) / ".bin" / "llmock"
    server = _server("aimock", "AIMOCK_API_KEYS")
    command = [str(binary), "--fixtures", "fixtures", "--chunk-size", "3", "--latency", "25"]
    command += ["--host", "127.0.0.1", "--port", _port(server)]
    with _running(server, command, {}, "/health", folder):
        yield server


SERVERS: Mapping[str, Callable[[Path], AbstractContextManager[Server]]] = {
    "llama_cpp": llama_cpp,
    "litellm": litellm,
    "aimock": aimock,
}


# -- running --------------------------------------------------------------------------------------


def _server(name: str, key_variable: str) -> Server:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return Server(name, f"http://127.0.0.1:{port}", key_variable, f"sk-{secrets.token_hex(16)}")


def _port(server: Server) -> str:
    return server.url.rpartition(":")[2]


@contextmanager
def _running(
    server: Server,
    command: Sequence[str],
    variables: Mapping[str, str],
    ready_path: str,
    folder: Path,
) -> Iterator[None]:
    """Run a server in its example's folder until the block ends; begin once it is ready."""
    log = folder / f"{server.name}.log"
    environment = {**os.environ, **variables, server.key_variable: server.key}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=server.example,
            env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(process, server.url + ready_path, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with opener.open(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    state = "is not ready" if process.poll() is None else f"ended with {process.returncode}"
    raise RuntimeError(f"{process.args} {state}: {log.read_text(errors='replace')[-2000:]}")
