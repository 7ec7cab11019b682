"""The real ``docker compose config``, where there is one, beside the model.

It reads files and needs no engine. What it prints is the judge of the compose model.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_codex.compose.masking import MASK, masked_value
from pytest_codex.compose.places import Place
from pytest_codex.compose.project import Project, Service
from pytest_codex.compose.read import read
from pytest_codex.compose.rendered import published, secrets
from pytest_codex.errors import ConfigurationError
from pytest_codex.exchange.excerpt import visible
from pytest_codex.invariants.findings import Finding, UnjudgedError
from pytest_codex.invariants.stack import Stack
from pytest_codex.redaction import Scrubber

#: The variable that names the program; empty: there is none.
PROGRAM = "CODEX_DOCKER_COMPOSE"
_TIMEOUT = 30
_MISSING = re.compile(r"required variable ([A-Za-z_][A-Za-z0-9_]*) is missing a value")
# Each turn fills in what the one before has named: a default may require another variable.
_TURNS = 10
# What the model tells of and docker compose refuses: no disagreement.
_REFUSED_BY_BOTH = frozenset(
    {
        *("duplicate-key", "duplicate-entry", "missing-file", "undefined-network"),
        *("undefined-volume", "network-mode-and-networks", "unreadable-port", "unknown-key"),
    }
)
# What no invariant depends on.
_NOT_COMPARED = frozenset({"image", "build", "command", "profiles"})


# -- asking docker compose ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """What docker compose says.

    :param text: its output; empty if it refuses.
    :param refusal: why it refuses, which may quote values; empty if it does not.
    :param placeholders: the required variables that are not set, and what was put in their place.
    """

    text: str
    refusal: str
    placeholders: Mapping[str, str]


def config(project: Project, environ: Mapping[str, str], form: str = "yaml") -> Answer:
    """Ask docker compose for the project as the model was asked: same files, same environment.

    :param environ: the shell's variables; ``CODEX_DOCKER_COMPOSE`` names the program.
    :param form: ``yaml`` or ``json``.
    :raises UnjudgedError: if there is no docker compose, or none that answers.
    """
    for program in _programs(environ):
        answer = _asked(program, project, environ, form)
        # docker without compose, and the first docker-compose, refuse what they do not know.
        if not answer.refusal or _is_compose(program, environ):
            return answer
    raise UnjudgedError("there is no docker compose (version 2 or later) on PATH")


def _programs(environ: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    if PROGRAM in environ:
        named = (environ[PROGRAM],) if environ[PROGRAM] else ()
        yield from ((name,) for name in named)
        return
    for name, *words in (("docker", "compose"), ("docker-compose",)):
        found = shutil.which(name, path=environ.get("PATH", ""))
        if found:
            yield (found, *words)


def _is_compose(program: tuple[str, ...], environ: Mapping[str, str]) -> bool:
    done = _run((*program, "version", "--short"), environ)
    version = re.match(r"v?(\d+)", done.stdout)
    return done.returncode == 0 and version is not None and int(version[1]) >= 2


def _asked(
    program: tuple[str, ...], project: Project, environ: Mapping[str, str], form: str
) -> Answer:
    command = [*program, "--project-directory", str(project.directory.absolute())]
    command += [word for file in project.named for word in ("-f", str(file.absolute()))]
    command += [word for file in project.env_files for word in ("--env-file", str(file.absolute()))]
    command += [word for name in project.profiles for word in ("--profile", name)]
    command += ["config", "--format", form]
    placeholders: dict[str, str] = {}
    for _ in range(_TURNS):
        done = _run(command, {**environ, **placeholders})
        if done.returncode == 0:
            return Answer(done.stdout, "", placeholders)
        missing = set(_MISSING.findall(done.stderr)) - placeholders.keys()
        if not missing:
            break
        placeholders |= {name: f"<{name}>" for name in sorted(missing)}
    return Answer("", done.stderr.strip() or f"exit code {done.returncode}", placeholders)


def _run(
    command: list[str] | tuple[str, ...], environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 - no shell; the files are those that were named
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UnjudgedError(f"{command[0]} gave no answer within {_TIMEOUT} s") from None
    except OSError as error:
        raise UnjudgedError(f"{command[0]} cannot be run: {error.strerror or error}") from None


# -- the rule -------------------------------------------------------------------------------------


def model_agrees_with_docker(
    stack: Stack, environ: Mapping[str, str] | None = None
) -> Iterator[Finding]:
    """What the invariants read, against what docker compose would start."""
    environ = os.environ if environ is None else environ
    project = stack.project
    answer = config(project, environ, "json")
    if answer.refusal:
        yield _refused(stack, answer)
        return
    if answer.placeholders:
        # Other values may depend on the same variables.
        variables = {**environ, **answer.placeholders}
        files, profiles = project.named, project.profiles
        try:
            project = read(files, variables, project.env_files, profiles, project.directory)
        except ConfigurationError as error:
            raise UnjudgedError(str(error)) from None
    try:
        found = list(disagreements(project, json.loads(answer.text)))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UnjudgedError("docker compose prints what is not understood") from None
    for difference in found:
        yield Finding(
            "model-agrees-with-docker",
            _place(stack, difference.path),
            f"docker compose reads {difference}",
            "the same from both",
            "write it in another way, and report it with these lines: the invariants rely on the "
            "model",
        )


def _refused(stack: Stack, answer: Answer) -> Finding:
    if answer.placeholders:
        names = ", ".join(answer.placeholders)
        raise UnjudgedError(f"docker compose refuses the files while {names} is not set")
    for problem in stack.project.problems:
        if problem.rule in _REFUSED_BY_BOTH:
            raise UnjudgedError(f"docker compose refuses the files, as {problem.at} tells")
    return Finding(
        "model-agrees-with-docker",
        stack.top,
        f"docker compose refuses the files: {reason(answer, stack.project)}",
        "files that docker compose starts",
        "mend what it names",
        consequence="The stack cannot be started from these files.",
    )


def reason(answer: Answer, project: Project) -> str:
    """Return why docker compose refuses, in one line and without secrets."""
    last = masked_value("", answer.refusal.splitlines()[-1])
    return visible(Scrubber(secrets(project)).text(last), 300)


def disagreements(project: Project, config: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield where the model and docker compose differ in what an invariant may depend on.

    :param config: its answer in JSON.
    """
    for difference in differences(said_by_model(project), said_by_docker(config)):
        if difference.path[0] != "services" or difference.path[2:3] not in _LEFT_OUT:
            yield difference


