"""A request as Traefik's routers see it.

Source: Traefik documentation, "EntryPoints", "Path sanitization", and "HTTP Routers", "Rules"; the
escaping rules are those of Go's ``net/url``.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
#: What stays escaped when a path is matched (RFC 3986, 2.2, and the percent sign).
RESERVED_ESCAPES = frozenset(f"%{ord(each):02X}" for each in ":/?#[]@!$&'()*+,;=%")
#: Characters that Go leaves as they are when it writes a path, besides the unreserved ones …
_WRITTEN = frozenset("$&+,/:;=@")
#: … and those that it accepts in a path which it was given.
_ACCEPTED = _UNRESERVED | _WRITTEN | frozenset("!'()*[]%")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


@dataclass(frozen=True, slots=True)
class Request:
    """A request, as it is on the wire.

    :param method: case matters.
    :param host: the ``Host`` header, with its port if it has one.
    :param path: the path as sent, escapes and all.
    :param headers: names in any case, and values.
    :param query: what follows the question mark, as sent.
    :param client_ip: the address at the other end of the connection.
    :param tls: whether the connection is a TLS one.
    :param entry_point: the name of the entry point it comes in by.
    """

    method: str = "GET"
    host: str = ""
    path: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    query: str = ""
    client_ip: str = "192.0.2.1"
    tls: bool = True
    entry_point: str = "websecure"

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        folded = name.lower()
        return next((value for other, value in self.headers if other.lower() == folded), None)

    @property
    def url(self) -> str:
        """Its address, without a port."""
        query = f"?{self.query}" if self.query else ""
        return f"{'https' if self.tls else 'http'}://{self.host}{self.path}{query}"

    def curl(self) -> str:
        """It as a command line."""
        parts = ["curl", "-i", "--path-as-is", "-X", self.method]
        for name, value in self.headers:
            parts += ["-H", f"{name}: {value}"]
        return " ".join(_shell(part) for part in [*parts, self.url])


def _shell(word: str) -> str:
    safe = re.fullmatch(r"[A-Za-z0-9_@%+=:,./-]+", word)
    return word if safe else "'" + word.replace("'", "'\\''") + "'"


def canonical_host(host: str) -> str:
    """A ``Host`` header as routers compare it: without port and brackets, in lower case."""
    if ":" in host:
        found = re.fullmatch(r"\[([^\]]*)\](?::[^:]*)?|([^:\[\]]*):[^:]*", host)
        if found:
            host = found[1] if found[1] is not None else found[2]
    return host.strip().lower()


@lru_cache(maxsize=4096)  # a proof asks the same paths of every host
def routing_path(path: str, *, sanitize: bool = True) -> str | None:
    """The path that rules are compared with, or None where the answer is 400 before any routing.

    Escapes of unreserved characters are undone, ``//``, ``.`` and ``..`` are taken out, and then
    all escapes are undone but those of reserved characters.

    :param sanitize: the entry point's ``sanitizePath``.
    """
    if not path.startswith("/") or "#" in path or _CONTROL.search(path):
        return None
    path = path.partition("?")[0]
    if "%" in _ESCAPE.sub("", path):
        return None
    escaped = _normalised(path)
    if sanitize:
        escaped = _go_escaped(_cleaned(escaped))
    return _routing_form(escaped)


@lru_cache(maxsize=4096)
def raw_path(routing: str) -> str:
    """A path that can be sent and becomes this routing path, if any can."""
    parts = re.split(f"({'|'.join(sorted(RESERVED_ESCAPES))})", routing)
    return "".join(
        part if part in RESERVED_ESCAPES else quote(part, safe="/:@!$&'()*+,;=~") for part in parts
    )


def query_values(query: str) -> dict[str, list[str]]:
    """The values of each key, without malformed pairs. A semicolon separates as ``&`` does."""
    found: dict[str, list[str]] = {}
    for pair in query.replace(";", "&").split("&"):
        if not pair:
            continue
        key, _, value = pair.partition("=")
        if "%" in _ESCAPE.sub("", key) or "%" in _ESCAPE.sub("", value):
            continue
        found.setdefault(_plus_decoded(key), []).append(_plus_decoded(value))
    return found


def _plus_decoded(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "replace")


def _normalised(path: str) -> str:
    """A path with the escapes of unreserved characters undone, in the form that Go keeps."""
    if _go_written(_bytes(path)) == path:
        return path  # Go keeps no raw form of it, and there is nothing to undo
    return _go_escaped(_ESCAPE.sub(_without_unreserved, path))


def _without_unreserved(found: re.Match[str]) -> str:
    character = chr(int(found[0][1:], 16))
    return character if character in _UNRESERVED else found[0].upper()


def _go_escaped(path: str) -> str:
    """Go's ``URL.EscapedPath``: the path as given if it is well formed, else written anew."""
    return path if set(path) <= _ACCEPTED else _go_written(_bytes(path))


def _go_written(path: bytes) -> str:
    return "".join(
        chr(byte) if chr(byte) in _UNRESERVED or chr(byte) in _WRITTEN else f"%{byte:02X}"
        for byte in path
    )


def _bytes(path: str) -> bytes:
    return unquote_to_bytes(path)


def _cleaned(path: str) -> str:
    """Go's ``URL.JoinPath`` without elements."""
    clean = posixpath.normpath("/" + path.lstrip("/"))
    return clean + "/" if path.endswith("/") and not clean.endswith("/") else clean


def _routing_form(escaped: str) -> str:
    """Every escape undone but those of reserved characters."""
    pieces = re.split(r"(%[0-9A-Fa-f]{2})", escaped)
    decoded = b"".join(
        piece.encode()
        if piece in RESERVED_ESCAPES or not _ESCAPE.fullmatch(piece)
        else bytes([int(piece[1:], 16)])
        for piece in pieces
    )
    return decoded.decode("utf-8", "replace")
