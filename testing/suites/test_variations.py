"""No check fails for what is unusual and right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_codex.endpoint.defects import VARIATIONS

from .http2 import hosting_http2
from .replay import KEY, replaying
from .test_defects import assert_no_trace_of_ours, checks_of_the_suites
from .verification import Subject, Verdict, run, verify

REAL = Path(__file__).parents[3] / "shared" / "real" / "wire"
HTML_404 = "a_mistake_is_answered_4xx_without_a_stack_trace[unknown_path]"
#: The only variation that something is advised for: an error that is no JSON.
ADVICE = {"unknown_path_answers_express_html": {HTML_404}}
HALF = len(VARIATIONS) // 2
BATCHES = (tuple(VARIATIONS)[:HALF], tuple(VARIATIONS)[HALF:])

COMBINATIONS = (
    Subject("framing", ("keepalive_comments", "crlf", "one_byte_per_write")),
    Subject("framing_of_old", ("bom", "no_space_after_data", "cr", "split_multibyte")),
    Subject("fields", ("event_and_id_fields", "data_over_two_lines", "two_events_per_write")),
    Subject("azure", ("unknown_fields", "usage_null_on_chunks", "empty_content_with_the_role")),
    Subject("terse", ("role_and_content_in_one_delta", "healthz_is_brief", "refusal_is_403")),
    Subject("edge", ("behind_cloudflare", "lower_case_header_names", "connection_close")),
    Subject("dev", (), {"model": "codev-5", "other_environment": "codex-5"}, "dev"),
    Subject(
        "alias",
        ("chat_model_of_another_family", "stream_model_of_another_family"),
        {"model_aliases": ["gpt-4o"]},
    ),
    # What a policy allows that would be a defect elsewhere.
    Subject("no_key", ("open_to_everyone",), {"auth": "none"}),
    Subject("x_api_key", ("accepts_key_in_x_api_key",), {"accepts": ["x_api_key"]}),
    Subject("any_model", ("unknown_model_answers_200",), {"unknown_model": "answered"}),
    Subject("no_done", ("stream_without_done",), {"done": "optional"}),
    Subject("no_usage", ("chat_usage_missing", "stream_usage_missing"), {"usage": "optional"}),
    Subject("usage_choices", ("stream_usage_with_choices",), {"usage_choices": "any"}),
    Subject("preamble", ("stream_starts_without_choices",), {"preamble": True}),
    Subject("no_slash", ("models_slash_404",), {"models_slash": False}),
    Subject("no_health", ("healthz_html",), {"health_path": ""}),
    Subject("other_health", ("healthz_without_ok",), {"health_expect": {}}),
    Subject("no_browsers", ("preflight_401",), {"cors": False}),
)
COVERING = (
    Subject("paced", ("answers_take=4",), {"ready_path": "/readyz", "live_path": "/livez"}),
    Subject("private", ("models_need_a_key",), {"models_public": False}),
)


def not_green(verdicts: dict[str, Verdict], advice: dict[str, set[str]]) -> str:
    """What failed or was advised and should not, by endpoint; empty if nothing was."""
    lines = []
    for name, verdict in verdicts.items():
        wrong = {**verdict.failed, **verdict.errors}
        wrong |= {k: v for k, v in verdict.advice.items() if k not in advice.get(name, ())}
        wrong |= dict.fromkeys(advice.get(name, set()) - set(verdict.advice), "no advice")
        wrong |= {check: verdict.skipped[check] for check in verdict.because_of}
        lines += [f"{name}: {check}: {message}" for check, message in wrong.items()]
    return "\n".join(lines)


@pytest.mark.parametrize("names", BATCHES, ids=["first half", "second half"])
def test_a_variation_is_green(
    names: tuple[str, ...], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each variation alone: nothing fails, and nothing is advised but what the table says."""
    verdicts = verify([Subject(name, (name,)) for name in names], tmp_path)
    assert not not_green(verdicts, ADVICE), not_green(verdicts, ADVICE)
    assert_no_trace_of_ours("".join(capfd.readouterr()))


def test_variations_together_and_declared_differences_are_green(tmp_path: Path) -> None:
    """Several at once, and what the target's policy says that it is."""
    verdicts = verify(COMBINATIONS, tmp_path)
    assert not not_green(verdicts, {}), not_green(verdicts, {})


def test_every_check_is_green_on_some_healthy_endpoint(tmp_path: Path) -> None:
    """None is always skipped: not readiness, liveness, buffering or the private list either."""
    for _ in range(3):
        verdicts = verify(COVERING, tmp_path)
        assert not not_green(verdicts, {}), not_green(verdicts, {})
        if not any("times unreliable" in r for v in verdicts.values() for r in v.skipped.values()):
            break
    green = {check.partition("[")[0] for verdict in verdicts.values() for check in verdict.passed}
    assert green == checks_of_the_suites()


def test_http2_is_green(tmp_path: Path) -> None:
    """The same endpoint behind a server that speaks HTTP/2, and a target that offers it."""
    with hosting_http2(tmp_path) as endpoint:
        authority = tmp_path / "ca.pem"
        authority.write_text(endpoint.authority)
        environment = {"SSL_CERT_FILE": str(authority), "KEY_OF_H2": endpoint.key}
        targets = {"h2": {"domain": endpoint.url, "http2": True}}
        verdicts = run(targets, environment, tmp_path)
    assert not not_green(verdicts, {}), not_green(verdicts, {})
    heads = (tmp_path / "test-results" / "h2" / "exchanges").glob("*.ndjson")
    versions = {re.search(r'"http_version": (\S+),', head.read_text())[1] for head in heads}
    assert versions == {'"HTTP/2"', "null"}  # null is what was not sent


@pytest.mark.skipif(not REAL.is_dir(), reason=f"the real server's responses are not at {REAL}")
def test_the_real_servers_responses_are_green(tmp_path: Path) -> None:
    """As recorded behind no proxy: the one advice is for Express's HTML on an unknown path."""
    with replaying(REAL) as url:
        targets = {
            "real": {
                "domain": url,
                "ready_path": "/readyz",
                "cors_origin": "https://obsidian.md",
            }
        }
        verdicts = run(targets, {"KEY_OF_REAL": KEY}, tmp_path)
    assert not not_green(verdicts, {"real": {HTML_404}}), not_green(verdicts, {"real": {HTML_404}})
    assert len(verdicts["real"].passed) > 80
