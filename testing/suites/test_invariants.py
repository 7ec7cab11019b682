"""The checks of the compose labels: green on the example pair, red for each change that matters."""

from __future__ import annotations

from pathlib import Path

import pytest

# A run in this process forgets what it has imported, and not everything can be imported twice.
import pytest_codex.compose.read
import pytest_codex.invariants.deployment  # noqa: F401

EXAMPLES = Path(__file__).parents[2] / "examples" / "stack"
SUITE = Path(__file__).parents[2] / "tests" / "invariants"
PAIR = ("docker-compose.yml", "compose.dev.stack.yml")

LAST = "test_forwardauth_comes_last_after_cors_headers_and_ratelimit"
WAY_IN = "test_no_request_reaches_the_application_without_forwardauth"
PORT = "test_no_published_port_leads_past_traefik"
HOST = "Host(`codex-api.example.com`)"
#: A line of the good file, what becomes of it, and the checks that turn red.
CHANGES = (
    (
        "codex-cors,codex-headers,codex-ratelimit,codex-forwardauth",
        "codex-cors,codex-headers,codex-ratelimit",
        {LAST, WAY_IN},
    ),
    ("Path(`/v1/models/`)", "PathPrefix(`/v1`)", {WAY_IN}),
    ("Path(`/healthz`)", "PathPrefix(`/`)", {WAY_IN}),
    (
        "(Path(`/v1/models`) || Path(`/v1/models/`))",
        "(Path(`/v1/models`) || Header(`X-Debug`, `1`))",
        {WAY_IN},
    ),
    # Traefik drops a router whose middleware does not exist: here that leaves a 404.
    ("codex-ratelimit,codex-forwardauth", "codex-ratelimit,codex-forwardaut", {LAST}),
    ('"127.0.0.1:11435:11435"', '"11435:11435"', {PORT}),
    ('"127.0.0.1:18080:8080"', '"0.0.0.0:18080:8080"', {PORT}),
    ("codex-ratelimit,codex-forwardauth", "codex-forwardauth,codex-ratelimit", {LAST}),
    (
        "codex-health.middlewares: codex-headers",
        "codex-health.middlewares: codex-headers,codex-forwardauth",
        {"test_a_public_router_never_meets_forwardauth[health]"},
    ),
    (
        "127.0.0.1:18080/verify",
        "auth:8080/verify",
        {"test_forwardauth_is_called_on_the_hosts_loopback"},
    ),
    (
        "traefik.docker.network: traefik",
        "traefik.docker.network: default",
        {"test_traefik_reaches_the_service_over_its_own_network"},
    ),
    (
        "routers.codex-models.rule",
        "routers.codex-list.rule",
        # A router without a rule gets the default one, which is its container's name.
        {"test_the_router_exists_on_https[models]", WAY_IN},
    ),
    (
        'routers.codex-api.tls: "true"',
        'routers.codex-api.tls: "false"',
        {"test_the_router_exists_on_https[api]"},
    ),
)


def verdict(pytester: pytest.Pytester, compose: Path) -> tuple[set[str], int]:
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
    return {report.nodeid.rpartition("::")[2] for report in failed}, len(passed)


@pytest.mark.parametrize("name", PAIR)
def test_the_example_pair_is_green(pytester: pytest.Pytester, name: str) -> None:
    """As it stands, and without any domain or key."""
    assert verdict(pytester, EXAMPLES / name) == (set(), 12)


@pytest.mark.parametrize("name", PAIR)
def test_the_real_pair_is_green(pytester: pytest.Pytester, name: str) -> None:
    """The Codex Completions API's own files, where they are at hand."""
    real = Path(__file__).parents[3] / "shared" / "real" / name
    if not real.exists():
        pytest.skip("the real compose pair is not beside this checkout")
    assert verdict(pytester, real) == (set(), 12)


@pytest.mark.parametrize(("good", "bad", "red"), CHANGES, ids=[c[1][:60] for c in CHANGES])
def test_a_change_turns_its_checks_red(
    pytester: pytest.Pytester, good: str, bad: str, red: set[str]
) -> None:
    """Those, and no others."""
    text = (EXAMPLES / PAIR[0]).read_text(encoding="utf-8")
    assert good in text
    changed = pytester.path / "docker-compose.yml"
    changed.write_text(text.replace(good, bad), encoding="utf-8")
    assert verdict(pytester, changed)[0] == red


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no compose file was named, so nothing was verified; next: --compose=FILE"),
        (("--codex-compose=nope.yml",), "--codex-compose: there is no file */nope.yml"),
        (("--codex-compose=broken.yml",), "broken.yml:*: not YAML: *"),
    ],
)
def test_without_a_readable_file_nothing_is_green(
    pytester: pytest.Pytester, arguments: tuple[str, ...], message: str
) -> None:
    """A usage error in one line, and not a row of skips or errors."""
    pytester.makefile(".ini", pytest="[pytest]\n")
    (pytester.path / "broken.yml").write_text("services: [\n")
    where = (f"--rootdir={pytester.path}", f"-c{pytester.path / 'pytest.ini'}")
    result = pytester.runpytest_inprocess(
        *(str(SUITE), "-m", "invariants", "-p", "no:asyncio", f"--confcutdir={SUITE}"),
        *where,
        *arguments,
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}"])
