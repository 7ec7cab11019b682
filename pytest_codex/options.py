"""The table of what the command line can set: flag, environment variables, TOML name, meaning.

The flags, the configuration files, the messages about them and ``docs/options.md`` are all made
from it and from the table in ``policy.py``, which only TOML sets. Each option has two flags,
``--codex-NAME`` and the short ``--NAME``; the short one gives way where somebody else has it, or
everywhere with ``CODEX_NO_SHORT_OPTIONS=1``.
"""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pytest


class Kind(Enum):
    """What a value is, and how it is written."""

    TEXT = "text"
    SECONDS = "seconds"
    NUMBER = "whole number"
    SWITCH = "true or false"
    TEXTS = "list of text"
    TABLE = "table"


class Option(NamedTuple):
    """One setting. ``flag`` is whether the command line has it, ``toml`` whether TOML may hold it.

    ``repeats`` means that the flag may be given several times, ``bare`` is what it means without a
    value. ``environment`` are the variables
    that are asked in turn, in the process's environment and then in the ``.env`` files.
    """

    name: str
    kind: Kind
    help: str
    default: object = None
    environment: tuple[str, ...] = ()
    flag: bool = True
    toml: bool = True
    per_target: bool = True
    repeats: bool = False
    choices: tuple[str, ...] = ()
    metavar: str | None = None
    bare: str | None = None

    @property
    def key(self) -> str:
        """Its name in TOML and in the program."""
        return self.name.replace("-", "_")


OPTIONS: tuple[Option, ...] = (
    Option(
        "domain",
        Kind.TEXT,
        "the endpoint: HOST[:PORT], https://…, http://… for loopback only, or 'embedded' for the "
        "endpoint that comes with this plugin (DOMAIN is prod's, DEV_DOMAIN dev's)",
        metavar="HOST[:PORT]",
    ),
    Option(
        "key",
        Kind.TEXT,
        "the API key: env:NAME or @FILE; a literal works too, but ps and history see it",
        environment=("PROXY_API_KEY", "KEY"),
        toml=False,
        metavar="env:NAME|@FILE",
    ),
    Option(
        "target",
        Kind.TEXTS,
        "the deployment to verify: prod, dev or one from the configuration; may be repeated",
        default=("prod",),
        per_target=False,
        repeats=True,
        metavar="NAME",
    ),
    Option(
        "origin",
        Kind.TEXT,
        "where the proxy in front of the endpoint is reached directly, with the same Host and SNI",
        metavar="HOST[:PORT]",
    ),
    Option("model", Kind.TEXT, "the model to ask (prod: codex-5, dev: codev-5)", metavar="MODEL"),
    Option(
        "connect-timeout", Kind.SECONDS, "limit on DNS, TCP and TLS together", 10.0, metavar="SEC"
    ),
    Option(
        "request-timeout",
        Kind.SECONDS,
        "limit on a request that costs no model call",
        15.0,
        metavar="SEC",
    ),
    Option(
        "nonstream-timeout",
        Kind.SECONDS,
        "limit on a non-streamed chat completion",
        60.0,
        ("SMOKE_REQUEST_TIMEOUT",),
        metavar="SEC",
    ),
    Option(
        "stream-timeout",
        Kind.SECONDS,
        "limit on a streamed chat completion as a whole",
        120.0,
        ("SMOKE_STREAM_TIMEOUT",),
        metavar="SEC",
    ),
    Option(
        "first-event-timeout",
        Kind.SECONDS,
        "limit on the wait for a stream's first event",
        60.0,
        metavar="SEC",
    ),
    Option(
        "idle-timeout",
        Kind.SECONDS,
        "limit on silence after the first byte of a response",
        30.0,
        metavar="SEC",
    ),
    Option(
        "results-dir",
        Kind.TEXT,
        "folder for JUnit, exchanges and summary, one folder a target in it",
        "test-results",
        per_target=False,
        metavar="DIR",
    ),
    Option(
        "require-key",
        Kind.SWITCH,
        "a missing key is an error instead of a reason to skip (default: only where CI=true)",
        per_target=False,
    ),
    Option(
        "compose",
        Kind.TEXTS,
        "compose file to read; may be repeated, later ones are merged over earlier ones",
        (),
        per_target=False,
        repeats=True,
        metavar="FILE",
    ),
    Option(
        "compose-dev",
        Kind.TEXTS,
        "compose file of the dev stack, to compare with; may be repeated likewise",
        (),
        per_target=False,
        repeats=True,
        metavar="FILE",
    ),
    Option(
        "changed-since",
        Kind.TEXT,
        "select suites by what has changed since; auto finds the base from CI or the branch",
        toml=False,
        per_target=False,
        metavar="auto|REF",
    ),
    Option(
        "changed-files",
        Kind.TEXT,
        "select suites by a list of changed paths, one a line or NUL separated; - is stdin",
        toml=False,
        per_target=False,
        metavar="FILE|-",
    ),
    Option(
        "explain-selection",
        Kind.SWITCH,
        "say of each deselected test why",
        toml=False,
        per_target=False,
    ),
    Option(
        "plan",
        Kind.TEXT,
        "print what would be run for the changes, and run nothing",
        toml=False,
        per_target=False,
        choices=("text", "json"),
        metavar="text|json",
        bare="text",
    ),
    Option(
        "matrix",
        Kind.SWITCH,
        "print the CI jobs that verify all targets, as JSON, and run nothing",
        toml=False,
        per_target=False,
    ),
    Option(
        "progress",
        Kind.SWITCH,
        "say on standard error what is waited for while a call is pending (default: yes)",
        toml=False,
        per_target=False,
    ),
    Option(
        "doctor",
        Kind.SWITCH,
        "say what is set, what is missing and whether the endpoint answers; runs no test and makes "
        "no model call",
        toml=False,
        per_target=False,
    ),
    Option(
        "embedded-defect",
        Kind.TEXTS,
        "let the embedded endpoint misbehave, by name (python -m pytest_codex.endpoint --list)",
        (),
        per_target=False,
        repeats=True,
        metavar="NAME",
    ),
)


