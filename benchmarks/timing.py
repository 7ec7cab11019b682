"""How true recorded times are while the test's own thread sleeps, or burns the processor.

A server in a process of its own sends an event each 10 ms with its monotonic clock in it; the
recorder notes when each came. The error of an event is how much longer it took than the fastest.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pytest_codex.probes.certificate import tls_context
from pytest_codex.probes.recorder import Recorder
from pytest_codex.probes.transport import Transport
from pytest_codex.settings import Settings

EVENTS, PERIOD = 250, 0.01
SERVER = Path(__file__).with_name("ticking_server.py")


def burn(seconds: float) -> None:
    """Keep the interpreter busy."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sum(range(1000))


def errors(port: int, busy: Callable[[float], None]) -> tuple[list[float], float]:
    """Return the error of each recorded event in milliseconds, and the loop's own worst lag."""
    flags = {"domain": ("--domain", f"http://127.0.0.1:{port}")}
    target = Settings(flags, {"KEY": "sk-benchmark"}, Path("/nonexistent")).target("prod")
    recorder = Recorder(
        ["chat_stream"],
        lambda lag: Transport(target, tls_context({}), lag=lag),
        lambda _: None,
    )
    recorder.start()
    time.sleep(0.3)
    busy(EVENTS * PERIOD - 0.5)
    exchange = recorder.exchange("chat_stream")
    recorder.close()
    transcript = exchange.transcript()
    delays = [
        (at - json.loads(event.data)["t"]) * 1000
        for at, event in zip(transcript.times, transcript.events, strict=True)
        if event.data != "[DONE]"
    ]
    # The recorder counts from the start of its exchange: only the fastest event tells from when.
    found = [delay - min(delays) for delay in delays]
    return found, exchange.loop_lag * 1000


def report(port: int) -> None:
    """Print the error's quantiles under each load."""
    for name, busy in (("idle", lambda _: None), ("sleeps", time.sleep), ("burns", burn)):
        found, lag = errors(port, busy)
        ordered = sorted(found)
        print(
            f"test thread {name:<8} p50 {ordered[len(ordered) // 2]:.2f} ms, "
            f"p99 {ordered[int(len(ordered) * 0.99)]:.2f} ms, max {ordered[-1]:.2f} ms "
            f"({len(found)} events; the loop's own lag {lag:.0f} ms)"
        )


def main() -> None:
    """Start the server and measure."""
    command = [sys.executable, str(SERVER), str(EVENTS), str(PERIOD)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            report(int(server.stdout.readline()))
        finally:
            server.kill()


if __name__ == "__main__":
    main()
