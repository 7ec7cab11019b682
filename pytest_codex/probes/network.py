"""The network under one exchange: DNS, TCP and TLS step by step, each read with its time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import anyio
import httpcore

from pytest_codex.exchange.exchange import Failure, FailureKind, Tls
from pytest_codex.probes.certificate import tls_facts, unverified_context
from pytest_codex.targets import Address

SocketOptions = Iterable[Any]


class Stopped(Exception):  # noqa: N818 - it carries a failure, and is none by itself
    """Ends an exchange with a failure."""

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.failure = Failure(kind, message)


class Network(httpcore.AsyncNetworkBackend):
    """Connects one exchange to an address, whatever host its URL names.

    Times are of the monotonic clock. Everything is bounded by ``limit`` seconds for DNS, TCP and
    TLS together, and by ``max_before_body`` bytes until the response's headers have been read.
    """

    def __init__(self, at: Address, limit: float, max_before_body: int) -> None:
        self._at = at
        self._limit = limit
        self._deadline = time.monotonic() + limit
        self._inner = httpcore.AnyIOBackend()
        self.stream: RecordedStream | None = None
        self.max_before_body = max_before_body
        self.resolved: float | None = None
        self.connected: float | None = None
        self.secured: float | None = None
        self.last_read: float = 0.0
        self.wire_bytes = 0
        self.in_body = False
        self.address: str | None = None
        self.tls: Tls | None = None

    @property
    def remaining(self) -> float:
        """Seconds left for connecting."""
        return max(self._deadline - time.monotonic(), 0.001)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve and connect, address by address.

        :raises Stopped: when that fails.
        """
        addresses = await self._resolve()
        self.resolved = time.monotonic()
        refusals: list[str] = []
        for number, address in enumerate(addresses):
            share = self.remaining / (len(addresses) - number)
            try:
                inner = await self._inner.connect_tcp(address, self._at.port, share)
            except httpcore.ConnectTimeout:
                refusals.append(f"{address}: no answer within {share:.1f} s")
            except httpcore.ConnectError as error:
                refusals.append(f"{address}: {_reason(error)}")
            else:
                self.connected = time.monotonic()
                self.address = address
                self.stream = RecordedStream(inner, self)
                return self.stream
        raise Stopped(
            _kind_of_refusal(refusals),
            f"no connection to port {self._at.port} ({'; '.join(refusals)})",
        )

    async def sleep(self, seconds: float) -> None:
        """Sleep, for httpcore."""
        await anyio.sleep(seconds)

    async def _resolve(self) -> list[str]:
        try:
            with anyio.fail_after(self.remaining):
                found = await _look_up(self._at.host, self._at.port)
        except TimeoutError:
            raise Stopped(
                FailureKind.DNS, f"{self._at.host} was not resolved within {self._limit:g} s"
            ) from None
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise Stopped(FailureKind.DNS, f"{self._at.host} does not resolve: {why}") from None
        return found

    async def presented(self, server_name: str) -> Tls | None:
        """Connect again, trusting anybody, to see the certificate that was not trusted."""
        if self.address is None:
            return None
        try:
            with anyio.fail_after(self.remaining):
                stream = await self._inner.connect_tcp(self.address, self._at.port)
                try:
                    secured = await stream.start_tls(unverified_context(), server_name)
                    return tls_facts(secured.get_extra_info("ssl_object"))
                finally:
                    await stream.aclose()
        except (TimeoutError, httpcore.ConnectError, httpcore.ConnectTimeout):
            return None

    async def close(self) -> None:
        """Close the connection at once, if there is one."""
        if self.stream is not None:
            with anyio.CancelScope(shield=True), anyio.move_on_after(1):
                await self.stream.aclose()


