"""One table of everything that can be set: flag, environment variables, TOML name, meaning.

The command line, the configuration files, the messages about them and ``docs/options.md`` are all
made from it. Each option has two flags, ``--codex-NAME`` and the short ``--NAME``; the short one
gives way where somebody else has it, or everywhere with ``CODEX_NO_SHORT_OPTIONS=1``.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from pytest_codex.probes.names import REFUSED

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


@dataclass(frozen=True, slots=True)
class Option:
    """One setting. ``flag`` is whether the command line has it, ``toml`` whether TOML may hold it.

    ``repeats`` means that the flag may be given several times. ``environment`` are the variables
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

    @property
    def key(self) -> str:
        """Its name in TOML and in the program."""
        return self.name.replace("-", "_")


SUITES = ("smoke", "sse", "invariants")

#: Variables for the domains of the targets that are known without any configuration.
DOMAIN_ENVIRONMENT = {"prod": ("DOMAIN", "APP_DOMAIN"), "dev": ("DEV_DOMAIN",)}

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
        "embedded-defect",
        Kind.TEXTS,
        "let the embedded endpoint misbehave, by name (python -m pytest_codex.endpoint --list)",
        (),
        per_target=False,
        repeats=True,
        metavar="NAME",
    ),
)

#: What only TOML sets: how a target may differ from the Codex Completions API.
POLICY: tuple[Option, ...] = tuple(
    Option(name, kind, help_, default, flag=False, choices=choices)
    for name, kind, default, help_, choices in (
        ("domain_env", Kind.TEXT, None, "the environment variable with the domain", ()),
        ("key_env", Kind.TEXT, None, "the environment variable with the key", ()),
        ("suites", Kind.TEXTS, SUITES, "the suites that may run on it", SUITES),
        ("base_path", Kind.TEXT, "/v1", "the path in front of /models and /chat/completions", ()),
        ("health_path", Kind.TEXT, "/healthz", "the health check's path; empty if none", ()),
        ("health_expect", Kind.TABLE, {"ok": True}, "what its JSON must say; {} for anything", ()),
        ("ready_path", Kind.TEXT, "", "the readiness check's path, where there is one", ()),
        ("live_path", Kind.TEXT, "", "the liveness check's path, where there is one", ()),
        ("auth", Kind.TEXT, "required", "whether chat needs a key", ("required", "none")),
        ("models_public", Kind.SWITCH, True, "whether the models list needs no key", ()),
        ("model_aliases", Kind.TEXTS, (), "what else the answering model may be called", ()),
        ("other_environment", Kind.TEXT, "", "the model name that betrays another deployment", ()),
        (
            "accepts",
            Kind.TEXTS,
            (),
            "credentials besides the bearer key that it means to accept, such as x_api_key",
            REFUSED,
        ),
        ("models_slash", Kind.SWITCH, True, "whether /models/ answers as /models does", ()),
        (
            "unknown_model",
            Kind.TEXT,
            "refused",
            "what becomes of a model that does not exist",
            ("refused", "answered"),
        ),
        ("cors", Kind.SWITCH, True, "whether browsers are promised access", ()),
        ("cors_origin", Kind.TEXT, "https://app.example.com", "the Origin of the preflight", ()),
        ("done", Kind.TEXT, "required", "whether streams end in [DONE]", ("required", "optional")),
        (
            "usage",
            Kind.TEXT,
            "required",
            "token counts, in a stream when asked for: 'never' does not ask",
            ("required", "optional", "never"),
        ),
        (
            "usage_choices",
            Kind.TEXT,
            "empty",
            "the choices of a stream's usage chunk",
            ("empty", "any"),
        ),
        ("preamble", Kind.SWITCH, False, "whether streams may begin with choice-less chunks", ()),
        ("security_headers", Kind.TEXTS, (), "the security headers that responses must carry", ()),
        ("http2", Kind.SWITCH, False, "whether to offer HTTP/2", ()),
        ("concurrency", Kind.NUMBER, 8, "how many requests may be under way at once", ()),
    )
)

#: Every setting, by its name in TOML and in the program.
BY_KEY = {option.key: option for option in (*OPTIONS, *POLICY)}

#: What is known of the Codex Completions API's own two deployments.
KNOWN_TARGETS: dict[str, dict[str, object]] = {
    "prod": {
        "model": "codex-5",
        "model_aliases": ("codex-5", "codev-5", "gpt-5"),
        "other_environment": "codev-5",
    },
    "dev": {
        "model": "codev-5",
        "model_aliases": ("codex-5", "codev-5", "gpt-5"),
        "other_environment": "codex-5",
    },
}


def add_options(parser: pytest.Parser, *, short: bool) -> None:
    """Register the flags: the ``--codex-`` ones, or the short ones that are still free."""
    group = parser.getgroup("codex-live", "verification of live OpenAI-compatible endpoints")
    for option in OPTIONS:
        attributes: dict[str, Any] = {"dest": _dest(option, short), "default": None}
        if option.kind is Kind.SWITCH:
            attributes["action"] = argparse.BooleanOptionalAction
        else:
            attributes["metavar"] = option.metavar
            attributes["action"] = "append" if option.repeats else "store"
        if short:
            attributes["help"] = f"same as --codex-{option.name}"
        else:
            attributes["help"] = option.help
        flag = f"--{option.name}" if short else f"--codex-{option.name}"
        try:
            group.addoption(flag, **attributes)
        except (ValueError, argparse.ArgumentError):
            if not short:
                raise
            # Somebody else's conftest or plugin has this name; --codex-NAME remains.


def given_flags(config: pytest.Config) -> dict[str, tuple[str, object]]:
    """Return what the command line says: by option, the flag as it was given and its value."""
    given: dict[str, tuple[str, object]] = {}
    for option in OPTIONS:
        for short, flag in ((False, f"--codex-{option.name}"), (True, f"--{option.name}")):
            value = getattr(config.option, _dest(option, short), None)
            if value is not None:
                given[option.key] = (flag, value)
    return given


def _dest(option: Option, short: bool) -> str:
    return f"codex_live_{'short_' if short else ''}{option.key}"
