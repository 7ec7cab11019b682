"""A stack as named facts, in which what is its own is neutral: what prod and dev are compared by.

So whatever spells the same thing in another way is no difference.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from pytest_codex.compose.masking import looks_secret, masked_value, shown
from pytest_codex.compose.places import Place
from pytest_codex.compose.project import Mount
from pytest_codex.invariants.meanings import Meaning, required_paths
from pytest_codex.invariants.neutral import Neutral
from pytest_codex.invariants.stack import Stack
from pytest_codex.traefik.chains import is_rate_limit
from pytest_codex.traefik.configuration import Configuration, Middleware, Origin, Router, Service
from pytest_codex.traefik.matching import Formula, compile_rule
from pytest_codex.traefik.static import Syntax

#: Variables that cannot but differ.
OWN_VARIABLES = frozenset({"PROXY_ENV", "CODEX_HOME"})
_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that can differ.

    :param what: it, in a sentence; without its stack.
    :param meanings: its value, in each sense in which it may be that of the other side.
    :param shown: its value for people; empty where there is nothing to it but being there.
    :param place: returns the line of a label of it, or of what it is a part of.
    :param label: its own.
    :param whole: the name of the fact that it is a part of.
    :param optional: whether it may be on one side only.
    """

    what: str
    meanings: tuple[object, ...]
    shown: str
    place: Callable[[str], Place]
    label: str = ""
    whole: str = ""
    optional: bool = False

    def is_same(self, other: Fact) -> bool:
        return any(meaning in other.meanings for meaning in self.meanings)

    @property
    def at(self) -> Place:
        return self.place(self.label)

    def on(self, target: str) -> str:
        return f"{self.shown} on {target}" if self.shown else f"on {target}"


#: The meaning of what there is no more to say of.
_THERE = (True,)
Facts = Mapping[str, Fact]
#: Where the labels of something are, and the label of each of its fields.
_Labels = tuple[Origin, Mapping[str, str]]


_OWN_FIELDS = frozenset({"Rule", "RuleSyntax", "DefaultRule", "EntryPoints", "Middlewares",
                         "Service", "Priority", "TLS"})  # fmt: skip
#: Lists in which neither order nor case matters, and those in which order does not.
_HEADER_LISTS = re.compile(r"\w+Headers")
_SETS = re.compile(r"\w*(?:Methods|OriginList|OriginListRegex|ContentTypes|SourceRange|Hosts|IPs)")


def routing_facts(stack: Stack) -> Facts:
    """What Traefik makes of a stack: routers, middlewares and services."""
    return _Routing(stack).facts()


