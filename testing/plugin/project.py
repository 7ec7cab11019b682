"""A user's repository in which the suites lie, and the endpoint that it verifies."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from pytest_codex.endpoint.launcher import Running, launch

ROOT = Path(__file__).parents[2]
KEY = "sk-the-key-of-these-tests-0123456789"
#: Left out of the runs: plugins that are not ours and that write, warn or take time.
PLAIN = ("-p", "no:asyncio", "-p", "no:cacheprovider", "-p", "no:hypothesispytest")
#: Seconds after which a run in a process of its own counts as hanging.
GUARD = 60.0


@dataclass(frozen=True)
class Project:
    """A folder with the suites in ``suites``, in which pytest is run as a user would."""

    pytester: pytest.Pytester

    @property
    def path(self) -> Path:
        """Its root."""
        return self.pytester.path

    @property
    def results(self) -> Path:
        """Where target prod's results are by default."""
        return self.path / "test-results" / "prod"

    def write(self, **files: str) -> None:
        """Write files: ``__`` in a name is a dot."""
        for name, text in files.items():
            (self.path / name.replace("__", ".")).write_text(text)

    def run(self, *arguments: str) -> pytest.RunResult:
        """Run pytest in this process."""
        return self.pytester.runpytest_inprocess(*PLAIN, *arguments)

    def verify(self, *arguments: str) -> pytest.RunResult:
        """Run the suites in this process."""
        return self.run("suites", *arguments)

    def glance(self, *arguments: str) -> pytest.RunResult:
        """Run a few checks in this process, for what does not depend on which they are."""
        return self.run("suites/smoke/test_chat.py", "suites/smoke/test_health.py", *arguments)

    def process(self, *arguments: str) -> pytest.RunResult:
        """Run pytest in a process of its own."""
        return self.pytester.runpytest_subprocess(*PLAIN, *arguments, timeout=GUARD)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start pytest in a process group of its own and do not wait for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", *PLAIN, *arguments],
            cwd=self.path,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


def refusal(result: pytest.RunResult) -> str:
    """Return the one message of a run that ended with a usage error, and with nothing else."""
    assert result.ret == pytest.ExitCode.USAGE_ERROR, result.stdout.str() + result.stderr.str()
    said = [*result.outlines, *result.errlines]
    assert not [line for line in said if "Traceback" in line or "INTERNALERROR" in line], said
    errors = [line for line in said if line.startswith("ERROR: ")]
    assert len(errors) == 1, said
    return errors[0].removeprefix("ERROR: ")


def counted(output: str, target: str = "prod") -> dict[str, int]:
    """Return the counts that the table at the end of a run has of a target.

    The last of them is of model calls; ``failed`` has the errors too.
    """
    names = ("passed", "failed", "skipped", "advice", "calls")
    row = re.search(rf"^{target}((?: +\d+){{{len(names)}}}) .* s$", output, re.MULTILINE)
    assert row, output
    return dict(zip(names, map(int, row[1].split()), strict=True))


@dataclass(frozen=True)
class Endpoint:
    """An embedded endpoint that is verified as if it were somebody's deployment."""

    running: Running

    @property
    def domain(self) -> str:
        """Its host and port."""
        return self.running.url.removeprefix("https://")

    @property
    def variables(self) -> dict[str, str]:
        """What the environment has to say of it."""
        return {
            "DOMAIN": self.domain,
            "KEY": self.running.key,
            "SSL_CERT_FILE": self.running.ca_file or "",
        }

    def counts(self) -> dict[str, Any]:
        """Return what it has been asked so far, by its own count."""
        url = f"{self.running.url}/__endpoint__/calls"
        return httpx.get(url, verify=False, trust_env=False).json()

    @contextmanager
    def counting(self) -> Iterator[dict[str, int]]:
        """Count the model calls and requests that are made inside."""
        before = self.counts()
        made: dict[str, int] = {}
        yield made
        after = self.counts()
        made.update({name: after[name] - before[name] for name in ("model_calls", "requests")})


@contextmanager
def endpoint_with(*defects: str) -> Iterator[Endpoint]:
    """Start an endpoint with these defects."""
    with launch("prod", defects, KEY) as running:
        yield Endpoint(running)


def ndjson(path: Path) -> list[dict[str, Any]]:
    """Read the lines of an exchange's file."""
    return [json.loads(line) for line in path.read_text().splitlines()]
