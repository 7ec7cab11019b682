"""``--codex-doctor`` tells a newcomer what is there, what is missing and what to do."""

from __future__ import annotations

import re
import shutil
import socket
import tempfile
import tomllib
from pathlib import Path

import pytest

import pytest_codex.doctor  # as in testing/plugin/conftest.py: forgotten, it could not come again
from pytest_codex.doctor import EXTRAS
from testing.plugin.project import KEY, ROOT, Endpoint, Project
from testing.progress.screen import Screen, in_a_terminal

OK, PROBLEM, MISSING = 0, 1, 4


def examine(project: Project, *arguments: str) -> pytest.RunResult:
    """Run it, and see that it said nothing of a key and left nothing behind."""
    before = set(project.path.rglob("*"))
    result = project.run("--codex-doctor", *arguments)
    said = result.stdout.str() + result.stderr.str()
    assert KEY not in said
    assert "Traceback" not in said
    assert set(project.path.rglob("*")) == before
    assert "collected" not in said
    return result


def test_a_healthy_deployment_is_well_and_costs_nothing(project: Project, deployed: Endpoint):
    """Every step from the name to the models; no model call is made."""
    with deployed.counting() as made:
        result = examine(project)
    assert result.ret == OK
    assert made["model_calls"] == 0
    result.stdout.fnmatch_lines(
        [
            "this project",
            "  ok       versions     pytest-codex-live *, pytest *, Python *",
            "  ok       environment  KEY, SSL_CERT_FILE, DOMAIN",
            f"target prod: https://{deployed.domain} [[]environment DOMAIN]",
            "  ok       settings     key: from environment KEY; model: codex-5 [[]default]",
            "  ok       DNS          localhost is *, * ms",
            "  ok       TCP          port * accepts connections, * ms",
            "  ok       TLS          TLSv1.3, * days left, * ms",
            "  ok       health       /healthz answers 200 application/json",
            "  ok       key          from environment KEY, accepted",
            "  ok       models       codex-5 is among *",
            "  ok       preflight    *",
            "all is well; next: pytest * -m smoke *",
        ]
    )


def test_the_embedded_endpoint_can_be_examined(project: Project):
    """It is said to be that."""
    result = examine(project, "--domain=embedded")
    assert result.ret == OK
    result.stdout.fnmatch_lines(["target prod: *(the EMBEDDED endpoint, not a deployment)*"])


def test_without_a_domain_it_says_where_to_set_it(project: Project):
    """As a run would; that is exit code 4."""
    result = examine(project)
    assert result.ret == MISSING
    result.stdout.fnmatch_lines(
        [
            "  problem  settings     no domain for target prod: set --domain=HOST*",
            "1 problem; first: target prod, settings: no domain for target prod: set --domain=*",
        ]
    )


def test_without_a_key_it_says_so_and_looks_at_the_rest(
    project: Project, deployed: Endpoint, monkeypatch
):
    """It is a setting that is missing, and the endpoint is well."""
    monkeypatch.setenv("KEY", "")
    result = examine(project)
    assert result.ret == MISSING
    result.stdout.fnmatch_lines(
        [
            "  problem  key          none was given, and one is needed: environment KEY *",
            "*next: set KEY*",
            "  ok       health *",
            "  -        key          not asked: none was given",
            "1 problem; first: target prod, key: set KEY*",
        ]
    )


@pytest.mark.parametrize(
    ("domain", "step", "says"),
    [
        ("no-such-host.invalid", "DNS", "*does not resolve*"),
        ("localhost:1", "TCP", "*Connection refused*"),
    ],
)
def test_what_cannot_be_reached_is_named_by_its_hop(
    project: Project, monkeypatch, domain, step, says
):
    """With what to do next, and without what comes after it."""
    monkeypatch.setenv("KEY", KEY)
    result = examine(project, f"--domain={domain}")
    assert result.ret == PROBLEM
    result.stdout.fnmatch_lines(
        [
            f"  problem  {step:<12} {says}",
            "*next: see *",
            "  -        application  not asked: it was not reached",
            f"1 problem; first: target prod, {step}: see *",
        ]
    )


def test_an_authority_that_is_not_trusted_is_a_problem_of_tls(
    project: Project, deployed: Endpoint, monkeypatch
):
    """It says what was presented and how to trust it."""
    monkeypatch.delenv("SSL_CERT_FILE")
    result = examine(project)
    assert result.ret == PROBLEM
    result.stdout.fnmatch_lines(["  problem  TLS *not trusted*", "*SSL_CERT_FILE=ca.pem*"])


