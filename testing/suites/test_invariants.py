"""The checks of the compose labels: green on the example pair, red for each change that matters."""

from __future__ import annotations

from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples" / "stack"
SUITE = Path(__file__).parents[2] / "tests" / "invariants"
PAIR = ("docker-compose.yml", "compose.dev.stack.yml")

CHANGES = (
    (
        "codex-cors,codex-headers,codex-ratelimit,codex-forwardauth",
        "codex-cors,codex-headers,codex-ratelimit",
        "test_forwardauth_comes_last_after_cors_headers_and_ratelimit",
    ),
    (
        "codex-ratelimit,codex-forwardauth",
        "codex-forwardauth,codex-ratelimit",
        "test_forwardauth_comes_last_after_cors_headers_and_ratelimit",
    ),
    (
        "codex-health.middlewares: codex-headers",
        "codex-health.middlewares: codex-headers,codex-forwardauth",
        "test_a_public_router_never_meets_forwardauth[health]",
    ),
    (
        "127.0.0.1:18080/verify",
        "auth:8080/verify",
        "test_forwardauth_is_called_on_the_hosts_loopback",
    ),
    (
        "traefik.docker.network: traefik",
        "traefik.docker.network: default",
        "test_traefik_reaches_the_service_over_its_own_network",
    ),
    (
        "routers.codex-models.rule",
        "routers.codex-list.rule",
        "test_the_router_exists_on_https[models]",
    ),
    (
        'routers.codex-api.tls: "true"',
        'routers.codex-api.tls: "false"',
        "test_the_router_exists_on_https[api]",
    ),
)


def verdict(pytester: pytest.Pytester, compose: Path) -> tuple[list[str], int]:
    """The checks that fail on a compose file, and how many pass."""
    pytester.makefile(".ini", pytest="[pytest]\n")
    where = (f"--rootdir={pytester.path}", f"-c{pytester.path / 'pytest.ini'}")
    run = pytester.inline_run(
        str(SUITE),
        "-m",
        "invariants",
        f"--codex-compose={compose}",
        "-p",
        "no:asyncio",
        *where,
        f"--confcutdir={SUITE}",
    )
    passed, skipped, failed = run.listoutcomes()
    assert not skipped
    return [report.nodeid.rpartition("::")[2] for report in failed], len(passed)


@pytest.mark.parametrize("name", PAIR)
def test_the_example_pair_is_green(pytester: pytest.Pytester, name: str) -> None:
    """As it stands, and without any domain or key."""
    assert verdict(pytester, EXAMPLES / name) == ([], 10)


@pytest.mark.parametrize("name", PAIR)
def test_the_real_pair_is_green(pytester: pytest.Pytester, name: str) -> None:
    """The Codex Completions API's own files, where they are at hand."""
    real = Path(__file__).parents[3] / "shared" / "real" / name
    if not real.exists():
        pytest.skip("the real compose pair is not beside this checkout")
    assert verdict(pytester, real) == ([], 10)


@pytest.mark.parametrize(("good", "bad", "check"), CHANGES, ids=[c[2] + c[1] for c in CHANGES])
def test_a_change_turns_its_check_red(
    pytester: pytest.Pytester, good: str, bad: str, check: str
) -> None:
    """That one, and no other."""
    text = (EXAMPLES / PAIR[0]).read_text(encoding="utf-8")
    assert good in text
    changed = pytester.path / "docker-compose.yml"
    changed.write_text(text.replace(good, bad), encoding="utf-8")
    assert verdict(pytester, changed)[0] == [check]
