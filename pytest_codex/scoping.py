"""From settings to where there can be runs: for the run that was called, and for jobs of all.

What is wrong with a setting is said where it is used. A run of something else is none of that, so
that a target or a compose file that cannot be used limits nothing here.
"""

from __future__ import annotations

import contextlib

from pytest_codex.errors import ConfigurationError
from pytest_codex.invariants.reading import has_files
from pytest_codex.policy import KNOWN_TARGETS
from pytest_codex.selection.scope import Scope
from pytest_codex.settings import Settings


def scope_of_run(settings: Settings) -> Scope:
    """Return where there can be runs: on the targets of this one, and on others unless the command
    line names the targets. That there is no compose file is for the suites to say, which fail.

    :raises ConfigurationError: for an unknown target, or one that cannot be used.
    """
    own = settings.target_names
    return Scope(own, barred=_not_named(settings, own), suites=_allowed(settings))


def scope_of_jobs(settings: Settings) -> Scope:
    """Return where there can be jobs: on the targets asked for by name, or all with a domain.

    What the command line names is all there is. To other names, those that a selection names are
    added, where they have a domain. If none has one, the default target remains, which says so
    when it is verified.

    :raises ConfigurationError: for an unknown target, or one that cannot be used.
    """
    names, known = settings.target_names, settings.known_targets
    configured = [name for name in known if _configured(name, settings)]
    others_too = not {"target", "domain"} & settings.flags.keys() and settings.only_target is None
    if others_too and len(names) == 1:
        names = tuple(configured) or names
    barred = _not_named(settings, names)
    unset = [name for name in known if name not in (*names, *barred, *configured)]
    return Scope(
        names,
        barred=barred,
        unset=dict.fromkeys(unset, "it has no domain"),
        suites=_allowed(settings),
        no_files=_no_files(settings),
    )


def _not_named(settings: Settings, names: tuple[str, ...]) -> dict[str, str]:
    """Return the targets that the command line leaves out, if it names any."""
    known = settings.known_targets if "target" in settings.flags else ()
    return {name: "--target does not name it" for name in known if name not in names}


def _configured(name: str, settings: Settings) -> bool:
    """Whether a target has a domain; what the configuration declares is expected to have one."""
    return name not in KNOWN_TARGETS or settings.value("domain", name).value is not None


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
        return "" if has_files(settings) else "no compose file is found"
    return ""
