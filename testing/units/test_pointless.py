"""What a target's policy says is answered is not asked, for it would cost a model call."""

from __future__ import annotations

import dataclasses

import pytest

from pytest_codex.probes.catalogue import ANSWERED, CATALOGUE, NO_PATH, pointless
from pytest_codex.probes.names import REFUSED_NAMES
from pytest_codex.targets import Target

from . import made


def declaring(**policy: object) -> Target:
    """A target whose policy says this."""
    target = made.target()
    return dataclasses.replace(target, policy=dataclasses.replace(target.policy, **policy))


def unasked(target: Target) -> dict[str, str]:
    """The probes that are not sent to a target, and why."""
    reasons = {name: pointless(probe, target) for name, probe in CATALOGUE.items()}
    return {name: reason for name, reason in reasons.items() if reason}


@pytest.mark.parametrize(
    ("policy", "probes"),
    [
        ({}, ()),
        ({"accepts": ("x_api_key",)}, ("chat_with_x_api_key", "stream_with_x_api_key")),
        ({"accepts": ("no_credential",)}, ("chat_with_no_credential", "stream_with_no_credential")),
        ({"auth": "none"}, REFUSED_NAMES),
        ({"unknown_model": "answered"}, ("chat_with_unknown_model",)),
    ],
    ids=str,
)
def test_what_is_declared_to_be_answered_is_not_asked(policy, probes):
    """Those probes, and no others than the ones that have no path anyway."""
    expected = {"readyz": NO_PATH, "livez": NO_PATH} | dict.fromkeys(probes, ANSWERED)
    assert unasked(declaring(**policy)) == expected


def test_what_has_no_path_is_not_asked():
    """A target without a health check is not asked for it, before a disconnect or after."""
    target = declaring(health_path="", ready_path="/readyz", live_path="/livez")
    assert unasked(target) == {"healthz": NO_PATH, "healthz_after_drop": NO_PATH}
