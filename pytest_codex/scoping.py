"""From settings to where there can be runs: for the run that was called, and for jobs of all.

What is wrong with a setting is said where it is used. A run of something else is none of that, so
that a target or a compose file that cannot be used limits nothing here.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace

from pytest_codex.errors import ConfigurationError
from pytest_codex.invariants.reading import has_files
from pytest_codex.policy import DOMAIN_ENVIRONMENT, KNOWN_TARGETS
from pytest_codex.selection.scope import Scope
from pytest_codex.settings import Settings

_NO_DOMAIN = "it has no domain: set %s"
_NO_FILES = "no compose file is found: --compose=FILE; or always = [] under [selection]"


def scope_of_run(settings: Settings) -> Scope:
    """Return where there can be runs: on the targets of this one, and on others unless the command
    line names the targets. What is missing, a domain or compose files, is for the suites to say.

    :raises ConfigurationError: for an unknown target, or one that cannot be used.
    """
    scope = _scope(settings, settings.target_names)
    return replace(scope, unset={}, alone=frozenset(scope.unset))


def scope_of_jobs(settings: Settings) -> Scope:
    """Return where there can be jobs: on the targets asked for by name, or all with a domain.

    What the command line names is all there is. To other names, those that a selection names are
    added, where they have a domain. If none has one, the default target remains, which says so
    when it is verified.

    :raises ConfigurationError: for an unknown target, or one that cannot be used.
    """
    names = settings.target_names
    others_too = not {"target", "domain"} & settings.flags.keys() and settings.only_target is None
    if others_too and len(names) == 1:
        names = tuple(n for n in settings.known_targets if _configured(n, settings)) or names
    return replace(_scope(settings, names), no_files=_no_files(settings))


def _scope(settings: Settings, own: tuple[str, ...]) -> Scope:
    others = [name for name in settings.known_targets if name not in own]
    suites = _allowed(settings)
    if "target" in settings.flags:
        return Scope(own, dict.fromkeys(others, "--target does not name it"), suites=suites)
    unset = [name for name in others if not _configured(name, settings)]
    return Scope(own, unset={name: _NO_DOMAIN % _names(name) for name in unset}, suites=suites)


def _names(target: str) -> str:
    return " or ".join(DOMAIN_ENVIRONMENT[target])


def _configured(name: str, settings: Settings) -> bool:
    """Whether a target has a domain; what the configuration declares is expected to have one."""
    with contextlib.suppress(ConfigurationError):
        return name not in KNOWN_TARGETS or settings.value("domain", name).value is not None
    return True


def _allowed(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Return the suites that each target allows, as far as its settings can be used."""
    found = {}
    for name in settings.known_targets:
        with contextlib.suppress(ConfigurationError):
            found[name] = settings.suites(name)
    return found


def _no_files(settings: Settings) -> str:
    """Return why suites that read files only cannot be run; empty if they can."""
    with contextlib.suppress(ConfigurationError):
        return "" if has_files(settings) else _NO_FILES
    return ""
