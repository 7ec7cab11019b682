"""Selection as it is run: what is deselected, said and written."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

# A run in this process forgets what it has imported, and not everything can be imported twice.
import pytest_codex.choosing
import pytest_codex.planning

ROOT = Path(__file__).parents[2]
OWN = """
import pytest

@pytest.mark.smoke
def test_smoke(): pass

@pytest.mark.sse
def test_sse(): pass

@pytest.mark.invariants
def test_invariants(): pass

def test_of_no_suite(): pass
"""


@pytest.fixture
def own(pytester: pytest.Pytester) -> pytest.Pytester:
    """A test of each suite, and one of none."""
    pytester.makefile(".ini", pytest="[pytest]\n")
    pytester.makepyfile(OWN)
    return pytester


def run(own: pytest.Pytester, *paths: str, options: tuple[str, ...] = ()) -> pytest.RunResult:
    """Run with a list of changed paths."""
    (own.path / "changed.txt").write_text("".join(f"{path}\n" for path in paths))
    return own.runpytest_inprocess(
        "--codex-changed-files=changed.txt", "-p", "no:asyncio", *options
    )


@pytest.mark.parametrize(
    ("path", "passed"),
    [
        ("src/stream.js", 4),  # smoke, sse, invariants as always, and what is of no suite
        ("docs/a.md", 2),
        ("src/utils.js", 2),
        ("docker-compose.yml", 3),
        ("nobody/knows.this", 4),
    ],
)
def test_what_the_changes_do_not_ask_for_is_deselected(own, path, passed):
    """And never a test of somebody's own."""
    run(own, path).assert_outcomes(passed=passed, deselected=4 - passed)


def test_every_suite_has_a_line_and_every_deselected_test_a_reason(own):
    """In the header, in the summary, and in selection.json."""
    (own.path / "docs").mkdir()
    (own.path / "docs" / "streams and such.md").touch()
    result = run(own, "docs/streams and such.md", options=("--codex-explain-selection",))
    result.stdout.fnmatch_lines(
        [
            "selection: smoke: DESELECTED: no changed path asks for it",
            "selection: invariants: SELECTED always",
            "1 deselected: s*: DESELECTED: *",
            "  *::test_smoke: smoke: DESELECTED: *",
        ]
    )
    said = json.loads((own.path / "test-results" / "selection.json").read_text())
    assert {one["suite"]: one["selected"] for one in said["suites"]} == {
        "smoke": False,
        "sse": False,
        "invariants": True,
    }


MARKED = """
import pytest

@pytest.mark.e2e
def test_e2e(): pass

@pytest.mark.e2e
@pytest.mark.slow
def test_slow_e2e(): pass

@pytest.mark.slow
def test_slow(): pass

@pytest.mark.sse
@pytest.mark.slow
def test_slow_sse(): pass

@pytest.mark.sse
def test_sse(): pass
"""
POLICY = """
[selection]
always = []
[[selection.rules]]
name = "pages"
paths = ["/pages"]
suites = ["e2e and not slow"]
[[selection.rules]]
name = "stream"
paths = ["/stream"]
suites = ["sse and not slow"]
"""
ON_DEV = """
[[selection.rules]]
name = "dev"
paths = ["/dev"]
suites = ["e2e"]
targets = ["dev"]
"""
REGISTERED = """
def pytest_configure(config):
    config.addinivalue_line("markers", "e2e(page): browsers")
    config.addinivalue_line("markers", "slow: takes its time")
"""


@pytest.fixture
def marked(pytester: pytest.Pytester) -> pytest.Pytester:
    """Tests with markers of their own, registered by a conftest, and a policy that uses them."""
    pytester.makefile(".ini", pytest="[pytest]\naddopts = --strict-markers\n")
    pytester.makefile(".toml", pytest_codex=POLICY)
    pytester.makeconftest(REGISTERED)
    pytester.makepyfile(MARKED)
    return pytester


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("pages", ["test_e2e", "test_slow"]),  # the policy asks for nothing that is only slow
        ("stream", ["test_slow", "test_sse"]),
        ("unknown", ["test_e2e", "test_slow", "test_slow_e2e", "test_slow_sse", "test_sse"]),
    ],
)
@pytest.mark.parametrize("mode", [(), ("-n1",)])
def test_a_policy_may_select_by_expressions_of_markers(marked, path, names, mode):
    """What it takes out is not run, unless everything is; each suite has a line."""
    result = run(marked, path, options=("-v", "--codex-explain-selection", *mode))
    passed = {line.split("::")[1].split()[0] for line in result.outlines if "PASSED" in line}
    if mode:
        passed = {line.rsplit("::")[-1] for line in result.outlines if " PASSED " in line}
    assert sorted(name.strip() for name in passed) == names
    if path == "stream":
        result.stdout.fnmatch_lines(
            [
                "selection: sse: DESELECTED, but for 'sse and not slow': no changed path asks *",
                "selection: sse and not slow: SELECTED by stream (?) ← rules.stream.paths[[]0]",
            ]
        )
        assert "e2e, slow: DESELECTED: no suite of the policy has it" in result.stdout.str()


