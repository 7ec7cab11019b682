"""What cannot be used ends a run with one clear message, exit code 4, and leaves nothing behind."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from .project import KEY, Endpoint, Project, refusal


def assert_left_nothing(project: Project) -> None:
    """A usage error is found before the first file of ours."""
    assert not (project.path / "test-results").exists()


DOMAINS = {
    "host.example/v1": "has more than a host in it; give HOST or HOST:PORT only",
    "https://host.example/?a=b": "has more than a host in it",
    "https://user:secret@host.example": "'https://***@host.example' has credentials in it",
    "user:secret@host.example": "'***@host.example' has credentials in it",
    "host.example:0": "has port 0; expected 1 to 65535",
    "host.example:99999": "is not an address",
    "host.example:https": "is not an address",
    "ftp://host.example": "has the scheme 'ftp'; expected https",
    "": "names no host",
    "https://": "names no host",
    "-.example": "is not a host name",
    "a host": "is not a host name",
    "h..example": "is not a host name",
    "http://host.example": "is plain HTTP to another machine, where the key would travel",
    "http://10.0.0.1:8080": "is plain HTTP to another machine",
}


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_domain_that_is_none_is_refused(project: Project, domain: str):
    """The option, the value without credentials, what is wrong and what is expected."""
    said = refusal(project.glance("-m", "smoke", f"--domain={domain}"))
    assert said.startswith("--domain: ")
    assert DOMAINS[domain] in said
    assert "secret" not in said
    assert_left_nothing(project)


def test_without_a_domain_nothing_is_verified(project: Project):
    """`pytest -m smoke` says every way to give one."""
    said = refusal(project.glance("-m", "smoke"))
    assert said.startswith("no domain for target prod: set --domain=HOST, or DOMAIN or APP_DOMAIN")
    assert ".env.prod or .env" in said
    assert "[targets.prod]" in said
    assert "--domain=embedded" in said
    assert_left_nothing(project)


def test_a_domain_that_is_set_to_nothing_is_said_to_be(project: Project, monkeypatch):
    """Otherwise the one who has set it would look elsewhere."""
    monkeypatch.setenv("DOMAIN", "")
    said = refusal(project.glance("-m", "smoke"))
    assert "no domain for target prod (environment DOMAIN is set but empty)" in said


def test_an_unknown_target_is_refused(project: Project):
    """With what is known and what is near, though it is used while tests are collected."""
    said = refusal(project.glance("-m", "smoke", "--target=prd"))
    assert "--target: unknown target 'prd' (did you mean 'prod'?); known are prod, dev" in said
    assert_left_nothing(project)


# -- keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["--require-key", "CI"])
def test_a_missing_key_is_an_error_where_one_is_required(project: Project, monkeypatch, how):
    """With --require-key, and by default where CI=true; it says who requires it."""
    flags = [how] if how != "CI" else []
    if how == "CI":
        monkeypatch.setenv("CI", "true")
    said = refusal(project.glance("-m", "smoke", "--domain=localhost:1", *flags))
    assert "no key for target prod, and one is required" in said
    assert ("(--require-key)" if flags else "(CI in the environment)") in said
    assert "set PROXY_API_KEY or KEY, or --key=env:NAME" in said
    assert_left_nothing(project)


def test_a_key_that_is_set_to_nothing_is_said_to_be(project: Project, monkeypatch):
    """As CI sets a secret that this repository or fork does not have."""
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("KEY", "")
    said = refusal(project.glance("-m", "smoke", "--domain=localhost:1"))
    assert "no key for target prod (environment KEY is set but empty), and one is required" in said


def test_no_require_key_verifies_what_needs_none(project: Project, deployed: Endpoint, monkeypatch):
    """The flag is stronger than CI; what was not verified is skipped and said at the end."""
    monkeypatch.setenv("CI", "true")
    monkeypatch.delenv("KEY")
    result = project.verify("-m", "smoke", "--no-require-key")
    assert result.ret == 0
    outcomes = result.parseoutcomes()
    assert outcomes["passed"] > 10
    assert outcomes["skipped"] > 5
    result.stdout.fnmatch_lines(["* not verified: no key was given; next: set KEY*"])


KEYS = {
    "": "--key: the key is empty",
    "sk-with\nnewline": "--key: the key contains a newline",
    "sk with spaces": "--key: the key contains characters that no key has",
    "sk-schlüssel": "--key: the key contains characters that no key has",
    "abc": "--key: the key is too short to be kept out of the output",
    "@no-such-file": "--key: cannot read no-such-file: No such file or directory",
    "@.": "--key: cannot read .: Is a directory",
    "@empty": "--key: the key is empty",
    "@two-lines": "--key: the key contains a newline",
    "@latin-1": "--key: cannot read latin-1: not UTF-8",
    "env:UNSET": "--key=env:UNSET: UNSET is neither in the environment nor in .env.prod or .env",
    "env:EMPTY": "--key=env:EMPTY: the key is empty",
}


@pytest.mark.parametrize("key", KEYS)
def test_a_key_that_cannot_be_one_is_refused(project: Project, monkeypatch, key: str):
    """What is wrong with it is said, it is not shown."""
    monkeypatch.setenv("EMPTY", "")
    (project.path / "empty").write_text("\n")
    (project.path / "two-lines").write_text("sk-one\nsk-two\n")
    (project.path / "latin-1").write_bytes("sk-schlüssel".encode("latin-1"))
    said = refusal(project.glance("-m", "smoke", "--domain=localhost:1", f"--key={key}"))
    assert said.startswith(KEYS[key])
    assert "sk" not in said.replace("disk", "")
    assert_left_nothing(project)


# -- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("pytest_codex.toml", "[targets.prod\n", "pytest_codex.toml: not TOML: "),
        ("pytest_codex.toml", b"\xff", "pytest_codex.toml: cannot be read: not UTF-8"),
        (".env", "DOMAIN=x\n= y\n", ".env:2: not a NAME=VALUE line"),
        (".env.prod", b"KEY=\xff", ".env.prod: cannot be read: not UTF-8"),
    ],
)
def test_a_broken_file_is_named(project: Project, name: str, text: str | bytes, message: str):
    """The file, the line where there is one, and what is wrong."""
    (project.path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    assert refusal(project.glance("-m", "smoke")).startswith(message)
    assert_left_nothing(project)


@pytest.mark.parametrize(
    ("file", "why"),
    [("no-such.pem", "No such file or directory"), ("broken.pem", "no certificates in it")],
)
def test_authorities_that_cannot_be_loaded_are_named(project: Project, monkeypatch, file, why):
    """Before anything is sent: the variable, the file and the reason."""
    (project.path / "broken.pem").write_text("no certificate\n")
    monkeypatch.setenv("SSL_CERT_FILE", file)
    said = refusal(project.glance("-m", "smoke", "--domain=localhost:1"))
    assert said.startswith(f"environment SSL_CERT_FILE: cannot load '{file}': {why}; expected")
    assert_left_nothing(project)


def test_results_that_cannot_be_written_are_an_error(project: Project, deployed: Endpoint):
    """A file in the folder's place: nothing is sent, and the file stays as it was."""
    project.write(**{"test-results": "somebody's"})
    with deployed.counting() as made:
        said = refusal(project.glance("-m", "smoke"))
    assert f"results folder {project.results}: cannot be written: " in said
    assert "choose another one with --results-dir" in said
    assert made["requests"] == 0
    assert (project.path / "test-results").read_text() == "somebody's"


