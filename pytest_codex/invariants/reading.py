"""From settings to stacks: which compose files there are, whose policy they are held to.

Source: Docker documentation, "Compose application model", for the usual names of files.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from pytest_codex.compose.project import Project
from pytest_codex.compose.read import read
from pytest_codex.errors import ConfigurationError
from pytest_codex.files import read_dotenv
from pytest_codex.invariants.deployment import Deployment
from pytest_codex.invariants.stack import Stack, StackPolicy, prefix_of, runs_codex
from pytest_codex.settings import Settings

#: In docker compose's order: the first that exists is the one.
USUAL = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_OVERRIDES = tuple(name.replace("compose.", "compose.override.") for name in USUAL)
#: Those of a dev stack; the second folder is where larger repositories keep them.
DEV = tuple(
    f"{name}.{suffix}"
    for name in ("compose.dev.stack", "compose.dev", "docker-compose.dev")
    for suffix in ("yml", "yaml")
)
#: What names files to docker compose, in the environment and in ``.env``.
COMPOSE_FILE = "COMPOSE_FILE"
PROD_TARGET, DEV_TARGET = "prod", "dev"
_FOLDERS = (".", "infra/compose")


class Files(NamedTuple):
    """The files of one stack, where they were named, and what their relative paths start from."""

    files: tuple[Path, ...]
    source: str
    directory: Path | None = None


def stacks(settings: Settings, environ: Mapping[str, str], here: Path) -> tuple[Stack, ...]:
    """Read every stack: prod, or whatever was named, and dev.

    :param here: messages name files as whoever sits there would.
    :raises ConfigurationError: with file and line, for what cannot be read.
    """
    main, dev = _files(settings)
    found = []
    if main.files:
        project = _read(main, environ, here)
        asked = settings.only_target
        if dev.files:  # then the other one is what dev is ported to
            target = asked if asked not in (None, DEV_TARGET) else PROD_TARGET
        else:
            target = asked or _target(settings, project)
        found.append(_stack(settings, project, target, main.source))
    if dev.files:
        found.append(_stack(settings, _read(dev, environ, here), DEV_TARGET, dev.source))
    return tuple(found)


def has_files(settings: Settings) -> bool:
    """Whether there is any compose file to judge.

    :raises ConfigurationError: for a file that was named and does not exist.
    """
    return any(found.files for found in _files(settings))


def _files(settings: Settings) -> tuple[Files, Files]:
    named = settings.compose_files
    if named.main or named.dev:
        return Files(named.main, named.main_source), Files(named.dev, named.dev_source)
    main, dev = _usual(settings.root)
    return _of_docker(settings) or main, dev


def _of_docker(settings: Settings) -> Files | None:
    """The files that docker compose would take instead of those of the usual names.

    :raises ConfigurationError: if one of them does not exist.
    """
    variables: dict[str, str | None] = dict(settings.environ)
    dotenv = settings.root / ".env"
    if COMPOSE_FILE not in variables and _mentions_it(dotenv):
        variables = {**read_dotenv(dotenv, settings.shown(".env")), **variables}
    names = variables.get(COMPOSE_FILE)
    if not names:
        return None
    separator = variables.get("COMPOSE_PATH_SEPARATOR") or os.pathsep
    files = tuple(settings.root / name for name in names.split(separator) if name)
    for file in files:
        if not os.path.isfile(file):  # noqa: PTH113 - names may be too long for Path
            raise ConfigurationError(f"{COMPOSE_FILE}: there is no file {file}")
    return Files(files, COMPOSE_FILE)


def _mentions_it(dotenv: Path) -> bool:
    """Whether the file matters here; what else may be wrong with it is for others to say."""
    try:
        return COMPOSE_FILE.encode() in dotenv.read_bytes()
    except OSError:
        return False


def _usual(root: Path) -> tuple[Files, Files]:
    """The files of the usual names, the override that docker compose would add included."""
    main = _first_file(root / name for name in USUAL)
    if main:
        main += _first_file(root / name for name in _OVERRIDES)
    dev = _first_file(root / folder / name for folder in _FOLDERS for name in DEV)
    return Files(main, "found"), Files(dev, "found", root)


def _first_file(candidates: Iterable[Path]) -> tuple[Path, ...]:
    return next(((path,) for path in candidates if path.is_file()), ())


def _read(files: Files, environ: Mapping[str, str], here: Path) -> Project:
    shown = [f.relative_to(here) if f.is_relative_to(here) else f for f in files.files]
    project = read(shown, environ, project_directory=files.directory)
    if prefix_of(project):
        return project
    # Behind a profile that is not active here, a stack is a stack.
    every = read(shown, environ, profiles=("*",), project_directory=files.directory)
    return every if prefix_of(every) else project


# -- whose policy ---------------------------------------------------------------------------------


def _target(settings: Settings, project: Project) -> str:
    """The target of a file that stands alone, by the names in it."""
    prefix = prefix_of(project)
    by_stack = {settings.value("stack", name).value: name for name in settings.known_targets}
    if prefix in by_stack:
        return by_stack[prefix]
    endings = (name for name in settings.known_targets if prefix.endswith(f"-{name}"))
    return next(endings, settings.target_names[0])


def _stack(settings: Settings, project: Project, target: str, source: str) -> Stack:
    values: dict[str, Any] = {
        field.name: settings.value(field.name, target).value
        for field in fields(StackPolicy)
        if field.name not in ("target", "source")
    }
    policy = StackPolicy(target=target, source=source, **values)
    if settings.value("stack", target).source == "default" and _has_own_names(
        settings, project, policy
    ):
        policy = replace(policy, stack="")
    return Stack(Deployment.of(project), policy)


def _has_own_names(settings: Settings, project: Project, policy: StackPolicy) -> bool:
    """Whether the names are the files' own: neither another target's, nor missing altogether."""
    own = prefix_of(project)
    if not own:
        return not any(runs_codex(service, policy) for service in project.services.values())
    others = (settings.value("stack", name).value for name in settings.known_targets)
    return own == policy.stack or own not in others
