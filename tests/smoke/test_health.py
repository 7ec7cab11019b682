"""Health, readiness and liveness (playbook: the health router stays public)."""

from collections.abc import Iterator

import pytest

from pytest_codex.exchange.strict import same
from pytest_codex.report.explain import explain

pytestmark = pytest.mark.smoke


def _facts(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Every name and plain value in nested JSON."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _facts(item, key)
    elif not isinstance(value, list):
        yield name, value


def _assert_counted(exchange):
    for name, value in _facts(exchange.json()):
        if any(word in name for word in ("restarts_total", "_delay_ms", "backoff")):
            assert isinstance(value, int | float) and not isinstance(value, bool), explain(
                exchange, f"{name} to be a number", repr(value)
            )


def _assert_healthy(exchange):
    assert exchange.failure is None, explain(exchange, "a complete answer")
    assert exchange.status == 200, explain(exchange, "200")
    assert exchange.media_type == "application/json", explain(
        exchange, "JSON", f"content type {exchange.header('content-type')!r}"
    )
    assert exchange.json_object(), explain(exchange, "a JSON object")


def test_healthz_is_ok(healthz, target):
    """It answers 200 without a key, in time, with JSON that says ok."""
    if not target.policy.health_path:
        pytest.skip(f"target {target.name} declares no health check (health_path)")
    _assert_healthy(healthz)
    said = healthz.json_object()
    for name, value in target.policy.health_expect.items():
        assert name in said and same(said[name], value), explain(
            healthz, f"{name!r} to be {value!r}", f"{said.get(name, 'nothing')!r}"
        )


def test_readyz_is_ready(readyz, target):
    """Where it is declared: ready is true; restarts and delays are numbers."""
    if not target.policy.ready_path:
        pytest.skip(f"target {target.name} declares no readiness check (ready_path)")
    _assert_healthy(readyz)
    ready = [value for name, value in _facts(readyz.json()) if name == "ready"]
    assert ready and all(value is True for value in ready), explain(
        readyz, "ready to be true", f"ready is {ready or 'not said'}"
    )
    _assert_counted(readyz)


def test_livez_is_live(livez, target):
    """Where it is declared: nothing says that it is not live; restarts and delays are numbers."""
    if not target.policy.live_path:
        pytest.skip(f"target {target.name} declares no liveness check (live_path)")
    _assert_healthy(livez)
    assert all(value is not False for name, value in _facts(livez.json()) if name == "live"), (
        explain(livez, "live not to be false")
    )
    _assert_counted(livez)
