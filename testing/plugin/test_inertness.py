"""Installed beside somebody's own tests, the plugin changes nothing until it is asked to verify."""

from __future__ import annotations

import json
import re

import pytest

from .project import Endpoint, Project

WITHOUT = ("-p", "no:codex-live")
#: What verifying imports, and nobody who does not verify should pay for.
HEAVY = {"anyio", "certifi", "cryptography", "dotenv", "httpcore", "httpx", "yaml"}

SUITE = """
import warnings
import pytest

@pytest.mark.smoke
def test_passes(): pass
def test_fails(): assert 1 == 2
def test_warns(): warnings.warn("of the user")
@pytest.mark.skip(reason="of the user")
def test_skips(): pass
@pytest.mark.xfail
def test_xfails(): assert False
@pytest.fixture
def broken(): raise ValueError
def test_errors(broken): pass
@pytest.mark.parametrize("n", [1, 2])
def test_parameters(n, tmp_path): pass
"""

#: Watches a run: no socket can be opened, and what was imported is written down.
WATCH = """
import json, socket, sys
from pathlib import Path

def pytest_configure(config):
    config.addinivalue_line("markers", "smoke: of the user")

def pytest_sessionstart(session):
    class Closed(socket.socket):
        def __init__(self, *args, **kwargs): raise OSError("a socket was opened")
    socket.socket = Closed

def pytest_sessionfinish(session):
    modules = sorted({name.partition(".")[0] for name in sys.modules})
    ours = sorted(name for name in sys.modules if name.startswith("pytest_codex"))
    Path("loaded.json").write_text(json.dumps([modules, ours]))
"""


def outcome(project: Project, *arguments: str) -> tuple[int, list[str], list[str], list[str]]:
    """Run the user's suite in a process: exit code, output, the files, and modules at the end.

    The header's list of plugins and the times are left out of the output.
    """
    result = project.process("-p", "no:anyio", *arguments)
    lines = [
        re.sub(r"\d+\.\d+s", "", line)
        for line in result.outlines
        if not line.startswith(("plugins:", "rootdir:"))
    ]
    loaded, ours = json.loads((project.path / "loaded.json").read_text())
    (project.path / "loaded.json").unlink()
    files = sorted(
        str(path.relative_to(project.path))
        for path in project.path.rglob("*")
        if "runpytest" not in str(path) and "__pycache__" not in str(path)
    )
    return int(result.ret), lines, files, [*loaded, *ours]


@pytest.fixture
def unrelated(project: Project) -> Project:
    """A repository with tests and markers of its own, and none of the suites."""
    (project.path / "suites").unlink()
    project.write(test_of_the_user__py=SUITE)
    return project


@pytest.mark.parametrize("arguments", [(), ("-m", "smoke"), ("-W", "error"), ("-n", "1")])
def test_somebody_else_s_run_stays_as_it_was(unrelated: Project, monkeypatch, arguments):
    """Exit code, output and files are the same; nothing heavy is loaded, no socket is opened.

    It is so even where the environment names a deployment, and with a marker of the same name.
    """
    monkeypatch.setenv("DOMAIN", "prod.example")
    monkeypatch.setenv("KEY", "sk-of-somebody-else")
    unrelated.write(conftest__py=WATCH, __env="not a line that can be read\n")
    code, lines, files, loaded = outcome(unrelated, *arguments)
    code_without, lines_without, files_without, _ = outcome(unrelated, *WITHOUT, *arguments)
    if arguments != ("-n", "1"):  # else the dots come as they come
        assert lines == lines_without
    assert code == code_without
    assert files == files_without
    assert not HEAVY & set(loaded)
    assert {name for name in loaded if name.startswith("pytest_codex.")} <= {
        "pytest_codex.controller",
        "pytest_codex.errors",
        "pytest_codex.fixtures",
        "pytest_codex.hooks",
        "pytest_codex.options",
        "pytest_codex.probes",
        "pytest_codex.probes.names",
        "pytest_codex.state",
    }


def test_no_fixture_of_ours_is_used_unasked(unrelated: Project):
    """None is autouse, so none is set up for a test that names none."""
    result = unrelated.run("-k", "test_passes", "--setup-show", "-p", "no:anyio")
    result.assert_outcomes(passed=1)
    assert "SETUP" not in result.stdout.str()


OPTIONS_OF_THE_USER = """
import pytest

def pytest_addoption(parser):
    parser.addoption("--domain", default="of the user")
    parser.addoption("--target", action="store_true", dest="target")
    parser.getgroup("theirs").addoption("--key", type=int)

@pytest.fixture
def options(request):
    return [request.config.getoption(name) for name in ("--domain", "target", "--key")]
"""


