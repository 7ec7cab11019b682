"""Where the hooks keep what belongs to one pytest run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_codex.options import given_flags

if TYPE_CHECKING:
    from pytest_codex.invariants.findings import Judgement
    from pytest_codex.invariants.stack import Stack
    from pytest_codex.session import Session
    from pytest_codex.settings import Settings

SESSION = pytest.StashKey["Session"]()
_SETTINGS = pytest.StashKey["Settings"]()
_STACKS = pytest.StashKey["tuple[Stack, ...]"]()
_JUDGEMENTS = pytest.StashKey["dict[tuple[str, str | None], Judgement]"]()

#: Marks the reports of live checks with their target; survives the way from an xdist worker.
GROUP = "codex_target"
#: Marks the reports of invariants with their rule.
RULE = "codex_rule"

#: In what an xdist worker puts out: the rules of the invariants that it collected, by node id.
RULES_OF = "codex_rules"
#: Likewise: why exchanges are not in the results, by their targets.
UNWRITTEN = "codex_live_unwritten"

#: Why a fixture cannot be had.
UNDECLARED = (
    "a live fixture was requested by name at run time (request.getfixturevalue); next: declare it "
    "as an argument of the test, so that the plan of what is sent has it"
)


def usage_error(message: str) -> pytest.UsageError:
    """Return the error that ends a run before anything is verified.

    On GitHub it is an annotation too. pytest prints the message as it is, and past what captures
    output, so that a line of its own is all that takes.
    """
    from pytest_codex.report.annotations import Annotation, command, on_github

    if not on_github():
        return pytest.UsageError(message)
    return pytest.UsageError(f"{message}\n{command(Annotation('nothing verified', message))}")


@contextlib.contextmanager
def usage_errors() -> Iterator[None]:
    """End the run with a usage error for what is wrong with a setting."""
    from pytest_codex.errors import ConfigurationError

    try:
        yield
    except ConfigurationError as error:
        raise usage_error(str(error)) from None


def live_session(config: pytest.Config) -> Session:
    """Return the run's session; where there is none, fail with the reason.

    There is none where a live fixture is requested dynamically by a run that has no live test.
    """
    session = config.stash.get(SESSION, None)
    if session is None:
        pytest.fail(UNDECLARED, pytrace=False)
    return session


def settings_of(config: pytest.Config) -> Settings:
    """Return what the run's command line, environment and files say, which is read once."""
    from pytest_codex.settings import Settings

    if _SETTINGS not in config.stash:
        config.stash[_SETTINGS] = Settings(given_flags(config), os.environ, config.rootpath)
    return config.stash[_SETTINGS]


def configured_above(config: pytest.Config) -> list[str]:
    """Return the line of a run's header that names a configuration file above the rootdir."""
    settings = settings_of(config)
    if settings.root == settings.rootdir:
        return []
    return [f"configuration: {settings.configuration_file.where}"]


def stacks_of(config: pytest.Config) -> tuple[Stack, ...]:
    """Read the compose files that were named, or those of the usual names, once; () if none is.

    :raises pytest_codex.errors.ConfigurationError: with file and line, for what cannot be read.
    """
    if _STACKS not in config.stash:
        from pytest_codex.invariants.reading import stacks

        config.stash[_STACKS] = stacks(settings_of(config), os.environ, Path.cwd())
    return config.stash[_STACKS]


def judgement_of(config: pytest.Config, rule: str, target: str | None) -> Judgement:
    """Judge by a rule, once: the stack of a target, or all stacks together."""
    from pytest_codex.invariants.verdict import judge

    known = config.stash.setdefault(_JUDGEMENTS, {})
    if (rule, target) not in known:
        stacks = stacks_of(config)
        known[rule, target] = judge(rule, [s for s in stacks if target in (None, s.policy.target)])
    return known[rule, target]
