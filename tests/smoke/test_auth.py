"""Who is let in. None of it costs a model call on a healthy endpoint.

Source: playbook ("ForwardAuth"), RFC 6750 (bearer tokens), RFC 9110 (401 and WWW-Authenticate).
"""

import pytest

from pytest_codex.diagnosis import key_refused
from pytest_codex.report.explain import advise, explain

pytestmark = pytest.mark.smoke


def _skip_what_is_accepted(refusal, target):
    if target.policy.auth == "none":
        pytest.skip(f"target {target.name} declares that it needs no key (auth)")
    for accepted in target.policy.accepts:
        if refusal.probe.endswith(f"_with_{accepted}"):
            pytest.skip(f"target {target.name} declares that it accepts {accepted} (accepts)")


@pytest.mark.judges("authentication")
def test_the_authentication_answers(chat_without_messages):
    """The protected paths are answered at all: ForwardAuth's own server can be called."""
    assert chat_without_messages.reached, explain(chat_without_messages, "a response")


@pytest.mark.judges("key_accepted")
def test_the_key_is_accepted(chat_without_messages, chat, chat_stream):
    """The right key gets in: to a request that costs nothing, a completion and a stream."""
    for exchange in (chat_without_messages, chat, chat_stream):
        assert not key_refused(exchange), explain(exchange, "the key to be accepted")


@pytest.mark.judges("closed")
def test_a_wrong_credential_is_refused(refusal, target):
    """401 or 403 with a JSON error object, to a stream and to none; never 2xx, 3xx or 5xx."""
    _skip_what_is_accepted(refusal, target)
    assert refusal.status in (401, 403), explain(refusal, "401 or 403")
    assert refusal.json_object().get("error"), explain(refusal, "a JSON error object")


def test_a_401_says_how_to_authenticate(chat_with_no_credential, target):
    """A 401 carries WWW-Authenticate (RFC 9110, 15.5.2)."""
    _skip_what_is_accepted(chat_with_no_credential, target)
    challenge = chat_with_no_credential.header("www-authenticate")
    if chat_with_no_credential.status == 401 and not challenge:
        advise(chat_with_no_credential, "WWW-Authenticate with the 401", "none")
    assert chat_with_no_credential.reached, explain(chat_with_no_credential, "a response")


def test_no_response_repeats_a_presented_key(recorded):
    """No status line, header or body of this run holds a key that was sent.

    As it is, percent-encoded, JSON- or HTML-escaped, in base64, or cut down to half.
    """
    if not any(exchange.reached for exchange in recorded.values()):
        pytest.skip("no response was recorded: nothing else that is selected got one")
    for exchange in recorded.values():
        places = [f"{echo.where}, byte {echo.offset}" for echo in exchange.echoes]
        assert not places, explain(
            exchange, "no presented key in the response", "it is repeated", "; ".join(places[:5])
        )
