"""``--codex-doctor``: what is set, what is missing, and whether the endpoint answers.

It makes no model call, runs no test and leaves no file behind. Its exit code is 0 if all is well, 1
if an endpoint has a problem, 2 if it was interrupted, and 4 if a setting is missing or cannot be
used.
"""

from __future__ import annotations

import dataclasses
import os
import platform
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from ssl import SSLContext
from typing import TYPE_CHECKING

from pytest_codex.choosing import call_of_run, policy_of_run
from pytest_codex.errors import ConfigurationError
from pytest_codex.exchange.exchange import Exchange
from pytest_codex.files import ConfigurationFile, read_dotenv
from pytest_codex.judging import describe as describe_stack
from pytest_codex.options import OPTIONS
from pytest_codex.policy import DOMAIN_ENVIRONMENT
from pytest_codex.probes.certificate import tls_context
from pytest_codex.probes.recorder import Recorder
from pytest_codex.probes.transport import Transport
from pytest_codex.progress import watching
from pytest_codex.redaction import Scrubber
from pytest_codex.report.doctor import (
    ASKED,
    State,
    Step,
    endpoint_steps,
    lines,
    nothing,
    ok,
    settings_steps,
)
from pytest_codex.report.paint import colours_wanted, say
from pytest_codex.report.summary import describe
from pytest_codex.report.wrapping import room, wrapped
from pytest_codex.session import Session, require_http2
from pytest_codex.settings import Settings
from pytest_codex.state import settings_of, stacks_of
from pytest_codex.targets import Target

if TYPE_CHECKING:
    import pytest

#: What each extra of the distribution brings, by the names of its modules.
EXTRAS = {
    "embedded": ("starlette", "trustme", "uvicorn"),
    "asyncio": ("httpx_sse", "pytest_asyncio"),
    "http2": ("h2",),
    "xdist": ("filelock", "xdist"),
}


#: As pytest has it for a run.
_INTERRUPTED = 2
#: The most characters that are said twice.
_SHORT = 160
#: Variables that are not options, and that matter.
_TRUST = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def run_doctor(config: pytest.Config) -> int:
    """Say what is found, step by step; return the exit code."""
    report = _Report(config)
    try:
        return _run(config, report)
    except KeyboardInterrupt as interrupt:
        return report.interrupted(str(interrupt))


def _run(config: pytest.Config, report: _Report) -> int:
    settings = settings_of(config)
    report.begin("this project")
    report.show(_project(config, settings))
    try:
        names = settings.target_names
    except ConfigurationError:  # which was shown
        return report.end("")
    for name in names:
        _examine(config, settings, name, report)
    named = names if "target" in settings.flags else ()
    run = "; ".join(call_of_run(config).lines(["smoke"], named, names))
    return report.end(f"{run} (two model calls{' for each target' if len(names) > 1 else ''})")


