"""What really arrives over a socket, from an endpoint in a process of its own."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from pytest_codex.endpoint.launcher import Running, launch

from .asked import CHAT, COUNTED, LONG, PLAIN, STREAM, connected, raw

PATIENCE = 10.0  # seconds until something that must happen has happened


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Running]:
    """A healthy endpoint."""
    with launch() as running:
        yield running


@contextlib.contextmanager
def client(running: Running, key: bool = True) -> Iterator[httpx.Client]:
    """An httpx client that trusts the endpoint's CA and asks with its key."""
    verify = ssl.create_default_context(cafile=running.ca_file)
    headers = {"Authorization": f"Bearer {running.key}"} if key else {}
    with httpx.Client(
        base_url=running.url, verify=verify, headers=headers, trust_env=False, timeout=PATIENCE
    ) as opened:
        yield opened


def calls(running: Running) -> dict[str, object]:
    """The endpoint's own count of what it was asked."""
    with client(running) as http:
        return http.get("/__endpoint__/calls").json()


def eventually(true) -> bool:
    """Whether `true()` becomes true while there is patience."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return False


def test_its_certificate_verifies_for_localhost_and_its_paths_answer(endpoint):
    with client(endpoint) as http:
        assert http.get("/healthz").json()["ok"] is True
        assert http.get("/v1/models/").json()["data"][0]["id"] == "codex-5"
        head = http.head("/v1/models")
        assert (head.status_code, head.content) == (200, b"")
        assert int(head.headers["content-length"]) == len(http.get("/v1/models").content)
        assert http.options("/v1/models").status_code == 204
        assert http.get("/nope").text == "404 page not found\n"
        assert http.post(CHAT, json=PLAIN).json()["object"] == "chat.completion"
        assert http.post(CHAT, content=b"{").status_code == 400
    with client(endpoint, key=False) as http:
        assert http.post(CHAT, json=STREAM).status_code == 401


def test_an_answer_is_never_compressed(endpoint):
    with client(endpoint) as http:
        answer = http.post(CHAT, json=STREAM, headers={"Accept-Encoding": "gzip, br"})
        assert "content-encoding" not in answer.headers


def test_a_stream_comes_in_chunks_of_one_event_and_ends_properly(endpoint):
    received, end = raw(endpoint, COUNTED)
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert b"content-length" not in head.lower()
    assert body.endswith(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
    assert end == "end"


def test_model_calls_are_counted_and_nothing_else_is():
    with launch() as running, client(running) as http:
        http.get("/healthz")
        http.post(CHAT, json=PLAIN)
        http.post(CHAT, json=STREAM)
        http.post(CHAT, json={"model": "codex-5"})
        http.post(CHAT, json=PLAIN, headers={"Authorization": "Bearer wrong"})
        assert http.get("/__endpoint__/calls").json() == {
            "model_calls": 2,
            "requests": 5,
            "by_path": {"/healthz": 1, CHAT: 4},
            "open_streams": 0,
            "abandoned": 0,
        }


def test_plain_http_has_no_certificate():
    with launch(plain=True) as running:
        assert running.url.startswith("http://localhost:")
        assert running.ca_file is None
        received, end = raw(running, PLAIN)
        assert received.startswith(b"HTTP/1.1 200 OK\r\n")
        assert end == "end"


def test_a_truncated_body_is_shorter_than_its_content_length():
    received, end = defective("chat_truncated", PLAIN)
    declared, body = length_and_body(received)
    assert 0 < len(body) < declared
    assert end == "end"


def test_a_content_length_can_be_too_short():
    received, _ = defective("chat_content_length_too_short", PLAIN)
    declared, body = length_and_body(received)
    assert 0 < declared < len(body)
    assert json.loads(body)["object"] == "chat.completion"


def length_and_body(received: bytes) -> tuple[int, bytes]:
    """The declared length of a response and the body that came."""
    head, _, body = received.partition(b"\r\n\r\n")
    lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    return int(lines[b"content-length"]), body


def defective(name: str, body: object, seconds: float = PATIENCE) -> tuple[bytes, str]:
    """What a chat call brings from an endpoint with one defect, and how it ends.

    Over plain HTTP: Python's ssl reports a reset as an ordinary end.
    """
    with launch(defects=[name], plain=True) as running:
        return raw(running, body, seconds)


@pytest.mark.parametrize(
    ("name", "body", "end"),
    [
        ("chat_connection_reset", PLAIN, "reset"),
        ("reset_connection", STREAM, "reset"),
        ("close_without_answer", PLAIN, "end"),
    ],
)
def test_a_connection_can_end_without_an_answer(name, body, end):
    assert defective(name, body) == (b"", end)


@pytest.mark.parametrize(("name", "end"), [("stream_cut", "end"), ("stream_cut_reset", "reset")])
def test_a_cut_stream_has_no_last_chunk(name, end):
    received, ended = defective(name, STREAM)
    assert received.count(b'"content"') == 2
    assert not received.endswith(b"0\r\n\r\n")
    assert ended == end


@pytest.mark.parametrize("name", ["stream_cut", "stream_cut_reset"])
def test_a_cut_stream_is_an_error_over_tls_too(name):
    broken = pytest.raises((httpx.RemoteProtocolError, httpx.ReadError))
    with launch(defects=[name]) as running, client(running) as http, broken:
        http.post(CHAT, json=STREAM)


@pytest.mark.parametrize("name", ["reset_connection", "close_without_answer"])
def test_no_answer_is_an_error_over_tls_too(name):
    broken = pytest.raises((httpx.RemoteProtocolError, httpx.ReadError))
    with launch(defects=[name]) as running, client(running) as http, broken:
        http.get("/healthz")


def test_a_stream_that_ends_in_the_middle_ends_tidily():
    received, end = defective("stream_ends_in_the_middle", STREAM)
    assert received.count(b'"content"') == 2
    assert received.endswith(b"\r\n0\r\n\r\n")
    assert end == "end"


@pytest.mark.parametrize(
    ("name", "body", "last"),
    [
        ("chat_never_answers", PLAIN, b""),
        ("stream_never_answers", STREAM, b""),
        ("stream_never_starts", STREAM, b"\r\n\r\n"),
        ("stall_after=3", STREAM, b"}\n\n\r\n"),
        ("stream_stays_open", STREAM, b"data: [DONE]\n\n\r\n"),
    ],
)
def test_an_answer_can_be_held_for_ever(name, body, last):
    received, end = defective(name, body, seconds=0.5)
    assert received.endswith(last)
    assert bool(received) == bool(last)
    assert end == "open"


def test_every_byte_can_come_in_a_chunk_of_its_own():
    received, _ = defective("one_byte_per_write", STREAM)
    body = received.partition(b"\r\n\r\n")[2]
    assert body.startswith(b"1\r\nd\r\n1\r\na\r\n1\r\nt\r\n1\r\na\r\n")
    assert body.endswith(b"0\r\n\r\n")


def test_header_names_can_be_lower_case():
    received, _ = defective("lower_case_header_names", PLAIN)
    assert b"\r\ncontent-type: application/json" in received
    assert b"\r\nContent-Type: application/json" not in received


def test_a_status_that_http_does_not_know_reaches_the_wire():
    received, _ = defective("chat_524_cloudflare", PLAIN)
    assert received.startswith(b"HTTP/1.1 524 ")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("certificate_expired", "certificate has expired"),
        ("certificate_for_another_name", "Hostname mismatch"),
        ("certificate_untrusted", "unable to get local issuer certificate"),
        ("certificate_traefik_default", "self-signed certificate"),
    ],
)
def test_a_wrong_certificate_does_not_verify(name, reason):
    with launch(defects=[name]) as running, pytest.raises(ssl.SSLCertVerificationError) as refused:
        connected(running)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("name", "days"), [("certificate_expires_soon", 10), ("certificate_expires_in_weeks", 18)]
)
def test_a_certificate_can_have_few_days_left(name, days):
    with launch(defects=[name]) as running, connected(running) as connection:
        not_after = ssl.cert_time_to_seconds(connection.getpeercert()["notAfter"])
    assert int((not_after - time.time()) / 86400) == days


def test_a_client_that_leaves_is_noticed_and_breaks_health_where_told_to():
    with launch(defects=["disconnect_breaks_health"]) as running, client(running) as http:
        assert http.get("/healthz").status_code == 200
        with http.stream("POST", CHAT, json=LONG) as stream:
            next(stream.iter_bytes())
        assert eventually(lambda: calls(running)["abandoned"] == 1)
        assert calls(running)["open_streams"] == 0
        assert http.get("/healthz").status_code == 503


def test_a_second_stream_beside_another_gets_429_and_the_first_completes():
    with (
        launch(defects=["second_stream_429"]) as running,
        client(running) as http,
        http.stream("POST", CHAT, json=STREAM) as first,
    ):
        assert http.post(CHAT, json=STREAM).status_code == 429
        assert first.read().endswith(b"data: [DONE]\n\n")


def test_two_streams_at_once_both_complete(endpoint):
    ends: list[bytes] = []

    def read() -> None:
        with client(endpoint) as http:
            ends.append(http.post(CHAT, json=LONG).content[-14:])

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert ends == [b"data: [DONE]\n\n"] * 2


def test_answers_that_take_their_time_begin_before_they_end():
    with launch(defects=["answers_take=0.6"]) as running, client(running) as http:
        began = time.monotonic()
        http.post(CHAT, json=PLAIN)
        assert time.monotonic() - began >= 0.5
        with http.stream("POST", CHAT, json=STREAM) as stream:
            pieces = [(time.monotonic(), piece) for piece in stream.iter_raw()]
        assert b"role" in pieces[0][1]
        assert pieces[-1][0] - pieces[0][0] >= 0.3