def test_an_authority_that_cannot_be_loaded_is_a_setting(
    project: Project, deployed: Endpoint, monkeypatch
):
    """As in a run."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    result = examine(project)
    assert result.ret == MISSING
    result.stdout.fnmatch_lines(["  problem  settings     *SSL_CERT_FILE: cannot load*"])


def test_a_key_that_is_refused_is_named_by_its_source(
    project: Project, deployed: Endpoint, monkeypatch
):
    """The endpoint is well otherwise, and the key is not shown."""
    monkeypatch.setenv("KEY", "sk-which-nobody-knows")
    result = examine(project)
    assert result.ret == PROBLEM
    result.stdout.fnmatch_lines(
        ["  problem  key          the key from environment KEY was refused with 401*"]
    )
    assert "sk-which-nobody-knows" not in result.stdout.str()


@pytest.mark.parametrize(
    ("defect", "step", "says"),
    [
        ("key_echoed", "", ""),
        ("certificate_expires_soon", "TLS", "*, 10 days left"),
        ("models_of_the_other_environment", "models", "codex-5 is not among the models: codev-5*"),
        ("missing_messages_answers_200", "key", "answered 200 application/json*"),
        ("models_need_a_key", "models", "*expected 200*, was answered 401*"),
        ("healthz_never_answers", "health", "*request-timeout*"),
        ("healthz_not_ok", "health", "answered 200 application/json: *"),
        ("healthz_content_type_is_text", "health", "answered 200 text/plain*"),
        ("preflight_401", "preflight", "answered 401*"),
        ("preflight_without_allow_origin", "preflight", "*Allow-Origin is missing*"),
        ("preflight_without_authorization", "preflight", "*Authorization is not among*"),
        ("preflight_any_origin_with_credentials", "preflight", "*together with credentials*"),
        ("forwardauth_unreachable", "application", "Traefik's ForwardAuth*"),
        ("everything_500_json_error", "application", "whatever is asked *"),
    ],
)
def test_what_is_wrong_is_named_by_its_step(project: Project, monkeypatch, defect, step, says):
    """Only that; a key that is echoed back is not shown either."""
    monkeypatch.setenv("KEY", KEY)
    result = examine(
        project, "--domain=embedded", f"--embedded-defect={defect}", "--request-timeout=3"
    )
    assert result.ret == (PROBLEM if step else OK)
    wrong = [line for line in result.outlines if line.startswith("  problem")]
    assert len(wrong) == bool(step)
    if step:
        result.stdout.fnmatch_lines([f"  problem  {step:<12} {says}", "*next: *", "1 problem; *"])


def test_targets_are_examined_one_by_one(project: Project, deployed: Endpoint):
    """What one of them lacks is no matter of the other."""
    result = examine(project, "--target=dev", "--target=prod", "--target=dev")
    assert result.ret == MISSING
    result.stdout.fnmatch_lines(
        [
            "target dev",
            "  problem  settings     no domain for target dev: *DEV_DOMAIN*",
            "target prod: *",
            "  ok       models *",
            "1 problem; first: target dev, settings: *",
        ]
    )
    assert result.stdout.str().count("problem  settings     no domain for target dev") == 1


def test_it_says_what_comes_from_which_file(project: Project, deployed: Endpoint, monkeypatch):
    """Variables by their names, settings by theirs, compose files by their paths."""
    monkeypatch.delenv("DOMAIN")
    project.write(
        pytest_codex__toml='compose = ["stack.yml"]\nretries = 1\n', stack__yml="services: {}\n"
    )
    result = examine(project)
    assert result.ret == MISSING
    result.stdout.fnmatch_lines(
        [
            "  problem  TOML  *unknown setting 'retries'; there are accepts, *",
            "1 problem; first: this project, TOML: *: unknown setting 'retries'; see above",
        ]
    )
    assert result.stdout.str().count("retries") == 2
    project.write(
        pytest_codex__toml='compose = ["stack.yml"]\n[targets.prod]\nusage = "optional"\n',
    )
    (project.path / ".env").write_text(f"OTHER=1\nDOMAIN={deployed.domain}\nAPP_DOMAIN=\n")
    shutil.copyfile(ROOT / "examples" / "stack" / "docker-compose.yml", project.path / "stack.yml")
    result = examine(project)
    assert result.ret == OK
    result.stdout.fnmatch_lines(
        [
            "  ok       TOML         pytest_codex.toml sets compose; target prod: usage",
            "  ok       .env         DOMAIN, APP_DOMAIN (empty)",
            "  ok       compose      prod: stack.yml [[]pytest_codex.toml compose]",
            "target prod: * [[].env DOMAIN]",
            "  ok       settings     also set: usage [[]pytest_codex.toml *",
        ]
    )


def test_files_that_cannot_be_read_are_settings(project: Project):
    """Each is said once, wherever it is needed."""
    (project.path / ".env").write_text("not a line of it\n")
    project.write(compose__yaml="services: [")
    result = examine(project)
    assert result.ret == MISSING
    result.stdout.fnmatch_lines(
        [
            "  problem  .env *; expected *",
            "  problem  compose *",
            "2 problems; first: this project, .env: .env:1: not a NAME=VALUE line; expected *",
        ]
    )
    assert result.stdout.str().count("not a NAME=VALUE line") == 2


def test_a_selection_in_the_file_is_read_too(project: Project):
    """A file that has nothing else is found, and a rule that cannot be used is a problem."""
    project.write(pytest_codex__toml='[selection]\nunknown = "error"\n')
    result = examine(project, "--domain=embedded")
    assert result.ret == OK
    result.stdout.fnmatch_lines(["  ok       TOML         pytest_codex.toml sets selection"])
    project.write(pytest_codex__toml='[selection]\nunknown = "perhaps"\n')
    result = examine(project, "--domain=embedded")
    assert result.ret == MISSING
    result.stdout.fnmatch_lines(["  problem  selection *unknown*", "1 problem; *"])


def test_results_that_cannot_be_written_are_a_setting(project: Project):
    """It says so, and looks at the rest."""
    (project.path / "taken").write_text("")
    result = examine(project, "--domain=embedded", "--results-dir=taken/results")
    assert result.ret == MISSING
    result.stdout.fnmatch_lines(
        ["  problem  results *taken is no folder", "*--results-dir", "  ok       models *"]
    )


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="it is of Linux")
def test_whether_results_can_be_written_is_tried(project: Project):
    """Root may write anywhere, by what permissions say; here nobody can."""
    result = examine(project, "--domain=embedded", "--results-dir=/proc/x")
    assert result.ret == MISSING
    result.stdout.fnmatch_lines(["  problem  results *: /proc cannot be written: *"])


def test_the_next_command_verifies_what_was_examined(project: Project, monkeypatch):
    """With the endpoint of this command line, and without its key."""
    options = ("--domain=embedded", "--target=dev", "--connect-timeout=3")
    result = examine(project, *options, f"--key={KEY}")
    assert result.ret == OK
    result.stdout.fnmatch_lines(
        [
            "all is well; next: pytest * --connect-timeout=3 --domain=embedded -m smoke "
            "--target=dev (two model calls)"
        ]
    )


def test_an_unknown_target_is_a_setting(project: Project):
    """With those that are known."""
    result = examine(project, "--target=stagin")
    assert result.ret == MISSING
    result.stdout.fnmatch_lines(
        [
            "  problem  target *unknown target 'stagin'*",
            "1 problem; first: this project, target: *; known are prod, dev; declare *",
        ]
    )


def test_an_unknown_target_is_no_problem_of_compose_files(project: Project):
    """Though they are judged by its policy."""
    shutil.copyfile(
        ROOT / "examples" / "stack" / "docker-compose.yml", project.path / "docker-compose.yml"
    )
    result = examine(project, "--target=stagin")
    assert result.ret == MISSING
    wrong = [line for line in result.outlines if line.startswith("  problem")]
    assert [line.split()[1] for line in wrong] == ["target"]


@pytest.mark.parametrize(
    ("domain", "remedy"),
    [("http://example.com", "use https"), ("https://", "expected HOST or HOST:PORT")],
)
def test_the_first_thing_says_what_a_setting_should_be(project: Project, domain, remedy):
    """What is wrong with it would be half of it."""
    result = examine(project, f"--domain={domain}")
    assert result.ret == MISSING
    assert result.outlines[-1].startswith("1 problem; first: target prod, settings: --domain: ")
    assert result.outlines[-1].endswith(f"; {remedy}")


def test_keys_that_disagree_are_to_be_one(project: Project, monkeypatch):
    """As the last line has it."""
    monkeypatch.setenv("KEY", KEY)
    monkeypatch.setenv("PROXY_API_KEY", f"{KEY}-2")
    result = examine(project, "--domain=example.com")
    assert result.ret == MISSING
    result.stdout.fnmatch_lines(["1 problem; first: *disagree *; set one of them, or say which *"])


def test_what_all_targets_cost_is_said(project: Project):
    """Each is asked."""
    project.write(
        pytest_codex__toml='[targets.prod]\ndomain = "embedded"\n[targets.dev]\ndomain = "embedded"'
    )
    result = examine(project, "--target=prod", "--target=dev")
    assert result.ret == OK
    assert result.outlines[-1].endswith(" (two model calls for each target)")


def test_from_a_subfolder_it_names_the_files_that_are_above(project: Project):
    """The rootdir's own would be named without a folder."""
    (project.path / ".git").mkdir()
    (project.path / "below").mkdir()
    project.write(
        pytest_codex__toml="[targets.mine]\ndomain = 3\n", __env="SMOKE_STREAM_TIMEOUT=9\n"
    )
    result = examine(project, "--rootdir=below")
    assert result.ret == MISSING
    result.stdout.fnmatch_lines(["  problem  TOML         ../pytest_codex.toml [[]targets.mine] *"])
    project.write(pytest_codex__toml='[targets.mine]\ndomain = "embedded"\nmodel = "codex-5"\n')
    result = examine(project, "--rootdir=below", "--target=mine")
    assert result.ret == OK
    result.stdout.fnmatch_lines(
        [
            "  ok       TOML         ../pytest_codex.toml sets target mine: domain, model",
            "  ok       ../.env      SMOKE_STREAM_TIMEOUT",
            f"  ok       results      go to {project.path / 'test-results' / 'mine'}",
        ]
    )


