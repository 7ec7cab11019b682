"""Which routers can answer, over all requests: what is proved here is proved for every request.

:func:`possible` takes method, host, path, entry point and TLS as given, and headers, query and
client address as unknown. The conditions on these are decided one by one, each way, from the best
router down, until a router is certain to answer. A set of decisions counts only if there is a
request for it: for each header, query parameter and address, values are looked for among one of
each class that its conditions tell apart (:mod:`classes`); where classes were found to be complete,
and none of them will do, there is no such request.

:func:`representatives` returns methods, hosts and paths, one for each class, so that together they
say it for all requests. Why that is exhaustive:

* a rule sees a method only through ``Method``, that is, by equality: every method that is
  mentioned, and one that is not, are all there are;
* it sees a host and a routing path only through equality, prefixes and regular expressions, and
  :func:`classes.classes` finds every combination of their answers, regular expressions included;
* whatever spelling of a path a client sends (``//``, ``..``, escapes, upper case), routers see the
  routing path that it becomes, and the classes are those of *all* routing paths: no spelling leads
  out of them.

Where a set of patterns is so intricate that the walk is cut off, ``complete`` is false, and what
follows is no proof.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from pytest_codex.traefik.classes import (
    Classes,
    Guard,
    HostGuard,
    PathGuard,
    ValueGuard,
    classes,
)
from pytest_codex.traefik.configuration import Configuration, Router
from pytest_codex.traefik.matching import (
    Condition,
    Exactly,
    Facts,
    Subject,
    Test,
    Within,
    conditions,
    truth,
)
from pytest_codex.traefik.requests import Request, canonical_host, raw_path, routing_path
from pytest_codex.traefik.routing import Muxer, muxer, muxers

#: Sets of decisions after which :func:`possible` gives up and counts every router as possible.
LIMIT = 256
#: Methods that are looked at whether a rule mentions them or not.
METHODS = ("GET", "HEAD", "POST", "OPTIONS")
_UNMENTIONED = ("PROPFIND", "MKCOL", "SEARCH", "LOCK", "UNLOCK")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way in which requests of a kind can be answered.

    :param routers: the one that answers, or those among which Traefik picks at random; none if no
        router answers.
    :param request: a request that is answered so, or None if none was looked for.
    :param because: the conditions on headers, query and client address, and whether they hold.
    """

    routers: tuple[Router, ...]
    request: Request | None
    because: tuple[tuple[Condition, bool], ...] = ()

    @property
    def is_tie(self) -> bool:
        """Whether chance decides."""
        return len(self.routers) > 1


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Every way in which requests of a kind can be answered.

    :param partial: the kind, without headers and query.
    :param complete: whether each is certain to be possible; if not, there may be fewer, never more.
    """

    partial: Request
    found: tuple[Outcome, ...]
    complete: bool = True

    @property
    def routers(self) -> frozenset[str]:
        """The names of all routers that can answer."""
        return frozenset(router.name for each in self.found for router in each.routers)


@dataclass(frozen=True, slots=True)
class Representatives:
    """Requests without headers and query, one for each class.

    :param complete: whether they stand for all requests.
    """

    requests: tuple[Request, ...]
    complete: bool


# -- unknown headers, query and client address ----------------------------------------------------


def possible(
    configuration: Configuration, partial: Request, among: Muxer | None = None
) -> Outcomes:
    """Every way in which requests like this one can be answered, whatever their headers, query and
    client address.

    ``X-Forwarded-*`` count as unknown too: a proxy that the entry point trusts may set them.

    :param partial: method, host, path, entry point and TLS count.
    :param among: the muxer of its entry point, if it is at hand.
    """
    partial = replace(partial, headers=(), query="")
    among = among or muxer(configuration, partial.entry_point, tls=partial.tls)
    point = configuration.static.entry_points.get(partial.entry_point)
    path = routing_path(partial.path, sanitize=point is None or point.sanitize_path)
    if path is None:
        return Outcomes(partial, (Outcome((), partial),))
    host = canonical_host(partial.host)
    facts = Facts(method=partial.method, host=host, path=path)
    return _Search(partial, facts, tuple(among.candidates(host))).outcomes()


Decisions = Mapping[Condition, bool]


class _Search:
    """Decides unknown conditions both ways, from the best router down."""

    def __init__(self, partial: Request, facts: Facts, candidates: tuple[Router, ...]) -> None:
        self._partial = partial
        self._facts = facts
        self._levels = [
            tuple(level)
            for _, level in groupby(
                (
                    router
                    for router in candidates
                    if router.formula is not None and truth(router.formula, facts) is not False
                ),
                key=lambda router: router.priority,
            )
        ]
        self._maker = _Maker(partial)
        self._found: dict[tuple[str, ...], Outcome] = {}
        self._steps = 0

    def outcomes(self) -> Outcomes:
        self._decide({}, 0)
        if self._steps > LIMIT:
            return self._everything()
        return Outcomes(self._partial, tuple(self._found.values()), self._is_complete)

    @property
    def _is_complete(self) -> bool:
        return all(outcome.request is not None for outcome in self._found.values())

    def _everything(self) -> Outcomes:
        """Each router that is not impossible, down to the first that is certain."""
        found = []
        for level in self._levels:
            found.append(Outcome(level, None))
            if any(self._value(router, {}) for router in level):
                return Outcomes(self._partial, tuple(found), complete=False)
        return Outcomes(self._partial, (*found, Outcome((), None)), complete=False)

    def _decide(self, decisions: Decisions, level: int) -> None:
        self._steps += 1
        if self._steps > LIMIT:
            return
        while level < len(self._levels):
            routers = self._levels[level]
            values = [self._value(router, decisions) for router in routers]
            open_ = next((r for r, v in zip(routers, values, strict=True) if v is None), None)
            if open_ is not None:
                self._branch(open_, decisions, level)
                return
            if any(values):
                winners = tuple(r for r, v in zip(routers, values, strict=True) if v)
                self._conclude(winners, decisions)
                return
            level += 1
        self._conclude((), decisions)

    def _branch(self, router: Router, decisions: Decisions, level: int) -> None:
        assert router.formula is not None
        condition = next(
            each
            for each in conditions(router.formula)
            if self._facts(each) is None and each not in decisions
        )
        for value in (False, True):
            further = {**decisions, condition: value}
            if self._maker.make(further) is not Impossible:
                self._decide(further, level)

    def _value(self, router: Router, decisions: Decisions) -> bool | None:
        assert router.formula is not None

        def known(condition: Condition) -> bool | None:
            value = self._facts(condition)
            return decisions.get(condition) if value is None else value

        return truth(router.formula, known)

    def _conclude(self, winners: tuple[Router, ...], decisions: Decisions) -> None:
        names = tuple(router.name for router in winners)
        known = self._found.get(names)
        if known is not None and known.request is not None:
            return
        request = self._maker.make(decisions)
        if request is Impossible:
            return
        made = request if isinstance(request, Request) else None
        self._found[names] = Outcome(winners, made, tuple(decisions.items()))


class _Impossible:
    """There is no such request."""


class _Unknown:
    """Whether there is such a request was not found out."""


Impossible = _Impossible()
Unknown = _Unknown()
_Values = tuple[str, ...]


class _Maker:
    """Makes requests for which given conditions hold, and others do not."""

    def __init__(self, partial: Request) -> None:
        self._partial = partial
        self._classes: dict[tuple[Subject, str, frozenset[Condition]], Classes] = {}

    def make(self, decisions: Decisions) -> Request | _Impossible | _Unknown:
        """A request, or the knowledge that there is none."""
        parts: dict[tuple[Subject, str], dict[Condition, bool]] = {}
        for condition, value in decisions.items():
            is_query = condition.subject is Subject.FIRST_QUERY
            subject = Subject.QUERY if is_query else condition.subject
            parts.setdefault((subject, condition.key), {})[condition] = value
        made = self._partial
        unknown = False
        for (subject, key), wanted in parts.items():
            values = self._values(subject, key, wanted)
            if isinstance(values, _Impossible):
                return Impossible
            if isinstance(values, _Unknown):
                unknown = True
            else:
                made = _with(made, subject, key, values)
        return Unknown if unknown else made

    def _values(
        self, subject: Subject, key: str, wanted: Mapping[Condition, bool]
    ) -> _Values | _Impossible | _Unknown:
        if subject is Subject.CLIENT:
            return _address(wanted)
        if subject is Subject.HEADER and key == "Host":
            return Impossible if any(wanted.values()) else ()
        if not any(wanted.values()):
            return ()  # without the header or the parameter, none of its conditions holds
        texts = self._texts(subject, key, frozenset(wanted))
        return _cover(texts, wanted)

    def _texts(self, subject: Subject, key: str, about: frozenset[Condition]) -> Classes:
        found = self._classes.get((subject, key, about))
        if found is None:
            guard: Guard = ValueGuard(header=subject is Subject.HEADER)
            found = classes((condition.test for condition in about), guard)
            self._classes[subject, key, about] = found
        return found


def _cover(texts: Classes, wanted: Mapping[Condition, bool]) -> _Values | _Impossible | _Unknown:
    """Values that together fulfil what shall hold, and none of them what shall not."""
    allowed = [
        text
        for text in texts.texts
        if not any(condition.test(text) for condition, value in wanted.items() if not value)
        and any(condition.test(text) for condition, value in wanted.items() if value)
    ]
    missing = {condition for condition, value in wanted.items() if value}
    chosen: list[str] = []
    while missing:
        best = max(allowed, key=lambda text: sum(each.test(text) for each in missing), default=None)
        covered = {each for each in missing if best is not None and each.test(best)}
        if best is None or not covered:
            return Impossible if texts.complete else Unknown
        if chosen and any(each.subject is Subject.FIRST_QUERY for each in wanted):
            return Unknown
        chosen.append(best)
        missing -= covered
    return tuple(chosen)


def _with(request: Request, subject: Subject, key: str, values: _Values) -> Request:
    if subject is Subject.CLIENT:
        return replace(request, client_ip=values[0])
    if subject is Subject.HEADER:
        more = tuple((key, value) for value in values)
        return replace(request, headers=request.headers + more)
    pairs = [f"{_escaped(key)}={_escaped(value)}" for value in values]
    return replace(request, query="&".join([request.query, *pairs] if request.query else pairs))


def _escaped(text: str) -> str:
    return "".join(
        each if each.isascii() and each.isalnum() else "".join(f"%{b:02X}" for b in each.encode())
        for each in text
    )


def _address(wanted: Mapping[Condition, bool]) -> _Values | _Impossible:
    """An address: whether it is in a network changes at the networks' edges only."""
    networks = {
        network
        for condition in wanted
        if isinstance(condition.test, Within)
        for network in condition.test.networks
    }
    candidates = [ipaddress.ip_address("192.0.2.1"), ipaddress.ip_address("2001:db8::1")]
    for network in sorted(networks, key=str):
        candidates.append(network.network_address)
        last = int(network.broadcast_address)
        if last + 1 < 2**network.max_prefixlen:
            candidates.append(type(network.network_address)(last + 1))
        candidates.append(type(network.network_address)(0))
    for candidate in candidates:
        if all(condition.test(str(candidate)) == value for condition, value in wanted.items()):
            return (str(candidate),)
    return Impossible