def test_options_of_a_conftest_win(unrelated: Project):
    """Where they have our short names, the long ones remain, and theirs mean what they meant."""
    unrelated.write(
        conftest__py=OPTIONS_OF_THE_USER,
        test_options__py="def test_them(options): assert options == ['here', True, 7]\n",
    )
    result = unrelated.run("test_options.py", "--domain=here", "--target", "--key=7")
    result.assert_outcomes(passed=1)


def test_options_of_a_conftest_leave_us_the_long_names(
    project: Project, deployed: Endpoint, monkeypatch
):
    """--codex-domain verifies, whatever --domain is."""
    monkeypatch.delenv("DOMAIN")
    project.write(conftest__py=OPTIONS_OF_THE_USER)
    result = project.verify(
        "-k", "test_healthz_is_ok", "--domain=theirs", f"--codex-domain={deployed.domain}"
    )
    result.assert_outcomes(passed=1)


def test_options_of_a_conftest_further_down_stay_as_harmless_as_they_were(unrelated: Project):
    """Such a conftest is read when the command line has been, and its options do not exist."""
    folder = unrelated.path / "some" / "where"
    folder.mkdir(parents=True)
    (folder / "conftest.py").write_text(OPTIONS_OF_THE_USER)
    (folder / "test_deep.py").write_text("def test_it(): pass\n")
    unrelated.run("-k", "test_it").assert_outcomes(passed=1)
    unrelated.run("-k", "test_it", *WITHOUT).assert_outcomes(passed=1)


def test_an_option_of_a_conftest_may_be_an_abbreviation_of_ours(unrelated: Project):
    """Nobody's option is taken for one of ours."""
    unrelated.write(
        conftest__py="def pytest_addoption(parser): parser.addoption('--dom')\n",
        test_it__py="def test_it(request): assert request.config.getoption('--dom') == 'x'\n",
    )
    unrelated.run("test_it.py", "--dom=x").assert_outcomes(passed=1)


NAMES = ("chat", "domain", "key", "models", "stream", "target")


def test_fixtures_of_a_conftest_win_in_its_tests(unrelated: Project):
    """Whatever has one of our names there is theirs, and makes nothing live."""
    unrelated.write(
        conftest__py="import pytest\n"
        + "".join(f"@pytest.fixture\ndef {name}(): return 'theirs'\n" for name in NAMES),
        test_theirs__py=f"def test_them({', '.join(NAMES)}):\n"
        f"    assert {{{', '.join(NAMES)}}} == {{'theirs'}}\n",
    )
    result = unrelated.run("test_theirs.py")
    result.assert_outcomes(passed=1)
    assert "target prod" not in result.stdout.str()
    assert not (unrelated.path / "test-results").exists()


def test_fixtures_of_a_conftest_do_not_come_into_the_suites(project: Project, deployed: Endpoint):
    """A check sees the exchange, and not what a conftest further up has under that name."""
    project.write(
        conftest__py="import pytest\n"
        + "".join(
            f"@pytest.fixture\ndef {name}(): raise ValueError('not ours')\n"
            for name in (*NAMES, "error", "healthz", "refusal", "recorded")
        )
    )
    result = project.verify("-m", "smoke")
    assert result.ret == 0
    assert result.parseoutcomes()["passed"] > 40


def test_a_probe_of_the_user_s_own_name_is_not_sent(project: Project, deployed: Endpoint):
    """A live test that uses a fixture of the user's called `chat` costs no model call."""
    project.write(
        conftest__py="import pytest\n@pytest.fixture\ndef chat(): return 'theirs'\n",
        test_own__py="def test_it(chat, domain): assert chat == 'theirs' and domain\n",
    )
    with deployed.counting() as made:
        project.run("test_own.py").assert_outcomes(passed=1)
    assert made == {"model_calls": 0, "requests": 0}


def test_collecting_sends_nothing(project: Project, deployed: Endpoint):
    """--collect-only makes no request and writes no file, though everything is known."""
    with deployed.counting() as made:
        result = project.verify("--collect-only", "-q")
    assert result.ret == 0
    assert made == {"model_calls": 0, "requests": 0}
    assert not (project.path / "test-results").exists()


def test_our_markers_and_options_are_listed(project: Project):
    """--markers and --help name what we add."""
    markers = project.run("--markers").stdout.str()
    for marker in ("smoke: the endpoint is deployed", "sse: the contract", "judges(level)"):
        assert f"@pytest.mark.{marker}" in markers
    help_ = project.run("--help").stdout.str()
    for flag in ("--codex-domain=", "--domain=", "--codex-key=", "--require-key", "--compose="):
        assert flag in help_
