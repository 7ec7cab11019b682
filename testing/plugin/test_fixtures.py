"""Tests of one's own: the documented ways to write them."""

from __future__ import annotations

import pytest

from .project import Endpoint, Project

SYNC = """
def test_the_answer_is_short(chat):
    assert chat.status == 200
    assert len(chat.json_object()["choices"][0]["message"]["content"]) < 500

def test_the_stream_agrees(chat_stream, target):
    assert chat_stream.transcript().content
    assert target.model == "codex-5"
    assert target.budgets.stream == 120
"""

ASYNC = """
import json
import httpx_sse
import pytest

@pytest.mark.asyncio
async def test_models(async_client):
    async with async_client as client:
        response = await client.get("/v1/models")
    assert response.json()["object"] == "list"

@pytest.mark.asyncio
async def test_a_question_of_my_own(async_client, target):
    body = {"model": target.model, "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    said = ""
    async with (
        async_client as client,
        httpx_sse.aconnect_sse(client, "POST", "/v1/chat/completions", json=body) as source,
    ):
        assert source.response.status_code == 200
        async for event in source.aiter_sse():
            if event.data == "[DONE]":
                break
            for choice in json.loads(event.data)["choices"]:
                said += choice["delta"].get("content") or ""
    assert said
"""


def test_a_test_of_one_s_own_gets_exchanges(project: Project, deployed: Endpoint):
    """A fixture named after a probe; it is sent once, with what tells whether it makes sense."""
    project.write(test_own__py=SYNC)
    with deployed.counting() as made:
        project.run("test_own.py").assert_outcomes(passed=2)
    assert made["model_calls"] == 2


def test_an_async_test_of_one_s_own_gets_an_authenticated_client(
    project: Project, deployed: Endpoint
):
    """With pytest-asyncio, httpx and httpx-sse; it trusts the same authorities."""
    project.write(
        test_own__py=ASYNC,
        tox__ini="[pytest]\nasyncio_default_fixture_loop_scope = function\n",
    )
    result = project.pytester.runpytest_inprocess("-p", "no:cacheprovider", "test_own.py")
    result.assert_outcomes(passed=2)
    assert not result.parseoutcomes().get("warnings")


def test_the_plain_fixtures(project: Project, deployed: Endpoint):
    """Domain, key, target and compose are what was resolved; the key does not show itself."""
    project.write(
        compose__yml="services:\n  app:\n    labels: [a=b]\n",
        test_own__py=f"""
def test_them(domain, key, target, compose):
    assert domain == "{deployed.domain}"
    assert key.reveal() == "{deployed.running.key}"
    assert "{deployed.running.key}" not in repr(key) + str(key) + repr(target)
    assert target.name == "prod" and target.domain == domain
    assert target.url("/x") == "https://{deployed.domain}/x"
    assert compose.services["app"].labels["a"].value == "b"

def test_no_probe_is_needed(domain): pass
""",
    )
    with deployed.counting() as made:
        project.run("test_own.py", "--compose=compose.yml").assert_outcomes(passed=2)
    assert made["requests"] == 0


def test_compose_files_need_no_endpoint(project: Project):
    """What they say can be tested without a domain; where there is none, there is a reason."""
    project.write(
        stack__yml="services: {app: {labels: {a: b}}}\n",
        test_own__py="def test_it(compose): assert compose.labels['a'].value == 'b'\n",
    )
    project.run("test_own.py", "--compose=stack.yml").assert_outcomes(passed=1)
    result = project.run("test_own.py", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*there is no compose file; next: --compose=*"])
    result = project.run("test_own.py", "--compose=compos.yml")
    result.assert_outcomes()
    result.stderr.fnmatch_lines(["ERROR: --compose: there is no file */compos.yml"])


def test_without_a_key_there_is_a_reason(project: Project, deployed: Endpoint, monkeypatch):
    """A test that asks for the key, or for an exchange that needs it, is skipped."""
    monkeypatch.delenv("KEY")
    project.write(test_own__py="def test_a(key): pass\ndef test_b(chat): pass\n")
    result = project.run("test_own.py", "-rs")
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(["*2 not verified: no key was given; next: set KEY *"])


def test_advice_can_be_made_an_error(project: Project, monkeypatch, healthy: Endpoint):
    """It is a warning, which passes, and -W makes it fail."""
    for name, value in healthy.variables.items():
        monkeypatch.setenv(name, value)
    project.write(
        test_own__py="from pytest_codex.report.explain import advise\n"
        "def test_it(healthz): advise(healthz, 'better', 'good')\n"
    )
    result = project.run("test_own.py")
    result.assert_outcomes(passed=1, warnings=1)
    assert "## Advice" in (project.results / "summary.md").read_text()
    result = project.run("test_own.py", "-W", "error::pytest_codex.EndpointAdvice")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*EndpointAdvice: healthz: expected better; observed good*"])


DYNAMIC = "def test_it(request): request.getfixturevalue('{}')\n"


@pytest.mark.parametrize("name", ["chat", "domain"])
def test_a_live_fixture_requested_at_run_time_is_refused(project: Project, name: str):
    """Nobody could have planned its probe; the message says what to do instead."""
    project.write(test_own__py=DYNAMIC.format(name))
    result = project.run("test_own.py")
    result.assert_outcomes(failed=1)
    assert "requested by name at run time" in result.stdout.str()
    assert "declare it as an argument" in result.stdout.str()
    assert "Traceback" not in result.stdout.str()


def test_so_it_is_in_a_run_that_is_live(project: Project, deployed: Endpoint):
    """Also where another test has the same probe sent: a plan is a plan."""
    project.write(
        test_own__py=DYNAMIC.format("healthz") + "def test_other(healthz): assert healthz.reached\n"
    )
    result = project.run("test_own.py")
    result.assert_outcomes(failed=1, passed=1)
    assert "requested by name at run time" in result.stdout.str()


def test_a_fixture_may_build_on_one_of_ours(project: Project, deployed: Endpoint):
    """One that overrides an exchange under its own name is given the exchange."""
    project.write(
        conftest__py="import pytest\n"
        "@pytest.fixture\ndef healthz(healthz): return healthz.status\n",
        test_own__py="def test_it(healthz): assert healthz == 200\n",
    )
    project.run("test_own.py").assert_outcomes(passed=1)


def test_what_is_broken_is_one_failure_of_one_s_own_tests(project: Project, monkeypatch):
    """The first that builds on it fails with the cause, the others are skipped because of it."""
    monkeypatch.setenv("DOMAIN", "localhost:1")
    project.write(test_own__py="def test_a(healthz): pass\ndef test_b(models): pass\n")
    result = project.run("test_own.py", "-rs")
    result.assert_outcomes(failed=1, skipped=1)
    result.stdout.fnmatch_lines(["*because of test_own.py::test_a: nothing answers at localhost*"])


def test_a_broken_module_does_not_keep_the_others_from_verifying(
    project: Project, deployed: Endpoint
):
    """With --continue-on-collection-errors there is a live run like any other."""
    project.write(
        test_broken__py="import no_such_module\n", test_own__py="def test_a(healthz): pass"
    )
    result = project.run("--continue-on-collection-errors", "test_broken.py", "test_own.py")
    result.assert_outcomes(passed=1, errors=1)
