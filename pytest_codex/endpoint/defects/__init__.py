"""All defects and variations by name, and the answer that an endpoint with some of them gives."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from .. import answers
from ..values import Answer, Configuration, Request, Situation
from . import access, chat, gateways, public, stream, variations
from .base import Call, Defect


def _registry(*tables: Sequence[Defect]) -> Mapping[str, Defect]:
    return MappingProxyType({defect.name: defect for table in tables for defect in table})


DEFECTS: Mapping[str, Defect] = _registry(
    public.DEFECTS, access.DEFECTS, gateways.DEFECTS, chat.DEFECTS, stream.DEFECTS
)
VARIATIONS: Mapping[str, Defect] = _registry(variations.VARIATIONS)


class DefectNameError(ValueError):
    """No such name, or a value that it cannot take; the message says which."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A defect with its number."""

    defect: Defect
    value: float


def choose(text: str) -> Chosen:
    """The defect or variation that `NAME` or `NAME=VALUE` means. Raises DefectNameError."""
    name, has_value, value = text.partition("=")
    known = {**DEFECTS, **VARIATIONS}
    defect = known.get(name)
    if defect is None:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "--list names them all"
        raise DefectNameError(f"unknown defect {name!r}: {hint}")
    if not has_value:
        return Chosen(defect, defect.default or 0.0)
    if defect.default is None:
        raise DefectNameError(f"{name} takes no value, got {value!r}")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise DefectNameError(f"{name} takes a number from 0, got {value!r}")
    return Chosen(defect, number)


def configured(configuration: Configuration, chosen: Sequence[Chosen]) -> Configuration:
    """The configuration with the settings of the chosen defects."""
    for one in chosen:
        configuration = replace(configuration, **dict(one.defect.settings))
    return configuration


def respond(
    request: Request,
    configuration: Configuration,
    situation: Situation,
    chosen: Sequence[Chosen] = (),
) -> Answer:
    """The healthy answer, then each chosen defect's edit of it, in their order.

    So a variation of what an answer says comes before a defect, and one of how it is framed (crlf,
    one_byte_per_write, …) after it. Two defects that break the same field are a contradiction.
    """
    configuration = configured(configuration, chosen)
    answer = answers.answer(request, configuration, situation)
    for one in chosen:
        if one.defect.edit is not None and answer.kind in one.defect.on:
            call = Call(request, configuration, situation, one.value)
            answer = one.defect.edit(answer, call)
    return answer
