"""Where things stand: files and lines, texts that know theirs, and what was noticed on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pytest_codex.errors import ConfigurationError


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of a file; the path is as the user named it, the first line is 1."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Text:
    """A value after interpolation.

    :param unset: the unset variables that the value depends on.
    :param placeholder: whether a variable that is required (``${V?…}``) and unset was replaced by
        ``<V>``.
    :param template: the value before interpolation, where that changed it.
    """

    value: str
    at: Place
    unset: tuple[str, ...] = ()
    placeholder: bool = False
    template: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that can be read but is hardly meant.

    :param rule: ``duplicate-key``, ``duplicate-entry``, ``unset-variable``, ``missing-file``,
        ``undefined-network``, ``undefined-volume``, ``network-mode-and-networks``,
        ``reset-without-effect``, ``unreadable-port`` or ``unknown-key``.
    :param other: the other line concerned, where there are two.
    """

    rule: str
    message: str
    at: Place
    other: Place | None = None

    def __str__(self) -> str:
        return f"{self.at}: {self.message}" + (f" (see {self.other})" if self.other else "")


def refused(at: Place, found: str, expected: str) -> ConfigurationError:
    """Return the error for what cannot be read: where, what was found, what was expected."""
    return ConfigurationError(f"{at}: {found}; expected {expected}")
