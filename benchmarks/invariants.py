"""What judging compose files costs: the example pair, and files of up to 1,000 services."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from measure import ROOT, median, pytest_run, spread

from pytest_codex.compose.read import read
from pytest_codex.invariants.deployment import Deployment
from pytest_codex.invariants.rules import RULES
from pytest_codex.invariants.stack import Stack, StackPolicy
from pytest_codex.invariants.verdict import judge
from pytest_codex.policy import BY_KEY

STACK = ROOT / "examples" / "stack"
RULES_OF_ROUTERS = (
    "PathPrefix(`/v1`)",
    "PathPrefix(`/v1`) && Method(`OPTIONS`)",
    "Path(`/v1/models`) || Path(`/v1/models/`)",
    "Path(`/healthz`)",
    "Path(`/readyz`) && Header(`X-Probe`, `1`)",
)


def main(rounds: int = 9) -> None:
    """Print what the pair takes, and how judging grows with the number of services."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        _pair(here, rounds)
        _growth(here)


def _pair(here: Path, rounds: int) -> None:
    (here / "test_nothing.py").write_text("def test_nothing():\n    assert True\n")
    alone: list[float] = []
    beyond: list[float] = []
    files = (
        f"--compose={STACK / 'docker-compose.yml'}",
        f"--compose-dev={STACK / 'compose.dev.stack.yml'}",
    )
    suite = (str(ROOT / "tests"), "-m", "invariants", "-q", f"--results-dir={here}")
    for _ in range(rounds):
        start = pytest_run("-q", cwd=here)[0]
        whole, done = pytest_run(*suite, *files)
        assert done.returncode == 0, done.stdout
        alone.append(start)
        beyond.append(whole - start)
    print(f"pytest, a run of one test      {spread(alone)}")
    print(f"-m invariants on the pair      {spread(beyond)} beyond that (median of {rounds})")


def _growth(here: Path) -> None:
    smaller = 0.0
    for services in (125, 250, 500, 1000):
        file = here / f"{services}.yml"
        file.write_text(_compose(services))
        took = median([_judged(file) for _ in range(3)])
        growth = f", {took / smaller:.2f} times the half" if smaller else ""
        print(f"{services:5} services, {services * 5:5} routers   {took:.2f} s{growth}")
        smaller = took


def _compose(services: int) -> str:
    """The example with more services beside it, each with a host and five routers of its own."""
    text = (STACK / "docker-compose.yml").read_text()
    head, networks = text.split("\nnetworks:\n")
    more = []
    for number in range(services):
        name = f"s{number}"
        more.append(f"\n  {name}:\n    image: {name}\n    networks: [traefik]\n    labels:\n")
        labels = [
            "traefik.enable=true",
            "traefik.docker.network=traefik",
            f"traefik.http.services.{name}.loadbalancer.server.port=80",
        ]
        for index, rule in enumerate(RULES_OF_ROUTERS):
            router = f"traefik.http.routers.{name}-{index}"
            labels += [
                f"{router}.rule=Host(`{name}.example.com`) && ({rule})",
                f"{router}.entrypoints=websecure",
                f"{router}.tls=true",
                f"{router}.service={name}",
            ]
        more += [f'      - "{label}"\n' for label in labels]
    return f"{head}{''.join(more)}\nnetworks:\n{networks}"


def _judged(file: Path) -> float:
    """Read a file and judge it by every rule of one stack; return the seconds."""
    start = time.perf_counter()
    policy = StackPolicy(
        "prod",
        auth_address="http://127.0.0.1:18080/verify",
        home=".codex-api",
        public_paths=BY_KEY["public_paths"].default,  # type: ignore[arg-type]
    )
    stack = Stack(Deployment.of(read([file], {})), policy)
    for rule in RULES.values():
        if rule.about == "stack" and rule.name != "model-agrees-with-docker":
            broken = judge(rule.name, [stack]).broken
            assert not broken, broken[0]
    return time.perf_counter() - start


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
