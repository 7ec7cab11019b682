"""Who answers one request, and who can answer any."""

from __future__ import annotations

import random

import pytest

from pytest_codex.traefik import chains
from pytest_codex.traefik.classes import HostGuard, PathGuard, ValueGuard, classes
from pytest_codex.traefik.labels import Container, configure
from pytest_codex.traefik.matching import Condition, Subject, compile_rule, conditions
from pytest_codex.traefik.proof import possible, representatives, sweep
from pytest_codex.traefik.requests import Request, raw_path, routing_path
from pytest_codex.traefik.routing import decide, muxers

from . import stack
from .generate import OTHER, STATIC, Generator

R = "traefik.http.routers."


def routers(**rules):
    """A configuration of routers on ``web`` by their rules, with priorities after a bar."""
    labels = {}
    for name, rule in rules.items():
        text, _, priority = rule.partition(" | ")
        labels |= {f"{R}{name}.rule": text, f"{R}{name}.entrypoints": "web",
                   f"{R}{name}.service": "noop@internal"}  # fmt: skip
        if priority:
            labels[f"{R}{name}.priority"] = priority
    return configure([Container("c", "p", labels, (80,))])


def plain(path="/", **rest):
    """A plain request on ``web``."""
    return Request(path=path, tls=False, entry_point="web", host="a.test", **rest)


def winner(configuration, request):
    """The name in the labels of the router that answers."""
    router = decide(configuration, request).router
    return router.declared if router else None


class TestPriority:
    """The longest rule, counted in bytes, unless a priority is set."""

    def test_the_longer_rule_wins(self):
        """As it is written: a rule that is spaced out wins over one that is not."""
        model = routers(a="PathPrefix(`/`)", b="PathPrefix( `/` )")
        assert winner(model, plain()) == "b"

    def test_bytes_count_and_not_characters(self):
        """One letter beyond ASCII is two."""
        model = routers(a="PathPrefix(`/`) || Path(`/é`)", b="PathPrefix(`/`) || Path(`/a`)")
        assert winner(model, plain()) == "a"

    def test_a_priority_that_is_set_counts_instead(self):
        """A negative one is last, and zero is none."""
        model = routers(a="PathPrefix(`/`)", b="Path(`/`) | -1", c="Path(`/`) | 0")
        assert [router.declared for router in decide(model, plain()).contenders] == ["a", "c", "b"]

    def test_routers_of_one_priority_tie_where_they_overlap(self):
        """And only there."""
        model = routers(a="Path(`/a`) || Path(`/x`) | 5", b="Path(`/b`) || Path(`/x`) | 5")
        assert [router.declared for router in decide(model, plain("/x")).ties] == ["a", "b"]
        assert "at random" in decide(model, plain("/x")).why[0]
        assert not decide(model, plain("/a")).ties

    def test_a_router_out_of_use_leaves_requests_to_the_next(self):
        """And the decision says so."""
        model = routers(a="Path(`/x`)", b="PathPrefix(`/`)")
        labels = {f"{R}a.rule": "Path(`/x`) && Method(`GET`)", f"{R}a.middlewares": "nope",
                  f"{R}a.entrypoints": "web", f"{R}b.rule": "PathPrefix(`/`)",
                  f"{R}b.entrypoints": "web"}  # fmt: skip
        model = configure([Container("c", "p", labels, (80,))])
        decision = decide(model, plain("/x"))
        assert decision.router.declared == "b"
        assert "a@docker does not count: there is no middleware nope@docker." in decision.why


class TestDecision:
    """What it says."""

    def test_nothing_matches(self):
        """404, and which routers would if they answered such connections."""
        model = configure(stack.containers(stack.LABELS))
        decision = decide(model, Request("GET", stack.HOST, "/healthz", tls=False))
        assert (decision.router, decision.status) == (None, 404)
        assert "gw-health@docker does not count: it answers TLS only." in decision.why

    def test_a_path_that_traefik_refuses(self):
        """400, before any routing."""
        assert decide(routers(a="PathPrefix(`/`)"), plain("/%")).status == 400

    def test_a_service_of_traefik_s_own(self):
        """noop answers 418; what the others answer is theirs."""
        assert decide(routers(a="PathPrefix(`/`)"), plain()).status == 418


