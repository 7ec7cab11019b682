"""Secrets in rendered compose files, found by names and by what values look like, and masked.

When in doubt a value is masked: what is rendered is shown around, and nobody runs it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from pytest_codex.redaction import Secret

#: What stands in the place of a secret.
MASK = "***"
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_INSIDE = ("SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL")
_AT_END = ("KEY", "KEYS", "TOKEN", "TOKENS", "PWD")
_WORDS = frozenset({"PASS", "PGPASS", "REQUIREPASS", "AUTHORIZATION", "COOKIE", "PAT"})
_PATHS = frozenset({"FILE", "PATH", "DIR", "FOLDER"})
# Traefik's basicAuth and digestAuth: user:hash,user:hash.
_USERS = re.compile(r"(?:basic|digest)auth\.users(?:\[\d+\])?$", re.IGNORECASE)
_FLAGS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "none"})
_PLACEHOLDER = re.compile(r"<[A-Za-z_][A-Za-z0-9_]*>")
# Shorter ones are looked for in the values of their own names only: they are parts of other words.
_SHORTEST = 6

# What is masked whatever it is called: group 1.
_FORMS = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"(-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|\Z))",
        # user:password@, the password with or without what should have been escaped; token@
        r"://[^/\s:@]{0,2000}:([^/\s]{1,2000}|[^\s@]{1,2000})@",
        r"://([^/\s:@]{1,2000}):?@",
        r"\b(?:[Bb]earer|[Bb]asic)\s+((?=\S*[0-9=+/])[A-Za-z0-9._~+/=-]{6,})",
        r"\b((?:sk-|gh[pousr]_|github_pat_|xox[abprs]-|hf_)[A-Za-z0-9_-]{8,})",
        r"\b(AKIA[0-9A-Z]{16})\b",
    )
)
# name=, "name": and `name`, in front of a value; --name in front of the next word.
_NAMED = re.compile(
    r"(?<![A-Za-z0-9_.-])(?:(?P<name>[A-Za-z0-9_.-]+)"
    r"(?:\s?=\s?|[\"']\s*:\s*|(?P<line>:\s+)|[`\"]\s*,\s*(?=[`\"]))"
    r"|(?P<flag>--?[A-Za-z][A-Za-z0-9-]*)\s+)"
)
_QUOTED = re.compile(r"([\"'`])(.*?)\1", re.DOTALL)
_WORD = re.compile(r"[^\s&;,\"'`)}\]]+")
_LINE = re.compile(r"[^\n\"'`]+")


def looks_secret(name: str) -> bool:
    """Whether what has this name is a secret: ``PROXY_API_KEY``, ``accessToken``, ``X-Api-Key``.

    Of a name with dots the last part counts, since the others are names of routers and the like.
    """
    last = re.sub(r"\[\d+\]$", "", name).rpartition(".")[2]
    words = [word for word in re.split(r"[^A-Z0-9]+", _CAMEL.sub("_", last).upper()) if word]
    if not words or words[-1] in _PATHS:
        return False
    return any(
        word in _WORDS or word.endswith(_AT_END) or any(part in word for part in _INSIDE)
        for word in words
    )


def masked(config: str | Mapping[str, object], known: Iterable[Secret] = ()) -> str:
    """Return a compose file without its secrets; what is no secret stays as it is written.

    :param config: YAML as ``docker compose config`` prints it, or the data.
    :param known: secrets that are masked wherever they stand.
    :raises ValueError: if it is no YAML.
    """
    text = _text(config)
    # What an alias stands for comes again: as a secret first.
    scalars = sorted(_scalars(text), key=lambda scalar: (scalar.start, not scalar.secret))
    masks = _Masks()
    for scalar in scalars:
        masks.mask(scalar.text, scalar.secret)
    values = masks.known | {secret.reveal() for secret in known}
    everywhere = sorted(values | {value.replace("$", "$$") for value in values}, key=len)[::-1]
    parts, position = [], 0
    for scalar in scalars:
        if scalar.start < position:
            continue
        shown = masks.mask(scalar.text, scalar.secret)
        for secret in everywhere:
            shown = shown.replace(secret, MASK)
        if shown != scalar.text:
            written = text[scalar.start : scalar.end]
            line_end = "\n" if written.endswith("\n") else ""
            parts += [text[position : scalar.start], json.dumps(shown, ensure_ascii=False)]
            parts += [line_end]
            position = scalar.end
    return "".join([*parts, text[position:]])


def masked_value(name: str, value: str) -> str:
    """Return the value of a variable or a label without its secrets."""
    return _Masks().mask(value, _is_secret(name))


def shown(text: str) -> str:
    """A line as it may be shown: without secrets, and without control characters."""
    return printable(masked_value("", text))


def printable(text: str) -> str:
    """A text without control characters."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def secrets_in(config: str | Mapping[str, object]) -> frozenset[Secret]:
    """Return what :func:`masked` masks, as far as it is long enough to be told from other words.

    :raises ValueError: if it is no YAML.
    """
    masks = _Masks()
    for scalar in _scalars(_text(config)):
        masks.mask(scalar.text.replace("$$", "$"), scalar.secret)
    return frozenset(map(Secret, masks.known))


