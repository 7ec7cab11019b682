"""What ``--codex-doctor`` makes of exchanges."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_codex.diagnosis import KEY_PROBE, RATE
from pytest_codex.exchange.exchange import Exchange, FailureKind, Timings
from pytest_codex.report.doctor import ASKED, State, Step, endpoint_steps, lines, settings_steps
from pytest_codex.targets import Target
from testing.units.made import HTML, JSON, exchange, failed, target

ERROR = {"error": {"message": "messages[] required"}}
PREFLIGHT = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", "POST"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
)


def steps(*others: Exchange, at: Target | None = None) -> dict[str, Step]:
    """The steps of an endpoint that is well but for these exchanges, by their names."""
    models = {"object": "list", "data": [{"id": "codex-5", "object": "model"}]}
    asked = [
        exchange("healthz", 200, {"ok": True}, timings=Timings(dns=0.1, tcp=0.2, end=0.3)),
        exchange("models", 200, models),
        exchange("models_with_key", 200, models),
        exchange("preflight", 204, headers=PREFLIGHT),
        exchange(KEY_PROBE, 400, ERROR),
    ]
    exchanges = {one.probe: one for one in (*asked, *others)}
    assert exchanges.keys() == set(ASKED)
    return {step.name: step for step in endpoint_steps(at or target(), exchanges)}


def wrong(found: dict[str, Step]) -> list[str]:
    """The names of the steps that are not well."""
    return [name for name, step in found.items() if step.state.exit_code]


@pytest.mark.parametrize("status", [400, 422])
def test_a_key_is_accepted_by_who_finds_the_mistake_in_the_body(status):
    """Which is what the free request is for."""
    found = steps(exchange(KEY_PROBE, status, ERROR))
    assert found["key"] == Step("key", State.OK, "from --key on the command line, accepted")
    assert not wrong(found)


@pytest.mark.parametrize("status", [404, 405])
def test_a_path_that_is_not_there_proves_no_key(status):
    """Its path is named, and the setting that it is made of."""
    found = steps(exchange(KEY_PROBE, status, {"detail": "Not Found"}))
    assert wrong(found) == ["key"]
    assert found["key"].says.startswith(
        f"no chat completions at /v1/chat/completions: answered {status} application/json: "
    )
    assert "base_path" in found["key"].next_step


def test_a_rate_limit_proves_no_key():
    """It may have come before the key was looked at."""
    found = steps(exchange(KEY_PROBE, 429, ERROR))
    assert wrong(found) == ["key"]
    assert "rate limit" in found["key"].says
    assert found["key"].next_step.startswith(RATE)


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (200, "<html>welcome</html>", HTML),
        (200, '{"choices": []}', JSON),
        (204, "", ()),
        (400, "<html>Bad Request</html>", HTML),
        (400, "Bad Request", ()),
        (413, '{"error": {"message": "too large"}}', JSON),
        (418, '{"error": {"message": "a teapot"}}', JSON),
        (503, '{"error": {"message": "later"}}', JSON),
    ],
)
def test_no_other_answer_proves_a_key(status, body, headers):
    """It is shown."""
    found = steps(exchange(KEY_PROBE, status, body, headers))
    assert wrong(found) == ["key"]
    assert found["key"].says.startswith(f"answered {status}")
    assert body in found["key"].says
    assert found["key"].next_step


def test_where_no_key_is_needed_the_path_is_looked_at_too():
    """And a refusal is what the target's policy did not expect."""
    keyed = target()
    free = replace(keyed, key=None, policy=replace(keyed.policy, auth="none"))
    assert steps(at=free)["key"] == Step("key", State.OK, "none is needed")
    assert wrong(steps(exchange(KEY_PROBE, 404, ERROR), at=free)) == ["key"]
    refused = steps(exchange(KEY_PROBE, 401, ERROR), at=free)
    assert wrong(refused) == ["key"]
    assert refused["key"].says.startswith("a request without a key was refused with 401")


@pytest.mark.parametrize("seen", [failed(FailureKind.TOTAL_TIMEOUT), exchange(status=418)])
def test_only_what_came_is_called_an_answer(seen):
    """It is none where no response came."""
    said = steps(seen)["health"].says
    assert said == (f"answered {seen.outcome}" if seen.reached else seen.outcome)


def test_an_origin_is_not_said_to_be_examined():
    """No probe goes over it, and the embedded endpoint has none."""
    for domain, why in (("api.example", "no check goes over it"), ("embedded", "not used with")):
        said = [step.says for step in settings_steps(target(domain, origin="127.0.0.1:1"))]
        (origin,) = (text for text in said if "127.0.0.1:1" in text)
        assert origin.startswith(f"origin: 127.0.0.1:1 [--origin], {why}")


def test_what_was_interrupted_is_not_known():
    """Neither well nor a problem; the rest is as it is."""
    never = failed(FailureKind.CANCELLED, timings=Timings(dns=0.1, end=3.0))
    found = steps(never)
    assert not wrong(found)
    assert found["health"] == Step("health", State.NOTHING, "not known: interrupted")
    assert found["models"].state is State.OK
    found = steps(*(failed(FailureKind.CALLED_OFF, name) for name in ASKED))
    assert not wrong(found)
    assert {step.says for step in found.values()} == {"not known: interrupted"}


def test_a_long_name_is_apart_from_what_is_said():
    """Files above the rootdir have one."""
    step = Step("../.env.production", State.OK, "KEY")
    assert list(lines([step], None, colours=False)) == ["  ok       ../.env.production KEY"]
    assert list(lines([step], None, colours=True)) == [
        "  \x1b[32mok\x1b[0m       ../.env.production KEY"
    ]
