"""Single labels and settings whose effect is compared one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pytest_codex.traefik.schema import (
    CONFIGURATION,
    CONTAINER,
    Anything,
    Ignored,
    Map,
    Scalar,
    Struct,
    Type,
)

_VALID = {
    Scalar.STRING: "x", Scalar.STRINGS: "x,y", Scalar.BOOL: "true", Scalar.INT: "7",
    Scalar.INT64: "7", Scalar.DURATION: "7s",
}  # fmt: skip
_INVALID = {
    Scalar.BOOL: "maybe", Scalar.INT: "7.0", Scalar.INT64: "many", Scalar.DURATION: "7 s",
}  # fmt: skip


def fields() -> Iterator[tuple[str, str]]:
    """Every field that the schema knows: once with a good value, once with a bad one, and once
    misspelt."""
    for path, type_ in _paths("traefik", CONTAINER):
        yield from _variants(path, type_)
    for path, type_ in _paths("traefik", CONFIGURATION):
        if not path.startswith("traefik.tls.stores") or ".default." in path:
            yield from _variants(path, type_)


def _variants(path: str, type_: Type) -> Iterator[tuple[str, str]]:
    inner = type_.type if isinstance(type_, Ignored) else type_
    if isinstance(inner, Scalar):
        yield path, _VALID[inner]
        yield f"{path}x", _VALID[inner]
        if inner in _INVALID:
            yield path, _INVALID[inner]
    else:
        yield path, "true"
        yield path, "false"


def _paths(prefix: str, type_: Type) -> Iterator[tuple[str, Type]]:
    """Every field below a type, with free names filled in."""
    inner = type_.type if isinstance(type_, Ignored) else type_
    match inner:
        case Struct(fields, _, many):
            prefix += "[0]" * many
            for name, field in fields.items():
                yield f"{prefix}.{name.lower()}", field
                yield from _paths(f"{prefix}.{name.lower()}", field)
        case Map(values):
            name = "default" if prefix.endswith(".stores") else "n"
            yield f"{prefix}.{name}", values
            yield from _paths(f"{prefix}.{name}", values)
        case Anything():
            yield f"{prefix}.anything", Scalar.STRING


#: Labels that look odd, beside a router ``a`` and a service ``s``.
LABELS: tuple[tuple[str, str], ...] = (
    ("traefik.http.routers.a.tls.domains[1].main", "x"),
    ("traefik.http.routers.a.tls.domains.main", "x"),
    ("traefik.http.routers.a.tls.domains", "x"),
    ("traefik.http.routers.a.entrypoints[0]", "web"),
    ("traefik.http.routers.a.entrypoints[0].x", "web"),
    ("traefik.http.routers.a.middlewares[0]", "web"),
    ("traefik.http.routers.a.priority[0]", "1"),
    ("traefik.http.routers.a[0].rule", "Host(`c`)"),
    ("traefik.http.routers.[a].rule", "Host(`c`)"),
    ("traefik.http.routers.a b.rule", "Host(`c`)"),
    ("traefik.http.routers.a/b.rule", "Host(`c`)"),
    ("traefik.http.routers.a@b.rule", "Host(`c`)"),
    ("traefik.http.routers.b", "x"),
    ("traefik.http.routers.a.rule.x", "x"),
    ("traefik.http.routers.a.rule.", "x"),
    ("traefik.http..a", "x"),
    ("traefik.http.", "x"),
    ("traefik.http", "x"),
    ("traefik.httpx.a", "x"),
    ("traefik.htp.a", "x"),
    ("traefik", "x"),
    (".traefik.http", "x"),
    ("Traefik.http.routers.b.rule", "Host(`c`)"),
    ("traefik.HTTP.Routers.b.RULE", "Host(`c`)"),
    ("traefik.http.routers.A.priority", "7"),
    ("traefik.http.routers.a.Rule", "Host(`other`)"),
    ("traefik.http.routers.a.rule", ""),
    ("traefik.http.routers.a.priority", ""),
    ("traefik.http.routers.a.priority", "5 "),
    ("traefik.http.routers.a.priority", "+5"),
    ("traefik.http.routers.a.priority", "1_0"),
    ("traefik.http.routers.a.priority", "0x10"),
    ("traefik.http.routers.a.priority", "9223372036854774807"),
    ("traefik.http.routers.a.priority", "9223372036854774808"),
    ("traefik.http.routers.a.priority", "9223372036854775808"),
    ("traefik.http.routers.a.middlewares", "m,"),
    ("traefik.http.routers.a.middlewares", " "),
    ("traefik.http.routers.a.middlewares", ""),
    ("traefik.http.routers.a.middlewares", "nope"),
    ("traefik.http.routers.a.middlewares", "nope@file"),
    ("traefik.http.routers.a.middlewares", "pre@file"),
    ("traefik.http.routers.a.middlewares", "dashboard_redirect@internal"),
    ("traefik.http.routers.a.middlewares", "nope@internal"),
    ("traefik.http.routers.a.service", "s"),
    ("traefik.http.routers.a.service", "S"),
    ("traefik.http.routers.a.service", "s@docker"),
    ("traefik.http.routers.a.service", "noop"),
    ("traefik.http.routers.a.service", "noop@internal"),
    ("traefik.http.routers.a.service", "api@internal"),
    ("traefik.http.routers.a.service", "dashboard@internal"),
    ("traefik.http.routers.a.service", "rest@internal"),
    ("traefik.http.routers.a.service", "nope@internal"),
    ("traefik.http.routers.a.service", "outside@file"),
    ("traefik.http.routers.a.entrypoints", "WEB"),
    ("traefik.http.routers.a.entrypoints", "web,"),
    ("traefik.http.routers.a.entrypoints", " "),
    ("traefik.http.routers.a.entrypoints", ""),
    ("traefik.http.routers.a.entrypoints", "web,web"),
    ("traefik.http.routers.a.entrypoints", "web,secure,nope"),
    ("traefik.http.routers.a.entrypoints", "traefik"),
    ("traefik.http.routers.a.tls", ""),
    ("traefik.http.routers.a.tls", "1"),
    ("traefik.http.routers.a.tls", "TRUE"),
    ("traefik.http.routers.a.tls", "false"),
    ("traefik.http.routers.a.tls.options", "default"),
    ("traefik.http.routers.a.tls.options", "nope"),
    ("traefik.http.routers.a.tls.certresolver", "nope"),
    ("traefik.http.services.s.loadbalancer.server.port", "abc"),
    ("traefik.http.services.s.loadbalancer.server.port", "99999"),
    ("traefik.http.services.s.loadbalancer.server.port", ""),
    ("traefik.http.services.s.loadbalancer.server.scheme", "h2c"),
    ("traefik.http.services.s.loadbalancer.server.scheme", "a b"),
    ("traefik.http.services.s.loadbalancer.server.url", "http://127.0.0.1:1"),
    ("traefik.http.services.s.loadbalancer.server[0].port", "1"),
    ("traefik.http.services.s.loadbalancer.servers.port", "1"),
    ("traefik.http.services.s.loadbalancer.server", "1"),
    ("traefik.http.services.s.loadbalancer.strategy", "p2c"),
    ("traefik.http.services.s.loadbalancer.strategy", "nope"),
    ("traefik.http.services.s.loadbalancer.serverstransport", "nope"),
    ("traefik.http.services.s.middlewares", "nope"),
    ("traefik.http.services.t.loadbalancer.server.port", "1"),
    ("traefik.http.services.t.middlewares", "nope"),
    ("traefik.http.services.t.weighted.services[0].name", "s"),
    ("traefik.docker.network", ""),
    ("traefik.docker.", "x"),
    ("traefik.docker.network.x", "x"),
    ("traefik.enable", ""),
    ("traefik.enable", "T"),
    ("traefik.enable", "yes"),
    ("traefik.enable", "false"),
    ("traefik.Enable", "false"),
    ("traefik.enabled", "true"),
    ("TRAEFIK.enable", "true"),
    ("traefik.tls.stores.defaultx.a", "x"),
    ("traefik.tls.stores.other.a", "x"),
    ("traefik.tcp.routers.t.rule", "HostSNI(`nowhere.invalid`)"),
    ("traefik.tcp.services.t.weighted.services[0].name", "s"),
    ("traefik.udp.routers.t.entrypoints", "nope"),
)

Settings = Mapping[str, str]
#: Settings of a middleware ``m``, which router ``a`` uses.
MIDDLEWARES: tuple[Settings, ...] = (
    {"addprefix.prefix": "/x"},
    {"addprefix.prefix": ""},
    {"stripprefix.prefixes": ""},
    {"stripprefixregex.regex": "("},
    {"stripprefixregex.regex": "^/a"},
    {"replacepath.path": ""},
    {"replacepathregex.regex": "(?=x)"},
    {"replacepathregex.replacement": "x"},
    {"chain.middlewares": ""},
    {"chain.middlewares": "nope"},
    {"chain.middlewares": "m"},
    {"chain.middlewares": "pre@file,pre@file"},
    {"ipwhitelist.sourcerange": "10.0.0.0/8"},
    {"ipallowlist.sourcerange": "10.0.0.0/8, ::1"},
    {"ipallowlist.sourcerange": "10.0.0.0/99"},
    {"ipallowlist.sourcerange": ""},
    {"ipallowlist.ipstrategy.depth": "1"},
    {"ipallowlist.sourcerange": "10.0.0.1", "ipallowlist.rejectstatuscode": "404"},
    {"ipallowlist.sourcerange": "10.0.0.1", "ipallowlist.rejectstatuscode": "999"},
    {"headers.framedeny": "true"},
    {"headers.framedeny": "false"},
    {"headers.stsseconds": "0"},
    {"headers.accesscontrolmaxage": "0"},
    {"headers.sslredirect": "false"},
    {"headers.sslhost": ""},
    {"headers.featurepolicy": ""},
    {"headers.sslredirect": "true"},
    {"headers.accesscontrolalloworiginlistregex": "("},
    {"headers.accesscontrolalloworiginlist": "*"},
    {"headers.customrequestheaders.X": ""},
    {"headers.customrequestheaders.X.Y": "1"},
    {"headers.isdevelopment": "true"},
    {"headers": "true"},
    {"encodedcharacters.allowencodedslash": "false"},
    {"errors.status": "500-599,404", "errors.service": "s"},
    {"errors.status": "500", "errors.service": "nope"},
    {"errors.status": "5xx", "errors.service": "s"},
    {"errors.status": "500"},
    {"errors.service": "s", "errors.statusrewrites.404": "x"},
    {"ratelimit.average": "1"},
    {"ratelimit.average": "-1"},
    {"ratelimit.period": "-1s"},
    {"ratelimit.sourcecriterion.requestheadername": "x",
     "ratelimit.sourcecriterion.requesthost": "true"},
    {"ratelimit.sourcecriterion.requesthost": "true",
     "ratelimit.sourcecriterion.ipstrategy.depth": "1"},
    {"ratelimit": "true"},
    {"redirectregex.regex": "a**"},
    {"redirectregex.regex": "^a"},
    {"redirectscheme.scheme": "https"},
    {"redirectscheme.port": "443"},
    {"basicauth.users": "a:b"},
    {"basicauth.users": "a"},
    {"basicauth.realm": "x"},
    {"digestauth.users": "a:b:c"},
    {"digestauth.users": "a:b"},
    {"digestauth.realm": "x"},
    {"forwardauth.address": ""},
    {"forwardauth.address": "http://127.0.0.1:1/verify"},
    {"forwardauth.trustforwardheader": "true"},
    {"forwardauth.address": "http://a", "forwardauth.authresponseheadersregex": "("},
    {"inflightreq.amount": "0"},
    {"buffering.maxrequestbodybytes": "-1"},
    {"buffering.memrequestbodybytes": "-1"},
    {"buffering.memrequestbodybytes": "0"},
    {"buffering.retryexpression": "IsNetworkError() && Attempts() < 2"},
    {"circuitbreaker.expression": "NetworkErrorRatio() > 0.5"},
    {"circuitbreaker.checkperiod": "1s"},
    {"compress": ""},
    {"compress": "true"},
    {"compress": "false"},
    {"compress": "yes"},
    {"compress.encodings": "gzip"},
    {"compress.encodings": "foo"},
    {"compress.encodings": ""},
    {"compress.defaultencoding": "br"},
    {"compress.encodings": "gzip", "compress.defaultencoding": "br"},
    {"compress.excludedcontenttypes": "text/event-stream"},
    {"compress.excludedcontenttypes": "a/b", "compress.includedcontenttypes": "c/d"},
    {"passtlsclientcert.pem": "true"},
    {"retry.attempts": "1"},
    {"retry.attempts": "0"},
    {"retry.timeout": "1s"},
    {"retry.attempts": "1", "retry.status": "abc"},
    {"retry.attempts": "1", "retry.disableretryonnetworkerror": "true"},
    {"contenttype": "true"},
    {"contenttype": "false"},
    {"contenttype.autodetect": "false"},
    {"grpcweb.alloworigins": "*"},
    {"plugin.nope.x": "1"},
    {"plugin.nope": "1"},
    {"snippet.serversnippet": "x"},
    {"approot.path": "/"},
    {"headers.framedeny": "true", "compress": "true"},
    {"headers.framedeny": "true", "compress": "false"},
    {"nosuch.x": "1"},
    {},
)  # fmt: skip

#: Rules that are accepted or refused; what decides is in the name, in the grammar or in a value.
RULES: tuple[str, ...] = (
    "Host(`a`)", "host(`a`)", "HOST(`a`)", "Hostregexp(`a`)", "hostRegexp(`a`)",
    "pathPrefix(`/`)", "Host(`a`) && Path(`/`)", "Host(`a`)&&Path(`/`)",
    "Host(`a`) and Path(`/`)", "Host(`a`) & Path(`/`)", "Host(`a`) | Path(`/`)",
    "Host(`a`) Path(`/`)", "Host(`a`) &&", "&& Host(`a`)", "!Host(`a`)", "!!Host(`a`)",
    "! Host(`a`)", "-Host(`a`)", "^Host(`a`)", "(Host(`a`))", "((Host(`a`)))", "(Host(`a`)",
    "Host(`a`))", "()", "Host", "Host(", "Host()", "Host(``)", 'Host("")', "Host(`a`,)",
    "Host(`a`,,)", "Host(,`a`)", "Host(`a`, `b`)", "Host(`a` `b`)", "Host('a')", "Host(a)",
    "Host(1)", "Host(1.5)", "Host(nil)", "Host(`a` + `b`)", 'Host("a\\x41")', 'Host("\\q")',
    'Host("\\u00e4")', 'Path("/\\u00e4")', 'Path("/\\400")', 'Path("/\\101")', 'Path("/\\ud800")',
    'Path("/\\U00110000")', 'Path("/a', "Path(`/a", 'Path("/a\n")', "Path(`/a\n`)",
    "Host(`a`)\n&& Path(`/`)", "Host(`a`) &&\nPath(`/`)", "Host(`a`)\n", "\nHost(`a`)",
    "(\nHost(`a`))", "(Host(`a`)\n)", "Host(\n`a`)", "Host(`a`\n)", "Host(`a`,\n)", "Host\n(`a`)",
    "!\nHost(`a`)", "Host(`a`);", "Host(`a`) // x", "// x\nHost(`a`)",
    "Host(`a`) /* x */ && Path(`/`)", "Host(`a`) /* x\n*/ && Path(`/`)",
    "Host(`a`) && /* x\n*/ Path(`/`)", "/* x", "Host(`a`) /*", "Host(`a`) // x\n&& Path(`/`)",
    "Host(`a`) && // x\nPath(`/`)", "", " ", "`a`", '"a"', "1", "Host(`a`) == Host(`b`)",
    "Host(`a`) + Host(`b`)", "Host(`a`) < Host(`b`)", "a.Host(`a`)", "Host(`a`).x",
    "Host(`a`)[0]", "Host{`a`}", "func() {}", "Host(`a`...)", "[]Host(`a`)", "Host(`ä`)",
    "HostRegexp(`ä`)", "Path(`ä`)", "Path(`/ä`)", "Path(`a`)", "PathPrefix(``)",
    "PathPrefix(`a`)", "PathRegexp(`a`)", "Method(`get`)", "Method(`GET`, `POST`)", "Header(`a`)",
    "Header(`a`, `b`)", "Header(`a`, `b`, `c`)", "HeaderRegexp(`a`, `(`)", "Query(`a`)",
    "Query(`a`, ``)", "Query(`a`, `b`)", "Query(`a`, `b`, `c`)", "QueryRegexp(`a`)",
    "QueryRegexp(`a`, `(`)", "ClientIP(`1.2.3.4`)", "ClientIP(`1.2.3.4/8`)",
    "ClientIP(`1.2.3.4/33`)", "ClientIP(`1.2.3`)", "ClientIP(`01.2.3.4`)", "ClientIP(`::1`)",
    "ClientIP(`::/0`)", "ClientIP(`1.2.3.4/`)", "ClientIP(`1.2.3.4/08`)",
    "ClientIP(`1.2.3.4/+8`)", "ClientIP(`fe80::1%eth0`)", "ClientIP(`::ffff:1.2.3.4`)",
    "ClientIP(`::ffff:1.2.3.4/100`)", "ClientIP(` 1.2.3.4`)", "ClientIP(`1.2.3.4/255.0.0.0`)",
    "Headers(`a`, `b`)", "HostHeader(`a`)", "HostSNI(`a`)",
    "Host(`a`) && !(Path(`/a`) || !Method(`GET`))", "Host(`a`) || Path(`/`) && Method(`GET`)",
    "\ufeffHost(`a`)", "Host(`a`)\x00", "Host(`\x00`)", "Path(`/\x00`)", "if Host(`a`)",
    "Host(`a`) && return", "Host(`a`) :: Path(`/`)", "Host(`a`) # x", "Host(`a`) @",
    "Host(`a`) ? x", "Host (`a`)", "Host(`a`)\r\n", "Host(`a`) &&\r\nPath(`/`)", "Host(`a\r`)",
    "_(`a`)", "ＨＯＳＴ(`a`)", "Host(0x1)", "Host('\\n')", "Host(''')",
)  # fmt: skip

#: Regular expressions that Go accepts or refuses.
PATTERNS: tuple[str, ...] = (
    "a", "a*", "a**", "a*?", "a*??", "a+*", "a{2}", "a{2}{3}", "a{2}?", "a{,2}", "a{2,}",
    "a{2,1}", "a{1000}", "a{1001}", "a{01}", "(a{100}){10}", "(a{100}){11}", "a{2", "{2}", "*a",
    "(*a)", "a|*", "a||b", "|", "(", ")", "()", "(a", "a)", "(?:a)", "(?i)a", "(?i:a)b",
    "(?i-s)a", "(?-)a", "(?)a", "(?x)a", "(?im-sU)a", "(?--i)a", "(?i-)a", "(?P<n>a)", "(?<n>a)",
    "(?P<n>a)(?P<n>b)", "(?P<>a)", "(?P<n-m>a)", "(?P<1>a)", "(?P<n", "(?P=n)", "(?P>n)", "(?=a)",
    "(?!a)", "(?<=a)", "(?<!a)", "(?>a)", "(?#a)", "(?(1)a)", "\\1", "\\7", "\\8", "\\0", "\\07",
    "\\01", "\\123", "\\12", "\\18", "\\x41", "\\x4", "\\x{41}", "\\x{}", "\\x{110000}",
    "\\x{10FFFF}", "\\u0041", "\\a", "\\e", "\\cA", "\\Q*\\E+", "\\Qa", "\\E", "\\A", "\\z",
    "\\Z", "\\b", "\\B", "\\<", "\\_", "\\-", "\\é", "\\G", "\\K", "\\R", "\\X", "\\C", "\\d",
    "\\D", "\\w", "\\s", "\\S", "\\h", "\\v", "\\pL", "\\p{L}", "\\p{Lu}", "\\p{^L}", "\\PL",
    "\\p{Nope}", "\\p{}", "\\p", "\\pX", "\\p{Any}", "\\p{Greek}", "\\P{^Han}", "\\p{greek}",
    "\\p{Letter}", "\\p{Cased_Letter}", "\\p{ASCII}", "\\p{Lower case letter}", "\\pl",
    "\\p{Assigned}", "\\p{Cn}", "\\p{LC}", "\\p{digit}", "\\p{cntrl}", "\\p{Combining_Mark}",
    "\\p{L", "[a]", "[a", "[]", "[]]", "[]a]",
    "[^]", "[^]a]", "[^a]", "[a-z]", "[z-a]", "[a-]", "[-a]", "[a-b-c]", "[--a]", "[a\\]]",
    "[\\d]", "[a-\\d]", "[\\d-z]", "[\\b]", "[\\x41-\\x5A]", "[\\Q]", "[[:alpha:]]",
    "[[:^alpha:]]", "[[:nope:]]", "[[:alpha]", "[:alpha:]", "[[.a.]]", "[[=a=]]", "[[:word:]]",
    "[\\pL]", "[^\\PL]", "[a&&b]", "a$b", "^*", "$*", "(^)*", "\\b+", "a\\", "x{", "x{}", "x{a}",
    "x{1,a}", "}", "]", "a{1}{", "(?i)(?s)", "(?s).", "a(?i)b|c", "((((((a))))))", "é+", "[é-ü]",
    "日本", "\\pN+", "(|a)*", "(|a)+", "(a*)*", "(a*)+", "(a|b)*c", ".*.*.*=.*", "a++", "a?+",
    "a?*",
)  # fmt: skip
