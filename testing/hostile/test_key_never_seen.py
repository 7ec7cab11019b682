"""The key is never seen: wherever a server or a failure puts it, no byte of a run's output has it.

Whole runs, in processes of their own, over a server that repeats the key in every place and way,
beside a user's own tests that do all that can be done wrong with a key.
"""

from __future__ import annotations

import asyncio
import base64
import html
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import pytest

from .recording import KEY
from .runs import Run, run
from .server import answer, head, serving

HALF = len(KEY) * 6 // 10
PERCENT = "".join(f"%{ord(char):02X}" for char in KEY)
ESCAPED = "".join(f"\\u{ord(char):04x}" for char in KEY)
BASE64 = base64.b64encode(f"user:{KEY}".encode()).decode()

#: What must not occur, in lower case: the key, cut at either end, and in each encoding.
FORBIDDEN = {
    "as it is": KEY,
    "its beginning": KEY[:HALF],
    "its end": KEY[-HALF:],
    "in a URL": quote(KEY, safe=""),
    "in a form": quote_plus(KEY, safe=""),
    "in percent": PERCENT,
    "in JSON": json.dumps(KEY)[1:-1].replace("/", "\\/"),
    "in JSON escapes": ESCAPED,
    "in HTML": html.escape(KEY),
    "in base64": base64.b64encode(KEY.encode()).decode()[:36],
    "in base64 of user and key": BASE64[8:-4],
    "in hexadecimal references": "".join(f"&#x{ord(char):x};" for char in KEY),
}


def seen_in(data: bytes) -> list[str]:
    """The forms of the key that occur in some bytes."""
    shown = data.lower()
    return [name for name, form in FORBIDDEN.items() if form.lower().encode() in shown]


def _stream() -> Iterator[bytes]:
    yield head(
        "Content-Type: text/event-stream",
        f"X-Key: {KEY}",
        f"X-Basic: Basic {BASE64}",
        f"ETag: {KEY}",
    )
    delta = {"role": "assistant", "content": f"Your key is {KEY}"}
    chunk = {
        "id": KEY,
        "object": KEY,
        "created": KEY,
        "model": f"codex-5-{KEY}",
        "choices": [{"index": 0, "delta": delta, "finish_reason": KEY}],
    }
    yield f": {KEY}\nevent: {KEY}\nid: {KEY}\ndata: {json.dumps(chunk)}\n\n".encode()
    yield f'data: {{"a": "{ESCAPED}", "b": "{PERCENT}", "c": "{BASE64}"}}\n\n'.encode()
    yield b"data: " + KEY[:17].encode()
    yield KEY[17:].encode() + b"\n\n"
    yield f'data: {{"usage": {{"prompt_tokens": "{KEY}"}}}}\n\ndata: {KEY}'.encode()


def _answers(start: str, body: str) -> Iterator[bytes]:
    error = {"error": {"message": f"Incorrect API key provided: {KEY}", "code": KEY, "b": BASE64}}
    if '"stream": true' in body:
        if KEY in start:
            yield from _stream()
        else:
            yield answer(json.dumps(error).encode(), f"X-Key: {KEY}", status="401 No")
    elif start.startswith("GET /v1/no-such-path"):
        yield f"HTTP/1.1 {KEY} {KEY}\r\n\r\n".encode()
    elif start.startswith("GET /v1/models/ "):
        there = f"Location: https://{quote(KEY, safe='')}.example/?key={PERCENT}#{KEY}"
        yield answer(b"", there, status="302 Found")
    elif start.startswith("GET /v1/models"):
        yield answer(json.dumps({"object": KEY, "data": [{"id": KEY}, {"id": KEY}]}).encode())
    elif start.startswith(("HEAD", "OPTIONS")):
        yield head(f"Content-Type: text/{KEY}", f"Access-Control-Allow-Origin: {KEY}", status="599")
    elif start.startswith("GET /healthz"):
        yield answer(json.dumps({"ok": KEY, "key": KEY}).encode(), f"Content-Encoding: {KEY}")
    elif '"messages"' in body and "no-such-model" not in body and f"Bearer {KEY}\r" in start:
        choice = {"index": KEY, "message": {"role": KEY, "content": KEY}, "finish_reason": KEY}
        yield answer(json.dumps({"id": KEY, "model": KEY, "choices": [choice]}).encode())
    elif f"Bearer {KEY}" in start:
        yield answer(json.dumps(error).encode(), f"Location: /?{KEY}", status="422 No")
    else:
        page = f"<html><title>{html.escape(KEY)}</title>Traceback (most recent call last) {KEY}"
        yield (
            head("Content-Type: text/html", f"WWW-Authenticate: {KEY}", status="500 No")
            + page.encode()
        )


