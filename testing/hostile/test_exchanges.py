"""Whatever a server does, an exchange ends: with the right failure, in time, and bounded."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import tracemalloc
import zlib

import pytest

from pytest_codex.exchange.exchange import TIMEOUTS, FailureKind
from pytest_codex.probes.catalogue import CATALOGUE, GATE
from pytest_codex.probes.recorder import NOBODY
from pytest_codex.probes.transport import Limits

from .recording import record, record_all
from .server import RESET, Behaviour, answer, chunked, head, repeats, sends, serving

SMALL = Limits(headers=64 << 10, body=256 << 10, reads=300, events=400, event=64 << 10)
#: What recording may hold beyond the largest body that it accepts, in bytes: a few copies of that
#: body, the buffers of both ends, and the records of reads and events.
ROOM = 6 << 20
SSE = ("Content-Type: text/event-stream",)
STREAM_HEAD = head(*SSE)
JSON_HEAD = head("Content-Type: application/json")


def packed(*, times: int) -> bytes:
    """A mebibyte of zeros, ``times`` times, as one gzip member; 2048 times are 2 GiB."""
    deflate = zlib.compressobj(9, wbits=31)
    first = deflate.compress(bytes(1 << 20)) + deflate.flush(zlib.Z_FULL_FLUSH)
    again = deflate.compress(bytes(1 << 20)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return first + again * (times - 1)


EMPTY_BLOCK = zlib.compressobj(wbits=-15).flush(zlib.Z_FULL_FLUSH)
GZIP_HEAD = head("Content-Type: application/json", "Content-Encoding: gzip")

TOO_LARGE: dict[str, tuple[str, Behaviour]] = {
    "endless events": ("chat_stream", repeats(b"data: {}\n\n" * 20, STREAM_HEAD)),
    "endless comments": ("chat_stream", repeats(b": keepalive\n\n" * 500, STREAM_HEAD)),
    "endless blank lines": ("chat_stream", repeats(b"\n" * 5000, STREAM_HEAD)),
    "an event that does not end": ("chat_stream", repeats(b"data: x\n" * 1000, STREAM_HEAD)),
    "a line that does not end": ("chat_stream", repeats(b"x" * 9000, STREAM_HEAD + b"data: ")),
    "an event of 64 MiB": (
        "chat_stream",
        sends(STREAM_HEAD, b"data: ", *[bytes(1 << 20)] * 64, b"\n\n"),
    ),
    "an endless body": ("chat", repeats(b"x" * 9000, JSON_HEAD)),
    "an endless page": ("healthz", repeats(b"<p>" * 3000, head("Content-Type: text/html"))),
    "an endless chunked body": (
        "chat",
        repeats(chunked(b"x" * 9000, 9000)[:-5], head("Transfer-Encoding: chunked")),
    ),
    "a body of 1 TiB, announced": (
        "chat",
        repeats(b"x" * 9000, head(f"Content-Length: {1 << 40}")),
    ),
    "a gzip bomb of 2 GiB": ("chat", sends(GZIP_HEAD + packed(times=2048), then=60)),
    "a gzip bomb as a stream": (
        "chat_stream",
        sends(head(*SSE, "Content-Encoding: gzip") + packed(times=2048), then=60),
    ),
    "gzip of nothing, endless": (
        "chat",
        repeats(EMPTY_BLOCK * 2000, GZIP_HEAD + packed(times=1)[:10]),
    ),
    "headers of 1 MiB": ("healthz", sends(head(*[f"X-{n}: {'x' * 1000}" for n in range(1000)]))),
    "a header of 1 MiB": ("healthz", sends(head(f"X: {'x' * (1 << 20)}"))),
    "endless headers": ("healthz", repeats(b"X: y\r\n" * 1000, b"HTTP/1.1 200 OK\r\n")),
    "an endless status line": ("healthz", repeats(b"x" * 9000, b"HTTP/1.1 200 ")),
    "endless 1xx responses": ("healthz", repeats(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)),
    "endless trailers": (
        "chat",
        repeats(b"X: y\r\n" * 1000, head("Transfer-Encoding: chunked") + b"0\r\n"),
    ),
    "an endless chunk extension": (
        "chat",
        repeats(b"x" * 9000, head("Transfer-Encoding: chunked") + b"1;a="),
    ),
}
#: These two are refused by the HTTP parser, which has a limit of its own on a line.
BY_THE_PARSER = {"endless trailers", "an endless chunk extension"}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_is_too_large_is_cut_off(name):
    """With a failure that says so, and no more memory than the limits allow."""
    probe, behave = TOO_LARGE[name]
    with serving(behave) as server:
        tracemalloc.start()
        try:
            seen = record(probe, f"http://127.0.0.1:{server.port}", SMALL)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert seen.failure is not None
    expected = FailureKind.PROTOCOL if name in BY_THE_PARSER else FailureKind.TOO_LARGE
    assert seen.failure.kind is expected, seen.failure
    assert len(seen.body) <= SMALL.body + 1
    assert len(seen.reads) <= SMALL.reads + 1
    # What a last read brought along with the event that was one too many is kept.
    assert len(seen.transcript().events) <= SMALL.events + (64 << 10) // len(b"data: {}\n\n")
    assert peak < SMALL.body * 4 + ROOM, f"{peak / (1 << 20):.1f} MiB"


def test_a_drip_of_single_bytes_is_cut_off_by_the_count_of_reads():
    """A body may be small and its reads still too many to keep."""
    limits = Limits(reads=20)
    with serving(repeats(b"x", JSON_HEAD, every=0.01)) as server:
        seen = record("chat", f"http://127.0.0.1:{server.port}", limits)
    assert seen.failure is not None
    assert seen.failure.kind is FailureKind.TOO_LARGE
    assert "more than 20 reads" in seen.failure.message
    assert len(seen.reads) == 21


LIMITED_BY_THE_REST = {
    "a large body right behind its headers": (
        "healthz",
        sends(b"HTTP/1.1 200 OK\r\n", head()[17:] + b'{"ok": true}' + b" " * 200_000),
    ),
    "a response in single bytes": ("healthz", sends(*[bytes([b]) for b in answer(b"{}")])),
}


@pytest.mark.parametrize("name", LIMITED_BY_THE_REST)
def test_what_is_merely_unusual_is_not_cut_off(name):
    """Limits on headers do not apply to bodies, however they are cut into packets."""
    probe, behave = LIMITED_BY_THE_REST[name]
    with serving(behave) as server:
        seen = record(probe, f"http://127.0.0.1:{server.port}", Limits(headers=1 << 10))
    assert seen.failure is None
    assert seen.json_object() or seen.body == b"{}"


# -- time -----------------------------------------------------------------------------------------


async def _never(_asked: bytes):
    await asyncio.sleep(600)
    yield b""


async def _head_then_nothing(_asked: bytes):
    yield STREAM_HEAD
    await asyncio.sleep(600)


async def _done_then_more(_asked: bytes):
    yield STREAM_HEAD + b"data: [DONE]\n\n"
    while True:
        yield b": still here\n\n"
        await asyncio.sleep(0.05)


EVENT = b'data: {"choices": [{"delta": {"content": "a"}}]}\n\n'
#: A probe, a behaviour, the budgets in seconds, and the failures that are right.
LATE = {
    "never answers": ("healthz", _never, {"request": 0.6}, TIMEOUTS),
    "never answers a stream": (
        "chat_stream",
        _never,
        {"first_event": 0.5},
        {FailureKind.FIRST_BYTE_TIMEOUT},
    ),
    "headers and no event": (
        "chat_stream",
        _head_then_nothing,
        {"first_event": 0.5},
        {FailureKind.FIRST_BYTE_TIMEOUT},
    ),
    "keepalives and no event": (
        "chat_stream",
        repeats(b": keepalive\n\n", STREAM_HEAD, every=0.05),
        {"first_event": 0.6, "idle": 20},
        {FailureKind.FIRST_BYTE_TIMEOUT},
    ),
    "an event and silence": (
        "chat_stream",
        sends(STREAM_HEAD + EVENT, then=600),
        {"idle": 0.5},
        {FailureKind.IDLE_TIMEOUT},
    ),
    "headers and no body": (
        "chat",
        sends(JSON_HEAD, then=600),
        {"idle": 0.5},
        {FailureKind.IDLE_TIMEOUT},
    ),
    "half a body": (
        "chat",
        sends(head("Content-Length: 100") + b"{", then=600),
        {"idle": 0.5},
        {FailureKind.IDLE_TIMEOUT},
    ),
    "a drip of headers": (
        "healthz",
        repeats(b"X", b"HTTP/1.1 200 OK\r\n", every=0.05),
        {"request": 0.7},
        TIMEOUTS,
    ),
    "a drip of body": (
        "chat",
        repeats(b"x", JSON_HEAD, every=0.05),
        {"nonstream": 0.7},
        {FailureKind.TOTAL_TIMEOUT},
    ),
    "a drip of events": (
        "chat_stream",
        repeats(EVENT, STREAM_HEAD, every=0.05),
        {"stream": 0.7},
        {FailureKind.TOTAL_TIMEOUT},
    ),
    "1xx responses at leisure": (
        "healthz",
        repeats(b"HTTP/1.1 102 Processing\r\n\r\n", every=0.05),
        {"request": 0.6},
        TIMEOUTS,
    ),
}


@pytest.mark.parametrize("name", LATE)
def test_what_takes_too_long_is_ended_by_its_budget(name):
    """By the one that is named in the failure; record() itself raises if nothing ends it."""
    probe, behave, timeouts, kinds = LATE[name]
    with serving(behave) as server:
        seen = record(probe, f"http://127.0.0.1:{server.port}", **timeouts)
    assert seen.failure is not None
    assert seen.failure.kind in kinds, seen.failure
    assert any(f"{value:g} s" in seen.failure.message for value in timeouts.values())
    assert seen.timings.end > min(timeouts.values())


def test_a_stream_that_is_held_open_after_done_is_told_as_that():
    """With everything that came before."""
    with serving(_done_then_more) as server:
        limits = Limits(after_done=0.5)
        seen = record("chat_stream", f"http://127.0.0.1:{server.port}", limits)
    assert seen.failure is not None
    assert seen.failure.kind is FailureKind.HELD_OPEN
    assert seen.transcript().done == (1,)


def test_connecting_has_a_limit_of_its_own():
    """A TLS port that accepts and says nothing."""
    with serving(_never, reads=False) as server:
        seen = record("healthz", f"https://127.0.0.1:{server.port}", connect=0.5)
    assert seen.failure is not None
    assert seen.failure.kind is FailureKind.TLS_TIMEOUT


# -- protocol -------------------------------------------------------------------------------------


async def _reset(_asked: bytes):
    yield RESET


async def _reset_in_the_body(_asked: bytes):
    yield head("Content-Length: 100") + b'{"a": '
    await asyncio.sleep(0.1)
    yield RESET


async def _reset_in_the_stream(_asked: bytes):
    yield STREAM_HEAD + EVENT
    await asyncio.sleep(0.1)
    yield RESET


PROTOCOL = FailureKind.PROTOCOL
INCOMPLETE = FailureKind.INCOMPLETE
WRONG: dict[str, tuple[Behaviour, FailureKind]] = {
    "nothing": (sends(), FailureKind.NO_ANSWER),
    "a reset": (_reset, FailureKind.NO_ANSWER),
    "half a status line": (sends(b"HTTP/1.1 2"), PROTOCOL),
    "half the headers": (sends(b"HTTP/1.1 200 OK\r\nContent-"), PROTOCOL),
    "a reset in the body": (_reset_in_the_body, INCOMPLETE),
    "too short for its length": (sends(head("Content-Length: 100") + b"{}"), INCOMPLETE),
    "a chunked body cut off": (
        sends(head("Transfer-Encoding: chunked") + b"5\r\nhel"),
        INCOMPLETE,
    ),
    "no last chunk": (sends(head("Transfer-Encoding: chunked") + b"2\r\n{}\r\n"), INCOMPLETE),
    "a negative length": (sends(head("Content-Length: -1") + b"{}"), PROTOCOL),
    "a length that is no number": (sends(head("Content-Length: 0x10") + b"{}"), PROTOCOL),
    "two lengths": (sends(head("Content-Length: 2", "Content-Length: 3") + b"{} "), PROTOCOL),
    "a chunk size that is no number": (
        sends(head("Transfer-Encoding: chunked") + b"zz\r\n{}\r\n"),
        PROTOCOL,
    ),
    "a negative chunk size": (sends(head("Transfer-Encoding: chunked") + b"-5\r\n{}"), PROTOCOL),
    "a chunk longer than it says": (
        sends(head("Transfer-Encoding: chunked") + b"1\r\n{}\r\n0\r\n\r\n"),
        PROTOCOL,
    ),
    "HTTP/0.9": (sends(b"<html><body>hello</body></html>\r\n"), PROTOCOL),
    "another protocol": (sends(b"SSH-2.0-OpenSSH_9.6\r\n"), PROTOCOL),
    "binary": (sends(bytes(range(256)) * 4), PROTOCOL),
    "TLS": (sends(b"\x15\x03\x01\x00\x02\x02\x46"), PROTOCOL),
    "a status of two digits": (sends(b"HTTP/1.1 20 OK\r\n\r\n"), PROTOCOL),
    "NUL in a header": (sends(head("X: a\0b")), PROTOCOL),
    "a header without a colon": (sends(head("no colon here")), PROTOCOL),
    "a folded header that begins": (sends(b"HTTP/1.1 200 OK\r\n folded\r\n\r\n"), PROTOCOL),
    "an unknown encoding": (sends(answer(b"{}", "Content-Encoding: br")), FailureKind.ENCODING),
    "nested gzip": (
        sends(answer(gzip.compress(gzip.compress(b"{}")), "Content-Encoding: gzip, gzip")),
        FailureKind.ENCODING,
    ),
    "nested gzip in two headers": (
        sends(
            answer(
                gzip.compress(gzip.compress(b"{}")),
                "Content-Encoding: gzip",
                "Content-Encoding: gzip",
            )
        ),
        FailureKind.ENCODING,
    ),
    "gzip that is none": (sends(answer(b"{}", "Content-Encoding: gzip")), FailureKind.ENCODING),
    "gzip cut off": (
        sends(answer(gzip.compress(b"{}")[:-4], "Content-Encoding: gzip")),
        FailureKind.ENCODING,
    ),
    "gzip and endless bytes after it": (
        repeats(b"x" * 9000, GZIP_HEAD + gzip.compress(b"{}")),
        FailureKind.ENCODING,
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_as_what_it_is(name):
    """Each with its own kind of failure, in a message that a terminal can take."""
    behave, kind = WRONG[name]
    with serving(behave) as server:
        seen = record("healthz", f"http://127.0.0.1:{server.port}", SMALL)
    assert seen.failure is not None
    assert seen.failure.kind is kind, seen.failure
    assert seen.outcome.isprintable()


def test_a_stream_that_is_reset_keeps_what_had_arrived():
    """Half an answer is evidence."""
    with serving(_reset_in_the_stream) as server:
        seen = record("chat_stream", f"http://127.0.0.1:{server.port}")
    assert seen.failure is not None
    assert seen.failure.kind is INCOMPLETE
    assert len(seen.transcript().content) == 1


ODD = {
    "longer than its length": (sends(head("Content-Length: 2") + b"{}<html>"), b"{}"),
    "no length": (sends(head() + b"{}"), b"{}"),
    "invalid UTF-8": (sends(answer(b'{"a": "\xff\xfe"}')), b'{"a": "\xff\xfe"}'),
    "NUL and escapes": (sends(answer(b"\0\x1b[31m\x07")), b"\0\x1b[31m\x07"),
    "a status of its own": (sends(answer(b"{}", status="999 \x1b[31m")), b"{}"),
    "a version of its own": (sends(b"HTTP/9.9 200 OK\r\n\r\n{}"), b"{}"),
    "no reason": (sends(answer(b"{}", status="200")), b"{}"),
    "escapes in a header": (sends(answer(b"{}", "X: \x1b[31m\x9b")), b"{}"),
    "single bytes": (
        sends(head("Transfer-Encoding: chunked") + chunked(b'{"a": 1}', 1)),
        b'{"a": 1}',
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_recorded_as_it_came(name):
    """Evidence is not cleaned, and showing it is safe."""
    behave, body = ODD[name]
    with serving(behave) as server:
        seen = record("healthz", f"http://127.0.0.1:{server.port}", SMALL)
    assert seen.failure is None
    assert seen.body == body
    assert repr(seen).isprintable()


def test_a_redirect_is_never_followed():
    """Neither in circles nor anywhere else: the request carries a key."""
    loop = head("Location: /v1/chat/completions", "Content-Length: 0", status="307 Temporary")
    with serving(sends(loop)) as server:
        seen = record("chat", f"http://127.0.0.1:{server.port}")
        asked = len(server.requests)
    assert (seen.status, seen.failure, asked) == (307, None, 1)
    assert seen.header("location") == "/v1/chat/completions"


def test_lone_surrogates_in_json_are_read():
    """An escape may hold half a character; it is shown escaped."""
    body = json.dumps({"error": "\ud83d"}).encode()
    with serving(sends(answer(body))) as server:
        seen = record("healthz", f"http://127.0.0.1:{server.port}")
    assert seen.json_object() == {"error": "\ud83d"}


# -- the network ----------------------------------------------------------------------------------


def test_a_port_where_nobody_listens_is_refused():
    """At once, with the address that was tried."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        seen = record("healthz", f"http://127.0.0.1:{unused.getsockname()[1]}")
    assert seen.failure is not None
    assert seen.failure.kind is FailureKind.REFUSED
    assert "127.0.0.1: Connection refused" in seen.failure.message
    assert (seen.status, seen.timings.sent) == (None, None)


