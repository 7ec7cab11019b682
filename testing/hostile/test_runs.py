"""Runs of the suites against what is not there, and against what is out to break them."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from xml.etree import ElementTree as ET

import pytest

from pytest_codex.exchange.store import load
from pytest_codex.probes.catalogue import CATALOGUE
from testing.plugin.project import counted as figures

from .recording import KEY
from .runs import Run, run
from .server import answer, head, sends, serving

BOTH = "smoke or sse"


def counted(seen: Run, what: str) -> int:
    """How many tests pytest says failed, passed, …"""
    found = re.search(rf"(\d+) {what}", seen.last_line)
    return int(found[1]) if found else 0


def assert_one_failure_and_its_consequences(seen: Run, says: str) -> None:
    """One check fails, and every other is skipped because of it."""
    assert seen.exitcode == 1, seen.output
    assert counted(seen, "failed") == 1
    assert counted(seen, "passed") == 0
    assert counted(seen, "error") == 0
    assert counted(seen, "skipped") > 50
    assert says in seen.output
    assert "next: " in seen.output
    assert figures(seen.output)["calls"] == 0


@pytest.mark.parametrize("arguments", [(), ("-n2",)], ids=["one process", "two workers"])
def test_a_refused_port_is_one_failure(pytester, arguments):
    """With a key, so that nothing is skipped for want of one; no model call is made."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        seen = run(pytester, address, "tests", "-m", BOTH, *arguments, key=KEY)
    assert_one_failure_and_its_consequences(seen, "Connection refused")
    assert "see whether the proxy runs and listens on this port" in seen.output


def test_a_name_that_does_not_resolve_is_one_failure(pytester):
    """And the failure names it."""
    seen = run(pytester, "no-such-host.invalid", "tests", "-m", BOTH, key=KEY)
    assert_one_failure_and_its_consequences(seen, "no-such-host.invalid does not resolve")
    assert "see the domain for a typing error" in seen.output


# -- a server that is out to break terminals, reports and xdist -----------------------------------

#: For a terminal: clear the screen, set the title, switch the character set; C1 controls; NUL;
#: text that runs backwards; a command for CI; and half a character, in JSON's escape.
WILD = "\x1b[2J\x1b]0;owned\x07\x0e\x9b31m\x00\u202eevil\u2028##[error]owned ::error::owned"
HALF = '"\\ud83d##[stop-commands]token"'


async def wild(asked: bytes):
    """Answer everything with JSON or events full of it, each probe in another way."""
    start, _, body = asked.partition(b"\r\n\r\n")
    kind = f"application/json\x1b[31m\x9b;\x07={WILD[:4]}"
    error = json.dumps({"error": {"message": WILD, "code": WILD}})[:-1] + f', "half": {HALF}}}'
    if b'"stream": true' in body:
        delta = json.dumps({"id": WILD, "object": WILD, "model": WILD, "created": WILD})[:-1]
        chunk = f'{delta}, "choices": [{{"index": {HALF}, "delta": {{"role": {HALF}}}}}]}}'
        lines = [chunk, f'{{"usage": {{"prompt_tokens": {HALF}}}}}', HALF, WILD, error]
        yield head(f"Content-Type: text/event-stream;{WILD[:4]}", f"X: {WILD[:4]}\x9b")
        for line in lines[: 2 + len(asked) % 4]:
            yield f"data: {line}\n\n".encode("utf-8", "surrogatepass")
            await asyncio.sleep(0.01)
        yield f"event: {WILD}\ndata: ".encode() + b"\xff\xfe\x00\x1b[2J\n\n"
    elif start.startswith((b"GET /v1/models", b"HEAD", b"OPTIONS")):
        models = f'{{"object": {HALF}, "data": [{{"id": {HALF}}}, {{"id": {HALF}}}]}}'
        yield answer(models.encode(), f"Access-Control-Allow-Origin: {WILD[:4]}\x9b")
    elif start.startswith(b"GET /healthz"):
        yield head(
            f"Content-Type: {kind}", f"Location: {WILD[:4]}\x9b", status="302 \x1b[2J ##[group]"
        )
    elif b"Bearer" in start and b'"messages"' in body:
        choice = f'{{"index": {HALF}, "message": {{"content": {HALF}}}, "finish_reason": {HALF}}}'
        usage = f'{{"prompt_tokens": {HALF}}}'
        yield answer(
            f'{{"id": {HALF}, "model": {HALF}, "choices": [{choice}], "usage": {usage}}}'.encode()
        )
    else:
        yield answer(error.encode(), f"WWW-Authenticate: {WILD[:4]}\x9b", status="400 \x1b[2J")


