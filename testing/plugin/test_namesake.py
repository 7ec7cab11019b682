"""Another distribution, pytest-codex, is a package of the same name."""

from __future__ import annotations

import shutil

import pytest

from .project import ROOT, Project, refusal


@pytest.fixture
def both(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A folder of packages as pip leaves it when both are installed: one folder, both's files."""
    site = project.path / "site"
    shutil.copytree(
        ROOT / "pytest_codex",
        site / "pytest_codex",
        ignore=shutil.ignore_patterns("__pycache__", "endpoint"),
    )
    (site / "pytest_codex" / "plugin.py").write_text("def pytest_configure(config): pass\n")
    facts = site / "pytest_codex-0.4.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: pytest-codex\nVersion: 0.4.0\n")
    (facts / "entry_points.txt").write_text("[pytest11]\npytest_codex = pytest_codex.plugin\n")
    monkeypatch.setenv("PYTHONPATH", str(site))
    return project


def test_both_installed_is_one_clear_line(both: Project):
    """It names both, and how to get out of it."""
    said = refusal(both.process("suites"))
    assert said.startswith("pytest-codex and pytest-codex-live are both installed")
    assert "next: pip uninstall -y pytest-codex pytest-codex-live, then install one" in said


def test_so_it_is_when_theirs_was_installed_last(both: Project):
    """Their __init__.py is then in ours' place."""
    (both.path / "site" / "pytest_codex" / "__init__.py").write_text("")
    assert "both installed" in refusal(both.process("suites"))
