"""What is not the same on dev and prod, and not meant to differ.

Source: the playbook, "Map DEV settings to PROD".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase

from pytest_codex.compose.places import Place
from pytest_codex.invariants.facts import Fact, Facts, application_facts, routing_facts
from pytest_codex.invariants.findings import Finding, UnjudgedError
from pytest_codex.invariants.meanings import Meaning
from pytest_codex.invariants.neutral import HOST
from pytest_codex.invariants.stack import Stack
from pytest_codex.traefik.matching import matches, required_hosts


def routing_is_the_same(prod: Stack, dev: Stack) -> Iterator[Finding]:
    """Yield each difference of routers, rules, chains, middlewares' settings and service ports.

    :raises UnjudgedError: if Traefik has no router of one of the two.
    """
    for stack in (prod, dev):
        if not stack.deployment.configuration.routers:
            raise UnjudgedError(
                f"because of routers-exist: Traefik has no router of {stack.policy.target}"
            )
    yield from _shared(prod, dev)
    facts = routing_facts(prod), routing_facts(dev)
    yield from _differences("routing-is-the-same", (prod, dev), facts)


def _shared(prod: Stack, dev: Stack) -> Iterator[Finding]:
    """Names that both declare: one Traefik serves both, and takes them for the same thing."""
    own = prod.deployment.declared()
    for name, (kind, at) in dev.deployment.declared().items():
        if name in own:
            mixed = "sends requests to both stacks" if kind == "service" else "drops both"
            yield Finding(
                "routing-is-the-same",
                at,
                f"{name} is declared by {dev.policy.target} and by {prod.policy.target}",
                "names of its own for each stack",
                f"call it {dev.named('…')} here",
                consequence=f"Where one Traefik serves both, it {mixed}.",
                other=own[name][1],
            )


def environment_is_the_same(prod: Stack, dev: Stack) -> Iterator[Finding]:
    """Yield each difference of the applications' variables and mounts, as advice.

    :raises UnjudgedError: if one of the two has no application.
    """
    facts = application_facts(prod), application_facts(dev)
    for finding in _differences("environment-is-the-same", (prod, dev), facts):
        yield replace(finding, advice=True)


# -- comparing ------------------------------------------------------------------------------------


def _differences(
    rule: str, stacks: tuple[Stack, Stack], facts: tuple[Facts, Facts]
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
    rule: str, name: str, stacks: tuple[Stack, Stack], prod: Fact, dev: Fact
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
    rule: str, name: str, stacks: tuple[Stack, Stack], fact: Fact, others: Facts
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
    if not (isinstance(one, Meaning) and isinstance(other, Meaning)):
        return ""
    for request in one.told_apart(other):
        if request is None:
            continue
        asked = request if request.host else replace(request, host=_ANY_HOST)
        if matches(one.formula(), asked) != matches(other.formula(), asked):
            own = required_hosts(one.formula()) or frozenset()
            is_own = asked.host == HOST and HOST in own
            return replace(asked, host=stack.host if is_own else asked.host).curl()
    return ""


#: A host that no rule names, for a request of any host.
_ANY_HOST = "host.invalid"
