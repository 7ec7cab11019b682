"""How the application is reached, and what it needs in its container."""

import pytest

pytestmark = pytest.mark.invariants


@pytest.mark.enforces("traefik-enabled")
def test_traefik_is_told_to_serve_it(findings):
    """``traefik.enable`` is true."""
    assert not findings, str(findings)


@pytest.mark.enforces("traefik-network")
def test_traefik_reaches_the_service_over_its_own_network(findings):
    """Which is external, and which the service joins."""
    assert not findings, str(findings)


@pytest.mark.enforces("service-port")
def test_traefik_sends_requests_to_the_port_that_is_listened_on(findings):
    """The application's ``PORT``."""
    assert not findings, str(findings)


@pytest.mark.enforces("home-is-mounted")
def test_codex_home_is_mounted_writable_from_its_own_folder(findings):
    """``.codex-api`` on prod, ``.codev`` on dev."""
    assert not findings, str(findings)


@pytest.mark.enforces("app-environment")
def test_the_sandbox_and_the_working_folder_are_as_the_playbook_has_them(findings):
    """As the container gets them."""
    assert not findings, str(findings)
