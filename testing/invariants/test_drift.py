"""Dev against prod: each difference is told with its name and both lines, and nothing else is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_codex.compose.read import read
from pytest_codex.invariants.deployment import Deployment
from pytest_codex.invariants.drift import environment_is_the_same, routing_is_the_same
from pytest_codex.invariants.findings import Finding, UnjudgedError
from pytest_codex.invariants.stack import Stack

from .stacks import EXAMPLE, EXAMPLES, policy

REAL = Path(__file__).parents[3] / "shared" / "real"


def stacks(folder: Path, **other: object) -> tuple[Stack, Stack]:
    """Prod and dev of a folder, held to the policies that need no configuration."""
    made = [
        Stack(Deployment.of(read([folder / name], {})), policy(target, **other))
        for target, name in EXAMPLE.items()
    ]
    return made[0], made[1]


def text_of(target: str) -> str:
    """The example of a target."""
    return (EXAMPLES / EXAMPLE[target]).read_text(encoding="utf-8")


def changed(folder: Path, target: str, *swaps: tuple[str, str]) -> None:
    """Write the example pair, with texts swapped in one of the two files."""
    for each, name in EXAMPLE.items():
        text = text_of(each)
        for old, new in swaps if each == target else ():
            assert old in text, old
            text = text.replace(old, new)
        (folder / name).write_bytes(text.encode())


def name_of(finding: Finding) -> str:
    """What a finding calls its difference."""
    return finding.mend.split('"')[1]


def line(folder: Path, target: str, mark: str) -> tuple[str, int]:
    """The first line of a file in which a text stands."""
    lines = (folder / EXAMPLE[target]).read_text(encoding="utf-8").splitlines()
    return EXAMPLE[target], next(n for n, text in enumerate(lines, 1) if mark in text)


def at(place) -> tuple[str, int]:
    """A place without its folder."""
    return place.file.name, place.line


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one file.

    :param told: the names of the differences that it makes, and a text in each one's line of prod
        and of dev.
    """

    name: str
    target: str
    old: str
    new: str
    told: dict[str, tuple[str, str]]


PROD_HOST, DEV_HOST = "codex-api.example.com", "codex-dev.example.com"
R, M = "traefik.http.routers.codex-", "traefik.http.middlewares.codex-"
DR, DM = "traefik.http.routers.codex-dev-", "traefik.http.middlewares.codex-dev-"
PORT = "loadbalancer.server.port"


def both(label: str, kind: str = "router") -> tuple[str, str]:
    """A label as prod and as dev have it."""
    return (R + label, DR + label) if kind == "router" else (M + label, DM + label)


