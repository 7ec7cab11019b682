"""The pytest11 entry point: hooks, each handing over to the module that does the work.

It is loaded in every pytest run of everybody who has this installed, so it imports next to nothing
until a test asks for something live. (It is not called ``plugin`` because another distribution,
``pytest-codex``, has a module of that name in a package of the same name; whichever was installed
last would have replaced the other.)
"""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from pytest_codex import fixtures
from pytest_codex.options import add_options, add_short_options, given_flags
from pytest_codex.state import SESSION, settings_of, stacks_of, usage_error, usage_errors

if TYPE_CHECKING:
    from pytest_codex.live import LivePlugin

#: The options that ask for a selection by changes, and those that ask for an answer and no run.
_CHANGES = frozenset({"changed_since", "changed_files"})
_ANSWERS = frozenset({"doctor", "plan", "matrix"})
_MARKERS = (
    "smoke: the endpoint is deployed at all, and right (two model calls)",
    "sse: the contract of streamed answers, in depth (three more model calls)",
    "invariants: the playbook's rules over the compose files (no network)",
    "judges(level): this check answers for a level that others build on",
    "enforces(rule): this check fails for what breaks an invariant",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    _refuse_namesake()
    add_options(parser)


def _refuse_namesake() -> None:
    """Refuse to run where both are installed: their files are then mixed in one folder."""
    if not (Path(__file__).parent / "plugin.py").exists():  # we have none, they do
        return
    raise pytest.UsageError(
        "pytest-codex and pytest-codex-live are both installed, and both are the package "
        "pytest_codex; next: pip uninstall -y pytest-codex pytest-codex-live, then install one"
    )


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(
    parser: pytest.Parser, args: list[str]
) -> Generator[None, object, object]:
    result = yield
    if os.environ.get("CODEX_NO_SHORT_OPTIONS") != "1":
        add_short_options(parser, args)
    return result


def pytest_configure(config: pytest.Config) -> None:
    # Not as pytest_plugins: pytest would look through every installed distribution once more.
    config.pluginmanager.register(fixtures, "codex-live-fixtures")
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)
    given = given_flags(config)
    if not _CHANGES.isdisjoint(given) and not _questions(config):
        _select(config)
    flag, explained = given.get("explain_selection", ("", False))
    if explained and _CHANGES.isdisjoint(given) and not _questions(config):
        raise usage_error(f"{flag}: what selects? add --changed-since=auto")


def _questions(config: pytest.Config) -> dict[str, str]:
    """Return what asks for an answer and not for a run, with the flags."""
    given = given_flags(config).items()
    return {name: flag for name, (flag, value) in given if value is not False and name in _ANSWERS}


def _select(config: pytest.Config) -> None:
    """Select by changed paths."""
    from pytest_codex.choosing import begin

    with usage_errors():
        begin(config)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Answer what asks for an answer and not for a run."""
    questions = _questions(config)
    if not questions:
        return None
    if len(questions) > 1:
        flags = " and ".join(questions.values())
        raise usage_error(f"{flags} each ask for an answer of their own; give one of them")
    from pytest_codex.answering import answer

    with usage_errors():
        return answer(config, *questions)


# -- which tests are live, and of which target ----------------------------------------------------


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "codex_target" in metafunc.fixturenames:
        _for_each(metafunc, "codex_target", _targets)
    if "codex_stack" in metafunc.fixturenames:
        _for_each(metafunc, "codex_stack", _stacks)


def _targets(config: pytest.Config) -> list[str]:
    return list(settings_of(config).target_names)


def _stacks(config: pytest.Config) -> list[str]:
    return [stack.policy.target for stack in stacks_of(config)]


def _for_each(
    metafunc: pytest.Metafunc, fixture: str, named: Callable[[pytest.Config], list[str]]
) -> None:
    """Parametrize a test where there are several of what it is about."""
    from pytest_codex.errors import ConfigurationError

    try:
        names = named(metafunc.config)
    except ConfigurationError:
        return  # pytest_collection_finish says so, where it ends the run and not a module
    if len(names) > 1:
        metafunc.parametrize(fixture, names, indirect=True, scope="session")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not _live(items):
        return
    from pytest_codex.errors import ConfigurationError
    from pytest_codex.planning import not_for_their_target

    try:
        unwanted = set(not_for_their_target(items, settings_of(config)))
    except ConfigurationError:
        return  # as above
    if unwanted:
        config.hook.pytest_deselected(items=list(unwanted))
        items[:] = [item for item in items if item not in unwanted]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    config = session.config
    if config.option.collectonly or _ends_with_collection(session):
        return
    _refuse_without_compose(config, session.items)
    _judge(config, session.items)
    if not _CHANGES.isdisjoint(given_flags(config)):
        from pytest_codex.choosing import not_collected

        if message := not_collected(config):
            _refuse(config, message)
    if not _live(session.items):
        _refuse_to_verify_nothing(config, session.items)
        return
    from pytest_codex.errors import ConfigurationError
    from pytest_codex.planning import checks

    shared = getattr(config, "workerinput", {}).get("codex_live")
    try:
        live = _begin(config, shared["run"] if shared else uuid.uuid4().hex, shared).session
        live.start(checks(session.items, live.settings.target_names[0]))
    except ConfigurationError as error:
        _refuse(config, str(error))
    if shared:
        from pytest_codex.controller import leave_word

        leave_word(shared)


def _ends_with_collection(session: pytest.Session) -> bool:
    """Whether something was not found or could not be collected, and that ends the run."""
    if sys.exception() is not None:
        return True  # pytest says so next, or the user has ended it
    return bool(session.testsfailed) and not session.config.option.continue_on_collection_errors


def _live(items: list[pytest.Item]) -> bool:
    return any("codex_target" in getattr(item, "fixturenames", ()) for item in items)


def _refuse_without_compose(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Say once what no check of a compose file could do without."""
    asking = [item for item in items if "codex_stacks" in getattr(item, "fixturenames", ())]
    if not asking:
        return
    from pytest_codex.errors import ConfigurationError
    from pytest_codex.requested import requested

    try:
        if not any("codex_stacks" in requested(item) for item in asking) or stacks_of(config):
            return
    except ConfigurationError as error:
        _refuse(config, str(error))
    if all(item.get_closest_marker("invariants") for item in items):
        root = settings_of(config).root
        _refuse(
            config,
            f"there is no docker-compose.yml or compose.yaml in {root}, so nothing was verified; "
            f"next: --compose=FILE{_or_never(config)}",
        )


