"""The public fixtures. Whatever is heavy is imported inside them.

There is a fixture for every probe of the catalogue, of the probe's name: it gives the recorded
exchange. A test that uses one makes the recorder send that probe, once, however many tests do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_codex.probes.names import REFUSED_NAMES, WHAT
from pytest_codex.state import (
    UNDECLARED,
    judgement_of,
    live_session,
    settings_of,
    stacks_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx

    from pytest_codex.exchange.exchange import Exchange
    from pytest_codex.invariants.deployment import Deployment
    from pytest_codex.invariants.findings import Findings
    from pytest_codex.invariants.stack import Stack
    from pytest_codex.redaction import Secret
    from pytest_codex.targets import Target

#: The streams whose whole contract is verified.
CONTRACT_STREAMS = ("chat_stream", "chat_stream_long")


class Broken(pytest.fail.Exception):  # type: ignore[name-defined,misc]  # pytest types it so
    """What a check builds on is broken, and it is the one to say so."""

    __module__ = "builtins"  # as pytest does with its own, so that summaries show the message


@pytest.fixture(scope="session")
def codex_target(request: pytest.FixtureRequest) -> Target:
    """The target that is verified; every live fixture builds on it."""
    session = live_session(request.config)
    name = getattr(request, "param", None) or next(iter(session.targets))
    return session.targets[name]


@pytest.fixture(scope="session")
def target(codex_target: Target) -> Target:
    """The target that is verified: its address, model, budgets and policy."""
    return codex_target


@pytest.fixture(scope="session")
def domain(codex_target: Target) -> str:
    """The target's host, with its port if that is not the scheme's own."""
    return codex_target.domain


@pytest.fixture(scope="session")
def key(codex_target: Target) -> Secret:
    """The target's key, which shows itself only to ``key.reveal()``; skips where there is none."""
    from pytest_codex.diagnosis import SET_KEY
    from pytest_codex.probes.catalogue import NO_KEY

    if codex_target.key is None:
        pytest.skip(f"{NO_KEY}; next: {SET_KEY}")
    return codex_target.key


@pytest.fixture(scope="session")
def codex_stacks(request: pytest.FixtureRequest) -> tuple[Stack, ...]:
    """The stacks of the compose files, prod's first; skips where there is no file."""
    found = _stacks(request.config)
    if not found:
        pytest.skip("there is no compose file; next: --compose=docker-compose.yml")
    return found


@pytest.fixture(scope="session")
def codex_stack(request: pytest.FixtureRequest, codex_stacks: tuple[Stack, ...]) -> Stack:
    """The stack that is judged; with ``--compose-dev`` each in turn."""
    name = getattr(request, "param", None)
    return next(stack for stack in codex_stacks if name in (None, stack.policy.target))


@pytest.fixture(scope="session")
def compose(codex_stack: Stack) -> Deployment:
    """The compose files as Traefik would serve them.

    ``compose.routes("POST", "/v1/chat/completions")`` says which router answers, through which
    chain, and why; ``compose.project`` has services and networks as docker compose reads them.
    """
    return codex_stack.deployment


@pytest.fixture
def findings(request: pytest.FixtureRequest, codex_stack: Stack) -> Findings:
    """What breaks the invariant that the test ``enforces`` on a stack; advice is given on the way.

    Skips where the rule is waived, or where what it is about is not there.
    """
    return _findings(request, codex_stack.policy.target)


@pytest.fixture
def common_findings(
    request: pytest.FixtureRequest,
    codex_stacks: tuple[Stack, ...],  # noqa: ARG001 - it skips where there is none
) -> Findings:
    """Likewise, for an invariant that is about all stacks together, or about the repository."""
    return _findings(request, None)


@pytest.fixture(scope="session")
def promised_headers(request: pytest.FixtureRequest, codex_target: Target) -> dict[str, str]:
    """The security headers that compose files promise for the target; none where none is named.

    A file that the configuration names speaks for the target only if its rules ask for its host.
    """
    from pytest_codex.traefik.headers import promised_headers

    named = settings_of(request.config).compose_files
    if not named.main and not named.dev:
        return {}
    stacks = _stacks(request.config)
    own = [stack for stack in stacks if stack.policy.target == codex_target.name]
    stack = (own or stacks)[0]
    if not named.by_flag and codex_target.address.host not in stack.deployment.hosts:
        return {}
    labels = stack.project.labels
    return promised_headers({name: text.value for name, text in labels.items() if not text.unset})


@pytest.fixture
def async_client(codex_target: Target, key: Secret) -> httpx.AsyncClient:
    """An authenticated ``httpx.AsyncClient`` for the target, to be entered by an async test.

    ``async with async_client as client: await client.get("/v1/models")``. It follows no redirects,
    trusts what the recorder trusts, and has the target's budgets as timeouts.
    """
    import os

    import httpx

    from pytest_codex.probes.certificate import tls_context

    budgets = codex_target.budgets
    return httpx.AsyncClient(
        base_url=codex_target.address.url,
        headers={"Authorization": f"Bearer {key.reveal()}"},
        verify=tls_context(os.environ, codex_target.ca_file),
        timeout=httpx.Timeout(budgets.idle, connect=budgets.connect),
        trust_env=False,
    )


