"""The configuration files: ``.env`` files, and ``pyproject.toml`` or ``pytest_codex.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pytest_codex.errors import ConfigurationError, did_you_mean
from pytest_codex.policy import BY_KEY
from pytest_codex.values import typed

#: What is in the results folder beside the targets' folders.
RESERVED = ("invariants",)


class ConfigurationFile(NamedTuple):
    """The configuration file: its name, the prefix of its tables, and what is in them.

    ``selection`` is not looked into here; ``text`` is the whole file.
    """

    where: str
    prefix: str
    top: Mapping[str, object]
    targets: Mapping[str, Mapping[str, object]]
    selection: object = None
    text: str = ""


def read_dotenv(path: Path) -> Mapping[str, str | None]:
    if not path.is_file():
        return {}
    import io

    from dotenv.parser import parse_stream

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise ConfigurationError(f"{path.name}: cannot be read: {why}") from None
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            raise ConfigurationError(
                f"{path.name}:{binding.original.line}: not a NAME=VALUE line; "
                "expected NAME=VALUE, a comment or a blank line"
            )
    from dotenv import dotenv_values

    return dotenv_values(stream=io.StringIO(text))


def read_toml(root: Path) -> ConfigurationFile:
    text, whole = _load_toml(root / "pyproject.toml")
    project = whole.get("tool", {})
    table = project.get("pytest_codex") if isinstance(project, dict) else None
    own = root / "pytest_codex.toml"
    if table is not None and own.is_file():
        raise ConfigurationError(
            "both pyproject.toml [tool.pytest_codex] and pytest_codex.toml configure the targets; "
            "keep one of them"
        )
    if table is None and own.is_file():
        text, whole = _load_toml(own)
        return _checked("pytest_codex.toml", "", whole, text)
    if not isinstance(table or {}, dict):
        raise ConfigurationError("pyproject.toml: [tool.pytest_codex] is not a table")
    where = "pyproject.toml" if table is not None else "pytest_codex.toml"
    prefix = "tool.pytest_codex." if table is not None else ""
    return _checked(where, prefix, table or {}, text)


def _load_toml(path: Path) -> tuple[str, dict[str, object]]:
    """Return a file's text and what it says; nothing if there is no file."""
    if not path.is_file():
        return "", {}
    try:
        text = path.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise ConfigurationError(f"{path.name}: cannot be read: {why}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path.name}: not TOML: {error}") from None


def _checked(where: str, prefix: str, table: Mapping[str, object], text: str) -> ConfigurationFile:
    top = {key: value for key, value in table.items() if key not in ("targets", "selection")}
    _check_names(top, [o.key for o in BY_KEY.values() if o.toml], f"{where} [{prefix[:-1]}]")
    targets = table.get("targets", {})
    if not isinstance(targets, dict):
        raise ConfigurationError(f"{where}: [{prefix}targets] is not a table")
    per_target = [o.key for o in BY_KEY.values() if o.toml and o.per_target]
    for name, settings in targets.items():
        section = f"{where} [{prefix}targets.{name}]"
        if not isinstance(settings, dict):
            raise ConfigurationError(f"{section} is not a table")
        if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
            raise ConfigurationError(f"{section}: a target's name has letters, digits, - and _")
        if name in RESERVED:
            raise ConfigurationError(f"{section}: results of its own are called {name}; rename it")
        _check_names(settings, per_target, section)
        for key, value in settings.items():
            typed(BY_KEY[key], value, f"{section} {key}")
    return ConfigurationFile(where, prefix, top, targets, table.get("selection"), text)


def _check_names(table: Mapping[str, object], valid: list[str], section: str) -> None:
    for key in table:
        if key == "key":
            raise ConfigurationError(
                f"{section}: a key does not belong in a file that is committed; "
                "name the variable that holds it with key_env"
            )
        if key not in valid:
            raise ConfigurationError(
                f"{section.replace(' []', '')}: unknown setting {key!r}{did_you_mean(key, valid)}; "
                f"there are {', '.join(sorted(valid))}"
            )
