"""The plugin that selects tests by changed paths, registered where a run asks for that."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Generator
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pytest_codex.errors import ConfigurationError
from pytest_codex.files import repository_of
from pytest_codex.options import short_flags
from pytest_codex.policy import SUITES
from pytest_codex.report.artifacts import unusable
from pytest_codex.scoping import scope_of_run
from pytest_codex.selection.calls import Call, call_of
from pytest_codex.selection.changes import STANDARD_INPUT, Changes, Everything, parse_list
from pytest_codex.selection.git import changes_since, label_changes, there_is
from pytest_codex.selection.rules import DEFAULT, OWN_FILES, SelectionPolicy, policy_of
from pytest_codex.selection.selecting import Selection, compose_paths, select
from pytest_codex.selection.views import (
    as_json,
    everything_runs,
    explain,
    from_json,
    left_over,
    why,
)
from pytest_codex.settings import Settings
from pytest_codex.state import settings_of, usage_error
from pytest_codex.whole import write
from pytest_codex.writing import fitted, tell, writing

_NAME = "codex-live-choosing"
_SHARED = "codex_selection"
#: What selection.json is called, in the results folder.
FILE = "selection.json"


def begin(config: pytest.Config) -> None:
    """Select, and register the plugin that deselects; a worker is told by its controller.

    :raises ConfigurationError: for a policy or a change list that cannot be used.
    """
    shared = getattr(config, "workerinput", {}).get(_SHARED)
    selection = from_json(shared) if shared else selection_of(config)
    config.pluginmanager.register(ChoosingPlugin(config, selection), _NAME)


def selection_of(config: pytest.Config) -> Selection:
    """Return what the policy makes of the changes that the command line names.

    :raises ConfigurationError: for a policy or a change list that cannot be used.
    """
    settings = settings_of(config)
    policy = policy_of_run(config)
    changes = _changes(config, settings)
    labels = None
    if isinstance(changes, Changes):
        compose = compose_paths(policy, changes)
        labels = label_changes(changes, compose, settings.root, os.environ)
    return select(policy, changes, labels, _own_files(settings.root))


def not_collected(config: pytest.Config) -> str:
    """Return what is said where suites are selected, and no test of any suite was collected, nor of
    anything else that is selected.

    Nothing is said where ``-k`` tells which tests are meant.
    """
    plugin = config.pluginmanager.get_plugin(_NAME)
    if plugin is None or plugin.seen or config.option.keyword or not plugin.missing():
        return ""
    return (
        f"selected, but no test of it was collected: {', '.join(plugin.missing())}; next: add "
        f"--pyargs pytest_codex.suites to the command line, or -m 'not ({' or '.join(SUITES)})' "
        "where only tests of your own are meant"
    )


def policy_of_run(config: pytest.Config) -> SelectionPolicy:
    """Return the policy of the configuration, or the default one.

    :raises ConfigurationError: for one that cannot be used.
    """
    settings = settings_of(config)
    file = settings.configuration_file
    if file.selection is None:
        return DEFAULT
    where = f"{file.where} [{file.prefix}selection]"
    if not isinstance(file.selection, dict):
        raise ConfigurationError(f"{where} is not a table")
    return policy_of(
        file.selection,
        where,
        text=file.text,
        prefix=file.prefix,
        root=settings.root,
        markers=known_markers(config),
        targets=settings.known_targets,
    )


def _own_files(root: Path) -> frozenset[str]:
    """Return the files that the policy may stand in, from the top of the repository."""
    root = root.resolve()
    folder = root.relative_to(repository_of(root))
    return frozenset(path for name in OWN_FILES for path in (name, (folder / name).as_posix()))


def known_markers(config: pytest.Config) -> tuple[str, ...]:
    """Return the suites, and the markers that are registered by now: conftests may have more."""
    lines = (line.partition(":")[0].partition("(")[0] for line in config.getini("markers"))
    return tuple(dict.fromkeys((*SUITES, *(name.strip() for name in lines))))


def call_of_run(config: pytest.Config) -> Call:
    """Return how pytest was called, and where the suites are if that was not said."""
    arguments = [str(argument) for argument in config.invocation_params.args]
    places: list[str] = []
    if config.args_source is not config.ArgsSource.ARGS and find_spec("pytest_codex.suites"):
        own = config.args_source is config.ArgsSource.TESTPATHS
        places = ["--pyargs", "pytest_codex.suites", *(config.args if own else ["."])]
    return call_of(arguments, config.option.markexpr, places, short_flags(config))


def _changes(config: pytest.Config, settings: Settings) -> Changes | Everything:
    listed, since = settings.flag("changed_files"), settings.flag("changed_since")
    if listed is not None and since is not None:
        raise ConfigurationError(
            "--changed-since and --changed-files both say what has changed; give one of them"
        )
    if listed is None:
        if since == "":
            raise ConfigurationError("--changed-since= names nothing; expected auto or a ref")
        ref = str(since or "auto")
        here = config.invocation_params.dir
        return changes_since(ref, settings.root, os.environ, settings.results_dir, here)
    exists = partial(there_is, repository_of(settings.root.resolve()))
    if listed == "-":
        return parse_list(_standard_input(config), STANDARD_INPUT, exists)
    path = Path(str(listed))
    try:
        return parse_list(path.read_bytes(), str(path), exists)
    except OSError as error:
        raise ConfigurationError(
            f"--changed-files: cannot read {path}: {error.strerror or error}"
        ) from None


def _standard_input(config: pytest.Config) -> bytes:
    """Return all of it; pytest's capture has put something empty in its place."""
    capture = config.pluginmanager.get_plugin("capturemanager")
    if sys.__stdin__ is None:
        raise ConfigurationError("--changed-files=-: standard input is closed")
    if capture is None:
        return sys.stdin.buffer.read()
    capture.suspend_global_capture(in_=True)
    try:
        return sys.stdin.buffer.read()
    finally:
        capture.resume_global_capture()
        capture.suspend_global_capture(in_=False)  # as it was: nothing is collected yet


