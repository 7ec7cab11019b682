"""The controller of pytest-xdist: what it tells its workers, and what it hears from them.

Only the workers know whether anything that they collected is live. So the controller does nothing
before one of them leaves word of it, unless the command line has one of our options.

xdist carries no message of a plugin's from a worker that has collected, so word is left as an empty
file. Its name is the controller's secret, told to its workers; it lies where temporary files do.
"""

from __future__ import annotations

import contextlib
import tempfile
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_codex.errors import ConfigurationError
from pytest_codex.options import given_flags
from pytest_codex.state import GROUP, RULE, RULES_OF, UNWRITTEN, usage_error, usage_errors

if TYPE_CHECKING:
    from pytest_codex.live import LivePlugin

_NAME = "codex-live-controller"


class Controller:
    """Begins the live part of a run when it turns out that there is one.

    :param begin: given the configuration and the run, resolves the targets and starts reporting.
    """

    def __init__(
        self, config: pytest.Config, begin: Callable[[pytest.Config, str], LivePlugin]
    ) -> None:
        self._config = config
        self._run = uuid.uuid4().hex
        self._word = Path(tempfile.gettempdir(), f"codex-live-{uuid.uuid4().hex}")
        self._begin = begin
        self._live: LivePlugin | None = None
        self._error: str | None = None
        self._judging = False
        self._died_in: list[pytest.TestReport] = []
        if given_flags(config):
            try:
                self._live = begin(config, self._run)
            except ConfigurationError as error:
                self._error = str(error)  # of interest only if a worker has anything live

    def for_workers(self) -> dict[str, Any]:
        """What each worker is told: which run it is part of, and what all workers share."""
        embedded = self._live.session.embedded() if self._live else {}
        return {
            "run": self._run,
            "word": str(self._word),
            "error": self._error,
            "embedded": embedded,
        }

    def pytest_xdist_node_collection_finished(self) -> None:
        """Begin with the first worker that has collected live checks: calls are under way now."""
        if self._live is None and self._word.exists():
            self._live = self._begun()

    def _begun(self) -> LivePlugin:
        with usage_errors():
            return self._begin(self._config, self._run)

    def pytest_testnodedown(self, node: Any) -> None:
        """Take note of what a worker could not write, and end the run with its usage error.

        :raises pytest.UsageError: if it had one.
        """
        output = getattr(node, "workeroutput", {})
        if self._live is not None:
            for target, reasons in output.get(UNWRITTEN, {}).items():
                self._live.session.unwritten.setdefault(target, []).extend(reasons)
        if message := output.get("codex_live_error"):
            raise usage_error(message)
        self._place(output.get(RULES_OF, {}))

    def _place(self, rules: Mapping[str, str]) -> None:
        """Report the invariants that workers died in, once another one says which these are."""
        for report in [report for report in self._died_in if report.nodeid in rules]:
            self._died_in.remove(report)
            report.user_properties.append((RULE, rules[report.nodeid]))
            self._judge(report)

    def _judge(self, report: pytest.TestReport) -> None:
        from pytest_codex.judging import begin

        self._judging = True
        with usage_errors():
            plugin = begin(self._config)
        plugin.pytest_runtest_logreport(report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Begin with the first report of an invariant, and hand that one over.

        Of a live check likewise, where no word came: from a worker on another machine.
        """
        marks = dict(report.user_properties)
        if self._live is None and GROUP in marks:
            self._live = self._begun()
            self._live.pytest_runtest_logreport(report)
        if not self._judging and RULE in marks:
            self._judge(report)
        if report.failed and report.when not in ("setup", "call", "teardown"):
            self._died_in.append(report)  # xdist's own report, which has no property of ours

    def pytest_unconfigure(self) -> None:
        self._word.unlink(missing_ok=True)


def leave_word(shared: Mapping[str, Any]) -> None:
    """Tell the controller, before xdist tells it what was collected, that some of it is live.

    :param shared: what the controller told this worker.
    """
    with contextlib.suppress(OSError):  # on another machine nobody would read it
        Path(shared["word"]).touch()


def controller_of(
    config: pytest.Config, begin: Callable[[pytest.Config, str], LivePlugin]
) -> Controller:
    """Return the run's controller, which the first worker brings about."""
    controller = config.pluginmanager.get_plugin(_NAME)
    if controller is None:
        controller = Controller(config, begin)
        config.pluginmanager.register(controller, _NAME)
    assert isinstance(controller, Controller)
    return controller