def test_a_name_of_a_file_that_is_too_long_is_none(project: Project, monkeypatch):
    """As any that does not exist; it is no reason for a traceback."""
    long = f"{'x' * 300}.yml"
    for asked in (("suites", "-m", "invariants"), ("--codex-doctor", "--domain=embedded")):
        result = project.run(*asked, f"--compose={long}")
        said = result.stdout.str() + result.stderr.str()
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert "--compose: there is no file " in said
    monkeypatch.setenv("COMPOSE_FILE", long)
    assert project.run("--codex-matrix", "--target=dev").ret == pytest.ExitCode.OK
    said = refusal(project.run("suites", "-m", "invariants"))
    assert said.startswith("COMPOSE_FILE: there is no file ")


def test_an_empty_model_is_none(project: Project, deployed: Endpoint):
    """As of a variable that is not set; no request asks for it."""
    with deployed.counting() as made:
        said = refusal(project.glance("-m", "smoke", "--model="))
    assert said.startswith(
        "target prod: no model to ask (--model is empty): set --model, or model "
    )
    assert made["requests"] == 0


def test_a_name_that_no_target_can_have_is_not_to_be_declared(project: Project):
    """The configuration would refuse it."""
    said = refusal(project.run("suites", "-m", "smoke", "--target=invariants"))
    assert "it can be none: results of its own are called so" in said
    assert "declare" not in said