class TestPossible:
    """Headers, query and client address are unknown."""

    @pytest.mark.parametrize(
        ("rules", "expected"),
        [
            ({"a": "Header(`X`, `1`)", "b": "PathPrefix(`/`) | 1"}, {("a",), ("b",)}),
            ({"a": "Header(`X`, `1`) || !Header(`X`, `1`)"}, {("a",)}),
            ({"a": "Header(`X`, `1`) | 9", "b": "!Header(`X`, `1`) | 8"}, {("a",), ("b",)}),
            ({"a": "Header(`X`, `1`) && !HeaderRegexp(`X`, `^[0-9]$`)"}, {()}),
            ({"a": "Header(`X`, `1`) && Header(`X`, `2`)"}, {("a",), ()}),
            ({"a": "Header(`Host`, `a.test`)"}, {()}),
            ({"a": "HeaderRegexp(`X`, `^a+$`) && !HeaderRegexp(`X`, `aa`)"}, {("a",), ()}),
            ({"a": "ClientIP(`10.0.0.0/8`) && ClientIP(`11.0.0.0/8`)"}, {()}),
            ({"a": "ClientIP(`10.0.0.0/8`) && !ClientIP(`10.0.0.0/9`)"}, {("a",), ()}),
            ({"a": "ClientIP(`0.0.0.0/0`) || ClientIP(`::/0`)"}, {("a",)}),
            ({"a": "Query(`q`, `1`) && QueryRegexp(`q`, `^2`)"}, {("a",), ()}),
            ({"a": "Query(`q`) | 9", "b": "Header(`X`, `1`) | 9"},
             {("a",), ("b",), ("a", "b"), ()}),
            ({"a": "Method(`POST`) && Header(`X`, `1`)", "b": "Path(`/`)"}, {("b",)}),
        ],
        ids=lambda value: " ".join(value.values())[:60] if isinstance(value, dict) else "",
    )  # fmt: skip
    def test_every_way_is_found_and_no_other(self, rules, expected):
        """Each with a request that goes that way."""
        model = routers(**rules)
        outcomes = possible(model, plain())
        assert {tuple(each.declared for each in way.routers) for way in outcomes.found} == expected
        assert outcomes.complete
        for way in outcomes.found:
            decision = decide(model, way.request)
            assert (decision.ties or (decision.router,) * bool(decision.router)) == way.routers

    def test_more_conditions_than_can_be_tried_are_not_proved_away(self):
        """Then every router that is not impossible counts, and the answer is marked."""
        rules = {f"r{number}": " || ".join(f"Header(`H{number}-{each}`, `1`)" for each in range(9))
                 for number in range(9)}  # fmt: skip
        outcomes = possible(routers(**rules), plain())
        assert not outcomes.complete
        assert outcomes.routers == {f"{name}@docker" for name in rules}
        assert () in {way.routers for way in outcomes.found}

    @pytest.mark.parametrize("static", [STATIC, OTHER], ids=["usual", "other"])
    def test_it_contains_whatever_a_real_request_meets(self, static):
        """On random configurations; and each way that it shows is one that is taken."""
        shown = 0
        for seed in range(12):
            generator = Generator(seed, static)
            label_set = generator.label_set()
            model = configure(label_set.containers, static)
            among = muxers(model)
            for request in generator.requests(label_set, 40):
                mux = among[request.entry_point, request.tls]
                decision = decide(model, request, mux)
                outcomes = possible(model, request, mux)
                names = {router.name for router in decision.ties} or (
                    {decision.router.name} if decision.router else set()
                )
                assert names <= outcomes.routers, request
                for way in outcomes.found:
                    if way.request is None:
                        continue
                    shown += 1
                    made = decide(model, way.request, mux)
                    found = made.ties or ((made.router,) if made.router else ())
                    assert found == way.routers, (request, way)
        assert shown > 100


