"""Selection as it is run: what is deselected, said and written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

# A run in this process forgets what it has imported, and not everything can be imported twice.
import pytest_codex.choosing
import pytest_codex.planning  # noqa: F401

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
        "pytest --pyargs pytest_codex.suites --codex-domain=embedded -m invariants",
        "pytest --pyargs pytest_codex.suites --codex-domain=embedded -m smoke --target=prod",
        "pytest --pyargs pytest_codex.suites --codex-domain=embedded -m smoke --target=dev",
    ]


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
