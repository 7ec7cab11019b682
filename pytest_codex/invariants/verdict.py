"""Every rule with what judges it, and the judgements of stacks, pairs and repositories."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from pytest_codex.invariants import (
    application,
    authentication,
    chains,
    docker,
    drift,
    routing,
    seeds,
    ways_in,
    writing,
)
from pytest_codex.invariants.findings import Finding, Judgement, judged
from pytest_codex.invariants.rules import RULES
from pytest_codex.invariants.stack import Stack, is_about_traefik

_OF_STACK: Mapping[str, Callable[[Stack], Iterator[Finding]]] = {
    "file-is-unambiguous": writing.file_is_unambiguous,
    "variables-are-set": writing.variables_are_set,
    "labels-take-effect": writing.labels_take_effect,
    "routers-exist": routing.routers_exist,
    "routers-answer-what-they-must": routing.routers_answer_what_they_must,
    "no-tie": routing.no_tie,
    "no-way-in": ways_in.no_way_in,
    "ports-on-loopback": ways_in.ports_on_loopback,
    "public-stays-public": chains.public_stays_public,
    "middlewares-exist": chains.middlewares_exist,
    "chain-order": chains.chain_order,
    "cors-without-credentials": chains.cors_without_credentials,
    "forwardauth-address": authentication.forwardauth_address,
    "forwardauth-sends-authorization": authentication.forwardauth_sends_authorization,
    "auth-server-is-published": authentication.auth_server_is_published,
    "traefik-network": application.traefik_network,
    "traefik-enabled": application.traefik_enabled,
    "service-port": application.service_port,
    "home-is-mounted": application.home_is_mounted,
    "app-environment": application.app_environment,
    "no-literal-secret": writing.no_literal_secret,
    "nothing-buffers-streams": chains.nothing_buffers_streams,
    "model-agrees-with-docker": docker.model_agrees_with_docker,
}


#: What compares prod with dev: of two stacks the first is what the second is ported to.
_OF_PAIR: Mapping[str, Callable[[Stack, Stack], Iterator[Finding]]] = {
    "routing-is-the-same": drift.routing_is_the_same,
    "environment-is-the-same": drift.environment_is_the_same,
}
#: What is asked of the folder of prod's files.
_OF_REPOSITORY: Mapping[str, Callable[[Stack], Iterator[Finding]]] = {
    "seeds-are-in-step": seeds.seeds_are_in_step,
    "no-tracked-credentials": seeds.no_tracked_credentials,
}


def judge(name: str, stacks: Sequence[Stack]) -> Judgement:
    """Judge by one rule.

    :param stacks: one, or for what is about both of them prod and dev.
    """
    rule = RULES[name]
    first = stacks[0]
    waiving = [stack.policy.target for stack in stacks if name in stack.policy.waived]
    if waiving:
        return Judgement(rule, (), f"waived for target {' and '.join(waiving)}")
    if not any(is_about_traefik(stack.project, stack.policy) for stack in stacks):
        return Judgement(rule, (), "no service of these files is served by Traefik")
    if rule.about == "stack":
        return judged(name, _OF_STACK[name](first))
    if rule.about == "repository":
        return judged(name, _OF_REPOSITORY[name](first))
    if len(stacks) < 2:
        return Judgement(rule, (), "there is one stack only; next: --compose-dev=FILE")
    return judged(name, _OF_PAIR[name](first, stacks[1]))
