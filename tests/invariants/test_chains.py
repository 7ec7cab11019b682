"""What stands between the entry point and the application."""

import pytest

pytestmark = pytest.mark.invariants


@pytest.mark.enforces("middlewares-exist")
def test_every_middleware_that_is_named_exists(findings):
    """And works."""
    assert not findings, str(findings)


@pytest.mark.enforces("chain-order")
def test_forwardauth_comes_last_after_cors_headers_and_ratelimit(findings):
    """By what the middlewares are, and not by their names."""
    assert not findings, str(findings)


@pytest.mark.enforces("cors-without-credentials")
def test_cors_never_admits_every_origin_with_credentials(findings):
    """By Traefik's settings or by headers written by hand."""
    assert not findings, str(findings)


@pytest.mark.enforces("nothing-buffers-streams")
def test_nothing_holds_a_streamed_answer_back(findings):
    """No buffering, no retry, no compression of event streams."""
    assert not findings, str(findings)
