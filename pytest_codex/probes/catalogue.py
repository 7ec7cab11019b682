"""Every request that the suites can make, declared once.

A probe says what is sent and what it costs; it is sent at most once in a run, however many checks
look at its exchange. ``smoke`` and ``sse`` together make five model calls: ``chat``,
``chat_stream``, ``chat_stream_long``, ``chat_stream_dropped`` and ``chat_stream_after_drop``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from urllib.parse import quote

from pytest_codex.exchange.exchange import Headers
from pytest_codex.probes.names import REFUSED, REFUSED_NAMES, WHAT, refused_name
from pytest_codex.targets import Budgets, Target


class Credential(StrEnum):
    """How a request presents itself. All but ``KEY`` must be refused."""

    NONE = "no_credential"
    KEY = "key"
    EMPTY_BEARER = "empty_bearer"
    WRONG_KEY = "wrong_key"
    KEY_CUT_SHORT = "key_cut_short"
    KEY_WITH_A_SUFFIX = "key_with_a_suffix"
    BASIC_SCHEME = "basic_scheme"
    X_API_KEY = "x_api_key"
    QUERY = "query"


#: A key that no deployment has.
WRONG_KEY = "sk-no-deployment-has-this-key-0000"

#: How each credential is presented: header or query, and its value around the key.
_PRESENTED: Mapping[Credential, tuple[str, str]] = {
    Credential.KEY: ("Authorization", "Bearer {key}"),
    Credential.EMPTY_BEARER: ("Authorization", "Bearer"),
    Credential.WRONG_KEY: ("Authorization", f"Bearer {WRONG_KEY}"),
    Credential.KEY_CUT_SHORT: ("Authorization", "Bearer {cut}"),
    Credential.KEY_WITH_A_SUFFIX: ("Authorization", "Bearer {key}x"),
    Credential.BASIC_SCHEME: ("Authorization", "Basic {key}"),
    Credential.X_API_KEY: ("X-Api-Key", "{key}"),
    Credential.QUERY: ("?api_key", "{key}"),
}

#: Those that can be made without knowing the key.
KEYLESS = frozenset({Credential.NONE, Credential.EMPTY_BEARER, Credential.WRONG_KEY})


class Stop(Enum):
    """When the recorder has seen enough."""

    AT_END = "at the end of the response"
    WHEN_ACCEPTED = "when a 2xx status has come, which should not"
    AT_FIRST_CONTENT = "at the first content, to see what a client's disconnect does"


@dataclass(frozen=True, slots=True)
class Probe:
    """One declared request.

    ``path`` is a template over the target's paths; ``budget`` names what limits it (see
    :class:`pytest_codex.targets.Budgets`); ``paid`` probes cost a model call on a healthy
    endpoint; ``after`` names the probes that must be over before this one is sent.
    """

    name: str
    method: str = "GET"
    path: str = "{base}/models"
    headers: Headers = ()
    body: Mapping[str, object] | str | None = None
    credential: Credential = Credential.NONE
    budget: str = "request"
    paid: bool = False
    stop: Stop = Stop.AT_END
    after: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """What it asks, in words."""
        return WHAT[self.name]

    @property
    def needs_key(self) -> bool:
        """Whether it cannot be sent without knowing the key."""
        return self.credential not in KEYLESS

    @property
    def streams(self) -> bool:
        """Whether it asks for a stream."""
        return isinstance(self.body, Mapping) and self.body.get("stream") is True

    def limit(self, budgets: Budgets) -> float:
        """Return how long the whole exchange may take, in seconds."""
        return {
            "request": budgets.request,
            "nonstream": budgets.nonstream,
            "stream": budgets.stream,
        }[self.budget]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A probe made ready for one target. ``url``, ``headers`` and ``body`` are what is sent."""

    method: str
    url: str
    path: str
    headers: Headers
    body: bytes


def path_of(probe: Probe, target: Target) -> str:
    """Return a probe's path on a target; empty where the target has none for it."""
    policy = target.policy
    return probe.path.format(
        base=policy.base_path,
        health=policy.health_path,
        ready=policy.ready_path,
        live=policy.live_path,
    )


def pointless(probe: Probe, target: Target) -> str | None:
    """Return why the target's policy leaves nothing to learn from a probe, None if it does not.

    What a target declares that it answers is not asked: it would only cost a model call.
    """
    policy = target.policy
    if not path_of(probe, target):
        return NO_PATH
    admitted = policy.auth == "none" or probe.credential in policy.accepts
    if probe.name in REFUSED_NAMES and admitted:
        return ANSWERED
    if probe.name == "chat_with_unknown_model" and policy.unknown_model == "answered":
        return ANSWERED
    return None