async def echo(asked: bytes):
    """Repeat the key in every place of an answer, whatever is asked."""
    start, _, body = asked.decode("latin-1").partition("\r\n\r\n")
    for piece in _answers(start + "\r\n", body):
        yield piece
        await asyncio.sleep(0.02)


#: A user's tests. ``{key}`` stands for the key itself, as some people write it into a test.
MINE = """
import base64, html, json, logging, os, subprocess, sys, warnings
from urllib.parse import quote

import hpack
import httpx
import pytest

from own_warning import Own
from pytest_codex import EndpointAdvice

KEY = os.environ["KEY"]


@pytest.fixture
def breaks_at_the_beginning(chat):
    token = KEY
    raise RuntimeError(f"setup with {token}")


@pytest.fixture
def breaks_at_the_end():
    yield
    token = KEY
    raise RuntimeError(f"teardown with {token}")


def test_locals(recorded):
    plain, data, tail, front = KEY, KEY.encode(), "x" * 217 + KEY, KEY + "x" * 300
    quoted, encoded = quote(KEY, safe=""), base64.b64encode(f"user:{KEY}".encode())
    page, escaped = html.escape(KEY), "".join(f"\\\\u{ord(c):04x}" for c in KEY)
    nested = {"headers": [("Authorization", f"Bearer {KEY}")], KEY: {KEY}}
    raise RuntimeError(f"failed with {KEY}")


def test_output():
    print("printed", KEY, KEY.encode(), quote(KEY, safe=""))
    print("printed", KEY, file=sys.stderr)
    os.write(1, KEY.encode())
    subprocess.run([sys.executable, "-c", "import os; print('child', os.environ['KEY'])"])


def test_output_and_failure():
    print("printed", KEY)
    assert False, KEY


def test_comparison(chat_stream):
    assert {"headers": {"Authorization": KEY}, "b": KEY.encode()} == {"headers": {}, "b": b""}


def test_comparison_of_texts(chat):
    assert f"one line\\n{KEY}\\n" == "one line\\nother\\n"


def test_logging():
    log = logging.getLogger("mine")
    log.debug("arguments %s and %r", KEY, KEY.encode())
    log.info(KEY)
    log.warning("a dictionary %(key)s", {"key": KEY})
    log.error("stack", stack_info=True)
    try:
        raise ValueError(f"raised with {KEY}")
    except ValueError:
        log.exception("and logged")
    assert False


def test_logging_of_libraries(target):
    with httpx.Client(trust_env=False) as client:
        headers = {"Authorization": f"Bearer {KEY}"}
        response = client.get(target.url(f"/?key={KEY}"), headers=headers)
    hpack.Encoder().encode([("authorization", f"Bearer {KEY}")])
    response.raise_for_status()


def test_warnings():
    warnings.warn(f"warned of {KEY}")
    warnings.warn(Own(1, f"warned of {KEY}"))
    warnings.warn(EndpointAdvice(f"advised of {KEY}"))
    warnings.warn("written down: {key}")


def test_groups_and_chains():
    try:
        raise KeyError(KEY)
    except KeyError as error:
        raise ExceptionGroup(KEY, [ValueError(KEY), OSError(1, KEY)]) from error


def test_subtests(subtests):
    with subtests.test("a part", token=KEY):
        print("in a part", KEY)
        logging.getLogger("mine").warning("in a part %s", KEY)
        raise AssertionError(KEY)


def test_skipped():
    pytest.skip(f"skipped for {KEY}")


def test_expected_to_fail():
    pytest.xfail(f"expected for {KEY}")


@pytest.mark.xfail(reason="marked for {key}", strict=False)
def test_marked_as_expected_to_fail():
    raise RuntimeError(KEY)


@pytest.mark.xfail(reason="marked for {key}", strict=True)
def test_passes_unexpectedly():
    pass


def test_properties(record_property, record_testsuite_property, record_xml_attribute):
    record_property("text", KEY)
    record_property(KEY, "text")
    record_property("nested", {"key": [KEY]})
    record_testsuite_property("of the suite", KEY)


def test_setup(breaks_at_the_beginning):
    pass


def test_teardown(breaks_at_the_end):
    pass


def test_exit_of_a_fixture(key):
    token = key.reveal()
    assert token == "other", f"the fixture gave {token!r}"


def test_what_the_endpoint_said(chat, chat_stream, recorded):
    print(chat.text(), chat_stream.transcript().text(), chat_stream.headers, recorded)
    assert chat.json_object() == {}
"""

