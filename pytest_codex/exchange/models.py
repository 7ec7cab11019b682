"""What a models list says (OpenAI reference, "List models"; playbook)."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_codex.exchange.exchange import Exchange


def model_ids(exchange: Exchange) -> list[object]:
    """Return the ids of a list's entries, of whatever type; none if it is no list."""
    data = exchange.json_object().get("data")
    entries = data if isinstance(data, list) else []
    return [entry.get("id") for entry in entries if isinstance(entry, dict)]


def advertises(names: Iterable[str], model: str) -> bool:
    """Whether a model is among the names, as itself or with a suffix (playbook)."""
    return any(name == model or name.startswith(f"{model}-") for name in names)