def secrets_among(values: Iterable[tuple[str, str]]) -> frozenset[Secret]:
    """Return the secrets in values with their names, as they are and not as docker prints them."""
    masks = _Masks()
    for name, value in values:
        masks.mask(value, _is_secret(name))
    return frozenset(map(Secret, masks.known))


def _text(config: str | Mapping[str, object]) -> str:
    if isinstance(config, str):
        return config
    return str(yaml.dump(config, Dumper=_DUMPER, sort_keys=False, allow_unicode=True))


def _is_secret(name: str) -> bool:
    return looks_secret(name) or _USERS.search(name) is not None


# -- values ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Masks:
    """Masks values and keeps what it has masked."""

    known: set[str] = field(default_factory=set)

    def mask(self, value: str, secret: bool) -> str:
        """Return a value without its secrets.

        :param secret: whether the whole value is one.
        """
        if secret:
            return self._hidden(value)
        for form in _FORMS:
            value = form.sub(self._form, value)
        return self._named(value)

    def _hidden(self, value: str) -> str:
        stripped = value.strip()
        if not stripped or stripped.lower() in _FLAGS or _PLACEHOLDER.fullmatch(stripped):
            return value
        if len(stripped) >= _SHORTEST:
            self.known.add(stripped)
        return MASK

    def _form(self, match: re.Match[str]) -> str:
        start, end = match.start(1) - match.start(), match.end(1) - match.start()
        return match[0][:start] + self._hidden(match[1]) + match[0][end:]

    def _named(self, text: str) -> str:
        parts, position = [], 0
        for match in _NAMED.finditer(text):
            name = match["name"] or match["flag"]
            if match.start() < position or not looks_secret(name):
                continue
            shape = _LINE if match["line"] else _WORD
            value = _QUOTED.match(text, match.end()) or shape.match(text, match.end())
            if value is None or _is_count(name, value[0]):
                continue
            group = 2 if value.re is _QUOTED else 0
            start, end = value.span(group)
            parts += [text[position:start], self._hidden(value[group])]
            position = end
        return "".join([*parts, text[position:]])


def _is_count(name: str, value: str) -> bool:
    """Whether it is a number of tokens."""
    return name.upper().endswith("TOKENS") and value.strip().isdigit()


# -- files ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Scalar:
    """A value in a YAML text, from `start` to `end`, and whether it is a secret by its name."""

    text: str
    start: int
    end: int
    secret: bool


def _scalars(text: str) -> Iterator[_Scalar]:
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except (yaml.YAMLError, RecursionError):
        raise ValueError("no YAML") from None
    if root is not None:
        yield from _walk(root, (), False)


def _walk(node: yaml.Node, path: tuple[str, ...], secret: bool) -> Iterator[_Scalar]:
    """Yield the values in a tree, in order; `secret`: all that is in it is one."""
    if isinstance(node, yaml.MappingNode):
        # An extension is nobody's: its maps may hold secrets under any names.
        inherited = secret and path[0].startswith("x-")
        for key, value in node.value:
            name = str(key.value)
            inline = name == "content" and path[:1] == ("configs",)
            own = inline or _is_secret(name)
            yield from _walk(value, (*path, name), inherited or own)
    elif isinstance(node, yaml.SequenceNode):
        before = ""
        for value in node.value:
            flag = before.startswith("-") and "=" not in before and looks_secret(before)
            yield from _walk(value, path, secret or flag)
            before = str(value.value) if isinstance(value, yaml.ScalarNode) else ""
    elif not (path and _is_count(path[-1], node.value)):
        yield _Scalar(node.value, node.start_mark.index, node.end_mark.index, secret)
