"""The model and the real Traefik agree. ``full.py`` compares more of the same."""

from __future__ import annotations

import json
import os

import pytest

from pytest_codex.traefik.labels import Container, configure
from pytest_codex.traefik.matching import compile_rule
from pytest_codex.traefik.tokens import RuleError

from . import cases, full
from .compare import Tally, compare_existence
from .generate import OTHER, STATIC, Generator
from .proxy import UnavailableError, running

ROUTER = {
    "traefik.http.routers.a.rule": "Host(`a`)",
    "traefik.http.routers.a.entrypoints": "web",
}
SERVICE = {"traefik.http.services.s.loadbalancer.server.port": "1"}


def numbered(labels, number):
    """The labels with their names made unique, so that containers do not meddle."""
    return {
        label.replace(".routers.a.", f".routers.a{number}."): value
        for label, value in labels.items()
    }


@pytest.mark.parametrize(("static", "sets"), [(STATIC, 9), (OTHER, 6)], ids=["usual", "other"])
def test_random_labels_and_requests_have_the_same_routers_and_the_same_winners(static, sets):
    """3,000 requests over more than 100 rules; the same ones in every run."""
    tally = Tally()
    try:
        full.run(static, range(sets), 200, tally)
    except UnavailableError as reason:
        pytest.skip(str(reason))
    assert not tally.differences, "\n".join([str(tally), *tally.differences[:5]])
    assert tally.answered > 80
    assert tally.rules > 80


@pytest.mark.skipif("TRAEFIK_FULL" not in os.environ, reason="set TRAEFIK_FULL to a seed")
def test_the_full_comparison_finds_no_disagreement():
    """The same as ``python -m testing.traefik.full``."""
    assert full.main(int(os.environ["TRAEFIK_FULL"])) == 0


def test_a_seed_makes_the_same_labels_and_requests_again():
    """What has failed once can be looked at."""

    def made():
        generator = Generator(7)
        label_set = generator.label_set()
        return label_set, list(generator.requests(label_set, 50))

    assert made() == made()


def dropped(traefik, containers):
    """The numbers of the containers that Traefik has nothing of, and of those the model drops."""
    traefik.load(containers)
    data = traefik.api("rawdata")
    real = {name.partition("@")[0] for name in data["services"]}
    model = {service.declared for service in configure(containers, STATIC).services.values()}
    expected = {container.service for container in containers}
    return expected - real, expected - model


def test_every_field_of_every_label_is_accepted_and_refused_alike(traefik):
    """Each good value, each bad one, and each misspelt name, in a container of its own."""
    fields = list(cases.fields())
    containers = [
        Container(f"c{number}", "p", {
            label: value,
            f"traefik.http.routers.keep{number}.rule": "Host(`a`)",
            f"traefik.http.routers.keep{number}.service": "noop@internal",
            f"traefik.http.services.c{number}.loadbalancer.server.port": "1",
        }, (1,))
        for number, (label, value) in enumerate(fields)
    ]  # fmt: skip
    real, model = dropped(traefik, containers)
    assert len(fields) > 900
    assert 300 < len(real) < len(fields) - 300
    different = sorted(real ^ model, key=lambda name: int(name[1:]))
    assert not [fields[int(name[1:])] for name in different]


@pytest.mark.parametrize("label", cases.LABELS, ids="=".join)
def test_an_odd_label_does_to_a_container_what_it_does_in_the_model(traefik, label):
    """Nothing, or one router gone, or all of it."""
    containers = [Container("c", "p", {**ROUTER, **SERVICE, label[0]: label[1]}, (80,))]
    traefik.load(containers)
    assert not list(compare_existence(traefik, configure(containers, STATIC)))


def test_a_middleware_works_or_does_not_as_in_the_model(traefik):
    """Each table of settings in a container of its own, with a router that uses it."""
    containers = []
    for number, settings in enumerate(cases.MIDDLEWARES):
        labels = {**ROUTER, **SERVICE, "traefik.http.routers.a.middlewares": f"m{number}"}
        labels = numbered(labels, number)
        for name, value in settings.items():
            value = f"m{number}" if value == "m" else value
            labels[f"traefik.http.middlewares.m{number}.{name}"] = value
        containers.append(Container(f"c{number}", "p", labels, (80,)))
    traefik.load(containers)
    differences = list(compare_existence(traefik, configure(containers, STATIC)))
    assert not differences, json.dumps(differences, indent=1)


def test_a_bracket_that_closes_only_takes_every_container_down():
    """The provider crashes on it, so what it had before stays, and at the start that is nothing."""
    good = Container(
        "good", "p", {**ROUTER, "traefik.http.routers.a.service": "noop@internal"}, (80,)
    )
    bad = Container("bad", "p", {"traefik.http.routers.b.rule]": "x"}, (80,))
    assert not configure([good, bad], STATIC).routers
    try:
        with running(STATIC) as proxy:
            proxy.engine.set([good, bad])
            proxy.wait_for("a bracket", lambda: "panic" in proxy.messages())
            assert not [each for each in proxy.routers() if each["name"].endswith("@docker")]
    except UnavailableError as reason:
        pytest.skip(str(reason))


def statuses(traefik, rules):
    """Whether each rule was accepted."""
    labels = {f"traefik.http.routers.r{number}.rule": rule for number, rule in enumerate(rules)}
    labels |= {f"traefik.http.routers.r{number}.entrypoints": "web" for number in range(len(rules))}
    labels |= {
        f"traefik.http.routers.r{number}.service": "noop@internal" for number in range(len(rules))
    }
    traefik.load([Container("c", "p", labels, (80,))])
    found = {router["name"]: router["status"] for router in traefik.routers()}
    return [found[f"r{number}@docker"] == "enabled" for number in range(len(rules))]


def accepted(rule):
    """Whether the model accepts a rule."""
    try:
        compile_rule(rule)
    except RuleError:
        return False
    return True


@pytest.mark.parametrize(
    "rules",
    [
        [rule for rule in cases.RULES if rule],
        [f"PathRegexp(`{pattern}`)" for pattern in cases.PATTERNS],
    ],
    ids=["grammar", "regular expressions"],
)
def test_a_rule_is_accepted_or_refused_as_in_the_model(traefik, rules):
    """A hundred odd rules, and two hundred patterns."""
    real = statuses(traefik, rules)
    assert 0 < sum(real) < len(real)
    model = [accepted(rule) for rule in rules]
    assert not [
        (rule, "traefik accepts" if one else "traefik refuses")
        for rule, one, other in zip(rules, real, model, strict=True)
        if one != other
    ]
