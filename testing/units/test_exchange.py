"""Exchanges as values: headers, bodies, and the command line that repeats a request."""

from __future__ import annotations

import itertools
import shlex
import subprocess
from datetime import timedelta

import pytest

from pytest_codex.exchange.exchange import Failure, FailureKind, Request
from pytest_codex.exchange.strict import strict_json
from pytest_codex.probes.catalogue import CATALOGUE, request_for

from .made import HTML, WHEN, exchange, failed, target, tls

KEY = "sk-the-$(key)`with` \"all\" 'that' \\shells! &like*?~#|;<>%41"


class TestHeaders:
    """Looking a header up."""

    HEADERS = (("Vary", "Origin"), ("X-A", " b "), ("vary", "Accept"), ("X-Empty", ""))

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("vary", "Origin, Accept"),
            ("VARY", "Origin, Accept"),
            ("x-a", " b "),
            ("x-empty", ""),
            ("x-absent", None),
        ],
    )
    def test_case_does_not_matter_and_several_are_joined(self, name, value):
        """RFC 9110, 5.3."""
        assert exchange(headers=self.HEADERS).header(name) == value

    @pytest.mark.parametrize(
        ("value", "media_type"),
        [
            ("application/json", "application/json"),
            ("Application/JSON; charset=utf-8", "application/json"),
            (" text/event-stream ;charset=x", "text/event-stream"),
            ("", ""),
            (None, ""),
        ],
    )
    def test_the_media_type_is_without_parameters(self, value, media_type):
        """In lower case; a missing header is none."""
        headers = () if value is None else (("content-type", value),)
        assert exchange(headers=headers).media_type == media_type


class TestOutcome:
    """What came of an exchange, in a few words."""

    @pytest.mark.parametrize(
        ("made", "outcome"),
        [
            (exchange(headers=HTML), "200 text/html"),
            (exchange(status=204), "204"),
            (failed(FailureKind.DNS), "no response, this is dns"),
            (
                exchange(failure=Failure(FailureKind.INCOMPLETE, "cut")),
                "200, cut",
            ),
            (
                exchange(headers=(("content-type", "a\x1b[31m/\x9bb"),)),
                "200 a\\x1b[31m/\\x9bb",
            ),
        ],
    )
    def test_it_is_the_status_the_failure_or_both(self, made, outcome):
        """A server's words are escaped in it, for it is shown as it is."""
        assert made.outcome == outcome
        assert repr(made) == f"<Exchange healthz of prod: {outcome}>"

    def test_it_is_short(self):
        """A header may have kilobytes."""
        made = exchange(headers=(("content-type", "x" * 60_000),))
        assert len(made.outcome) < 500

    def test_reached_is_whether_a_response_began(self):
        """Even if it did not end."""
        assert exchange(failure=Failure(FailureKind.INCOMPLETE, "cut")).reached
        assert not failed(FailureKind.REFUSED).reached


class TestJson:
    """RFC 8259, and nothing that Python's parser adds to it."""

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ('{"a": [1, 2.5, null, true, "\\u00e9"]}', {"a": [1, 2.5, None, True, "é"]}),
            (b' \n{"a": "\xc3\xa9"}\n', {"a": "é"}),
            ('"\\ud83d"', "\ud83d"),
            ('"\u2028"', "\u2028"),
            ("1e400", float("inf")),
            ("0", 0),
        ],
    )
    def test_what_is_json_is_read(self, text, value):
        """Text or UTF-8 bytes; a lone surrogate is legal in an escape."""
        assert strict_json(text) == value

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("NaN", "NaN is no JSON value"),
            ('{"a": Infinity}', "Infinity is no JSON value"),
            ("[-Infinity]", "-Infinity is no JSON value"),
            ("", "not JSON: .* at character 0"),
            ("{'a': 1}", "not JSON"),
            ('{"a": 1} x', "not JSON: Extra data at character 9"),
            ('{"a": 1,}', "not JSON"),
            ('"a\nb"', "not JSON: Invalid control character"),
            (b'{"a": "\xff"}', "not UTF-8 at byte 7"),
            (b"\xef\xbb\xbf{}", "not JSON"),
            ("\ufeff{}", "not JSON"),
            ("[" * 200_000, "nested too deeply"),
            ("9" * 10_000, "limit"),
        ],
    )
    def test_what_is_not_is_refused_with_a_short_reason(self, text, reason):
        """Every refusal is a ValueError, whatever the body does to the parser."""
        with pytest.raises(ValueError, match=reason) as raised:
            strict_json(text)
        assert len(str(raised.value)) < 200

    def test_json_object_is_empty_for_anything_else(self):
        """So that looking something up in it is always possible."""
        assert exchange(body={"a": 1}).json_object() == {"a": 1}
        for body in (b"[1]", b"null", b"<html>", b"\xff", b"", b"NaN"):
            assert exchange(body=body).json_object() == {}

    def test_text_replaces_what_is_not_utf8(self):
        """Looking at a body never fails."""
        assert exchange(body=b"a\xff").text() == "a\ufffd"


