"""Reading compose files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from pytest_codex.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Service:
    """A service of a compose file; labels are as written, list or map."""

    name: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Compose:
    """The services of one or more compose files; a later file's labels win."""

    files: tuple[Path, ...]
    services: Mapping[str, Service]

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of all services together."""
        return {
            name: value
            for service in self.services.values()
            for name, value in service.labels.items()
        }


def load(files: Sequence[Path]) -> Compose:
    """Read compose files, later ones over earlier ones.

    :raises ConfigurationError: with file and line, for what is no compose file.
    """
    services: dict[str, Service] = {}
    for file in files:
        for name, service in _services(file).items():
            labels = dict(services[name].labels) if name in services else {}
            labels |= _labels(service.get("labels") or {}, f"{file.name}: service {name}")
            services[name] = Service(name, labels)
    return Compose(tuple(files), services)


def _services(file: Path) -> Mapping[str, Mapping[str, object]]:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file.name}: cannot be read: {error}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        why = getattr(error, "problem", None) or "not YAML"
        raise ConfigurationError(f"{file.name}{line}: not YAML: {why}") from None
    services = document.get("services") if isinstance(document, dict) else None
    if not isinstance(services, dict):
        raise ConfigurationError(f"{file.name}: no compose file: it has no map of services")
    return {name: service for name, service in services.items() if isinstance(service, dict)}


def _labels(labels: object, where: str) -> dict[str, str]:
    if isinstance(labels, dict):
        return {str(name): str(value) for name, value in labels.items()}
    if isinstance(labels, list) and all(isinstance(entry, str) for entry in labels):
        pairs = (entry.partition("=") for entry in labels)
        return {name: value for name, _, value in pairs}
    raise ConfigurationError(f"{where}: labels are neither a map nor a list of text")
