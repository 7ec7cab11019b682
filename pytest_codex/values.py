"""Reading one value of a setting, and saying what is wrong with one that cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pytest_codex.errors import ConfigurationError, did_you_mean
from pytest_codex.options import Kind, Option
from pytest_codex.redaction import Secret


def as_key(value: str, source: str) -> Secret:
    problem = None
    if not value:
        problem = "is empty"
    elif "\n" in value or "\r" in value:
        problem = "contains a newline"
    elif not (value.isascii() and value.isprintable() and " " not in value):
        problem = "contains characters that no key has"
    elif len(value) < 4:
        problem = "is too short to be kept out of the output"
    if problem:
        raise ConfigurationError(
            f"{source}: the key {problem}; "
            "expected printable ASCII without spaces, at least 4 characters"
        )
    return Secret(value)


def typed(option: Option, value: object, source: str) -> object:
    """Read a value of an option's kind, whether it came as text or from TOML."""
    convert: Callable[[object], object] = {
        Kind.TEXT: _text,
        Kind.SECONDS: _seconds,
        Kind.NUMBER: _number,
        Kind.SWITCH: _switch,
        Kind.TEXTS: _texts,
        Kind.TABLE: _table,
    }[option.kind]
    try:
        result = convert(value)
    except ValueError as error:
        raise ConfigurationError(f"{source}: {value!r} is not {error}") from None
    for item in result if isinstance(result, tuple) else (result,):
        if option.choices and item not in option.choices:
            raise ConfigurationError(
                f"{source}: {item!r} is not one of {', '.join(option.choices)}"
                f"{did_you_mean(str(item), option.choices)}"
            )
    return result


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("text")
    return value


def _seconds(value: object) -> float:
    try:
        seconds = float(value) if isinstance(value, str | int | float) else 0.0
    except ValueError:
        seconds = 0.0
    if isinstance(value, bool) or not 0 < seconds <= 86_400:
        raise ValueError("a number of seconds, greater than 0 and at most 86400")
    return seconds


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("a whole number, at least 1")
    return value


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _texts(value: object) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
        raise ValueError("text or a list of text")
    return tuple(values)


def _table(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ValueError("a table, as in { ok = true }")
    return value