def test_days_left_are_counted_from_now_and_may_be_negative():
    """A day is 24 hours."""
    assert tls(WHEN + timedelta(days=14, hours=12)).days_left(WHEN) == 14.5
    assert tls(WHEN - timedelta(hours=6)).days_left(WHEN) == -0.25


def test_an_exchange_cannot_be_changed():
    """Evidence is evidence."""
    with pytest.raises(AttributeError):
        exchange().status = 500
    assert exchange() == exchange()


# -- the command line -----------------------------------------------------------------------------

#: A curl that says, one after the other, what it was called with.
FAKE = """curl() { printf '%s\\0' "$@"; }\n"""


def words(request: Request, key: str = KEY) -> list[str]:
    """The arguments with which a shell would call curl."""
    done = subprocess.run(
        ["bash", "-c", FAKE + request.as_curl()],
        env={"KEY": key, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
        timeout=30,
    )
    assert not done.stderr
    return done.stdout.decode().split("\0")[:-1]


def argument(line: list[str], flag: str) -> list[str]:
    """The values of a flag."""
    return [value for name, value in itertools.pairwise(line) if name == flag]


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_probe_can_be_repeated_with_curl(name):
    """In bash, with KEY set: the same method, URL, headers and body as the recorder sends."""
    probe = CATALOGUE[name]
    aim = target()
    shown = request_for(probe, aim, "$KEY")
    key = "sk-right" if name.endswith("_query") else KEY
    sent = request_for(probe, aim, key)
    line = words(Request(shown.method, shown.url, shown.headers, shown.body), key)
    assert line[:2] == ["-sS", "-i"]
    assert aim.url(sent.path) in line
    assert argument(line, "-H") == [f"{header}: {value}" for header, value in sent.headers]
    assert argument(line, "--data-binary") == ([sent.body.decode()] if sent.body else [])
    implied = "HEAD" if "--head" in line else "POST" if sent.body else "GET"
    assert (argument(line, "-X") or [implied]) == [sent.method]


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "https://a.example/it's?x=$HOME&y=`id`"),
        Request("POST", "https://a.example/", (("X", "'\"$(id)\\"),), b'{"it\'s": "$x\\n"}'),
        Request("POST", "https://a.example/?k=${KEY}&$HOME", (("A", "$KEY $(id) `id` \\ \" '"),)),
        Request("DELETE", "https://a.example/", (), "é €".encode()),
    ],
)
def test_whatever_stands_in_a_request_the_shell_runs_nothing_of_it(request_):
    """Quotes, substitutions and back-slashes arrive as they are; $KEY alone is expanded."""
    assert subprocess.run(["bash", "-n", "-c", request_.as_curl()], timeout=30).returncode == 0
    assert shlex.split(request_.as_curl())[:1] == ["curl"]
    line = words(request_, "sk-k")

    def expanded(text: str) -> str:
        return text.replace("${KEY}", "sk-k").replace("$KEY", "sk-k")

    assert expanded(request_.url) in line
    assert argument(line, "-H") == [
        expanded(f"{name}: {value}") for name, value in request_.headers
    ]
    assert argument(line, "--data-binary") == ([request_.body.decode()] if request_.body else [])


def test_head_is_asked_as_head():
    """``-X HEAD`` would make curl wait for a body."""
    assert "--head" in words(Request("HEAD", "https://a.example/"))
