"""Safe rewrites of the example pair, which mean the same or no harm, and files without Traefik."""

from __future__ import annotations

import re
from typing import NamedTuple

from testing.invariants.changes import (
    ADDRESS,
    API_CHAIN,
    AUTH_PORT,
    CHAIN,
    HOME,
    HOST,
    MODELS,
    PORTS,
    M,
    R,
    S,
)
from testing.invariants.stacks import (
    EXAMPLE,
    EXAMPLES,
    Edit,
    Variant,
    below,
    drop,
    label,
    labels_as_list,
    service,
    swap,
    swap_all,
    top,
)

_LABEL = re.compile(r'^ {6}(traefik\.[^:]+): ("?)(.*?)\2$', re.MULTILINE)
_BASE = CHAIN.removesuffix(",codex-forwardauth")


class Rewrite(NamedTuple):
    """A safe rewrite."""

    name: str
    variant: Variant


def _rewrite(name: str, *edits: Edit, **other: object) -> Rewrite:
    return Rewrite(name, Variant(edits, **other))  # type: ignore[arg-type]


def _router(name: str, rule: str, *more: str) -> Edit:
    fields = (f"rule: {rule}", "entrypoints: websecure", 'tls: "true"', "service: codex-api", *more)
    return label(*(f"traefik.http.routers.{name}.{each}" for each in fields))


def _labels_reversed(text: str) -> str:
    found = [match[0] for match in _LABEL.finditer(text)]
    return _LABEL.sub(lambda _: found.pop(), text)


def _labels_quoted(text: str) -> str:
    return _LABEL.sub(r"""      '\1': '\3'""", text)


def _labels_in_capitals(text: str) -> str:
    """Every part of a label that Traefik reads in any case, in another one."""

    def capitals(match: re.Match[str]) -> str:
        parts = match[1].split(".")
        # Not the first, and not the names, which others refer to.
        name = ".".join(part if n in (0, 3) else part.title() for n, part in enumerate(parts))
        return f"      {name}: {match[2]}{match[3]}{match[2]}"

    return _LABEL.sub(capitals, text)


def _environment_as_list(text: str) -> str:
    return re.sub(r'^( {6})([A-Z_]+): "?(.*?)"?$', r"\1- \2=\3", text, flags=re.MULTILINE)


def _indented_by_four(text: str) -> str:
    return re.sub(r"^ +", lambda margin: margin[0] * 2, text, flags=re.MULTILINE)


def _with_blank_lines(text: str) -> str:
    return text.replace("\n", "   # remark\n\n").replace("&logging   #", "&logging #")


def _windows(text: str) -> str:
    return text.replace("\n", "\r\n")


def _with_mark(text: str) -> str:
    return f"\ufeff{text}"


def _with_dev(text: str) -> str:
    """Both stacks in one file."""
    dev = (EXAMPLES / EXAMPLE["dev"]).read_text(encoding="utf-8")
    services = dev.partition("services:\n")[2].partition("\nnetworks:")[0]
    return text.replace("\nnetworks:\n", f"\n{services}\nnetworks:\n")


def _moved_to_a_file(text: str) -> str:
    return "include:\n  - docker-compose.base.yml\n"


_ACME = (
    swap_all("codex-api", "acme-api"),
    swap_all("routers.codex-", "routers.acme-"),
    swap_all("middlewares.codex-", "middlewares.acme-"),
    swap_all("codex-cors", "acme-cors"),
    swap_all("codex-headers", "acme-headers"),
    swap_all("codex-ratelimit", "acme-ratelimit"),
    swap_all("codex-forwardauth", "acme-forwardauth"),
    swap_all(".acme-api:", ".codex-api:"),
    swap_all("/.acme-api", "/.codex-api"),
    swap_all("routers.acme-api.", "routers.acme-api."),
)

