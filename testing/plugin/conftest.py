"""A user's repository with nothing set, and an endpoint that nothing is wrong with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

# What a run in this process imports is forgotten after it, and cryptography cannot be imported
# twice in one process: so all of it is imported before.
import pytest_codex.compose.read
import pytest_codex.controller
import pytest_codex.live  # noqa: F401
from pytest_codex.options import OPTIONS
from pytest_codex.policy import DOMAIN_ENVIRONMENT

from .project import ROOT, Endpoint, Project, endpoint_with

_VARIABLES = (
    *(variable for option in OPTIONS for variable in option.environment),
    *(variable for variables in DOMAIN_ENVIRONMENT.values() for variable in variables),
    *("COMPOSE_FILE", "COMPOSE_PATH_SEPARATOR", "COMPOSE_PROJECT_NAME"),
    *("CI", "CODEX_NO_SHORT_OPTIONS", "PYTHONWARNINGS", "SSL_CERT_DIR", "SSL_CERT_FILE"),
)


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in _VARIABLES:
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    """A repository with the suites in it and no configuration."""
    pytester.makeini("[pytest]")
    (pytester.path / "suites").symlink_to(ROOT / "tests")
    return Project(pytester)


@pytest.fixture(scope="session")
def healthy() -> Iterator[Endpoint]:
    """An endpoint that nothing is wrong with."""
    with endpoint_with() as endpoint:
        yield endpoint


@pytest.fixture
def deployed(healthy: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    """The same, with its domain, key and authority in the environment."""
    for name, value in healthy.variables.items():
        monkeypatch.setenv(name, value)
    return healthy
