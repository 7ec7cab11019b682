"""The real transport and recorder, sent at a server."""

from __future__ import annotations

import ssl
from pathlib import Path

import anyio

from pytest_codex.exchange.exchange import Exchange
from pytest_codex.probes.catalogue import CATALOGUE
from pytest_codex.probes.recorder import Recorder
from pytest_codex.probes.transport import Limits, Transport
from pytest_codex.settings import Settings
from pytest_codex.targets import Target

KEY = "sk-hostile/9f+Q=x7Lm2Zr8Tw4Yv6"

#: When something hangs, in seconds: far beyond any budget, on any machine.
GUARD = 60.0

#: For what has to be stopped by another limit: on a busy machine too, time is not what ends it.
PATIENT = 30.0


def target(address: str, root: Path = Path("/nowhere"), **timeouts: float) -> Target:
    """A target as the command line would make it; timeouts are patient unless they are given."""
    names = ("connect", "request", "nonstream", "stream", "first_event", "idle")
    flags: dict[str, tuple[str, object]] = {
        f"{name}_timeout": ("--timeout", str(timeouts.get(name, PATIENT))) for name in names
    }
    flags |= {"domain": ("--domain", address), "key": ("--key", KEY)}
    return Settings(flags, {}, root).target("prod")


def record(
    probe: str,
    address: str,
    limits: Limits | None = None,
    context: ssl.SSLContext | None = None,
    **timeouts: float,
) -> Exchange:
    """Send one probe, and return its exchange; raises TimeoutError if that hangs."""
    aim = target(address, **timeouts)
    context = context or ssl.create_default_context()
    recording = Transport(aim, context, limits=limits).record(CATALOGUE[probe])

    async def run() -> None:
        with anyio.fail_after(GUARD):
            await recording.run()

    anyio.run(run)
    return recording.exchange()


def record_all(names: list[str], address: str, **timeouts: float) -> dict[str, Exchange]:
    """Send probes with a recorder, as a run of the suites does."""
    aim = target(address, **timeouts)
    context = ssl.create_default_context()
    recorder = Recorder(names, lambda lag: Transport(aim, context, lag=lag), lambda _exchange: None)
    recorder.start()
    recorder.close(interrupted=False)
    return recorder.exchanges()
