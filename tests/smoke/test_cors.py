"""Browsers: the preflight of a chat completion (Fetch standard; playbook: it never meets auth)."""

import pytest

from pytest_codex.report.explain import explain

pytestmark = pytest.mark.smoke


def _listed(exchange, name):
    return {part.strip().lower() for part in (exchange.header(name) or "").split(",")}


def test_the_preflight_lets_browsers_in(preflight, target):
    """2xx without a key; origin, method and both headers are allowed."""
    if not target.policy.cors:
        pytest.skip(f"target {target.name} promises browsers nothing (cors)")
    origin = target.policy.cors_origin
    assert 200 <= (preflight.status or 0) < 300, explain(preflight, "2xx without a key")
    admitted = preflight.header("access-control-allow-origin")
    assert admitted in ("*", origin), explain(
        preflight, f"Access-Control-Allow-Origin to be * or {origin}", repr(admitted)
    )
    methods = _listed(preflight, "access-control-allow-methods")
    assert methods & {"post", "*"}, explain(
        preflight, "POST among Access-Control-Allow-Methods", f"{sorted(methods)}"
    )
    headers = _listed(preflight, "access-control-allow-headers")
    assert "authorization" in headers, explain(
        preflight,
        "Authorization among Access-Control-Allow-Headers, by name: * does not cover it",
        f"{sorted(headers)}",
    )
    assert headers & {"content-type", "*"}, explain(
        preflight, "Content-Type among Access-Control-Allow-Headers", f"{sorted(headers)}"
    )


def test_cors_never_admits_everybody_with_credentials(preflight):
    """``*`` together with credentials is refused by browsers and means that nobody has chosen."""
    everybody = preflight.header("access-control-allow-origin") == "*"
    credentials = (preflight.header("access-control-allow-credentials") or "").strip().lower()
    assert not (everybody and credentials == "true"), explain(
        preflight, "no Access-Control-Allow-Origin: * with credentials", "both"
    )