def test_it_starts_no_workers(project: Project):
    """It has no use for them."""
    result = examine(project, "--domain=embedded", "-n", "2")
    assert result.ret == OK


def test_in_a_terminal_lines_are_broken_and_the_wait_is_shown(project: Project):
    """At 60 columns too; nothing is left of the heartbeat."""
    # Its path is shorter than the screen is wide.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        code, written = in_a_terminal(
            Path(folder),
            *("--codex-doctor", "--domain=embedded", "--embedded-defect=healthz_after=2"),
            columns=60,
        )
    assert code == OK, written
    assert f"{folder}/test-results/prod" in written
    screen = Screen(60)
    screen.feed(written)
    assert not screen.wrapped
    assert "healthz: waiting" in written
    assert "healthz: waiting" not in screen.text
    assert "\x1b[32mok" in written


def test_an_interrupt_shows_what_is_known_and_what_was_waited_for(project: Project, monkeypatch):
    """It is exit code 2, as in a run; nothing is left of the heartbeat or of the endpoint."""
    monkeypatch.setenv("DOMAIN", "embedded")
    code, written = in_a_terminal(
        project.path,
        *("--codex-doctor", "--embedded-defect=healthz_never_answers"),
        *("--target=prod", "--target=dev"),
        columns=160,
        interrupt_at="healthz: waiting",
    )
    assert code == pytest.ExitCode.INTERRUPTED, written
    assert "Traceback" not in written
    screen = Screen(160)
    screen.feed(written)
    assert "healthz: waiting" not in screen.text
    for line in (
        "  ok       DNS          ",
        "  -        health       not known: interrupted",
        "  ok       key          ",
        "  ok       models       codex-5 is among ",
    ):
        assert f"\n{line}" in screen.text
    assert screen.text.endswith("\ninterrupted: waiting for healthz")
    assert "target dev" not in screen.text
    port = re.search(r"target prod: https://localhost:(\d+)", screen.text)
    assert port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("localhost", int(port[1])), timeout=5)


