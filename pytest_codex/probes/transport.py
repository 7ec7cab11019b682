"""How one request is sent, and how everything about its response is recorded.

A connection a request, so that each exchange has its own DNS, TCP and TLS times. Redirects are not
followed and proxies not used: what is verified is this address. Every wait and every size has a
limit, and whatever goes wrong becomes a typed failure in the exchange.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import anyio
import httpcore

from pytest_codex.exchange.exchange import (
    Echo,
    Exchange,
    Failure,
    FailureKind,
    Headers,
    Request,
    Timings,
)
from pytest_codex.exchange.sse import Decoder, Event, EventTooLargeError
from pytest_codex.exchange.strict import strict_json
from pytest_codex.exchange.transcript import DONE, Chunk, Read
from pytest_codex.probes.catalogue import WRONG_KEY, Probe, Stop, request_for
from pytest_codex.probes.encoding import decoding
from pytest_codex.probes.network import Network, Stopped
from pytest_codex.probes.pending import Pending
from pytest_codex.redaction import Scrubber, Secret, masked
from pytest_codex.targets import Target


@dataclass(frozen=True, slots=True)
class Limits:
    """What a response may be at most: bytes, counts, and seconds.

    ``after_done`` is how long a stream may stay open after ``[DONE]``: the catalogue's 2 s, and
    some slack that lets the check see it.
    """

    headers: int = 64 << 10
    body: int = 8 << 20
    reads: int = 100_000
    events: int = 100_000
    event: int = 1 << 20
    after_done: float = 2.5


class Transport:
    """Sends probes to one target over one route.

    :param lag: says how late the recording loop has run at worst since a monotonic time.
    """

    def __init__(
        self,
        target: Target,
        context: ssl.SSLContext,
        route: str = "edge",
        lag: Callable[[float], float] = lambda _since: 0.0,
        limits: Limits | None = None,
    ) -> None:
        self.target = target
        self.context = context
        self.route = route
        self.lag = lag
        self.limits = limits or Limits()
        keys = [Secret(WRONG_KEY), *([target.key] if target.key else [])]
        self.scrubber = Scrubber(keys)

    def record(self, probe: Probe) -> Recording:
        """Begin the record of a probe, which :meth:`Recording.run` then sends."""
        return Recording(self, probe)


class Recording:
    """An exchange in progress. :meth:`exchange` gives what is known of it at any time."""

    def __init__(self, transport: Transport, probe: Probe) -> None:
        self._transport = transport
        self.probe = probe
        target = transport.target
        at = target.origin if transport.route == "origin" and target.origin else target.address
        self._limits = transport.limits
        self._started = datetime.now(UTC)
        self._zero = time.monotonic()
        self._network = Network(at, target.budgets.connect, self._limits.headers)
        self._sent: float | None = None
        self._headers_at: float | None = None
        self._end: float | None = None
        self._status: int | None = None
        self._version: str | None = None
        self._reason = b""
        self._headers: Headers = ()
        self._body = bytearray()
        self._reads: list[Read] = []
        self._failure: Failure | None = None
        self._events = Decoder(self._limits.event)
        self._in_events = False
        self._event_count = 0
        self._done_at: float | None = None

    def refuse(self, why: str) -> None:
        """Record that the probe was not sent, and why."""
        self._failure = Failure(FailureKind.NOT_SENT, why)

    def call_off(self) -> None:
        """Record that the run ended before the probe was sent."""
        self._failure = Failure(FailureKind.CALLED_OFF, "interrupted before it was sent")

    async def run(self) -> None:
        """Send the probe and record what comes back.

        Raises nothing but a cancellation, which is recorded too.
        """
        budgets = self._transport.target.budgets
        limit = self.probe.limit(budgets)
        try:
            with anyio.move_on_after(limit) as total:
                await self._converse()
            if total.cancelled_caught:
                self._failure = Failure(
                    FailureKind.TOTAL_TIMEOUT,
                    f"not over after {limit:g} s ({self.probe.budget}-timeout): {self.progress}",
                )
        except Stopped as stopped:
            self._failure = stopped.failure
        except anyio.get_cancelled_exc_class():
            self._failure = Failure(FailureKind.CANCELLED, f"interrupted: {self.progress}")
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is evidence
            self._failure = self._classified(error)
        finally:
            self._end = time.monotonic()
            await self._network.close()

    @property
    def progress(self) -> str:
        """What has arrived so far, in words."""
        if self._status is None:
            if self._sent is None:
                return "not connected yet"
            return "no response yet"
        ago = time.monotonic() - (self._network.last_read or self._zero)
        arrived = f"{self._status}, {len(self._body):,} bytes"
        if self._event_count:
            arrived += f", {self._event_count} events"
        return f"{arrived}, the last {ago:.1f} s ago"

    def pending(self) -> Pending:
        """Return how it stands; any thread may ask, at any time."""
        target = self._transport.target
        now = time.monotonic()
        limit, budget = self.probe.limit(target.budgets), self.probe.budget
        if self.probe.streams and not self._event_count:
            limit, budget = min((limit, budget), (target.budgets.first_event, "first-event"))
        if self._sent is None and self._status is None:
            limit, budget = min((limit, budget), (target.budgets.connect, "connect"))
        return Pending(
            target=target.name,
            probe=self.probe.name,
            waited=now - self._zero,
            limit=limit,
            budget=budget,
            sent=self._sent is not None,
            status=self._status,
            size=len(self._body),
            events=self._event_count,
            quiet=now - (self._network.last_read or self._zero),
        )

    def exchange(self) -> Exchange:
        """Return what is known, scrubbed of every credential."""
        target = self._transport.target
        shown = request_for(self.probe, target, "$KEY")
        scrubber = self._transport.scrubber
        body = bytes(self._body)
        # A name is scrubbed first, and what is left of it then counts as the place of an echo.
        headers = [(scrubber.text(name), value) for name, value in self._headers]
        echoes = [
            Echo("header name", 0) for name, _ in self._headers if scrubber.text(name) != name
        ]
        echoes += [
            Echo(f"header {name}", span.start)
            for name, value in headers
            for span in scrubber.find(value.encode("latin-1", "replace"))
        ]
        echoes += [Echo("status line", span.start) for span in scrubber.find(self._reason)]
        in_body = scrubber.find(body)
        echoes += [Echo("body", span.start) for span in in_body]
        network = self._network
        return Exchange(
            probe=self.probe.name,
            target=target.name,
            route=self._transport.route,
            request=Request(shown.method, shown.url, shown.headers, shown.body),
            started=self._started,
            status=self._status,
            http_version=self._version,
            headers=tuple((name, scrubber.text(value)) for name, value in headers),
            body=masked(body, in_body),
            reads=tuple(self._reads),
            timings=Timings(
                dns=self._since(network.resolved),
                tcp=self._since(network.connected),
                tls=self._since(network.secured),
                sent=self._since(self._sent),
                headers=self._since(self._headers_at),
                end=self._since(self._end) or 0.0,
            ),
            tls=network.tls,
            address=network.address,
            wire_bytes=network.wire_bytes,
            failure=self._failure
            and Failure(self._failure.kind, scrubber.text(self._failure.message)),
            echoes=tuple(echoes),
            loop_lag=self._transport.lag(self._zero),
        )

    # -- the conversation -------------------------------------------------------------------------

    async def _converse(self) -> None:
        target = self._transport.target
        key = target.key.reveal() if target.key else ""
        wanted = request_for(self.probe, target, key)
        url = httpcore.URL(
            scheme=target.address.scheme,
            host=target.address.host,
            port=target.address.port,
            target=wanted.path,
        )
        headers = [("Host", target.domain), ("User-Agent", "pytest-codex-live"), *wanted.headers]
        if wanted.body or wanted.method == "POST":
            headers.append(("Content-Length", str(len(wanted.body))))
        connection = httpcore.AsyncHTTPConnection(
            origin=url.origin,
            ssl_context=self._transport.context,
            http1=True,
            http2=target.policy.http2,
            network_backend=self._network,
        )
        request = httpcore.Request(
            wanted.method,
            url,
            headers=headers,
            content=wanted.body,
            extensions={"trace": self._trace},
        )
        wait = self._first_wait
        try:
            with anyio.fail_after(wait):
                response = await connection.handle_async_request(request)
        except TimeoutError:
            raise Stopped(
                FailureKind.FIRST_BYTE_TIMEOUT, f"no response within {wait:g} s"
            ) from None
        self._network.in_body = True
        self._headers_at = time.monotonic()
        self._status = response.status
        self._headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers
        )
        self._reason = response.extensions.get("reason_phrase", b"")
        version = response.extensions.get("http_version", b"")
        self._version = version.decode("ascii", "replace")
        if self.probe.stop is Stop.WHEN_ACCEPTED and 200 <= response.status < 300:
            return
        assert isinstance(response.stream, AsyncIterable), "an async request has an async stream"
        await self._receive(aiter(response.stream))

    async def _trace(self, event: str, _info: dict[str, object]) -> None:
        if event.endswith("send_request_body.complete"):
            self._sent = time.monotonic()

    @property
    def _first_wait(self) -> float:
        budgets = self._transport.target.budgets
        return budgets.first_event if self.probe.streams else self.probe.limit(budgets)

    async def _receive(self, body: AsyncIterator[bytes]) -> None:
        encoding = decoding(self._header("content-encoding"))
        self._in_events = self._header("content-type").lower().startswith("text/event-stream")
        received = 0
        while True:
            data = await self._next(body)
            if data is None:
                encoding.end()
                return
            received += len(data)
            decoded = encoding.feed(data, self._limits.body - len(self._body))
            if decoded:
                self._body += decoded
                self._note_read()
            if max(received, len(self._body)) > self._limits.body:
                raise Stopped(
                    FailureKind.TOO_LARGE, f"a body of more than {self._limits.body:,} bytes"
                )
            if decoded and self._in_events and self._seen_enough(decoded):
                return

    async def _next(self, body: AsyncIterator[bytes]) -> bytes | None:
        """Return the next bytes, or None at the end of the response."""
        left, kind, says = min(self._waits())
        try:
            with anyio.fail_after(max(left, 0)):
                return await anext(body)
        except StopAsyncIteration:
            return None
        except TimeoutError:
            raise Stopped(kind, says) from None

    def _waits(self) -> Iterator[tuple[float, FailureKind, str]]:
        """Yield the limits on the wait for the next bytes: seconds left, and what it is if late."""
        now = time.monotonic()
        budgets = self._transport.target.budgets
        if self._done_at is not None:
            limit = self._limits.after_done
            says = f"the response was not ended within {limit:g} s of [DONE]"
            yield self._done_at + limit - now, FailureKind.HELD_OPEN, says
            return
        if self.probe.streams and not self._event_count and (self._in_events or not self._body):
            wait = self._first_wait
            says = f"headers, but no event within {wait:g} s"
            yield (self._sent or self._zero) + wait - now, FailureKind.FIRST_BYTE_TIMEOUT, says
        if self._body or not self.probe.streams:
            says = f"silence for {budgets.idle:g} s (idle-timeout) after {len(self._body):,} bytes"
            says += f" and {self._event_count} events" if self._event_count else ""
            yield budgets.idle, FailureKind.IDLE_TIMEOUT, says

    def _header(self, name: str) -> str:
        return ", ".join(value for key, value in self._headers if key.lower() == name)

    def _note_read(self) -> None:
        at = self._network.last_read - self._zero
        if self._reads and self._reads[-1].at == at:
            self._reads.pop()
        self._reads.append(Read(at, len(self._body)))
        if len(self._reads) > self._limits.reads:
            raise Stopped(
                FailureKind.TOO_LARGE, f"a body in more than {self._limits.reads:,} reads"
            )

    def _seen_enough(self, data: bytes) -> bool:
        """Follow the stream's events; whether the probe's aim is reached."""
        try:
            events = self._events.feed(data)
        except EventTooLargeError as error:
            raise Stopped(FailureKind.TOO_LARGE, str(error)) from None
        self._event_count += len(events)
        if self._event_count > self._limits.events:
            raise Stopped(FailureKind.TOO_LARGE, f"more than {self._limits.events:,} events")
        if self._done_at is None and any(event.data == DONE for event in events):
            self._done_at = time.monotonic()
        if self.probe.stop is Stop.AT_FIRST_CONTENT:
            return any(_is_content(event) for event in events)
        return False

    def _classified(self, error: Exception) -> Failure:
        words = str(error) or type(error).__name__
        if isinstance(error, httpcore.LocalProtocolError | httpcore.UnsupportedProtocol):
            return Failure(FailureKind.PROTOCOL, words)
        cut = isinstance(error, httpcore.ReadError | httpcore.WriteError) or (
            "without sending" in words or "disconnected" in words
        )
        if not cut:
            return Failure(FailureKind.PROTOCOL, f"{type(error).__name__}: {words}")
        if self._status is None and self._network.wire_bytes:
            return Failure(
                FailureKind.PROTOCOL,
                f"the connection was closed after {self._network.wire_bytes:,} bytes "
                "that are no HTTP response",
            )
        if self._status is None:
            return Failure(FailureKind.NO_ANSWER, "the connection was closed without an answer")
        return Failure(
            FailureKind.INCOMPLETE,
            f"the connection was cut in the middle of the body: {self.progress}",
        )

    def _since(self, moment: float | None) -> float | None:
        return None if moment is None else moment - self._zero


def _is_content(event: Event) -> bool:
    try:
        value = strict_json(event.data)
    except ValueError:
        return False
    return isinstance(value, dict) and Chunk(0, 0.0, 0, value).is_content
