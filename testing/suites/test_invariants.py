"""The invariants as they are run: what is found, said and written.

Which change breaks which rule is tested in ``testing/invariants``, on the rules themselves.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

# A run in this process forgets what it has imported, and not everything can be imported twice.
import pytest_codex.compose.read
import pytest_codex.judging  # noqa: F401

STACK = Path(__file__).parents[2] / "examples" / "stack"
SUITE = Path(__file__).parents[2] / "tests" / "invariants"
REAL = Path(__file__).parents[3] / "shared" / "real"
PROD, DEV = "docker-compose.yml", "compose.dev.stack.yml"
CHAIN = "codex-cors,codex-headers,codex-ratelimit"


def judge(pytester: pytest.Pytester, *arguments: str, suite: Path = SUITE) -> pytest.RunResult:
    """Run the suite in pytester's folder."""
    if not (pytester.path / "pytest.ini").exists():
        pytester.makefile(".ini", pytest="[pytest]\n")
    where = (f"--rootdir={pytester.path}", f"-c{pytester.path / 'pytest.ini'}")
    return pytester.runpytest_inprocess(
        *(str(suite), "-m", "invariants", "-p", "no:asyncio", f"--confcutdir={suite}"),
        *where,
        *arguments,
    )


@pytest.fixture(autouse=True)
def _usual_machine(monkeypatch):
    """Neither GitHub's nor one with docker."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.delenv("COMPOSE_FILE", raising=False)
    monkeypatch.setenv("CODEX_DOCKER_COMPOSE", "")


@pytest.fixture
def stack(pytester: pytest.Pytester) -> Path:
    """A copy of the example pair, with its seeds, where pytester runs."""
    shutil.copytree(
        STACK, pytester.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("test-results")
    )
    return pytester.path


def change(file: Path, good: str, bad: str) -> int:
    """Write a change into a file; return its first line."""
    text = file.read_text(encoding="utf-8")
    assert good in text
    file.write_text(text.replace(good, bad), encoding="utf-8")
    return text[: text.index(good)].count("\n") + 1


def test_the_usual_names_are_found_and_the_pair_is_green(pytester, stack):
    """Without any option, domain or key; each check of a stack once for prod and once for dev."""
    result = judge(pytester)
    result.assert_outcomes(passed=47, skipped=3, warnings=2)  # there is neither docker nor git
    result.stdout.fnmatch_lines(
        [
            "compose prod: docker-compose.yml [[]found[]]",
            "compose dev: compose.dev.stack.yml [[]found[]]",
            "prod: 25 hold, 2 not judged, 1 advice",
            "dev: 22 hold, 1 not judged, 1 advice",
        ]
    )
    result.stdout.no_fnmatch_line("::*")


@pytest.mark.parametrize("name", [PROD, DEV])
def test_the_real_pair_is_green(pytester, name):
    """The Codex Completions API's own files, where they are at hand, one by one and together."""
    if not REAL.exists():
        pytest.skip("the real compose pair is not beside this checkout")
    result = judge(pytester, f"--codex-compose={REAL / name}")
    assert result.ret == 0
    assert result.parseoutcomes()["passed"] == 22


def test_the_real_pair_is_green_together(pytester):
    """Drift included."""
    if not REAL.exists():
        pytest.skip("the real compose pair is not beside this checkout")
    result = judge(pytester, f"--codex-compose={REAL / PROD}", f"--codex-compose-dev={REAL / DEV}")
    assert result.ret == 0
    assert result.parseoutcomes()["passed"] == 46


def test_a_finding_says_where_what_and_how_to_mend_it(pytester, stack):
    """In the failure and in the summary, with a request that shows it."""
    line = change(stack / PROD, f"{CHAIN},codex-forwardauth", CHAIN)
    result = judge(pytester)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            f"E*docker-compose.yml:{line}: router codex-api lets in who has no key",
            "E*expected *ForwardAuth before*",
            "E*because *without a key*",
            "E*request *curl *https://codex-api.example.com/*",
            "E*next *put codex-forwardauth into its chain*",
            "prod: * broken*",
            f"  no-way-in: docker-compose.yml:{line}: *",
            "dev: * hold*",
            "  next: docker-compose.yml:*: *",
        ]
    )
    assert len([said for said in result.outlines if said.startswith("  next: ")]) == 1


