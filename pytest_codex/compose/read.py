"""Compose files as one project, the way docker compose would see them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_codex.compose import environment
from pytest_codex.compose.interpolate import interpolate_node
from pytest_codex.compose.layers import Layer, ServiceLayer, VariablesFile
from pytest_codex.compose.nodes import Table, as_text
from pytest_codex.compose.places import Place, Problem, Text
from pytest_codex.compose.project import Network, Project, Service
from pytest_codex.compose.sources import Scope, Sources
from pytest_codex.errors import ConfigurationError


def read(
    files: Sequence[Path],
    environ: Mapping[str, str],
    env_files: Sequence[Path] = (),
    profiles: Sequence[str] = (),
    project_directory: Path | None = None,
) -> Project:
    """Read compose files, later ones over earlier ones, as ``docker compose -f a -f b``.

    :param environ: the shell's variables; they win over those of files.
    :param env_files: as ``--env-file``; without any, ``.env`` of the project's directory.
    :param profiles: as ``--profile``; without any, those of ``COMPOSE_PROFILES``.
    :param project_directory: what relative paths start from; by default the first file's folder.
    :raises ConfigurationError: with file and line, for what is no compose file. What is merely
        suspicious is among the project's problems. A required variable that is not set is no
        error: a placeholder stands in its place.
    """
    if not files:
        raise ConfigurationError("no compose file was named")
    problems: list[Problem] = []
    directory = files[0].parent if project_directory is None else project_directory
    variables = environment.variables(environ, env_files, directory)
    sources = Sources(Path(environ.get("HOME") or Path.home()), problems)
    name = _project_name(sources, files, variables, directory)
    variables = {**variables, "COMPOSE_PROJECT_NAME": name}
    layer = sources.layer(files, Scope(directory, variables))
    if not layer.services and not layer.networks:
        named = ", ".join(map(str, files))
        raise ConfigurationError(f"{named}: no compose file: there is no map of services")
    services = {
        key: _service(key, service, variables, problems)
        for key, service in layer.services.items()
        if _enabled(service, profiles or variables.get("COMPOSE_PROFILES", "").split(","))
    }
    networks = _networks(name, layer, services)
    _tell_undefined(services, networks, layer, problems)
    return Project(
        name,
        directory,
        sources.files,
        services,
        networks,
        problems=tuple(dict.fromkeys(problems)),
        named=tuple(files),
        env_files=tuple(env_files),
        profiles=tuple(profiles),
    )


def _project_name(
    sources: Sources, files: Sequence[Path], variables: Mapping[str, str], directory: Path
) -> str:
    """``COMPOSE_PROJECT_NAME``, else ``name:`` of the last file that has it, else the folder's."""
    name = variables.get("COMPOSE_PROJECT_NAME", "")
    for document in (node for file in files for node in sources.documents(file)):
        written = document.get("name") if isinstance(document, Table) else None
        if written is not None and "COMPOSE_PROJECT_NAME" not in variables:
            # Its problems are told when the whole file is interpolated.
            name = as_text(interpolate_node(written, variables, []), "name").value or name
    name = name or directory.absolute().name
    return re.sub(r"[^a-z0-9_-]", "", name.lower()).lstrip("_-")


def _enabled(service: ServiceLayer, profiles: Sequence[str]) -> bool:
    wanted = {text.value for text in service.profiles}
    return not wanted or "*" in profiles or not wanted.isdisjoint(profiles)


def _service(
    name: str, layer: ServiceLayer, variables: Mapping[str, str], problems: list[Problem]
) -> Service:
    return Service(
        name=name,
        at=layer.at,
        labels=_labels(layer, problems),
        environment=_environment(layer, variables, problems),
        ports=layer.ports,
        expose=layer.expose,
        volumes=layer.volumes,
        networks=_joined(layer),
        network_mode=layer.network_mode,
        profiles=layer.profiles,
        image=layer.image,
        build=layer.build,
        command=layer.command,
        container_name=layer.container_name,
    )


def _labels(layer: ServiceLayer, problems: list[Problem]) -> Mapping[str, Text]:
    # Variables in a label_file are other labels of such files, not those of the project.
    labels = _from_files(layer.label_files, {}, problems)
    if layer.labels is not None:
        for name, text in layer.labels.entries.items():
            labels[name] = text or Text("", layer.labels.places[name])
    return labels


def _environment(
    layer: ServiceLayer, variables: Mapping[str, str], problems: list[Problem]
) -> Mapping[str, Text]:
    own = layer.environment.entries if layer.environment else {}
    set_here = {name: text.value for name, text in own.items() if text is not None}
    found = _from_files(layer.env_files, {**set_here, **variables}, problems)
    for name, text in own.items():
        if text is None:
            # Passed on from outside, where it is not set: not even the files' value remains.
            found.pop(name, None)
        else:
            found[name] = text
    return found


def _from_files(
    files: Sequence[VariablesFile], known: Mapping[str, str], problems: list[Problem]
) -> dict[str, Text]:
    found: dict[str, Text] = {}
    for file in files:
        if file.path.is_file():
            text = environment.read_text(file.path)
            if file.raw:
                found |= environment.parse_raw(text, file.path, known)
            else:
                earlier = {name: value.value for name, value in found.items()}
                found |= environment.parse_variables(text, file.path, known, earlier)
        elif file.required:
            message = f"{file.path} does not exist: docker compose refuses to start"
            problems.append(Problem("missing-file", message, file.at))
    return found


def _joined(layer: ServiceLayer) -> Mapping[str, Place]:
    if layer.network_mode is not None:
        return {}
    return layer.networks or {"default": layer.at}


def _networks(project: str, layer: Layer, services: Mapping[str, Service]) -> Mapping[str, Network]:
    networks: dict[str, Network] = {}
    for key, network in layer.networks.items():
        default = key if network.external else f"{project}_{key}"
        name = network.name.value if network.name else ""
        networks[key] = Network(key, name or default, bool(network.external), network.at)
    joining = [service for service in services.values() if "default" in service.networks]
    if joining and "default" not in networks:
        at = joining[0].networks["default"]
        networks["default"] = Network("default", f"{project}_default", False, at)
    return networks


def _tell_undefined(
    services: Mapping[str, Service],
    networks: Mapping[str, Network],
    layer: Layer,
    problems: list[Problem],
) -> None:
    """Tell what docker compose refuses: networks and volumes that are used and not declared."""
    for name, service in services.items():
        for key, at in service.networks.items():
            if key not in networks:
                message = f"service {name} joins the network {key}, which no file declares"
                problems.append(Problem("undefined-network", message, at))
        written = layer.services[name].networks
        if service.network_mode is not None and written:
            message = f"service {name} has network_mode and networks: docker compose refuses both"
            at = service.network_mode.at
            problems.append(
                Problem("network-mode-and-networks", message, at, next(iter(written.values())))
            )
        for mount in service.volumes:
            if mount.kind == "volume" and mount.source and mount.source not in layer.volumes:
                message = f"service {name} uses the volume {mount.source}, which no file declares"
                problems.append(Problem("undefined-volume", message, mount.at))
