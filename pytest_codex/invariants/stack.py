"""What the invariants are asked of: a deployment, its names, and the policy it is held to.

Source: the playbook, "Principles" and "Map DEV settings to PROD", for names and values.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

from pytest_codex.compose.places import Place
from pytest_codex.compose.project import Project, Service
from pytest_codex.invariants.deployment import Deployment, is_loopback, shares_network_of
from pytest_codex.invariants.findings import UnjudgedError
from pytest_codex.traefik.configuration import Loss, Middleware, Router, Server
from pytest_codex.traefik.matching import Exactly, StartsWith, Test, required_hosts
from pytest_codex.traefik.proof import Outcomes, Representatives, outcomes, representatives

#: The four routers of a stack; each is called after the stack and its role: ``codex-api``.
ROLES = ("api", "preflight", "models", "health")
#: The middlewares, likewise.
PARTS = ("cors", "headers", "ratelimit", "forwardauth")
_NAMED = re.compile(rf"(.+)-({'|'.join(ROLES + PARTS)})", re.IGNORECASE)
_LABEL = re.compile(r"traefik\.http\.(?:routers|middlewares)\.([^.]+)\..+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StackPolicy:
    """What a stack is held to.

    :param target: the target whose policy it is.
    :param source: where the stack's files were named.
    :param stack: what the names begin with; empty: whatever the files' names begin with.
    :param auth_address: of ForwardAuth; empty: any on loopback.
    :param home: the seed folder that ``CODEX_HOME`` is mounted from; empty: any.
    :param app_environment: variables that the application must have, and their values.
    :param intended: differences from the other stack that are meant.
    :param waived: the names of rules that are not enforced.
    """

    target: str
    source: str = ""
    stack: str = ""
    entry_point: str = "websecure"
    traefik_network: str = "traefik"
    auth_address: str = ""
    public_paths: tuple[str, ...] = ()
    base_path: str = "/v1"
    health_path: str = "/healthz"
    home: str = ""
    app_environment: Mapping[str, object] = field(default_factory=dict)
    intended: tuple[str, ...] = ()
    waived: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stack:
    """A deployment that is held to a policy."""

    deployment: Deployment
    policy: StackPolicy

    @property
    def project(self) -> Project:
        """The compose project."""
        return self.deployment.project

    @property
    def top(self) -> Place:
        """The first line of the first file, for what is missing altogether."""
        return Place(self.project.files[0], 1)

    # -- names ------------------------------------------------------------------------------------

    @cached_property
    def prefix(self) -> str:
        """What the names of its routers and middlewares begin with.

        :raises UnjudgedError: if no name is of the kind that the playbook gives.
        """
        found = self.policy.stack or prefix_of(self.project)
        if not found and self._running_codex:
            return "STACK"  # a stack whose names are lost
        if not found:
            raise UnjudgedError(
                "no router is called STACK-api, STACK-preflight, STACK-models or STACK-health; "
                "next: set stack in the configuration"
            )
        return found

    @cached_property
    def four(self) -> frozenset[str]:
        """The names of its four routers in lower case, whether they exist or not."""
        prefix = self.policy.stack or prefix_of(self.project)
        return frozenset(f"{prefix}-{role}".lower() for role in ROLES)

    def named(self, role: str) -> str:
        """The name of a router or middleware of this stack: ``codex-api``."""
        return f"{self.prefix}-{role}"

    def routers(self, role: str) -> tuple[Router, ...]:
        """The routers of a role, one for each entry point, enabled or not."""
        name = self.named(role).lower()
        routers = self.deployment.configuration.routers
        return tuple(router for router in routers if router.declared.lower() == name)

    def router(self, role: str) -> Router:
        """The enabled router of a role on the stack's entry point.

        :raises UnjudgedError: if there is none.
        """
        for router in self.routers(role):
            if router.enabled and router.entry_point == self.policy.entry_point:
                return router
        raise UnjudgedError(
            f"because of routers-exist: router {self.named(role)} is not in use on "
            f"{self.policy.entry_point}"
        )

    def middlewares(self) -> Iterator[Middleware]:
        """Every middleware that the files declare."""
        for middleware in self.deployment.configuration.middlewares.values():
            if middleware.origin.container:
                yield middleware

    def is_of_another(self, router: Router) -> bool:
        """Whether a router belongs, by its name, to another stack in the same files."""
        match = _NAMED.fullmatch(router.declared)
        return match is not None and match[1].lower() != self.prefix.lower()

    def losses_of(self, name: str) -> Iterator[Loss]:
        """What took away something of this name, or the container that declares it."""
        containers = {
            self.deployment.container_of(service)
            for service in self.project.services.values()
            if any(_names(label) == name.lower() for label in service.labels)
        }
        for loss in self.deployment.configuration.losses:
            own = loss.name.partition("@")[0].lower() == name.lower()
            if own or (loss.name in containers and loss.scope.name == "CONTAINER"):
                yield loss

    # -- what it is made of -----------------------------------------------------------------------

    @property
    def app(self) -> Service:
        """The compose service that the API router leads to.

        :raises UnjudgedError: if there is none.
        """
        if self._app is None:
            raise UnjudgedError(f"no service declares the router {self.named('api')}")
        return self._app

    @cached_property
    def _app(self) -> Service | None:
        api = [router for router in self.routers("api") if router.enabled]
        configuration = self.deployment.configuration
        for router in api:
            service = configuration.services.get(router.service)
            for server in service.servers if service else ():
                if server.container:
                    return self.deployment.service_of(server.container)
        declaring = [
            service
            for service in self.project.services.values()
            if any(_names(label) == self.named("api").lower() for label in service.labels)
        ]
        return next(iter((*declaring, *self._running_codex)), None)

    @property
    def _running_codex(self) -> Sequence[Service]:
        """The services that are the application by their variables."""
        services = self.project.services.values()
        return [each for each in services if runs_codex(each, self.policy)]

    @property
    def apps(self) -> tuple[Service, ...]:
        """The application, and every other service that runs the same image or build.

        :raises UnjudgedError: if there is none.
        """
        app, services = self.app, self.project.services.values()
        return (app, *(each for each in services if each is not app and self.is_app(each)))

    def is_app(self, service: Service) -> bool:
        """Whether a service is the application, or runs the same image or build, of any tag."""
        app = self._app
        if app is None or service is app:
            return app is not None
        if shares_network_of(service) == app.name:
            return True  # at its address
        if service.image is not None and app.image is not None:
            return _repository(service.image.value) == _repository(app.image.value)
        if service.build is not None and app.build is not None:
            return service.build.value == app.build.value
        return False

    def leads_to_app(self, router: Router) -> bool:
        """Whether the application answers what a router takes, or another service that is one."""
        return router.service in self.app_services

    @cached_property
    def app_services(self) -> frozenset[str]:
        """The qualified names of the Traefik services of which a server is the application."""
        return frozenset(
            name
            for name, service in self.deployment.configuration.services.items()
            if any(map(self._is_app_server, service.servers))
        )

    def _is_app_server(self, server: Server) -> bool:
        if server.url:
            return self._is_here(server.url)
        return self.is_app(self.deployment.service_of(server.container))

    def _is_here(self, url: str) -> bool:
        """Whether a URL leads to this host or to a service of the project."""
        try:
            host = urlsplit(url).hostname or ""
        except ValueError:
            return False
        services = self.project.services.values()
        names = {"localhost", "host.docker.internal", *self.project.services}
        names |= {each.container_name.value for each in services if each.container_name}
        any_address = {"0.0.0.0", "::"}  # noqa: S104 - connecting to it is connecting to this host
        return host in any_address | {name.lower() for name in names} or is_loopback(host)

    @cached_property
    def host(self) -> str:
        """The host that most of its routers answer; of several the API router's.

        :raises UnjudgedError: if no rule of the stack asks for a host.
        """
        found = Counter(
            host
            for role in ROLES
            for host in sorted({h for router in self.routers(role) for h in hosts_of(router)})
        )
        if not found:
            raise UnjudgedError("because of routers-exist: no router of the stack asks for a host")
        return found.most_common(1)[0][0]

    @property
    def chat_path(self) -> str:
        """The path of chat completions."""
        return f"{self.policy.base_path}/chat/completions"

    @property
    def models_paths(self) -> tuple[str, str]:
        """The paths of the models list."""
        return (f"{self.policy.base_path}/models", f"{self.policy.base_path}/models/")

    @cached_property
    def requests(self) -> Representatives:
        """Requests of any host, one for each class that the rules and this policy tell apart."""
        policy = self.policy
        named = (*policy.public_paths, *self.models_paths, self.chat_path, policy.health_path)
        apart = (Exactly(frozenset(filter(None, named))), StartsWith(f"{policy.base_path}/"))

        def paths(router: Router) -> Iterable[Test]:
            return apart if self.leads_to_app(router) else ()

        return representatives(self.deployment.configuration, paths=paths)

    @cached_property
    def outcomes(self) -> tuple[Outcomes, ...]:
        """Every way in which requests are answered that concern the stack, or that chance decides.

        Requests of any host are looked at; those that do not concern it may be very many.
        """
        every = outcomes(self.deployment.configuration, self.requests)
        return tuple(each for each in every if self._concerns(each))

    def _concerns(self, found: Outcomes) -> bool:
        return found.partial.host in self._hosts or any(
            outcome.is_tie or self.leads_to_app(router) or router.declared.lower() in self.four
            for outcome in found.found
            for router in outcome.routers
        )

    @cached_property
    def _hosts(self) -> frozenset[str]:
        """The hosts that its routers ask for."""
        return frozenset(
            host for role in ROLES for router in self.routers(role) for host in hosts_of(router)
        )

    @property
    def auth(self) -> Middleware:
        """The ForwardAuth middleware of the API router, or the one of that name.

        :raises UnjudgedError: if there is none.
        """
        configuration = self.deployment.configuration
        chains = [configuration.chain(router) for router in self.routers("api")]
        in_chain = [each for chain in chains for each in chain if each.kind == "ForwardAuth"]
        named = [
            each
            for each in self.middlewares()
            if each.declared.lower() == self.named("forwardauth").lower()
        ]
        for middleware in (*in_chain, *named):
            return middleware
        raise UnjudgedError("because of no-way-in: there is no ForwardAuth middleware")


def hosts_of(router: Router) -> frozenset[str]:
    """The hosts that a router's rule asks for; none where it answers any."""
    hosts = required_hosts(router.formula) if router.formula else None
    return frozenset(host.removesuffix(".") for host in hosts or ())