def test_junit_sarif_and_the_ports_folder_are_written(pytester, stack):
    """The finding is in each of them at its line."""
    line = change(stack / PROD, "Path(`/healthz`)", "PathPrefix(`/`)")
    judge(pytester, "--codex-compose", PROD)
    results = stack / "test-results"
    cases = ET.parse(results / "invariants" / "junit.xml").getroot().iter("testcase")
    failed = [case.findtext("failure") for case in cases if case.find("failure") is not None]
    assert any(text and f"docker-compose.yml:{line}:" in text for text in failed)
    sarif = json.loads((results / "invariants" / "invariants.sarif").read_text())
    found = [result for result in sarif["runs"][0]["results"] if result["ruleId"] == "no-way-in"]
    (location,) = found[0]["locations"]
    assert location["physicalLocation"]["region"]["startLine"] == line
    (port,) = results.glob("port-*")
    names = {"docker-compose.config.yaml", "invariants.txt", "routes.md", "NEXT_STEPS.txt"}
    assert {path.name for path in port.iterdir()} == names
    assert f"docker-compose.yml:{line}:" in (port / "invariants.txt").read_text()


def test_on_github_findings_are_annotations(pytester, stack, monkeypatch):
    """One a finding, at the line."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    line = change(stack / PROD, '"127.0.0.1:11435:11435"', '"11435:11435"')
    result = judge(pytester, "--codex-compose", PROD)
    result.stdout.fnmatch_lines(
        [f"::error file=docker-compose.yml,line={line},title=ports-on-loopback::*"]
    )


def test_under_xdist_the_controller_reports(pytester, stack):
    """Once, whichever worker judged what."""
    line = change(stack / PROD, "average: ${RATE", "average: ${UNSET}${RATE")
    pytester.makefile(".ini", pytest="[pytest]\n")
    result = pytester.runpytest_subprocess(
        *(str(SUITE), "-m", "invariants", "-n2", "-p", "no:asyncio", f"--confcutdir={SUITE}"),
        *(f"--rootdir={stack}", f"-c{stack / 'pytest.ini'}"),
    )
    assert result.ret == 1
    result.stdout.fnmatch_lines([f"  variables-are-set: docker-compose.yml:{line}: *UNSET*"])
    assert len(list((stack / "test-results").glob("port-*"))) == 1


def test_a_waived_rule_is_skipped_and_said(pytester, stack):
    """For the target that waives it."""
    change(stack / PROD, '"127.0.0.1:11435:11435"', '"11435:11435"')
    (stack / "pytest_codex.toml").write_text('[targets.prod]\nwaived = ["ports-on-loopback"]\n')
    result = judge(pytester)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["  not judged: ports-on-loopback: waived for target prod"])


def test_names_are_the_files_own(pytester, stack):
    """Another team's stack is judged by the same rules."""
    text = (stack / PROD).read_text(encoding="utf-8")
    names = r"(?<![/`.])codex-(?=api|preflight|models|health|cors|headers|ratelimit|forwardauth)"
    text = re.sub(names, "acme-", text).replace("s.codex-", "s.acme-")
    (stack / "acme.yml").write_text(text, encoding="utf-8")
    result = judge(pytester, "--codex-compose=acme.yml")
    assert result.ret == 0
    assert "failed" not in result.parseoutcomes()


