"""Which router answers a request, and why.

Source: Traefik documentation, "HTTP Routers", "Priority": the highest priority that matches wins;
that two routers of one priority win at random is observed on Traefik 3.7.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile

from pytest_codex.traefik.configuration import Configuration, Middleware, Router
from pytest_codex.traefik.matching import Facts, required_hosts, truth
from pytest_codex.traefik.requests import Request, canonical_host, routing_path

#: What Traefik's own services answer; the others answer what they like.
INTERNAL_STATUS = {"noop@internal": 418}


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a request.

    :param router: the one that answers, or one of those that may; None if none does.
    :param contenders: all that match, best first.
    :param ties: those that share the best priority, if they are several: Traefik picks one of them
        at random whenever it reads its configuration.
    :param service: qualified name; empty without a router.
    :param chain: the middlewares on the way, outermost first.
    :param status: that of Traefik's own answer, or None where the service answers.
    :param why: sentences.
    """

    request: Request
    router: Router | None
    contenders: tuple[Router, ...] = ()
    ties: tuple[Router, ...] = ()
    service: str = ""
    chain: tuple[Middleware, ...] = ()
    status: int | None = None
    why: tuple[str, ...] = ()


class Muxer:
    """The routers of one entry point, for TLS connections or for plain ones, best first.

    They are filed under the hosts that their rules ask for, so that a request is not compared with
    the routers of every other host.
    """

    def __init__(self, routers: Iterable[Router]) -> None:
        self.routers = tuple(sorted(routers, key=_rank))
        self._of_host: dict[str, list[Router]] = {}
        self._of_any: list[Router] = []
        for router in self.routers:
            hosts = None if router.formula is None else required_hosts(router.formula)
            if hosts is None:
                self._of_any.append(router)
            for host in hosts or ():
                self._of_host.setdefault(host, []).append(router)

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts that some rule asks for."""
        return frozenset(self._of_host)

    def candidates(self, host: str) -> Iterator[Router]:
        """The routers that may answer a host in canonical form, best first."""
        return heapq.merge(self._of_host.get(host, ()), self._of_any, key=_rank)


def _rank(router: Router) -> tuple[int, str]:
    return (-router.priority, router.name)


def muxer(configuration: Configuration, entry_point: str, *, tls: bool) -> Muxer:
    """The routers in use on an entry point; TLS connections and plain ones have their own."""
    return Muxer(
        router
        for router in configuration.routers
        if router.enabled and router.entry_point == entry_point and router.tls == tls
    )


def muxers(configuration: Configuration) -> dict[tuple[str, bool], Muxer]:
    """Every muxer, by entry point and whether it is that for TLS connections."""
    return {
        (entry_point, tls): muxer(configuration, entry_point, tls=tls)
        for entry_point in configuration.static.entry_points
        for tls in (False, True)
    }


def decide(configuration: Configuration, request: Request, among: Muxer | None = None) -> Decision:
    """Which router answers a request.

    :param among: the muxer of the request's entry point, if it is at hand.
    """
    among = among or muxer(configuration, request.entry_point, tls=request.tls)
    path = _path(configuration, request)
    if path is None:
        return Decision(request, None, status=400, why=("Traefik refuses such a path.",))
    facts = Facts.of(request, path)
    contenders = tuple(
        router
        for router in among.candidates(canonical_host(request.host))
        if router.formula is not None and truth(router.formula, facts)
    )
    lost = _lost(configuration, request, facts)
    if not contenders:
        nothing = f"No router on {_where(request)} matches {request.method} {request.url}."
        return Decision(request, None, status=404, why=(nothing, *lost))
    winner = contenders[0]
    ties = tuple(takewhile(lambda router: router.priority == winner.priority, contenders))
    return Decision(
        request,
        winner,
        contenders,
        ties if len(ties) > 1 else (),
        winner.service,
        configuration.chain(winner),
        INTERNAL_STATUS.get(winner.service),
        (*_reasons(contenders, ties), *lost),
    )


def _path(configuration: Configuration, request: Request) -> str | None:
    point = configuration.static.entry_points.get(request.entry_point)
    return routing_path(request.path, sanitize=point is None or point.sanitize_path)


def _where(request: Request) -> str:
    return f"{request.entry_point} ({'TLS' if request.tls else 'plain'})"


def _reasons(contenders: tuple[Router, ...], ties: tuple[Router, ...]) -> Iterator[str]:
    winner = contenders[0]
    if len(ties) > 1:
        names = ", ".join(router.name for router in ties)
        yield f"{names} match with the same priority {winner.priority}: one wins at random."
    else:
        source = "set" if winner.fields.get("Priority") else "the length of its rule"
        yield f"{winner.name} matches with priority {winner.priority} ({source})."
    for router in contenders[len(ties) : len(ties) + 3]:
        yield f"{router.name} matches as well, with priority {router.priority}."


def _lost(configuration: Configuration, request: Request, facts: Facts) -> Iterator[str]:
    """The routers that would match if they were in use, or on this connection."""
    for router in configuration.routers:
        if router.enabled and router.tls == request.tls:
            continue
        if router.formula is None or router.entry_point not in ("", request.entry_point):
            continue
        if truth(router.formula, facts):
            reason = router.disabled or f"it answers {'TLS' if router.tls else 'plain'} only"
            yield f"{router.name} does not count: {reason}."
