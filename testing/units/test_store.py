"""Exchanges in files: what is read is what was written, or is refused."""

from __future__ import annotations

import itertools
import json
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_codex.exchange.exchange import (
    Echo,
    Exchange,
    Failure,
    FailureKind,
    Request,
    Timings,
    Tls,
)
from pytest_codex.exchange.store import load, save
from pytest_codex.exchange.transcript import Read

from .made import exchange

TEXT = st.text(st.characters(), max_size=20)  # lone surrogates, line separators and all
SECONDS = st.floats(0, 1e6)
HEADERS = st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple)
TIMES = st.datetimes(timezones=st.just(UTC))


@st.composite
def bodies(draw):
    """A body and the reads that brought it."""
    body = draw(st.binary(max_size=60) | st.text(st.characters(codec="utf-8")).map(str.encode))
    ends = sorted({*draw(st.lists(st.integers(0, len(body)), max_size=5)), len(body)})
    return body, tuple(Read(draw(SECONDS), end) for end in ends)


@st.composite
def exchanges(draw):
    """Any exchange that can be recorded."""
    body, reads = draw(bodies())
    optional = st.none() | SECONDS
    return Exchange(
        probe="healthz",
        target=draw(TEXT),
        route=draw(st.sampled_from(["edge", "origin"])),
        request=Request(draw(TEXT), draw(TEXT), draw(HEADERS), draw(st.binary(max_size=20))),
        started=draw(TIMES),
        status=draw(st.none() | st.integers(100, 999)),
        http_version=draw(st.none() | TEXT),
        headers=draw(HEADERS),
        body=body,
        reads=reads,
        timings=Timings(*[draw(optional) for _ in range(5)], draw(SECONDS)),
        tls=draw(
            st.none()
            | st.builds(Tls, TEXT, TEXT, TEXT, st.tuples(TEXT, TEXT), TIMES, TIMES)
            | st.builds(Tls, TEXT, TEXT, TEXT, st.just(()), TIMES, TIMES)
        ),
        address=draw(st.none() | TEXT),
        wire_bytes=draw(st.integers(0, 1 << 40)),
        failure=draw(st.none() | st.builds(Failure, st.sampled_from(FailureKind), TEXT)),
        echoes=draw(st.lists(st.builds(Echo, TEXT, st.integers(0, 99)), max_size=2).map(tuple)),
        loop_lag=draw(SECONDS),
    )


@given(made=exchanges(), run=st.text("abcdef0123456789", min_size=1))
def test_what_is_loaded_is_what_was_saved(tmp_path_factory, made, run):
    """Every field, whatever it holds."""
    folder = tmp_path_factory.getbasetemp() / "round-trip"
    path = save(made, folder, run)
    assert load(path) == made
    assert load(path, run) == made
    assert load(path, run + "0") is None
    assert [item.name for item in folder.iterdir()] == ["healthz.ndjson"]


def test_a_file_is_ascii_with_a_line_a_read(tmp_path):
    """So that nothing that reads it can stumble, and a stream can be followed in it."""
    made = exchange(body="é\u2028é", reads=(Read(0.5, 3), Read(0.75, 7)))
    head, *lines = save(made, tmp_path, "r").read_bytes().decode("ascii").splitlines()
    assert json.loads(head)["run"] == "r"
    assert [json.loads(line)["at"] for line in lines] == [0.5, 0.75]
    assert [json.loads(line)["offset"] for line in lines] == [0, 3]
    assert json.loads(lines[0]).keys() == {"at", "offset", "base64"}


def test_no_file_is_no_exchange(tmp_path):
    """And no error."""
    assert load(tmp_path / "healthz.ndjson") is None


def test_saving_again_replaces(tmp_path):
    """The last one counts."""
    save(exchange(status=500), tmp_path, "r")
    path = save(exchange(status=200), tmp_path, "r")
    loaded = load(path)
    assert loaded is not None
    assert loaded.status == 200


def _whole(tmp_path) -> list[str]:
    made = exchange(body=b"ab\xff", reads=(Read(0.1, 1), Read(0.2, 3)))
    return save(made, tmp_path, "r").read_text("ascii").splitlines()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "null",
        "[]",
        "1",
        "{}",
        "not JSON",
        '{"format": 1}',
        '{"format": 2, "run": "r", "exchange": {}}',
        '{"format": 1, "run": "r", "exchange": {}}',
        '{"format": 1, "run": "r", "exchange": []}',
        '{"format": 1, "run": "r", "exchange": null}',
        "\udcff",
    ],
)
def test_a_file_that_is_no_exchange_is_refused(tmp_path, text):
    """With a ValueError, and none of Python's other errors."""
    path = tmp_path / "healthz.ndjson"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=r"healthz\.ndjson|can't decode"):
        load(path)


def test_a_damaged_file_is_refused(tmp_path):
    """Each field of each line missing, or of another kind."""
    lines = [json.loads(line) for line in _whole(tmp_path)]
    path = tmp_path / "healthz.ndjson"
    refused = 0
    for number, line in enumerate(lines):
        for name, value in itertools.product(line, [..., [], 7, "x", None]):
            if value is None and name == "run":
                continue  # a run is only compared
            broken = {k: v for k, v in line.items() if k != name}
            broken |= {} if value is ... else {name: value}
            text = "\n".join(
                json.dumps(broken if n == number else each) for n, each in enumerate(lines)
            )
            path.write_text(text)
            try:
                loaded = load(path)
            except ValueError:
                refused += 1
            else:
                assert loaded is None or isinstance(loaded, Exchange)
    assert refused > 15


def test_a_file_that_was_cut_off_is_refused_or_shorter(tmp_path):
    """A line is whole or there is an error; nothing is made up."""
    text = "\n".join(_whole(tmp_path))
    path = tmp_path / "healthz.ndjson"
    for size in range(0, len(text), 7):
        path.write_text(text[:size])
        try:
            loaded = load(path)
        except ValueError:
            continue
        assert loaded is not None
        assert b"ab\xff".startswith(loaded.body)


def test_times_survive_exactly(tmp_path):
    """Floats and microseconds are not rounded."""
    at = math.nextafter(0.1, 1)
    started = datetime(2025, 1, 2, 3, 4, 5, 678_901, UTC)
    made = exchange(body=b"x", reads=(Read(at, 1),), timings=Timings(end=at))
    loaded = load(save(made, tmp_path, "r"))
    assert loaded is not None
    assert (loaded.reads[0].at, loaded.timings.end) == (at, at)
    assert started.isoformat() == "2025-01-02T03:04:05.678901+00:00"
