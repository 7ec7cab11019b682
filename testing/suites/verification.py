"""Runs the suites on many embedded endpoints at once, and says what became of every check.

One run of pytest, in this process, over one target an endpoint: its checks, fixtures, recording
and reports are those that a user gets.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pytest_codex import EndpointAdvice

from .host import hosting

SUITES = Path(__file__).parents[2] / "tests"
#: Plugins that other people's tests need, and these runs do not.
UNUSED = ("anyio", "asyncio", "cacheprovider", "faulthandler", "hypothesispytest", "xdist")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is verified: an embedded endpoint with defects or variations, and what its target says.

    ``declares`` are settings of ``[targets.NAME]``, budgets and policy.
    """

    name: str
    defects: tuple[str, ...] = ()
    declares: Mapping[str, object] = field(default_factory=dict)
    environment: str = "prod"


@dataclass(slots=True)
class Verdict:
    """The checks by outcome, each with its message: why it failed, was skipped, what it advised.

    A check is the name of its function without ``test_``, and its parameter other than the target.
    ``errors`` are those that ended in an error of the suites' own; ``because_of`` says of skipped
    ones which check they were skipped because of.
    """

    passed: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    advice: dict[str, str] = field(default_factory=dict)
    because_of: dict[str, str] = field(default_factory=dict)


class Listener:
    """A plugin that sorts what is reported by target and check."""

    def __init__(self, targets: Sequence[str]) -> None:
        self.verdicts = {target: Verdict() for target in targets}
        self._checks: dict[str, tuple[str, str]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Function]) -> None:
        only = next(iter(self.verdicts))
        for item in items:
            callspec = getattr(item, "callspec", None)
            parameters = dict(callspec.params) if callspec else {}
            target = str(parameters.pop("codex_target", only))
            parameter = "".join(f"[{value}]" for value in parameters.values())
            self._checks[item.nodeid] = target, item.originalname.removeprefix("test_") + parameter

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        target, check = self._checks[report.nodeid]
        verdict = self.verdicts[target]
        if report.failed:
            outcome = verdict.failed if report.when == "call" else verdict.errors
            outcome[check] = report.longreprtext
        elif report.skipped:
            reason = str(report.longrepr[2]).removeprefix("Skipped: ")  # type: ignore[index]
            verdict.skipped[check] = reason
            if reason.startswith("because of "):
                nodeid = reason.removeprefix("because of ").partition(": ")[0]
                verdict.because_of[check] = self._checks[nodeid][1]
        elif report.when == "call":
            verdict.passed.add(check)

    def pytest_warning_recorded(self, warning_message: Any, nodeid: str) -> None:
        if issubclass(warning_message.category, EndpointAdvice):
            target, check = self._checks[nodeid]
            self.verdicts[target].advice[check] = str(warning_message.message)


def verify(subjects: Sequence[Subject], folder: Path, *arguments: str) -> dict[str, Verdict]:
    """Run ``smoke`` and ``sse``, or what the arguments say, on an endpoint for every subject."""
    with hosting([(subject.environment, subject.defects) for subject in subjects]) as running:
        authorities = folder / "authorities.pem"
        authorities.write_text("".join({endpoint.authority: None for endpoint in running}))
        targets = {
            subject.name: {"domain": endpoint.url, **subject.declares}
            for subject, endpoint in zip(subjects, running, strict=True)
        }
        environment = {"SSL_CERT_FILE": str(authorities)} | {
            _key_variable(subject.name): endpoint.key
            for subject, endpoint in zip(subjects, running, strict=True)
        }
        return run(targets, environment, folder, *arguments)


def run(
    targets: Mapping[str, Mapping[str, object]],
    environment: Mapping[str, str],
    folder: Path,
    *arguments: str,
) -> dict[str, Verdict]:
    """Run ``smoke`` and ``sse`` on declared targets, with these variables in the environment."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "pytest_codex.toml").write_text(_toml(targets))
    listener = Listener(list(targets))
    command = [str(SUITES), f"--confcutdir={SUITES}", f"--rootdir={folder}", "-q", "--tb=short"]
    command += [f"-c{folder / 'pytest.ini'}", "-m", "smoke or sse", *arguments]
    command += [word for name in UNUSED for word in ("-p", f"no:{name}")]
    command += [f"--target={name}" for name in targets]
    with _environment({**environment, "PYTEST_ADDOPTS": ""}):
        code = pytest.main(command, plugins=[listener])
    assert code in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED), f"the run ended with {code}"
    return listener.verdicts


def _key_variable(name: str) -> str:
    return f"KEY_OF_{name.upper()}"


def _toml(targets: Mapping[str, Mapping[str, object]]) -> str:
    lines = []
    for name, settings in targets.items():
        known = {"model": "codex-5", "model_aliases": ["codev-5", "gpt-5"], **settings}
        lines += [f"[targets.{name}]", f'key_env = "{_key_variable(name)}"']
        lines += [f"{key} = {json.dumps(value)}" for key, value in known.items()]
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CODEX_NO_SHORT_OPTIONS", "SSL_CERT_DIR", *os.environ):
            if name.startswith(("CODEX_", "SSL_CERT_", "SMOKE_")):
                patch.delenv(name, raising=False)
        for name, value in variables.items():
            patch.setenv(name, value)
        yield
