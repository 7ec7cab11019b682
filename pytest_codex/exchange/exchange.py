"""An exchange: the immutable record of one probe's request and of what came back.

Whatever went wrong on the way is part of the record, as a typed :class:`Failure`. The key never
gets in: requests are kept as they were meant (``Bearer $KEY``), and what came back is scrubbed
before it is recorded, with a note (:class:`Echo`) of each place where a credential stood.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from pytest_codex.exchange.excerpt import visible
from pytest_codex.exchange.strict import strict_json
from pytest_codex.exchange.transcript import Read, Transcript

Headers = tuple[tuple[str, str], ...]


class FailureKind(StrEnum):
    """Why an exchange is not a complete response."""

    DNS = "dns"
    REFUSED = "refused"
    NETWORK = "network"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS_UNTRUSTED = "tls_untrusted"
    TLS_EXPIRED = "tls_expired"
    TLS_WRONG_NAME = "tls_wrong_name"
    TLS_TIMEOUT = "tls_timeout"
    TLS_FAILED = "tls_failed"
    NO_ANSWER = "no_answer"
    FIRST_BYTE_TIMEOUT = "first_byte_timeout"
    IDLE_TIMEOUT = "idle_timeout"
    TOTAL_TIMEOUT = "total_timeout"
    INCOMPLETE = "incomplete"
    PROTOCOL = "protocol"
    ENCODING = "encoding"
    TOO_LARGE = "too_large"
    HELD_OPEN = "held_open"
    NOT_SENT = "not_sent"
    CANCELLED = "cancelled"
    CALLED_OFF = "called_off"


#: The kinds that mean: no HTTP server was reached at all.
UNREACHABLE = frozenset(
    {
        FailureKind.DNS,
        FailureKind.REFUSED,
        FailureKind.NETWORK,
        FailureKind.CONNECT_TIMEOUT,
        FailureKind.TLS_UNTRUSTED,
        FailureKind.TLS_EXPIRED,
        FailureKind.TLS_WRONG_NAME,
        FailureKind.TLS_TIMEOUT,
        FailureKind.TLS_FAILED,
    }
)

#: The kinds that mean: it took longer than it may.
TIMEOUTS = frozenset(
    {FailureKind.FIRST_BYTE_TIMEOUT, FailureKind.IDLE_TIMEOUT, FailureKind.TOTAL_TIMEOUT}
)

#: The kinds that mean: it was not sent.
UNSENT = frozenset({FailureKind.NOT_SENT, FailureKind.CALLED_OFF})

#: The kinds that mean: the run ended, while it was under way or before it was sent.
INTERRUPTED = frozenset({FailureKind.CANCELLED, FailureKind.CALLED_OFF})


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong with an exchange, in words that name the limit or the error."""

    kind: FailureKind
    message: str


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it was meant; a credential stands in it as a shell would write it (``$KEY``)."""

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""

    def as_curl(self) -> str:
        """Return the request as a curl command line that runs where ``$KEY`` is set."""
        words = ["curl -sS -i"]
        if self.method == "HEAD":
            words.append("--head")
        elif self.method != ("POST" if self.body else "GET"):
            words.append(f"-X {self.method}")
        words.append(_shell_word(self.url))
        words += [f"-H {_shell_word(f'{name}: {value}')}" for name, value in self.headers]
        if self.body:
            words.append(f"--data-binary {_shell_word(visible(self.body, 2000))}")
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class Tls:
    """What was agreed and presented when TLS was set up. Times are UTC."""

    version: str
    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime

    def days_left(self, now: datetime | None = None) -> float:
        """Return the days until the certificate expires; negative when it has expired."""
        return (self.not_after - (now or datetime.now(UTC))).total_seconds() / 86400


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds from the start of the exchange; ``None`` for what was not reached.

    ``dns``, ``tcp`` and ``tls`` are when that phase ended, ``sent`` when the request was out,
    ``headers`` when the response's headers were in, ``end`` when the exchange was over.
    """

    dns: float | None = None
    tcp: float | None = None
    tls: float | None = None
    sent: float | None = None
    headers: float | None = None
    end: float = 0.0


class Echo(NamedTuple):
    """A place in a response at which a presented credential stood.

    It is ``status line``, ``header name``, ``header NAME`` or ``body``.
    """

    where: str
    offset: int


@dataclass(frozen=True)  # without slots, so that the transcript is decoded once
class Exchange:
    """One request and everything that is known of its response.

    ``body`` is without transfer and content encodings; ``reads`` says, for each read from the
    socket that brought some of it, when it came and up to which byte. ``wire_bytes`` counts what
    the sockets delivered, ``loop_lag`` is how late the recording loop ran at worst, in seconds.
    """

    probe: str
    target: str
    route: str
    request: Request
    started: datetime
    status: int | None = None
    http_version: str | None = None
    headers: Headers = ()
    body: bytes = b""
    reads: tuple[Read, ...] = ()
    timings: Timings = Timings()
    tls: Tls | None = None
    address: str | None = None
    wire_bytes: int = 0
    failure: Failure | None = None
    echoes: tuple[Echo, ...] = ()
    loop_lag: float = 0.0

    def __repr__(self) -> str:
        return f"<Exchange {self.probe} of {self.target}: {self.outcome}>"

    @property
    def outcome(self) -> str:
        """What came of it, in a few words: the status, the failure, or both. Fit to be shown."""
        came = f"{self.status} {self.media_type}".strip() if self.reached else "no response"
        return visible(f"{came}, {self.failure.message}" if self.failure else came, 400)

    @property
    def reached(self) -> bool:
        """Whether an HTTP response began to arrive."""
        return self.status is not None

    def header(self, name: str) -> str | None:
        """Return a header's value, case-insensitive; several are joined by ``", "`` (RFC 9110)."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def media_type(self) -> str:
        """The media type in lower case without parameters; empty if there is none."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    def text(self) -> str:
        """Return the body as text; what is not UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> object:
        """Return the body as strict JSON.

        :raises ValueError: if it is not: not UTF-8, no JSON, or ``NaN`` and the like.
        """
        return strict_json(self.body)

    def json_object(self) -> Mapping[str, object]:
        """Return the body's JSON object, or an empty one if the body is anything else."""
        try:
            value = self.json()
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def transcript(self) -> Transcript:
        """Return the decoded events of a streamed body."""
        return self._transcript

    @cached_property
    def _transcript(self) -> Transcript:
        return Transcript.of(self.body, self.reads)


#: What a shell acts on between double quotes, other than ``$KEY``.
_SPECIAL = re.compile(r'[\\"`]|\$(?!\{?KEY)')


def _shell_word(text: str) -> str:
    """Quote for a POSIX shell, leaving ``$KEY`` and ``${KEY…}`` to be expanded by it."""
    if "$KEY" in text or "${KEY" in text:
        return '"' + _SPECIAL.sub(r"\\\g<0>", text) + '"'
    return "'" + text.replace("'", "'\\''") + "'"