def answers(tests, text):
    """What every test says of a text."""
    return tuple(test(text) for test in tests)


class TestClasses:
    """One text stands for all that no rule tells apart."""

    def test_literals_prefixes_and_all_else(self):
        """Before, at, within and after each."""
        tests = [each.test for rule in ("Path(`/v1`)", "PathPrefix(`/v1/m`)")
                 for each in conditions(compile_rule(rule))]  # fmt: skip
        assert classes(tests, PathGuard()).texts == ("/", "/v1", "/v1/m")

    def test_regular_expressions_are_walked_too(self):
        """Against each other and against literals; what contradicts is not there."""
        rules = (
            "PathRegexp(`^/a+$`)",
            "PathRegexp(`aa`)",
            "PathPrefix(`/ab`)",
            "PathRegexp(`^/$`)",
        )
        tests = [each.test for rule in rules for each in conditions(compile_rule(rule))]
        found = classes(tests, PathGuard())
        assert found.complete
        assert {answers(tests, text) for text in found.texts} == {
            (False, False, False, True), (True, False, False, False), (False, False, False, False),
            (True, True, False, False), (False, True, False, False), (False, False, True, False),
            (False, True, True, False),
        }  # fmt: skip

    def test_paths_are_those_that_routers_can_see(self):
        """No ``//``, no dot segments, no escapes of what is not reserved."""
        rules = (
            "Path(`//`)",
            "Path(`/a/..`)",
            "Path(`/%61`)",
            "Path(`/%2F`)",
            "PathRegexp(`\\?|#`)",
        )
        tests = [each.test for rule in rules for each in conditions(compile_rule(rule))]
        assert classes(tests, PathGuard()).texts == ("/", "/%2F")
        assert "//" in classes(tests, PathGuard(sanitized=False)).texts

    def test_a_walk_that_is_too_long_says_so(self):
        """And does not hang."""
        tests = [each.test for number in range(14) for each in conditions(
            compile_rule(f"PathRegexp(`(a|b)*a(a|b){{{number}}}$`)"))]  # fmt: skip
        assert not classes(tests, PathGuard(), limit=500).complete

    @pytest.mark.parametrize("seed", range(40))
    def test_no_path_of_any_spelling_is_outside_of_them(self, seed):
        """Random rules, random paths as a client may send them."""
        generator = Generator(seed)
        chance = random.Random(seed)
        tests = []
        while len(tests) < 5:
            try:
                formula = compile_rule(generator.rule())
            except ValueError:
                continue
            tests += [each.test for each in conditions(formula) if each.subject is Subject.PATH]
        for sanitized in (True, False):
            found = classes(tests, PathGuard(sanitized))
            assert found.complete
            known = {answers(tests, text) for text in found.texts}
            for text in found.texts:
                assert routing_path(raw_path(text), sanitize=sanitized) == text
            for _ in range(300):
                sent = "/" + "".join(chance.choices(
                    ["v1", "/", ".", "..", "%2F", "models", "x", "%76", "chat", "a", "!", "V", "é"],
                    k=chance.randint(0, 8)))  # fmt: skip
                path = routing_path(sent, sanitize=sanitized)
                assert path is not None
                assert answers(tests, path) in known, (sent, path)

    def test_hosts_and_values_have_grammars_of_their_own(self):
        """A header's value has no space at its edges; a query's may."""
        test = [each.test for each in conditions(compile_rule("HeaderRegexp(`X`, `^ | $`)"))]
        assert len(classes(test, ValueGuard(header=True)).texts) == 1
        assert len(classes(test, ValueGuard(header=False)).texts) == 2
        host = [each.test for each in conditions(compile_rule("HostRegexp(`[A-Z ]`)"))]
        assert len(classes(host, HostGuard()).texts) == 1