def _or_never(config: pytest.Config) -> str:
    selects = not _CHANGES.isdisjoint(given_flags(config))
    return ", or always = [] under [selection] where there never is one" if selects else ""


def _judge(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Start reporting, where invariants are judged."""
    asking = (item for item in items if "codex_stacks" in getattr(item, "fixturenames", ()))
    if not any(item.get_closest_marker("enforces") for item in asking):
        return
    from pytest_codex.errors import ConfigurationError
    from pytest_codex.judging import begin

    try:
        begin(config)
    except ConfigurationError as error:
        _refuse(config, str(error))


def _refuse_to_verify_nothing(config: pytest.Config, items: list[pytest.Item]) -> None:
    given = given_flags(config)
    if not _CHANGES.isdisjoint(given):
        return  # the changes asked for nothing live, which is said
    if "domain" not in given and any(item.get_closest_marker("enforces") for item in items):
        return  # invariants are judged by the policy of a target
    if "domain" in given or "target" in given:
        from pytest_codex.selection.expressions import expression_of

        asked = expression_of(config.option.markexpr)
        if items and asked is not None and asked.is_own:
            return  # tests of one's own, which need not be live
        flag = given["domain" if "domain" in given else "target"][0]
        _refuse(
            config,
            f"{flag} was given, but no live check was selected, so nothing was verified; next: "
            "pytest --pyargs pytest_codex.suites -m smoke (in a checkout: pytest tests -m smoke), "
            "another -m or -k, or other suites for this target",
        )


def _refuse(config: pytest.Config, message: str) -> NoReturn:
    """End the run with a usage error; an xdist worker leaves it to its controller to say so."""
    if hasattr(config, "workeroutput"):
        config.workeroutput["codex_live_error"] = message
    raise usage_error(message) from None


def _begin(config: pytest.Config, run: str, shared: dict[str, Any] | None = None) -> LivePlugin:
    """Resolve the targets and start reporting; nothing is sent yet.

    :param shared: in an xdist worker, what its controller tells it.
    """
    from pytest_codex import progress
    from pytest_codex.live import LivePlugin
    from pytest_codex.scrubbing import ScrubbingPlugin
    from pytest_codex.session import Session

    settings = settings_of(config)
    if any(settings.compose_files[:2]):
        stacks_of(config)  # what cannot be read is said before anything is sent
    session = Session(settings, run, shared=shared is not None)
    session.resolve(shared)
    config.stash[SESSION] = session
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    colours = reporter is not None and reporter.hasmarkup
    plugin = LivePlugin(session, reports=shared is None)
    config.pluginmanager.register(plugin, "codex-live-session")
    progress.begin(config, session)
    # Registered last, it is called first.
    scrubbing = ScrubbingPlugin(session.scrubber(), colours=colours)
    config.pluginmanager.register(scrubbing, "codex-live-scrubbing")
    return plugin


# -- under pytest-xdist ---------------------------------------------------------------------------


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    from pytest_codex.controller import controller_of

    node.workerinput["codex_live"] = controller_of(node.config, _begin).for_workers()
