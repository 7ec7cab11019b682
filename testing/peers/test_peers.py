"""The suites on servers that this project did not write, configured by ``examples/servers``.

What a server means to do differently its example declares as policy; then it is green. Without the
policy it is red, and for nothing else. So no check here is loosened to let a server pass, and no
setting stands in an example for nothing.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from .servers import Server
from .verification import IDENTITY, declared, verify_as_in_the_example, verify_declaring

pytestmark = pytest.mark.peers

#: Checks that find a defect which the server's README section names: ``created`` is when llama.cpp
#: sent the chunk, so it changes whenever a stream crosses a second.
KNOWN = {"llama_cpp": ("created_is_constant",)}

HEALTH = {"healthz_is_ok"}
X_API_KEY = {f"a_wrong_credential_is_refused[{kind}_with_x_api_key]" for kind in ("chat", "stream")}
LIST = {"models_answers_with_json"}
UNKNOWN_MODEL = {"a_mistake_is_answered_4xx_without_a_stack_trace[chat_with_unknown_model]"}
USAGE = {
    f"usage_comes_once_between_the_finish_and_done[{stream}]"
    for stream in ("chat_stream", "chat_stream_long")
}

#: By server, which checks fail where one setting of its example is left out.
DIFFERENCES = {
    "llama_cpp": {
        "health_path": HEALTH,
        "health_expect": HEALTH,
        "models_public": LIST,
        "accepts": X_API_KEY,
        "unknown_model": UNKNOWN_MODEL,
    },
    "litellm": {
        "health_path": HEALTH,
        "health_expect": HEALTH,
        "models_public": LIST,
        "usage_choices": USAGE,
    },
    "aimock": {
        "health_path": HEALTH,
        "health_expect": HEALTH,
        "models_public": LIST,
        "accepts": X_API_KEY,
        "cors": {"the_preflight_lets_browsers_in"},
    },
}

#: By setting, the reason for which the checks are skipped that it turns off.
TURNED_OFF = {
    "accepts": (X_API_KEY, "declares that it accepts x_api_key (accepts)"),
    "unknown_model": (UNKNOWN_MODEL, "declares that it answers any model (unknown_model)"),
    "cors": ({"the_preflight_lets_browsers_in"}, "promises browsers nothing (cors)"),
}
#: What cannot be seen on plain HTTP, and on a server that keeps its models list to itself.
EVERYWHERE = {
    "tls_verifies_for_the_domain": "plain HTTP: there is no TLS to verify",
    "the_certificate_lasts_for_14_more_days": "plain HTTP: there is no certificate",
    "models_with_a_slash_answers_as_models_does": (
        "the models list is not public: only its refusal could be seen"
    ),
}
#: Under three seconds, or on a machine that is busy, nobody can tell.
TIMED = "the_long_stream_is_not_buffered"


def expected_skips(server: Server) -> dict[str, str]:
    """What its example leaves unverified, and why."""
    skips = {
        **EVERYWHERE,
        "readyz_is_ready": f"target {server.name} declares no readiness check (ready_path)",
        "livez_is_live": f"target {server.name} declares no liveness check (live_path)",
    }
    for setting in declared(server):
        checks, reason = TURNED_OFF.get(setting, ((), ""))
        skips.update(dict.fromkeys(checks, f"target {server.name} {reason}"))
    return skips


def leaving_out(*checks: str) -> tuple[str, ...]:
    """The arguments that deselect checks."""
    return ("-k", " and ".join(f"not {check}" for check in checks)) if checks else ()


def test_a_server_is_green_as_its_example_declares_it(peer: Server, tmp_path: Path):
    """Nothing fails, what is skipped is what the example says, and it costs five model calls."""
    verdict = verify_as_in_the_example(peer, tmp_path, *leaving_out(*KNOWN.get(peer.name, ())))
    skipped = dict(verdict.skipped)
    assert skipped.pop(TIMED, "inconclusive: ").startswith("inconclusive: ")
    assert verdict.failed == frozenset()
    assert skipped == expected_skips(peer)
    assert verdict.model_calls == 5


def test_each_setting_of_an_example_is_a_difference_of_its_server(peer: Server, tmp_path: Path):
    """Without one setting exactly its checks fail; without all of them, all of those."""
    settings = declared(peer)
    differences = DIFFERENCES[peer.name]
    assert set(settings) - set(IDENTITY) == set(differences)
    targets = {
        f"without_{left_out}": {k: v for k, v in settings.items() if k != left_out}
        for left_out in differences
    }
    targets["undeclared"] = {name: settings[name] for name in IDENTITY}
    # So many at a time queue up in the server, which says nothing about times.
    unjudged = leaving_out(*KNOWN.get(peer.name, ()), TIMED)
    verdicts = verify_declaring(peer, targets, tmp_path, *unjudged)
    for left_out, checks in differences.items():
        assert verdicts[f"without_{left_out}"].failed == checks, left_out
    assert verdicts["undeclared"].failed == set().union(*differences.values())