def port_of(url: str) -> int | None:
    """The port that a URL names; None if it names none."""
    try:
        return urlsplit(url).port
    except ValueError:
        return None


def runs_codex(service: Service, policy: StackPolicy) -> bool:
    """Whether a service is the application by its variables."""
    return not {"CODEX_HOME", *policy.app_environment}.isdisjoint(service.environment)


def _repository(image: str) -> str:
    """The name of an image without tag and digest."""
    return re.sub(r":[^/:]*$", "", image.partition("@")[0])


def prefix_of(project: Project) -> str:
    """What most names of routers and middlewares begin with; empty if none is of that kind."""
    found = Counter(
        match[1]
        for service in project.services.values()
        for label in service.labels
        if (match := _NAMED.fullmatch(_names(label)))
    )
    return found.most_common(1)[0][0] if found else ""


def _names(label: str) -> str:
    """The router or middleware that a label is about, in lower case; empty if none."""
    match = _LABEL.fullmatch(label)
    return match[1].lower() if match else ""


def is_about_traefik(project: Project, policy: StackPolicy) -> bool:
    """Whether the invariants have anything to say of a project.

    A file without Traefik has its own ways. One that has lost its labels, and is still on Traefik's
    network or runs the application, is meant to be served by it.
    """
    networks = {network.name for network in project.networks.values()}
    return (
        any(label.lower().startswith("traefik.") for label in project.labels)
        or policy.traefik_network in networks
        or any(runs_codex(service, policy) for service in project.services.values())
    )