class _Report:
    """Shows steps as they come, and remembers what is wrong."""

    def __init__(self, config: pytest.Config) -> None:
        terminal = sys.stdout.isatty()
        choice = getattr(config.option, "color", "auto")
        self._colours = colours_wanted(choice, os.environ, terminal=terminal)
        self._width = room(shutil.get_terminal_size().columns, os.environ, terminal=terminal)
        # Ctrl-C is shown by the terminal itself, where the next line is to begin.
        self._start = "\r" if terminal else ""
        self._place = ""
        self._scrubber = Scrubber(())
        self._wrong: list[tuple[str, Step]] = []

    def begin(self, heading: str, scrubber: Scrubber | None = None) -> None:
        """Show a heading; what is shown from now on is scrubbed."""
        self._place = heading.partition(":")[0]
        self._scrubber = scrubber or self._scrubber
        self._print(*wrapped(heading, self._width))

    def show(self, steps: Iterable[Step]) -> None:
        """Show steps; what cannot be used and was said before is not said again."""
        said = {step.says for _, step in self._wrong if step.state is State.MISSING}
        new = [nothing(s.name, "see above") if s.says in said else s for s in steps]
        self._wrong += [(self._place, step) for step in new if step.state.exit_code]
        self._print(*lines(new, self._width, colours=self._colours))

    def end(self, run: str) -> int:
        """Show what to do first; return the exit code.

        :param run: the command that verifies what was examined, and what it costs.
        """
        if not self._wrong:
            self._print(*wrapped(f"all is well; next: {run}", self._width))
            return 0
        place, first = self._wrong[0]
        number = f"{len(self._wrong)} problem{'s' if len(self._wrong) > 1 else ''}"
        # What a setting should be comes after a semicolon; it may be a list of all that there are.
        what, _, instead = first.says.partition("; ")
        what += f"; {instead if len(instead) <= _SHORT else 'see above'}" if instead else ""
        first_step = f"first: {place}, {first.name}: {first.next_step or what}"
        self._print(*wrapped(f"{number}; {first_step}", self._width))
        return max(step.state.exit_code for _, step in self._wrong)

    def interrupted(self, what: str) -> int:
        """Show that the user ended it, and in what; return the exit code."""
        self._print(*wrapped(f"interrupted{what and f': {what}'}", self._width))
        return _INTERRUPTED

    def _print(self, *texts: str) -> None:
        say(sys.stdout, *(f"{self._start}{self._scrubber.text(text)}" for text in texts))


def _unusable(name: str, error: ConfigurationError) -> Step:
    return Step(name, State.MISSING, str(error))


# -- what is set, and where -----------------------------------------------------------------------


def _project(config: pytest.Config, settings: Settings) -> Iterator[Step]:
    versions = ", ".join(f"{name} {version(name)}" for name in ("pytest-codex-live", "pytest"))
    yield ok("versions", f"{versions}, Python {platform.python_version()}")
    yield from _extras()
    try:
        file = settings.configuration_file
    except ConfigurationError as error:
        yield _unusable("TOML", error)
        return
    yield _toml(file)
    try:
        policy_of_run(config)
    except ConfigurationError as error:
        yield _unusable("selection", error)
    ours = _variables(settings, file)
    found = _set(ours, os.environ)
    yield ok("environment", found) if found else nothing("environment", "sets nothing of ours")
    files = (".env", *(f".env.{target}" for target in settings.known_targets))
    there = [name for name in files if (settings.root / name).is_file()]
    if not there:
        yield nothing(".env", f"none of {', '.join(files)} in {settings.root}")
    for name in there:
        where = settings.shown(name)
        try:
            found = _set(ours, read_dotenv(settings.root / name, where))
            yield ok(where, found or "sets nothing of ours")
        except ConfigurationError as error:
            yield _unusable(where, error)
    try:
        _ = settings.target_names
    except ConfigurationError as error:
        yield _unusable("target", error)
        return  # for compose files are judged by the policies of targets
    yield from _compose(config)


def _extras() -> Iterator[Step]:
    missing = {
        extra: [module for module in modules if find_spec(module) is None]
        for extra, modules in EXTRAS.items()
    }
    there = ", ".join(extra for extra, modules in missing.items() if not modules)
    if there:
        yield ok("extras", there)
    for extra, modules in missing.items():
        if modules:
            install = f'pip install "pytest-codex-live[{extra}]"'
            yield nothing("extras", f"{extra} is not installed ({install})")


def _toml(file: ConfigurationFile) -> Step:
    parts = [", ".join(file.top)] if file.top else []
    parts += [f"target {name}: {', '.join(table)}" for name, table in file.targets.items()]
    if file.selection is not None:
        parts.append("selection")
    if not parts:
        return nothing(
            "TOML", "neither [tool.pytest_codex] in pyproject.toml nor pytest_codex.toml"
        )
    return ok("TOML", f"{file.where} sets {'; '.join(parts)}")