def test_on_github_a_usage_error_is_an_annotation(project: Project, monkeypatch):
    """Otherwise the job is red, and only its log says why."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("DOMAIN", "a.example")
    told = "no key for target prod, and one is required (--require-key): "
    for workers in ((), ("-n2",)):
        result = project.verify("-m", "smoke", "--require-key", *workers)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert [line for line in result.errlines if line.startswith(f"ERROR: {told}")]
        (annotation,) = (line for line in result.errlines if line.startswith("::"))
        assert annotation.startswith(f"::error title=nothing verified::{told}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "--compose: there is no file "),
        ("services:\n  a: [\n", "compose.yml:3:1: not YAML: "),
        ("a: 1\n", "compose.yml: no compose file: there is no map of services"),
        ("services:\n  a: {labels: 3}\n", "compose.yml:2: labels is a single value; expected"),
    ],
)
def test_a_compose_file_that_is_none_is_named(project: Project, deployed: Endpoint, text, message):
    """It ends the run before anything is sent, whether a check would have read it or not."""
    if text is not None:
        (project.path / "compose.yml").write_text(text)
    with deployed.counting() as made:
        said = refusal(project.verify("-k", "test_healthz_is_ok", "--compose=compose.yml"))
    assert said.startswith(message)
    assert made["requests"] == 0
    assert_left_nothing(project)


# -- what is asked for ----------------------------------------------------------------------------


@pytest.mark.parametrize("flag", ["--domain=localhost:1", "--target=dev", "--codex-target=dev"])
def test_a_selection_of_nothing_is_an_error(project: Project, flag: str):
    """Never green by accident: whoever names an endpoint wants it verified."""
    (project.path / "suites").unlink()
    project.write(test_own__py="def test_of_the_user(): pass\n")
    said = refusal(project.run("-m", "smoke", flag))
    assert said.startswith(f"{flag.partition('=')[0]} was given, but no live check was selected")
    assert "pytest --pyargs pytest_codex.suites -m smoke" in said


def test_an_unknown_defect_is_refused(project: Project):
    """With one that is near."""
    said = refusal(
        project.glance("-m", "smoke", "--domain=embedded", "--embedded-defect=chat_500_emty")
    )
    assert "unknown defect 'chat_500_emty': did you mean 'chat_500_empty'?" in said
    assert_left_nothing(project)


def test_a_defect_is_for_the_embedded_endpoint(project: Project):
    """It would be silently without effect elsewhere."""
    said = refusal(
        project.glance("-m", "smoke", "--domain=x.example", "--embedded-defect=chat_500_empty")
    )
    assert "--embedded-defect is for --domain=embedded; the domain of target prod is x.exa" in said


def _absent(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in modules else found(name)
    )
    monkeypatch.setattr("pytest_codex.endpoint.launcher.find_spec", importlib.util.find_spec)


def test_the_embedded_endpoint_says_what_it_needs(project: Project, monkeypatch):
    """Its servers are an extra."""
    _absent(monkeypatch, "uvicorn")
    said = refusal(project.glance("-m", "smoke", "--domain=embedded"))
    assert said == 'the embedded endpoint needs: pip install "pytest-codex-live[embedded]"'
    assert_left_nothing(project)


def test_http2_says_what_it_needs(project: Project, monkeypatch):
    """It is an extra, too."""
    _absent(monkeypatch, "h2")
    project.write(pytest_codex__toml="[targets.prod]\nhttp2 = true\n")
    said = refusal(project.glance("-m", "smoke", "--domain=localhost:1"))
    assert "target prod has http2 = true, which needs h2: pip install" in said
    assert '"pytest-codex-live[http2]"' in said
    assert_left_nothing(project)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-m", "smoke"], "no domain for target prod: "),
        (["-m", "smoke", "--domain=a/b"], "--domain: 'a/b' has more than a host in it"),
        (["-m", "smoke", "--domain=x.example", "--require-key"], "no key for target prod, and one"),
        (["-m", "nothing", "--domain=x.example"], "--domain was given, but no live check"),
    ],
)
def test_under_xdist_the_messages_are_the_same(project: Project, arguments, message):
    """The workers find out, the controller says it, once."""
    assert refusal(project.glance("-n", "1", *arguments)).startswith(message)
    assert_left_nothing(project)


def test_under_xdist_an_embedded_endpoint_is_asked_for_by_a_flag(project: Project, monkeypatch):
    """The controller has to start it, and does not read settings that may not be for it."""
    monkeypatch.setenv("DOMAIN", "embedded")
    said = refusal(project.glance("-n", "1", "-m", "smoke"))
    assert "under pytest-xdist the embedded endpoint has to be asked for on the command" in said


# -- what the endpoint does wrong is no usage error -----------------------------------------------

UNREACHABLE = {
    "no-such-host.invalid": "no-such-host.invalid does not resolve",
    "localhost:1": "nothing answers at localhost:1: no connection to port 1 (",
}


@pytest.mark.parametrize("domain", UNREACHABLE)
def test_what_cannot_be_reached_is_a_failure(project: Project, monkeypatch, domain: str):
    """Exit code 1 and one cause, of which everything else is skipped; results are kept."""
    monkeypatch.setenv("KEY", KEY)
    result = project.verify("-k", "connections or healthz or test_chat", f"--domain={domain}")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    outcomes = result.parseoutcomes()
    assert outcomes["failed"] == 1
    assert "passed" not in outcomes
    assert UNREACHABLE[domain] in result.stdout.str()
    assert "Traceback" not in result.stdout.str()
    result.stdout.fnmatch_lines(["prod is broken: nothing answers at *", "  next: see *"])
    assert (project.results / "junit.xml").is_file()


def test_a_refused_connection_is_said_to_be_refused(project: Project):
    """It means that nobody listens, and not that the network is broken."""
    result = project.glance("-k", "healthz", "--domain=localhost:1")
    result.stdout.fnmatch_lines(
        ["prod is broken: *Connection refused*", "  next: see whether the proxy runs *"]
    )


def test_an_untrusted_certificate_is_a_failure(project: Project, deployed: Endpoint, monkeypatch):
    """It says what was presented, and how to trust a private authority."""
    monkeypatch.delenv("SSL_CERT_FILE")
    result = project.verify("-m", "smoke", "-k", "test_tls_verifies or healthz")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=1, skipped=1)
    assert "SSL_CERT_FILE=ca.pem" in result.stdout.str()
    assert Path(project.results / "summary.md").is_file()
