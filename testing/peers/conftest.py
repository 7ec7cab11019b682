"""The fixture that starts each server which this project did not write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from testing.installing import UnavailableError

from .servers import SERVERS, Server


@pytest.fixture(scope="module", params=list(SERVERS))
def peer(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Each server in turn, running; skips where it cannot be installed."""
    with ExitStack() as ending:
        try:
            server = ending.enter_context(SERVERS[request.param](tmp_path_factory.mktemp("peer")))
        except UnavailableError as reason:
            pytest.skip(str(reason))
        yield server
