"""What an unquoted YAML scalar means, and how compose writes it into a label or a variable.

Docker compose reads YAML with a Go library whose rules are neither YAML 1.1's nor PyYAML's: ``yes``
and ``12:30`` stay texts, ``014`` and ``0o14`` are 12, and numbers are printed as Go prints them.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from pytest_codex.compose.nodes import Kind

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_FLAGS = {name: name.lower() for name in ("true", "True", "TRUE", "false", "False", "FALSE")}
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)|0[oO]?(?P<oct>[0-7]+)"
    r"|(?P<dec>0|[1-9][0-9]*))"
)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")
_BASES = {"hex": 16, "bin": 2, "oct": 8, "dec": 10}
# Whole numbers beyond these are read as floating point.
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1
# From this power of ten on, and below 1e-4, Go prints an exponent.
_EXPONENT_FROM = 6
# Nothing longer is a number that anyone means; Go's own floats end near 1e308.
_LONGEST = 400


def plain(written: str) -> tuple[Kind, str]:
    """Return what an unquoted scalar is, and its text."""
    if written in _NULLS:
        return "null", ""
    if written in _FLAGS:
        return "flag", _FLAGS[written]
    if written[0] not in "+-.0123456789" or len(written) > _LONGEST:
        return "text", written
    if _DATE.fullmatch(written):
        return _date(written)
    return _number(written.replace("_", ""), written)


def _number(digits: str, written: str) -> tuple[Kind, str]:
    if (match := _INTEGER.fullmatch(digits)) and digits not in ("-0", "+0"):
        name = next(name for name in _BASES if match[name] is not None)
        number = int(match["sign"] + match[name], _BASES[name])
        if _SMALLEST <= number <= _LARGEST:
            return "number", str(number)
    if _FLOAT.fullmatch(digits) and abs(float(digits)) != float("inf"):
        return "number", _go_float(float(digits))
    return "text", written


def _date(written: str) -> tuple[Kind, str]:
    try:
        day = date(*map(int, written.split("-")))
    except ValueError:
        return "text", written
    return "text", f"{day} 00:00:00 +0000 UTC"


def _go_float(number: float) -> str:
    """Print a number as Go's ``%v`` does: the shortest digits, an exponent from a million on."""
    if number == 0:
        return "-0" if str(number).startswith("-") else "0"
    shortest = Decimal(repr(number)).normalize()
    exponent = shortest.adjusted()
    if -4 <= exponent < _EXPONENT_FROM:
        return f"{shortest:f}"
    sign, figures, _ = shortest.as_tuple()
    mantissa = "".join(map(str, figures))
    mantissa = mantissa[0] + ("." + mantissa[1:] if len(mantissa) > 1 else "")
    return f"{'-' if sign else ''}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
