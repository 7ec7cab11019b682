"""A server that repeats the key: the place is noted, and the key is not kept."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import html
import json
import ssl
from urllib.parse import quote

import anyio
import pytest

from pytest_codex.exchange.exchange import Echo, FailureKind
from pytest_codex.exchange.store import save
from pytest_codex.probes.catalogue import CATALOGUE, WRONG_KEY
from pytest_codex.probes.transport import Transport
from pytest_codex.redaction import Secret

from .recording import KEY, record, target
from .server import Behaviour, answer, chunked, head, sends, serving

MASK = "*" * len(KEY)
SSE = head("Content-Type: text/event-stream")
ERROR = f'{{"error": {{"message": "Incorrect API key provided: {KEY}."}}}}'.encode()


async def _in_two_reads(_asked: bytes):
    yield head() + b'{"a": "' + KEY[:15].encode()
    await asyncio.sleep(0.1)
    yield KEY[15:].encode() + b'"}'


ECHOES: dict[str, tuple[Behaviour, list[Echo]]] = {
    "in the body": (sends(answer(b"x" * 9 + KEY.encode())), [Echo("body", 9)]),
    "in an error object": (sends(answer(ERROR, status="401 No")), [Echo("body", 51)]),
    "twice": (
        sends(answer(f"{KEY} {KEY}".encode())),
        [Echo("body", 0), Echo("body", len(KEY) + 1)],
    ),
    "in two reads": (_in_two_reads, [Echo("body", 7)]),
    "in chunks of a byte": (
        sends(head("Transfer-Encoding: chunked") + chunked(KEY.encode(), 1)),
        [Echo("body", 0)],
    ),
    "in JSON escapes": (
        sends(answer("".join(f"\\u{ord(c):04x}" for c in KEY).encode())),
        [Echo("body", 0)],
    ),
    "in HTML": (sends(answer(html.escape(KEY).encode())), [Echo("body", 0)]),
    "in base64": (sends(answer(base64.b64encode(KEY.encode()))), [Echo("body", 0)]),
    "in a header": (sends(answer(b"{}", f"X-Key: Bearer {KEY}")), [Echo("header X-Key", 7)]),
    "in a redirect": (
        sends(
            answer(b"", f"Location: https://a.example/?k={quote(KEY, safe='')}", status="302 No")
        ),
        [Echo("header Location", 21)],
    ),
    "in an event": (sends(SSE + f"data: {KEY}\n\n".encode()), [Echo("body", 6)]),
    "a wrong key, in the body": (sends(answer(WRONG_KEY.encode())), [Echo("body", 0)]),
}


@pytest.mark.parametrize("name", ECHOES)
def test_an_echo_is_noted_and_masked(name, tmp_path):
    """In the exchange and in its file; the rest of the evidence stays as it came."""
    behave, echoes = ECHOES[name]
    with serving(behave) as server:
        seen = record("chat", f"http://127.0.0.1:{server.port}")
        sent = server.requests[0]
    assert KEY.encode() in sent, "it was presented"
    assert list(seen.echoes) == echoes
    everything = json.dumps(dataclasses.asdict(seen), default=str)
    everything += save(seen, tmp_path, "r").read_text("ascii") + repr(seen.transcript())
    for secret in (KEY, WRONG_KEY):
        for written in (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode()):
            assert written not in everything


def test_a_key_that_is_a_header_s_name_is_masked_too():
    """Nothing keeps a server from it; h11 takes any token as a name."""
    token = "sk-token-0123456789"
    with serving(sends(answer(b"{}", f"{token}: 1"))) as server:
        aim = dataclasses.replace(target(f"http://127.0.0.1:{server.port}"), key=Secret(token))
        transport = Transport(aim, ssl.create_default_context())
        recording = transport.record(CATALOGUE["chat"])
        anyio.run(recording.run)
    seen = recording.exchange()
    assert seen.echoes == (Echo("header name", 0),)
    assert token not in repr(seen.headers)


def test_offsets_in_masked_evidence_stay_true():
    """The mask is as long as the key was, in each read."""
    with serving(_in_two_reads) as server:
        seen = record("chat", f"http://127.0.0.1:{server.port}")
    assert seen.body == f'{{"a": "{MASK}"}}'.encode()
    assert seen.reads[-1].end == len(seen.body)


@pytest.mark.parametrize(
    "sent",
    [
        f"HTTP/1.1 {KEY}\r\n\r\n".encode(),
        head(f"Content-Length: {KEY}"),
        head(f"Content-Encoding: {KEY}"),
        head("Transfer-Encoding: chunked") + f"{KEY}\r\n".encode(),
        f"{KEY}: nothing\r\n\r\n".encode(),
    ],
)
def test_a_key_in_what_cannot_be_parsed_is_not_in_the_failure(sent):
    """The parser's own words repeat what it was given."""
    with serving(sends(sent)) as server:
        seen = record("chat", f"http://127.0.0.1:{server.port}")
    assert seen.failure is not None
    assert seen.failure.kind in {FailureKind.PROTOCOL, FailureKind.ENCODING}
    assert KEY not in repr(seen.failure)
