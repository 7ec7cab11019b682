"""A compose project as Traefik would serve it: from containers to routes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pytest_codex.compose.places import Place
from pytest_codex.compose.project import Port, Project, Service
from pytest_codex.traefik.chains import is_forward_auth, met
from pytest_codex.traefik.configuration import Configuration, Router
from pytest_codex.traefik.container import Container
from pytest_codex.traefik.labels import configure
from pytest_codex.traefik.proof import Outcomes, representatives, sweep
from pytest_codex.traefik.requests import Request
from pytest_codex.traefik.static import Static

#: The team's Traefik serves what says ``traefik.enable=true``, and nothing else.
STATIC = Static(exposed_by_default=False)


@dataclass(frozen=True, slots=True)
class WayIn:
    """A request that reaches the application without ForwardAuth.

    :param at: the line of the router's rule.
    """

    request: Request
    router: Router
    at: Place


@dataclass(frozen=True, slots=True)
class Deployment:
    """A compose project and what Traefik makes of it."""

    project: Project
    configuration: Configuration

    @classmethod
    def of(cls, project: Project, static: Static = STATIC) -> Deployment:
        """Configure Traefik with the project's containers."""
        return cls(project, configure(_containers(project), static))

    def ways_in(self, public: Iterable[str]) -> Iterator[WayIn]:
        """Yield a request of each kind that reaches the application without ForwardAuth.

        It is looked for over all requests, of any host: methods, paths in any spelling, headers,
        query and client address.

        :param public: the paths that are meant to be reached so, by any method.
        """
        meant = frozenset(public)
        for outcomes in sweep(self.configuration):
            if outcomes.partial.path not in meant:
                yield from self._unguarded(outcomes)

    def _unguarded(self, outcomes: Outcomes) -> Iterator[WayIn]:
        for outcome in outcomes.found:
            request = outcome.request or outcomes.partial
            for router in outcome.routers:
                chain = met(self.configuration.chain(router), request)
                if self._is_application(router) and not any(map(is_forward_auth, chain)):
                    yield WayIn(request, router, self.place(router, "rule"))

    def _is_application(self, router: Router) -> bool:
        service = self.configuration.services.get(router.service)
        return service is not None and any(server.container for server in service.servers)

    @property
    def is_proved(self) -> bool:
        """Whether what :meth:`ways_in` does not find does not exist."""
        return representatives(self.configuration).complete

    def open_ports(self) -> Iterator[tuple[Service, Port]]:
        """Yield the published ports that others than this host reach, past Traefik."""
        for service in self.project.services.values():
            for port in service.ports:
                if not _is_loopback(port.host_ip):
                    yield service, port

    def place(self, router: Router, field: str) -> Place:
        """Return the line of a router's field, or that of its service if it has none."""
        by_name = dict(zip(_names(self.project), self.project.services.values(), strict=True))
        service = by_name[router.origin.container]
        label = router.sources.get(field) or router.origin.label
        text = service.labels.get(label)
        return text.at if text else service.at


def _containers(project: Project) -> list[Container]:
    return [
        Container(
            service=service.name,
            project=project.name,
            labels={name: text.value for name, text in service.labels.items()},
            ports=_ports(service),
            networks=tuple(project.networks[key].name for key in service.networks),
            host_network=service.network_mode is not None and service.network_mode.value == "host",
            container_name=service.container_name.value if service.container_name else "",
        )
        for service in project.services.values()
    ]


def _names(project: Project) -> list[str]:
    return [container.name for container in _containers(project)]


def _ports(service: Service) -> tuple[int, ...]:
    exposed = [int(text.value) for text in service.expose if text.value.isdigit()]
    return tuple(sorted({port.target for port in service.ports} | set(exposed)))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
