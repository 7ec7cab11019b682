"""The plugin that keeps keys, and what could harm a terminal, out of a live run's output.

Exchanges are scrubbed where they are recorded; this is for everything else that a test, another
plugin or a log may put a key into.
"""

from __future__ import annotations

import contextlib
import dataclasses
import linecache
import logging
from collections.abc import Generator
from typing import Any

import pytest

from pytest_codex.exchange.excerpt import harmless
from pytest_codex.redaction import Scrubber


class ScrubbingPlugin:
    """Scrubs log records, reports and warnings before anybody sees them.

    :param colours: whether pytest colours its output, and so the comparisons in its reports.
    """

    def __init__(self, scrubber: Scrubber, *, colours: bool) -> None:
        self._scrubber = scrubber
        self._colours = colours
        self._record_factory = logging.getLogRecordFactory()
        logging.setLogRecordFactory(self._scrubbed_record)

    def pytest_unconfigure(self) -> None:
        logging.setLogRecordFactory(self._record_factory)

    def _scrubbed_record(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self._record_factory(*args, **kwargs)

        def text(said: str) -> str:
            return self._scrubber.text(harmless(said, colours=True))

        with contextlib.suppress(Exception):  # a message that cannot be formatted is not ours
            message = record.getMessage()
            if text(message) != message:
                record.msg, record.args = text(message), ()
        if record.exc_info and record.exc_info[0] is not None:
            raised = logging.Formatter().formatException(record.exc_info)
            if text(raised) != raised:
                record.exc_text = text(raised)  # which formatters take instead
        if record.stack_info:
            record.stack_info = text(record.stack_info)
        return record

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        self._scrub(report)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # Again: subtests and other plugins report what they have made themselves.
        self._scrub(report)

    def _scrub(self, report: pytest.TestReport) -> None:
        """Take out of a report what must not be seen, and what could harm who shows or sends it."""
        text = self._scrubber.text
        longrepr = report.longrepr
        if isinstance(longrepr, tuple):
            path, line, reason = longrepr
            report.longrepr = (path, line, text(harmless(str(reason))))
        elif longrepr is not None:
            shown = str(longrepr)
            clean = text(harmless(shown, colours=self._colours))
            if clean != shown:
                report.longrepr = clean
        report.sections = [
            (name, text(harmless(content, colours=True))) for name, content in report.sections
        ]
        report.user_properties = [
            (text(harmless(str(name))), self._property(value))
            for name, value in report.user_properties
        ]
        if hasattr(report, "wasxfail"):
            report.wasxfail = text(harmless(report.wasxfail))
        context = getattr(report, "context", None)  # of a subtest: what it was called with
        for field in dataclasses.fields(context) if dataclasses.is_dataclass(context) else ():
            value = self._property(getattr(context, field.name))
            object.__setattr__(context, field.name, value)  # for it is frozen

    def _property(self, value: object) -> object:
        if isinstance(value, dict):
            return {self._property(name): self._property(item) for name, item in value.items()}
        clean = self._scrubber.text(harmless(str(value)))
        return value if clean == str(value) else clean

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: Any) -> None:
        message = str(warning_message.message)
        scrubbed = self._scrubber.text(harmless(message, colours=True))
        if scrubbed != message:
            warning_message.message = _retold(warning_message.message, scrubbed)
        source = linecache.getline(warning_message.filename, warning_message.lineno).strip()
        if self._scrubber.text(source) != source:
            warning_message.line = self._scrubber.text(source)


def _retold(warning: Any, text: str) -> Warning:
    try:
        retold: Warning = type(warning)(text)
    except Exception:  # noqa: BLE001 - a class of somebody's own, that is not made of a text
        return UserWarning(text)
    return retold