# -- classes of requests --------------------------------------------------------------------------


#: Tests of the paths of a router, besides those of its rule.
Paths = Callable[[Router], Iterable[Test]]


def _no_paths(_: Router) -> Iterable[Test]:
    return ()


def representatives(
    configuration: Configuration, host: str | None = None, paths: Paths = _no_paths
) -> Representatives:
    """Requests on every entry point, with TLS and without, one for each class.

    :param host: that of all requests; without one, hosts are divided into classes as well.
    :param paths: what else the paths of a router are to be told apart by. Whoever asks something
        else of a path than the rules do has to say so, or one path stands for others that differ
        from it in just that.
    """
    found: list[Request] = []
    complete = True
    # Most hosts have the same kinds of paths.
    known: dict[tuple[frozenset[Test], bool], Classes] = {}
    for (entry_point, tls), among in muxers(configuration).items():
        hosts = _hosts(among) if host is None else Classes((host,))
        complete &= hosts.complete
        for each in hosts.texts:
            base = Request(host=each, entry_point=entry_point, tls=tls)
            point = configuration.static.entry_points[entry_point]
            requests = _of_host(base, among, paths, point.sanitize_path, known)
            found += requests.requests
            complete &= requests.complete
    return Representatives(tuple(found), complete)


def _hosts(among: Muxer) -> Classes:
    return classes(_tests(among.routers, Subject.HOST), HostGuard())


