"""Runs the suites on a server as its users do, and reads what the reports say of every check."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from .servers import Server

SUITES = Path(__file__).parents[2] / "tests"
#: Ends a run that hangs, in seconds.
RUN_LIMIT = 200
#: What says where a target is and what to ask it, and not in what it differs.
IDENTITY = ("domain", "key_env", "model")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the checks of a target: their names, of the skipped ones with the reason."""

    passed: frozenset[str]
    failed: frozenset[str]
    skipped: Mapping[str, str]
    model_calls: int


def declared(server: Server) -> dict[str, object]:
    """Return the settings of the server's target in its example."""
    text = (server.example / "pytest_codex.toml").read_text()
    settings: dict[str, object] = tomllib.loads(text)["targets"][server.name]
    return settings


def verify_as_in_the_example(server: Server, results: Path, *arguments: str) -> Verdict:
    """Run the suites with the example's configuration as it stands; only the port is another."""
    root = f"--rootdir={server.example}"
    domain = f"--domain={server.url}"
    return _run(server, [server.name], results, root, domain, *arguments)[server.name]


def verify_declaring(
    server: Server, targets: Mapping[str, Mapping[str, object]], folder: Path, *arguments: str
) -> dict[str, Verdict]:
    """Run the suites once, on the server under several names that declare different things."""
    lines = []
    for name, settings in targets.items():
        lines.append(f"[targets.{name}]")
        settings = {**settings, "domain": server.url}
        lines += [f"{key} = {_toml(value)}" for key, value in settings.items()]
    (folder / "pytest_codex.toml").write_text("\n".join(lines))
    return _run(server, list(targets), folder / "results", f"--rootdir={folder}", *arguments)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    return json.dumps(value)


def _run(
    server: Server, targets: Sequence[str], results: Path, *arguments: str
) -> dict[str, Verdict]:
    command = [sys.executable, "-m", "pytest", str(SUITES), "-m", "smoke or sse", "-q"]
    command += ["-p", "no:cacheprovider", f"--results-dir={results}", *arguments]
    command += [f"--target={name}" for name in targets]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "CODEX_"))}
    done = subprocess.run(
        command,
        env={**environment, server.key_variable: server.key},
        capture_output=True,
        text=True,
        timeout=RUN_LIMIT,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    verdicts = {name: _read(results / name / "junit.xml", name) for name in targets}
    failed = any(verdict.failed for verdict in verdicts.values())
    assert done.returncode == failed, done.stdout + done.stderr
    return verdicts


def _read(report: Path, target: str) -> Verdict:
    passed, failed, skipped = set(), set(), {}
    suite = next(ElementTree.parse(report).iter("testsuite"))
    for case in suite.iter("testcase"):
        name = _check(case.attrib["name"], target)
        if (skip := case.find("skipped")) is not None:
            skipped[name] = skip.attrib["message"]
        elif case.find("failure") is not None or case.find("error") is not None:
            failed.add(name)
        else:
            passed.add(name)
    calls = {p.attrib["name"]: p.attrib["value"] for p in suite.iter("property")}["model_calls"]
    return Verdict(frozenset(passed), frozenset(failed), skipped, int(calls))


def _check(name: str, target: str) -> str:
    """Return a check's name without the target that pytest adds to its parameters."""
    name = name.replace(f"[{target}]", "").replace(f"[{target}-", "[").replace(f"-{target}]", "]")
    return name.removeprefix("test_")
