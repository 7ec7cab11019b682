"""A transcript: what a streamed chat completion said, event by event, with times and offsets.

It draws no conclusions: the suites do. Chunks are those of the OpenAI API reference ("The chat
completion chunk object"); a stream ends with an event whose data is ``[DONE]``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from pytest_codex.exchange.sse import Decoder, Event
from pytest_codex.exchange.strict import strict_json

DONE = "[DONE]"


class Read(NamedTuple):
    """One read from the socket: when (seconds from the start), and the body's size after it."""

    at: float
    end: int


class Chunk(NamedTuple):
    """An event whose data is a JSON object."""

    number: int
    at: float
    offset: int
    value: dict[str, object]

    @property
    def choices(self) -> list[dict[str, object]]:
        """The choices that are objects; empty when the list is missing or is not one."""
        choices = self.value.get("choices")
        return [c for c in choices if isinstance(c, dict)] if isinstance(choices, list) else []

    def delta(self, choice: dict[str, object]) -> dict[str, object]:
        """Return a choice's delta, empty when it has none."""
        delta = choice.get("delta")
        return delta if isinstance(delta, dict) else {}

    @property
    def content(self) -> str:
        """The text that this chunk adds, over all choices."""
        parts = (self.delta(choice).get("content") for choice in self.choices)
        return "".join(part for part in parts if isinstance(part, str))

    @property
    def is_content(self) -> bool:
        """Whether it adds text or a tool call."""
        return any(_adds(self.delta(choice)) for choice in self.choices)

    @property
    def where(self) -> str:
        """The chunk's place, as messages name it."""
        return f"event {self.number}, byte {self.offset:,}"


@dataclass(frozen=True)
class Transcript:
    """The events of a stream, with the second at which each was complete.

    Events are numbered from 1. ``unterminated`` counts the bytes of an event that the stream ended
    in the middle of, ``comments`` the keepalives.
    """

    events: tuple[Event, ...]
    times: tuple[float, ...]
    unterminated: int
    comments: int

    def __repr__(self) -> str:
        return f"<Transcript of {len(self.events)} events>"

    @classmethod
    def of(cls, body: bytes, reads: Sequence[Read]) -> Transcript:
        """Decode a body as it arrived, read by read."""
        decoder = Decoder(max_event_bytes=max(len(body), 1))
        events: list[Event] = []
        times: list[float] = []
        start = 0
        for read in reads or (Read(0.0, len(body)),):
            complete = decoder.feed(body[start : read.end])
            start = read.end
            events += complete
            times += [read.at] * len(complete)
        return cls(tuple(events), tuple(times), decoder.unterminated, decoder.comments)

    @cached_property
    def chunks(self) -> tuple[Chunk, ...]:
        """The events whose data is one strict JSON object, in order."""
        return tuple(
            Chunk(number, at, event.offset, value)
            for number, at, event, value in self._parsed
            if isinstance(value, dict)
        )

    @cached_property
    def unreadable(self) -> tuple[tuple[int, Event, str], ...]:
        """The events that are neither ``[DONE]`` nor one strict JSON object: number, event, why."""
        return tuple(
            (number, event, str(value) if isinstance(value, ValueError) else "not a JSON object")
            for number, _, event, value in self._parsed
            if not isinstance(value, dict)
        )

    @cached_property
    def done(self) -> tuple[int, ...]:
        """The numbers of the ``[DONE]`` events, bare ones only."""
        return tuple(n for n, event in enumerate(self.events, 1) if event.data == DONE)

    @cached_property
    def done_at(self) -> float | None:
        """When the first ``[DONE]`` was complete, in seconds."""
        return self.times[self.done[0] - 1] if self.done else None

    @cached_property
    def error(self) -> Chunk | None:
        """The first chunk that is an error object."""
        return next((chunk for chunk in self.chunks if chunk.value.get("error")), None)

    @cached_property
    def content(self) -> tuple[Chunk, ...]:
        """The chunks that add text or a tool call."""
        return tuple(chunk for chunk in self.chunks if chunk.is_content)

    @cached_property
    def usages(self) -> tuple[Chunk, ...]:
        """The chunks whose ``usage`` is an object (``usage: null`` is legal everywhere)."""
        return tuple(chunk for chunk in self.chunks if isinstance(chunk.value.get("usage"), dict))

    @cached_property
    def finishes(self) -> tuple[tuple[Chunk, object, object], ...]:
        """Each finish: the chunk, the choice's index, and the reason, whatever it is."""
        return tuple(
            (chunk, choice.get("index"), choice["finish_reason"])
            for chunk in self.chunks
            for choice in chunk.choices
            if choice.get("finish_reason") is not None
        )

    def text(self) -> str:
        """Return the assembled answer."""
        return "".join(chunk.content for chunk in self.chunks)

    def longest_silence(self) -> tuple[float, int]:
        """Return the longest gap between events in seconds, and the number of the event after it.

        The wait for the first event is not a gap; ``(0.0, 0)`` when there are fewer than two.
        """
        pairs = zip(self.times, self.times[1:], strict=False)
        return max(((b - a, number) for number, (a, b) in enumerate(pairs, 2)), default=(0.0, 0))

    @cached_property
    def _parsed(self) -> tuple[tuple[int, float, Event, object], ...]:
        return tuple(self._parse())

    def _parse(self) -> Iterator[tuple[int, float, Event, object]]:
        for number, (at, event) in enumerate(zip(self.times, self.events, strict=True), 1):
            if event.data != DONE:
                yield number, at, event, _json_or_error(event.data)


def _json_or_error(text: str) -> object:
    try:
        return strict_json(text)
    except ValueError as error:
        return error


def _adds(delta: dict[str, object]) -> bool:
    return any(delta.get(field) for field in ("content", "tool_calls", "function_call", "refusal"))