CHANGES = (
    Change(
        "a rule with another path",
        "dev",
        "Path(`/healthz`)",
        "Path(`/health`)",
        {"router.health.rule": both("health.rule")},
    ),
    Change(
        "a rule with one path less",
        "prod",
        "(Path(`/v1/models`) || Path(`/v1/models/`))",
        "Path(`/v1/models`)",
        {"router.models.rule": both("models.rule")},
    ),
    Change(
        "a rule with and for or",
        "dev",
        "Path(`/v1/models`) || Path(`/v1/models/`)",
        "Path(`/v1/models`) && Path(`/v1/models/`)",
        {"router.models.rule": both("models.rule")},
    ),
    Change(
        "a rule that asks for a header",
        "dev",
        "PathPrefix(`/v1`)\n      traefik.http.routers.codex-dev-api.entry",
        "PathPrefix(`/v1`) && Header(`X-A`, `1`)\n      traefik.http.routers.codex-dev-api.entry",
        {"router.api.rule": both("api.rule")},
    ),
    Change(
        "a rule that Traefik refuses",
        "dev",
        "Path(`/healthz`)",
        "Path(`healthz`)",
        {"router.health.rule": both("health.rule")},
    ),
    Change(
        "the host of the other stack",
        "dev",
        f"Host(`{DEV_HOST}`) && Path(`/healthz`)",
        f"Host(`{PROD_HOST}`) && Path(`/healthz`)",
        {"router.health.rule": both("health.rule")},
    ),
    Change(
        "another entry point",
        "dev",
        "health.entrypoints: websecure",
        "health.entrypoints: web",
        {"router.health.entryPoints": both("health.entrypoints")},
    ),
    Change(
        "a further entry point",
        "prod",
        "models.entrypoints: websecure",
        "models.entrypoints: web,websecure",
        {"router.models.entryPoints": both("models.entrypoints")},
    ),
    Change(
        "no TLS",
        "prod",
        'health.tls: "true"',
        'health.tls: "false"',
        {"router.health.tls": both("health.tls")},
    ),
    Change(
        "a certificate resolver",
        "dev",
        'api.tls: "true"',
        "api.tls.certresolver: le",
        {"router.api.tls.certResolver": (R + "api.tls:", DR + "api.tls.certresolver")},
    ),
    Change(
        "another priority",
        "dev",
        'models.priority: "9000"',
        'models.priority: "8000"',
        {"router.models.priority": both("models.priority")},
    ),
    Change(
        "a priority on one side",
        "prod",
        'codex-health.tls: "true"',
        'codex-health.tls: "true"\n      traefik.http.routers.codex-health.priority: "1"',
        {"router.health.priority": (R + "health.priority", DR + "health.")},
    ),
    Change(
        "a middleware less",
        "dev",
        "codex-dev-ratelimit,codex-dev-forwardauth",
        "codex-dev-forwardauth",
        {"router.api.middlewares": both("api.middlewares")},
    ),
    Change(
        "another order",
        "prod",
        "codex-cors,codex-headers,codex-ratelimit,codex-forwardauth",
        "codex-headers,codex-cors,codex-ratelimit,codex-forwardauth",
        {"router.api.middlewares": both("api.middlewares")},
    ),
    Change(
        "a middleware of the other stack",
        "dev",
        "codex-dev-health.middlewares: codex-dev-headers",
        "codex-dev-health.middlewares: codex-headers",
        {"router.health.middlewares": both("health.middlewares")},
    ),
    Change(
        "another service",
        "prod",
        "codex-health.service: codex-api",
        "codex-health.service: noop@internal",
        {"router.health.service": both("health.service")},
    ),
    Change(
        "another port",
        "dev",
        f'{PORT}: "11435"',
        f'{PORT}: "8080"',
        {"service.port": (PORT, PORT)},
    ),
    Change(
        "another scheme",
        "prod",
        f'{PORT}: "11435"',
        f'{PORT}: "11435"\n      traefik.http.services.codex-api.loadbalancer.server.scheme: https',
        {"service.scheme": ("server.scheme", "services.codex-dev-api")},
    ),
    Change(
        "a health check",
        "dev",
        f'{PORT}: "11435"',
        f'{PORT}: "11435"\n'
        "      traefik.http.services.codex-dev-api.loadbalancer.healthcheck.path: /healthz",
        {"service.healthCheck.path": ("services.codex-api", "healthcheck.path")},
    ),
    Change(
        "another number",
        "dev",
        'accessControlMaxAge: "600"',
        'accessControlMaxAge: "60"',
        {
            "middleware.cors.accessControlMaxAge": both(
                "cors.headers.accessControlMaxAge", "middleware"
            )
        },
    ),
    Change(
        "another list",
        "prod",
        "GET,POST,HEAD,OPTIONS",
        "GET,POST",
        {
            "middleware.cors.accessControlAllowMethods": both(
                "cors.headers.accessControlAllowMethods", "middleware"
            )
        },
    ),
    Change(
        "a field less",
        "dev",
        '      traefik.http.middlewares.codex-dev-headers.headers.stsPreload: "true"\n',
        "",
        {"middleware.headers.stsPreload": (M + "headers.headers.stsPreload", DM + "headers.")},
    ),
    Change(
        "a field more",
        "dev",
        "referrerPolicy: no-referrer",
        "referrerPolicy: no-referrer\n"
        "      traefik.http.middlewares.codex-dev-headers.headers.customResponseHeaders.X-A: b",
        {
            "middleware.headers.customResponseHeaders.x-a": (
                M + "headers.",
                "customResponseHeaders.X-A",
            )
        },
    ),
    Change(
        "a switch",
        "prod",
        'frameDeny: "true"',
        'frameDeny: "false"',
        {"middleware.headers.frameDeny": both("headers.headers.frameDeny", "middleware")},
    ),
    Change(
        "another type",
        "dev",
        "codex-dev-ratelimit.ratelimit.average: ${DEV_RATE_LIMIT_AVG:-100}\n"
        "      traefik.http.middlewares.codex-dev-ratelimit.ratelimit.burst: "
        "${DEV_RATE_LIMIT_BURST:-200}",
        "codex-dev-ratelimit.inflightreq.amount: 5",
        {"middleware.ratelimit": (M + "ratelimit.", DM + "ratelimit.")},
    ),
    Change(
        "no rate limit at all",
        "dev",
        "${DEV_RATE_LIMIT_AVG:-100}",
        '"0"',
        {"middleware.ratelimit.average": both("ratelimit.ratelimit.average", "middleware")},
    ),
    Change(
        "another period of the rate limit",
        "prod",
        "ratelimit.burst: ${RATE_LIMIT_BURST:-400}",
        "ratelimit.period: 1m",
        {"middleware.ratelimit.period": (M + "ratelimit.ratelimit.period", DM + "ratelimit.")},
    ),
    Change(
        "another path of ForwardAuth",
        "dev",
        "18081/verify",
        "18081/check",
        {"middleware.forwardauth.address": both("forwardauth.forwardauth.address", "middleware")},
    ),
    Change(
        "ForwardAuth of the other stack",
        "dev",
        "18081/verify",
        "18080/verify",
        {"middleware.forwardauth.address": both("forwardauth.forwardauth.address", "middleware")},
    ),
    Change(
        "what ForwardAuth is told",
        "prod",
        "authRequestHeaders: Authorization",
        "authRequestHeaders: Authorization,X-Api-Key",
        {
            "middleware.forwardauth.authRequestHeaders": both(
                "forwardauth.forwardauth.authRequestHeaders", "middleware"
            )
        },
    ),
    Change(
        "whom ForwardAuth trusts",
        "prod",
        "authRequestHeaders: Authorization",
        "authRequestHeaders: Authorization\n"
        '      traefik.http.middlewares.codex-forwardauth.forwardauth.trustForwardHeader: "true"',
        {"middleware.forwardauth.trustForwardHeader": ("trustForwardHeader", DM + "forwardauth.")},
    ),
    Change(
        "a middleware that nothing uses",
        "dev",
        'traefik.enable: "true"',
        'traefik.enable: "true"\n'
        '      traefik.http.middlewares.codex-dev-retry.retry.attempts: "2"',
        {"middleware.retry": ("  app:", "retry.attempts")},
    ),
    Change(
        "a router more",
        "prod",
        'traefik.enable: "true"',
        'traefik.enable: "true"\n'
        f"      traefik.http.routers.codex-docs.rule: Host(`{PROD_HOST}`) && PathPrefix(`/docs`)\n"
        "      traefik.http.routers.codex-docs.middlewares: codex-headers",
        {"router.docs": ("codex-docs.rule", "  app-dev:")},
    ),
    Change(
        "a second router of a path that the playbook's routers have",
        "prod",
        'traefik.enable: "true"',
        'traefik.enable: "true"\n'
        f"      traefik.http.routers.codex-list.rule: Host(`{PROD_HOST}`) && Path(`/v1/models`)",
        {"router.list": ("codex-list.rule", "  app-dev:")},
    ),
)


