"""What the matchers of a rule mean: an expression becomes conditions on the parts of a request.

A condition looks at one part of a request (its *subject*) and tests its text. The conditions of all
rules can therefore be asked, subject by subject, which texts they tell apart (:mod:`classes`).

Source: Traefik documentation, "HTTP Routers", "Rules"; for syntax v2 its migration guide, and the
path templates of gorilla/mux, on which that syntax is built.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from pytest_codex.traefik.regexes import Regex, RegexError, compile_regex
from pytest_codex.traefik.requests import Request, canonical_host, query_values, routing_path
from pytest_codex.traefik.rules import And, Expression, Matcher, Not, Or
from pytest_codex.traefik.rules import parse as parse_rule
from pytest_codex.traefik.static import Syntax
from pytest_codex.traefik.tokens import RuleError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Subject(Enum):
    """The part of a request that a condition looks at."""

    METHOD = "method"
    HOST = "host"
    PATH = "path"
    HEADER = "header"
    QUERY = "query"
    FIRST_QUERY = "first query value"
    CLIENT = "client address"


# -- tests of a text ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Exactly:
    """The text is one of these."""

    texts: frozenset[str]

    def __call__(self, text: str) -> bool:
        return text in self.texts


@dataclass(frozen=True, slots=True)
class StartsWith:
    """The text begins with this."""

    prefix: str

    def __call__(self, text: str) -> bool:
        return text.startswith(self.prefix)


@dataclass(frozen=True, slots=True)
class Contains:
    """A regular expression matches some part of the text."""

    pattern: str
    regex: Regex = field(compare=False, repr=False)

    def __call__(self, text: str) -> bool:
        return self.regex.search(text)


@dataclass(frozen=True, slots=True)
class Within:
    """The text is an address in one of these networks."""

    networks: frozenset[Network]

    def __call__(self, text: str) -> bool:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in self.networks)


Test = Exactly | StartsWith | Contains | Within


# -- formulas -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Condition:
    """A test of one part of a request.

    :param key: the name of the header, in the form that Go gives it, or of the query parameter.
    """

    subject: Subject
    key: str
    test: Test


@dataclass(frozen=True, slots=True)
class Every:
    """All parts are true; without any, true."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """One part is true; without any, false."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Inverse:
    """The part is false."""

    part: Formula


Formula = Condition | Every | Some | Inverse
ALWAYS: Formula = Every(())


def truth(formula: Formula, known: Callable[[Condition], bool | None]) -> bool | None:
    """The value of a formula, or None where it depends on what is not known."""
    match formula:
        case Condition():
            return known(formula)
        case Inverse(part):
            value = truth(part, known)
            return None if value is None else not value
        case Every(parts):
            return _fold(parts, known, decisive=False)
        case Some(parts):
            return _fold(parts, known, decisive=True)


def _fold(
    parts: Iterable[Formula], known: Callable[[Condition], bool | None], *, decisive: bool
) -> bool | None:
    result: bool | None = not decisive
    for part in parts:
        value = truth(part, known)
        if value is decisive:
            return decisive
        if value is None:
            result = None
    return result


def conditions(formula: Formula) -> Iterator[Condition]:
    """Every condition of a formula."""
    match formula:
        case Condition():
            yield formula
        case Inverse(part):
            yield from conditions(part)
        case Every(parts) | Some(parts):
            for part in parts:
                yield from conditions(part)


def required_hosts(formula: Formula) -> frozenset[str] | None:
    """The hosts one of which a request must have for a formula to be true, or None for any."""
    match formula:
        case Condition(Subject.HOST, _, Exactly(texts)):
            return texts
        case Every(parts):
            found = [hosts for part in parts if (hosts := required_hosts(part)) is not None]
            return min(found, key=len, default=None)
        case Some(parts):
            each = [required_hosts(part) for part in parts]
            known = [hosts for hosts in each if hosts is not None]
            return frozenset[str]().union(*known) if len(known) == len(each) else None
        case _:
            return None


# -- the facts of a request -----------------------------------------------------------------------


class Facts:
    """A request's parts as conditions see them. Parts that are None are not known."""

    def __init__(
        self,
        *,
        method: str | None,
        host: str | None,
        path: str | None,
        headers: Mapping[str, tuple[str, ...]] | None = None,
        query: Mapping[str, list[str]] | None = None,
        client_ip: str | None = None,
    ) -> None:
        """
        :param host: in canonical form.
        :param path: the routing path.
        """
        self._texts = {Subject.METHOD: method, Subject.HOST: host, Subject.PATH: path,
                       Subject.CLIENT: client_ip}  # fmt: skip
        self._headers = headers
        self._query = query

    @classmethod
    def of(cls, request: Request, path: str) -> Facts:
        """The facts of a request whose routing path is known."""
        return cls(
            method=request.method,
            host=canonical_host(request.host),
            path=path,
            headers=_headers(request),
            query=query_values(request.query),
            client_ip=request.client_ip,
        )

    def __call__(self, condition: Condition) -> bool | None:
        """Whether a condition holds, or None if that is not known."""
        subject = condition.subject
        if subject is Subject.HEADER:
            if self._headers is None:
                return None
            return any(map(condition.test, self._headers.get(condition.key, ())))
        if subject in (Subject.QUERY, Subject.FIRST_QUERY):
            if self._query is None:
                return None
            values = self._query.get(condition.key, [])
            if subject is Subject.FIRST_QUERY:
                values = values[:1]
            return any(map(condition.test, values))
        text = self._texts[subject]
        return None if text is None else condition.test(text)


