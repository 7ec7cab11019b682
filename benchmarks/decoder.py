"""The event decoder against httpx-sse and the openai client, on the same 100,000 chunks."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Callable

import httpx
from httpx_sse import EventSource
from measure import median
from openai import OpenAI

from pytest_codex.exchange.sse import Decoder
from pytest_codex.exchange.transcript import Read, Transcript

CHUNKS = 100_000
PIECE = 65_536


def chunk(number: int) -> bytes:
    """Return an event as servers send them, of about 250 bytes."""
    delta = {"index": 0, "delta": {"content": f"word {number} "}, "finish_reason": None}
    data = {
        "id": "chatcmpl-0123456789abcdef0123456789",
        "object": "chat.completion.chunk",
        "created": 1_790_000_000,
        "model": "codex-5",
        "choices": [delta],
        "usage": None,
    }
    return f"data: {json.dumps(data)}\n\n".encode()


BODY = b"".join(map(chunk, range(CHUNKS))) + b"data: [DONE]\n\n"
PIECES = [BODY[start : start + PIECE] for start in range(0, len(BODY), PIECE)]


def ours() -> int:
    """Decode events."""
    decoder = Decoder()
    return sum(len(decoder.feed(piece)) for piece in PIECES)


def ours_with_chunks() -> int:
    """Decode a transcript: events with times, each chunk parsed as strict JSON and kept."""
    reads = []
    end = 0
    for number, piece in enumerate(PIECES):
        end += len(piece)
        reads.append(Read(float(number), end))
    return len(Transcript.of(BODY, reads).chunks) + 1


def response() -> httpx.Response:
    """Return a response over the same pieces."""
    headers = {"content-type": "text/event-stream"}
    return httpx.Response(200, headers=headers, content=iter(PIECES))


def httpx_sse() -> int:
    """Decode events with httpx-sse."""
    return sum(1 for _ in EventSource(response()).iter_sse())


def httpx_sse_with_chunks() -> int:
    """Decode events with httpx-sse, parse each chunk and keep both."""
    events = list(EventSource(response()).iter_sse())
    chunks = [json.loads(event.data) for event in events if event.data != "[DONE]"]
    return len(chunks) + 1


def openai_client() -> int:
    """Decode with the openai client, which makes an object of each chunk."""
    try:
        import httpx2 as http
    except ImportError:
        http = httpx  # type: ignore[assignment]  # openai before 3

    def answer(_: object) -> object:
        headers = {"content-type": "text/event-stream"}
        return http.Response(200, headers=headers, content=BODY)

    client = OpenAI(
        api_key="none",
        base_url="http://localhost/v1",
        http_client=http.Client(transport=http.MockTransport(answer)),
    )
    stream = client.chat.completions.create(model="codex-5", messages=[], stream=True)
    return len(list(stream)) + 1


def main() -> None:
    """Print events per second and memory per kept event."""
    entrants: list[tuple[str, Callable[[], int], int]] = [
        ("ours, events", ours, 5),
        ("httpx-sse, events", httpx_sse, 5),
        ("ours, chunks parsed and kept", ours_with_chunks, 5),
        ("httpx-sse, chunks parsed and kept", httpx_sse_with_chunks, 5),
        ("openai client, chunks kept", openai_client, 3),
    ]
    times: dict[str, list[float]] = {name: [] for name, _, _ in entrants}
    for round_ in range(5):
        for name, run, rounds in entrants:
            if round_ < rounds:
                start = time.perf_counter()
                assert run() == CHUNKS + 1, name
                times[name].append(time.perf_counter() - start)
    base = median(times["httpx-sse, events"])
    for name, taken in times.items():
        rate = CHUNKS / median(taken)
        print(f"{name:<34} {rate:>10,.0f} events/s   {base / median(taken):.2f} x httpx-sse")
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    transcript = Transcript.of(BODY, [Read(0.0, len(BODY))])
    kept = (tracemalloc.get_traced_memory()[0] - before) / len(transcript.events)
    wire = len(BODY) // CHUNKS
    print(f"memory for each kept event         {kept:.0f} B, beside {wire} B of body")


if __name__ == "__main__":
    main()
