"""What is not the same on dev and prod, and not meant to differ.

Each stack is turned into named facts in which its own names, host and ports are neutral, and the
facts are compared. So whatever spells the same thing in another way is no difference.

Source: the playbook, "Map DEV settings to PROD".
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial
from urllib.parse import urlsplit

from pytest_codex.compose.masking import looks_secret, masked_value
from pytest_codex.compose.places import Place
from pytest_codex.compose.project import Mount
from pytest_codex.invariants.findings import Finding, UnjudgedError
from pytest_codex.invariants.seeds import shown
from pytest_codex.invariants.stack import Stack
from pytest_codex.traefik.chains import is_rate_limit
from pytest_codex.traefik.configuration import Configuration, Middleware, Origin, Router, Service
from pytest_codex.traefik.matching import (
    Condition,
    Every,
    Exactly,
    Formula,
    Inverse,
    Some,
    Subject,
    compile_rule,
    matches,
    required_hosts,
)
from pytest_codex.traefik.proof import representatives, sweep
from pytest_codex.traefik.requests import Request
from pytest_codex.traefik.rules import And, Expression, Matcher, Not, Or, matchers, parse
from pytest_codex.traefik.static import EntryPoint, Static, Syntax

#: Variables that cannot but differ.
OWN_VARIABLES = frozenset({"PROXY_ENV", "CODEX_HOME"})
#: What stands for a stack's host, and what its names begin with, in facts.
_HOST = "stack"
_LONGEST = 160


@dataclass(frozen=True, slots=True)
class _Fact:
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

    def is_same(self, other: _Fact) -> bool:
        return any(meaning in other.meanings for meaning in self.meanings)

    @property
    def at(self) -> Place:
        return self.place(self.label)

    def on(self, target: str) -> str:
        return f"{self.shown} on {target}" if self.shown else f"on {target}"


#: The meaning of what there is no more to say of.
_THERE = (True,)
_Facts = Mapping[str, _Fact]
#: Where the labels of something are, and the label of each of its fields.
_Labels = tuple[Origin, Mapping[str, str]]


def routing_is_the_same(prod: Stack, dev: Stack) -> Iterator[Finding]:
    """Yield each difference of routers, rules, chains, middlewares' settings and service ports.

    :raises UnjudgedError: if Traefik has no router of one of the two.
    """
    for stack in (prod, dev):
        if not stack.deployment.configuration.routers:
            raise UnjudgedError(
                f"because of routers-exist: Traefik has no router of {stack.policy.target}"
            )
    facts = _Routing(prod).facts(), _Routing(dev).facts()
    yield from _differences("routing-is-the-same", (prod, dev), facts)


def environment_is_the_same(prod: Stack, dev: Stack) -> Iterator[Finding]:
    """Yield each difference of the applications' variables and mounts, as advice.

    :raises UnjudgedError: if one of the two has no application.
    """
    facts = _application(prod), _application(dev)
    for finding in _differences("environment-is-the-same", (prod, dev), facts):
        yield replace(finding, advice=True)


# -- comparing ------------------------------------------------------------------------------------


def _differences(
    rule: str, stacks: tuple[Stack, Stack], facts: tuple[_Facts, _Facts]
) -> Iterator[Finding]:
    intended = [each.lower() for stack in stacks for each in stack.policy.intended]
    different = set()
    # A whole comes before its parts, and of what is missing altogether the parts need no word.
    for name in sorted({**facts[0], **facts[1]}):
        prod, dev = facts[0].get(name), facts[1].get(name)
        fact = prod or dev
        if fact is None or fact.whole in different or (prod and dev and prod.is_same(dev)):
            continue
        different.add(name)
        if any(fnmatchcase(name.lower(), pattern) for pattern in intended):
            continue
        if prod and dev:
            yield _difference(rule, name, stacks, prod, dev)
        elif prod:
            yield _one_sided(rule, name, stacks, prod, facts[1])
        else:
            yield _one_sided(rule, name, (stacks[1], stacks[0]), fact, facts[0])


_EXPECTED = "the same on both; names, hosts and ports aside"


def _difference(
    rule: str, name: str, stacks: tuple[Stack, Stack], prod: _Fact, dev: _Fact
) -> Finding:
    here, there = (stack.policy.target for stack in stacks)
    return Finding(
        rule,
        prod.at,
        f"{prod.what} is {prod.on(here)} and {dev.on(there)}",
        _EXPECTED,
        _mend(name),
        request=_telling(stacks[0], prod.meanings[0], dev.meanings[0]),
        other=dev.at,
    )


def _one_sided(
    rule: str, name: str, stacks: tuple[Stack, Stack], fact: _Fact, others: _Facts
) -> Finding:
    """What only the first of two stacks has."""
    here, there = (stack.policy.target for stack in stacks)
    whole = others.get(fact.whole)
    return Finding(
        rule,
        fact.at,
        f"{fact.what} is {fact.on(here)} and missing on {there}",
        _EXPECTED,
        _mend(name),
        other=whole.place(fact.label) if whole else _nearest(stacks[1], name),
        advice=fact.optional,
    )


def _mend(name: str) -> str:
    return f'make them equal, or add "{name}" to intended in the configuration'


def _nearest(stack: Stack, name: str) -> Place:
    """Where something that a stack lacks would be: where it was lost, or else at its service."""
    kind, _, rest = name.partition(".")
    if kind in ("router", "middleware"):
        for loss in stack.losses_of(stack.named(rest)):
            if loss.origins and loss.origins[0].container:
                return stack.deployment.label_place(loss.origins[0])
    try:
        app = stack.app
    except UnjudgedError:
        return stack.top
    beside = {
        "environment": [text.at for text in app.environment.values()],
        "mount": [mount.at for mount in app.volumes],
    }
    return next(iter(beside.get(kind, ())), app.at)


def _telling(stack: Stack, one: object, other: object) -> str:
    """A request that tells two rules apart, as a curl line; empty for what is no rule."""
    if not (isinstance(one, _Meaning) and isinstance(other, _Meaning)):
        return ""
    for request in one.told_apart(other):
        if request is None:
            continue
        asked = request if request.host else replace(request, host=_ANY_HOST)
        if matches(one.formula(), asked) != matches(other.formula(), asked):
            own = required_hosts(one.formula()) or frozenset()
            is_own = asked.host == _HOST and _HOST in own
            return replace(asked, host=stack.host if is_own else asked.host).curl()
    return ""


#: A host that no rule names, for a request of any host.
_ANY_HOST = "host.invalid"

# -- the facts of routing -------------------------------------------------------------------------

_OWN_FIELDS = frozenset({"Rule", "RuleSyntax", "DefaultRule", "EntryPoints", "Middlewares",
                         "Service", "Priority", "TLS"})  # fmt: skip
#: Lists in which neither order nor case matters, and those in which order does not.
_HEADER_LISTS = re.compile(r"\w+Headers")
_SETS = re.compile(r"\w*(?:Methods|OriginList|OriginListRegex|ContentTypes|SourceRange|Hosts|IPs)")


class _Routing:
    """What Traefik makes of a stack, as facts."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._neutral = _Neutral(stack)
        self._configuration: Configuration = stack.deployment.configuration
        self._main = self._main_service()

    def facts(self) -> _Facts:
        """All facts by their names."""
        found: dict[str, _Fact] = {}
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

    def _router(self, router: Router) -> dict[str, _Fact]:
        whole = f"router.{self._neutral.name(router.declared)}"
        what = f"router {router.declared}"
        labels = (router.origin, router.sources)
        place = partial(self._place, labels)
        fields = router.fields
        points = fields.get("EntryPoints") or self._configuration.static.default_entry_points
        priority = fields.get("Priority") or 0
        chain = self._chain(router)
        service = router.service

        def fact(name: str, field: str, meaning: object, shown: str) -> _Fact:
            return _Fact(f"the {name} of {what}", (meaning,), shown, place, field, whole)

        found = {
            whole: _Fact(what, _THERE, "", place, "rule", "", self._is_extra(router)),
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

    def _meaning(self, router: Router) -> _Meaning:
        syntax: Syntax = "v2" if router.fields.get("RuleSyntax") == "v2" else "v3"
        text = self._neutral.text(router.rule)
        works = router.formula is not None
        return _Meaning(text, syntax, works, partial(self._formula, router.rule, syntax))

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

    def _service(self, service: Service, labels: _Labels) -> dict[str, _Fact]:
        is_main = service.name == self._main
        whole = "service" if is_main else f"service.{self._neutral.name(service.declared)}"
        what = f"service {service.declared}"
        place = partial(self._place, labels)
        found = {whole: _Fact(what, _THERE, "", place)}
        for field in ("port", "scheme", "url"):
            values = sorted(filter(None, (getattr(server, field) for server in service.servers)))
            if values:
                found[f"{whole}.{field}"] = _Fact(
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

    def _middleware(self, middleware: Middleware, optional: bool) -> dict[str, _Fact]:
        whole = f"middleware.{self._neutral.name(middleware.declared)}"
        what = f"middleware {middleware.declared}"
        labels = (middleware.origin, middleware.sources)
        kind = middleware.kind
        place = partial(self._place, labels)
        shown = f"of type {kind}" if kind else "without a type"
        found = {whole: _Fact(what, (kind,), shown, place, "", "", optional)}
        fields = dict(middleware.fields)
        if is_rate_limit(middleware):
            # How much is meant to differ; whether there is a limit is not.
            limited = fields.pop("Average", 0) > 0
            fields.pop("Burst", None)
            found[f"{whole}.average"] = _Fact(
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
    ) -> dict[str, _Fact]:
        """The fields of a thing with a name and what it is called in a sentence."""
        name, what = thing
        return {
            f"{name}.{'.'.join(path)}": _Fact(
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


# -- neutral names, hosts and ports ---------------------------------------------------------------


class _Neutral:
    """Takes out of values what is a stack's own: its names, its host, its port."""

    def __init__(self, stack: Stack) -> None:
        self._prefix = stack.prefix.lower()
        self._address = stack.policy.auth_address
        try:
            host = stack.host
        except UnjudgedError:
            host = ""
        # In a regular expression, the dots of a host are escaped or stand in brackets.
        dotted = r"(?:\\?\.|\[\.\])".join(map(re.escape, host.split(".")))
        whole = rf"(?<![\w-]){dotted}(?:\.(?![\w-]))?(?![\w-])" if host else r"(?!)"
        self._host = re.compile(whole, re.IGNORECASE)

    def name(self, name: str) -> str:
        """A name without its provider, and without what the stack's names begin with."""
        own = name.removesuffix("@docker").lower()
        return _HOST if own == self._prefix else own.removeprefix(f"{self._prefix}-")

    def text(self, text: str) -> str:
        """A text with a neutral host."""
        return self._host.sub(_HOST, text)

    def value(self, value: object) -> object:
        """A value with a neutral host in its texts."""
        match value:
            case str():
                return self.text(value)
            case tuple():
                return tuple(map(self.value, value))
            case Mapping():
                return {name: self.value(each) for name, each in value.items()}
            case _:
                return value

    def address(self, address: str) -> object:
        """An address of ForwardAuth, neutral where its port is the stack's own."""
        try:
            parts, own = urlsplit(address), urlsplit(self._address)
            is_own = parts.port == own.port if self._address else parts.hostname in _LOOPBACK
            port = "own" if is_own else parts.port
        except ValueError:
            return address
        return (parts.scheme, parts.hostname, port, parts.path, parts.query)

    def rule(self, rule: str, syntax: Syntax) -> str:
        """A rule with a neutral host, written in one way."""
        expression = parse(rule, syntax)
        # Such a text cannot stand between backticks, as it is written here.
        if any("`" in arg for matcher in matchers(expression) for arg in matcher.args):
            return rule
        return str(self._expression(expression))

    def _expression(self, expression: Expression) -> Expression:
        match expression:
            case Matcher(name, args, position):
                return Matcher(name, tuple(map(self.text, args)), position)
            case Not(operand):
                return Not(self._expression(operand))
            case And(operands):
                return And(tuple(map(self._expression, operands)))
            case Or(operands):
                return Or(tuple(map(self._expression, operands)))


_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

# -- the meaning of rules -------------------------------------------------------------------------

#: One entry point with TLS is enough to compare two rules.
_ARENA = Static(entry_points={"websecure": EntryPoint(":443", tls=True)})


@dataclass(frozen=True, slots=True, eq=False)
class _Meaning:
    """What a rule matches; two are equal if no request tells them apart.

    :param text: the rule, its host neutral.
    :param works: whether Traefik accepts it.
    :param formula: returns what it means; only for one that works.
    """

    text: str
    syntax: Syntax
    works: bool
    formula: Callable[[], Formula]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Meaning):
            return NotImplemented
        if not (self.works and other.works):
            return self.works == other.works and self.text.split() == other.text.split()
        return (
            (self.text, self.syntax) == (other.text, other.syntax)
            or _canonical(self.formula()) == _canonical(other.formula())
            or not any(True for _ in self.told_apart(other))
        )

    __hash__ = None  # type: ignore[assignment]

    def told_apart(self, other: _Meaning) -> Iterator[Request | None]:
        """Requests that one of the rules matches and the other does not; None: one may exist."""
        if not (self.works and other.works):
            return
        one, two = self.formula(), other.formula()
        either = Some((Every((one, Inverse(two))), Every((two, Inverse(one)))))
        router = Router("rule@docker", "rule", "websecure", True, "", either, 1, (),
                        "noop@internal", Origin(""))  # fmt: skip
        configuration = Configuration(_ARENA, (router,))
        for outcomes in sweep(configuration):
            for outcome in outcomes.found:
                if outcome.routers:
                    yield outcome.request
        if not representatives(configuration).complete:
            yield None


def _canonical(formula: Formula) -> object:
    """A formula in which neither the order nor the grouping of parts matters."""
    match formula:
        case Every(parts):
            return ("every", frozenset(_operands(parts, Every)))
        case Some(parts):
            return ("some", frozenset(_operands(parts, Some)))
        case Inverse(part):
            return ("not", _canonical(part))
        case _:
            return formula


def _operands(parts: tuple[Formula, ...], kind: type[Every | Some]) -> Iterator[object]:
    for part in parts:
        if isinstance(part, kind):
            yield from _operands(part.parts, kind)
        else:
            yield _canonical(part)


def required_paths(formula: Formula) -> frozenset[str] | None:
    """The paths one of which a request must have for a formula to be true, or None for any."""
    match formula:
        case Condition(Subject.PATH, _, Exactly(texts)):
            return texts
        case Every(parts):
            found = [paths for part in parts if (paths := required_paths(part)) is not None]
            return min(found, key=len, default=None)
        case Some(parts):
            each = [required_paths(part) for part in parts]
            known = [paths for paths in each if paths is not None]
            return frozenset[str]().union(*known) if len(known) == len(each) else None
        case _:
            return None


# -- the facts of the application -----------------------------------------------------------------


def _application(stack: Stack) -> _Facts:
    app, neutral = stack.app, _Neutral(stack)
    text = app.environment.get("CODEX_HOME")
    home = posixpath.normpath(text.value) if text and text.value else ""
    found: dict[str, _Fact] = {}
    for name, written in app.environment.items():
        if name in OWN_VARIABLES:
            continue
        value = written.value
        # Of a secret only whether there is one: stacks have keys of their own.
        is_secret = looks_secret(name)
        meanings = (bool(value),) if is_secret else (value, _inside(home, neutral.text(value)))
        shown = ("set" if value else "empty") if is_secret else _shown(value)
        at = partial(_itself, written.at)
        found[f"environment.{name}"] = _Fact(f"variable {name}", meanings, shown, at)
    for mount in app.volumes:
        target = _inside(home, mount.target)
        if target != _HOME:
            source = _source(stack, neutral, mount)
            access = "read-only" if mount.read_only else "writable"
            found[f"mount.{target}"] = _Fact(
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


def _source(stack: Stack, neutral: _Neutral, mount: Mount) -> str:
    """What is mounted; a folder of the project as seen from the project's."""
    if mount.kind != "bind":
        return neutral.name(mount.source)
    directory = posixpath.normpath(str(stack.project.directory.absolute()))
    if mount.source == directory or mount.source.startswith(f"{directory}/"):
        return f".{mount.source.removeprefix(directory)}"
    return mount.source