def _variables(settings: Settings, file: ConfigurationFile) -> list[str]:
    """Every variable that means something here, for any target."""
    names = [*(v for option in OPTIONS for v in option.environment), *_TRUST]
    for target in settings.known_targets:
        named = file.targets.get(target, {}).get("domain_env")
        names += [str(named)] if named else DOMAIN_ENVIRONMENT.get(target, ())
        names += settings.key_variables(target)
    return list(dict.fromkeys(names))


def _set(names: Iterable[str], environ: Mapping[str, str | None]) -> str:
    """Say which variables are set: their names only."""
    return ", ".join(
        name if environ[name] else f"{name} (empty)" for name in names if name in environ
    )


def _compose(config: pytest.Config) -> Iterator[Step]:
    try:
        stacks = stacks_of(config)
    except ConfigurationError as error:
        yield _unusable("compose", error)
        return
    for stack in stacks:
        yield ok("compose", describe_stack(stack).removeprefix("compose "))
    if not stacks:
        yield nothing(
            "compose", "no file, so the invariants have nothing to judge (--compose=FILE)"
        )


# -- a target -------------------------------------------------------------------------------------


def _examine(config: pytest.Config, settings: Settings, name: str, report: _Report) -> None:
    """Examine one target; what is wrong with its settings is no matter of the others.

    :raises KeyboardInterrupt: with what was waited for, after what is known is shown.
    """
    alone = dataclasses.replace(settings, flags={**settings.flags, "target": ("--target", [name])})
    session = Session(alone, uuid.uuid4().hex, shared=False)
    try:
        target, context = _resolve(session, name)
        report.begin(describe(target)[0], session.scrubber())
        report.show(settings_steps(target))
        report.show([_results(session.results(name).exchanges)])
        exchanges, waiting = _ask(config, target, context)
        report.show(endpoint_steps(target, exchanges))
        if waiting is not None:
            raise KeyboardInterrupt(*waiting)
    except ConfigurationError as error:
        report.begin(f"target {name}")
        report.show([_unusable("settings", error)])
    finally:
        session.close(interrupted=True)


def _results(folder: Path) -> Step:
    """Say whether results can be written, by making a folder where they go, and removing it.

    What permissions say is not enough: there are file systems that do not heed them.
    """
    there = next(p for p in (folder, *folder.parents) if os.path.lexists(p))
    try:
        Path(tempfile.mkdtemp(prefix=".codex-live-", dir=there)).rmdir()
    except NotADirectoryError:
        why = f"{there} is no folder"
    except OSError as error:
        why = f"{there} cannot be written: {error.strerror}"
    else:
        return ok("results", f"go to {folder.parent}")
    return Step(
        "results",
        State.MISSING,
        f"results folder {folder.parent}: {why}",
        "choose another one with --results-dir",
    )


def _resolve(session: Session, name: str) -> tuple[Target, SSLContext]:
    """Return a target, and what decides whether it is trusted.

    :raises ConfigurationError: for what is missing or cannot be used.
    """
    session.resolve()
    target = session.targets[name]
    require_http2(target)
    return target, tls_context(os.environ, target.ca_file)


def _ask(
    config: pytest.Config, target: Target, context: SSLContext
) -> tuple[dict[str, Exchange], list[str] | None]:
    """Return the exchanges; and, if the user ended the wait, in words what it was for."""
    recorder = Recorder(
        ASKED, lambda lag: Transport(target, context, lag=lag), lambda _exchange: None
    )
    waiting = None
    try:
        recorder.start()
        with watching(config, recorder.pending):
            for name in ASKED:
                recorder.exchange(name)
    except KeyboardInterrupt:
        pending = [one.probe for one in recorder.pending()]
        waiting = [f"waiting for {', '.join(pending)}"] if pending else []
    finally:
        recorder.close(interrupted=True)
    return recorder.exchanges(), waiting
