"""The security headers that the compose file's headers middleware promises."""

import pytest

from pytest_codex.report.explain import advise, explain

pytestmark = pytest.mark.smoke

USUAL = (
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "Referrer-Policy",
)


def test_promised_security_headers_are_on_the_wire(models_list, target, promised_headers):
    """Each promise of the compose file or the configuration is kept; the usual ones are advice."""
    for name in (*target.policy.security_headers, *promised_headers):
        assert models_list.header(name), explain(models_list, f"the header {name}", "it is absent")
    for name, value in promised_headers.items():
        found = models_list.header(name)
        assert found == value, explain(models_list, f"{name}: {value}", repr(found))
    absent = [name for name in USUAL if models_list.header(name) is None]
    if absent and target.address.scheme == "https":
        advise(models_list, "the usual security headers", f"absent: {', '.join(absent)}")