def collected(marked: pytest.Pytester, *arguments: str) -> set[str]:
    result = marked.runpytest_inprocess("--collect-only", "-q", "-p", "no:asyncio", *arguments)
    assert result.ret in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    return {line.split("::")[1] for line in result.outlines if "::" in line}


@pytest.mark.parametrize("markers", ["", "sse", "not slow", "e2e or sse and slow"])
@pytest.mark.parametrize("path", ["pages", "stream", "dev", "unknown", "docs/a.md"])
@pytest.mark.parametrize("target", [(), ("--codex-target=prod",), ("--codex-target=dev",)])
def test_a_plan_is_what_a_run_runs(marked, path, markers, target):
    """Test by test: its lines together, and the one for what is in no suite."""
    if path == "dev":
        (marked.path / "pytest_codex.toml").write_text(POLICY + ON_DEV)
    (marked.path / "changed.txt").write_text(f"{path}\n")
    asked = ("--codex-changed-files=changed.txt", "-m", markers, *target)
    result = marked.runpytest_inprocess("--codex-plan", *asked, "-p", "no:asyncio")
    besides = "# tests of no suite run too, where there are any: "
    lines = [line.removeprefix(besides) for line in result.outlines]
    planned = [shlex.split(line)[1:] for line in lines if line.startswith("pytest ")]
    assert collected(marked, *asked) == set().union(*(collected(marked, *p) for p in planned))


def test_a_plan_has_expressions_with_the_markers_of_the_call(marked):
    """On the targets of the run, whether live or not."""
    (marked.path / "changed.txt").write_text("pages\nstream\n")
    asked = ("--codex-plan", "--codex-changed-files=changed.txt")
    result = marked.runpytest_inprocess(*asked, "-p", "no:asyncio")
    assert [line for line in result.outlines if line.startswith("pytest")] == [
        "pytest -p no:asyncio -m 'e2e and not slow or sse and not slow' --target=prod",
    ]
    assert (
        "# tests of no suite run too, where there are any: "
        "pytest -p no:asyncio -m 'not (smoke or sse or invariants or e2e)'"
    ) in result.outlines
    result = marked.runpytest_inprocess(
        *asked, *("-p", "no:asyncio", "-m", "sse and not e2e", "--codex-target=dev")
    )
    assert [line for line in result.outlines if line.startswith("pytest")] == [
        "pytest -p no:asyncio -m '(sse and not e2e) and (sse and not slow)' --target=dev"
    ]
    assert not any("no suite" in line for line in result.outlines)


def test_a_misspelt_marker_is_refused(marked):
    """Before anything is deselected by it; also for -m of a plan's jobs. One that is like no other
    may be registered by a conftest that is not loaded, and takes nothing away."""
    (marked.path / "pytest.ini").write_text("[pytest]\nmarkers =\n  e2e: browsers\n  slow: slow\n")
    toml = marked.path / "pytest_codex.toml"
    toml.write_text(POLICY.replace("e2e and not slow", "e2 and not slow"))
    result = run(marked, "pages")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *rules[[]0].suites[[]0] (line 7): unknown marker 'e2'*"])
    result = marked.runpytest_inprocess("--codex-matrix", "-m", "smoke and not slo")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: -m 'smoke and not slo': unknown marker 'slo' *'slow'*"])
    toml.write_text(POLICY.replace("e2e and not slow", "browser and not slow"))
    run(marked, "pages").assert_outcomes(passed=3, deselected=2)


def test_what_concerns_other_targets_and_files_ends_no_run_of_something_else(own, monkeypatch):
    """It is said where it is used."""
    monkeypatch.setenv("COMPOSE_FILE", "missing.yml")
    (own.path / ".env.dev").write_text("no line of this kind\n")
    (own.path / "pytest_codex.toml").write_text("[selection]\nalways = []\n")
    run(own, "docs/a.md").assert_outcomes(passed=1, deselected=3)