def test_the_compose_fixture_answers_requests(pytester, stack):
    """In a test of somebody's own, once for each stack."""
    pytester.makepyfile(
        """
        def test_chat_needs_a_key(compose):
            decision = compose.routes("POST", "/v1/chat/completions")
            assert decision.router.declared.endswith("-api")
            assert [m.kind for m in decision.chain][-1] == "ForwardAuth"
            assert decision.service.endswith("-api@docker")
            assert "matches with priority 50" in decision.why[0]
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:asyncio")
    result.assert_outcomes(passed=2)
    assert not (stack / "test-results").exists()


def test_a_secret_of_the_environment_is_in_no_output(pytester, stack, monkeypatch):
    """Though the files take it from there, and a test shows it."""
    monkeypatch.setenv("PROXY_API_KEY", "sk-sentinel-4f1d0c7be2a94b6f")
    change(stack / PROD, f"{CHAIN},codex-forwardauth", CHAIN)
    pytester.makepyfile(
        test_own="""
        import pytest

        @pytest.mark.invariants
        @pytest.mark.enforces("no-tie")
        def test_shows(compose, findings):
            shown = compose.project.services
            assert not shown
        """
    )
    suite = stack / "suite"
    shutil.copytree(SUITE, suite)
    result = judge(pytester, "--showlocals", "test_own.py", suite=suite)
    assert result.ret == 1
    written = [path.read_bytes() for path in (stack / "test-results").rglob("*") if path.is_file()]
    assert len(written) > 5
    for output in (result.stdout.str().encode(), result.stderr.str().encode(), *written):
        assert b"4f1d0c7be2a94b6f" not in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "there is no docker-compose.yml or compose.yaml in *, so nothing was verified; next*"),
        (("--codex-compose=nope.yml",), "--codex-compose: there is no file */nope.yml"),
        (("--codex-compose=broken.yml",), "broken.yml:*: not YAML: *"),
        (("--codex-compose=fine.yml", "--codex-results-dir=file"), "results folder *file*: *"),
    ],
)
def test_what_cannot_be_used_is_one_line(pytester, arguments, message):
    """A usage error, and not a row of skips or errors."""
    (pytester.path / "broken.yml").write_text("services: [\n")
    (pytester.path / "fine.yml").write_text("services: {app: {image: x}}\n")
    (pytester.path / "file").write_text("")
    result = judge(pytester, *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}"])


def test_a_file_without_traefik_raises_no_alarm(pytester):
    """Every rule is skipped, and says why."""
    (pytester.path / "compose.yaml").write_text(
        "services:\n  db:\n    image: postgres\n    ports: ['5432:5432']\n"
    )
    result = judge(pytester)
    assert result.ret == 0
    assert result.parseoutcomes() == {"skipped": 27}
    result.stdout.fnmatch_lines(
        ["prod: 0 hold, 27 not judged", "  not judged: 27 rules: no service of these files is *"]
    )


def test_a_stack_behind_a_profile_is_judged(pytester, stack):
    """Though docker compose would not start it as it stands."""
    line = change(stack / PROD, f"{CHAIN},codex-forwardauth", CHAIN)
    change(stack / PROD, "  app:\n", "  app:\n    profiles: [prod]\n")
    result = judge(pytester, "--codex-compose", PROD)
    assert result.ret == 1
    result.stdout.fnmatch_lines([f"  no-way-in: docker-compose.yml:{line + 1}: *"])


def test_names_that_both_stacks_declare_are_told(pytester, stack):
    """One Traefik serves both, and would send requests of one to the other."""
    (stack / DEV).write_text(
        (stack / DEV).read_text().replace("services.codex-dev-api.", "services.codex-api.")
        .replace("service: codex-dev-api", "service: codex-api")
    )  # fmt: skip
    result = judge(pytester)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["  routing-is-the-same: compose.dev.stack.yml:*: service codex-api is declared by dev *"]
    )


def test_many_routers_of_one_priority_are_ties(pytester, stack):
    """However many sets of headers there are."""
    labels = "".join(
        f"      traefik.http.routers.x{n}.{field}\n"
        for n in range(14)
        for field in (
            f"rule: Host(`codex-api.example.com`) && PathPrefix(`/v1`) && Header(`X-{n:02}`, `1`)",
            "entrypoints: websecure",
            'tls: "true"',
            "service: codex-api",
            f"middlewares: {CHAIN},codex-forwardauth",
        )
    )
    change(stack / PROD, "      # Public: the models list.\n", labels)
    result = judge(pytester, "--codex-compose", PROD)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["  no-tie: *"])


@pytest.mark.parametrize("where", ["environment", ".env"])
def test_the_files_that_docker_compose_would_take_are_judged(pytester, stack, monkeypatch, where):
    """``COMPOSE_FILE`` takes the place of the usual names."""
    (stack / "more.yml").write_text(
        'services:\n  app:\n    labels:\n'
        f'      traefik.http.routers.codex-api.middlewares: "{CHAIN}"\n'
    )  # fmt: skip
    names = f"{PROD}{os.pathsep}more.yml"
    if where == ".env":
        (stack / ".env").write_text(f"COMPOSE_FILE={names}\n")
    else:
        monkeypatch.setenv("COMPOSE_FILE", names)
    result = judge(pytester)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*[[]COMPOSE_FILE[]]", "  no-way-in: more.yml:4: *"])


def test_a_container_in_the_application_s_network_is_the_application(pytester, stack):
    """What leads to it leads to the application's ports."""
    sidecar = (
        "  debug:\n    image: busybox\n    network_mode: service:app\n    labels:\n"
        "      traefik.enable: 'true'\n"
        "      traefik.http.routers.debug.rule: Host(`debug.example.com`)\n"
        "      traefik.http.services.debug.loadbalancer.server.port: '11435'\n"
    )
    change(stack / PROD, "\n  auth:\n", f"\n{sidecar}\n  auth:\n")
    result = judge(pytester, "--codex-compose", PROD)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["  no-way-in: docker-compose.yml:*: router debug lets in *"])


def test_a_rule_that_does_not_exist_is_told(pytester, stack):
    """And somebody else's marker of the same name is theirs."""
    pytester.makepyfile(
        test_own="""
        import pytest

        @pytest.mark.enforces("no-tei")
        def test_misspelt(findings): pass

        @pytest.mark.enforces(7)
        def test_of_theirs(): pass
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:asyncio")
    assert result.parseoutcomes() == {"passed": 1, "errors": 2}
    result.stdout.fnmatch_lines(["*'no-tei' is none (did you mean 'no-tie'?)*"])
