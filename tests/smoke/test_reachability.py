"""Is anybody there, and is it the application? Everything else builds on these."""

import pytest

from pytest_codex.report.explain import advise, explain

pytestmark = pytest.mark.smoke


@pytest.mark.judges("tls")
def test_tls_verifies_for_the_domain(models, target):
    """The certificate is trusted, valid today and for this name."""
    if target.address.scheme == "http":
        pytest.skip("plain HTTP: there is no TLS to verify")
    assert models.tls is not None, explain(models, "TLS with a certificate", "none was set up")


def test_the_certificate_lasts_for_14_more_days(models, target):
    """14 days are left to renew it by hand; under 21 the renewal is late."""
    if target.address.scheme == "http":
        pytest.skip("plain HTTP: there is no certificate")
    left = models.tls.days_left()
    observed = f"{left:.1f} days (until {models.tls.not_after:%Y-%m-%d})"
    assert left >= 14, explain(models, "a certificate with at least 14 days left", observed)
    if left < 21:
        advise(models, "a certificate with at least 21 days left", observed)


@pytest.mark.judges("reachable")
def test_the_endpoint_accepts_connections(models):
    """The name resolves, and something listens there."""
    assert models.timings.tcp is not None, explain(models, "a connection")


@pytest.mark.judges("application")
def test_the_application_answers(models, healthz, chat_without_messages):
    """Not a proxy in its place, with a 502 or a 404 of its own, on whatever is asked."""
    asked = (models, healthz, chat_without_messages)
    assert any(e.reached for e in asked), explain(models, "a response of the application")
