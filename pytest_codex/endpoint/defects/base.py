"""What a defect is, and the ways to edit an answer that the tables are written with."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..values import (
    Answer,
    Configuration,
    Hold,
    Pause,
    Request,
    Situation,
    Step,
    decoded,
    encode,
    event,
)


@dataclass(frozen=True, slots=True)
class Call:
    """All that an edit may look at, besides the answer."""

    request: Request
    configuration: Configuration
    situation: Situation
    value: float  # the number given with the defect's name, or its default


Edit = Callable[[Answer, Call], Answer]
Change = Callable[[Any], Any]  # of one decoded JSON value


@dataclass(frozen=True, slots=True)
class Defect:
    """One way to be wrong (or unusual), by name.

    `edit` changes the answers whose kind is in `on`; `settings` replace fields of the
    configuration. `default` is the number that `NAME=VALUE` sets; None: it takes none.
    """

    name: str
    description: str
    on: frozenset[str] = frozenset()
    edit: Edit | None = None
    default: float | None = None
    settings: tuple[tuple[str, Any], ...] = ()


def table(on: frozenset[str], *rows: tuple[Any, ...]) -> tuple[Defect, ...]:
    """Defects of the same kinds of answers; a row is (name, description, edit[, default])."""
    return tuple(Defect(name, text, on, *rest) for name, text, *rest in rows)


# --- kinds of answers ---

CHAT = frozenset({"chat"})
STREAM = frozenset({"stream"})
REFUSED = frozenset({"refusal"})
REQUEST_ERRORS = frozenset({"broken_json", "missing_messages", "unknown_model", "unknown_path"})
HEALTH = frozenset({"healthz", "readyz", "livez"})
LISTS = frozenset({"models", "models_slash"})
MODELS = LISTS | {"models_head"}
PREFLIGHT = frozenset({"preflight"})
BEHIND_AUTH = CHAT | STREAM | REFUSED | REQUEST_ERRORS
EVERYTHING = BEHIND_AUTH | HEALTH | MODELS | PREFLIGHT | {"options", "unrouted", "foreign"}


# --- edits of a whole answer ---


def both(*edits: Edit) -> Edit:
    """One edit after another."""

    def edit(answer: Answer, call: Call) -> Answer:
        for one in edits:
            answer = one(answer, call)
        return answer

    return edit


def header(name: str, *values: str) -> Edit:
    """These values of a header in place of all it had; none removes it."""
    return lambda answer, _: answer.with_header(name, *values)


def status(code: int) -> Edit:
    """Another status, the rest as it was."""
    return lambda answer, _: replace(answer, status=code)


def says(code: int, content_type: str, content: bytes = b"", *headers: tuple[str, str]) -> Edit:
    """Another response altogether, of a hop before the app: it reaches no model.

    Its kind is `foreign`, so that a later defect of the app's answer leaves it alone.
    """
    typed = (("Content-Type", content_type),) if content_type else ()
    return lambda _answer, _call: Answer("foreign", code, typed + headers, (content,))


def body(change: Change) -> Edit:
    """A change of the JSON value that is the body; nothing where an earlier defect broke it."""

    def edit(answer: Answer, _: Call) -> Answer:
        try:
            value = json.loads(answer.body)
        except ValueError:
            return answer
        return answer.with_body(encode(change(value)))

    return edit


def text(change: Callable[[bytes], bytes]) -> Edit:
    """A change of the body's bytes."""
    return lambda answer, _: answer.with_body(change(answer.body))


def before(*steps: Step) -> Edit:
    """Do this before the status line."""
    return lambda answer, _: replace(answer, before=steps + answer.before)


def wait(answer: Answer, call: Call) -> Answer:
    """Wait for the defect's number of seconds before the status line."""
    return replace(answer, before=(Pause(call.value), *answer.before))


def wait_after_head(answer: Answer, call: Call) -> Answer:
    """Send the head at once, then wait for the defect's number of seconds."""
    return replace(answer, steps=(Pause(call.value), *answer.steps))


never: Edit = before(Hold())


# --- changes of a JSON value ---


def put(*path: str | int, value: Any) -> Change:
    """`value` at `path`, e.g. put("choices", 0, "index", value=1)."""

    def change(root: Any) -> Any:
        *parents, last = path
        place = root
        for step in parents:
            place = place[step]
        place[last] = value
        return root

    return change


def drop(*path: str | int) -> Change:
    """Nothing at `path`."""

    def change(root: Any) -> Any:
        *parents, last = path
        place = root
        for step in parents:
            place = place[step]
        del place[last]
        return root

    return change