REWRITES = (
    _rewrite("labels as a list", labels_as_list),
    _rewrite("labels as a list of dev", labels_as_list, target="dev"),
    _rewrite("the environment as a list", _environment_as_list),
    _rewrite("labels in another order", _labels_reversed),
    _rewrite("labels in single quotes", _labels_quoted),
    _rewrite("labels in capitals", _labels_in_capitals),
    _rewrite("other margins", _indented_by_four),
    _rewrite("blank lines and remarks", _with_blank_lines),
    _rewrite("line ends of Windows", _windows),
    _rewrite("a byte order mark", _with_mark),
    _rewrite("a byte order mark, and line ends of Windows", _with_mark, _windows),
    _rewrite(
        "a start of the document and a version",
        swap("services:\n", "version: '3.8'\nservices:\n"),
        lambda text: f"---\n{text}",
    ),
    _rewrite("a name of the project", swap("services:\n", "name: codex\nservices:\n")),
    _rewrite(
        "labels by an anchor and a merge key",
        swap(
            "services:\n",
            "x-labels: &labels\n"
            '  traefik.enable: "true"\n'
            "  traefik.docker.network: traefik\n"
            f'  {R}api.tls: "false"\n'
            f"  {R}api.middlewares: {CHAIN}\n"
            "services:\n",
        ),
        drop("      traefik.enable", "      traefik.docker.network", f"      {R}{API_CHAIN[6:]}"),
        below("    labels:", "  <<: *labels"),
    ),
    _rewrite(
        "labels by two merge keys, the earlier of which wins",
        swap(
            "services:\n",
            f"x-a: &a\n  {R}{API_CHAIN[6:]}\nx-b: &b\n  {R}api.middlewares: codex-cors\n"
            "services:\n",
        ),
        drop(f"      {R}{API_CHAIN[6:]}"),
        below("    labels:", "  <<: [*a, *b]"),
    ),
    _rewrite(
        "values by anchors",
        swap(
            f"codex-preflight.middlewares: {_BASE}", f"codex-preflight.middlewares: &base {_BASE}"
        ),
        swap(f"codex-models.middlewares: {_BASE}", "codex-models.middlewares: *base"),
    ),
    _rewrite(
        "ports in the long form",
        swap(
            PORTS,
            '- target: 11435\n        published: "11435"\n        host_ip: 127.0.0.1\n'
            "        protocol: tcp\n        mode: host",
        ),
    ),
    _rewrite("no port at all", swap(f"    ports:\n      {PORTS}\n", "")),
    _rewrite(
        "a port that is exposed only",
        swap(f"    ports:\n      {PORTS}", "    expose:\n      - 11435"),
    ),
    _rewrite(
        "the application on the loopback of IP version 6", swap(PORTS, '- "[::1]:11435:11435"')
    ),
    _rewrite(
        "the application on another address of the loopback", swap(PORTS, '- "127.0.0.2:80:11435"')
    ),
    _rewrite(
        "the authentication server in a range of ports",
        swap(AUTH_PORT, '- "127.0.0.1:18079-18081:8079-8081"'),
    ),
    _rewrite("a port of UDP beside the port", below(PORTS, '- "127.0.0.1:11435:11435/udp"')),
    _rewrite(
        "volumes in the long form",
        swap(HOME, "- {type: bind, source: ./.codex-api, target: /app/.codex-api}"),
    ),
    _rewrite("a volume that says that it is writable", swap(HOME, f"{HOME}:rw,z")),
    _rewrite("a volume with slashes at its ends", swap(HOME, "- ./.codex-api/:/app/.codex-api/")),
    _rewrite("a volume of an absolute path", swap(HOME, "- /srv/codex/.codex-api:/app/.codex-api")),
    _rewrite(
        "the home within a larger mount",
        swap(HOME, "- .:/srv"),
        swap("CODEX_HOME: /app/.codex-api", "CODEX_HOME: /srv/.codex-api/"),
    ),
    _rewrite(
        "further mounts that are read-only", below("./.codex-api:", "- ./scripts:/app/scripts:ro")
    ),
    _rewrite(
        "middlewares with their provider",
        swap_all("codex-forwardauth\n", "codex-forwardauth@docker\n"),
    ),
    _rewrite(
        "a service with its provider",
        swap("codex-models.service: codex-api", "codex-models.service: codex-api@docker"),
    ),
    _rewrite("spaces in the chain", swap(CHAIN, CHAIN.replace(",", " , "))),
    _rewrite("the service named where it is found anyway", label(f"{R}api.service: codex-api")),
    _rewrite(
        "a readiness check that is public", _router("codex-ready", f"{HOST} && Path(`/readyz`)")
    ),
    _rewrite(
        "readiness and liveness in one router",
        _router(
            "codex-state",
            f"{HOST} && (Path(`/readyz`) || Path(`/livez`))",
            "middlewares: codex-headers",
        ),
    ),
    _rewrite(
        "a further path behind ForwardAuth",
        _router("codex-admin", f"{HOST} && PathPrefix(`/admin`)", f"middlewares: {CHAIN}"),
    ),
    _rewrite(
        "everything else behind ForwardAuth",
        _router(
            "codex-rest", f"{HOST} && PathPrefix(`/`)", 'priority: "1"', f"middlewares: {CHAIN}"
        ),
    ),
    _rewrite(
        "a way from HTTP to HTTPS",
        label(
            f"traefik.http.routers.codex-plain.rule: {HOST}",
            "traefik.http.routers.codex-plain.entrypoints: web",
            "traefik.http.routers.codex-plain.middlewares: codex-https",
            "traefik.http.routers.codex-plain.service: noop@internal",
            f"{M}https.redirectscheme.scheme: https",
        ),
    ),
    _rewrite(
        "a way from HTTP to HTTPS that names the application's service",
        label(
            f"traefik.http.routers.codex-plain.rule: {HOST}",
            "traefik.http.routers.codex-plain.entrypoints: web",
            "traefik.http.routers.codex-plain.middlewares: codex-https",
            "traefik.http.routers.codex-plain.service: codex-api",
            f"{M}https.redirectscheme.scheme: https",
        ),
    ),
    _rewrite(
        "a way from another host",
        _router("codex-www", "Host(`www.codex.example.com`)", "middlewares: codex-www"),
        label(
            f"{M}www.redirectregex.regex: ^https?://www[.][^/]+/(.*)",
            f"{M}www.redirectregex.replacement: https://codex-api.example.com/$${{1}}",
        ),
    ),
    _rewrite("rules without spaces", swap_all(" && ", "&&"), swap_all(" || ", "||")),
    _rewrite("rules with more spaces", swap(f"{HOST} && Path(", f"  {HOST}   &&   Path( ")),
    _rewrite(
        "a rule over several lines",
        swap(
            f"rule: {HOST} && Path(`/healthz`)",
            f"rule: >-\n        {HOST} &&\n        Path(`/healthz`)",
        ),
    ),
    _rewrite(
        "rules in double quotes",
        swap(
            f"rule: {HOST} && Path(`/healthz`)",
            """rule: 'Host("codex-api.example.com") && Path("/healthz")'""",
        ),
    ),
    _rewrite(
        "operands in another order",
        swap(f"{HOST} && Path(`/healthz`)", f"Path(`/healthz`) && {HOST}"),
    ),
    _rewrite(
        "brackets around everything",
        swap(f"{HOST} && Path(`/healthz`)", f"(({HOST}) && (Path(`/healthz`)))"),
    ),
    _rewrite(
        "the models' paths in another order",
        swap(MODELS, "(Path(`/v1/models/`) || Path(`/v1/models`))"),
    ),
    _rewrite(
        "the models' paths as one regular expression", swap(MODELS, "PathRegexp(`^/v1/models/?$`)")
    ),
    _rewrite(
        "the models' paths spelt out with the host",
        swap(
            f"{HOST} && {MODELS}", f"{HOST} && Path(`/v1/models`) || {HOST} && Path(`/v1/models/`)"
        ),
    ),
    _rewrite("a rule by what it is not", swap("Path(`/healthz`)", "!(!Path(`/healthz`))")),
    _rewrite(
        "names of matchers in another case",
        swap("Path(`/healthz`)", "PATH(`/healthz`)"),
        swap_all("PathPrefix", "pathprefix"),
    ),
    _rewrite(
        "the host in capitals",
        swap(f"{HOST} && Path(`/h", "Host(`Codex-API.Example.com`) && Path(`/h"),
    ),
    _rewrite(
        "the host with its dot",
        swap(f"{HOST} && Path(`/h", "Host(`codex-api.example.com.`) && Path(`/h"),
    ),
    _rewrite(
        "the host as a regular expression",
        swap(f"{HOST} && Path(`/h", "HostRegexp(`^codex-api[.]example[.]com$`) && Path(`/h"),
    ),
    _rewrite("every router on two hosts", swap_all(HOST, f"({HOST} || Host(`codex.example.org`))")),
    _rewrite(
        "models to be read only",
        swap(MODELS, f"{MODELS} && (Method(`GET`) || Method(`HEAD`))"),
    ),
    _rewrite(
        "no priorities, since the longer rules are the right ones",
        swap(MODELS, f"{MODELS} && (Method(`GET`) || Method(`HEAD`))"),
        drop('"10000"', '"9000"'),
    ),
    _rewrite(
        "the API under its prefix and a slash", swap("PathPrefix(`/v1`)\n", "PathPrefix(`/v1/`)\n")
    ),
    _rewrite("the API's priority as it is anyway", label(f'{R}api.priority: "50"')),
    _rewrite("the API's priority of nought", label(f'{R}api.priority: "0"')),
    _rewrite(
        "other priorities in the same order", swap('"10000"', '"300"'), swap('"9000"', '"200"')
    ),
    _rewrite(
        "preflights only where a browser asks",
        swap(
            "Method(`OPTIONS`)",
            "Method(`OPTIONS`) && HeaderRegexp(`Access-Control-Request-Method`, `.+`)",
        ),
    ),
    _rewrite(
        "preflights that are nothing else, though they would reach the application",
        swap("codex-preflight.service: noop@internal", "codex-preflight.service: codex-api"),
        swap(
            "Method(`OPTIONS`)",
            "Method(`OPTIONS`) && HeaderRegexp(`Origin`, `.`) && "
            "HeaderRegexp(`Access-Control-Request-Method`, `.`)",
        ),
    ),
    _rewrite("tls in capitals", swap('codex-api.tls: "true"', 'codex-api.tls: "TRUE"')),
    _rewrite("tls without quotes", swap_all('tls: "true"', "tls: true")),
    _rewrite("traefik.enable as a number", swap('traefik.enable: "true"', "traefik.enable: 1")),
    _rewrite(
        "certificates by a resolver",
        below(
            "codex-api.tls",
            f"{R}api.tls.certresolver: cloudflare",
            f"{R}api.tls.domains[0].main: example.com",
            f'{R}api.tls.domains[0].sans: "*.example.com"',
        ),
    ),
    _rewrite(
        "a health check of Traefik's, and sticky sessions",
        label(
            f"{S}api.loadbalancer.healthcheck.path: /healthz",
            f"{S}api.loadbalancer.healthcheck.interval: 10s",
            f'{S}api.loadbalancer.sticky.cookie: "true"',
            f'{S}api.loadbalancer.passhostheader: "true"',
        ),
    ),
    _rewrite("access logs", label(f'{R}api.observability.accesslogs: "true"')),
    _rewrite(
        "hosts and ports by variables with defaults",
        swap_all("`codex-api.example.com`", "`${DOMAIN:-codex-api.example.com}`"),
        swap_all("11435:11435", "${PORT:-11435}:${PORT:-11435}"),
        swap('server.port: "11435"', "server.port: ${PORT:-11435}"),
        swap('PORT: "11435"', "PORT: ${PORT:-11435}"),
        swap(ADDRESS, "http://127.0.0.1:${AUTH_PORT:-18080}/verify"),
    ),
    _rewrite(
        "hosts by variables of .env",
        swap_all("`codex-api.example.com`", "`${DOMAIN}`"),
        beside={".env": "DOMAIN=codex-api.example.org\nPROXY_API_KEY=sk-live-0123456789abcdef\n"},
    ),
    _rewrite(
        "hosts by variables of the shell",
        swap_all("`codex-api.example.com`", "`${DOMAIN:?which}`"),
        environ={"DOMAIN": "codex-api.example.org"},
    ),
    _rewrite(
        "the environment from a file",
        drop('PORT: "11435"', "CODEX_HOME", "PROXY_SANDBOX_MODE", "PROXY_CODEX_WORKDIR"),
        swap("  app:\n", "  app:\n    env_file: app.vars\n"),
        beside={
            "app.vars": "PORT=11435\nCODEX_HOME=/app/.codex-api\n"
            "PROXY_SANDBOX_MODE=danger-full-access\nPROXY_CODEX_WORKDIR='/tmp/codex-work'\n"
        },
    ),
    _rewrite(
        "the environment passed on from the shell",
        swap(
            "PROXY_SANDBOX_MODE: ${PROXY_SANDBOX_MODE:-danger-full-access}", "PROXY_SANDBOX_MODE:"
        ),
        environ={"PROXY_SANDBOX_MODE": "danger-full-access"},
    ),
    _rewrite(
        "a variable that nothing depends on is not set",
        below("CODEX_HOME", "CODEX_DEBUG: ${CODEX_DEBUG}"),
    ),
    _rewrite(
        "an application that extends another service of the file",
        swap(
            "  app:\n",
            "  base:\n    image: x\n    profiles: [never]\n    environment:\n"
            "      LOG: debug\n\n  app:\n    extends: base\n    profiles: !reset []\n",
        ),
    ),
    _rewrite(
        "labels from an extended file",
        drop(f"      {R}{API_CHAIN[6:]}"),
        swap("  app:\n", "  app:\n    extends: {file: base.yml, service: base}\n"),
        beside={
            "base.yml": "services:\n  base:\n    labels:\n"
            f"      - {R}{API_CHAIN[6:].replace(': ', '=')}\n"
        },
    ),
    _rewrite(
        "labels from a label file",
        drop(f"      {R}{API_CHAIN[6:]}"),
        swap("  app:\n", "  app:\n    label_file: [app.labels]\n"),
        beside={"app.labels": f"{R}{API_CHAIN[6:].replace(': ', '=')}\n"},
    ),
    _rewrite(
        "everything in an included file",
        _moved_to_a_file,
        beside={
            "docker-compose.base.yml": (EXAMPLES / EXAMPLE["prod"]).read_text(encoding="utf-8")
        },
    ),
    _rewrite(
        "an included file with another service",
        swap("services:\n", "include:\n  - path: more.yml\nservices:\n"),
        beside={"more.yml": "services:\n  redis:\n    image: redis\n"},
    ),
    _rewrite(
        "a second file that changes nothing of this",
        over="services:\n  app:\n    environment:\n      LOG_LEVEL: debug\n    labels:\n"
        "      team: codex\n",
    ),
    _rewrite(
        "a second file that says the same",
        over=f"services:\n  app:\n    labels:\n"
        f"      - {R}{API_CHAIN[6:].replace(': ', '=')}\n    ports:\n      {PORTS}\n",
    ),
    _rewrite(
        "a second file that mends the first",
        swap(",codex-forwardauth", ""),
        over=f"services:\n  app:\n    labels:\n      {R}{API_CHAIN[6:]}\n",
    ),
    _rewrite(
        "a bundled chain before ForwardAuth",
        swap(CHAIN, "codex-edge,codex-forwardauth"),
        label(f"{M}edge.chain.middlewares: {_BASE}"),
    ),
    _rewrite(
        "a bundled chain with ForwardAuth, and one within it",
        swap(CHAIN, "codex-all"),
        label(
            f"{M}all.chain.middlewares: codex-edge@docker,codex-forwardauth",
            f"{M}edge.chain.middlewares: {_BASE}",
        ),
    ),
    _rewrite(
        "middlewares with other names",
        swap_all("codex-cors", "edge-1"),
        swap_all("codex-forwardauth", "bearer"),
    ),
    _rewrite(
        "a limit of requests under way before ForwardAuth",
        swap("codex-ratelimit,codex-forwardauth", "codex-ratelimit,codex-few,codex-forwardauth"),
        label(f'{M}few.inflightreq.amount: "64"'),
    ),
    _rewrite(
        "compression of everything but event streams",
        swap("codex-ratelimit,codex-forwardauth", "codex-ratelimit,codex-gzip,codex-forwardauth"),
        label(f"{M}gzip.compress.excludedContentTypes: text/event-stream, image/png"),
    ),
    _rewrite(
        "compression of JSON",
        swap("codex-ratelimit,codex-forwardauth", "codex-ratelimit,codex-gzip,codex-forwardauth"),
        label(f"{M}gzip.compress.includedContentTypes: application/json"),
    ),
    _rewrite(
        "compression of the models list",
        swap(f"codex-models.middlewares: {_BASE}", f"codex-models.middlewares: {_BASE},codex-gzip"),
        label(f'{M}gzip.compress: "true"'),
    ),
    _rewrite(
        "error pages of another service",
        swap(API_CHAIN, f"codex-api.middlewares: codex-pages,{CHAIN}"),
        label(
            f"{M}pages.errors.status: 500-599",
            f"{M}pages.errors.service: pages",
            f"{M}pages.errors.query: /{{status}}.html",
        ),
        service(
            "pages:",
            "  image: nginx",
            "  networks: [traefik]",
            '  expose: ["80"]',
            "  labels:",
            '    traefik.enable: "true"',
            "    traefik.http.routers.pages.rule: Host(`pages.example.com`)",
            '    traefik.http.services.pages.loadbalancer.server.port: "80"',
        ),
    ),
    _rewrite("ForwardAuth that hands on every header", drop("authRequestHeaders")),
    _rewrite(
        "ForwardAuth that hands on more",
        swap(
            "authRequestHeaders: Authorization", "authRequestHeaders: X-Request-Id, authorization"
        ),
    ),
    _rewrite(
        "ForwardAuth with further settings",
        label(
            f'{M}forwardauth.forwardauth.trustForwardHeader: "true"',
            f"{M}forwardauth.forwardauth.authResponseHeaders: X-User",
        ),
    ),
    _rewrite(
        "CORS by headers written by hand",
        swap(
            'accessControlAllowOriginList: "*"',
            'customResponseHeaders.Access-Control-Allow-Origin: "*"',
        ),
        label(f'{M}cors.headers.accessControlAllowCredentials: "false"'),
    ),
    _rewrite(
        "CORS with credentials for one origin",
        swap(
            'accessControlAllowOriginList: "*"',
            "accessControlAllowOriginList: https://app.example.com",
        ),
        label(f'{M}cors.headers.accessControlAllowCredentials: "true"'),
    ),
    _rewrite(
        "CORS with credentials for the origins of one domain",
        swap(
            'accessControlAllowOriginList: "*"',
            r"accessControlAllowOriginListRegex: ^https://([a-z]+\.)?example\.com$$",
        ),
        label(f'{M}cors.headers.accessControlAllowCredentials: "true"'),
    ),
    _rewrite(
        "the network under another key",
        swap_all("[traefik]", "[edge]"),
        swap("  traefik:\n    external: true", "  edge:\n    name: traefik\n    external: true"),
    ),
    _rewrite(
        "the network in the old form",
        swap("  traefik:\n    external: true", "  edge:\n    external:\n      name: traefik"),
        swap_all("[traefik]", "[edge]"),
    ),
    _rewrite(
        "networks as a map",
        swap(
            "networks: [traefik]\n    labels",
            "networks:\n      traefik:\n        aliases: [codex]\n      default:\n    labels",
        ),
    ),
    _rewrite("another prefix of the names", *_ACME),
    _rewrite("both stacks in one file", _with_dev, policy={"stack": "codex"}),
    _rewrite(
        "both stacks in one file, for dev",
        _with_dev,
        policy={
            "stack": "codex-dev",
            "auth_address": "http://127.0.0.1:18081/verify",
            "home": ".codev",
            "app_environment": {},
        },
    ),
    _rewrite(
        "a database that Traefik does not serve",
        service(
            "db:",
            "  image: postgres:16",
            "  environment:",
            "    POSTGRES_PASSWORD_FILE: /run/secrets/db",
            "  volumes: [db:/var/lib/postgresql/data]",
        ),
        top("volumes:", "  db:"),
    ),
    _rewrite(
        "a cache that is open to others",
        service("cache:", "  image: redis:7", '  ports: ["6379:6379"]'),
    ),
    _rewrite(
        "another application behind the same Traefik",
        service(
            "whoami:",
            "  image: traefik/whoami",
            "  networks: [traefik]",
            "  labels:",
            '    traefik.enable: "true"',
            "    traefik.http.routers.whoami.rule: Host(`whoami.example.com`)",
            "    traefik.http.routers.whoami.entrypoints: websecure",
            '    traefik.http.routers.whoami.tls: "true"',
            '    traefik.http.services.whoami.loadbalancer.server.port: "80"',
        ),
    ),
    _rewrite(
        "Traefik itself in the file",
        service(
            "traefik:",
            "  image: traefik:v3.5",
            "  network_mode: host",
            "  restart: always",
        ),
    ),
    _rewrite(
        "Traefik itself in the file, with its ports",
        service(
            "edge:",
            "  image: traefik:v3.5",
            '  ports: ["80:80", "443:443"]',
            "  networks: [traefik]",
        ),
    ),
    _rewrite(
        "a service that is not to be served",
        service(
            "worker:",
            "  image: codex-completions-api:latest",
            "  networks: [traefik]",
            '  labels: {traefik.enable: "false"}',
        ),
    ),
    _rewrite(
        "labels of other tools",
        label(
            "com.centurylinklabs.watchtower.enable: 'true'",
            "org.opencontainers.image.title: codex",
            "maintainer: x",
        ),
    ),
    _rewrite(
        "variables that only sound like secrets",
        below(
            "CODEX_HOME",
            'MAX_TOKENS: "4096"',
            "AUTH_HEADER: Authorization",
            "KEY_FILE: /run/secrets/key",
            "API_KEY: /run/secrets/key",
            "HF_TOKEN: ''",
        ),
    ),
    _rewrite(
        "an example of a key in a remark",
        below("CODEX_HOME", "# PROXY_API_KEY is sk-your-own-key-goes-here"),
    ),
    _rewrite(
        "the application's profile is asked for",
        swap("  app:\n", "  app:\n    profiles: [prod]\n"),
        profiles=("prod",),
    ),
    _rewrite(
        "other fields of a service",
        swap(
            "    restart: unless-stopped\n    logging: *logging\n    environment:",
            "    restart: always\n    init: true\n    read_only: true\n"
            "    mem_limit: 2g\n    depends_on: [auth]\n    healthcheck:\n"
            "      test: [CMD, curl, -f, http://localhost:11435/healthz]\n"
            "    environment:",
        ),
    ),
)

