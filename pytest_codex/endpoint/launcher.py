"""Starts an embedded endpoint in a process of its own, and stops it. Standard library only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

START_DEADLINE = 20.0  # seconds
STOP_DEADLINE = 3.0  # seconds
KEY_VARIABLE = "CODEX_EMBEDDED_KEY"
NEEDED = ("starlette", "trustme", "uvicorn")
MISSING = 'the embedded endpoint needs: pip install "pytest-codex-live[embedded]"'


class EndpointError(RuntimeError):
    """The embedded endpoint could not be started; the message says why."""


@dataclass(frozen=True, slots=True)
class Running:
    """An embedded endpoint that answers. As a context manager it is stopped at the end."""

    url: str
    key: str = field(repr=False)
    ca_file: str | None  # None over plain HTTP
    environment: str
    defects: tuple[str, ...]
    process: subprocess.Popen[bytes] = field(repr=False, compare=False)

    def stop(self) -> None:
        """End the process and wait for it; again is harmless."""
        _end(self.process)

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def launch(
    environment: str = "prod",
    defects: Sequence[str] = (),
    key: str | None = None,
    plain: bool = False,
) -> Running:
    """Start an endpoint and wait until it listens.

    `defects` are names, or NAME=VALUE, from `pytest_codex.endpoint.defects`; `key` is the right
    key, random when None. Raises EndpointError when the endpoint does not listen within 20 s.
    """
    if any(find_spec(name) is None for name in NEEDED):
        raise EndpointError(MISSING)
    command = [sys.executable, "-P", "-m", "pytest_codex.endpoint", "--environment", environment]
    command += [f"--defect={name}" for name in defects]
    command += ["--plain"] if plain else []
    with tempfile.TemporaryFile() as stderr:
        process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=_environment(key),
            start_new_session=True,  # a Ctrl-C is for the parent to decide on
        )
        announced = _announcement(process)
        if announced is None:
            _end(process)
            stderr.seek(0)
            said = stderr.read().decode("utf-8", "replace").strip()
            raise EndpointError(
                f"the embedded endpoint did not start: {said}"
                if said
                else f"the embedded endpoint did not start within {START_DEADLINE:.0f} s"
            )
    return Running(
        url=announced["url"],
        key=announced["key"],
        ca_file=announced["ca_file"],
        environment=announced["environment"],
        defects=tuple(announced["defects"]),
        process=process,
    )


def _environment(key: str | None) -> dict[str, str]:
    """The child's environment: the key is handed over here because `ps` shows arguments."""
    ours = str(Path(__file__).resolve().parents[2])
    path = [p for p in (os.environ.get("PYTHONPATH"), ours) if p]
    child = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
    child.pop(KEY_VARIABLE, None)
    return child if key is None else {**child, KEY_VARIABLE: key}


def _announcement(process: subprocess.Popen[bytes]) -> dict[str, Any] | None:
    """The line that the endpoint prints once it listens; None when it ends or is late."""
    lines: list[bytes] = []
    assert process.stdout is not None
    reader = threading.Thread(
        target=lambda out: lines.append(out.readline()), daemon=True, args=[process.stdout]
    )
    reader.start()
    reader.join(START_DEADLINE)
    return json.loads(lines[0]) if lines and lines[0] else None


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()  # the endpoint ends when its stdin does
    try:
        process.wait(STOP_DEADLINE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
