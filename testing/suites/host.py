"""Many embedded endpoints in one process: cheaper than a process for each, and just the same.

It reads from the first line of stdin what each is to be, prints where they are, and ends when
stdin does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_codex.endpoint.__main__ import _bind
from pytest_codex.endpoint.app import Endpoint, serving
from pytest_codex.endpoint.certificates import issue
from pytest_codex.endpoint.defects import choose, configured
from pytest_codex.endpoint.values import Configuration, Environment


@dataclass(frozen=True, slots=True)
class Hosted:
    """Where an endpoint is, its key, and the authority that it announces, as PEM text."""

    url: str
    key: str
    authority: str


@contextlib.contextmanager
def hosting(endpoints: Sequence[tuple[str, Sequence[str]]]) -> Iterator[list[Hosted]]:
    """Run an endpoint for each environment and list of defects while the block runs."""
    command = [sys.executable, "-m", __name__]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(endpoints) + "\n")
        process.stdin.flush()
        yield [Hosted(**told) for told in json.loads(process.stdout.readline())]
        process.stdin.close()


async def _serve(endpoints: list[tuple[Environment, list[str]]]) -> None:
    hosted = []
    issued = {}
    async with contextlib.AsyncExitStack() as running:
        for environment, defects in endpoints:
            chosen = [choose(name) for name in defects]
            key = f"sk-embedded-{secrets.token_urlsafe(24)}"
            configuration = configured(Configuration(key, environment), chosen)
            which = configuration.certificate
            issued[which] = issued.get(which) or issue(which)
            sock = _bind(0)
            await running.enter_async_context(
                serving(Endpoint(configuration, chosen), sock, _context(issued[which].server))
            )
            url = f"https://localhost:{sock.getsockname()[1]}"
            hosted.append({"url": url, "key": key, "authority": issued[which].ca.decode()})
        print(json.dumps(hosted), flush=True)  # noqa: T201 - this is what the other side reads
        await asyncio.to_thread(sys.stdin.read)


def _context(server: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        file.write(server)
        file.flush()
        context.load_cert_chain(file.name)
    return context


if __name__ == "__main__":
    asyncio.run(_serve(json.loads(sys.stdin.readline())))
