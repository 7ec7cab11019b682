"""The plugin that is registered once a run turns out to be live: reports, and nothing leaks."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Generator
from typing import Any

import pytest

from pytest_codex import EndpointAdvice
from pytest_codex.diagnosis import first_cause
from pytest_codex.fixtures import Broken
from pytest_codex.planning import target_of
from pytest_codex.redaction import Scrubber
from pytest_codex.report import junit
from pytest_codex.report.facts import facts
from pytest_codex.report.outcomes import Advice, Outcome, count, tally
from pytest_codex.report.summary import describe, figures, markdown, not_verified
from pytest_codex.session import Session

#: Marks the reports of live checks; survives the way from an xdist worker.
GROUP = "codex_target"


class LivePlugin:
    """Scrubs, collects and writes.

    :param reports: whether this process writes the reports; an xdist worker does not.
    """

    def __init__(self, session: Session, *, reports: bool) -> None:
        self._session = session
        self._reports = reports
        self._scrubber: Scrubber = session.scrubber()
        self._outcomes: dict[str, dict[str, Outcome]] = defaultdict(dict)
        self._advice: list[Advice] = []
        self._record_factory = logging.getLogRecordFactory()
        logging.setLogRecordFactory(self._scrubbed_record)

    # -- nothing leaks ----------------------------------------------------------------------------

    def _scrubbed_record(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self._record_factory(*args, **kwargs)
        message = record.getMessage()
        scrubbed = self._scrubber.text(message)
        if scrubbed != message:
            record.msg, record.args = scrubbed, ()
        return record

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        self._scrub(report)
        if call.excinfo is not None and call.excinfo.errisinstance(Broken):
            # The check is answerable for what its fixture found broken: it failed, as itself.
            report.when = "call"
        group = target_of(item, next(iter(self._session.targets)))
        if group is not None:
            report.user_properties.append((GROUP, group))
        return report

    def _scrub(self, report: pytest.TestReport) -> None:
        text = self._scrubber.text
        if report.longrepr is not None:
            if isinstance(report.longrepr, tuple):
                path, line, reason = report.longrepr
                report.longrepr = (path, line, text(str(reason)))
            else:
                shown = str(report.longrepr)
                if text(shown) != shown:
                    report.longrepr = text(shown)
        report.sections = [(name, text(content)) for name, content in report.sections]
        report.user_properties = [
            (name, text(value) if isinstance(value, str) else value)
            for name, value in report.user_properties
        ]

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: Any, nodeid: str) -> None:
        message = str(warning_message.message)
        scrubbed = self._scrubber.text(message)
        if scrubbed != message:
            warning_message.message = type(warning_message.message)(scrubbed)
        if issubclass(warning_message.category, EndpointAdvice):
            self._advice.append(Advice(nodeid, scrubbed))

    # -- what became of it ------------------------------------------------------------------------

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        group = dict(report.user_properties).get(GROUP)
        if not isinstance(group, str):
            return
        known = self._outcomes[group].get(report.nodeid)
        outcome = _outcome(report, group)
        if known is None or outcome.kind != "passed":
            self._outcomes[group][report.nodeid] = outcome

    @property
    def outcomes(self) -> dict[str, list[Outcome]]:
        """The outcomes of the live checks so far, by target."""
        return {group: list(outcomes.values()) for group, outcomes in self._outcomes.items()}

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(
        self, session: pytest.Session, exitstatus: int
    ) -> Generator[None, None, None]:
        interrupted = not self._waits_for_others(exitstatus)
        self._session.close(interrupted=interrupted)
        yield
        if self._reports:
            self._write(session.config)

    def _waits_for_others(self, exitstatus: int) -> bool:
        return exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)

    def _write(self, config: pytest.Config) -> None:
        given = getattr(config.option, "xmlpath", None)
        for name, outcomes in self.outcomes.items():
            target = self._session.targets[name]
            exchanges = self._session.recorded(name)
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
            }
            results = self._session.results(name)
            results.folder.mkdir(parents=True, exist_ok=True)
            if given:
                prefix = f"{name}." if len(self.outcomes) > 1 else ""
                junit.add_properties(
                    config.invocation_params.dir / given,
                    {prefix + key: value for key, value in properties.items()},
                )
            else:
                results.junit.write_bytes(junit.render(name, outcomes, properties))
            advice = [item for item in self._advice if item.nodeid in self._outcomes[name]]
            text = markdown(
                target,
                outcomes,
                advice,
                exchanges,
                found,
                first_cause(exchanges, target.lists_models),
            )
            results.summary.write_text(self._scrubber.text(text), encoding="utf-8")

    # -- at the terminal --------------------------------------------------------------------------

    def pytest_report_collectionfinish(self) -> list[str]:
        return [line for target in self._session.targets.values() for line in describe(target)]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self._reports or not self._outcomes:
            return
        terminalreporter.section("live endpoints", sep="-", bold=True)
        for name, outcomes in self.outcomes.items():
            target = self._session.targets[name]
            exchanges = self._session.recorded(name)
            red = bool(count(outcomes, "failed") + count(outcomes, "error"))
            embedded = " (EMBEDDED)" if target.embedded else ""
            terminalreporter.line(
                f"{name} {target.address.url}{embedded}: {tally(outcomes)}", red=red, green=not red
            )
            terminalreporter.line(f"  {figures(facts(exchanges))}")
            if target.key and target.sources["key"].endswith("on the command line"):
                terminalreporter.line(
                    "  the key was on the command line, where ps and the shell's history see it; "
                    "next: KEY in the environment, --key=env:NAME or --key=@FILE",
                    yellow=True,
                )
            for line in not_verified(outcomes):
                terminalreporter.line(f"  {line}", yellow=True)
            broken = first_cause(exchanges, target.lists_models)
            if red and broken:
                terminalreporter.line(f"  broken: {broken.says}", red=True)
                terminalreporter.line(f"  next: {broken.next_step}", red=True)
            terminalreporter.line(f"  results: {_shown(self._session, name, terminalreporter)}")

    def pytest_unconfigure(self) -> None:
        logging.setLogRecordFactory(self._record_factory)


def _outcome(report: pytest.TestReport, group: str) -> Outcome:
    kind = "error" if report.failed and report.when != "call" else report.outcome
    file, line, _ = report.location
    detail = report.longreprtext
    if isinstance(report.longrepr, tuple):
        detail = str(report.longrepr[2]).removeprefix("Skipped: ")
    message = next((text for text in detail.splitlines() if text.startswith("E ")), detail)
    message = message.removeprefix("E").strip().removeprefix("AssertionError: ")
    first = message.splitlines()[0] if message else ""
    return Outcome(
        nodeid=report.nodeid,
        group=group,
        kind=kind,
        seconds=report.duration,
        file=file,
        line=(line or 0) + 1,
        message=first,
        detail=detail,
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _shown(session: Session, name: str, reporter: pytest.TerminalReporter) -> str:
    folder = session.results(name).folder
    root = reporter.config.invocation_params.dir
    return str(folder.relative_to(root) if folder.is_relative_to(root) else folder)
