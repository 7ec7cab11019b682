"""What is written at the end of a run: lines that fit the terminal, and files.

A file that cannot be written is said, and changes nothing else: no report has a say in the verdict.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from pytest_codex.report.paint import say
from pytest_codex.report.wrapping import room, wrapped


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
    tell(reporter, text, yellow=True)


def tell(reporter: pytest.TerminalReporter, *texts: str, **markup: bool) -> None:
    """Write lines, on a terminal broken at words."""
    for line in fitted(reporter, texts):
        reporter.line(line, **markup)


def fitted(reporter: pytest.TerminalReporter | None, texts: Iterable[str]) -> list[str]:
    """Return lines as the terminal has room for them; without one, as they are."""
    if reporter is None:
        return list(texts)
    columns = reporter.config.get_terminal_writer().fullwidth
    width = room(columns, os.environ, terminal=reporter.isatty())
    return [line for text in texts for line in wrapped(text, width)]


def shown(path: Path, config: pytest.Config) -> str:
    """Return a path as whoever called pytest would write it."""
    here = config.invocation_params.dir
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
