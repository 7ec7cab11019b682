"""Which fixtures of ours a test uses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_codex import fixtures


def requested(item: pytest.Item) -> Iterator[str]:
    """Yield the fixtures of ours that an item uses, and not what others have called the same."""
    # pytest has no public way to ask which of several fixtures of one name a test will get.
    definitions = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]
    for name, found in definitions.items():
        for definition in reversed(found):
            if definition.func.__module__ == fixtures.__name__:
                yield name
            if name not in definition.argnames:  # it does not build on what it overrides
                break
