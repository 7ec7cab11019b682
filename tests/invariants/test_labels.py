"""What the playbook says of the labels ("Principles", "Map DEV settings to PROD").

Without network and without Docker: ``pytest -m invariants --compose docker-compose.yml``.
"""

import re

import pytest

pytestmark = pytest.mark.invariants

ROUTERS = ("api", "preflight", "models", "health")
PUBLIC = ("preflight", "models", "health")
BEFORE_AUTH = ("cors", "headers", "ratelimit")


@pytest.fixture
def stack(compose):
    """The prefix of this stack's names: ``codex`` on prod, ``codex-dev`` on dev."""
    found = [
        match[1]
        for label in compose.labels
        if (match := re.fullmatch(r"traefik\.http\.middlewares\.(.+)-forwardauth\..*", label))
    ]
    names = ", ".join(file.name for file in compose.files)
    assert found, f"{names}: no ForwardAuth middleware named <stack>-forwardauth is declared"
    return found[0]


def _value(compose, label):
    text = compose.labels.get(label)
    return text.value if text else None


def _router(compose, stack, name, field):
    return _value(compose, f"traefik.http.routers.{stack}-{name}.{field}")


def _chain(compose, stack, name):
    value = _router(compose, stack, name, "middlewares") or ""
    return [part.strip() for part in value.split(",") if part.strip()]


@pytest.mark.parametrize("name", ROUTERS)
def test_the_router_exists_on_https(compose, stack, name):
    """None of the four routers is removed, and each answers HTTPS."""
    assert _router(compose, stack, name, "rule"), f"router {stack}-{name} has no rule"
    entry_points = _router(compose, stack, name, "entrypoints")
    assert entry_points == "websecure", f"router {stack}-{name}: entrypoints is {entry_points!r}"
    tls = _router(compose, stack, name, "tls")
    assert tls in ("true", "True"), f"router {stack}-{name}: tls is {tls!r}"


def test_forwardauth_comes_last_after_cors_headers_and_ratelimit(compose, stack):
    """The order of the API router's chain; a middleware before its turn changes what it means."""
    expected = [f"{stack}-{name}" for name in (*BEFORE_AUTH, "forwardauth")]
    chain = _chain(compose, stack, "api")
    assert chain == expected, (
        f"router {stack}-api: middlewares are {chain}, expected {expected}; without ForwardAuth in "
        "it a request without a key reaches the application"
    )


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_router_never_meets_forwardauth(compose, stack, name):
    """Models, health and preflight need no key."""
    chain = _chain(compose, stack, name)
    assert f"{stack}-forwardauth" not in chain, f"router {stack}-{name}: middlewares are {chain}"


def test_forwardauth_is_called_on_the_hosts_loopback(compose, stack):
    """18080 on prod, 18081 on dev: Traefik is a service of the host, not of this network."""
    label = f"traefik.http.middlewares.{stack}-forwardauth.forwardauth.address"
    expected = f"http://127.0.0.1:{18081 if stack.endswith('-dev') else 18080}/verify"
    found = _value(compose, label)
    assert found == expected, f"{label} is {found!r}, expected {expected!r}"


def test_traefik_reaches_the_service_over_its_own_network(compose):
    """``traefik.enable`` and ``traefik.docker.network=traefik`` are kept."""
    for label, expected in (("traefik.enable", "true"), ("traefik.docker.network", "traefik")):
        found = (_value(compose, label) or "").lower()
        assert found == expected, f"{label} is {found!r}, expected {expected!r}"