class TestRouting:
    """``routing-is-the-same``."""

    def test_the_example_pair_is_the_same(self):
        """Its names, hosts, ports and rate limits are all that differs."""
        assert list(routing_is_the_same(*stacks(EXAMPLES))) == []

    @pytest.mark.skipif(not REAL.is_dir(), reason="the playbook's own files are not here")
    def test_the_playbooks_own_pair_is_the_same(self):
        """Nothing that fails a run."""
        assert [each for each in routing_is_the_same(*stacks(REAL)) if not each.advice] == []

    @pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
    def test_a_difference_is_told_with_both_lines(self, tmp_path, change):
        """By its name, once, and nothing else is told."""
        changed(tmp_path, change.target, (change.old, change.new))
        found = {name_of(each): each for each in routing_is_the_same(*stacks(tmp_path))}
        assert set(found) == set(change.told)
        for name, marks in change.told.items():
            lines = {
                line(tmp_path, target, mark) for target, mark in zip(EXAMPLE, marks, strict=True)
            }
            assert {at(found[name].at), at(found[name].other)} == lines
            assert not found[name].advice

    @pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
    def test_an_intended_difference_is_not_told(self, tmp_path, change):
        """Whatever case it is written in."""
        changed(tmp_path, change.target, (change.old, change.new))
        intended = tuple(name.upper() for name in change.told)
        assert list(routing_is_the_same(*stacks(tmp_path, intended=intended))) == []

    def test_a_pattern_intends_several(self, tmp_path):
        """As file names are matched."""
        changed(tmp_path, "dev", ('MaxAge: "600"', 'MaxAge: "6"'), ("OPTIONS\n", "PUT\n"))
        assert len(list(routing_is_the_same(*stacks(tmp_path)))) == 2
        intended = ("middleware.cors.*",)
        assert list(routing_is_the_same(*stacks(tmp_path, intended=intended))) == []

    def test_the_line_of_prod_comes_first(self, tmp_path):
        """Where both have one."""
        changed(tmp_path, "dev", ('MaxAge: "600"', 'MaxAge: "60"'))
        (found,) = routing_is_the_same(*stacks(tmp_path))
        assert at(found.at)[0] == EXAMPLE["prod"]
        assert "is 600 on prod and 60 on dev" in found.found

    def test_what_only_dev_has_is_told_at_its_line_there(self, tmp_path):
        """And the other line is where prod would have it."""
        old = "referrerPolicy: no-referrer"
        new = f"{old}\n      {DM}headers.headers.permissionsPolicy: camera=()"
        changed(tmp_path, "dev", (old, new))
        (found,) = routing_is_the_same(*stacks(tmp_path))
        assert at(found.at) == line(tmp_path, "dev", "permissionsPolicy")
        assert at(found.other)[0] == EXAMPLE["prod"]

    def test_a_router_that_is_missing_is_told_without_its_parts(self, tmp_path):
        """One finding, and not one for each of its fields."""
        text = text_of("dev")
        kept = [each for each in text.splitlines() if "routers.codex-dev-health." not in each]
        changed(tmp_path, "dev", (text, "\n".join(kept) + "\n"))
        (found,) = routing_is_the_same(*stacks(tmp_path))
        assert name_of(found) == "router.health"
        assert "router codex-health is on prod and missing on dev" in found.found

    def test_rules_that_differ_are_told_with_a_request(self, tmp_path):
        """One that the two answer differently, of the host of prod."""
        changed(tmp_path, "dev", ("Path(`/healthz`)", "Path(`/health`)"))
        (found,) = routing_is_the_same(*stacks(tmp_path))
        assert found.request.startswith("curl ")
        assert f"https://{PROD_HOST}/health" in found.request

    def test_a_rule_without_the_host_is_told_with_a_request_of_another(self, tmp_path):
        """Which only one of the two answers."""
        changed(tmp_path, "dev", (f"Host(`{DEV_HOST}`) && Path(`/healthz`)", "Path(`/healthz`)"))
        (found,) = routing_is_the_same(*stacks(tmp_path))
        assert "https://host.invalid/healthz" in found.request

    @pytest.mark.parametrize("path", ["/readyz", "/livez"])
    @pytest.mark.parametrize("target", ["prod", "dev"])
    def test_a_further_public_path_is_advice(self, tmp_path, target, path):
        """And so is the middleware that only its router uses."""
        prefix, host = {"prod": ("codex", PROD_HOST), "dev": ("codex-dev", DEV_HOST)}[target]
        new = (
            'traefik.enable: "true"\n'
            f"      traefik.http.routers.{prefix}-more.rule: Host(`{host}`) && Path(`{path}`)\n"
            f"      traefik.http.routers.{prefix}-more.middlewares: {prefix}-quiet\n"
            f"      traefik.http.middlewares.{prefix}-quiet.headers.frameDeny: true"
        )
        changed(tmp_path, target, ('traefik.enable: "true"', new))
        found = list(routing_is_the_same(*stacks(tmp_path)))
        assert {name_of(each) for each in found} == {"router.more", "middleware.quiet"}
        assert all(each.advice for each in found)

    def test_a_router_that_was_lost_is_told_with_where_it_was_declared(self, tmp_path):
        """Two services that declare it differently lose both."""
        text = text_of("dev").replace(
            "    restart: unless-stopped\n    logging: *logging\n    working_dir",
            "    labels:\n      traefik.enable: true\n"
            f"      {DR}health.rule: Path(`/other`)\n    working_dir",
        )
        changed(tmp_path, "dev", (text_of("dev"), text))
        found = {name_of(each): each for each in routing_is_the_same(*stacks(tmp_path))}
        assert at(found["router.health"].other)[0] == EXAMPLE["dev"]
        lines = (tmp_path / EXAMPLE["dev"]).read_text().splitlines()
        assert "codex-dev-health." in lines[found["router.health"].other.line - 1]

    def test_without_routers_nothing_is_judged(self, tmp_path):
        """Another rule says why there are none."""
        changed(tmp_path, "dev", (f'{PORT}: "11435"', f"{PORT}: \"11435\"\n      {DM}x.y.z: '1'"))
        with pytest.raises(UnjudgedError, match="no router of dev"):
            list(routing_is_the_same(*stacks(tmp_path)))

    def test_a_secret_in_a_setting_is_not_shown(self, tmp_path):
        """Neither that of prod nor that of dev."""
        header = "      {}headers.headers.customRequestHeaders.X-Api-Key: {}\n"
        mark = "      {}headers.headers.frameDeny"
        for target, prefix, value in (("prod", M, "hunter2prod"), ("dev", DM, "hunter2dev")):
            added = header.format(prefix, value) + mark.format(prefix)
            text = text_of(target).replace(mark.format(prefix), added)
            (tmp_path / EXAMPLE[target]).write_text(text, encoding="utf-8")
        (found,) = routing_is_the_same(*stacks(tmp_path))
        assert name_of(found) == "middleware.headers.customRequestHeaders.x-api-key"
        assert "hunter2" not in str(found)