@pytest.fixture(scope="session")
def recorded(request: pytest.FixtureRequest, codex_target: Target) -> Mapping[str, Exchange]:
    """Every exchange that this run records of the target, by the name of its probe."""
    return live_session(request.config).recorded(codex_target.name, wait=True)


@pytest.fixture(params=CONTRACT_STREAMS)
def stream(request: pytest.FixtureRequest, codex_target: Target) -> Exchange:
    """Each of the streams whose whole contract is verified, in turn."""
    return _exchange(request, codex_target, request.param)


@pytest.fixture(params=REFUSED_NAMES)
def refusal(request: pytest.FixtureRequest, codex_target: Target) -> Exchange:
    """Each request that presents a credential which must be refused, in turn."""
    return _exchange(request, codex_target, request.param)


#: The errors that a client can provoke, none of which costs a model call.
PROVOKED = (
    "chat_with_broken_json",
    "chat_without_messages",
    "chat_with_unknown_model",
    "unknown_path",
)


@pytest.fixture(params=PROVOKED)
def error(request: pytest.FixtureRequest, codex_target: Target) -> Exchange:
    """Each request that has to be answered with an error, in turn."""
    return _exchange(request, codex_target, request.param)


@pytest.fixture
def models_list(request: pytest.FixtureRequest, codex_target: Target) -> Exchange:
    """The exchange that must be answered with the models list: with the key if it is needed."""
    return _exchange(request, codex_target, codex_target.lists_models)


def probes_of(name: str, parameters: Mapping[str, object]) -> tuple[str, ...]:
    """Return the probes that a fixture needs, given the parameters of the test that uses it."""
    if name in ("stream", "refusal", "error"):
        return (str(parameters[name]),)
    if name == "models_list":
        return ("models", "models_with_key")
    return (name,) if name in WHAT else ()


def _stacks(config: pytest.Config) -> tuple[Stack, ...]:
    from pytest_codex.errors import ConfigurationError

    try:
        return stacks_of(config)
    except ConfigurationError as error:
        pytest.fail(str(error), pytrace=False)


def _findings(request: pytest.FixtureRequest, target: str | None) -> Findings:
    import warnings

    from pytest_codex import EndpointAdvice
    from pytest_codex.errors import did_you_mean
    from pytest_codex.invariants.findings import Findings
    from pytest_codex.invariants.rules import RULES

    marker = request.node.get_closest_marker("enforces")
    name = marker.args[0] if marker and marker.args else None
    if name not in RULES:
        pytest.fail(
            f"the test names its rule with @pytest.mark.enforces(…), and {name!r} is none"
            f"{did_you_mean(str(name), RULES)}",
            pytrace=False,
        )
    judgement = judgement_of(request.config, name, target)
    if judgement.unjudged:
        pytest.skip(judgement.unjudged)
    for finding in judgement.advice:
        warnings.warn(EndpointAdvice(str(finding)), stacklevel=2)
    return Findings(judgement.broken)


def _exchange(request: pytest.FixtureRequest, target: Target, probe: str) -> Exchange:
    """Return an exchange, or end the test because something more basic is broken."""
    from pytest_codex.diagnosis import Level
    from pytest_codex.report.explain import explain_cause

    session = live_session(request.config)
    if not session.has_planned(request.node.nodeid, probe):
        pytest.fail(UNDECLARED, pytrace=False)
    obstacle = session.obstacle(request.node.nodeid, target.name, probe)
    if obstacle is None:
        return session.exchange(target.name, probe)
    if obstacle.because_of is None and obstacle.cause.level is not Level.KEY_GIVEN:
        seen = session.exchange(target.name, obstacle.cause.seen)
        raise Broken(explain_cause(obstacle.cause, seen), pytrace=False)
    because = f"because of {obstacle.because_of}: " if obstacle.because_of else ""
    pytest.skip(f"{because}{obstacle.cause}")


def _probe_fixture(name: str, what: str) -> Callable[..., Any]:
    def exchange(request: pytest.FixtureRequest, codex_target: Target) -> Exchange:
        return _exchange(request, codex_target, name)

    exchange.__doc__ = f"The exchange of {what}."
    return pytest.fixture(name=name)(exchange)


# The refused credentials come one by one through `refusal`; as that many fixtures they would cost
# every pytest run of everybody a millisecond.
_FIXTURES = {name for name in WHAT if name not in REFUSED_NAMES} | {REFUSED_NAMES[0]}
globals().update({f"{name}_exchange": _probe_fixture(name, WHAT[name]) for name in _FIXTURES})
