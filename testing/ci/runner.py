"""A runner of GitHub's, as far as our own workflows need one: expressions, `run:` steps, files.

Steps that use an action are left out; what they were given is in the job's environment anyway.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
#: Seconds after which a step counts as hanging.
GUARD = 120.0
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


def load(path: Path) -> dict[str, Any]:
    """Read a workflow or an action."""
    loaded: dict[str, Any] = yaml.safe_load(path.read_text())
    return loaded


def evaluate(text: str, contexts: Mapping[str, Any]) -> str:
    """Replace the expressions in a text: lookups, text in quotes, ``||`` and ``&&``."""

    def value(expression: str) -> Any:
        if "||" in expression:
            left, _, right = expression.partition("||")
            return value(left) or value(right)
        if "&&" in expression:
            left, _, right = expression.partition("&&")
            return value(left) and value(right)
        expression = expression.strip()
        if expression.startswith("'"):
            return expression[1:-1]
        found: Any = contexts
        first, *rest = expression.split(".")
        assert first in contexts, f"{expression}: a context that this runner does not have"
        found = contexts[first]
        for name in rest:
            found = (found or {}).get(name)
        return found or ""

    return _EXPRESSION.sub(lambda match: str(value(match[1])), text)


@dataclass(frozen=True)
class Ran:
    """What came of the `run:` steps of a job: the last one's exit code, what all of them said."""

    code: int
    said: str
    outputs: dict[str, str]


@dataclass
class Runner:
    """A machine with a workspace.

    :param folder: where all of it is.
    :param environ: what every step has in its environment, besides what runners set.
    """

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.workspace.mkdir(parents=True)
        self._write_python()
        self._link_package()

    @property
    def workspace(self) -> Path:
        """The checkout."""
        return self.folder / "work"

    @property
    def summary(self) -> Path:
        """The summary of all steps."""
        return self.folder / "summary.md"

    @property
    def installed(self) -> list[str]:
        """What pip was told to install."""
        log = self.folder / "pip.log"
        return log.read_text().splitlines() if log.exists() else []

    def run(self, steps: list[dict[str, Any]], contexts: Mapping[str, Any]) -> Ran:
        """Run the `run:` steps until one fails; those that have to run always are no `run:`."""
        said = ""
        outputs: dict[str, str] = {}
        for number, step in enumerate(steps):
            if "run" not in step:
                continue
            script = self.folder / f"step{number}.sh"
            script.write_text(evaluate(step["run"], contexts))
            output = self.folder / "output"
            output.write_text("")
            own = {k: evaluate(str(v), contexts) for k, v in step.get("env", {}).items()}
            ended = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
                cwd=self.workspace,
                env={**self._environment(output), **self.environ, **own},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=GUARD,
                check=False,
            )
            said += ended.stdout
            outputs |= dict(line.split("=", 1) for line in output.read_text().splitlines())
            if ended.returncode != 0:
                return Ran(ended.returncode, said, outputs)
        return Ran(0, said, outputs)

    def _environment(self, output: Path) -> dict[str, str]:
        return {
            "PATH": f"{self.folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "PYTHONPATH": str(self.folder / "package"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def _write_python(self) -> None:
        """A `python` that takes note of what it should install, and installs nothing."""
        python = self.folder / "bin" / "python"
        python.parent.mkdir()
        python.write_text(
            "#!/bin/sh\n"
            f'if [ "$1 $2 $3" = "-m pip install" ]; then echo "$4" >> "{self.folder}/pip.log"; '
            f'else exec "{sys.executable}" "$@"; fi\n'
        )
        python.chmod(0o755)

    def _link_package(self) -> None:
        """The package as a wheel has it, with the suites in it."""
        package = self.folder / "package" / "pytest_codex"
        package.mkdir(parents=True)
        for path in (ROOT / "pytest_codex").iterdir():
            (package / path.name).symlink_to(path)
        (package / "suites").symlink_to(ROOT / "tests")


def scripts(steps: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the text of each `run:` step."""
    yield from (step["run"] for step in steps if "run" in step)
