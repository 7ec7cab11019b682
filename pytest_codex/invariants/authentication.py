"""ForwardAuth, and the server that it asks.

Source: the playbook, "Principles" and "Map DEV settings to PROD"; Traefik documentation,
"ForwardAuth".
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from pytest_codex.compose.project import Port, Service
from pytest_codex.invariants.deployment import is_loopback
from pytest_codex.invariants.findings import Finding, UnjudgedError
from pytest_codex.invariants.stack import Stack, port_of
from pytest_codex.traefik.chains import is_forward_auth
from pytest_codex.traefik.configuration import Middleware


def _asked(stack: Stack) -> tuple[Middleware, ...]:
    """Every ForwardAuth on the way to the application, and the stack's own."""
    configuration = stack.deployment.configuration
    found = {stack.auth.name: stack.auth}
    for router in configuration.routers:
        if stack.leads_to_app(router) and not stack.is_of_another(router):
            found |= {m.name: m for m in configuration.chain(router) if is_forward_auth(m)}
    return tuple(found.values())


def forwardauth_address(stack: Stack) -> Iterator[Finding]:
    """Exactly the one of the policy; without one, any on loopback."""
    expected = stack.policy.auth_address
    yield from _own_loopback(stack)
    for middleware in _asked(stack):
        address = str(middleware.fields.get("Address", ""))
        if address == expected or (not expected and _is_on_loopback(address)):
            continue
        yield Finding(
            "forwardauth-address",
            stack.deployment.place(middleware, "forwardauth.address"),
            f"middleware {middleware.declared} asks {address or 'nobody'}",
            expected or "an address on 127.0.0.1",
            f"set its address to {expected or 'the port that the authentication server publishes'}",
        )


def _own_loopback(stack: Stack) -> Iterator[Finding]:
    """Advice, where Traefik is a container of the project: its loopback is not the host's."""
    for service in stack.project.services.values():
        image = service.image.value if service.image else ""
        on_host = service.network_mode is not None and service.network_mode.value == "host"
        if "traefik" not in image.rpartition("/")[2] or on_host or "whoami" in image:
            continue
        for middleware in _asked(stack):
            if _is_on_loopback(str(middleware.fields.get("Address", ""))):
                yield Finding(
                    "forwardauth-address",
                    stack.deployment.place(middleware, "forwardauth.address"),
                    f"middleware {middleware.declared} asks the loopback address, and Traefik is "
                    f"the service {service.name}, with a loopback of its own",
                    "network_mode: host, or the address of the authentication service",
                    "if this Traefik serves the stack, set auth_address in the configuration",
                    consequence="Nobody answers there: Traefik says 500 to everybody.",
                    other=service.at,
                    advice=True,
                )


def _is_on_loopback(address: str) -> bool:
    try:
        return is_loopback(urlsplit(address).hostname or "")
    except ValueError:
        return False


def forwardauth_sends_authorization(stack: Stack) -> Iterator[Finding]:
    """Traefik sends every header where none is listed; another middleware may have removed it."""
    yield from _removed(stack)
    for middleware in _asked(stack):
        sent = middleware.fields.get("AuthRequestHeaders", ())
        if sent and "authorization" not in {name.strip().lower() for name in sent}:
            yield Finding(
                "forwardauth-sends-authorization",
                stack.deployment.place(middleware, "forwardauth.authRequestHeaders"),
                f"middleware {middleware.declared} hands on {', '.join(sent)} only",
                "Authorization among authRequestHeaders",
                "add Authorization, or remove the list",
            )


def _removed(stack: Stack) -> Iterator[Finding]:
    """What takes the header out of a request before ForwardAuth sees it."""
    configuration = stack.deployment.configuration
    for router in configuration.routers:
        chain = configuration.chain(router)
        last = max((n for n, each in enumerate(chain) if is_forward_auth(each)), default=0)
        for middleware in chain[:last]:
            headers = middleware.fields.get("CustomRequestHeaders", {})
            for name, value in headers.items():
                if name.lower() == "authorization" and not value:
                    yield Finding(
                        "forwardauth-sends-authorization",
                        stack.deployment.place(middleware, f"headers.customRequestHeaders.{name}"),
                        f"middleware {middleware.declared} takes {name} out of every request",
                        "requests with the client's own key",
                        "remove this label",
                    )


def auth_server_is_published(stack: Stack) -> Iterator[Finding]:
    """By a service of the files, on loopback, to the port of its ``PORT``."""
    auth = stack.auth
    address = stack.policy.auth_address or str(auth.fields.get("Address", ""))
    number = port_of(address)
    if number is None:
        raise UnjudgedError("because of forwardauth-address: it names no port")
    publishing = list(_publishing(stack, number))
    if not publishing:
        yield Finding(
            "auth-server-is-published",
            stack.deployment.place(auth, "forwardauth.address"),
            f"no service publishes port {number}",
            f"a service with the port 127.0.0.1:{number}",
            f"publish 127.0.0.1:{number} to the authentication server's port",
        )
    asked = urlsplit(address).hostname or ""
    for service, port in publishing:
        if is_loopback(port.host_ip) and is_loopback(asked) and port.host_ip != asked:
            yield Finding(
                "auth-server-is-published",
                port.at,
                f"service {service.name} publishes port {number} on {port.host_ip}",
                f"{asked}, which ForwardAuth asks",
                f"write {asked}:{number}:{port.target}",
            )
        if not is_loopback(port.host_ip):
            yield Finding(
                "auth-server-is-published",
                port.at,
                f"service {service.name} publishes port {number} on "
                f"{port.host_ip or 'every address'}",
                f"127.0.0.1:{number}",
                f"write 127.0.0.1:{number}:{port.target}",
                consequence="Whoever reaches this host may try keys there without any limit.",
            )
        yield from _listening(service, port)


def _publishing(stack: Stack, number: int) -> Iterator[tuple[Service, Port]]:
    for service in stack.project.services.values():
        for port in service.ports:
            tcp = port.protocol == "tcp"
            if tcp and port.published is not None and number in port.published:
                yield service, port


def _listening(service: Service, port: Port) -> Iterator[Finding]:
    listens = service.environment.get("PORT")
    if listens is None or listens.unset or listens.value == str(port.target):
        return
    yield Finding(
        "auth-server-is-published",
        port.at,
        f"service {service.name} publishes port {port.target} of the container",
        f"{listens.value}, the PORT that it listens on",
        f"write {listens.value} behind the last colon, or change PORT",
        other=listens.at,
    )