def test_an_interrupt_before_anything_is_asked_is_said_too(project: Project):
    """Without a word of what was waited for."""
    project.pytester.makeconftest(
        "from pytest_codex import doctor\n"
        "def interrupt(*_):\n"
        "    raise KeyboardInterrupt\n"
        "doctor._resolve = interrupt\n"
    )
    # As a process, for pytester wants to know of an interrupt what only a run tells.
    result = project.pytester.runpytest_subprocess("--codex-doctor", "--domain=embedded")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert result.outlines[-1] == "interrupted"


def test_the_extras_are_those_of_the_distribution():
    """Each with modules that it brings."""
    text = (ROOT / "pyproject.toml").read_text()
    declared = tomllib.loads(text)["project"]["optional-dependencies"]
    assert declared.keys() == EXTRAS.keys()
    for extra, requirements in declared.items():
        for module in EXTRAS[extra]:
            name = module.replace("_", "-")
            assert any(name in requirement for requirement in requirements), (extra, module)


def test_an_extra_that_is_not_installed_is_no_problem(project: Project, monkeypatch):
    """Unless it is needed; how to install it is said."""
    monkeypatch.setitem(pytest_codex.doctor.EXTRAS, "http2", ("no_such_module",))
    result = examine(project, "--domain=embedded")
    assert result.ret == OK
    result.stdout.fnmatch_lines(
        ["  -        extras       http2 is not installed (pip install *[[]http2]*)"]
    )
