"""Which tests are live, on which target, and which probes they need."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from pytest_codex.diagnosis import Level
from pytest_codex.fixtures import probes_of
from pytest_codex.policy import SUITES
from pytest_codex.requested import requested
from pytest_codex.session import Check
from pytest_codex.settings import Settings


def target_of(item: pytest.Item, default: str = "") -> str | None:
    """Return the name of an item's target, None if the item is not live."""
    if "codex_target" not in getattr(item, "fixturenames", ()):
        return None
    return str(_parameters(item).get("codex_target", default))


def checks(items: Iterable[pytest.Item], default: str) -> list[Check]:
    """Return the live checks among the selected tests.

    :param default: the target of those that are not parametrized by one.
    """
    return [
        Check(item.nodeid, target, _probes(item), _judged(item))
        for item in items
        if (target := target_of(item, default)) is not None
    ]


def not_for_their_target(items: Iterable[pytest.Item], settings: Settings) -> list[pytest.Item]:
    """Return the items of suites that their target does not allow."""
    names = settings.target_names
    allowed = {name: settings.suites(name) for name in names}
    return [
        item
        for item in items
        if (target := target_of(item, names[0])) is not None
        and any(
            item.get_closest_marker(suite) is not None and suite not in allowed[target]
            for suite in SUITES
        )
    ]


def _probes(item: pytest.Item) -> tuple[str, ...]:
    parameters = _parameters(item)
    return tuple(probe for name in requested(item) for probe in probes_of(name, parameters))


def _judged(item: pytest.Item) -> Level | None:
    marker = item.get_closest_marker("judges")
    return Level[str(marker.args[0]).upper()] if marker else None


def _parameters(item: pytest.Item) -> dict[str, object]:
    callspec = getattr(item, "callspec", None)
    return callspec.params if callspec is not None else {}
