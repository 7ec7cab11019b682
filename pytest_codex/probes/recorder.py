"""Each probe sent once, all of them at once, in an event loop that no test can disturb.

The free probes start immediately. Those that cost a model call wait for the gate: somebody has to
answer, and the key has to be accepted; otherwise they are recorded as not sent, with the reason.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal

from pytest_codex.exchange.exchange import UNSENT, Exchange
from pytest_codex.exchange.fingerprints import sender
from pytest_codex.probes.catalogue import CATALOGUE, GATE, NO_KEY, Probe, pointless
from pytest_codex.probes.pending import Pending
from pytest_codex.probes.transport import Recording, Transport

#: The recording loop looks at the clock this often, in seconds.
_BEAT = 0.01
#: After so many requests without any answer nobody is there.
_ENOUGH = 3
NOBODY = "nothing answers"


class Recorder:
    """Records the exchanges of one target.

    :param names: the probes that the selected tests need.
    :param transport: called in the loop's thread with a lag meter; makes what sends them.
    :param keep: called in the loop's thread with each exchange as it is over.
    """

    def __init__(
        self,
        names: Iterable[str],
        transport: Callable[[Callable[[float], float]], Transport],
        keep: Callable[[Exchange], None],
    ) -> None:
        self._probes = [CATALOGUE[name] for name in with_prerequisites(names)]
        self._futures: dict[str, Future[Exchange]] = {p.name: Future() for p in self._probes}
        self._make_transport = transport
        self._keep = keep
        self._portal_context = start_blocking_portal()
        self._portal: BlockingPortal | None = None
        self._lags: list[tuple[float, float]] = []
        self._under_way: dict[str, Recording] = {}

    def start(self) -> None:
        """Start recording; returns at once."""
        self._portal = self._portal_context.__enter__()
        self._portal.start_task_soon(self._record_all).add_done_callback(self._give_up)

    def exchange(self, name: str) -> Exchange:
        """Return a probe's exchange, waiting until it is over. Interruptible."""
        return self._futures[name].result()

    def exchanges(self) -> dict[str, Exchange]:
        """Return every exchange that is over by now."""
        return {name: future.result() for name, future in self._futures.items() if future.done()}

    def pending(self) -> list[Pending]:
        """Return those that are under way, as they stand; any thread may ask."""
        return [recording.pending() for recording in self._under_way.copy().values()]

    def close(self, *, interrupted: bool = True) -> None:
        """End recording: cancel what is still under way if interrupted, else wait for it.

        Again is harmless, and does what a keyboard interrupt has left undone.
        """
        if not interrupted:
            for future in self._futures.values():
                future.exception()
        if self._portal is not None:
            with contextlib.suppress(RuntimeError):  # it has been stopped
                self._portal.call(self._portal.stop, True)
            self._portal_context.__exit__(None, None, None)
            self._portal = None

    # -- in the loop's thread ---------------------------------------------------------------------

    def _give_up(self, recording: Future[None]) -> None:
        """Let nobody wait for ever when recording itself has failed, which is a defect of ours."""
        error = None if recording.cancelled() else recording.exception()
        for future in self._futures.values():
            if not future.done():
                future.set_exception(error or RuntimeError("recording has ended"))

    async def _record_all(self) -> None:
        async with anyio.create_task_group() as everything:
            everything.start_soon(self._watch_lag)
            try:
                await self._send_all()
            finally:
                everything.cancel_scope.cancel()

    async def _send_all(self) -> None:
        transport = self._make_transport(self._lag_since)
        self._limiter = anyio.Semaphore(transport.target.policy.concurrency)
        self._over = {probe.name: anyio.Event() for probe in self._probes}
        async with anyio.create_task_group() as sending:
            for probe in self._probes:
                sending.start_soon(self._send, probe, transport)

    async def _send(self, probe: Probe, transport: Transport) -> None:
        recording: Recording | None = None
        try:
            closed = await self._gate(probe, transport)
            async with self._limiter:
                recording = transport.record(probe)
                closed = closed or self._nobody()
                if closed:
                    recording.refuse(closed)
                else:
                    self._under_way[probe.name] = recording
                    await recording.run()
        finally:
            self._under_way.pop(probe.name, None)
            if recording is None:
                recording = transport.record(probe)
                recording.call_off()
            exchange = recording.exchange()
            self._keep(exchange)
            self._futures[probe.name].set_result(exchange)
            self._over[probe.name].set()

    async def _gate(self, probe: Probe, transport: Transport) -> str | None:
        """Wait for what comes before a probe; return why it must not be sent, if so."""
        target = transport.target
        if reason := pointless(probe, target):
            return reason
        if probe.needs_key and target.key is None and target.policy.auth == "required":
            return NO_KEY
        for name in probe.after:
            await self._over[name].wait()
        if probe.paid:
            for name in GATE:
                await self._over[name].wait()
            return closed_gate([self._futures[name].result() for name in GATE])
        return None

    def _nobody(self) -> str | None:
        """Say that nothing answers once that is clear, so that no more time is spent on it."""
        over = [f.result() for f in self._futures.values() if f.done()]
        sent = [e for e in over if not e.failure or e.failure.kind not in UNSENT]
        clear = len(sent) >= _ENOUGH and not any(exchange.reached for exchange in sent)
        return NOBODY if clear else None

    async def _watch_lag(self) -> None:
        while True:
            due = time.monotonic() + _BEAT
            await anyio.sleep(_BEAT)
            lag = time.monotonic() - due
            if lag > _BEAT:
                self._lags.append((due, lag))

    def _lag_since(self, moment: float) -> float:
        return max((lag for due, lag in self._lags if due + lag >= moment), default=0.0)


def with_prerequisites(names: Iterable[str]) -> list[str]:
    """Return the probes, and those that must come before them, in the catalogue's order."""
    wanted = set(names)
    wanted |= {earlier for name in wanted for earlier in CATALOGUE[name].after}
    if any(CATALOGUE[name].paid for name in wanted):
        wanted |= set(GATE)
    return [name for name in CATALOGUE if name in wanted]


def closed_gate(gate: Iterable[Exchange]) -> str | None:
    """Return why model calls make no sense, given the free exchanges that tell; None if they do."""
    exchanges = list(gate)
    if not any(exchange.reached for exchange in exchanges):
        return NOBODY
    senders = [sender(exchange) for exchange in exchanges]
    if all(who is not None and who.instead for who in senders):
        return "something else answers in place of the application"
    if all(exchange.media_type == "text/html" for exchange in exchanges):
        return "whatever is asked is answered with a web page"
    if any(exchange.status in (401, 403) for exchange in exchanges if exchange.probe != "models"):
        return "the key was refused"
    return None
