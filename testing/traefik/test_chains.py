"""What stands between a router and its service, in the model and in the real Traefik."""

from __future__ import annotations

import pytest

from pytest_codex.traefik import chains
from pytest_codex.traefik.labels import Container, configure
from pytest_codex.traefik.requests import Request
from pytest_codex.traefik.routing import decide

from . import stack
from .backends import Backend
from .generate import STATIC


def status(decision):
    """The status that a request without a key gets, if the app says 200 and the auth says 401."""
    if decision.router is None:
        return decision.status
    met = chains.met(decision.chain, decision.request)
    if met and chains.is_cors(met[-1]) and chains.is_preflight(decision.request):
        return 200
    if any(map(chains.is_authentication, met)):
        return 401
    return decision.status or 200


REQUESTS = {
    "chat": stack.CHAT,
    "models": stack.MODELS,
    "health": stack.HEALTH,
    "preflight": stack.PREFLIGHT,
}


@pytest.fixture(params=stack.CHANGES, ids=lambda change: change.name)
def change(request):
    """Each change in turn."""
    return request.param


class TestChanges:
    """A change to the labels, and who answers then."""

    def test_in_the_model(self, change):
        """The statuses that the table says."""
        model = configure(stack.containers(stack.changed(change)))
        for name, request in REQUESTS.items():
            assert status(decide(model, request)) == getattr(change, name), name

    def test_in_the_real_traefik(self, traefik, change):
        """The same ones, with an app that says yes and an auth that says no."""
        with Backend(200).running() as app, Backend(401).running() as auth:
            labels = {
                label: value.replace(str(stack.APP_PORT), str(app.port)).replace(
                    str(stack.AUTH_PORT), str(auth.port)
                )
                for label, value in stack.changed(change).items()
            }
            traefik.load(stack.containers(labels))
            for name, request in REQUESTS.items():
                asked = len(app.asked)
                assert traefik.ask(request)[1] == getattr(change, name), name
                is_public = getattr(change, name) == 200 and name != "preflight"
                assert (len(app.asked) > asked) == is_public, name


def prefix(name):
    """A middleware that leaves its name in the path."""
    return {f"traefik.http.middlewares.{name}.addprefix.prefix": f"/{name}"}


def test_middlewares_come_in_the_order_entry_point_router_service_with_chains_in_place(traefik):
    """Each puts its name before the path, so the innermost is the first that the app sees."""
    with Backend(200).running() as app:
        labels = {
            **prefix("a"), **prefix("b"), **prefix("c"), **prefix("d"), **prefix("e"),
            "traefik.http.middlewares.outer.chain.middlewares": "b, inner",
            "traefik.http.middlewares.inner.chain.middlewares": "c",
            "traefik.http.routers.r.rule": "Host(`r.test`)",
            "traefik.http.routers.r.entrypoints": "secure",
            "traefik.http.routers.r.middlewares": "a,outer,d",
            "traefik.http.services.s.loadbalancer.server.port": str(app.port),
            "traefik.http.services.s.middlewares": "e",
        }  # fmt: skip
        containers = [Container("c", "p", labels)]
        request = Request("GET", "r.test", "/x", entry_point="secure")
        decision = decide(configure(containers, STATIC), request)
        names = [middleware.declared for middleware in decision.chain]
        assert names == ["pre", "a", "b", "c", "d", "e"]
        traefik.load(containers)
        assert traefik.ask(request)[1] == 200
        assert app.asked == ["GET /e/d/c/b/a/pre@file/x"]


CORS = (
    ("accesscontrolallowcredentials", "true"),
    ("accesscontrolallowheaders", "X-A"),
    ("accesscontrolallowmethods", "GET"),
    ("accesscontrolalloworiginlist", "https://x.test"),
    ("accesscontrolalloworiginlistregex", "x"),
    ("accesscontrolexposeheaders", "X-A"),
    ("accesscontrolmaxage", "0"),
    ("accesscontrolmaxage", "5"),
    ("addvaryheader", "true"),
    ("framedeny", "true"),
    ("customresponseheaders.Access-Control-Allow-Origin", "*"),
)


@pytest.mark.parametrize("setting", CORS, ids="=".join)
def test_a_headers_middleware_with_a_cors_setting_answers_preflights_itself(traefik, setting):
    """What is behind it is not asked; a preflight that it does not answer gets there."""
    labels = {
        f"traefik.http.middlewares.m.headers.{setting[0]}": setting[1],
        "traefik.http.routers.r.rule": f"Host(`{stack.HOST}`)",
        "traefik.http.routers.r.entrypoints": "websecure",
        "traefik.http.routers.r.tls": "true",
        "traefik.http.routers.r.middlewares": "m",
        "traefik.http.routers.r.service": "noop@internal",
    }
    containers = [Container("c", "p", labels, (80,))]
    model = configure(containers, STATIC)
    traefik.load(containers)
    for request in (stack.PREFLIGHT, stack.request("OPTIONS", "/v1"), stack.CHAT):
        assert traefik.ask(request)[1] == status(decide(model, request))


def middleware(**labels):
    """The middleware ``m`` of these settings."""
    made = {f"traefik.http.middlewares.m.{name.replace('__', '.')}": value
            for name, value in labels.items()}  # fmt: skip
    return configure([Container("c", "p", made, (80,))]).middlewares["m@docker"]


class TestPredicates:
    """What a middleware is."""

    def test_forward_auth(self):
        """It is authentication too; other kinds of authentication are not it."""
        forward = middleware(forwardauth__address="http://a")
        basic = middleware(basicauth__users="a:b")
        assert chains.is_forward_auth(forward) and chains.is_authentication(forward)
        assert chains.is_authentication(basic) and not chains.is_forward_auth(basic)

    def test_compression_of_a_content_type(self):
        """Excluded, not included, or compressed."""
        every = middleware(compress="true")
        excluding = middleware(compress__excludedcontenttypes="text/event-stream, a/b")
        including = middleware(compress__includedcontenttypes="text/html")
        assert chains.compresses(every, "text/event-stream")
        assert not chains.compresses(excluding, "text/event-stream")
        assert chains.compresses(excluding, "text/html")
        assert not chains.compresses(including, "text/event-stream")

    def test_what_holds_back_or_repeats_or_limits(self):
        """By kind."""
        assert chains.is_buffering(middleware(buffering__maxrequestbodybytes="1"))
        assert chains.is_retry(middleware(retry__attempts="2"))
        assert chains.is_rate_limit(middleware(ratelimit__average="2"))

    def test_a_preflight_needs_both_headers(self):
        """OPTIONS alone is a request like any other."""
        assert chains.is_preflight(stack.PREFLIGHT)
        assert not chains.is_preflight(stack.request("OPTIONS", "/"))
        assert not chains.is_preflight(stack.request("OPTIONS", "/", ("Origin", "x")))
        assert not chains.is_preflight(stack.request("GET", "/", *stack.PREFLIGHT.headers))