def test_a_plan_of_what_nobody_can_be_is_none(own):
    """What is composed of a policy may be impossible, or large."""
    rules = '[[selection.rules]]\nname = "x"\npaths = ["/x"]\nsuites = ["slow", "not slow"]\n'
    many = ", ".join(f'"m{n}"' for n in range(12))
    for policy in (rules, rules.replace('"slow", "not slow"', many)):
        (own.path / "pytest_codex.toml").write_text(policy)
        (own.path / "changed.txt").write_text("unknown\n")
        asked = ("--codex-plan", "--codex-changed-files=changed.txt", "-m", "smoke")
        result = own.runpytest_inprocess(*asked, "-p", "no:asyncio")
        assert result.ret == 0, result.stderr.str()


def test_only_one_question_is_answered(own):
    """Which one would be a guess."""
    result = own.runpytest_inprocess("--codex-plan", "--codex-matrix")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --codex-plan and --codex-matrix each ask *"])


def test_a_plan_is_of_the_targets_that_were_named(own):
    """As the matrix is; what is left out is said."""
    (own.path / "changed.txt").write_text("Dockerfile\n")
    result = own.runpytest_inprocess(
        *("--codex-plan", "--codex-changed-files=changed.txt", "--codex-target=prod")
    )
    assert "# dev: smoke selected and left out: --target does not name it" in result.outlines
    assert not any("--target" in line for line in result.outlines if line.startswith("pytest"))


def test_a_suite_that_a_target_does_not_allow_is_not_planned_there(own):
    """Nor said to be left over."""
    (own.path / "pytest_codex.toml").write_text('[targets.dev]\nsuites = ["sse"]\n')
    (own.path / "changed.txt").write_text("Dockerfile\n")
    result = own.runpytest_inprocess("--codex-plan", "--codex-changed-files=changed.txt")
    assert "# dev: smoke selected and left out: its suites are sse" in result.outlines
    assert not any("dev" in line for line in result.outlines if line.startswith("pytest"))
    assert "not run here" not in run(own, "Dockerfile").stdout.str()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--codex-plan", "-m", "smoke and ("), "-m 'smoke and (': expected smoke, sse, *"),
        (("--codex-plan", "-m", "smokey"), "-m 'smokey': unknown marker 'smokey' *'smoke'*"),
        (("--codex-plan=",), "--codex-plan: '' is not one of text, json"),
        (("--codex-explain-selection",), "*: what selects? add --changed-since=auto"),
        (("--codex-changed-since=",), "--changed-since= names nothing; expected auto or a ref"),
        (("--codex-changed-files=changed.txt", "--codex-target=nope"), "*unknown target 'nope'*"),
    ],
)
def test_what_cannot_be_meant_is_refused(own, options, message):
    """Before a test runs, live or not."""
    (own.path / "changed.txt").write_text("server.js\n")
    result = own.runpytest_inprocess("-p", "no:asyncio", *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message.replace('[', '[[]')}"])


def test_a_plan_says_where_the_suites_are_if_the_call_does_not(own, monkeypatch):
    """Installed, they are in the package; the tests of one's own are where pytest looks."""
    monkeypatch.setattr(pytest_codex.choosing, "find_spec", lambda _name: object())
    (own.path / "changed.txt").write_text("docs/a.md\n")
    asked = ("--codex-plan", "--codex-changed-files=changed.txt", "-m", "invariants")
    (own.path / "compose.yml").write_text("services: {}\n")
    place = "pytest --pyargs pytest_codex.suites"
    for arguments, line in (
        ((), f"{place} . -m invariants"),
        (("x.py",), "pytest x.py -m invariants"),
        (("--pyargs", "pytest_codex.suites"), f"{place} -m invariants"),
    ):
        result = own.runpytest_inprocess(*arguments, *asked)
        assert result.outlines[-1] == line


