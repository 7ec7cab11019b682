"""What cannot be written is said, and changes nothing else: no report has a say in the verdict."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_codex.report.paint import say


@contextlib.contextmanager
def writing(config: pytest.Config, path: Path) -> Iterator[None]:
    """Warn if what is written inside cannot be, as on a full disk, and go on."""
    try:
        yield
    except OSError as error:
        warn(config, f"{path}: cannot be written: {error.strerror or error}")


def warn(config: pytest.Config, text: str) -> None:
    """Write a line that is not to be missed, on standard error where pytest has no terminal."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        say(sys.stderr, text)
        return
    reporter.ensure_newline()
    reporter.line(text, yellow=True)
