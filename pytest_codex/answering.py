"""What the command line asks for instead of a run: each prints its answer."""

from __future__ import annotations

import json
import sys
import warnings

import pytest

from pytest_codex.policy import BY_KEY
from pytest_codex.state import settings_of
from pytest_codex.values import typed


def answer(config: pytest.Config, question: str) -> int:
    """Print the answer to a question, by the name of its option; return the exit code.

    :raises ConfigurationError: for a setting that is missing or cannot be used.
    """
    with warnings.catch_warnings(record=True):  # what others warn of is for a run
        config._do_configure()  # as pytest --markers does: only then is every marker registered
    try:
        return {"doctor": _doctor, "plan": _plan, "matrix": _matrix}[question](config)
    finally:
        config._ensure_unconfigure()


def _doctor(config: pytest.Config) -> int:
    from pytest_codex.doctor import run_doctor

    return run_doctor(config)


def _plan(config: pytest.Config) -> int:
    from pytest_codex.choosing import scope_of, selection_of
    from pytest_codex.selection.calls import call_of
    from pytest_codex.selection.views import as_json, explain, plan

    settings = settings_of(config)
    flag, form = settings.flags["plan"]
    typed(BY_KEY["plan"], form, flag)
    selection = selection_of(config)
    scope = scope_of(settings, only="target" in settings.flags)
    call = call_of(config.invocation_params.args, config.option.markexpr)
    if form == "json":
        _print(json.dumps(as_json(selection, call, scope), indent=2))
    else:
        told = [*explain(selection), *scope.left_out(selection.suites)]
        _print(*(f"# {line}" for line in told), *plan(selection, call, scope))
    return 0


def _matrix(config: pytest.Config) -> int:
    from pytest_codex.choosing import registered_markers, selection_of
    from pytest_codex.matrix import matrix

    settings = settings_of(config)
    selection = None
    if not {"changed_since", "changed_files"}.isdisjoint(settings.flags):
        selection = selection_of(config)
    found = matrix(
        settings, selection, markers=config.option.markexpr, known=registered_markers(config)
    )
    told = list(found.left_out)
    if selection is not None:
        from pytest_codex.selection.views import explain

        told = [*explain(selection), *told]
    sys.stderr.writelines(f"selection: {line}\n" for line in told)
    if config.option.keyword:
        sys.stderr.write("-k is left to the jobs: a matrix is of whole suites, chosen with -m\n")
    if found.why_empty:
        sys.stderr.write(f"nothing to verify: {found.why_empty}\n")
    _print(json.dumps(found.as_json(), separators=(",", ":")))  # compact: workflows compare it
    return 0


def _print(*lines: str) -> None:
    for line in lines:
        print(line)  # noqa: T201 - it is the answer