class _Routing:
    """What Traefik makes of a stack, as facts."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._neutral = Neutral(stack)
        self._configuration: Configuration = stack.deployment.configuration
        self._main = self._main_service()

    def facts(self) -> Facts:
        """All facts by their names."""
        found: dict[str, Fact] = {}
        routers = self._configuration.routers
        for router in routers:  # of one on several entry points, all but those is the same
            found |= self._router(router)
        extra = {name for each in routers if self._is_extra(each) for name in self._chain(each)}
        needed = {n for each in routers if not self._is_extra(each) for n in self._chain(each)}
        for middleware in self._stack.middlewares():
            # What a chain is made of is told where it matters: of the routers that have it.
            if middleware.kind != "Chain" or middleware.disabled:
                found |= self._middleware(middleware, middleware.name in extra - needed)
        used = {router.service for router in routers}
        for service in self._configuration.services.values():
            origin = service.origins[0]
            if origin.container and (origin.label or service.name in used):
                found |= self._service(service, (origin, service.sources))
        return found

    # -- routers --

    def _router(self, router: Router) -> dict[str, Fact]:
        whole = f"router.{self._neutral.name(router.declared)}"
        what = f"router {router.declared}"
        labels = (router.origin, router.sources)
        place = partial(self._place, labels)
        fields = router.fields
        points = fields.get("EntryPoints") or self._configuration.static.default_entry_points
        priority = fields.get("Priority") or 0
        chain = self._chain(router)
        service = router.service

        def fact(name: str, field: str, meaning: object, shown: str) -> Fact:
            return Fact(f"the {name} of {what}", (meaning,), shown, place, field, whole)

        found = {
            whole: Fact(what, _THERE, "", place, "rule", "", self._is_extra(router)),
            f"{whole}.rule": fact("rule", "rule", self._meaning(router), _short(router.rule)),
            f"{whole}.entryPoints": fact(
                "entry point", "entrypoints", frozenset(points), ", ".join(points)
            ),
            f"{whole}.tls": fact("TLS", "tls", router.tls, "set" if router.tls else "not set"),
            f"{whole}.priority": fact(
                "priority", "priority", priority, str(priority or "the length of its rule")
            ),
            f"{whole}.middlewares": fact(
                "chain",
                "middlewares",
                tuple(map(self._neutral.name, chain)),
                ", ".join(each.removesuffix("@docker") for each in chain) or "empty",
            ),
            f"{whole}.service": fact(
                "service", "service", self._identity(service), service.removesuffix("@docker")
            ),
        }
        tls = fields.get("TLS") or {}
        rest = {key: value for key, value in fields.items() if key not in _OWN_FIELDS}
        found |= self._fields((f"{whole}.tls", what), tls, "tls", labels, whole)
        return found | self._fields((whole, what), rest, "", labels, whole)

    def _chain(self, router: Router) -> tuple[str, ...]:
        """The names of what stands on the way, known or not."""
        service = self._configuration.services.get(router.service)
        found: list[str] = []
        for name in (*router.middlewares, *(service.middlewares if service else ())):
            known = [each.name for each in self._configuration.expanded((name,))]
            found += known if name in self._configuration.middlewares else [name]
        return tuple(found)

    def _meaning(self, router: Router) -> Meaning:
        syntax: Syntax = "v2" if router.fields.get("RuleSyntax") == "v2" else "v3"
        text = self._neutral.text(router.rule)
        works = router.formula is not None
        return Meaning(text, syntax, works, partial(self._formula, router.rule, syntax))

    def _formula(self, rule: str, syntax: Syntax) -> Formula:
        return compile_rule(self._neutral.rule(rule, syntax), syntax)

    def _is_extra(self, router: Router) -> bool:
        """Whether it only serves public paths that no router of the playbook has: ``/readyz``."""
        policy = self._stack.policy
        models = f"{policy.base_path}/models"
        paths = required_paths(router.formula) if router.formula else None
        own = {models, f"{models}/", policy.health_path}
        return paths is not None and paths <= set(policy.public_paths) - own

    # -- services --

    def _main_service(self) -> str:
        """The service of the API router, which may be called anything."""
        for router in self._stack.routers("api"):
            service = self._configuration.services.get(router.service)
            if service and service.servers:
                return service.name
        return f"{self._stack.named('api')}@docker"

    def _identity(self, service: str) -> str:
        return "the application" if service == self._main else self._neutral.name(service)

    def _service(self, service: Service, labels: _Labels) -> dict[str, Fact]:
        is_main = service.name == self._main
        whole = "service" if is_main else f"service.{self._neutral.name(service.declared)}"
        what = f"service {service.declared}"
        place = partial(self._place, labels)
        found = {whole: Fact(what, _THERE, "", place)}
        for field in ("port", "scheme", "url"):
            values = sorted(filter(None, (getattr(server, field) for server in service.servers)))
            if values:
                found[f"{whole}.{field}"] = Fact(
                    f"the {field} of {what}",
                    (values,),
                    _shown(tuple(values)),
                    place,
                    f"loadbalancer.server.{field}",
                    whole,
                )
        balancer = service.fields.get("LoadBalancer", {})
        rest = {key: value for key, value in balancer.items() if key != "Server"}
        server = {
            key: value
            for key, value in balancer.get("Server", {}).items()
            if key not in ("Port", "Scheme", "URL")
        }
        found |= self._fields((whole, what), server, "loadbalancer.server", labels, whole)
        return found | self._fields((whole, what), rest, "loadbalancer", labels, whole)

    # -- middlewares --

    def _middleware(self, middleware: Middleware, optional: bool) -> dict[str, Fact]:
        whole = f"middleware.{self._neutral.name(middleware.declared)}"
        what = f"middleware {middleware.declared}"
        labels = (middleware.origin, middleware.sources)
        kind = middleware.kind
        place = partial(self._place, labels)
        shown = f"of type {kind}" if kind else "without a type"
        found = {whole: Fact(what, (kind,), shown, place, "", "", optional)}
        fields = dict(middleware.fields)
        if is_rate_limit(middleware):
            # How much is meant to differ; whether there is a limit is not.
            limited = fields.pop("Average", 0) > 0
            fields.pop("Burst", None)
            found[f"{whole}.average"] = Fact(
                f"the average of {what}",
                (limited,),
                "a limit" if limited else "no limit",
                place,
                "ratelimit.average",
                whole,
            )
        return found | self._fields((whole, what), fields, kind.lower(), labels, whole)

    # -- fields of any of them --

    def _fields(
        self,
        thing: tuple[str, str],
        fields: Mapping[str, object],
        prefix: str,
        labels: _Labels,
        whole: str,
    ) -> dict[str, Fact]:
        """The fields of a thing with a name and what it is called in a sentence."""
        name, what = thing
        return {
            f"{name}.{'.'.join(path)}": Fact(
                f"{'.'.join(path)} of {what}",
                self._meanings(path, value),
                _shown(value, ".".join((prefix, *path))),
                partial(self._place, labels),
                ".".join((prefix, *path)).lstrip("."),
                whole,
            )
            for path, value in _flat(fields)
        }

    def _meanings(self, path: tuple[str, ...], value: object) -> tuple[object, ...]:
        field = path[-1]
        if isinstance(value, tuple) and _HEADER_LISTS.fullmatch(field):
            return (frozenset(str(each).lower() for each in value),)
        if isinstance(value, tuple) and _SETS.fullmatch(field):
            return tuple(
                frozenset(map(str, each)) for each in (value, map(self._neutral.text, value))
            )
        if path == ("address",):
            return (self._neutral.address(str(value)),)
        if path == ("service",):
            return (self._identity(f"{str(value).removesuffix('@docker')}@docker"),)
        return value, self._neutral.value(value)

    def _place(self, labels: _Labels, field: str) -> Place:
        """The line of a field, or of the nearest field that it is a part of."""
        origin, sources = labels
        path = field.lower()
        while path and path not in sources:
            path = path.rpartition(".")[0]
        written = [
            label
            for own, label in sources.items()
            if not path or own == path or own.startswith(f"{path}.")
        ]
        place = self._stack.deployment.label_place
        return min((place(origin, label) for label in written), default=place(origin))


_Field = tuple[tuple[str, ...], object]


def _flat(fields: Mapping[str, object], *, headers: bool = False) -> Iterator[_Field]:
    """Each value with its path, as labels spell it; the case of headers' names does not matter."""
    for name, value in fields.items():
        own = name.lower() if headers else _camel(name)
        if isinstance(value, Mapping) and value:
            for path, inner in _flat(value, headers=name.endswith("Headers")):
                yield (own, *path), inner
        else:
            yield (own,), value


