"""A compose project as Traefik would serve it: from containers to routes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from pytest_codex.compose.places import Place, Text
from pytest_codex.compose.project import Network, Port, Project, Service
from pytest_codex.traefik.configuration import Configuration, Middleware, Origin, Router
from pytest_codex.traefik.configuration import Service as TraefikService
from pytest_codex.traefik.container import Container
from pytest_codex.traefik.labels import configure
from pytest_codex.traefik.matching import required_hosts
from pytest_codex.traefik.requests import Request
from pytest_codex.traefik.routing import Decision, Muxer, decide, muxers
from pytest_codex.traefik.static import Static

#: The team's Traefik serves what says ``traefik.enable=true``, and nothing else.
STATIC = Static(exposed_by_default=False)

#: Stands for the ports that only the image says: without any, Traefik would drop the container,
#: but most images expose one.
OF_IMAGE = 0


@dataclass(frozen=True)
class Deployment:
    """A compose project and what Traefik makes of it."""

    project: Project
    configuration: Configuration

    @classmethod
    def of(cls, project: Project, static: Static = STATIC) -> Deployment:
        """Configure Traefik with the project's containers."""
        return cls(project, configure(containers(project), static))

    @property
    def services(self) -> Mapping[str, Service]:
        """The project's services by their names."""
        return self.project.services

    @property
    def networks(self) -> Mapping[str, Network]:
        """The project's networks by their keys."""
        return self.project.networks

    @property
    def labels(self) -> Mapping[str, Text]:
        """The labels of all services together."""
        return self.project.labels

    def routes(
        self,
        method: str,
        path: str,
        host: str | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        entry_point: str = "websecure",
        tls: bool = True,
    ) -> Decision:
        """Return what becomes of a request: router, middlewares, service, and why.

        :param host: may be left out where all rules together ask for one host.
        :raises ValueError: if it is left out and they ask for several, or for none.
        """
        if host is None:
            hosts = self.hosts
            if len(hosts) != 1:
                raise ValueError(f"give host=…: the rules ask for {', '.join(hosts) or 'none'}")
            host = hosts[0]
        request = Request(
            method=method,
            host=host,
            path=path.partition("?")[0],
            query=path.partition("?")[2],
            headers=tuple((headers or {}).items()),
            entry_point=entry_point,
            tls=tls,
        )
        return self.decision(request)

    def decision(self, request: Request) -> Decision:
        """Return what becomes of a request."""
        among = self._muxers.get((request.entry_point, request.tls))
        return decide(self.configuration, request, among)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that the rules of its routers ask for."""
        found = {
            host.removesuffix(".")
            for router in self.configuration.routers
            if router.enabled and router.formula is not None
            for host in required_hosts(router.formula) or ()
        }
        return tuple(sorted(found))

    def open_ports(self) -> Iterator[tuple[Service, Port]]:
        """Yield the published ports that others than this host reach, past Traefik."""
        for service in self.project.services.values():
            for port in service.ports:
                if not is_loopback(port.host_ip):
                    yield service, port

    # -- where things stand -----------------------------------------------------------------------

    def place(self, thing: Router | Middleware, field: str) -> Place:
        """Return the line of a field, or of the first label of what lacks it.

        :param field: as a label has it, without what comes before: ``rule``.
        """
        label = thing.sources.get(field.lower()) or thing.origin.label
        return self.label_place(thing.origin, label)

    def label_place(self, origin: Origin, label: str = "") -> Place:
        """Return the line of a label, or that of the service where it has none."""
        service = self.service_of(origin.container)
        text = service.labels.get(label or origin.label)
        return text.at if text else service.at

    def declared(self) -> Mapping[str, tuple[str, Place]]:
        """What labels declare, by kind and name, and where: ``service codex-api``."""
        found: dict[str, tuple[str, Place]] = {}
        configuration = self.configuration
        for kind, things in (
            ("router", configuration.routers),
            ("middleware", configuration.middlewares.values()),
            ("service", configuration.services.values()),
        ):
            for thing in things:
                origin = thing.origins[0] if isinstance(thing, TraefikService) else thing.origin
                if origin.container and origin.label:
                    name = f"{kind} {thing.declared.lower()}"
                    found.setdefault(name, (kind, self.label_place(origin)))
        return found

    def service_of(self, container: str) -> Service:
        """Return the compose service behind a container's name."""
        return self._services[container]

    def container_of(self, service: Service) -> str:
        """Return what Traefik calls the container of a service."""
        return self._containers[service.name]

    @cached_property
    def _muxers(self) -> Mapping[tuple[str, bool], Muxer]:
        return muxers(self.configuration)

    @cached_property
    def _containers(self) -> dict[str, str]:
        return {service.name: name for name, service in self._services.items()}

    @cached_property
    def _services(self) -> dict[str, Service]:
        return dict(zip(_names(self.project), self.project.services.values(), strict=True))


def containers(project: Project) -> list[Container]:
    """The project's services as Traefik's Docker provider sees their containers."""
    return [
        Container(
            service=service.name,
            project=project.name,
            labels={name: text.value for name, text in service.labels.items()},
            ports=_ports(service),
            networks=_networks(project, service),
            host_network=service.network_mode is not None and service.network_mode.value == "host",
            container_name=service.container_name.value if service.container_name else "",
        )
        for service in project.services.values()
    ]


def _networks(project: Project, service: Service) -> tuple[str, ...]:
    """The networks of a container, or of the one whose network it shares."""
    host = project.services.get(shares_network_of(service))
    keys = (service if host is None else host).networks
    return tuple(project.networks[key].name if key in project.networks else key for key in keys)


def shares_network_of(service: Service) -> str:
    """The service in whose network a container is (``network_mode: service:NAME``), if in one."""
    mode = service.network_mode.value if service.network_mode else ""
    return mode.removeprefix("service:") if mode.startswith("service:") else ""


def _names(project: Project) -> list[str]:
    return [container.name for container in containers(project)]


def _ports(service: Service) -> tuple[int, ...]:
    exposed = [int(text.value) for text in service.expose if text.value.isdigit()]
    declared = {port.target for port in service.ports} | set(exposed)
    return tuple(sorted(declared)) or (OF_IMAGE,)


def is_loopback(host: str) -> bool:
    """Whether an address is that of the host itself; a name is none."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