def wilder(content_type: str):
    """Answer everything alike: an error under a type that is no type, so that it is shown."""

    async def behave(_asked: bytes):
        body = b"\x1b[2J\x00\xff\xed\xa0\xbd" + WILD.encode()
        yield head(f"Content-Type: {content_type}", status="500 \x1b[2J") + body

    return behave


@pytest.mark.parametrize(
    "arguments", [("-rA",), ("-n2", "-rA")], ids=["one process", "two workers"]
)
@pytest.mark.parametrize("behave", [wild, wilder("a\x1b[2J/\x9bb")], ids=["each", "all"])
def test_nothing_that_a_server_says_breaks_a_run(pytester, behave, arguments):
    """It ends as any run with failures does; what is shown and written is harmless to read, and
    to CI, which looks for commands in what is shown.

    A lone surrogate that gets into a report kills execnet, and with it the run.
    """
    with serving(behave) as server:
        address = f"http://127.0.0.1:{server.port}"
        seen = run(pytester, address, "tests", "-m", BOTH, "-vv", *arguments, key=KEY)
    assert seen.exitcode == 1, seen.output
    assert "INTERNALERROR" not in seen.output
    assert "Traceback" not in seen.output
    assert "DumpError" not in seen.output
    assert counted(seen, "failed") > 0
    assert counted(seen, "error") == 0
    written = dict(seen.files())
    assert len(written) > 10
    for path, data in written.items():
        controls = set(data) & (set(range(32)) - set(b"\n\t\r") | {127})
        assert not controls, f"{path} holds {controls}"
        shown = data.decode("utf-8")
        assert not re.search("[\x80-\x9f\u202e\u2028]", shown), f"{path}"
        assert "exchanges" in path.parts or "##[" not in shown, f"{path}"
    assert "##[" not in seen.output
    assert not re.search(r"^\s*::[a-z-]+::", seen.output, re.MULTILINE)
    results = seen.folder / "test-results" / "prod"
    suites = ET.parse(results / "junit.xml").getroot()
    assert suites.find("testsuite/testcase/failure") is not None
    recorded = [load(path) for path in (results / "exchanges").glob("*.ndjson")]
    assert len([exchange for exchange in recorded if exchange is not None]) > 20
    assert {exchange.probe for exchange in recorded if exchange} <= CATALOGUE.keys()


@pytest.mark.parametrize(
    "options", [("-vvv",), ("-vvv", "-o", "log_cli=1", "--log-cli-level=DEBUG")]
)
def test_no_line_that_pytest_breaks_begins_with_a_command_of_a_server(pytester, options):
    """Reasons of skipped checks are broken at words; live logs have headers as they came."""
    body = b"::error::owned " * 30
    answered = answer(body, "X-Server: ##[error]owned", "Content-Type: text/plain")
    with serving(sends(answered)) as server:
        address = f"http://127.0.0.1:{server.port}"
        seen = run(pytester, address, "tests", "-m", BOTH, *options, key=KEY)
    assert seen.exitcode == 1, seen.output
    assert "error::owned" in seen.output
    assert not re.search(r"^\s*::|##\[", seen.output, re.MULTILINE)
