"""The real Traefik, started once for all tests of this folder that need it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .generate import STATIC
from .proxy import Proxy, UnavailableError, running


@pytest.fixture(scope="package")
def traefik() -> Iterator[Proxy]:
    """A running Traefik; without the binary, the tests that need it are skipped."""
    try:
        with running(STATIC) as proxy:
            yield proxy
    except UnavailableError as reason:
        pytest.skip(str(reason))