def add_options(parser: pytest.Parser) -> None:
    """Register the ``--codex-`` flags."""
    group = parser.getgroup(*_GROUP)
    for option in OPTIONS:
        group.addoption(f"--codex-{option.name}", help=option.help, **_attributes(option, False))


def add_short_options(parser: pytest.Parser, arguments: Sequence[str]) -> None:
    """Register the short flags that the command line uses and nobody else has.

    One that is not used stays free for a ``conftest.py`` that is only found later on.
    """
    group = parser.getgroup(*_GROUP)
    used = {argument.partition("=")[0] for argument in arguments}
    for option in OPTIONS:
        flag = f"--{option.name}"
        if used.isdisjoint((flag, f"--no-{option.name}", "-h", "--help")):
            continue
        # Where somebody else's conftest or plugin has this name, --codex-NAME remains.
        with contextlib.suppress(ValueError, argparse.ArgumentError):
            group.addoption(
                flag, help=f"same as --codex-{option.name}", **_attributes(option, True)
            )


_GROUP = ("codex-live", "verification of live OpenAI-compatible endpoints")


def _attributes(option: Option, short: bool) -> dict[str, Any]:
    attributes: dict[str, Any] = {"dest": _dest(option, short), "default": None}
    if option.kind is Kind.SWITCH:
        return {**attributes, "action": argparse.BooleanOptionalAction}
    attributes |= {"action": "append" if option.repeats else "store", "metavar": option.metavar}
    return attributes | ({"nargs": "?", "const": option.bare} if option.bare else {})


def given_flags(config: pytest.Config) -> dict[str, tuple[str, object]]:
    """Return what the command line says: by option, the flag as it was given and its value."""
    given: dict[str, tuple[str, object]] = {}
    for option in OPTIONS:
        for short, flag in ((False, f"--codex-{option.name}"), (True, f"--{option.name}")):
            value = getattr(config.option, _dest(option, short), None)
            if value is not None:
                given[option.key] = (flag, value)
    return given


def short_flags(config: pytest.Config) -> frozenset[str]:
    """Return the names of the options whose short flags are ours, or would be if they were used."""
    if os.environ.get("CODEX_NO_SHORT_OPTIONS") == "1":
        return frozenset()
    nobody = object()
    return frozenset(
        option.name
        for option in OPTIONS
        if hasattr(config.option, _dest(option, True))
        or config.getoption(f"--{option.name}", nobody) is nobody
    )


def _dest(option: Option, short: bool) -> str:
    return f"codex_live_{'short_' if short else ''}{option.key}"
