"""Tables for people: what becomes of telling requests, on prod and dev side by side, and why.

Source: the playbook, "Artifacts" ("selected label checks output").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pytest_codex.compose.masking import shown
from pytest_codex.invariants.findings import UnjudgedError
from pytest_codex.invariants.stack import Stack, StackPolicy
from pytest_codex.traefik.chains import is_cors, is_forward_auth, is_preflight, met
from pytest_codex.traefik.configuration import Router
from pytest_codex.traefik.routing import Decision

_PREFLIGHT = {
    "Origin": "https://app.example.com",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, content-type",
}
#: Besides the API and health paths: what some stacks serve, and what none should.
_READY, _LIVE = "/readyz", "/livez"


@dataclass(frozen=True, slots=True)
class _Telling:
    """A request that tells something of a stack.

    :param note: what is special about it.
    :param plain: whether it comes without TLS, on the entry point ``web``.
    """

    method: str
    path: str
    note: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    plain: bool = False


@dataclass(frozen=True, slots=True)
class _Answer:
    """What becomes of it, in words.

    :param neutral: the same without a stack's own names.
    """

    cells: tuple[str, ...]
    neutral: tuple[str, ...]


_ASPECTS = ("router", "chain", "service", "answer", "ForwardAuth")


def route_table(prod: Stack | None, dev: Stack | None) -> str:
    """Return Markdown: telling requests side by side, then the routers of each stack."""
    stacks = [stack for stack in (prod, dev) if stack is not None]
    if not stacks:
        return "# Routes\n\nThere is no compose project to ask.\n"
    parts = ["# Routes", *_requests(stacks), "## Routers"]
    for stack in stacks:
        parts += [f"### {_text(stack.policy.target)}", *_routers(stack)]
    return "\n\n".join(parts) + "\n"


# -- requests -------------------------------------------------------------------------------------


def _requests(stacks: list[Stack]) -> Iterator[str]:
    asked = []
    for stack in stacks:
        try:
            yield f"{_text(stack.policy.target)}: {_code(stack.host)}, {_files(stack)}"
            asked.append(stack)
        except UnjudgedError as error:
            yield f"{_text(stack.policy.target)}: no routes, {_text(str(error))}"
    if not asked:
        return
    head = ["request"]
    for stack in asked:
        head += [f"{_text(stack.policy.target)}: {aspect}" for aspect in _ASPECTS]
    rows = [_row(asked, number) for number in range(len(_telling(asked[0].policy)))]
    if len(asked) > 1:
        yield "Names and hosts aside, what is not the same is marked **differs**."
        head.append("same")
    yield _table(head, rows)


def _files(stack: Stack) -> str:
    return ", ".join(_code(str(file)) for file in stack.project.files)


def _row(stacks: list[Stack], number: int) -> list[str]:
    telling = _telling(stacks[0].policy)[number]
    answers = [_answer(stack, _telling(stack.policy)[number]) for stack in stacks]
    row = [_code(f"{telling.method} {telling.path}") + (f" {telling.note}" if telling.note else "")]
    for answer in answers:
        row += answer.cells
    if len(answers) > 1:
        row.append("yes" if answers[0].neutral == answers[1].neutral else "**differs**")
    return row


def _telling(policy: StackPolicy) -> list[_Telling]:
    base = policy.base_path
    chat, models = f"{base}/chat/completions", f"{base}/models"
    health = policy.health_path or "/healthz"
    preflight = "(preflight)"
    return [
        _Telling("POST", chat),
        _Telling("OPTIONS", chat, preflight, _PREFLIGHT),
        _Telling("OPTIONS", chat, "(no preflight: without Origin)"),
        _Telling("GET", models),
        _Telling("HEAD", models),
        _Telling("POST", models),
        _Telling("OPTIONS", models, preflight, _PREFLIGHT),
        _Telling("GET", f"{models}/"),
        _Telling("GET", f"{models}/any"),
        _Telling("GET", f"{base}/responses"),
        _Telling("GET", health),
        _Telling("OPTIONS", health, preflight, _PREFLIGHT),
        _Telling("GET", _READY),
        _Telling("GET", _LIVE),
        _Telling("GET", "/"),
        _Telling("GET", base),
        _Telling("GET", f"{base}x"),
        _Telling("POST", chat, "(plain HTTP)", plain=True),
    ]


def _answer(stack: Stack, telling: _Telling) -> _Answer:
    decision = stack.deployment.routes(
        telling.method,
        telling.path,
        stack.host,
        telling.headers,
        entry_point="web" if telling.plain else stack.policy.entry_point,
        tls=not telling.plain,
    )
    if decision.router is None:
        cells = ("–", "–", "–", str(decision.status), "–")
        return _Answer(cells, cells)
    routers = decision.ties or (decision.router,)
    chain = met(decision.chain, decision.request)
    said = _said(decision)
    asks = "yes" if any(map(is_forward_auth, chain)) else "no"
    names = [[router.declared for router in routers], [each.name for each in chain]]
    service = "" if said.startswith("200") else decision.service
    cells = (
        " or ".join(map(_code, names[0])) + (" (by chance)" if decision.ties else ""),
        " → ".join(_code(_own(name)) for name in names[1]) or "–",
        _code(_own(service)) if service else "not reached",
        said,
        asks,
    )
    prefix = f"{stack.prefix.lower()}-"
    neutral = [_own(name).lower().removeprefix(prefix) for each in names for name in each]
    return _Answer(cells, (*neutral, _service(stack, service, prefix), said, asks))


def _service(stack: Stack, service: str, prefix: str) -> str:
    """A service in neutral words: that of the API router may be called anything."""
    api = {router.service for router in stack.routers("api")}
    return "application" if service in api else _own(service).lower().removeprefix(prefix)


def _said(decision: Decision) -> str:
    """What the client gets."""
    chain = met(decision.chain, decision.request)
    if chain and is_cors(chain[-1]) and is_preflight(decision.request):
        return "200 by the CORS middleware"
    own = f"{decision.status} by Traefik" if decision.status else "the service's"
    return f"401 without a key, else {own}" if any(map(is_forward_auth, chain)) else own


# -- routers --------------------------------------------------------------------------------------

_COLUMNS = (
    "name", "entry point", "TLS", "rule", "priority", "chain", "service", "where", "in use",
)  # fmt: skip


def _routers(stack: Stack) -> Iterator[str]:
    configuration = stack.deployment.configuration
    if configuration.routers:
        yield _table(_COLUMNS, [_router(stack, router) for router in configuration.routers])
    else:
        yield "Traefik has none."
    lost = [
        f"- {_code(loss.name)}: {_text(loss.scope.value)} is lost: {_text(loss.reason)}"
        for loss in configuration.losses
    ]
    if lost:
        yield "Declared in vain:"
        yield "\n".join(lost)


def _router(stack: Stack, router: Router) -> list[str]:
    return [
        _code(router.declared),
        _text(router.entry_point) or "–",
        "yes" if router.tls else "no",
        _code(shown(router.rule)),
        f"{router.priority}" + ("" if router.fields.get("Priority") else " (length)"),
        ", ".join(_code(_own(name)) for name in router.middlewares) or "–",
        _code(_own(router.service)),
        _code(str(stack.deployment.place(router, "rule"))),
        "yes" if router.enabled else f"no: {_text(router.disabled)}",
    ]


def _own(name: str) -> str:
    return name.removesuffix("@docker")


# -- Markdown -------------------------------------------------------------------------------------


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    columns = list(head)
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _one_line(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)


def _text(text: str) -> str:
    """Text in which nothing is markup."""
    return re.sub(r"([\\`*_{}\[\]<>#|~&])", r"\\\1", _one_line(text))


def _code(text: str) -> str:
    """A code span that may hold backticks, and that does not end a cell of a table."""
    text = _one_line(text)
    if not text.strip():
        return "–"
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}".replace("|", "\\|")