REWRITES = {
    "spacing": [(" && ", "  &&"), (" || ", "||")],
    "order of or": [("Path(`/v1/models`) || Path(`/v1/models/`)",
                     "Path(`/v1/models/`) || Path(`/v1/models`)")],
    "order of and": [("&& Path(`/healthz`)", "&& Path(`/healthz`) && PathPrefix(`/`)")],
    "quotes": [("PathPrefix(`/v1`)", 'PathPrefix("/v1")')],
    "case of matchers": [("PathPrefix(", "pathprefix("), ("Method(", "METHOD(")],
    "case of the host": [(DEV_HOST, DEV_HOST.upper())],
    "a dot after the host": [(f"`{DEV_HOST}`", f"`{DEV_HOST}.`")],
    "distribution": [
        (f"Host(`{DEV_HOST}`) && (Path(`/v1/models`) || Path(`/v1/models/`))",
         f"Host(`{DEV_HOST}`) && Path(`/v1/models`) || Host(`{DEV_HOST}`) && Path(`/v1/models/`)"),
    ],
    "De Morgan": [("(Path(`/v1/models`) || Path(`/v1/models/`))",
                   "!(!Path(`/v1/models`) && !Path(`/v1/models/`))")],
    "a regular expression": [("(Path(`/v1/models`) || Path(`/v1/models/`))",
                              "PathRegexp(`^/v1/models/?$$`)")],
    "case of labels": [("entrypoints", "EntryPoints"), ("MaxAge", "MAXAGE")],
    "provider": [("codex-dev-headers,", "codex-dev-headers@docker,")],
    "order of lists": [("GET,POST,HEAD,OPTIONS", "OPTIONS, HEAD, POST, GET")],
    "case of headers": [("Authorization,Content-Type,Accept", "accept,authorization,content-type")],
    "booleans": [('stsPreload: "true"', 'stsPreload: "1"')],
    "numbers": [('"600"', '"+600"')],
    "a default": [("authRequestHeaders: Authorization",
                   "authRequestHeaders: Authorization\n"
                   f"      {DM}ratelimit.ratelimit.period: 1000ms")],
    "a false that is one anyway": [("authRequestHeaders: Authorization",
                   "authRequestHeaders: Authorization\n"
                   f"      {DM}cors.headers.accessControlAllowCredentials: false")],
    "rate limits": [("AVG:-100", "AVG:-7"), ("BURST:-200", "BURST:-8")],
    "the name of the service": [("services.codex-dev-api.", "services.backend."),
                                (".service: codex-dev-api", ".service: backend")],
    "the name of the compose service": [("app-dev:", "backend:")],
    "line ends": [("\n", "\r\n")],
    "a chain": [("api.middlewares: codex-dev-cors,codex-dev-headers,",
                 "api.middlewares: codex-dev-two,"),
                ('traefik.enable: "true"',
                 'traefik.enable: "true"\n'
                 f"      {DM}two.chain.middlewares: codex-dev-cors,codex-dev-headers")],
    "names": [("codex-dev-", "next-")],
}  # fmt: skip


