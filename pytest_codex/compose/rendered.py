"""A project as ``docker compose config`` would print it, without secrets.

As far as the model goes: fields that it does not cover are not in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pytest_codex.compose.masking import masked, secrets_among
from pytest_codex.compose.places import Text
from pytest_codex.compose.project import Mount, Port, Project, Service
from pytest_codex.redaction import Secret


def rendered(project: Project) -> str:
    """Return the project as YAML, its values after interpolation, ``$`` doubled, secrets masked.

    A required variable that is not set stands as ``<NAME>``.
    """
    return masked(_document(project))


def secrets(project: Project) -> frozenset[Secret]:
    """Return what :func:`rendered` masks, to be kept out of other texts too."""
    return secrets_among(
        value for service in project.services.values() for value in _values(service)
    )


def _values(service: Service) -> Iterator[tuple[str, str]]:
    for pairs in (service.environment, service.labels):
        for name, text in pairs.items():
            yield name, text.value
    yield "", " ".join(text.value for text in service.command or ())
    for one in (service.image, service.build, service.container_name, service.network_mode):
        if one is not None:
            yield "", one.value
    for mount in service.volumes:
        yield "", mount.source


def published(port: Port) -> str:
    """Return the host's ports as docker compose writes them; empty for any free one."""
    ports = port.published
    if ports is None:
        return ""
    return str(ports[0]) if len(ports) == 1 else f"{ports[0]}-{ports[-1]}"


def _document(project: Project) -> dict[str, object]:
    used = {key for service in project.services.values() for key in service.networks}
    networks = {
        key: {"name": network.name, **({"external": True} if network.external else {})}
        for key, network in sorted(project.networks.items())
        if key in used
    }
    services = {name: _service(each) for name, each in sorted(project.services.items())}
    document = {"name": project.name, "services": services, "networks": networks}
    return {key: value for key, value in document.items() if value}


def _service(service: Service) -> dict[str, object]:
    """The fields in docker compose's own order, which is not that of their names."""
    fields: dict[str, object] = {
        "profiles": [_doubled(text.value) for text in service.profiles],
        "container_name": _value(service.container_name),
        "command": [_doubled(text.value) for text in service.command or ()],
        "environment": _pairs(service.environment),
        "image": _value(service.image),
        "labels": _pairs(service.labels),
        "network_mode": _value(service.network_mode),
        "networks": dict.fromkeys(sorted(service.networks)),
        "volumes": [_mount(mount) for mount in service.volumes],
        "build": {"context": _doubled(service.build.value)} if service.build else None,
        "expose": [_doubled(text.value) for text in service.expose],
        "ports": [_port(port) for port in service.ports],
    }
    return {key: value for key, value in fields.items() if value}


def _mount(mount: Mount) -> dict[str, object]:
    fields = {"type": mount.kind, "source": _doubled(mount.source), "target": mount.target}
    present: dict[str, object] = {key: value for key, value in fields.items() if value}
    return {**present, "read_only": True} if mount.read_only else present


def _port(port: Port) -> dict[str, object]:
    fields: dict[str, object] = {
        "mode": "ingress",
        "host_ip": port.host_ip,
        "target": port.target,
        "published": published(port),
        "protocol": port.protocol,
    }
    return {key: value for key, value in fields.items() if value}


def _pairs(pairs: Mapping[str, Text]) -> dict[str, str]:
    return {name: _doubled(text.value) for name, text in sorted(pairs.items())}


def _value(text: Text | None) -> str | None:
    return None if text is None else _doubled(text.value)


def _doubled(text: str) -> str:
    """As docker compose prints a ``$``, so that its output can be read again."""
    return text.replace("$", "$$")
