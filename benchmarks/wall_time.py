"""How long a run takes when each chat call takes 5 s: against its slowest request, and against the
same requests one after another with plain pytest and httpx."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from measure import ROOT, median, pytest_run, spread

from pytest_codex.endpoint.launcher import launch
from pytest_codex.report.artifacts import Results


def main(rounds: int = 3, seconds: float = 5.0) -> None:
    """Print wall times and their ratios, measured in turn."""
    ours: list[float] = []
    slowest: list[float] = []
    plain: list[float] = []
    with launch(defects=[f"answers_take={seconds:g}"]) as endpoint:
        environ = {
            "KEY": endpoint.key,
            "SSL_CERT_FILE": endpoint.ca_file or "",
            "PLAIN_URL": endpoint.url,
        }
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as results:
                took, done = pytest_run(
                    str(ROOT / "tests"),
                    *("-m", "smoke or sse"),
                    f"--domain={endpoint.url}",
                    f"--results-dir={results}",
                    environ=environ,
                )
                assert done.returncode == 0, done.stdout
                exchanges = Results(Path(results), "prod").recorded()
            ours.append(took)
            slowest.append(max(exchange.timings.end for exchange in exchanges.values()))
            took, done = pytest_run(
                str(ROOT / "benchmarks" / "plain"), "-p", "no:codex-live", environ=environ
            )
            assert done.returncode == 0, done.stdout
            plain.append(took)
    print(f"this run, whole process        {spread(ours)}")
    print(f"its slowest request            {spread(slowest)}")
    print(f"plain pytest + httpx           {spread(plain)}")
    pairs = list(zip(ours, slowest, plain, strict=True))
    print(f"run / slowest request          {median([a / b for a, b, _ in pairs]):.2f}")
    print(f"run / plain                    {median([a / c for a, _, c in pairs]):.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
