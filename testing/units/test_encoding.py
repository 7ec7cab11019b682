"""Content encodings are decoded as they arrive, within a limit, or refused."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_codex.exchange.exchange import FailureKind
from pytest_codex.probes.encoding import decoding
from pytest_codex.probes.network import Stopped

ROOM = 1 << 20


def bare(data: bytes) -> bytes:
    """Deflate without its wrapper, as some servers send it."""
    deflate = zlib.compressobj(wbits=-15)
    return deflate.compress(data) + deflate.flush()


WAYS = {
    None: bytes,
    "": bytes,
    "identity": bytes,
    " Identity , identity": bytes,
    "gzip": gzip.compress,
    "GZIP": gzip.compress,
    "x-gzip": gzip.compress,
    "identity, gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate ": bare,
}


@pytest.mark.parametrize(("name", "encode"), WAYS.items(), ids=map(str, WAYS))
@pytest.mark.parametrize("size", [1, 7, 1 << 16])
def test_what_was_encoded_is_decoded_in_pieces_of_any_size(name, encode, size):
    """Each encoding that is understood, byte by byte and at once."""
    meant = b"data: {}\n\n" * 500
    sent = encode(meant)
    found = decoding(name)
    got = b"".join(found.feed(sent[n : n + size], ROOM) for n in range(0, len(sent), size))
    found.end()
    assert got == meant


@given(st.binary(max_size=300), st.sampled_from([zlib.compress, bare]))
def test_deflate_is_understood_with_its_wrapper_and_without(meant, encode):
    """The name has meant both since the nineties (RFC 9110, 8.4.1.2)."""
    found = decoding("deflate")
    assert found.feed(encode(meant), ROOM) == meant
    found.end()


@pytest.mark.parametrize(
    "name", ["br", "zstd", "compress", "gzip, gzip", "gzip,deflate", "gzip;q=1"]
)
def test_what_is_unknown_or_nested_is_refused_before_anything_is_decoded(name):
    """Nesting is how two kilobytes become two gigabytes."""
    with pytest.raises(Stopped, match="although none was accepted") as raised:
        decoding(name)
    assert raised.value.failure.kind is FailureKind.ENCODING


@pytest.mark.parametrize(("name", "encode"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
@pytest.mark.parametrize("room", [0, 1, 1000])
def test_a_bomb_yields_one_byte_more_than_there_is_room_for(name, encode, room):
    """By which its receiver sees that it is too large; the rest is never made."""
    assert len(decoding(name).feed(encode(bytes(1 << 20)), room)) == room + 1
    assert len(decoding(None).feed(bytes(1 << 20), room)) == room + 1


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("gzip", b"plain text"),
        ("gzip", zlib.compress(b"x")),
        ("gzip", gzip.compress(b"x" * 100, mtime=0)[:-8] + b"\0" * 8),
        ("deflate", b"\x78plain"),
        ("deflate", b"plain text"),
    ],
)
def test_broken_data_is_an_encoding_failure(name, data):
    """Another method, a wrong checksum, no compression at all."""
    found = decoding(name)
    with pytest.raises(Stopped) as raised:
        found.feed(data, ROOM)
    assert raised.value.failure.kind is FailureKind.ENCODING


@pytest.mark.parametrize(
    ("name", "encode"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", bare)]
)
def test_data_that_ends_in_the_middle_is_an_encoding_failure(name, encode):
    """A length that was honoured says nothing about what was compressed."""
    found = decoding(name)
    found.feed(encode(b"some text")[:-1], ROOM)
    with pytest.raises(Stopped, match="ends in the middle"):
        found.end()


@pytest.mark.parametrize("together", [True, False])
def test_bytes_after_the_end_are_an_encoding_failure(together):
    """zlib would collect them for ever."""
    found = decoding("gzip")
    whole = gzip.compress(b"x")

    def feed_more() -> None:
        if not together:
            assert found.feed(whole, ROOM) == b"x"
            found.feed(b"more", ROOM)
        else:
            assert found.feed(whole + b"more", ROOM) == b"x"
            found.end()

    with pytest.raises(Stopped, match="after the end"):
        feed_more()


def test_no_data_at_all_is_a_body_of_nothing():
    """As after HEAD, whose headers name the encoding of a body that does not come."""
    found = decoding("gzip")
    assert found.end() is None