#: A warning class that is not made of one text; xdist's controller has to find it, too.
OWN_WARNING = """
class Own(UserWarning):
    def __init__(self, number, text):
        super().__init__(text)
"""

RUNS = {
    "everything shown": (
        *("-l", "--full-trace", "-rA", "-vv", "--log-cli-level=DEBUG", "--log-file=log.txt"),
        *("--log-file-level=DEBUG", "--junitxml=own.xml", "-o", "junit_logging=all"),
    ),
    "as it is": (),
    "two workers": ("-n2", "-l", "-rA", "--log-level=DEBUG", "--tb=short"),
}


@pytest.mark.parametrize("arguments", RUNS.values(), ids=RUNS)
def test_no_byte_of_a_run_has_the_key(pytester, arguments):
    """Neither standard output and error, nor JUnit, log, summary and exchanges."""
    pytester.makepyfile(own_warning=OWN_WARNING)
    pytester.mkdir("mine").joinpath("test_mine.py").write_text(MINE.replace("{key}", KEY))
    with serving(echo) as server:
        address = f"http://127.0.0.1:{server.port}"
        marks = ("-m", "smoke or sse or not invariants")
        seen = run(pytester, address, "tests", "mine", *marks, *arguments, key=KEY)
        presented = b"".join(server.requests)
    assert seen_in(presented), "the key was sent, and the search for it works"
    assert seen.exitcode == 1, seen.output[-5000:]
    assert "INTERNALERROR" not in seen.output
    assert "RuntimeError: failed with ***" in seen.output
    leaks = _leaks(seen)
    assert not leaks, "\n".join(leaks)
    written = {str(path) for path, _ in seen.files()}
    own = {"own.xml", "log.txt"} if "--junitxml=own.xml" in arguments else set()
    assert {"stdout", "test-results/prod/summary.md", *own} <= written
    assert len([name for name in written if name.endswith(".ndjson")]) > 20


def _leaks(seen: Run) -> list[str]:
    """Each line with the key in it, with its file and in which forms it has it."""
    return [
        f"{path}: {found}: {line.decode('utf-8', 'replace'):.300}"
        for path, data in seen.files()
        if path.parts[0] != "mine"
        for line in data.splitlines()
        if (found := seen_in(line))
    ]


@pytest.mark.parametrize("form", FORBIDDEN)
def test_the_search_finds_each_form(form):
    """A search that cannot find anything would prove nothing."""
    assert form in seen_in(b"<" + FORBIDDEN[form].encode() + b">")