def _camel(name: str) -> str:
    """``STSSeconds`` as ``stsSeconds``."""
    return re.sub(r"^[A-Z]+(?![a-z])|^[A-Z]", lambda found: found[0].lower(), name)


def _shown(value: object, name: str = "") -> str:
    """A value of a field for people, without secrets.

    :param name: the field's, as a label has it.
    """
    match value:
        case bool():
            return str(value).lower()
        case tuple():
            return _short(", ".join(_shown(each, name) for each in value))
        case Mapping():
            pairs = ", ".join(
                f"{_camel(str(key))}={_shown(each, str(key))}" for key, each in value.items()
            )
            return pairs or "set"
        case float():
            return f"{value:g} s"
        case _:
            return _short(masked_value(name, str(value))) or "empty"


def _short(text: str) -> str:
    text = shown(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


# -- the application ------------------------------------------------------------------------------


def application_facts(stack: Stack) -> Facts:
    """The application's variables and mounts.

    :raises UnjudgedError: if there is no application.
    """
    app, neutral = stack.app, Neutral(stack)
    text = app.environment.get("CODEX_HOME")
    home = posixpath.normpath(text.value) if text and text.value else ""
    found: dict[str, Fact] = {}
    for name, written in app.environment.items():
        if name in OWN_VARIABLES:
            continue
        value = written.value
        # Of a secret only whether there is one: stacks have keys of their own.
        is_secret = looks_secret(name)
        meanings = (bool(value),) if is_secret else (value, _inside(home, neutral.text(value)))
        shown = ("set" if value else "empty") if is_secret else _shown(value)
        at = partial(_itself, written.at)
        found[f"environment.{name}"] = Fact(f"variable {name}", meanings, shown, at)
    for mount in app.volumes:
        target = _inside(home, mount.target)
        if target != _HOME:
            source = _source(stack, neutral, mount)
            access = "read-only" if mount.read_only else "writable"
            found[f"mount.{target}"] = Fact(
                f"mount {mount.target}",
                ((mount.kind, source, access),),
                f"{source or mount.kind} ({access})",
                partial(_itself, mount.at),
            )
    return found


_HOME = "$CODEX_HOME"


def _itself(place: Place, _label: str) -> Place:
    return place


def _inside(home: str, path: str) -> str:
    """A path of the container; one in the application's home as seen from there."""
    is_inside = home and (path == home or path.startswith(f"{home}/"))
    return f"{_HOME}{path.removeprefix(home)}" if is_inside else path


def _source(stack: Stack, neutral: Neutral, mount: Mount) -> str:
    """What is mounted; a folder of the project as seen from the project's."""
    if mount.kind != "bind":
        return neutral.name(mount.source)
    directory = posixpath.normpath(str(stack.project.directory.absolute()))
    if mount.source == directory or mount.source.startswith(f"{directory}/"):
        return f".{mount.source.removeprefix(directory)}"
    return mount.source