def reaches_the_app_without_a_key(model):
    """The requests, one of each kind, that do: the proof that the invariants are made of."""
    for outcomes in sweep(model, stack.HOST):
        for way in outcomes.found:
            for router in way.routers:
                met = chains.met(model.chain(router), way.request or outcomes.partial)
                if router.service == "gw-api@docker" and not any(map(chains.is_forward_auth, met)):
                    yield router.declared, outcomes.partial.path, way.request


class TestSweep:
    """All requests of a host."""

    def test_a_good_stack_is_open_where_it_shall_be_and_nowhere_else(self):
        """Models and health, by whatever method."""
        model = configure(stack.containers(stack.LABELS))
        assert representatives(model, stack.HOST).complete
        found = {(name, path) for name, path, _ in reaches_the_app_without_a_key(model)}
        assert found == {
            ("gw-models", "/v1/models"), ("gw-models", "/v1/models/"), ("gw-health", "/healthz"),
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("rule", "name"),
        [
            (f"Host(`{stack.HOST}`) && Header(`X-Debug`, `1`)", "X-Debug"),
            (f"Host(`{stack.HOST}`) && Query(`debug`, `1`)", "debug"),
            (f"Host(`{stack.HOST}`) && Method(`PATCH`)", "PATCH"),
            (f"Host(`{stack.HOST}`) && PathRegexp(`/chat/c[o0]mp`)", "mp"),
            (
                "HostRegexp(`^gate`) && !Header(`Authorization`, `x`) && ClientIP(`10.0.0.0/8`)",
                "10.0.0.0",
            ),
        ],
    )
    def test_a_way_in_is_found_with_a_request_that_goes_it(self, rule, name):
        """Through a header, a parameter, a method, a pattern, an address."""
        labels = {**stack.LABELS, f"{R}hole.rule": rule, f"{R}hole.priority": "20000",
                  f"{R}hole.entrypoints": "websecure", f"{R}hole.tls": "true",
                  f"{R}hole.service": "gw-api"}  # fmt: skip
        model = configure(stack.containers(labels))
        holes = [way for router, _, way in reaches_the_app_without_a_key(model) if router == "hole"]
        assert holes
        for request in holes:
            assert winner(model, request) == "hole"
        assert any(name in str(request) for request in holes)

    def test_it_misses_no_router_that_a_random_request_meets(self):
        """For the hosts of random configurations."""
        for seed in range(6):
            generator = Generator(seed)
            label_set = generator.label_set(2, 6)
            model = configure(label_set.containers, STATIC)
            for request in generator.requests(label_set, 30):
                decision = decide(model, request)
                if decision.router is None:
                    continue
                names = {name for each in sweep(model, request.host) for name in each.routers}
                assert decision.router.name in names

    def test_many_hosts_do_not_make_one_request_slow(self):
        """A request is compared with the routers of its host: the rest is not looked at."""
        labels = {}
        for number in range(500):
            labels[f"{R}r{number}.rule"] = f"Host(`h{number}.test`) && PathPrefix(`/`)"
            labels[f"{R}r{number}.entrypoints"] = "web"
        model = configure([Container("c", "p", labels, (80,))])
        mux = muxers(model)["web", False]
        assert len(list(mux.candidates("h7.test"))) == 1
        assert len(mux.hosts) == 1000  # each with and without a dot at its end
        assert len(representatives(model, "h7.test").requests) == 4 * 5


def test_conditions_of_several_rules_that_say_the_same_are_one():
    """So that deciding one decides the other."""
    first, second = (
        compile_rule(rule) for rule in ("HeaderRegexp(`a`, `x+`)", '!headerregexp("A", "x+")')
    )
    assert isinstance(first, Condition)
    assert list(conditions(second)) == [first]
    assert hash(first) == hash(next(conditions(second)))
