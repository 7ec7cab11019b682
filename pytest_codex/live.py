"""The plugin that is registered once a run turns out to be live: it collects, and reports."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_codex.collecting import Collected
from pytest_codex.diagnosis import first_cause
from pytest_codex.exchange.exchange import Exchange
from pytest_codex.fixtures import Broken
from pytest_codex.planning import target_of
from pytest_codex.redaction import Scrubber
from pytest_codex.report import junit, step_summary
from pytest_codex.report.annotations import check_commands, on_github
from pytest_codex.report.facts import Facts, facts
from pytest_codex.report.outcomes import Outcome
from pytest_codex.report.summary import (
    UNFINISHED,
    describe,
    markdown,
    not_verified,
    overview,
    to_do,
    unreliable,
)
from pytest_codex.session import Session
from pytest_codex.state import GROUP, UNWRITTEN, configured_above
from pytest_codex.targets import Target
from pytest_codex.whole import write
from pytest_codex.writing import fitted, shown, tell, warn, writing


class LivePlugin:
    """Collects outcomes and advice, and writes what came of them.

    :param reports: whether this process writes the reports; an xdist worker does not.
    """

    def __init__(self, session: Session, *, reports: bool) -> None:
        self.session = session
        self._reports = reports
        self._scrubber = session.scrubber()
        self._collected = Collected(GROUP, self._selected_for)
        self._described = False
        self._interrupted = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if call.excinfo is not None and call.excinfo.errisinstance(Broken):
            # The check is answerable for what its fixture found broken: it failed, as itself.
            report.when = "call"
        group = target_of(item, next(iter(self.session.targets)))
        if group is not None:
            report.user_properties.append((GROUP, group))
        return report

    def pytest_warning_recorded(self, warning_message: Any, nodeid: str) -> None:
        self._collected.add_warning(warning_message, nodeid)

    # -- what became of it ------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._collected.add(report)

    def _selected_for(self, nodeid: str) -> str | None:
        """Return the target of a selected check."""
        selected = self.session.selected
        return next((name for name in self.session.targets if nodeid in selected(name)), None)

    def _unfinished(self, target: str) -> list[Outcome]:
        """Return an outcome for each selected check that the run ended before."""
        return [
            Outcome(
                nodeid=check,
                group=target,
                kind="skipped",
                seconds=0.0,
                file=check.partition("::")[0],
                line=1,
                message=UNFINISHED,
            )
            for check in self.session.selected(target)
            if check not in self._collected.outcomes(target)
        ]

    def _found(self) -> Iterator[tuple[Target, list[Outcome], dict[str, Exchange]]]:
        """Yield each target of which there is something to report, with what there is."""
        for name, target in self.session.targets.items():
            judged = self._collected.outcomes(name)
            exchanges = self.session.recorded(name)
            if judged or exchanges:
                yield target, [*judged.values(), *self._unfinished(name)], exchanges

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self) -> None:
        # At once: a second one, while pytest tells of this one, must find nothing to wait for.
        self._interrupted = True
        self.session.end_recording(interrupted=True)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(
        self, session: pytest.Session, exitstatus: int
    ) -> Generator[None, None, None]:
        # The exit status is that of a good run where a second interrupt came too early for it.
        self._interrupted |= isinstance(sys.exception(), KeyboardInterrupt)
        ended = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        stopped = bool(session.shouldstop or session.shouldfail)
        try:
            try:
                self.session.end_recording(interrupted=self._interrupted or stopped or not ended)
            except KeyboardInterrupt:  # nothing but calls was waited for, so nothing else is lost
                self._interrupted = True
                session.exitstatus = pytest.ExitCode.INTERRUPTED
                self.session.end_recording(interrupted=True)
            if not self._reports:
                session.config.workeroutput[UNWRITTEN] = self.session.unwritten  # type: ignore[attr-defined]
            yield
        finally:
            # Not before: what workers have under way would end as if nobody answered.
            self.session.close(interrupted=True)
            if self._reports:  # whatever became of other plugins' reports
                self._write(session.config)
                self.session.tidy()

    def _write(self, config: pytest.Config) -> None:
        given = getattr(config.option, "xmlpath", None)
        summaries: list[str] = []
        for target, outcomes, exchanges in self._found():
            name = target.name
            found = facts(exchanges)
            properties = {
                "target": name,
                "url": target.address.url,
                "embedded": str(target.embedded).lower(),
                "key": target.sources["key"] if target.key else "none",
                "model_calls": str(found.model_calls),
                "requests": str(found.requests),
                "first_event_seconds": _number(found.first_event),
                "longest_gap_seconds": _number(found.longest_gap),
                "certificate_days": _number(found.certificate_days),
                "advice": str(len(self._collected.advice(name))),
                "wall_seconds": _number(found.wall),
            }
            results = self.session.results(name)
            if given:
                prefix = f"{name}." if len(self.session.targets) > 1 else ""
                path = config.invocation_params.dir / Path(os.path.expandvars(given)).expanduser()
                named = {prefix + key: value for key, value in properties.items()}
                with writing(config, path):
                    junit.add_properties(path, named)
                with writing(config, path):
                    _scrub_file(path, self._scrubber)
            else:
                with writing(config, results.junit):
                    write(results.junit, junit.render(name, outcomes, properties))
            text = markdown(
                target,
                outcomes,
                self._collected.advice(name),
                exchanges,
                found,
                first_cause(exchanges, target.lists_models),
                interrupted=self._interrupted,
            )
            summaries.append(self._scrubber.text(text))
            with writing(config, results.summary):
                write(results.summary, summaries[-1].encode("utf-8", "backslashreplace"))
            if missing := list(dict.fromkeys(self.session.unwritten.get(name, ()))):
                more = f" (and {len(missing) - 1} more exchanges)" if missing[1:] else ""
                warn(config, missing[0] + more)
        if warning := step_summary.append("\n".join(summaries), os.environ):
            warn(config, warning)

    # -- at the terminal --------------------------------------------------------------------------

    def pytest_report_collectionfinish(self, config: pytest.Config) -> list[str]:
        self._described = True
        described = (line for target in self.session.targets.values() for line in describe(target))
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        return fitted(reporter, (*configured_above(config), *described))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        found = list(self._found()) if self._reports else []
        if not found:
            return
        reporter = terminalreporter
        reporter.section("live endpoints", sep="-", bold=True)
        if not self._described:  # an xdist controller collects nothing
            tell(reporter, *configured_above(reporter.config))
        rows = []
        for target, outcomes, exchanges in found:
            figures = facts(exchanges)
            self._tell(reporter, target, outcomes, figures)
            advice = len(self._collected.advice(target.name))
            rows.append((target.name, outcomes, advice, figures))
        for line, red in overview(rows, reporter.config.get_terminal_writer().fullwidth):
            reporter.line(line, red=red is True, green=red is False)
        for target, outcomes, exchanges in found:
            broken = first_cause(exchanges, target.lists_models)
            tell(
                reporter,
                *to_do(target.name, outcomes, broken, embedded=target.embedded),
                red=True,
            )
        if on_github():
            every = [outcome for _, outcomes, _ in found for outcome in outcomes]
            for line in check_commands(every, reporter.config.rootpath):
                reporter.line(line)

    def _tell(
        self,
        reporter: pytest.TerminalReporter,
        target: Target,
        outcomes: list[Outcome],
        figures: Facts,
    ) -> None:
        """Say of a target what does not go into the table."""
        if not self._described:
            tell(reporter, *describe(target))
        embedded = " (EMBEDDED)" if target.embedded else ""
        requests = f"{figures.requests} request{'' if figures.requests == 1 else 's'}"
        tell(reporter, f"{target.name}: {target.address.url}{embedded}, {requests}")
        if target.key and target.sources["key"].endswith("on the command line"):
            tell(
                reporter,
                "  the key was on the command line, where ps and the shell's history see it; "
                "next: KEY in the environment, --key=env:NAME or --key=@FILE",
                yellow=True,
            )
        unverified = not_verified(outcomes, interrupted=self._interrupted)
        doubtful = (f"  {line}" for line in (*unreliable(figures), *unverified))
        tell(reporter, *doubtful, yellow=True)
        results = self.session.results(target.name)
        if not results.empty:
            tell(reporter, f"  results: {shown(results.folder, reporter.config)}")


def _scrub_file(path: Path, scrubber: Scrubber) -> None:
    """Take the key out of a file that others have written in this run."""
    if path.exists():
        data = path.read_bytes()
        if scrubber.find(data):
            path.write_bytes(scrubber.data(data))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
