"""Secrets, and how they are kept out of everything that is rendered or written.

Evidence is scrubbed once, where it is recorded; reports are scrubbed again before anybody sees
them, because a user's own test may put the key anywhere.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple


class Secret:
    """A value that does not show itself: only :meth:`reveal` gives it away."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself, for a request and for nothing else."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


class Span(NamedTuple):
    """Where a secret stands in some bytes."""

    start: int
    end: int


class Scrubber:
    """Finds and masks secrets, however they were encoded on the way back.

    A secret is recognised as it is, percent-encoded, with JSON ``\\u`` escapes or HTML character
    references, in any mixture, cut short down to half its length (at least eight characters), and
    in base64 whatever stands around it. The mask is as long as what it covers, so that byte offsets
    in masked evidence stay true.
    """

    def __init__(self, secrets: Iterable[Secret]) -> None:
        values = sorted({secret.reveal() for secret in secrets}, key=len, reverse=True)
        self._spelled = [_Spelled(value) for value in values]
        cores = [core for value in values for core in _base64_cores(value)]
        self._base64 = re.compile(b"|".join(map(re.escape, cores))) if cores else None

    def find(self, data: bytes) -> list[Span]:
        """Return where any of the secrets stands in the data, in order, without overlaps."""
        found = [span for spelled in self._spelled for span in spelled.find(data)]
        if self._base64 is not None:
            found += [Span(*match.span()) for match in self._base64.finditer(data)]
        spans: list[Span] = []
        for span in sorted(found):
            if spans and span.start < spans[-1].end:
                spans[-1] = Span(spans[-1].start, max(spans[-1].end, span.end))
            else:
                spans.append(span)
        return spans

    def data(self, data: bytes) -> bytes:
        """Return the data with each secret replaced by as many asterisks."""
        spans = self.find(data)
        if not spans:
            return data
        masked = bytearray(data)
        for start, end in spans:
            masked[start:end] = b"*" * (end - start)
        return bytes(masked)

    def text(self, text: str) -> str:
        """Return the text with each secret replaced by as many asterisks."""
        data = text.encode("utf-8", "surrogatepass")
        masked = self.data(data)
        return text if masked is data else masked.decode("utf-8", "surrogatepass")


class _Spelled:
    """A secret spelled out character by character, each in any of its encodings."""

    def __init__(self, value: str) -> None:
        shortest = max(8, (len(value) + 1) // 2)
        self._head = re.compile(b"".join(_one_of(char) for char in value[:shortest]), re.IGNORECASE)
        self._tail = [_compiled(char) for char in value[shortest:]]

    def find(self, data: bytes) -> Iterator[Span]:
        for match in self._head.finditer(data):
            end = match.end()
            for char in self._tail:
                following = char.match(data, end)
                if following is None:
                    break
                end = following.end()
            yield Span(match.start(), end)


def _one_of(char: str) -> bytes:
    code = ord(char)
    raw = re.escape(char.encode())
    return b"(?:%b|%%%02x|\\\\u%04x|&#%d;|&#x%x;|\\\\%b)" % (raw, code, code, code, code, raw)


@cache
def _compiled(char: str) -> re.Pattern[bytes]:
    return re.compile(_one_of(char), re.IGNORECASE)


def _base64_cores(value: str) -> Iterator[bytes]:
    """Yield what base64 text holds of the value, whichever of the three alignments it stands in."""
    for before in range(3):
        padded = b"\0" * before + value.encode()
        whole = len(padded) - len(padded) % 3
        core = base64.b64encode(padded[:whole])[4 if before else 0 :]
        if len(core) >= 8:
            yield core
            yield core.translate(bytes.maketrans(b"+/", b"-_"))