def test_tests_of_one_s_own_markers_may_run_on_a_target_and_not_be_live(marked):
    """As a job of the matrix asks for them; where -m asks for suites, none of them is an error."""
    result = marked.runpytest_inprocess("--codex-target=dev", "-m", "e2e", "-p", "no:asyncio")
    result.assert_outcomes(passed=2, deselected=3)
    result = marked.runpytest_inprocess("--codex-target=dev", "-m", "sse", "-p", "no:asyncio")
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_a_closed_standard_input_is_said(own):
    """And no traceback."""
    done = subprocess.run(
        ["sh", "-c", '"$0" -m pytest --changed-files=- -p no:asyncio <&-', sys.executable],
        cwd=own.path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert done.stderr == "ERROR: --changed-files=-: standard input is closed\n\n"


def test_a_plan_is_printed_in_any_encoding(own, monkeypatch):
    """Arrows are escaped where there are none."""
    (own.path / "changed.txt").write_text("server.js\n")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    result = own.runpytest_subprocess("--codex-plan", "--codex-changed-files=changed.txt")
    assert result.ret == 0
    assert "SELECTED by server.js (?) \\u2190 rules" in result.stdout.str()


@pytest.mark.parametrize("path", ["service/pytest_codex.toml", "pytest_codex.toml"])
def test_a_change_to_the_policy_runs_everything(own, path, monkeypatch):
    """Wherever in the repository it stands; ignoring the file does not hide that."""
    (own.path / ".git").mkdir()
    service = own.path / "service"
    service.mkdir()
    (service / "pytest_codex.toml").write_text('[selection]\nignore = ["**/*.toml"]\n')
    (service / "changed.txt").write_text(f"{path}\n")
    (own.path / "pytest.ini").rename(service / "pytest.ini")
    monkeypatch.chdir(service)
    result = own.runpytest_inprocess("--codex-plan", "--codex-changed-files=changed.txt")
    said = f"# everything runs: {path} (?): the policy itself may have changed"
    assert said in result.outlines


def test_a_path_that_does_not_exist_is_what_pytest_says(own):
    """And not what follows from it."""
    result = own.runpytest_inprocess(
        "no_such_folder", "--codex-domain=embedded", "-p", "no:asyncio"
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: file or directory not found: no_such_folder"])
    assert "no live check" not in result.stderr.str()


def test_a_plan_runs_nothing(own):
    """It prints the commands, those outside pytest included."""
    (own.path / "changed.txt").write_text("server.js\n")
    result = own.runpytest_inprocess("--codex-plan", "--codex-changed-files=changed.txt")
    assert result.ret == 0
    lines = [line for line in result.outlines if line and not line.startswith("#")]
    assert lines == [
        "pytest -m invariants",
        "npm run test:integration",
        "npm test",
        "pytest -m 'smoke or sse' --target=prod",
    ]
    assert not (own.path / "test-results").exists()


def test_a_plan_as_json_is_for_scripts(own):
    """Nothing else is on standard output."""
    (own.path / "changed.txt").write_text("src/utils.js\n")
    result = own.runpytest_inprocess("--codex-plan=json", "--codex-changed-files=changed.txt")
    said = json.loads(result.stdout.str())
    assert [step["run"] for step in said["plan"]] == ["pytest -m invariants", "npm run test:unit"]


def test_a_plan_is_of_the_suites_and_the_options_that_it_was_asked_with(own):
    """Of the suites, those that -m allows."""
    (own.path / "changed.txt").write_text("server.js\nDockerfile\n")
    result = own.runpytest_inprocess(
        *("--pyargs", "pytest_codex.suites", "--codex-plan", "--codex-domain=embedded"),
        *("--codex-changed-files", "changed.txt", "-m", "smoke or invariants"),
    )
    assert [line for line in result.outlines if line.startswith("pytest")] == [
        "pytest --pyargs pytest_codex.suites -m invariants",  # what is live is none of theirs
        "pytest --pyargs pytest_codex.suites --codex-domain=embedded -m smoke --target=prod",
        "pytest --pyargs pytest_codex.suites --codex-domain=embedded -m smoke --target=dev",
    ]


def test_a_plan_runs_a_target_that_has_no_domain_by_itself(own, monkeypatch):
    """That run says what is missing, and spoils none that could be."""
    monkeypatch.setenv("DOMAIN", "prod.example")
    (own.path / "changed.txt").write_text("server.js\nDockerfile\n")
    asked = ("--codex-plan", "--codex-changed-files=changed.txt", "-m", "smoke")
    expected = ["pytest -m smoke --target=prod", "pytest -m smoke --target=dev"]
    lines = own.runpytest_inprocess(*asked).outlines
    assert [line for line in lines if line.startswith("pytest")] == expected
    monkeypatch.setenv("DEV_DOMAIN", "dev.example")
    lines = own.runpytest_inprocess(*asked).outlines
    together = ["pytest -m smoke --target=prod --target=dev"]
    assert [line for line in lines if line.startswith("pytest")] == together


def test_a_short_option_that_is_somebody_else_s_is_left_to_them(own, monkeypatch):
    """The words of a plan are then ours by their long names."""
    own.makeconftest(
        "def pytest_addoption(parser):\n    parser.addoption('--target')\n"
        "    parser.addoption('--key')\n"
    )
    (own.path / "changed.txt").write_text("Dockerfile\n")
    asked = ("--codex-plan", "--codex-changed-files=changed.txt", "-m", "smoke")
    lines = own.runpytest_inprocess(*asked, "--target=theirs", "--key=mine").outlines
    expected = "pytest --target=theirs --key=mine -m smoke --codex-target=dev"
    assert [line for line in lines if line.startswith("pytest")] == [expected]
    lines = own.runpytest_inprocess(*asked).outlines
    assert "pytest -m smoke --codex-target=dev" in lines
    (own.path / "conftest.py").unlink()
    assert "pytest -m smoke --target=dev" in own.runpytest_inprocess(*asked).outlines
    monkeypatch.setenv("CODEX_NO_SHORT_OPTIONS", "1")
    assert "pytest -m smoke --codex-target=dev" in own.runpytest_inprocess(*asked).outlines


def test_what_m_leaves_out_is_said(own):
    """Otherwise a change of documents would deselect everything without a word."""
    told = "invariants selected and left out: -m 'smoke or sse'"
    result = run(own, "docs/a.md", options=("-m", "smoke or sse"))
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert told in result.outlines
    asked = ("--codex-plan", "--codex-changed-files=changed.txt", "-m", "smoke or sse")
    assert f"# {told}" in own.runpytest_inprocess(*asked).outlines


@pytest.mark.parametrize("quiet", ["-q", "--no-header"])
def test_why_everything_runs_is_said_without_a_header_too(own, quiet):
    """And how to mend that."""
    result = run(own, "unknown", options=(quiet,))
    result.stdout.fnmatch_lines(
        ["everything runs: unknown: unknown (?)*", "  next: put '/unknown'*"]
    )
    assert result.stdout.str().count("everything runs") == 1
    assert run(own, "unknown").stdout.str().count("everything runs") == 1


def test_an_explanation_that_nobody_wants_needs_no_selection(own):
    """As a line of pytest's addopts is taken back."""
    result = own.runpytest_inprocess("--no-explain-selection", "-p", "no:asyncio", "-k", "plain")
    assert result.ret != pytest.ExitCode.USAGE_ERROR


def test_a_list_of_tests_writes_nothing(own):
    """It only shows what would be selected."""
    run(own, "server.js", options=("--collect-only",))
    assert not (own.path / "test-results").exists()


OWN_ONLY = "not (smoke or sse or invariants)"


@pytest.mark.parametrize("mode", [(), ("-n1",)])
def test_suites_that_are_selected_and_not_there_are_no_success(pytester, mode):
    """A run of what is at hand would be green, and the suites were meant."""
    pytester.makeini("[pytest]")
    pytester.makepyfile("def test_own(): pass")
    result = run(pytester, "server.js", options=mode)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = "selected, but no test of it was collected: smoke, sse, invariants; next: *suites*-m*"
    result.stderr.fnmatch_lines([f"ERROR: {said}"])
    run(pytester, "server.js", options=("-m", OWN_ONLY, *mode)).assert_outcomes(passed=1)
    run(pytester, "server.js", options=("-k", "own", *mode)).assert_outcomes(passed=1)


def test_what_is_selected_and_there_is_run_whatever_else_is_not(marked):
    """A test of one's own that the changes ask for is what the run is for."""
    policy = (POLICY + ON_DEV).replace("always = []", 'always = ["invariants"]')
    (marked.path / "pytest_codex.toml").write_text(policy)
    (marked.path / "test_own.py").write_text(
        "import pytest\n@pytest.mark.e2e\ndef test_e2e(): pass\n"
    )
    for mode in ((), ("-n1",)):
        result = run(marked, "pages", options=("test_own.py", *mode))
        result.assert_outcomes(passed=1)
        assert "selected, but no test of it was collected: invariants" in result.outlines
    run(marked, "dev", options=("test_own.py",)).assert_outcomes(passed=1)  # on none of its targets
    result = run(marked, "stream", options=("test_own.py",))
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_a_live_test_of_one_s_own_is_not_the_suites(pytester):
    """It would be green while the suites were meant, too."""
    pytester.makeini("[pytest]")
    pytester.makepyfile("def test_own(models): pass")
    result = run(pytester, "server.js", options=("--codex-domain=embedded",))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: selected, but no test of it was collected: smoke, sse*"])


def test_a_suite_that_is_selected_and_not_there_is_told(pytester):
    """Where there are others."""
    pytester.makeini("[pytest]")
    pytester.makepyfile("import pytest\n@pytest.mark.sse\ndef test_own(): pass")
    result = run(pytester, "server.js")
    result.assert_outcomes(passed=1)
    assert "selected, but no test of it was collected: smoke, invariants" in result.outlines


LIVE = """
import pytest

@pytest.mark.smoke
def test_smoke(codex_target): pass

@pytest.mark.invariants
def test_invariants(): pass
"""


@pytest.mark.parametrize("mode", [(), ("-n1",)])
def test_what_is_selected_elsewhere_is_said_at_the_end_with_how_to_run_it(own, mode):
    """The exit code stays pytest's, and so a green run must not look complete."""
    own.makepyfile(LIVE)
    (own.path / "changed.txt").write_text("Dockerfile\n")
    result = own.runpytest_subprocess(
        *("--codex-changed-files=changed.txt", "--codex-domain=embedded", "--color=yes"),
        *("-p", "no:asyncio", "-m", "smoke or invariants", *mode),
    )
    assert result.ret == 0
    text = result.stdout.str()
    assert "selection by changed paths" in text
    assert "\x1b[33mselected but not run here: smoke on dev; next: pytest " in text
    assert " -m smoke --target=dev\x1b[0m" in text
    assert "\x1b[33malso asked for: npm run dev:stack:up; npm test\x1b[0m" in text


def test_nothing_is_said_to_be_left_over_where_nothing_is(own):
    """Nor of a suite that -m leaves out."""
    assert "not run here" not in run(own, "docs/a.md").stdout.str()
    result = run(own, "Dockerfile", options=("-m", "invariants"))
    assert "not run here" not in result.stdout.str()
    assert "also asked for: npm run dev:stack:up; npm test" in result.stdout.str()


@pytest.mark.parametrize("mode", [(), ("-s",), ("-n2",)])
def test_the_list_may_come_from_standard_input(own, mode):
    """Whatever captures it, and with workers, which have none."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--changed-files=-", "-p", "no:asyncio", *mode],
        input=b"docs/a.md\0README.md\0",
        cwd=own.path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"2 passed" in done.stdout
    assert b"selection: sse: DESELECTED" in done.stdout


def test_without_git_everything_runs_and_it_says_why(own):
    """With what to do about it."""
    result = own.runpytest_inprocess("--codex-changed-since=auto", "-p", "no:asyncio")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        ["selection: everything runs: *repository*", "selection: *next: *--changed-files=FILE*"]
    )


@pytest.mark.parametrize(
    ("options", "toml", "message"),
    [
        (("--codex-plan=xml",), "", "--codex-plan: 'xml' is not one of text, json"),
        (("--codex-changed-files=none.txt",), "", "--changed-files: cannot read none.txt: *"),
        (("--codex-changed-files=list", "--codex-changed-since=x"), "", "*; give one of them"),
        (("--codex-changed-files=absolute",), "", "absolute:1: '/etc/passwd' *"),
        (("--codex-changed-files=list",), "[selection]\nalways = ['smok']\n", "*'smok'*'smoke'*"),
        (("--codex-changed-files=list",), "[selection]\nunknwon = 'all'\n", "*unknwon*unknown*"),
        (("--codex-changed-files=list",), "selection = 1\n", "*selection* is not a table"),
    ],
)
def test_bad_input_is_one_line(own, options, toml, message):
    """And exit code 4."""
    (own.path / "list").write_text("a\n")
    (own.path / "absolute").write_text("/etc/passwd\n")
    (own.path / "pytest_codex.toml").write_text(toml)
    result = own.runpytest_inprocess("-p", "no:asyncio", *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}"])


def test_a_live_run_of_which_nothing_is_left_says_so(pytester):
    """The domain alone is no error then; that no test ran is pytest's exit code 5."""
    pytester.makefile(".ini", pytest="[pytest]\n")
    (pytester.path / "changed.txt").write_text("docs/a.md\n")
    suite = ROOT / "tests" / "smoke"
    result = pytester.runpytest_inprocess(
        *(str(suite), "--codex-domain=embedded", "--codex-changed-files=changed.txt"),
        *("-p", "no:asyncio", f"--rootdir={pytester.path}", f"--confcutdir={suite}"),
        f"-c{pytester.path / 'pytest.ini'}",
    )
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines(["* deselected: smoke: DESELECTED: no changed path asks for it"])
