"""How a later file, or a service that extends another, changes what is below it.

Source: the Compose specification, "Merge" and "Extends": maps by key, volumes by target, ports by
address, target, published port and protocol, other lists one after the other, single values and
the command replaced; ``!reset`` takes away, ``!override`` replaces all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from pytest_codex.compose.layers import (
    LISTS,
    PAIRS,
    Layer,
    NetworkLayer,
    Pairs,
    ServiceLayer,
    unique,
)
from pytest_codex.compose.places import Problem

_T = TypeVar("_T")


def merge(base: Layer, over: Layer, problems: list[Problem]) -> Layer:
    """Return what two files say together, the second over the first.

    A ``!reset`` that docker compose does not follow is told as a problem.
    """

    def services(below: ServiceLayer, above: ServiceLayer) -> ServiceLayer:
        return merge_services(below, above, problems)

    return Layer(
        over.name or base.name,
        _merged(base, over, "services", services),
        _merged(base, over, "networks", _merge_networks),
        _merged(base, over, "volumes", lambda _, above: above),
    )


def _merged(base: Layer, over: Layer, section: str, both: Callable[[_T, _T], _T]) -> dict[str, _T]:
    below: Mapping[str, _T] = getattr(base, section)
    above: Mapping[str, _T] = getattr(over, section)
    merged: dict[str, _T] = {}
    if section not in over.cleared:
        merged = {k: v for k, v in below.items() if f"{section}.{k}" not in over.cleared}
    for key, value in above.items():
        merged[key] = both(merged[key], value) if key in merged else value
    return merged


def _merge_networks(base: NetworkLayer, over: NetworkLayer) -> NetworkLayer:
    external = base.external if over.external is None else over.external
    return NetworkLayer(over.at, over.name or base.name, external)


def merge_services(base: ServiceLayer, over: ServiceLayer, problems: list[Problem]) -> ServiceLayer:
    """Return what two layers say of a service together, the second over the first.

    What the second takes away stays noted: it counts for every layer that comes below.
    """
    merged: dict[str, Any] = {"at": over.at, "cleared": over.cleared}
    for field in (field.name for field in fields(ServiceLayer)):
        if field in ("at", "cleared"):
            continue
        above = getattr(over, field)
        below = None if field in over.cleared else getattr(base, field)
        if field in LISTS:
            merged[field] = unique(field, (*(below or ()), *above))
        elif field in PAIRS:
            merged[field] = _merge_pairs(field, below, above, problems)
        elif field == "networks" and above is not None:
            merged[field] = {**(below or {}), **above}
        else:
            merged[field] = below if above is None else above
    return ServiceLayer(**merged)


def _merge_pairs(
    field: str, base: Pairs | None, over: Pairs | None, problems: list[Problem]
) -> Pairs | None:
    if over is None:
        return base and replace(base, reset={})
    if base is None:
        return over
    if base.listed:
        problems += (
            _without_effect(field, key, base, over) for key in over.reset if key in base.entries
        )
    gone = {} if base.listed else over.reset
    entries = {key: value for key, value in base.entries.items() if key not in gone}
    return Pairs(
        {**entries, **over.entries}, {**base.places, **over.places}, listed=True, reset=over.reset
    )


def _without_effect(field: str, key: str, base: Pairs, over: Pairs) -> Problem:
    message = (
        f"!reset of {key} in {field} has no effect: below it they are a list or already merged, "
        "and docker compose does not look there"
    )
    return Problem("reset-without-effect", message, over.reset[key], base.places[key])
