"""What a failed check says: expected, observed, where, by whom, what next, and how to redo it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .verification import Subject, verify

JSON = "-H 'Accept: application/json' -H 'Accept-Encoding: identity'"
EVENTS = "-H 'Accept: text/event-stream' -H 'Accept-Encoding: identity'"
POSTED = "-H 'Content-Type: application/json'"
WITH_KEY = '-H "Authorization: Bearer ${KEY}"'
HELLO = '"messages": [{"role": "user", "content": "Say hello in one short sentence."}]'
CHAT = "'https://HOST/v1/chat/completions'"

#: By defect, the check and all of its message.
MESSAGES = {
    "healthz_needs_a_key": (
        "healthz_is_ok",
        f"""expected 200
  observed  401 application/json: {{"error":{{"message":"invalid token"}}}}
  request   curl -sS -i 'https://HOST/healthz' {JSON}
  evidence  exchange healthz of TARGET""",
    ),
    "healthz_redirects": (
        "healthz_is_ok",
        f"""expected 200
  observed  302, to /login
  sent by   a redirect: the request was sent elsewhere; it was not followed, for it carries a key
  next      see the Location header: a login page, another scheme or another path
  request   curl -sS -i 'https://HOST/healthz' {JSON}
  evidence  exchange healthz of TARGET""",
    ),
    "stream_id_changes": (
        "id_is_constant[chat_stream]",
        f"""expected id to be the same in every chunk
  observed  'chatcmpl-other' after 'chatcmpl-ID'
  where     event 4, byte 616
  request   curl -sS -i {CHAT} {EVENTS} {POSTED} {WITH_KEY} --data-binary """
        f"""'{{"model": "codex-5", {HELLO}, "stream": true, """
        """"stream_options": {"include_usage": true}}'
  evidence  exchange chat_stream of TARGET""",
    ),
    "everything_502_traefik": (
        "the_application_answers",
        f"""Traefik answers 502 in place of the application: \
the application's port refused the connection or closed it
  next      see `docker compose ps` and logs, and whether loadbalancer.server.port is the port \
that the application listens on inside its container
  request   curl -sS -i 'https://HOST/v1/models' {JSON}
  evidence  exchange models of TARGET""",
    ),
    "open_to_everyone": (
        "a_wrong_credential_is_refused[chat_with_no_credential]",
        f"""chat without any credential is answered 200: \
anybody can use this endpoint at its owner's cost
  next      put ForwardAuth into the chain of every router that leads to the application
  request   curl -sS -i {CHAT} {JSON} {POSTED} --data-binary """
        f"""'{{"model": "codex-5", {HELLO}, "stream": false}}'
  evidence  exchange chat_with_no_credential of TARGET""",
    ),
    "right_key_refused": (
        "the_key_is_accepted",
        f"""the key was refused with 401: {{"error":{{"message":"invalid token"}}}}
  next      see that the key is this target's (the run names its source), and which key the \
authentication server holds
  request   curl -sS -i {CHAT} {JSON} {POSTED} {WITH_KEY} --data-binary '{{"model": "codex-5"}}'
  evidence  exchange chat_without_messages of TARGET""",
    ),
    "chat_502_nginx": (
        "chat_answers_200_with_json",
        f"""chat (a chat completion): expected 200 application/json, was answered 502 text/html \
by nginx: an nginx in front of the application answered
  next      see that nginx's error log
  request   curl -sS -i {CHAT} {JSON} {POSTED} {WITH_KEY} --data-binary """
        f"""'{{"model": "codex-5", {HELLO}, "stream": false}}'
  evidence  exchange chat of TARGET""",
    ),
    "stream_ends_in_the_middle": (
        "chat_stream_arrives_whole",
        f"""chat_stream (a streamed chat completion): \
the stream ended after 3 events without a finish or [DONE]
  next      see the application's log, and whether a proxy's timeout ended it
  request   curl -sS -i {CHAT} {EVENTS} {POSTED} {WITH_KEY} --data-binary """
        f"""'{{"model": "codex-5", {HELLO}, "stream": true, """
        """"stream_options": {"include_usage": true}}'
  evidence  exchange chat_stream of TARGET""",
    ),
}
#: By defect, the check and the whole advice.
ADVICE = {
    "chat_finish_length": (
        "chat_finishes_for_a_known_reason",
        "chat: expected a short answer to finish with 'stop'; "
        "observed 'length': something truncates it",
    ),
}


def said(longrepr: str) -> str:
    """The message of a failure, without the places that pytest shows and what changes each time."""
    lines = [line[4:] for line in longrepr.splitlines() if line.startswith("E   ")]
    text = "\n".join(lines) or longrepr
    text = text.removeprefix("AssertionError: ").partition("\nassert ")[0]
    text = re.sub(r"^ {4}(?=\S)", "  ", text, flags=re.MULTILINE)
    text = re.sub(r"localhost:\d+", "HOST", text)
    text = re.sub(r"chatcmpl-[0-9a-f]{21}", "chatcmpl-ID", text)
    return re.sub(r"(evidence  exchange \w+ of) \w+", r"\1 TARGET", text)


def test_a_message_is_what_a_reader_needs(tmp_path: Path) -> None:
    """Word for word: these are read in a hurry."""
    names = (*MESSAGES, *ADVICE)
    verdicts = verify([Subject(name, (name,)) for name in names], tmp_path)
    for name, (check, message) in MESSAGES.items():
        assert said(verdicts[name].failed[check]) == message
    for name, (check, advice) in ADVICE.items():
        assert verdicts[name].advice[check] == advice


@pytest.mark.parametrize("level", ["next", "because"])
def test_a_skip_names_the_check_that_failed_and_the_next_step(level: str, tmp_path: Path) -> None:
    """Whoever sees only the skip knows where to look."""
    verdict = verify([Subject("down", ("everything_502_traefik",))], tmp_path)["down"]
    reason = verdict.skipped["chat_identifies_itself"]
    expected = {
        "because": "test_reachability.py::test_the_application_answers: Traefik answers 502",
        "next": "; next: see `docker compose ps` and logs",
    }
    assert expected[level] in reason