def request_for(probe: Probe, target: Target, key: str) -> Wanted:
    """Build what a probe sends to a target with a key.

    With the key ``"$KEY"`` it is what may be shown: the credential as a shell would write it.
    """
    policy = target.policy
    path = path_of(probe, target)
    headers = [
        ("Accept", "text/event-stream" if probe.streams else "application/json"),
        ("Accept-Encoding", "identity"),
        *probe.headers,
    ]
    if probe.method == "OPTIONS":
        headers.append(("Origin", policy.cors_origin))
    body = b""
    if probe.body is not None:
        headers.append(("Content-Type", "application/json"))
        body = _body(probe.body, target)
    if probe.credential in _PRESENTED:
        name, template = _PRESENTED[probe.credential]
        cut = "${KEY%?}" if key == "$KEY" else key[:-1]
        value = template.format(key="${KEY}" if key == "$KEY" else key, cut=cut)
        if name.startswith("?"):
            path += f"{name}={value if key == '$KEY' else quote(value, safe='')}"
        else:
            headers.append((name, value))
    return Wanted(probe.method, target.url(path), path, tuple(headers), body)


def _body(body: Mapping[str, object] | str, target: Target) -> bytes:
    if isinstance(body, str):
        return body.encode()
    filled = {name: target.model if value is MODEL else value for name, value in body.items()}
    if filled.get("stream_options") is USAGE:
        del filled["stream_options"]
        if target.policy.usage != "never":
            filled["stream_options"] = {"include_usage": True}
    return json.dumps(filled, ensure_ascii=False).encode()


#: Stands in a body for the target's model.
MODEL = object()
#: Stands in a body for a request for token counts, where the target's policy has them.
USAGE = object()

_CHAT = "{base}/chat/completions"
_SHORT = [{"role": "user", "content": "Say hello in one short sentence."}]
_LONG = [
    {
        "role": "user",
        "content": "Count from 1 to 150 in digits, one number per line, and write nothing else.",
    }
]
#: A model that no deployment has.
UNKNOWN_MODEL = "no-such-model-7d3f"


def _chat(name: str, **changes: object) -> Probe:
    settings: dict[str, object] = {
        "method": "POST",
        "path": _CHAT,
        "credential": Credential.KEY,
        "paid": True,
        "budget": "stream",
        "body": {"model": MODEL, "messages": _SHORT, "stream": True},
    }
    return Probe(name, **{**settings, **changes})  # type: ignore[arg-type]  # fields of Probe


def _free(name: str, body: Mapping[str, object] | str, **changes: object) -> Probe:
    settings: dict[str, object] = {
        "body": body,
        "paid": False,
        "budget": "request",
        "stop": Stop.WHEN_ACCEPTED,
    }
    return _chat(name, **{**settings, **changes})


def _refused(credential: Credential, *, stream: bool) -> Probe:
    body = {"model": MODEL, "messages": _SHORT, "stream": stream}
    return _free(refused_name(credential, stream=stream), body, credential=credential)


_PREFLIGHT: Headers = (
    ("Access-Control-Request-Method", "POST"),
    ("Access-Control-Request-Headers", "authorization, content-type"),
)

_DECLARED = (
    Probe("healthz", path="{health}"),
    Probe("readyz", path="{ready}"),
    Probe("livez", path="{live}"),
    Probe("models"),
    Probe("models_slash", path="{base}/models/"),
    Probe("models_with_key", credential=Credential.KEY),
    Probe("models_head", method="HEAD"),
    Probe("models_options", method="OPTIONS"),
    Probe("preflight", method="OPTIONS", path=_CHAT, headers=_PREFLIGHT),
    _free("chat_without_messages", {"model": MODEL}),
    _free("chat_with_broken_json", '{"model": "x", "messages": ['),
    _free("chat_with_unknown_model", {"model": UNKNOWN_MODEL, "messages": _SHORT}),
    Probe("unknown_path", path="{base}/no-such-path", credential=Credential.KEY),
    *(_refused(Credential(c), stream=stream) for stream in (False, True) for c in REFUSED),
    _chat(
        "chat",
        body={"model": MODEL, "messages": _SHORT, "stream": False},
        budget="nonstream",
    ),
    _chat(
        "chat_stream",
        body={"model": MODEL, "messages": _SHORT, "stream": True, "stream_options": USAGE},
    ),
    _chat(
        "chat_stream_long",
        body={"model": MODEL, "messages": _LONG, "stream": True, "stream_options": USAGE},
    ),
    _chat(
        "chat_stream_dropped",
        body={"model": MODEL, "messages": _LONG, "stream": True},
        stop=Stop.AT_FIRST_CONTENT,
    ),
    _chat("chat_stream_after_drop", after=("chat_stream_dropped",)),
    Probe("healthz_after_drop", path="{health}", after=("chat_stream_dropped",)),
)

#: Every probe by its name.
CATALOGUE: Mapping[str, Probe] = {probe.name: probe for probe in _DECLARED}

#: Why a probe whose path the target's policy leaves empty is not sent.
NO_PATH = "the target declares no path for it"

#: Why a probe is not sent that the target's policy says is answered, where others refuse it.
ANSWERED = "the target declares that it answers this"

#: The reasons which the target's policy gives for not sending a probe.
POINTLESS = frozenset({NO_PATH, ANSWERED})

#: Why a probe that needs a key is not sent without one.
NO_KEY = "no key was given"

#: The free probes that tell whether model calls make sense: is anybody there, is the key accepted?
GATE = ("models", "chat_without_messages")
