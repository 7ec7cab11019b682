"""Nobody gets past the authentication: proved over all requests, not tried on some."""

import pytest

pytestmark = pytest.mark.invariants


@pytest.mark.enforces("no-way-in")
def test_no_request_reaches_the_application_without_forwardauth(findings):
    """By no method, host, path, header, query or address, but for the public paths."""
    assert not findings, str(findings)


@pytest.mark.enforces("ports-on-loopback")
def test_no_published_port_leads_past_traefik(findings):
    """Ports are published on the host's loopback only."""
    assert not findings, str(findings)


@pytest.mark.enforces("forwardauth-address")
def test_forwardauth_is_called_on_the_hosts_loopback(findings):
    """18080 on prod, 18081 on dev: Traefik is a service of the host."""
    assert not findings, str(findings)


@pytest.mark.enforces("forwardauth-sends-authorization")
def test_forwardauth_hands_on_the_authorization_header(findings):
    """Or every header."""
    assert not findings, str(findings)


@pytest.mark.enforces("auth-server-is-published")
def test_the_authentication_server_is_published_on_loopback(findings):
    """On ForwardAuth's port, to the port that it listens on."""
    assert not findings, str(findings)