class RecordedStream(httpcore.AsyncNetworkStream):
    """A connection that notes when each read returned, and how much has come."""

    def __init__(self, inner: httpcore.AsyncNetworkStream, network: Network) -> None:
        self._inner = inner
        self._network = network

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read, and note the time at which the read returned."""
        network = self._network
        if not network.in_body:
            # Of a body that comes with the headers, no more is read than headers may have.
            room = network.max_before_body - network.wire_bytes
            if room <= 0:
                raise Stopped(
                    FailureKind.TOO_LARGE, f"more than {network.max_before_body:,} bytes of headers"
                )
            max_bytes = min(max_bytes, room)
        data = await self._inner.read(max_bytes)
        network.last_read = time.monotonic()
        network.wire_bytes += len(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of the buffer."""
        await self._inner.write(buffer)

    async def aclose(self) -> None:
        """Close."""
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Set up TLS, noting what was presented.

        :raises Stopped: when it fails.
        """
        network = self._network
        try:
            secured = await self._inner.start_tls(ssl_context, server_hostname, network.remaining)
        except httpcore.ConnectTimeout:
            raise Stopped(
                FailureKind.TLS_TIMEOUT,
                "the port accepts connections, but TLS was not set up before the connect timeout",
            ) from None
        except httpcore.ConnectError as error:
            failure = _tls_failure(error)
            if failure.kind is not FailureKind.TLS_FAILED:
                network.tls = await network.presented(server_hostname or "")
            raise Stopped(failure.kind, failure.message) from None
        network.secured = time.monotonic()
        network.tls = tls_facts(secured.get_extra_info("ssl_object"))
        network.stream = RecordedStream(secured, network)
        return network.stream

    def get_extra_info(self, info: str) -> Any:
        """Pass on what the connection knows."""
        return self._inner.get_extra_info(info)


async def _look_up(host: str, port: int) -> list[str]:
    """Return a host's addresses, in the system's order.

    The thread that waits for the resolver is nobody's: one of the loop's own, which a slow resolver
    cannot be called off from, would keep the run from ending.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        except (OSError, UnicodeError) as error:
            tell(answer.set_exception, error)
        else:
            tell(answer.set_result, addresses)

    def tell(how: Callable[[Any], None], what: object) -> None:
        def unless_called_off() -> None:
            if not answer.done():
                how(what)

        with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            loop.call_soon_threadsafe(unless_called_off)

    threading.Thread(target=look_up, daemon=True).start()
    return await answer


def _reason(error: BaseException) -> str:
    cause = error.__cause__
    while cause is not None and cause.__cause__ is not None:
        cause = cause.__cause__
    if isinstance(cause, ssl.SSLError) and cause.strerror:
        return cause.strerror
    if isinstance(cause, OSError) and cause.errno:
        return os.strerror(cause.errno)  # asyncio's own words are "Connect call failed"
    return str(cause or error) or type(error).__name__


def _kind_of_refusal(refusals: list[str]) -> FailureKind:
    if any("refused" in refusal.lower() for refusal in refusals):
        return FailureKind.REFUSED
    if any("no answer within" in refusal for refusal in refusals):
        return FailureKind.CONNECT_TIMEOUT
    return FailureKind.NETWORK


# OpenSSL's verification results (x509_vfy.h) that say more than "not trusted".
_EXPIRED = {9: "is not valid yet", 10: "has expired"}
_WRONG_NAME = {62, 64}


def _tls_failure(error: httpcore.ConnectError) -> Failure:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return Failure(FailureKind.TLS_FAILED, f"TLS was not set up: {_reason(error)}")
    if cause.verify_code in _EXPIRED:
        return Failure(FailureKind.TLS_EXPIRED, f"the certificate {_EXPIRED[cause.verify_code]}")
    if cause.verify_code in _WRONG_NAME:
        return Failure(FailureKind.TLS_WRONG_NAME, cause.verify_message.rstrip("."))
    return Failure(
        FailureKind.TLS_UNTRUSTED, f"the certificate is not trusted: {cause.verify_message}"
    )
