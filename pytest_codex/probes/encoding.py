"""Content encodings, decoded as they arrive and never beyond a limit."""

from __future__ import annotations

import zlib
from typing import Protocol

from pytest_codex.exchange.exchange import FailureKind
from pytest_codex.probes.network import Stopped


class Decoding(Protocol):
    """Turns what arrived into what was meant."""

    def feed(self, data: bytes, room: int) -> bytes:
        """Return what the data decodes to, at most ``room`` + 1 bytes of it."""
        ...

    def end(self) -> None:
        """Take note of the end of the data.

        :raises Stopped: if it cannot be the end.
        """


class Identity:
    """No encoding."""

    def feed(self, data: bytes, room: int) -> bytes:
        """Return the data as it is."""
        return data[: room + 1]

    def end(self) -> None:
        """Any end is one."""


class Deflated:
    """gzip, and deflate with or without its wrapper."""

    def __init__(self, *, gzip: bool) -> None:
        self._gzip = gzip
        self._inflate: zlib._Decompress | None = None

    def feed(self, data: bytes, room: int) -> bytes:
        """Inflate the data."""
        if self._inflate is None:
            # The wrapper's first byte (RFC 1950) names the method, 8; no bare block begins so.
            bare = data[0] & 0x0F != 8
            self._inflate = zlib.decompressobj(31 if self._gzip else -15 if bare else 15)
        if self._inflate.eof:  # zlib would keep whatever still comes, without a limit
            raise Stopped(FailureKind.ENCODING, "bytes after the end of the compressed body")
        try:
            return self._inflate.decompress(data, room + 1)
        except zlib.error as error:
            raise Stopped(FailureKind.ENCODING, f"the compressed body is broken: {error}") from None

    def end(self) -> None:
        """Say whether it ended too early or too late; nothing at all is the body of a HEAD."""
        if self._inflate is None:
            return
        if not self._inflate.eof:
            raise Stopped(FailureKind.ENCODING, "the compressed body ends in the middle")
        if self._inflate.unused_data:
            raise Stopped(FailureKind.ENCODING, "bytes after the end of the compressed body")


def decoding(content_encoding: str | None) -> Decoding:
    """Return the decoding for a ``Content-Encoding`` header; all were asked not to send one.

    :raises Stopped: for one that is unknown, or nested, which is how small bombs are made.
    """
    names = [name.strip().lower() for name in (content_encoding or "").split(",")]
    names = [name for name in names if name not in ("", "identity")]
    if not names:
        return Identity()
    if names in (["gzip"], ["x-gzip"]):
        return Deflated(gzip=True)
    if names == ["deflate"]:
        return Deflated(gzip=False)
    raise Stopped(
        FailureKind.ENCODING,
        f"the body is encoded as {', '.join(names)!r}, although none was accepted",
    )