# --- edits of a stream ---

# Whether to edit a step, by its part, its place among the steps of that part, and their number.
Where = Callable[[str, int, int], bool]
Rewrite = Callable[[bytes], tuple[Step, ...]]


def part(step: Step) -> str:
    """Which part of a healthy stream a step is: role, content, finish, usage, done, or ""."""
    if step == b"data: [DONE]\n\n":
        return "done"
    match decoded(step):
        case {"choices": []}:
            return "usage"
        case {"choices": [{"finish_reason": str()}, *_]}:
            return "finish"
        case {"choices": [{"delta": {"content": _}}, *_]}:
            return "content"
        case {"choices": [{"delta": {"role": _}}, *_]}:
            return "role"
        case _:
            return ""


def every(*parts: str) -> Where:
    """Every step that is one of these parts; without names, every chunk."""
    wanted = parts or ("role", "content", "finish", "usage")
    return lambda kind, _place, _count: kind in wanted


def nth(name: str, place: int) -> Where:
    """One step of that part, counted from 0, or from the end when negative."""
    return lambda kind, at, count: kind == name and at == place % count


def rewrite(where: Where, new: Rewrite) -> Edit:
    """What `new` makes of each step chosen by `where`, in its place."""

    def edit(answer: Answer, _: Call) -> Answer:
        kinds = [part(step) for step in answer.steps]
        counts, seen = Counter(kinds), Counter[str]()
        steps: list[Step] = []
        for kind, step in zip(kinds, answer.steps, strict=True):
            chosen = where(kind, seen[kind], counts[kind])
            steps += new(step) if chosen and isinstance(step, bytes) else (step,)
            seen[kind] += 1
        return replace(answer, steps=tuple(steps))

    return edit


def chunks(where: Where, change: Change) -> Edit:
    """A change of the JSON value of each chunk chosen by `where`."""
    return rewrite(where, lambda step: (event(change(decoded(step))),))


def gone(_: bytes) -> tuple[Step, ...]:
    """Nothing in its place."""
    return ()


def twice(step: bytes) -> tuple[Step, ...]:
    """The same once more."""
    return (step, step)


def becomes(*steps: Step) -> Rewrite:
    """These steps in its place."""
    return lambda _: steps


def followed_by(*steps: Step) -> Rewrite:
    """The step, then these."""
    return lambda step: (step, *steps)


def preceded_by(*steps: Step) -> Rewrite:
    """These, then the step."""
    return lambda step: (*steps, step)


def copy_before(change: Change) -> Rewrite:
    """A changed copy of the chunk, then the chunk."""
    return lambda step: (event(change(decoded(step))), step)


def copy_after(change: Change) -> Rewrite:
    """The chunk, then a changed copy of it."""
    return lambda step: (step, event(change(decoded(step))))


def swap(one: str, other: str) -> Edit:
    """Two parts of a stream in each other's place, where it has both."""

    def edit(answer: Answer, _: Call) -> Answer:
        kinds = [part(step) for step in answer.steps]
        if one not in kinds or other not in kinds:
            return answer
        steps = list(answer.steps)
        a, b = kinds.index(one), kinds.index(other)
        steps[a], steps[b] = steps[b], steps[a]
        return replace(answer, steps=tuple(steps))

    return edit


def ends(where: Where, *last: Step) -> Edit:
    """The stream up to the first step chosen by `where`, then `last` and nothing more."""

    def edit(answer: Answer, call: Call) -> Answer:
        marked = rewrite(where, preceded_by(Hold()))(answer, call).steps
        if Hold() not in marked:
            return answer
        return replace(answer, steps=marked[: marked.index(Hold())] + last)

    return edit


def all_bytes(change: Callable[[bytes], bytes]) -> Edit:
    """A change of every piece of bytes that is sent."""

    def edit(answer: Answer, _: Call) -> Answer:
        steps = tuple(change(s) if isinstance(s, bytes) else s for s in answer.steps)
        return replace(answer, steps=steps)

    return edit


def spread(answer: Answer, seconds: float) -> Answer:
    """The stream's first event at once, its content evenly over `seconds`."""
    events = [step for step in answer.steps if isinstance(step, bytes)]
    pause = Pause(seconds / max(1, len(events) - 1))
    steps: list[Step] = [pause] * (2 * len(events) - 1)
    steps[::2] = events
    return replace(answer, steps=tuple(steps))
