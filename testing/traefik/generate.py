"""Containers and requests, made at random from a seed: label sets as people write them, with the
mistakes that people make, and requests that find out where the rules end.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import quote

from pytest_codex.traefik.labels import Container
from pytest_codex.traefik.requests import Request
from pytest_codex.traefik.static import EntryPoint, Static

T = TypeVar("T")

#: Two plain entry points, and one on which everything is TLS and passes a middleware.
_ENTRY_POINTS = {
    "web": EntryPoint(":80"),
    "websecure": EntryPoint(":443"),
    "secure": EntryPoint(":8443", tls=True, middlewares=("pre@file",)),
}
STATIC = Static(
    entry_points=_ENTRY_POINTS,
    middlewares={"pre@file": "AddPrefix"},
    services=frozenset({"outside@file"}),
)
#: The same with everything turned round: paths as sent, a default entry point, containers that are
#: exposed on request, rules of syntax v2, another default rule.
OTHER = replace(
    STATIC,
    entry_points={
        "web": replace(_ENTRY_POINTS["web"], sanitize_path=False),
        "websecure": replace(_ENTRY_POINTS["websecure"], as_default=True),
        "secure": _ENTRY_POINTS["secure"],
    },
    exposed_by_default=False,
    rule_syntax="v2",
    default_rule="Host(`{{ .Name }}.a.test`)",
)

HOSTS = ("a.test", "b.test", "x.a.test", "api.example.org")
SEGMENTS = ("v1", "models", "healthz", "chat", "a b", "é", "x,y", "V1", "v1x", "(z)", "a%b")
METHODS = ("GET", "POST", "OPTIONS", "HEAD", "DELETE", "PUT")
HEADERS = ("X-A", "x-b", "Origin", "Authorization")
VALUES = ("1", "2", "yes", "a b", "Bearer k")
KEYS = ("q", "k", "x y")
NETWORKS = ("127.0.0.1", "127.0.0.0/8", "10.0.0.0/8", "::1", "0.0.0.0/0", "192.0.2.1/24")
PATH_PATTERNS = (
    "^/v[0-9]+/", "/models$", "^/(v1|v2)$", "(?i)^/V1", "/[^/]+/chat", ".", "^/$", "\\.json$",
    "^/healthz?$", "^/[[:alpha:]]+$", "a{1,2}", "^/v1(/.*)?$", "\\bchat\\b", "^/\\x{76}1", "x?",
)  # fmt: skip
HOST_PATTERNS = (
    "^a\\.test$",
    ".+\\.a\\.test",
    "(?i)TEST$",
    "^[ab]\\.",
    "org",
    "^(api\\.)?example",
    "^(b)?$",
)
VALUE_PATTERNS = ("^[0-9]+$", "^Bearer ", ".*", "^$", "a|b", "s$")
HOST_TEMPLATES = ("{sub:[a-z]+}.a.test", "{any:.+}", "a.test", "{a}.test", "{a:(b)}", "{}", "{a")
PATH_TEMPLATES = (
    "/{v:v[0-9]+}",
    "/{v}/models",
    "/{rest:.*}",
    "/v1/{id:[a-z]{2,4}}",
    "/{a",
    "/{a:}",
)
BAD_PATTERNS = ("(?=x)", "a**", "(", "[z-a]", "\\1", "x{2000}", "(?<=a)b", "a++", "\\Z", "[a")


@dataclass(frozen=True, slots=True)
class LabelSet:
    """Containers, and the names of the things that their rules speak of."""

    containers: tuple[Container, ...]
    rules: int


class Generator:
    """Makes label sets and requests; the same seed makes the same ones."""

    def __init__(self, seed: int, static: Static = STATIC) -> None:
        self._random = random.Random(seed)
        self._static = static

    # -- label sets -------------------------------------------------------------------------------

    def label_set(self, containers: int = 4, routers: int = 10) -> LabelSet:
        """A few containers with a few routers each."""
        found = [self._container(number, routers) for number in range(containers)]
        rules = sum(label.lower().endswith(".rule") for each in found for label in each.labels)
        return LabelSet(tuple(found), rules)

    def _container(self, number: int, routers: int) -> Container:
        labels: dict[str, str] = {}
        for _ in range(self._random.randint(1, 4)):
            labels |= self._middleware(self._own_name("m", number))
        for _ in range(self._weighted({0: 4, 1: 4, 2: 1})):
            labels |= self._service(self._own_name("svc", number))
        for _ in range(self._random.randint(0, routers)):
            labels |= self._router(f"r{self._random.randint(0, 40)}")
        if not self._static.exposed_by_default and self._chance(0.9):
            labels["traefik.enable"] = "true"
        labels = {self._cased(label): value for label, value in labels.items()}
        if self._chance(0.25):
            labels |= self._mistake()
        ports = tuple(self._random.sample((80, 8080, 3000), self._weighted({0: 1, 1: 6, 2: 2})))
        return Container(
            f"s{number}",
            "p",
            labels,
            ports,
            networks=("default",) if self._chance(0.97) else (),
            running=self._chance(0.97),
            healthy=self._chance(0.97),
        )

    def _router(self, name: str) -> dict[str, str]:
        prefix = f"traefik.http.routers.{name}"
        labels = {}
        syntax = self._weighted({"": 24, "v2": 1, "v3": 1, "V2": 1})
        if syntax:
            labels[f"{prefix}.rulesyntax"] = syntax
        if self._chance(0.95):
            wanted = "v2" if (syntax or self._static.rule_syntax) == "v2" else "v3"
            labels[f"{prefix}.rule"] = self.rule(wanted)
        if self._chance(0.8):
            labels[f"{prefix}.entrypoints"] = self._weighted(
                {"web": 6, "websecure": 6, "secure": 2, "web,websecure": 3, "web, secure": 1,
                 "websecure,nope": 1, "nope": 1, "": 1}
            )  # fmt: skip
        if self._chance(0.4):
            labels[f"{prefix}.tls"] = self._weighted({"true": 8, "false": 2, "TRUE": 1, "1": 1})
        if self._chance(0.03):
            labels[f"{prefix}.tls.options"] = self._one_of(("default", "nope"))
        if self._chance(0.4):
            labels[f"{prefix}.priority"] = self._weighted(
                {self._one_of(("10", "20", "30", "300")): 30, "0": 3, "-5": 3, "+7": 3,
                 "9223372036854774808": 1}
            )  # fmt: skip
        if self._chance(0.3):
            labels[f"{prefix}.middlewares"] = self._chain()
        if self._chance(0.75):
            labels[f"{prefix}.service"] = self._weighted(
                {self._name("svc"): 3, "noop@internal": 30, "outside@file": 12, "s1-p": 2,
                 "ghost": 1, "api@internal": 1, "ping@internal": 1, "s1-p@docker": 1}
            )  # fmt: skip
        return labels

    def _chain(self) -> str:
        names = [self._name("m") for _ in range(self._random.randint(1, 3))]
        if self._chance(0.1):
            names.append(self._one_of(("pre@file", "ghost", "", "ghost@file")))
        return self._one_of((",", ", ")).join(names)

    def _middleware(self, name: str) -> dict[str, str]:
        number = name[1:]
        kinds: dict[tuple[tuple[str, str], ...], int] = {
            (("addprefix.prefix", f"/{name}"),): 10,
            (("headers.customresponseheaders.X-M", number),): 6,
            (("forwardauth.address", "http://127.0.0.1:1/verify"),): 4,
            (("chain.middlewares", self._name("m")),): 3,
            (("ratelimit.average", "1000000"),): 2,
            (("ratelimit.average", "1000000"), ("ratelimit.burst", "1")): 1,
            (("compress", self._one_of(("true", "false"))),): 2,
            (("headers.framedeny", self._one_of(("true", "false"))),): 2,
            (("addprefix.prefix", ""),): 1,
            (("stripprefix.prefixes", "/v1"), ("addprefix.prefix", "/x")): 1,
            (("redirectregex.regex", "("),): 1,
            (("errors.status", "500"), ("errors.service", self._name("svc"))): 1,
            (("retry.attempts", self._one_of(("0", "2"))),): 1,
        }
        return {f"traefik.http.middlewares.{name}.{key}": value
                for key, value in self._weighted(kinds)}  # fmt: skip

    def _service(self, name: str) -> dict[str, str]:
        prefix = f"traefik.http.services.{name}.loadbalancer"
        labels = {f"{prefix}.server.port": self._weighted({"80": 20, "8080": 8, "abc": 1})}
        if self._chance(0.15):
            labels[f"{prefix}.passhostheader"] = self._one_of(("true", "false"))
        if self._chance(0.1):
            labels[f"traefik.http.services.{name}.middlewares"] = self._chain()
        return labels

    def _mistake(self) -> dict[str, str]:
        """A label that costs a container, or that does not, though it looks wrong."""
        name = f"r{self._random.randint(0, 40)}"
        return dict([self._one_of((
            ("traefik.enable", "false"),
            ("traefik.enable", "yes"),
            ("traefik.enable", "true"),
            ("traefik.enabled", "true"),
            ("Traefik.enable", "true"),
            (f"traefik.http.routers.{name}.middleware", "m1"),
            (f"traefik.http.routers.{name}.middlewares[0]", "m1"),
            (f"traefik.http.routers.{name}.priority", "high"),
            (f"traefik.http.router.{name}.rule", "Host(`a.test`)"),
            (f"traefik.htp.routers.{name}.rule", "Host(`a.test`)"),
            (f"traefik.http.routers.{name}.tls.domains[0].main", "a.test"),
            (f"traefik.http.routers.{name}", "x"),
            (f"traefik.http.routers.{name}..rule", "Host(`a.test`)"),
            ("traefik.http.middlewares.m1.headers", "true"),
            ("traefik.http.middlewares.m1.nosuch.x", "true"),
            ("traefik.http.services.svc1.loadbalancer.server.url", "http://127.0.0.1:1"),
            ("traefik.docker.network", "elsewhere"),
            ("traefik.docker.netwrk", "default"),
            ("traefik.docker.allownonrunning", "true"),
            ("traefik.tcp.routers.t.rule", "HostSNI(`nowhere.test`)"),
        ))])  # fmt: skip

    # -- rules ------------------------------------------------------------------------------------

    def rule(self, syntax: str = "v3") -> str:
        """A rule; one in ten is none."""
        self._matcher = self._matcher_v3 if syntax == "v3" else self._matcher_v2
        return self._broken() if self._chance(0.1) else self._expression(self._random.randint(1, 4))

    def _expression(self, size: int) -> str:
        if size <= 1:
            matcher = self._matcher()
            return f"!{matcher}" if self._chance(0.12) else matcher
        left = self._random.randint(1, size - 1)
        operator = self._weighted({" && ": 10, "&&": 1, " || ": 5, "||": 1, " &&\n": 1, "\t&& ": 1})
        text = f"{self._expression(left)}{operator}{self._expression(size - left)}"
        if self._chance(0.3):
            text = f"{'!' * self._chance(0.2)}({text})"
        return text

    def _matcher_v3(self) -> str:
        name, *args = self._weighted({
            ("Host", self._one_of((*HOSTS, "A.Test", "a.test.", "*.a.test", "*", "a.test:80"))): 10,
            ("HostRegexp", self._one_of(HOST_PATTERNS)): 2,
            ("Path", self._path()): 6,
            ("PathPrefix", self._path()): 8,
            ("PathRegexp", self._one_of(PATH_PATTERNS)): 3,
            ("Method", self._one_of((*METHODS, "get"))): 4,
            ("Header", self._one_of(HEADERS), self._one_of(VALUES)): 3,
            ("HeaderRegexp", self._one_of(HEADERS), self._one_of(VALUE_PATTERNS)): 2,
            ("Query", self._one_of(KEYS), self._one_of(VALUES)): 2,
            ("Query", self._one_of(KEYS)): 1,
            ("QueryRegexp", self._one_of(KEYS), self._one_of(VALUE_PATTERNS)): 1,
            ("ClientIP", self._one_of(NETWORKS)): 2,
        })  # fmt: skip
        return self._call(name, args)

    def _matcher_v2(self) -> str:
        name, *args = self._weighted({
            ("Host", self._one_of((*HOSTS, "A.Test", "*.a.test"))): 6,
            ("Host", self._one_of(HOSTS), self._one_of(HOSTS)): 3,
            ("HostHeader", self._one_of(HOSTS)): 1,
            ("HostRegexp", self._one_of(HOST_TEMPLATES)): 3,
            ("Path", self._one_of((self._path(), *PATH_TEMPLATES))): 6,
            ("Path", self._path(), self._path()): 2,
            ("PathPrefix", self._one_of((self._path(), *PATH_TEMPLATES))): 8,
            ("Method", self._one_of((*METHODS, "get")), "PUT"): 4,
            ("Headers", self._one_of(HEADERS), self._one_of(VALUES)): 3,
            ("Headers", self._one_of(HEADERS)): 1,
            ("HeadersRegexp", self._one_of(HEADERS), self._one_of(VALUE_PATTERNS)): 2,
            ("Query", self._one_of(("q=1", "q={v:[0-9]+}", "q=", "k={v}", "q=1=2", "q"))): 3,
            ("Query", "q=1", "k=yes"): 1,
            ("ClientIP", self._one_of(NETWORKS), self._one_of(NETWORKS)): 2,
            ("PathRegexp", "."): 1,
        })  # fmt: skip
        return self._call(name, args)

    def _call(self, name: str, args: Sequence[str]) -> str:
        spelled = self._weighted({name: 12, name.lower(): 1, name.upper(): 1, name.capitalize(): 1})
        comma = self._one_of((", ", ",", " , "))
        trailing = self._weighted({"": 20, ",": 1})
        return f"{spelled}({comma.join(map(self._quoted, args))}{trailing})"

    def _quoted(self, text: str) -> str:
        if self._chance(0.8):
            return f"`{text}`"
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'

    def _path(self) -> str:
        segments = [self._one_of(SEGMENTS) for _ in range(self._random.randint(0, 2))]
        return "/" + "/".join(segments) + "/" * self._chance(0.15)

    def _broken(self) -> str:
        good = self._expression(self._random.randint(1, 2))
        return self._one_of((
            f"{good} and {good}",
            f"{good} | {good}",
            f"{good}\n&& {good}",
            f"{good} // ends here",
            f"/* why */ {good}",
            f"{good})",
            f"({good}",
            "Host('a.test')",
            "Host(a.test)",
            "Host()",
            "Host(``)",
            "Host(`a.test`, `b.test`)",
            "pathPrefix(`/`)",
            "Path(`v1`)",
            "Host(`ä.test`)",
            f"PathRegexp(`{self._one_of(BAD_PATTERNS)}`)",
            "ClientIP(`300.1.1.1`)",
            "Nope(`x`)",
            "Headers(`a`, `b`)",
            f"{good} &&",
            f"!{good}",
            f"!!{good}",
            f"{good} == {good}",
            '"a"',
            "Host(`a.test`",
            'Path("/\\x76\\061")',
            'Path("/\\q")',
            "HostRegexp(`^(foo)?$`)",
            f"{good}\n",
            f"{good};",
            "Host(1)",
        ))  # fmt: skip

    # -- requests ---------------------------------------------------------------------------------

    def requests(self, label_set: LabelSet, count: int) -> Iterator[Request]:
        """Requests of any kind, and requests near to what the routers ask for."""
        routers = [
            (container.labels, label.rpartition(".")[0])
            for container in label_set.containers
            for label in container.labels
            if label.endswith(".rule")
        ]
        for _ in range(count):
            request = self._request()
            if routers and self._chance(0.7):
                request = self._nearer(request, *self._one_of(routers))
            yield request

    def _nearer(self, request: Request, labels: Mapping[str, str], router: str) -> Request:
        """A request with most of what a router asks for."""
        points = [each.strip() for each in labels.get(f"{router}.entrypoints", "").split(",")]
        points = [each for each in points if each in self._static.entry_points]
        if points:
            request = replace(request, entry_point=self._one_of(points))
        tls = self._static.entry_points[request.entry_point].tls or f"{router}.tls" in labels
        request = replace(request, tls=tls)
        rule = labels[f"{router}.rule"]
        for name, first, second in re.findall(
            r"(\w+)\([`\"]([^`\"]*)[`\"](?:[ ,]*[`\"]([^`\"]*))?", rule
        ):
            if self._chance(0.1):
                continue
            match name.lower():
                case "host" if "*" not in first:
                    request = replace(request, host=first.encode("ascii", "ignore").decode())
                case "path" | "pathprefix":
                    more = self._weighted({"": 5, "/": 1, "/x": 1, "x": 2})
                    request = replace(request, path=(quote(first, safe="/,()~") or "/") + more)
                case "method":
                    request = replace(request, method=first.upper())
                case "header" | "headers" if second:
                    request = replace(request, headers=(*request.headers, (first, second)))
                case "query":
                    query = first if "=" in first else f"{quote(first)}={quote(second)}"
                    request = replace(request, query=query)
        return request

    def _request(self) -> Request:
        entry_point = self._one_of(tuple(self._static.entry_points))
        host = self._weighted(dict.fromkeys(HOSTS, 5) | {
            "A.TEST": 1, "a.test.": 1, "a.test:8443": 1, "y.x.a.test": 1, "foreign.test": 1,
            "example": 1, ".a.test": 1,
        })  # fmt: skip
        headers = [
            (self._one_of((name, name.lower())), self._one_of((*VALUES, " 1 ", "")))
            for name in self._random.sample(HEADERS, self._weighted({0: 2, 1: 3, 2: 2}))
        ]
        return Request(
            method=self._one_of((*METHODS, "get", "PROPFIND")),
            host=host,
            path=self._sent_path(),
            headers=tuple(headers),
            query=self._sent_query(),
            client_ip="127.0.0.1",
            tls=self._chance({"web": 0.2, "websecure": 0.7}.get(entry_point, 0.9)),
            entry_point=entry_point,
        )

    def _sent_query(self) -> str:
        pairs = [
            self._one_of(("q=1", "q=2", "k=yes", "q=", "q", "x+y=a%20b", "k=%zz", "q=1;k=2", "&&"))
            for _ in range(self._weighted({0: 4, 1: 3, 2: 2}))
        ]
        return "&".join(pairs)

    def _sent_path(self) -> str:
        names = (
            "v1", "models", "healthz", "chat", "a%20b", "%C3%A9", "x,y", "x%2Cy", "x%2cy", "V1",
            "v1x", "%76%31", "%6dodels", "(z)", "%28z%29", "..", ".", "", "%2e%2e", "a%25b",
            "v1%2Fmodels", "v1%2fmodels", "x.json", "a|b", "a\"b", "%00", "%FF", "a;b", "~a",
            "%7Ea", "a^(z)", "%", "%zz", "aa", "healthz#x", "[z]", "a%5Bz", "a+b", "a=b", "a@b",
            "a:b", "a$b",
        )  # fmt: skip
        if self._chance(0.75):
            names = names[:10]
        segments = [self._one_of(names) for _ in range(self._random.randint(0, 3))]
        return "/" + "/".join(segments) + "/" * self._chance(0.15)

    # -- chance -----------------------------------------------------------------------------------

    def _own_name(self, letters: str, number: int) -> str:
        """A name that no other container uses, as a rule."""
        return f"{letters}{number}" if self._chance(0.8) else self._name(letters)

    def _name(self, letter: str) -> str:
        return f"{letter}{self._random.randint(0, 3)}"

    def _cased(self, label: str) -> str:
        """A label with one name in upper case, now and then; the first one is never."""
        parts = label.split(".")
        if self._chance(0.04):
            position = self._random.randrange(1, len(parts))
            parts[position] = parts[position].upper()
        return ".".join(parts)

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _one_of(self, items: Sequence[T]) -> T:
        return self._random.choice(items)

    def _weighted(self, weights: Mapping[T, int]) -> T:
        return self._random.choices(list(weights), list(weights.values()))[0]
