"""A server that does what no HTTP library would: it sends whatever bytes it is told to, and when.

How it behaves is an asynchronous generator: given what was asked, it yields the bytes to send. When
it ends, the connection is closed; :data:`RESET` closes it the hard way.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future

Behaviour = Callable[[bytes], AsyncIterator[bytes]]

#: Yielded instead of bytes: the connection is reset.
RESET = b""


class Server:
    """A running server: its port, and the requests that it has read, head and body."""

    def __init__(self, behave: Behaviour, context: ssl.SSLContext | None, *, reads: bool) -> None:
        self._behave = behave
        self._context = context
        self._reads = reads
        self.requests: list[bytes] = []
        self.port = 0

    async def run(self, listening: Future[asyncio.Event]) -> None:
        """Serve until the event is set that ``listening`` is given."""
        ended = asyncio.Event()
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0, ssl=self._context)
        self.port = server.sockets[0].getsockname()[1]
        listening.set_result(ended)
        await ended.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            asked = await _request(reader) if self._reads else b""
            self.requests.append(asked)
            async for data in self._behave(asked):
                if data is RESET:
                    # Without lingering, closing a socket is a reset (socket(7)).
                    linger = struct.pack("ii", 1, 0)
                    connection = writer.get_extra_info("socket")
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    writer.transport.abort()
                    return
                writer.write(data)
                await writer.drain()
        writer.close()


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return head + await reader.readexactly(int(value))
    return head


@contextlib.contextmanager
def serving(
    behave: Behaviour, context: ssl.SSLContext | None = None, *, reads: bool = True
) -> Iterator[Server]:
    """Run a server in a thread of its own.

    :param reads: whether it reads a request before it sends anything.
    """
    server = Server(behave, context, reads=reads)
    listening: Future[asyncio.Event] = Future()
    loops: list[asyncio.AbstractEventLoop] = []

    async def run() -> None:
        loops.append(asyncio.get_running_loop())
        loops[0].set_exception_handler(lambda _loop, _context: None)  # broken handshakes, resets
        await server.run(listening)

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    ended = listening.result(20)
    try:
        yield server
    finally:
        loops[0].call_soon_threadsafe(ended.set)
        thread.join(20)


# -- ways to behave -------------------------------------------------------------------------------


def sends(*pieces: bytes, then: float = 0.0) -> Behaviour:
    """Send these, each in a write of its own, and hold the connection for so many seconds."""

    async def behave(_asked: bytes) -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece
            if len(pieces) > 1:
                await asyncio.sleep(0.02)
        await asyncio.sleep(then)

    return behave


def repeats(piece: bytes, first: bytes = b"", every: float = 0.0) -> Behaviour:
    """Send the first piece, and then the other one for ever, at intervals in seconds."""

    async def behave(_asked: bytes) -> AsyncIterator[bytes]:
        if first:
            yield first
        while True:
            yield piece
            await asyncio.sleep(every)

    return behave


def head(*headers: str, status: str = "200 OK") -> bytes:
    """A response's head."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode("latin-1")


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A whole response."""
    length = f"Content-Length: {len(body)}"
    return head("Content-Type: application/json", length, *headers, status=status) + body


def chunked(body: bytes, size: int) -> bytes:
    """A body in chunks."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])