class ChoosingPlugin:
    """Deselects what the changes do not ask for, and says why."""

    def __init__(self, config: pytest.Config, selection: Selection) -> None:
        self._config = config
        self._selection = selection
        self._call = call_of_run(config)
        self._scope = scope_of_run(settings_of(config))
        self._deselected: dict[str, str] = {}
        #: The suites, and whatever else is selected, of which a test was collected.
        self.seen: set[str] = set()

    def missing(self) -> list[str]:
        """Return the suites that are selected for this run, and of which there is no test."""
        return [
            choice.suite
            for choice in self._selection.suites
            if choice.suite in SUITES
            and choice.suite not in self.seen
            and any(map(choice.on, self._scope.own))
            and self._call.lets(choice.expression)
        ]

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput[_SHARED] = as_json(self._selection)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Hear from a worker what it has deselected; every worker says the same."""
        told = getattr(node, "workeroutput", {}).get(_SHARED, {"seen": [], "deselected": {}})
        self._deselected |= told["deselected"]
        self.seen |= {*told["seen"]}

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, items: list[pytest.Item]
    ) -> Generator[None, None, None]:
        every = {frozenset(marker.name for marker in item.iter_markers()) for item in items}
        self.seen = {
            choice.suite
            for choice in self._selection.suites
            if (choice.suite in SUITES or choice.selected)
            and any(map(choice.expression.holds, every))
        }
        yield
        self._deselect(items)

    def _deselect(self, items: list[pytest.Item]) -> None:
        unwanted = {item: reason for item in items if (reason := self._against(item))}
        if unwanted:
            self._deselected |= {item.nodeid: reason for item, reason in unwanted.items()}
            self._config.hook.pytest_deselected(items=list(unwanted))
            items[:] = [item for item in items if item not in unwanted]
        if hasattr(self._config, "workeroutput"):
            told = {"seen": sorted(self.seen), "deselected": self._deselected}
            self._config.workeroutput[_SHARED] = told

    def _against(self, item: pytest.Item) -> str:
        """Why a test is not wanted; empty if it is."""
        from pytest_codex.planning import target_of

        markers = [marker.name for marker in item.iter_markers()]
        target = target_of(item, self._scope.own[0])
        # A test of no target runs if any run of its suites is possible.
        runs = self._scope.runs if target is None else (lambda choice: choice.on(target))
        if self._selection.wants(markers, runs):
            return ""
        return why(self._selection, markers, target or self._scope.own[0])

    def pytest_sessionstart(self) -> None:
        if hasattr(self._config, "workerinput") or self._config.option.collectonly:
            return
        folder = settings_of(self._config).results_dir
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise usage_error(str(unusable(folder, error))) from None
        said = as_json(self._selection, self._call, self._scope)
        with writing(self._config, folder / FILE):
            write(folder / FILE, (json.dumps(said, indent=2) + "\n").encode())

    def pytest_report_header(self, config: pytest.Config) -> list[str]:
        told = (f"selection: {line}" for line in explain(self._selection))
        return fitted(config.pluginmanager.get_plugin("terminalreporter"), told)

    def _is_without_header(self) -> bool:
        return bool(self._config.option.verbose < 0 or self._config.option.no_header)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        here = replace(self._scope, barred={})  # what is not run here is what it is about
        elsewhere = left_over(self._selection, self._call, here)
        if missing := self.missing():
            elsewhere.insert(0, f"selected, but no test of it was collected: {', '.join(missing)}")
        everything = everything_runs(self._selection) if self._is_without_header() else []
        if not self._deselected and not elsewhere and not everything:
            return
        terminalreporter.section("selection by changed paths", sep="-")
        tell(terminalreporter, *everything)
        for reason, number in Counter(self._deselected.values()).most_common():
            tell(terminalreporter, f"{number} deselected: {reason}")
        if settings_of(self._config).flag("explain_selection"):
            for nodeid, reason in self._deselected.items():
                tell(terminalreporter, f"  {nodeid}: {reason}")
        tell(terminalreporter, *elsewhere, yellow=True)
