"""Several targets in one run with workers: who records, and whose budgets hold."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import accumulate

import pytest

from pytest_codex.exchange.exchange import Exchange, FailureKind
from pytest_codex.probes.catalogue import CATALOGUE
from pytest_codex.report.artifacts import Results
from testing.plugin.project import PLAIN, ROOT

# Notes in each process what it records.
CONFTEST = """
import os
from pathlib import Path
import pytest_codex.session

save = pytest_codex.session.save

def noted(exchange, folder, run):
    worker = os.environ.get("PYTEST_XDIST_WORKER", "controller")
    with Path("recorded.txt").open("a") as file:
        file.write(f"{exchange.target} {exchange.probe} {worker}\\n")
    return save(exchange, folder, run)

pytest_codex.session.save = noted
"""
TOML = """
[targets.dev]
concurrency = 1
nonstream_timeout = 0.6

[targets.prod]
concurrency = 4
nonstream_timeout = 30
idle_timeout = 20
"""


@pytest.mark.parametrize("distribution", ["load", "worksteal"])
def test_one_worker_records_a_target_and_its_budgets_hold(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, distribution: str
) -> None:
    """However the checks are dealt out: each probe is recorded once, each target by one worker,
    within its own limit on requests at once, and its own time limits."""
    pytester.makeini("[pytest]")
    pytester.makeconftest(CONFTEST)
    (pytester.path / "pytest_codex.toml").write_text(TOML)
    (pytester.path / "suites").symlink_to(ROOT / "tests")
    for name in ("DOMAIN", "DEV_DOMAIN"):
        monkeypatch.setenv(name, "embedded")
    monkeypatch.delenv("CI", raising=False)
    # The chat takes a second: too long for dev, and not for prod.
    result = pytester.runpytest_inprocess(
        *PLAIN,
        *("suites/smoke", "--target=dev", "--target=prod", "--embedded-defect=chat_after=1"),
        *("-n", "3", "--dist", distribution),
    )
    assert result.ret == 1

    recorded = [line.split() for line in (pytester.path / "recorded.txt").read_text().splitlines()]
    assert max(Counter((target, probe) for target, probe, _ in recorded).values()) == 1
    workers = {name: {w for target, _, w in recorded if target == name} for name in ("dev", "prod")}
    assert {len(found) for found in workers.values()} == {1}
    assert "controller" not in set.union(*workers.values())

    results = pytester.path / "test-results"
    dev, prod = (Results(results, name).recorded() for name in ("dev", "prod"))
    assert len(dev) == len(prod) == len(recorded) / 2
    assert at_once(dev) == 1
    assert 2 <= at_once(prod) <= 4
    failure = dev["chat"].failure
    assert failure is not None
    assert failure.kind is not FailureKind.NOT_SENT
    assert "0.6 s" in failure.message
    assert prod["chat"].status == 200
    assert sum(CATALOGUE[name].paid for name in dev) == 2


def at_once(exchanges: dict[str, Exchange]) -> int:
    """How many of a target's requests were under way together, at most."""
    moments = []
    for exchange in exchanges.values():
        if exchange.failure is None or exchange.failure.kind is not FailureKind.NOT_SENT:
            end = exchange.started + timedelta(seconds=exchange.timings.end)
            moments += [(exchange.started, 1), (end, -1)]
    # What ends as the next one begins comes before it.
    return max(accumulate(change for _, change in sorted(moments)))
