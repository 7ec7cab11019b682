"""Which router answers what, over all requests.

What Traefik would do with the labels is computed by a model of it: a router whose middleware does
not exist is gone, and its requests fall to the next router that matches."""

import pytest

pytestmark = pytest.mark.invariants


@pytest.mark.enforces("routers-exist")
def test_the_four_routers_exist_and_are_enabled(findings):
    """On the right host, entry point and TLS."""
    assert not findings, str(findings)


@pytest.mark.enforces("routers-answer-what-they-must")
def test_each_router_answers_what_it_must(findings):
    """Chat and the rest of the API, preflights, the models list, the health check."""
    assert not findings, str(findings)


@pytest.mark.enforces("no-tie")
def test_no_two_routers_match_with_the_same_priority(findings):
    """Traefik would pick one at random."""
    assert not findings, str(findings)


@pytest.mark.enforces("public-stays-public")
def test_what_is_public_never_meets_forwardauth(findings):
    """Models list, health check and preflight need no key."""
    assert not findings, str(findings)
