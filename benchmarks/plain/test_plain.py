"""The usual way to write such a suite: pytest and httpx, each request once, one after another.

It sends the same requests as ``-m "smoke or sse"``, caches each in a session fixture, as a careful
author would, and asserts the core of what our checks do.
"""

import json
import os

import httpx
import pytest
from httpx_sse import connect_sse

URL = os.environ["PLAIN_URL"]
KEY = os.environ["KEY"]
MODEL = "codex-5"
SHORT = [{"role": "user", "content": "Say hello in one short sentence."}]
LONG = [{"role": "user", "content": "Count from 1 to 150 in digits, one number per line."}]
CREDENTIALS = {
    "none": ({}, ""),
    "empty": ({"Authorization": "Bearer"}, ""),
    "wrong": ({"Authorization": "Bearer sk-wrong"}, ""),
    "cut": ({"Authorization": f"Bearer {KEY[:-1]}"}, ""),
    "suffix": ({"Authorization": f"Bearer {KEY}x"}, ""),
    "basic": ({"Authorization": f"Basic {KEY}"}, ""),
    "x_api_key": ({"X-Api-Key": KEY}, ""),
    "query": ({}, f"?api_key={KEY}"),
}
PATH = "/v1/chat/completions"


@pytest.fixture(scope="session")
def client():
    with httpx.Client(base_url=URL, verify=os.environ["SSL_CERT_FILE"], timeout=60) as client:
        yield client


def chat(client, **body):
    return client.post(PATH, json=body, headers={"Authorization": f"Bearer {KEY}"})


def stream(client, messages, stop_after=None):
    body = {"model": MODEL, "messages": messages, "stream": True}
    headers = {"Authorization": f"Bearer {KEY}"}
    events = []
    with connect_sse(client, "POST", PATH, json=body, headers=headers) as source:
        for event in source.iter_sse():
            events.append(event.data)
            if stop_after and len(events) >= stop_after:
                break
    return events


@pytest.fixture(scope="session")
def answer(client):
    return chat(client, model=MODEL, messages=SHORT)


@pytest.fixture(scope="session")
def short(client):
    return stream(client, SHORT)


@pytest.fixture(scope="session")
def long(client):
    return stream(client, LONG)


@pytest.fixture(scope="session")
def after_drop(client):
    stream(client, LONG, stop_after=2)
    return stream(client, SHORT)


@pytest.mark.parametrize("path", ["/healthz", "/v1/models", "/v1/models/"])
def test_public(client, path):
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("name", CREDENTIALS)
def test_refused(client, name, streamed):
    headers, query = CREDENTIALS[name]
    body = {"model": MODEL, "messages": SHORT, "stream": streamed}
    assert client.post(PATH + query, json=body, headers=headers).status_code == 401


@pytest.mark.parametrize("body", ["{", '{"model": "codex-5"}', '{"model": "x", "messages": []}'])
def test_mistakes(client, body):
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    assert 400 <= client.post(PATH, content=body, headers=headers).status_code < 500


def test_chat(answer):
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["content"]


def test_usage(answer):
    usage = answer.json()["usage"]
    assert usage["prompt_tokens"] + usage["completion_tokens"] == usage["total_tokens"]


@pytest.mark.parametrize("which", ["short", "long", "after_drop"])
def test_done(which, request):
    assert request.getfixturevalue(which)[-1] == "[DONE]"


@pytest.mark.parametrize("which", ["short", "long", "after_drop"])
def test_ids(which, request):
    chunks = [json.loads(data) for data in request.getfixturevalue(which)[:-1]]
    assert len({chunk["id"] for chunk in chunks}) == 1


@pytest.mark.parametrize("which", ["short", "long", "after_drop"])
def test_finish(which, request):
    chunks = [json.loads(data) for data in request.getfixturevalue(which)[:-1]]
    assert sum(c["choices"][0]["finish_reason"] is not None for c in chunks if c["choices"]) == 1
