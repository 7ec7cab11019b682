"""Secrets, and how they are kept out of everything that is rendered or written.

Evidence is scrubbed once, where it is recorded; reports are scrubbed again before anybody sees
them, because a user's own test may put the key anywhere.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

#: What the keys of well-known services look like, tokens and private keys; no word looks like it.
KEY_FORM = (
    r"\b[sr]k-(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{12,}"
    r"|\b(?:gh[pousr]|github_pat|glpat|hf)[_-][A-Za-z0-9_-]{16,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|\bAKIA[0-9A-Z]{16}\b"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+"
    r"|hooks\.slack\.com/services/[A-Za-z0-9/]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
#: What presents a credential: a bearer token, or a password in a URL.
PRESENTED_FORM = r"--(?:api-?key|token|password|secret)[= ][^\s$-]\S{5,}|\bBearer\s+[A-Za-z0-9._~+/=-]{8,}|://[^\s/@:]*:[^\s/@:]+@"


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
    references, in any mixture, cut at either end down to half its length (at least eight
    characters), and in base64 whatever stands around it. The mask is as long as what it covers, so
    that byte offsets in masked evidence stay true.
    """

    def __init__(self, secrets: Iterable[Secret]) -> None:
        values = sorted({secret.reveal() for secret in secrets}, key=len, reverse=True)
        self._spelled = [_Spelled(value) for value in values]
        cores = [core for value in values for core in _base64_cores(value)]
        self._base64 = re.compile(b"|".join(map(re.escape, cores))) if cores else None

    def find(self, data: bytes) -> list[Span]:
        """Return where any of the secrets stands in the data, in order, without overlaps."""
        lowered = data.lower()
        found = [span for spelled in self._spelled for span in spelled.find(lowered)]
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
        return masked(data, self.find(data))

    def text(self, text: str) -> str:
        """Return the text with each secret replaced by as many asterisks."""
        data = text.encode("utf-8", "surrogatepass")
        spans = self.find(data)
        return masked(data, spans).decode("utf-8", "surrogatepass") if spans else text


def masked(data: bytes, spans: Iterable[Span]) -> bytes:
    """Return the data with asterisks in place of the spans."""
    result = bytearray(data)
    for start, end in spans:
        result[start:end] = b"*" * (end - start)
    return bytes(result)


class _Spelled:
    """A secret spelled out character by character, each in any of its encodings."""

    def __init__(self, value: str) -> None:
        shortest = max(8, (len(value) + 1) // 2)
        forms = [_forms(char) for char in value]
        self._before, self._after = forms[:-shortest], forms[shortest:]
        self._head = _spelling(forms[:shortest], then=forms[shortest:])
        self._tail = _spelling(forms[-shortest:])

    def find(self, lowered: bytes) -> Iterator[Span]:
        """Find it in data in lower case, which every form is in."""
        ends = set()
        for match in self._head.finditer(lowered):
            start, end = match.span()
            if match.lastindex is None:
                end = _extended(lowered, end, self._after)
            ends.add(end)
            yield Span(start, end)
        for match in self._tail.finditer(lowered):
            start, end = match.span()
            if end not in ends:
                yield Span(_extended_back(lowered, start, self._before), end)


def _spelling(
    characters: Iterable[tuple[bytes, ...]], then: Iterable[tuple[bytes, ...]] = ()
) -> re.Pattern[bytes]:
    """Return a pattern of characters in any form; group 1 is what may follow, all of it."""
    first, following = (
        b"".join(b"(?:%b)" % b"|".join(map(re.escape, forms)) for forms in part)
        for part in (characters, then)
    )
    return re.compile(first + (b"(%b)?" % following if following else b""))


def _extended(lowered: bytes, end: int, characters: Iterable[tuple[bytes, ...]]) -> int:
    """Return where the last of the characters that follow ends."""
    ends = {end}
    for forms in characters:
        following = {e + len(form) for e in ends for form in forms if lowered.startswith(form, e)}
        if not following:
            break
        ends = following
    return max(ends)


def _extended_back(lowered: bytes, start: int, characters: Sequence[tuple[bytes, ...]]) -> int:
    """Return where the first of the characters that come before begins."""
    starts = {start}
    for forms in reversed(characters):
        before = {s - len(form) for s in starts for form in forms if lowered.endswith(form, 0, s)}
        if not before:
            break
        starts = before
    return min(starts)


_NAMED_REFERENCES = {"&": b"&amp;", "<": b"&lt;", ">": b"&gt;", '"': b"&quot;", "'": b"&apos;"}


def _forms(char: str) -> tuple[bytes, ...]:
    """Return a character's encodings in lower case, the plain one last: it begins others."""
    code, raw = ord(char), char.encode().lower()
    forms = [b"%%%02x" % code, b"\\u%04x" % code, b"\\" + raw]
    forms += [b"&#%d;" % code, b"&#%03d;" % code, b"&#x%x;" % code]
    forms += [_NAMED_REFERENCES[char]] if char in _NAMED_REFERENCES else []
    return (*dict.fromkeys(forms), raw)


def _base64_cores(value: str) -> Iterator[bytes]:
    """Yield what base64 text holds of the value, whichever of the three alignments it stands in."""
    for before in range(3):
        padded = b"\0" * before + value.encode()
        whole = len(padded) - len(padded) % 3
        core = base64.b64encode(padded[:whole])[4 if before else 0 :]
        if len(core) >= 8:
            yield core
            yield core.translate(bytes.maketrans(b"+/", b"-_"))
