"""`python -m pytest_codex.endpoint`: one embedded endpoint, until its stdin ends or a signal."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import signal
import socket
import ssl
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from .defects import DEFECTS, VARIATIONS, Chosen, DefectNameError, choose, configured
from .launcher import KEY_VARIABLE, MISSING
from .values import Configuration


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the endpoint; 0 when it was told to end, 2 when it could not begin."""
    options = _parser().parse_args(arguments)
    if options.list:
        _list()
        return 0
    try:
        chosen = [choose(text) for text in options.defect]
    except DefectNameError as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    key = options.key or os.environ.get(KEY_VARIABLE) or f"sk-embedded-{secrets.token_urlsafe(24)}"
    configuration = configured(Configuration(key, options.environment), chosen)
    if options.plain and configuration.certificate != "valid":
        sys.stderr.write("a certificate defect shows over HTTPS only, not with --plain\n")
        return 2
    try:
        sock = _bind(options.port)
    except OSError as problem:
        sys.stderr.write(f"cannot listen on port {options.port}: {problem}\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="codex-endpoint-") as folder:
        try:
            asyncio.run(_serve(configuration, chosen, options, sock, Path(folder)))
        except ModuleNotFoundError:
            sys.stderr.write(f"{MISSING}\n")
            return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pytest_codex.endpoint",
        description="An OpenAI-compatible endpoint on loopback that can be told to misbehave. "
        "It prints one line of JSON that says where it is, and ends when its stdin does.",
    )
    parser.add_argument("--environment", choices=("dev", "prod"), default="prod")
    parser.add_argument("--port", type=int, default=0, help="0, the default: any free port")
    parser.add_argument("--key", help=f"the right key; else {KEY_VARIABLE}; else a random one")
    parser.add_argument(
        "--defect",
        action="append",
        default=[],
        metavar="NAME[=VALUE]",
        help="a defect or a variation, by name; may be given more than once",
    )
    parser.add_argument("--plain", action="store_true", help="HTTP instead of HTTPS")
    parser.add_argument("--list", action="store_true", help="name all defects and variations")
    return parser


def _list() -> None:
    for title, registry in (("defects", DEFECTS), ("variations", VARIATIONS)):
        sys.stdout.write(f"{title}:\n")
        for defect in registry.values():
            value = "" if defect.default is None else f"={defect.default:g}"
            sys.stdout.write(f"  {defect.name}{value}: {defect.description}\n")


async def _serve(
    configuration: Configuration,
    chosen: Sequence[Chosen],
    options: argparse.Namespace,
    sock: socket.socket,
    folder: Path,
) -> None:
    from .app import Endpoint, serving  # late: --list and a wrong name need no server

    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    tls, ca_file = (None, None) if options.plain else _tls(configuration.certificate, folder)
    port = sock.getsockname()[1]
    async with serving(Endpoint(configuration, chosen), sock, tls):
        if sys.stdin is not None:  # else it was closed before we began: end by signal only
            threading.Thread(target=_watch_stdin, args=(loop, over), daemon=True).start()
        announcement = {
            "url": f"{'http' if options.plain else 'https'}://localhost:{port}",
            "key": configuration.key,
            "ca_file": ca_file,
            "pid": os.getpid(),
            "environment": configuration.environment,
            "defects": options.defect,
        }
        sys.stdout.write(json.dumps(announcement) + "\n")
        sys.stdout.flush()
        await over.wait()


def _bind(port: int) -> socket.socket:
    """A socket on 127.0.0.1; bound here so that its port is known before it listens."""
    sock = socket.socket(socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    return sock


def _tls(which: str, folder: Path) -> tuple[ssl.SSLContext, str]:
    from .certificates import issue

    certificate = issue(which)
    ca_file, server_file = folder / "ca.pem", folder / "server.pem"
    ca_file.write_bytes(certificate.ca)
    server_file.write_bytes(certificate.server)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_file)
    return context, str(ca_file)


def _watch_stdin(loop: asyncio.AbstractEventLoop, over: asyncio.Event) -> None:
    # os.read, not sys.stdin: a thread blocked in a buffered reader breaks the interpreter's end.
    while os.read(0, 4096):
        pass
    loop.call_soon_threadsafe(over.set)


if __name__ == "__main__":
    sys.exit(main())
