"""Which tests are live, on which target, and which probes they need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from pytest_codex import fixtures
from pytest_codex.diagnosis import Level
from pytest_codex.fixtures import probes_of
from pytest_codex.policy import SUITES
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


def asks_for_compose(item: pytest.Item) -> bool:
    """Whether an item uses our ``compose`` fixture."""
    return "compose" in _fixtures(item)


def _probes(item: pytest.Item) -> tuple[str, ...]:
    parameters = _parameters(item)
    return tuple(probe for name in _fixtures(item) for probe in probes_of(name, parameters))


def _fixtures(item: pytest.Item) -> Iterator[str]:
    """Yield the fixtures of ours that an item uses, and not what others have called the same."""
    # pytest has no public way to ask which of several fixtures of one name a test will get.
    definitions = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]
    for name, found in definitions.items():
        for definition in reversed(found):
            if definition.func.__module__ == fixtures.__name__:
                yield name
            if name not in definition.argnames:  # it does not build on what it overrides
                break


def _judged(item: pytest.Item) -> Level | None:
    marker = item.get_closest_marker("judges")
    return Level[str(marker.args[0]).upper()] if marker else None


def _parameters(item: pytest.Item) -> dict[str, object]:
    callspec = getattr(item, "callspec", None)
    return callspec.params if callspec is not None else {}