#: Compose files of which the invariants have nothing to say.
OTHERS = {
    "a database": "services:\n  db:\n    image: postgres:16\n    environment:\n"
    "      POSTGRES_PASSWORD: postgres\n    ports:\n      - 5432:5432\n",
    "a blog": "services:\n  wordpress:\n    image: wordpress\n    restart: always\n    ports:\n"
    "      - 8080:80\n    environment:\n      WORDPRESS_DB_HOST: db\n"
    "      WORDPRESS_DB_PASSWORD: examplepass\n    volumes:\n      - wordpress:/var/www/html\n"
    "  db:\n    image: mysql:8.0\n    environment:\n      MYSQL_RANDOM_ROOT_PASSWORD: '1'\n"
    "    volumes:\n      - db:/var/lib/mysql\nvolumes:\n  wordpress:\n  db:\n",
    "a server of models": "services:\n  llama:\n    image: ghcr.io/ggml-org/llama.cpp:server\n"
    "    command: -m /models/m.gguf --host 0.0.0.0 --port 8080\n    ports: ['8080:8080']\n"
    "    volumes: ['./models:/models']\n",
    "no services": "services: {}\nnetworks: {x: {}}\n",
    "one service without anything": "services:\n  a:\n    image: alpine\n",
    "a proxy of another make": "services:\n  caddy:\n    image: caddy:2\n    network_mode: host\n"
    "    labels:\n      caddy: codex-api.example.com\n      caddy.reverse_proxy: '{{upstreams}}'\n",
    "an observer of the host": "services:\n  agent:\n    image: prom/node-exporter\n    pid: host\n"
    "    network_mode: host\n    volumes: ['/:/host:ro,rslave']\n",
    "nginx and duplicates": "services:\n  web:\n    image: nginx\n    ports: ['80:80']\n"
    "    environment:\n      - A=1\n      - A=2\n",
    "another gateway of models": "services:\n  litellm:\n    image: ghcr.io/berriai/litellm:main\n"
    "    ports: ['4000:4000']\n    environment:\n      LITELLM_MASTER_KEY: sk-1234\n"
    "      DATABASE_URL: ${DATABASE_URL}\n",
    "networks of its own": "services:\n  a:\n    image: x\n    networks: [front, back]\n"
    "networks:\n  front: {}\n  back: {internal: true}\n",
}