#: Headers that a client's request cannot set: Traefik writes them before it routes.
_FORWARDED = re.compile(r"X-Forwarded-.*|X-Real-Ip")


def _headers(request: Request) -> dict[str, tuple[str, ...]]:
    """Headers as routers see them: Go takes ``Host`` out, Traefik replaces ``X-Forwarded-*``."""
    found: dict[str, tuple[str, ...]] = {}
    for sent, value in request.headers:
        name = canonical_header(sent)
        if name != "Host" and not _FORWARDED.fullmatch(name):
            found[name] = (*found.get(name, ()), value.strip(" \t"))
    return found | {
        "X-Forwarded-Proto": ("https" if request.tls else "http",),
        "X-Forwarded-Host": (request.host,),
        "X-Real-Ip": (request.client_ip,),
    }


_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def canonical_header(name: str) -> str:
    """A header's name as Go writes it: ``x-api-key`` is ``X-Api-Key``."""
    if not _TOKEN.fullmatch(name):
        return name
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


# -- from rules to formulas -----------------------------------------------------------------------


def compile_rule(rule: str, syntax: Syntax = "v3") -> Formula:
    """A rule as a formula.

    :raises RuleError: where Traefik refuses the rule: its grammar, a regular expression, a path
        without a leading slash, a host that is not ASCII, an address that is none.
    """
    return _lowered(parse_rule(rule, syntax), _V3 if syntax == "v3" else _V2)


def matches(formula: Formula, request: Request) -> bool:
    """Whether a formula is true of a request, to an entry point that sanitizes paths."""
    path = routing_path(request.path)
    return path is not None and bool(truth(formula, Facts.of(request, path)))


def _lowered(expression: Expression, meanings: Mapping[str, _Meaning]) -> Formula:
    match expression:
        case Not(operand):
            return Inverse(_lowered(operand, meanings))
        case And(operands):
            return Every(tuple(_lowered(each, meanings) for each in operands))
        case Or(operands):
            return Some(tuple(_lowered(each, meanings) for each in operands))
        case Matcher(name, _, position):
            try:
                return meanings[name](*expression.args)
            except RegexError as error:
                message = f"{name}: Go refuses the regular expression: {error.message}"
                raise RuleError(message, position) from error
            except ValueError as error:
                raise RuleError(f"{name}: {error}", position) from error


_Meaning = Callable[..., Formula]


def _contains(subject: Subject, pattern: str, key: str = "") -> Condition:
    return Condition(subject, key, Contains(pattern, compile_regex(pattern)))


def _is(subject: Subject, *texts: str, key: str = "") -> Condition:
    return Condition(subject, key, Exactly(frozenset(texts)))


def _method(method: str) -> Formula:
    return _is(Subject.METHOD, method.upper())


def _host(host: str) -> Formula:
    """A dot at the end of either host does not count; ``*`` is any host, ``*.x`` any label."""
    _require_ascii(host)
    host = host.lower()
    if host == "*":
        return ALWAYS
    dotless = host.removesuffix(".")
    if dotless == "*" or dotless.startswith("*."):
        label = "[^.]+" if dotless == "*" else "[^.]*"
        return _contains(Subject.HOST, f"^{label}{re.escape(dotless[1:])}\\.?$")
    return _is(Subject.HOST, host, dotless, host + ".")


def _plain_host(host: str) -> Formula:
    _require_ascii(host)
    host = host.lower()
    return _is(Subject.HOST, host, host.removesuffix("."), host + ".")


def _host_regexp(pattern: str) -> Formula:
    """A pattern that matches the empty text matches every host.

    Traefik also tries it on the host's canonical name, which is empty unless CNAMEs are resolved.
    """
    _require_ascii(pattern)
    condition = _contains(Subject.HOST, pattern)
    return ALWAYS if condition.test("") else condition


def _require_ascii(host: str) -> None:
    if not host.isascii():
        raise ValueError("a host can only be ASCII")


def _require_slash(path: str) -> None:
    if not path.startswith("/"):
        raise ValueError("a path starts with a slash")


def _path(path: str) -> Formula:
    _require_slash(path)
    return _is(Subject.PATH, path)


def _path_prefix(prefix: str) -> Formula:
    _require_slash(prefix)
    return Condition(Subject.PATH, "", StartsWith(prefix))


