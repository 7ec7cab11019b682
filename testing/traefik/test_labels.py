"""What Traefik makes of containers, and what an error takes with it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pytest_codex.traefik.configuration import Origin, Scope
from pytest_codex.traefik.labels import Container, configure
from pytest_codex.traefik.provider import TemplateError
from pytest_codex.traefik.static import EntryPoint, Static

from . import stack

REAL = Path(__file__).parents[3] / "shared" / "real"
R = "traefik.http.routers."
M = "traefik.http.middlewares."
S = "traefik.http.services."


def container(name="c", labels=(), ports=(80,), **rest):
    """A container on one network."""
    return Container(name, "p", dict(labels), ports, **rest)


def configured(*labels, **rest):
    """The configuration of containers ``c0``, ``c1`` … with these labels."""
    containers = [container(f"c{number}", each) for number, each in enumerate(labels)]
    return configure(containers, Static(**rest) if rest else None)


def enabled(configuration):
    """The names of the routers in use."""
    return [router.name for router in configuration.routers if router.enabled]


def only_loss(configuration):
    """The one thing that was lost."""
    (loss,) = configuration.losses
    return loss


class TestDefaults:
    """What a container gets without asking for it."""

    def test_a_router_and_a_service_of_its_name_on_every_entry_point(self):
        """Even if its labels only declare a middleware."""
        model = configured({f"{M}m.addprefix.prefix": "/x"})
        assert enabled(model) == ["web-c0-p@docker", "websecure-c0-p@docker"]
        router = model.declared("c0-p")[0]
        assert (router.rule, router.priority) == ("Host(`c0-p`)", 12)
        assert router.service == "c0-p@docker"
        assert router.origin == Origin("c0-p")
        assert model.services["c0-p@docker"].servers[0].port == "80"

    def test_the_lowest_port_that_it_exposes(self):
        """Unless a label names one."""
        model = configure([container(ports=(9000, 8080))])
        assert model.services["c-p@docker"].servers[0].port == "8080"

    def test_the_only_service_that_it_declares(self):
        """For every router that names none."""
        model = configured({f"{R}a.rule": "Path(`/`)", f"{S}s.loadbalancer.server.port": "1"})
        assert {router.service for router in model.routers} == {"s@docker"}

    def test_the_default_entry_points(self):
        """Those marked as such, or else all."""
        points = {"a": EntryPoint(":1"), "b": EntryPoint(":2", as_default=True)}
        model = configured({f"{R}a.rule": "Path(`/`)"}, entry_points=points)
        assert enabled(model) == ["a@docker"]
        assert model.routers[0].entry_point == "b"

    def test_a_default_rule_of_one_s_own(self):
        """Templates that are understood, and one that is not."""
        labels = {"host": "X Y", f"{R}a.entrypoints": "web"}
        rule = "{{ if .Name }}Path(`/`){{ end }}"
        with pytest.raises(TemplateError, match="not understood"):
            configured(labels, default_rule=rule)
        model = configured(
            labels, default_rule='Host(`{{ normalize index .Labels "host" }}.{{.Name}}`)'
        )
        assert model.routers[0].rule == "Host(`X-Y.c0-p`)"


class TestNames:
    """Case, providers and entry points in names."""

    def test_case_does_not_matter_within_a_container(self):
        """The first spelling in sort order is the name."""
        model = configured(
            {f"{R}B.rule": "Path(`/`)", f"{R}b.priority": "7", f"{R}b.entrypoints": "web"}
        )
        assert enabled(model) == ["B@docker"]
        assert model.routers[0].priority == 7
        assert model.routers[0].sources["priority"] == f"{R}b.priority"

    def test_case_matters_in_references(self):
        """A middleware is found by its exact name only."""
        model = configured(
            {f"{R}a.rule": "Path(`/`)", f"{R}a.middlewares": "M", f"{M}m.compress": "true"}
        )
        assert {router.disabled for router in model.routers} == {"there is no middleware M@docker"}

    def test_a_middleware_of_another_provider_has_to_be_known(self):
        """As ``name@file``."""
        labels = {
            f"{R}a.rule": "Path(`/`)",
            f"{R}a.middlewares": "m@file",
            f"{R}a.entrypoints": "web",
        }
        assert not enabled(configured(labels))
        assert enabled(configured(labels, middlewares={"m@file": "ForwardAuth"})) == ["a@docker"]

    def test_the_middlewares_of_the_entry_point_come_first(self):
        """And the names of routers on several entry points begin with theirs."""
        points = {"a": EntryPoint(":1", middlewares=("x@file",)), "b": EntryPoint(":2", tls=True)}
        model = configured(
            {f"{R}r.rule": "Path(`/`)", f"{R}r.middlewares": "m", f"{M}m.compress": "true"},
            entry_points=points,
            middlewares={"x@file": "Headers"},
        )
        assert enabled(model) == ["a-r@docker", "b-r@docker"]
        assert [router.middlewares for router in model.declared("r")] == [
            ("x@file", "m@docker"), ("m@docker",),
        ]  # fmt: skip
        assert [router.tls for router in model.declared("r")] == [False, True]


class TestLosses:
    """What an error takes with it, and where it says so."""

    @pytest.mark.parametrize(
        ("label", "value"),
        [
            (f"{R}a.middleware", "m"),
            (f"{R}a.priority", "high"),
            (f"{S}s.loadbalancer.passhostheader", "yes"),
            (f"{M}m.nosuch.x", "1"),
            (f"{R}a..rule", "x"),
            ("Traefik.http.routers.b.rule", "x"),
            ("traefik.enabled", "true"),
            ("traefik.enable", "yes"),
        ],
    )
    def test_a_label_that_cannot_be_read_loses_its_container(self, label, value):
        """With middlewares and all; the label is named."""
        model = configured({f"{R}a.rule": "Path(`/`)", f"{M}m.compress": "true", label: value}, {})
        assert {router.declared for router in model.routers} == {"c1-p"}
        assert not model.middlewares
        loss = only_loss(model)
        assert (loss.scope, loss.name) == (Scope.CONTAINER, "c0-p")
        assert loss.origins == (Origin("c0-p", label),)

    @pytest.mark.parametrize(
        ("rest", "reason"),
        [
            ({"ports": ()}, "exposes none"),
            ({"networks": ()}, "no network"),
            ({"healthy": False}, "not healthy"),
            ({"running": False}, "does not run"),
        ],
    )
    def test_a_container_that_cannot_be_reached_is_lost(self, rest, reason):
        """Without a word from its labels."""
        assert reason in only_loss(configure([container(**rest)])).reason

    def test_a_disabled_container_is_no_loss(self):
        """It was meant to be left out."""
        model = configured({"traefik.enable": "false"}, exposed_by_default=True)
        assert not model.routers and not model.losses
        assert not configured({}, exposed_by_default=False).routers

    def test_a_crash_loses_every_container(self):
        """And names the label."""
        model = configured({}, {f"{R}a.rule]": "x"})
        assert not model.routers
        assert only_loss(model).scope is Scope.PROVIDER
        assert only_loss(model).origins[0].label == f"{R}a.rule]"

    @pytest.mark.parametrize(
        ("scope", "first", "second"),
        [
            (Scope.MIDDLEWARE, {f"{M}m.addprefix.prefix": "/a"}, {f"{M}m.addprefix.prefix": "/b"}),
            (Scope.ROUTER, {f"{R}m.rule": "Path(`/a`)"}, {f"{R}m.rule": "Path(`/b`)"}),
            (Scope.SERVICE, {f"{S}m.loadbalancer.server.port": "1"},
             {f"{S}m.loadbalancer.passhostheader": "false"}),
        ],
    )  # fmt: skip
    def test_two_containers_that_differ_lose_both_definitions(self, scope, first, second):
        """And both are named."""
        loss = only_loss(configured(first, second))
        assert (loss.scope, loss.name) == (scope, "m")
        assert [(origin.container, origin.label) for origin in loss.origins] == [
            ("c0-p", next(iter(first))), ("c1-p", next(iter(second))),
        ]  # fmt: skip

    def test_equal_definitions_are_one(self):
        """Also if one says what is the default, and services with all their servers."""
        model = configured(
            {f"{M}m.ratelimit.average": "5", f"{S}s.loadbalancer.server.port": "1"},
            {
                f"{M}m.ratelimit.average": "5",
                f"{M}m.ratelimit.burst": "1",
                f"{S}s.loadbalancer.server.port": "2",
            },
        )
        assert not model.losses
        assert [server.port for server in model.services["s@docker"].servers] == ["1", "2"]
        assert len(model.services["s@docker"].origins) == 2

    def test_two_services_lose_a_router_that_names_none(self):
        """The router alone."""
        services = {f"{S}s.loadbalancer.server.port": "1", f"{S}t.loadbalancer.server.port": "2"}
        model = configured({f"{R}a.rule": "Path(`/`)", **services})
        loss = only_loss(model)
        assert (loss.scope, loss.name, loss.origins[0].label) == (Scope.ROUTER, "a", f"{R}a.rule")
        assert set(model.services) == {"s@docker", "t@docker"}


DISABLED = (
    ({f"{R}a.rule": "Path(`/`"}, "the rule is refused"),
    ({f"{R}a.middlewares": "nope"}, "no middleware nope@docker"),
    ({f"{R}a.middlewares": "m,", f"{M}m.compress": "true"}, "no middleware @docker"),
    ({f"{R}a.service": "nope"}, "no service nope@docker"),
    ({f"{R}a.service": "ping@internal"}, "not switched on"),
    ({f"{R}a.entrypoints": "nope"}, "no entry point 'nope'"),
    ({f"{R}a.priority": str(2**63 - 1000)}, "the priority is above"),
    ({f"{R}a.tls.options": "nope"}, "no TLS options nope@docker"),
    ({f"{R}a.middlewares": "m", f"{M}m.framedeny": ""}, ""),
    ({f"{R}a.middlewares": "m", f"{M}m.headers.framedeny": "true", f"{M}m.addprefix.prefix": "/"},
     "one type"),
    ({f"{R}a.middlewares": "m", f"{M}m.chain.middlewares": "n", f"{M}n.chain.middlewares": "m"},
     "in a circle"),
    ({f"{R}a.middlewares": "m", f"{M}m.redirectregex.regex": "("}, "missing closing )"),
    ({f"{S}s.loadbalancer.server.port": "abc"}, "'abc' is no port"),
    ({f"{S}s.loadbalancer.server.port": "1", f"{S}s.middlewares": "nope"},
     "no middleware nope@docker"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "reason"), DISABLED, ids=[reason or "lost" for _, reason in DISABLED]
)
def test_a_router_that_refers_to_what_is_missing_or_broken_is_out_of_use(labels, reason):
    """It says why."""
    base = {f"{R}a.rule": "Path(`/`)", f"{R}a.entrypoints": "web"}
    routers = configured({**base, **labels}).routers
    assert not any(router.enabled for router in routers)
    assert all(reason in router.disabled for router in routers)
    assert bool(routers) == bool(reason)


def containers_of(path, project):
    """The containers of a compose file, as far as these tests need it."""
    services = yaml.safe_load(path.read_text(encoding="utf-8"))["services"]
    for name, service in services.items():
        labels = dict(label.split("=", 1) for label in service.get("labels", ()))
        labels = {key: "100" if value.startswith("${") else value for key, value in labels.items()}
        ports = tuple(int(port.rpartition(":")[2]) for port in service.get("ports", ()))
        yield Container(name, project, labels, ports, ("traefik",))


@pytest.mark.skipif(not REAL.exists(), reason="the team's own files are not here")
@pytest.mark.parametrize(("file", "prefix"), [("docker-compose.yml", "codex-"),
                                              ("compose.dev.stack.yml", "codex-dev-")])  # fmt: skip
def test_the_files_of_the_team_lose_nothing(file, prefix):
    """Four routers, four middlewares, all at work."""
    model = configure(containers_of(REAL / file, "codex"))
    assert not model.losses
    for name in ("api", "preflight", "models", "health"):
        (router,) = model.declared(prefix + name)
        assert router.enabled and router.tls and router.entry_point == "websecure"
    assert [each.kind for each in model.chain(model.declared(prefix + "api")[0])] == [
        "Headers", "Headers", "RateLimit", "ForwardAuth",
    ]  # fmt: skip


def test_sources_lead_from_a_field_to_its_label():
    """For routers and for middlewares, whatever the case."""
    model = configure(stack.containers(stack.LABELS))
    assert model.declared("gw-api")[0].sources["middlewares"] == f"{stack.R}api.middlewares"
    auth = model.middlewares["gw-auth@docker"]
    label = f"{stack.M}auth.forwardauth.authRequestHeaders"
    assert auth.sources["forwardauth.authrequestheaders"] == label
    assert auth.fields["AuthRequestHeaders"] == ("Authorization",)