@pytest.mark.parametrize("host", ["no-such-host.invalid", f"{'x' * 70}.invalid"])
def test_a_name_that_does_not_resolve_is_told_as_that(host):
    """RFC 2606 keeps .invalid free; a label of 70 characters is no name at all."""
    seen = record("healthz", f"https://{host}", connect=20)
    assert seen.failure is not None
    assert seen.failure.kind is FailureKind.DNS
    assert host in seen.failure.message


# -- all of it at once ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "behave",
    [
        repeats(b": keepalive\n\n", STREAM_HEAD, every=0.1),
        repeats(b" ", JSON_HEAD, every=0.1),
        _never,
        sends(bytes(range(256))),
    ],
    ids=["endless stream", "endless body", "never answers", "garbage"],
)
def test_a_whole_recording_ends_with_every_exchange(behave):
    """Every probe of the catalogue, sent by the recorder as in a run."""
    timeouts = {"request": 0.6, "nonstream": 0.6, "stream": 0.8, "first_event": 0.6, "idle": 0.5}
    with serving(behave) as server:
        seen = record_all(list(CATALOGUE), f"http://127.0.0.1:{server.port}", **timeouts)
    assert seen.keys() == CATALOGUE.keys()
    assert all(exchange.failure or exchange.status == 200 for exchange in seen.values())


def test_nothing_paid_is_sent_where_nothing_answers():
    """No model call, and the reason why there was none.

    How many free probes have been refused before the recorder gives up is a matter of timing; that
    some have, and that all others say why they were not sent, is not.
    """
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        seen = record_all(list(CATALOGUE), f"http://127.0.0.1:{unused.getsockname()[1]}")
    failures = {name: exchange.failure for name, exchange in seen.items()}
    refused = {name for name, f in failures.items() if f and f.kind is FailureKind.REFUSED}
    assert refused
    assert not any(CATALOGUE[name].paid for name in refused)
    told = {name: f.message for name, f in failures.items() if f and name not in refused}
    assert {told.get(name, NOBODY) for name in GATE} == {NOBODY}
    assert {told[name] for name, probe in CATALOGUE.items() if probe.paid} == {NOBODY}