_LEFT_OUT = frozenset((name,) for name in _NOT_COMPARED)


def _place(stack: Stack, path: tuple[str, ...]) -> Place:
    """The line of the label or variable, else the first of the field, else the service's."""
    if path[0] == "networks" and path[1] in stack.project.networks:
        return stack.project.networks[path[1]].at
    service = stack.project.services.get(path[1]) if path[0] == "services" else None
    if service is None:
        return stack.top
    field = getattr(service, path[2], None) if path[2:] else None
    if isinstance(field, Mapping):
        field = field.get(path[3]) if path[3:] else next(iter(field.values()), None)
    elif isinstance(field, tuple):
        field = next(iter(field), None)
    at = field if isinstance(field, Place) else getattr(field, "at", None)
    return at if isinstance(at, Place) else service.at


# -- both in one form -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the two differ; it never shows a secret."""

    path: tuple[str, ...]
    model: object
    docker: object

    def __str__(self) -> str:
        docker, model = self._shown(self.docker), self._shown(self.model)
        return f"{'.'.join(self.path)} as {docker}, and the model as {model}"

    def _shown(self, value: object) -> str:
        if isinstance(value, str):
            return repr(masked_value(self.path[-1], value))
        if value is None:
            return "absent"
        if isinstance(value, set):
            return repr(sorted(value))
        # Whole services: what is in them may be anything.
        return MASK if isinstance(value, dict) else masked_value("", repr(value))


def differences(model: object, docker: object, path: tuple[str, ...] = ()) -> list[Difference]:
    """Return where two answers differ."""
    if isinstance(model, dict) and isinstance(docker, dict):
        return [
            difference
            for key in sorted(model.keys() | docker.keys())
            for difference in differences(model.get(key), docker.get(key), (*path, key))
        ]
    return [] if model == docker else [Difference(path, model, docker)]


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


def _service(service: Mapping[str, Any]) -> Any:
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
                    _address(port.get("host_ip")),
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
            (_address(port.host_ip), published(port), port.target, port.protocol)
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


def _address(host_ip: str | None) -> str:
    return host_ip or "0.0.0.0"  # noqa: S104 - what no address means
