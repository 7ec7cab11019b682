"""What the command line asks for instead of a run: each prints its answer."""

from __future__ import annotations

import json
import sys

import pytest

from pytest_codex.errors import ConfigurationError
from pytest_codex.policy import BY_KEY
from pytest_codex.report.paint import say
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
    from pytest_codex.choosing import call_of_run, known_markers, selection_of
    from pytest_codex.scoping import scope_of_run
    from pytest_codex.selection.expressions import check_limit
    from pytest_codex.selection.views import as_json, explain, left_out, plan, rest

    settings = settings_of(config)
    flag, form = settings.flags["plan"]
    typed(BY_KEY["plan"], form, flag)
    check_limit(config.option.markexpr, known_markers(config))
    selection, scope, call = selection_of(config), scope_of_run(settings), call_of_run(config)
    if form == "json":
        say(sys.stdout, json.dumps(as_json(selection, call, scope), indent=2))
        return 0
    told = [*explain(selection), *left_out(selection, call, scope), *rest(selection, call)]
    say(sys.stdout, *(f"# {line}" for line in told), *plan(selection, call, scope))
    return 0


def _matrix(config: pytest.Config) -> int:
    from pytest_codex.choosing import known_markers, selection_of
    from pytest_codex.matrix import matrix
    from pytest_codex.selection.views import explain

    settings = settings_of(config)
    selection = None
    if not {"changed_since", "changed_files"}.isdisjoint(settings.flags):
        selection = selection_of(config)
    found = matrix(settings, selection, markers=config.option.markexpr, known=known_markers(config))
    told = [*(explain(selection) if selection else ()), *found.left_out]
    say(sys.stderr, *(f"selection: {line}" for line in told))
    if config.option.keyword:
        say(sys.stderr, "-k is left to the jobs: a matrix is of whole suites, chosen with -m")
    if found.why_empty and not found.may_be_empty:
        raise ConfigurationError(found.why_empty)
    if found.why_empty:
        say(sys.stderr, found.why_empty)
    say(
        sys.stdout, json.dumps(found.as_json(), separators=(",", ":"))
    )  # compact: workflows compare it
    return 0
