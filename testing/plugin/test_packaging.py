"""What is published: the files of the distributions, and a run from an empty environment."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from .project import ROOT, counted

#: Seconds after which building, installing or verifying counts as hanging.
GUARD = 600.0


def run(*command: str | Path, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a command that has to succeed, and return what it said."""
    ended = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=GUARD,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return folder


def test_the_wheel_has_the_package_and_the_suites_and_no_more(built: Path):
    """Types, entry point, licence and suites are in it; the project's own tests are not."""
    wheel = zipfile.ZipFile(next(built.glob("*.whl")))
    names = set(wheel.namelist())
    facts = next(name.partition("/")[0] for name in names if ".dist-info/" in name)
    assert facts.startswith("pytest_codex_live-")
    assert {name.partition("/")[0] for name in names} == {"pytest_codex", facts}
    sources = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "pytest_codex").rglob("*")
        if path.suffix == ".py" or path.name == "py.typed"
    }
    assert "pytest_codex/py.typed" in sources
    suites = {
        f"pytest_codex/suites/{path.relative_to(ROOT / 'tests').as_posix()}"
        for path in (ROOT / "tests").rglob("*.py")
    }
    assert "pytest_codex/suites/smoke/test_chat.py" in suites
    assert {name for name in names if not name.startswith(facts)} == sources | suites
    assert wheel.read(f"{facts}/entry_points.txt").decode().split() == [
        *("[pytest11]", "codex-live", "=", "pytest_codex.hooks")
    ]
    assert f"{facts}/licenses/LICENSE" in names
    metadata = wheel.read(f"{facts}/METADATA").decode()
    assert "\nName: pytest-codex-live\n" in metadata
    assert "\nClassifier: Framework :: Pytest\n" in metadata
    for extra in ("asyncio", "embedded", "http2", "xdist"):
        assert f"\nProvides-Extra: {extra}\n" in metadata


def test_the_sdist_has_what_the_wheel_is_built_and_tested_from(built: Path):
    """The suites, the project's own tests and the documents, and nothing that a run has left."""
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        *("pyproject.toml", "README.md", "LICENSE", "conftest.py", "Makefile"),
        *("tests/conftest.py", "tests/smoke/test_chat.py", "testing/plugin/test_packaging.py"),
    } <= names
    left = ("__pycache__", "test-results", ".venv", ".env")
    assert not [name for name in names if any(part in left for part in name.split("/"))]


def test_from_an_empty_environment_the_wheel_verifies_from_any_folder(built: Path, tmp_path: Path):
    """`pip install` and one command, in a folder that has nothing to do with Python."""
    python = tmp_path / "venv" / "bin" / "python"
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    wheel = next(built.glob("*.whl"))
    run(python, "-m", "pip", "install", "--quiet", f"{wheel}[embedded]", cwd=tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    clean = {"PYTHONPATH": "", "PYTEST_ADDOPTS": "", "PYTHONDONTWRITEBYTECODE": "1"}
    command = (python, "-m", "pytest", "-p", "no:cacheprovider")
    said = run(
        *(*command, "--pyargs", "pytest_codex.suites", "-m", "smoke", "--domain=embedded"),
        cwd=elsewhere,
        environment=clean,
    )
    assert " (EMBEDDED), " in said
    assert counted(said)["failed"] == 0
    results = elsewhere / "test-results" / "prod"
    assert {path.name for path in results.iterdir()} == {"exchanges", "junit.xml", "summary.md"}
    assert [path.name for path in elsewhere.iterdir()] == ["test-results"]
    listed = run(*command, "--help", cwd=elsewhere, environment=clean)
    assert "--codex-domain=" in listed
    assert "@pytest.mark.smoke: " in run(*command, "--markers", cwd=elsewhere, environment=clean)