def _path_regexp(pattern: str) -> Formula:
    return _contains(Subject.PATH, pattern)


def _header(name: str, value: str) -> Formula:
    return _is(Subject.HEADER, value, key=canonical_header(name))


def _header_regexp(name: str, pattern: str) -> Formula:
    return _contains(Subject.HEADER, pattern, key=canonical_header(name))


def _query(key: str, value: str = "") -> Formula:
    return _is(Subject.QUERY, value, key=key)


def _query_regexp(key: str, pattern: str | None = None) -> Formula:
    return _query(key) if pattern is None else _contains(Subject.QUERY, pattern, key=key)


def _client_ip(*sources: str) -> Formula:
    return Condition(Subject.CLIENT, "", Within(frozenset(map(network, sources))))


def network(text: str) -> Network:
    """An address or a network in CIDR notation.

    :raises ValueError: if it is neither.
    """
    address, slash, bits = text.partition("/")
    if "%" in text or (slash and not (bits.isascii() and bits.isdigit())):
        raise ValueError(f"{text!r} is neither an address nor a network")
    return ipaddress.ip_network(f"{ipaddress.ip_address(address)}{slash}{bits}", strict=False)


_V3: Mapping[str, _Meaning] = {
    "ClientIP": _client_ip,
    "Header": _header,
    "HeaderRegexp": _header_regexp,
    "Host": _host,
    "HostRegexp": _host_regexp,
    "Method": _method,
    "Path": _path,
    "PathPrefix": _path_prefix,
    "PathRegexp": _path_regexp,
    "Query": _query,
    "QueryRegexp": _query_regexp,
}


# -- syntax v2 ------------------------------------------------------------------------------------


def _any_of(meaning: Callable[[str], Formula]) -> _Meaning:
    return lambda *args: Some(tuple(map(meaning, args)))


def _template(template: str, default: str, *, whole: bool = True) -> Regex:
    """A gorilla/mux template, ``/users/{id:[0-9]+}``, as a regular expression."""
    parts = ["^"]
    position = 0
    for start, end in _braces(template):
        name, _, pattern = template[start + 1 : end].partition(":")
        if not name or (":" in template[start:end] and not pattern):
            raise ValueError(f"missing name or pattern in {template[start : end + 1]!r}")
        parts += [re.escape(template[position:start]), f"({pattern or default})"]
        position = end + 1
    parts += [re.escape(template[position:]), "$" if whole else ""]
    return compile_regex("".join(parts))


def _braces(template: str) -> list[tuple[int, int]]:
    """Where the outermost braces of a template open and close."""
    found = []
    depth = 0
    start = 0
    for position, character in enumerate(template):
        if character == "{":
            depth += 1
            start = position if depth == 1 else start
        elif character == "}":
            depth -= 1
            if depth == 0:
                found.append((start, position))
            elif depth < 0:
                break
    if depth:
        raise ValueError(f"unbalanced braces in {template!r}")
    return found


def _path_template(template: str) -> Formula:
    _require_slash(template)
    return _templated(Subject.PATH, template, _template(template, "[^/]+"))


def _prefix_template(template: str) -> Formula:
    _require_slash(template)
    return _templated(Subject.PATH, template, _template(template, "[^/]+", whole=False))


def _host_template(template: str) -> Formula:
    _require_ascii(template)
    return _templated(Subject.HOST, template, _template(template, "[^.]+"))


def _templated(subject: Subject, template: str, regex: Regex, key: str = "") -> Formula:
    return Condition(subject, key, Contains(f"{{{template}}}{regex.pattern}", regex))


def _pairs(items: tuple[str, ...]) -> list[tuple[str, str]]:
    if len(items) % 2:
        raise ValueError("arguments come in pairs")
    return list(zip(items[::2], items[1::2], strict=True))


def _headers_v2(*args: str) -> Formula:
    return Every(tuple(_header(name, value) for name, value in _pairs(args)))


def _headers_regexp_v2(*args: str) -> Formula:
    return Every(tuple(_header_regexp(name, pattern) for name, pattern in _pairs(args)))


def _query_v2(*args: str) -> Formula:
    items = tuple(part for arg in args for part in arg.split("=", 1))
    return Every(tuple(_query_template(key, value) for key, value in _pairs(items)))


def _query_template(key: str, value: str) -> Formula:
    regex = _template(value, ".*") if value else compile_regex("")
    return _templated(Subject.FIRST_QUERY, f"{key}={value}", regex, key)


_V2: Mapping[str, _Meaning] = {
    "ClientIP": _client_ip,
    "Headers": _headers_v2,
    "HeadersRegexp": _headers_regexp_v2,
    "Host": _any_of(_plain_host),
    "HostHeader": _any_of(_plain_host),
    "HostRegexp": _any_of(_host_template),
    "Method": _any_of(_method),
    "Path": _any_of(_path_template),
    "PathPrefix": _any_of(_prefix_template),
    "Query": _query_v2,
}
