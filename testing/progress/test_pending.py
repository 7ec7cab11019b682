"""What a recorder says of the requests that it has under way."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable

import anyio
import pytest

from pytest_codex.exchange.exchange import FailureKind
from pytest_codex.probes.catalogue import CATALOGUE
from pytest_codex.probes.pending import Pending
from pytest_codex.probes.recorder import Recorder
from pytest_codex.probes.transport import Transport
from testing.hostile.recording import GUARD, KEY, PATIENT, target
from testing.hostile.server import head, sends, serving

EVENT = b'data: {"choices": []}\n\n'


def seen(address: str, probe: str, enough: Callable[[Pending], bool], **timeouts: float) -> Pending:
    """Send a probe, and return how it stands as soon as that is enough."""
    transport = Transport(target(address, **timeouts), ssl.create_default_context())
    recording = transport.record(CATALOGUE[probe])

    async def watch() -> Pending:
        with anyio.fail_after(GUARD):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(recording.run)
                while not enough(recording.pending()):
                    await anyio.sleep(0.01)
                found = recording.pending()
                tasks.cancel_scope.cancel()
        return found

    return anyio.run(watch)


@pytest.mark.parametrize(("probe", "budget"), [("chat", "nonstream"), ("healthz", "request")])
def test_a_request_that_nobody_answers(probe: str, budget: str):
    """It is out, and waits for its own budget."""
    with serving(sends(then=GUARD)) as server:
        found = seen(f"http://127.0.0.1:{server.port}", probe, lambda now: now.sent)
    assert (found.target, found.probe, found.status, found.events) == ("prod", probe, None, 0)
    assert (found.limit, found.budget) == (PATIENT, budget)


def test_a_connection_that_is_not_set_up():
    """TLS with a server that does not speak it waits for the budget of connecting."""
    with serving(sends(then=GUARD), reads=False) as server:
        address = f"https://127.0.0.1:{server.port}"
        found = seen(address, "chat", lambda now: now.waited > 0.1, connect=20.0)
    assert not found.sent
    assert (found.limit, found.budget) == (20.0, "connect")


def test_a_stream_counts_its_events():
    """Until the first has come it waits for that, and then for the end of the stream."""
    start = head("Content-Type: text/event-stream")
    with serving(sends(start, then=GUARD)) as server:
        address = f"http://127.0.0.1:{server.port}"
        found = seen(address, "chat_stream", lambda now: now.status == 200, first_event=20.0)
    assert (found.events, found.limit, found.budget) == (0, 20.0, "first-event")
    with serving(sends(start, EVENT, EVENT, EVENT, then=GUARD)) as server:
        address = f"http://127.0.0.1:{server.port}"
        found = seen(address, "chat_stream", lambda now: now.events == 3, first_event=20.0)
    assert (found.status, found.size) == (200, 3 * len(EVENT))
    assert (found.limit, found.budget) == (PATIENT, "stream")
    assert 0 <= found.quiet <= found.waited


def test_a_recorder_has_under_way_what_was_sent_and_is_not_over():
    """Nothing before, and nothing after; and no key in it."""
    with serving(sends(then=GUARD)) as server:
        aim = target(f"http://127.0.0.1:{server.port}")
        context = ssl.create_default_context()
        recorder = Recorder(
            ["healthz", "chat"],
            lambda lag: Transport(aim, context, lag=lag),
            lambda _exchange: None,
        )
        assert recorder.pending() == []
        recorder.start()
        try:
            names: set[str] = set()
            limit = time.monotonic() + GUARD
            while len(names) < 3 and time.monotonic() < limit:
                names |= {one.probe for one in recorder.pending() if one.sent}
                time.sleep(0.01)
            assert KEY not in repr(recorder.pending())
        finally:
            recorder.close(interrupted=True)
    assert names == {"healthz", "models", "chat_without_messages"}  # chat waits for the last two
    assert recorder.pending() == []
    ended = {name: each.failure.kind for name, each in recorder.exchanges().items() if each.failure}
    assert ended == dict.fromkeys(names, FailureKind.CANCELLED) | {"chat": FailureKind.CALLED_OFF}
