"""What a client's mistakes are answered with (OpenAI reference, "Error codes"). No model call."""

import re

import pytest

from pytest_codex.report.explain import advise, explain

pytestmark = pytest.mark.smoke

STACK_TRACE = re.compile(
    r"Traceback \(most recent call last\)"  # Python
    r"|\n\s+at [^\n]{1,300}:\d+\)?"  # JavaScript, Java
    r"|\.go:\d+ \+0x|goroutine \d+"  # Go
)


def test_a_mistake_is_answered_4xx_without_a_stack_trace(error, target):
    """4xx, and nothing of the server's inside; a JSON error object that says what was wrong."""
    if error.probe == "chat_with_unknown_model" and target.policy.unknown_model == "answered":
        pytest.skip(f"target {target.name} declares that it answers any model (unknown_model)")
    assert 400 <= (error.status or 0) < 500, explain(error, "4xx")
    said = error.text().replace("\\n", "\n")  # in a JSON string too
    assert not STACK_TRACE.search(said), explain(error, "no stack trace")
    body = error.json_object()
    if error.probe == "unknown_path" and not body:
        advise(error, "a JSON error object", error.outcome)
        return
    assert error.media_type == "application/json", explain(
        error, "a JSON error object", f"content type {error.header('content-type')!r}"
    )
    assert body, explain(error, "a JSON error object")
    details = body.get("error")
    if not (isinstance(details, dict) and isinstance(details.get("message"), str)):
        advise(error, "error.message to say what was wrong", f"error is {details!r:.100}")
