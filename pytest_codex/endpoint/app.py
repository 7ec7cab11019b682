"""Plays answers over HTTP/1.1: an ASGI app, and uvicorn's protocol in a loop of our own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus

from starlette.requests import ClientDisconnect
from starlette.requests import Request as Asked
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol
from uvicorn.server import ServerState

from .defects import Chosen, respond
from .values import JSON, Answer, Configuration, Cut, Hold, Pause, Request, Situation, Step, encode

CALLS = "/__endpoint__/calls"
NEVER = 1e9  # seconds
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: discard and send RST on close


@dataclass(slots=True)
class Tally:
    """What was asked of the endpoint so far; the one thing here that changes."""

    requests: int = 0
    model_calls: int = 0
    open_streams: int = 0
    abandoned: int = 0
    by_path: Counter[str] = field(default_factory=Counter)

    def situation(self) -> Situation:
        return Situation(self.requests, int(time.time()), self.open_streams, self.abandoned)

    def answer(self) -> Answer:
        """The answer at `CALLS`."""
        counts = {
            "model_calls": self.model_calls,
            "requests": self.requests,
            "by_path": dict(self.by_path),
            "open_streams": self.open_streams,
            "abandoned": self.abandoned,
        }
        return Answer("calls", 200, (("Content-Type", JSON),), (encode(counts),))


class Endpoint:
    """The ASGI app. It counts what it is asked, and plays the answer that `respond` decides on."""

    def __init__(self, configuration: Configuration, chosen: Sequence[Chosen] = ()) -> None:
        self._configuration = configuration
        self._chosen = tuple(chosen)
        self._tally = Tally()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = Asked(scope, receive)
        try:
            body = await asked.body()
        except ClientDisconnect:
            return
        tally = self._tally
        play = Player(scope, receive, send)
        if scope["path"] == CALLS:
            await play(tally.answer())
            return
        tally.requests += 1
        tally.by_path[scope["path"]] += 1
        request = Request(
            asked.method, scope["path"], dict(asked.headers), body, dict(asked.query_params)
        )
        answer = respond(request, self._configuration, tally.situation(), self._chosen)
        tally.model_calls += answer.calls_model
        tally.open_streams += answer.streamed
        try:
            tally.abandoned += not await play(answer)
        finally:
            tally.open_streams -= answer.streamed


class Player:
    """Sends one answer, and stops as soon as the client is gone."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._head_only = scope["method"] == "HEAD"
        self._transport: asyncio.Transport = scope["state"]["transport"]
        self._receive = receive
        self._send = send
        self._gone: asyncio.Task[None] | None = None

    async def __call__(self, answer: Answer) -> bool:
        """Whether the client stayed to the end."""
        try:
            return await self._play(answer)
        finally:
            if self._gone is not None:
                self._gone.cancel()

    async def _play(self, answer: Answer) -> bool:
        for step in answer.before:
            if not await self._goes_on(step):
                return isinstance(step, Cut)
        headers = [*answer.headers, ("Date", formatdate(usegmt=True))]
        if answer.header("Content-Length") is not None:
            return await self._raw(answer.status, headers, answer.body)
        if not answer.streamed and answer.status != HTTPStatus.NO_CONTENT:
            headers.append(("Content-Length", str(len(answer.body))))
        await self._send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [(n.encode("latin-1"), v.encode("latin-1")) for n, v in headers],
            }
        )
        for step in () if self._head_only else answer.steps:
            if not await self._goes_on(step):
                return isinstance(step, Cut)
        if self._gone is not None and self._gone.done():
            return False
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        return True

    async def _goes_on(self, step: Step) -> bool:
        """Play one step; False when nothing can follow it."""
        match step:
            case bytes():
                await self._send({"type": "http.response.body", "body": step, "more_body": True})
                await asyncio.sleep(0)  # let the loop see a client that has left
                return True
            case Pause(seconds):
                return not await self._gone_within(seconds)
            case Hold():
                await self._gone_within(NEVER)
                return False
            case Cut(reset):
                await self._cut(reset)
                return False

    async def _raw(self, status: int, headers: list[tuple[str, str]], body: bytes) -> bool:
        """Write past uvicorn, which rightly refuses a Content-Length that is not true."""
        lines = [f"HTTP/1.1 {status} {STATUS_PHRASES[status].decode()}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers]
        self._transport.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        await self._cut(reset=False)
        return True

    async def _cut(self, reset: bool) -> None:
        if reset and not self._transport.is_closing():
            self._transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, RESET
            )
            self._transport.abort()
        else:
            self._transport.close()
        await self._gone_within(5)  # or uvicorn would add a response of its own

    async def _gone_within(self, seconds: float) -> bool:
        if self._gone is None:
            self._gone = asyncio.ensure_future(self._until_gone())
        await asyncio.wait({self._gone}, timeout=seconds)
        return self._gone.done()

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


class Protocol(H11Protocol):
    """uvicorn's protocol, which also tells the app its transport: a `Cut` needs it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)


@contextlib.asynccontextmanager
async def serving(
    app: Endpoint, sock: socket.socket, tls: ssl.SSLContext | None
) -> AsyncIterator[None]:
    """Accept connections on a bound socket while the block runs, and drop them all at its end."""
    # Not uvicorn.Server: it takes the signals for itself and polls ten times a second to end.
    config = Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=60,
    )
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Protocol(config=config, server_state=state, app_state={}, _loop=loop),
        sock=sock,
        ssl=tls,
        backlog=512,
    )
    try:
        yield
    finally:
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        if state.tasks:  # each ends by itself once its client is gone
            await asyncio.wait(state.tasks, timeout=1)
