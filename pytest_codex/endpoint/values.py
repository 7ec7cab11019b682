"""What a request, an answer and a configuration are. Values only: nothing here does I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Environment = Literal["dev", "prod"]

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Request:
    """One request: `headers` by lower-case name, `query` by parameter name."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Situation:
    """What the endpoint has seen when a request arrives; it makes answers functions of values."""

    number: int = 1  # of this request, for ids
    now: int = 1_795_398_500  # Unix time in seconds, for `created`
    open_streams: int = 0  # other streams that are being answered
    abandoned: int = 0  # answers that clients left before their end


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the endpoint is told to be."""

    key: str
    environment: Environment = "prod"
    admitted: frozenset[str] = frozenset({"right"})  # ways to present a key; see `presentation`
    admitted_to_streams: frozenset[str] = frozenset()  # more ways, for streams alone
    admitted_to_plain: frozenset[str] = frozenset()  # more ways, for non-stream calls alone
    models_are_public: bool = True
    certificate: str = "valid"


@dataclass(frozen=True, slots=True)
class Pause:
    """Send nothing for that many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Cut:
    """End the connection here, without a proper end of the body."""

    reset: bool = False  # by RST instead of FIN


@dataclass(frozen=True, slots=True)
class Hold:
    """Never send anything again, and keep the connection open."""


Step = bytes | Pause | Cut | Hold
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent for a request.

    `kind` says which answer it is ("healthz", "chat", "refusal", …): defects choose by it.
    `before` are the steps before the status line. A streamed answer is sent in chunks; any other
    gets the Content-Length of its bytes, unless `headers` say another, which goes out as it is.
    """

    kind: str
    status: int
    headers: Headers
    steps: tuple[Step, ...] = ()
    streamed: bool = False
    calls_model: bool = False
    before: tuple[Step, ...] = ()

    @property
    def body(self) -> bytes:
        return b"".join(step for step in self.steps if isinstance(step, bytes))

    def header(self, name: str) -> str | None:
        """The first value of a header, or None."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    def with_header(self, name: str, *values: str) -> Answer:
        """The same answer with these values of a header in place of all it had; none removes it."""
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=kept + tuple((name, value) for value in values))

    def with_body(self, body: bytes, content_type: str | None = None) -> Answer:
        """The same answer with one undivided body, not streamed."""
        answer = replace(self, steps=(body,), streamed=False)
        return answer if content_type is None else answer.with_header("Content-Type", content_type)


def encode(value: object) -> bytes:
    """Compact JSON as Express writes it; NaN and lone surrogates pass, for the defects' sake."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def event(value: object) -> bytes:
    """One server-sent event whose data is `value` as JSON."""
    return b"data: " + encode(value) + b"\n\n"


def decoded(step: Step) -> Any:
    """The JSON value of an event made by `event`; None for every other step."""
    if not isinstance(step, bytes) or not step.startswith(b"data: {"):
        return None
    try:
        return json.loads(step.removeprefix(b"data: "))
    except ValueError:
        return None
