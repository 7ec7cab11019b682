"""Puts the model and the real Traefik before the same containers and requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_codex.traefik.configuration import Configuration
from pytest_codex.traefik.labels import Container, configure
from pytest_codex.traefik.requests import Request
from pytest_codex.traefik.routing import Decision, decide, muxers

from .proxy import MARKER_NAME, Proxy, plain_name


@dataclass(slots=True)
class Tally:
    """How much was compared, and what differed."""

    label_sets: int = 0
    rules: int = 0
    routers: int = 0
    enabled: int = 0
    requests: int = 0
    answered: int = 0
    ties: int = 0
    winners: set[str] = field(default_factory=set)
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.requests} requests over {self.rules} rules in {self.label_sets} label sets "
            f"({self.routers} routers, {self.enabled} of them enabled): {self.answered} answered "
            f"by {len(self.winners)} different routers, {self.ties} ties, "
            f"{len(self.differences)} disagreements"
        )


def compare(
    proxy: Proxy, containers: Sequence[Container], requests: Iterable[Request], tally: Tally
) -> None:
    """Load containers, compare what exists, then who answers each request."""
    proxy.load(containers)
    model = configure(containers, proxy.static)
    tally.label_sets += 1
    tally.routers += len(model.routers)
    tally.enabled += sum(router.enabled for router in model.routers)
    differences = [*compare_existence(proxy, model), *_winners(proxy, model, requests, tally)]
    labels = {each.name: dict(each.labels) for each in containers}
    tally.differences += [f"{difference}\n    {labels}" for difference in differences]


# -- what exists ----------------------------------------------------------------------------------


def compare_existence(proxy: Proxy, model: Configuration) -> Iterator[str]:
    """The differences between the routers, middlewares and services of both."""
    data = proxy.api("rawdata")
    yield from _differences("router", _real_routers(data), _model_routers(model))
    yield from _differences(
        "middleware",
        dict.fromkeys(_own(data.get("middlewares")), ""),
        dict.fromkeys(model.middlewares, ""),
    )
    yield from _differences("service", _real_services(data), _model_services(model))


def _own(found: dict[str, Any] | None) -> dict[str, Any]:
    return {
        name: value
        for name, value in (found or {}).items()
        if MARKER_NAME not in name and not name.endswith("@internal")
    }


def _real_routers(data: Any) -> dict[str, Any]:
    return {
        plain_name(name): (
            router["status"] != "disabled",
            router["rule"],
            router.get("priority") if router["status"] != "disabled" else None,
            tuple(router.get("middlewares", ())) if router["status"] != "disabled" else (),
            tuple(router.get("using", ())) if router["status"] != "disabled" else (),
        )
        for name, router in _own(data.get("routers")).items()
    }


def _model_routers(model: Configuration) -> dict[str, Any]:
    return {
        router.name: (
            router.enabled,
            router.rule,
            router.priority if router.enabled else None,
            router.middlewares if router.enabled else (),
            (router.entry_point,) if router.enabled else (),
        )
        for router in model.routers
    }


def _real_services(data: Any) -> dict[str, list[str]]:
    return {
        name: sorted(
            {server.get("url", "") for server in service["loadBalancer"].get("servers", ())} - {""}
        )
        for name, service in _own(data.get("services")).items()
        if name.endswith("@docker")
    }


def _model_services(model: Configuration) -> dict[str, list[str]]:
    return {
        service.name: sorted(
            {
                server.url or f"{server.scheme}://127.0.0.1:{server.port}"
                for server in service.servers
            }
        )
        for service in model.services.values()
        if service.name.endswith("@docker")
    }


def _differences(what: str, real: dict[str, Any], model: dict[str, Any]) -> Iterator[str]:
    for name in sorted(real.keys() | model.keys()):
        if real.get(name) != model.get(name):
            yield f"{what} {name}: traefik {real.get(name)}, model {model.get(name)}"


# -- who answers ----------------------------------------------------------------------------------


def _winners(
    proxy: Proxy, model: Configuration, requests: Iterable[Request], tally: Tally
) -> Iterator[str]:
    among = muxers(model)
    decisions: dict[str, Decision] = {}
    for request in requests:
        decision = decide(model, request, among[request.entry_point, request.tls])
        number, status = proxy.ask(request)
        tally.requests += 1
        if (status == 400) != (decision.status == 400):
            yield f"{request}: traefik {status}, model {decision.status} {_name(decision)}"
        elif status != 400:
            decisions[number] = decision
    real = proxy.winners(decisions.keys())
    for number, decision in decisions.items():
        expected = {router.name for router in decision.ties} or {_name(decision)}
        tally.ties += bool(decision.ties)
        tally.answered += bool(real[number])
        tally.winners |= {f"{tally.label_sets} {real[number]}"} if real[number] else set()
        if real[number] not in expected:
            yield f"{decision.request}: traefik {real[number]!r}, model {sorted(expected)}"


def _name(decision: Decision) -> str:
    return decision.router.name if decision.router else ""
