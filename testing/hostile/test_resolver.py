"""A resolver that does not answer."""

from __future__ import annotations

import socket
import threading

import pytest

from pytest_codex.exchange.exchange import FailureKind

from .recording import GUARD, record_all


def test_a_resolver_that_hangs_keeps_no_run_from_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends at the connect timeout, while the look-up still hangs."""
    release = threading.Event()
    still_hanging = []

    def hang(*_: object, **__: object) -> list[object]:
        release.wait(GUARD)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        exchange = record_all(["models"], "https://slow.example", connect=0.2)["models"]
        still_hanging.append(not release.is_set())
    finally:
        release.set()
    assert still_hanging == [True]
    assert exchange.failure is not None
    assert exchange.failure.kind is FailureKind.DNS
    assert "not resolved within 0.2 s" in exchange.failure.message