def _of_host(
    base: Request,
    among: Muxer,
    told_apart: Paths,
    sanitized: bool,
    known: dict[tuple[frozenset[Test], bool], Classes],
) -> Representatives:
    host = canonical_host(base.host)
    facts = Facts(method=None, host=host, path=None)
    routers = [
        router
        for router in among.candidates(host)
        if router.formula is not None and truth(router.formula, facts) is not False
    ]
    tests = frozenset(_tests(routers, Subject.PATH)).union(*map(told_apart, routers))
    if (tests, sanitized) not in known:
        known[tests, sanitized] = classes(tests, PathGuard(sanitized=sanitized))
    paths = known[tests, sanitized]
    return Representatives(
        tuple(
            replace(base, method=method, path=raw_path(path))
            for path in paths.texts
            for method in _methods(routers)
        ),
        paths.complete,
    )


def _tests(routers: Iterable[Router], subject: Subject) -> Iterator[Test]:
    for router in routers:
        if router.formula is not None:
            for condition in conditions(router.formula):
                if condition.subject is subject:
                    yield condition.test


def _methods(routers: Iterable[Router]) -> tuple[str, ...]:
    """Every method that a rule mentions, the usual ones, and one that no rule mentions."""
    mentioned = {
        text
        for test in _tests(routers, Subject.METHOD)
        if isinstance(test, Exactly)
        for text in test.texts
    }
    other = next(each for each in _UNMENTIONED if each not in mentioned)
    return (*dict.fromkeys([*METHODS, *sorted(mentioned)]), other)


def sweep(configuration: Configuration, host: str | None = None) -> Iterator[Outcomes]:
    """Every way in which any request can be answered.

    :param host: that of all requests; None for every host.
    """
    return outcomes(configuration, representatives(configuration, host))


def outcomes(configuration: Configuration, of: Representatives) -> Iterator[Outcomes]:
    """Every way in which requests of these classes can be answered."""
    among = muxers(configuration)
    for request in of.requests:
        yield possible(configuration, request, among[request.entry_point, request.tls])
