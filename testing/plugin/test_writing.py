"""Reports that cannot be written, and checks that fail more than once: nothing of it is lost."""

from __future__ import annotations

import errno
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from pytest_codex.report import junit

from .project import GUARD, PLAIN, ROOT, Endpoint, Project

STACK = ROOT / "examples" / "stack" / "docker-compose.yml"
LARGE = "File too large"


def on_a_full_disk(project: Project, *arguments: str) -> tuple[int, str]:
    """Run pytest where no file can have more than a few hundred bytes."""
    limited = ["sh", "-c", 'ulimit -f 1; exec "$@"', "sh"]
    done = subprocess.run(
        [*limited, sys.executable, "-m", "pytest", *PLAIN, *arguments],
        cwd=project.path,
        capture_output=True,
        text=True,
        timeout=GUARD,
        check=False,
    )
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert "INTERNALERROR" not in said
    return done.returncode, said


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_full_disk_changes_no_live_verdict(project: Project, deployed: Endpoint, workers):
    """What cannot be written is named, with the reason, and nothing is left half."""
    code, said = on_a_full_disk(project, "suites/smoke/test_health.py", *workers)
    assert code == 0, said
    assert " passed" in said
    assert f"test-results/prod/junit.xml: cannot be written: {LARGE}" in said
    exchange = rf"test-results/prod/exchanges/\w+\.ndjson: cannot be written: {LARGE}"
    assert re.search(rf"{exchange} \(and 2 more exchanges\)$", said, re.MULTILINE)
    left = {path.name for path in project.results.rglob("*") if path.is_file()}
    assert left <= {"summary.md"}  # where it is short enough
    assert ("  results: " in said) is bool(left)


def test_a_full_disk_changes_no_verdict_on_invariants(project: Project):
    """Those that were judged stay judged; there is no folder that lacks half of its files."""
    code, said = on_a_full_disk(project, "suites", "-m", "invariants", f"--compose={STACK}")
    assert code == 0, said
    assert " hold" in said
    results = project.path / "test-results"
    for file in ("invariants/invariants.sarif", "invariants/junit.xml"):
        assert f"test-results/{file}: cannot be written: {LARGE}" in said
    assert f"test-results: cannot be written: {LARGE}" in said
    assert [path.name for path in results.iterdir()] == ["invariants"]
    assert not list((results / "invariants").iterdir())


def test_a_full_disk_changes_no_selection(project: Project):
    """What was selected is run, and said at the terminal."""
    (project.path / "changed.txt").write_text("docker-compose.yml\n")
    chosen = ("-m", "invariants", "-k", "credentials", "--changed-files=changed.txt")
    code, said = on_a_full_disk(project, "suites", *chosen, f"--compose={STACK}")
    assert code == 0, said
    assert f"test-results/selection.json: cannot be written: {LARGE}" in said
    assert not (project.path / "test-results" / "selection.json").exists()


def test_a_report_of_pytest_s_that_nothing_can_be_added_to_is_left_as_it_was(
    tmp_path: Path, monkeypatch
):
    """The disk may be full by then, and the report is somebody else's."""
    report = tmp_path / "report.xml"
    report.write_text("<testsuites><testsuite/></testsuites>")
    before = report.read_bytes()
    write = Path.write_bytes

    def cut(path: Path, data: bytes) -> int:
        if len(data) <= len(before):
            return write(path, data)
        write(path, data[: len(before)])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", cut)
    with pytest.raises(OSError, match="No space left"):
        junit.add_properties(report, {"target": "prod"})
    assert report.read_bytes() == before


# -- checks that fail more than once --------------------------------------------------------------

TWICE = """
    import pytest

    @pytest.fixture
    def breaks():
        yield
        raise RuntimeError("the teardown broke")

    def test_both(healthz, breaks): assert 0, "the check failed"
    def test_teardown(healthz, breaks): pass
"""


def test_a_check_s_own_failure_outlives_that_of_its_teardown(
    project: Project, deployed: Endpoint, monkeypatch
):
    """It is what the check is about; the teardown's is told with it, and called what it is."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    project.pytester.makepyfile(test_mine=TWICE)
    result = project.run("test_mine.py")
    result.assert_outcomes(passed=1, failed=1, errors=2)
    cases = ET.parse(project.results / "junit.xml").getroot().iter("testcase")
    both, teardown = (list(case) for case in cases)
    assert [reason.tag for reason in both] == ["failure"]
    assert both[0].get("message") == "the check failed"
    assert "AssertionError: the check failed" in (both[0].text or "")
    assert "RuntimeError: the teardown broke" in (both[0].text or "")
    assert [reason.tag for reason in teardown] == ["error"]
    assert teardown[0].get("message") == "RuntimeError: the teardown broke"
    assert "`the check failed`" in (project.results / "summary.md").read_text()
    titles = [line.partition("title=")[2].partition("::")[0] for line in result.outlines
              if line.startswith("::error")]  # fmt: skip
    assert titles == ["prod%3A test_both", "prod%3A test_teardown (teardown)"]
