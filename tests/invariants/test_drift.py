"""What was validated on dev is what prod runs."""

import pytest

pytestmark = pytest.mark.invariants


@pytest.mark.enforces("routing-is-the-same")
def test_routing_is_the_same_on_dev_and_prod(common_findings):
    """But for names, host, ports, and what is listed as intended."""
    assert not common_findings, str(common_findings)


@pytest.mark.enforces("environment-is-the-same")
def test_environment_and_mounts_are_the_same_on_dev_and_prod(common_findings):
    """Differences are advice."""
    assert not common_findings, str(common_findings)


@pytest.mark.enforces("seeds-are-in-step")
def test_the_seed_files_are_there_and_in_step(common_findings):
    """``config.toml`` and ``AGENTS.md`` equal dev's."""
    assert not common_findings, str(common_findings)
