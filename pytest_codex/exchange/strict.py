"""JSON as RFC 8259 has it, which Python is laxer than."""

from __future__ import annotations

import json
from typing import NoReturn


def strict_json(text: str | bytes) -> object:
    """Parse UTF-8 JSON that holds none of ``NaN``, ``Infinity`` and ``-Infinity``.

    :raises ValueError: with a short reason.
    """
    try:
        value: object = _DECODER.decode(text.decode("utf-8") if isinstance(text, bytes) else text)
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start:,}") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at character {error.pos:,}") from None
    except RecursionError:
        raise ValueError("JSON nested too deeply to be read") from None
    return value


def same(value: object, expected: object) -> bool:
    """Whether two JSON values are equal: ``true`` is not 1."""
    return value == expected and type(value) is type(expected)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"not strict JSON: {constant} is no JSON value")


_DECODER = json.JSONDecoder(parse_constant=_refuse)
