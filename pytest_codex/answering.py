"""What the command line asks for instead of a run: each prints its answer."""

from __future__ import annotations

import json
import sys

import pytest

from pytest_codex.policy import BY_KEY
from pytest_codex.state import settings_of
from pytest_codex.values import typed


def answer(config: pytest.Config, question: str) -> int:
    """Print the answer to a question, by the name of its option; return the exit code.

    :raises ConfigurationError: for a setting that is missing or cannot be used.
    """
    return {"doctor": _doctor, "plan": _plan, "matrix": _matrix}[question](config)


def _doctor(config: pytest.Config) -> int:
    from pytest_codex.doctor import run_doctor

    return run_doctor(config)


def _plan(config: pytest.Config) -> int:
    from pytest_codex.choosing import selection_of
    from pytest_codex.selection.calls import call_of
    from pytest_codex.selection.views import as_json, explain, plan

    settings = settings_of(config)
    flag, form = settings.flags["plan"]
    typed(BY_KEY["plan"], form, flag)
    selection = selection_of(config)
    own = settings.target_names
    call = call_of(config.invocation_params.args, config.option.markexpr)
    if form == "json":
        _print(json.dumps(as_json(selection, call, own), indent=2))
    else:
        _print(*(f"# {line}" for line in explain(selection)), *plan(selection, call, own))
    return 0


def _matrix(config: pytest.Config) -> int:
    from pytest_codex.matrix import left_out, matrix, why_empty

    settings = settings_of(config)
    selection = None
    if not {"changed_since", "changed_files"}.isdisjoint(settings.flags):
        from pytest_codex.choosing import selection_of
        from pytest_codex.selection.views import explain

        selection = selection_of(config)
        told = [*explain(selection), *left_out(settings, selection)]
        sys.stderr.writelines(f"selection: {line}\n" for line in told)
    markers = config.option.markexpr
    found = matrix(settings, selection, markers=markers)
    if not found["include"]:
        sys.stderr.write(f"nothing to verify: {why_empty(settings, selection, markers)}\n")
    _print(json.dumps(found, separators=(",", ":")))  # compact, since workflows compare it
    return 0


def _print(*lines: str) -> None:
    for line in lines:
        print(line)  # noqa: T201 - it is the answer
