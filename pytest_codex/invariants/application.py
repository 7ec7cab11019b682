"""How the application is reached by Traefik, and what it needs in its container.

Source: the playbook, "Principles", "Map DEV settings to PROD" and "Invariants the checks enforce".
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from pytest_codex.compose.places import Text
from pytest_codex.compose.project import Mount, Service
from pytest_codex.invariants.deployment import OF_IMAGE, shares_network_of
from pytest_codex.invariants.findings import Finding, UnjudgedError
from pytest_codex.invariants.stack import Stack
from pytest_codex.traefik.decoding import boolean


def _label(service: Service, name: str) -> Text | None:
    """A label of the container itself; case does not matter."""
    return next((t for label, t in service.labels.items() if label.lower() == name), None)


def traefik_enabled(stack: Stack) -> Iterator[Finding]:
    """As Go reads booleans: ``true``, ``TRUE``, ``1``."""
    app = stack.app
    says = _label(app, "traefik.enable")
    if says is not None and _is_true(says.value):
        return
    yield Finding(
        "traefik-enabled",
        says.at if says else app.at,
        f"service {app.name} says traefik.enable={says.value}"
        if says
        else f"service {app.name} does not say traefik.enable",
        "traefik.enable=true",
        "set the label",
    )


def _is_true(text: str) -> bool:
    try:
        return boolean(text)
    except ValueError:
        return False


def traefik_network(stack: Stack) -> Iterator[Finding]:
    """By the networks' real names."""
    app, wanted = stack.app, stack.policy.traefik_network
    says = _label(app, "traefik.docker.network")
    if says is None or says.value != wanted:
        yield Finding(
            "traefik-network",
            says.at if says else app.at,
            f"service {app.name} says traefik.docker.network={says.value}"
            if says
            else f"service {app.name} does not say traefik.docker.network",
            f"traefik.docker.network={wanted}",
            "set the label",
        )
    networks = stack.project.networks
    holder = stack.project.services.get(shares_network_of(app), app)
    joined = {networks[key].name: at for key, at in holder.networks.items() if key in networks}
    if wanted not in joined:
        at = next(iter(app.networks.values()), app.at)
        yield Finding(
            "traefik-network",
            app.network_mode.at if app.network_mode else at,
            f"service {app.name} is on {', '.join(joined) or 'no network of the project'}",
            f"the network {wanted}",
            f"add {wanted} to its networks",
            consequence="Traefik finds no address of it that it can reach: 502 or 504.",
        )
    for network in networks.values():
        if network.name == wanted and not network.external:
            yield _own_network(stack, wanted)
        elif network.key == wanted and network.name != wanted and network.key in app.networks:
            yield Finding(
                "traefik-network",
                network.at,
                f"network {network.key} is really called {network.name}",
                f"the external network {wanted}",
                "set external: true",
                consequence="It is another network than the one that Traefik is on.",
            )


def _own_network(stack: Stack, wanted: str) -> Finding:
    network = next(n for n in stack.project.networks.values() if n.name == wanted)
    return Finding(
        "traefik-network",
        network.at,
        f"network {wanted} belongs to this project",
        "external: true",
        "set external: true",
        consequence="Taking the stack down takes the network away from all that is on it.",
    )


def service_port(stack: Stack) -> Iterator[Finding]:
    """The ports of the routers' services against the application's ``PORT``."""
    configuration = stack.deployment.configuration
    used = {router.service for router in configuration.routers if router.enabled}
    services = [configuration.services[name] for name in sorted(used & {*configuration.services})]
    listens = stack.app.environment.get("PORT")
    if listens is None or listens.unset:
        raise UnjudgedError(f"service {stack.app.name} has no PORT to compare with")
    servers = [(each, server) for each in services for server in each.servers if server.container]
    ours = [
        (each, server)
        for each, server in servers
        if stack.deployment.service_of(server.container) is stack.app
    ]
    if not ours:
        raise UnjudgedError("because of routers-exist: no router leads to the application")
    for service, server in ours:
        if server.port == listens.value:
            continue
        label = service.sources.get("loadbalancer.server.port", "")
        yield Finding(
            "service-port",
            stack.deployment.label_place(service.origins[0], label),
            f"Traefik sends requests to {_port(server.port)}",
            f"{listens.value}, the PORT that {stack.app.name} listens on",
            f"set loadbalancer.server.port={listens.value}, or change PORT",
            other=listens.at,
        )


def _port(port: str) -> str:
    return "the lowest port that the image exposes" if port == str(OF_IMAGE) else f"port {port}"


# -- what it needs --------------------------------------------------------------------------------


def home_is_mounted(stack: Stack) -> Iterator[Finding]:
    """A bind mount at ``CODEX_HOME`` from the stack's own folder, writable."""
    app, wanted = stack.app, stack.policy.home
    folder = wanted or "its own seed folder"
    home = app.environment.get("CODEX_HOME")
    if home is None or not home.value:
        strays = [mount for mount in app.volumes if _folder(mount) == wanted and wanted]
        yield Finding(
            "home-is-mounted",
            home.at if home else app.at,
            f"service {app.name} has no CODEX_HOME",
            f"where {folder} is mounted" + (f", {strays[0].target}" if strays else ""),
            "set CODEX_HOME",
            other=strays[0].at if strays else None,
        )
        return
    path = PurePosixPath(home.value)
    mounts = [mount for mount in app.volumes if path.is_relative_to(mount.target)]
    if not mounts:
        yield _unmounted(app, home, folder, [m for m in app.volumes if _folder(m) == wanted])
        return
    mount = max(mounts, key=lambda each: len(each.target))
    if mount.kind != "bind" or (wanted and _source(mount, path) != wanted):
        yield Finding(
            "home-is-mounted",
            mount.at,
            f"CODEX_HOME is mounted from {_folder(mount) or f'a {mount.kind} of its own'}",
            f"{folder}",
            f"mount ./{folder} at {home.value}",
            other=home.at,
        )
    if mount.read_only:
        yield Finding(
            "home-is-mounted",
            mount.at,
            f"{_folder(mount)} is mounted read-only",
            "a writable mount",
            "remove :ro, or read_only",
            consequence="The application cannot write its sessions: requests fail.",
        )


def _unmounted(app: Service, home: Text, folder: str, mounts: list[Mount]) -> Finding:
    return Finding(
        "home-is-mounted",
        mounts[0].at if mounts else home.at,
        f"{folder} is mounted at {mounts[0].target}, and CODEX_HOME is {home.value}"
        if mounts
        else f"nothing is mounted at CODEX_HOME, {home.value}, of service {app.name}",
        f"{folder} mounted at {home.value}",
        f"mount ./{folder} there, or change CODEX_HOME",
        other=home.at if mounts else None,
    )


def _folder(mount: Mount) -> str:
    return PurePosixPath(mount.source).name


def _source(mount: Mount, home: PurePosixPath) -> str:
    """The folder of the host that is seen at the home."""
    return (PurePosixPath(mount.source) / home.relative_to(mount.target)).name


def app_environment(stack: Stack) -> Iterator[Finding]:
    """As the container gets them: defaults, files and the shell included."""
    app = stack.app
    for name, wanted in stack.policy.app_environment.items():
        text = app.environment.get(name)
        if text is not None and text.value == str(wanted):
            continue
        first = next(iter(app.environment.values()), None)
        at = text.at if text else first.at if first else app.at
        yield Finding(
            "app-environment",
            at,
            f"{name} is {text.value!r}" if text else f"{name} is not set for service {app.name}",
            f"{name}={wanted}",
            f"set {name}=${{{name}:-{wanted}}}",
        )
