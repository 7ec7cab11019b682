"""Browsers: the preflight of a chat completion (Fetch standard; playbook: it never meets auth)."""

import pytest

from pytest_codex.exchange.cors import Admitted
from pytest_codex.report.explain import explain

pytestmark = pytest.mark.smoke


def test_the_preflight_lets_browsers_in(preflight, target):
    """2xx without a key; origin, method and both headers are allowed."""
    if not target.policy.cors:
        pytest.skip(f"target {target.name} promises browsers nothing (cors)")
    origin = target.policy.cors_origin
    assert 200 <= (preflight.status or 0) < 300, explain(preflight, "2xx without a key")
    admitted = Admitted.of(preflight)
    assert admitted.has_origin(origin), explain(
        preflight, f"Access-Control-Allow-Origin to be * or {origin}", repr(admitted.origin)
    )
    assert admitted.has_method("POST"), explain(
        preflight, "POST among Access-Control-Allow-Methods", f"{sorted(admitted.methods)}"
    )
    assert admitted.has_header("Authorization"), explain(
        preflight,
        "Authorization among Access-Control-Allow-Headers, by name: * does not cover it",
        f"{sorted(admitted.headers)}",
    )
    assert admitted.has_header("Content-Type"), explain(
        preflight, "Content-Type among Access-Control-Allow-Headers", f"{sorted(admitted.headers)}"
    )


def test_cors_never_admits_everybody_with_credentials(preflight):
    """``*`` together with credentials is refused by browsers and means that nobody has chosen."""
    assert not Admitted.of(preflight).everybody_with_credentials, explain(
        preflight, "no Access-Control-Allow-Origin: * with credentials", "both"
    )