@pytest.mark.parametrize("swaps", REWRITES.values(), ids=REWRITES)
def test_what_means_the_same_is_the_same(tmp_path, swaps):
    """However one of the two files spells it."""
    changed(tmp_path, "dev", *swaps)
    assert list(routing_is_the_same(*stacks(tmp_path))) == []


class TestEnvironment:
    """``environment-is-the-same``."""

    def test_the_example_pair_is_the_same(self):
        """But for PROXY_ENV, CODEX_HOME and what is mounted there."""
        assert list(environment_is_the_same(*stacks(EXAMPLES))) == []

    @pytest.mark.skipif(not REAL.is_dir(), reason="the playbook's own files are not here")
    def test_all_is_advice(self):
        """The playbook's own pair has differences, none of which fails a run."""
        found = list(environment_is_the_same(*stacks(REAL)))
        assert {"environment.PROXY_LOG_PROTO", "mount./app/scripts"} <= set(map(name_of, found))
        assert all(each.advice for each in found)

    @pytest.mark.parametrize(
        ("old", "new", "name", "prod", "dev"),
        [
            ('PORT: "11435"', 'PORT: "1"', "environment.PORT", 'PORT: "11435"', 'PORT: "1"'),
            (
                "PROXY_ENV: dev",
                "PROXY_ENV: dev\n      PROXY_NEW: a",
                "environment.PROXY_NEW",
                'PORT: "11435"',
                "PROXY_NEW",
            ),
            (
                "      CODEX_MODEL: ${CODEX_MODEL:-gpt-5}\n",
                "",
                "environment.CODEX_MODEL",
                "CODEX_MODEL",
                'PORT: "11435"',
            ),
            (
                "- ./.codev:/home/node/.codex",
                "- ./.codev:/home/node/.codex\n      - ./scripts:/app/scripts:ro",
                "mount./app/scripts",
                "./.codex-api:",
                "./scripts:",
            ),
        ],
    )
    def test_a_difference_is_told_with_both_lines(self, tmp_path, old, new, name, prod, dev):
        """By its name, as advice."""
        changed(tmp_path, "dev", (old, new))
        (found,) = environment_is_the_same(*stacks(tmp_path))
        assert name_of(found) == name
        lines = {line(tmp_path, "prod", prod), line(tmp_path, "dev", dev)}
        assert {at(found.at), at(found.other)} == lines
        assert found.advice
        assert list(environment_is_the_same(*stacks(tmp_path, intended=(name,)))) == []

    def test_a_path_in_the_home_is_the_same_path(self, tmp_path):
        """The home itself differs."""
        for target, home in (("prod", "/app/.codex-api"), ("dev", "/home/node/.codex")):
            more = f'PORT: "11435"\n      LOG_PATH: {home}/log.ndjson'
            text = text_of(target).replace('PORT: "11435"', more, 1)
            text = text.replace("volumes:\n", f"volumes:\n      - ./s:{home}/sessions\n", 1)
            (tmp_path / EXAMPLE[target]).write_text(text, encoding="utf-8")
        assert list(environment_is_the_same(*stacks(tmp_path))) == []

    def test_a_mount_that_is_read_only_on_one_side_is_told(self, tmp_path):
        """With how it is mounted on each."""
        for target, access in (("prod", "ro"), ("dev", "rw")):
            text = text_of(target).replace("volumes:\n", f"volumes:\n      - ./s:/s:{access}\n", 1)
            (tmp_path / EXAMPLE[target]).write_text(text, encoding="utf-8")
        (found,) = environment_is_the_same(*stacks(tmp_path))
        assert "./s (read-only) on prod and ./s (writable) on dev" in found.found

    def test_a_secret_counts_by_its_presence_only(self, tmp_path):
        """Keys of prod and dev differ, and neither is ever shown."""
        changed(tmp_path, "dev", ("${PROXY_API_KEY?set it in .env.dev}", "hunter2"))
        assert list(environment_is_the_same(*stacks(tmp_path))) == []
        changed(tmp_path, "dev", ("PROXY_ENV: dev", "PROXY_ENV: dev\n      OTHER_TOKEN: hunter2"))
        (found,) = environment_is_the_same(*stacks(tmp_path))
        assert name_of(found) == "environment.OTHER_TOKEN"
        assert "hunter2" not in str(found)
