"""A target: a deployment to verify, with everything that the checks need to know of it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pytest_codex.errors import ConfigurationError
from pytest_codex.redaction import Secret

EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class Address:
    """Where HTTP is spoken: scheme, host and port."""

    scheme: str
    host: str
    port: int

    @property
    def url(self) -> str:
        """The address as a URL without a path; the scheme's own port is left out."""
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """The value of a ``Host`` header for this address."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _USUAL_PORT[self.scheme] else f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether it cannot lead off this machine."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?")
_USUAL_PORT = {"https": 443, "http": 80}


def parse_address(text: str, source: str, scheme: str = "https") -> Address:
    """Read ``HOST[:PORT]``, ``https://HOST[:PORT]`` or, for loopback only, ``http://HOST[:PORT]``.

    :raises ConfigurationError: naming the source, what is wrong with the text and what is expected.
    """
    url = text if "://" in text else f"{scheme}://{text}"
    try:
        address = _address(url)
    except ValueError as error:
        raise ConfigurationError(f"{source}: {_without_credentials(text)!r} {error}") from None
    return address


def _address(url: str) -> Address:
    expected = "expected HOST or HOST:PORT"
    if "@" in url:
        raise ValueError("has credentials in it; give the host only, and the key with KEY or --key")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"is not an address ({error}); {expected}") from None
    if parts.scheme not in _USUAL_PORT:
        raise ValueError(f"has the scheme {parts.scheme!r}; expected https")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(
            "has more than a host in it; give HOST or HOST:PORT only "
            "(the API's path is base_path in the configuration, /v1 by default)"
        )
    host = _host(parts.hostname or "")
    if port == 0:
        raise ValueError("has port 0; expected 1 to 65535")
    address = Address(parts.scheme, host, port or _USUAL_PORT[parts.scheme])
    if address.scheme == "http" and not address.is_loopback:
        raise ValueError(
            "is plain HTTP to another machine, where the key would travel in the clear; use https"
        )
    return address


def _host(host: str) -> str:
    if not host:
        raise ValueError("names no host; expected HOST or HOST:PORT")
    if ":" in host:  # an IPv6 address, which urlsplit has validated
        return host
    try:
        host = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        raise ValueError("is not a host name") from None
    if not _HOST.fullmatch(host):
        raise ValueError("is not a host name; expected HOST or HOST:PORT")
    return host


def _without_credentials(text: str) -> str:
    return re.sub(r"^(\w+://)?.*@", r"\1***@", text, flags=re.DOTALL)


@dataclass(frozen=True, slots=True)
class Budgets:
    """How long things may take, in seconds."""

    connect: float
    request: float
    nonstream: float
    stream: float
    first_event: float
    idle: float


@dataclass(frozen=True, slots=True)
class Policy:
    """In what an endpoint may legitimately differ from the Codex Completions API."""

    base_path: str
    health_path: str
    health_expect: Mapping[str, object]
    ready_path: str
    live_path: str
    auth: str
    models_public: bool
    models_slash: bool
    accepts: tuple[str, ...]
    unknown_model: str
    model_aliases: tuple[str, ...]
    other_environment: str
    cors: bool
    cors_origin: str
    done: str
    usage: str
    usage_choices: str
    preamble: bool
    security_headers: tuple[str, ...]
    http2: bool
    concurrency: int


@dataclass(frozen=True, slots=True)
class Target:
    """A deployment to verify.

    ``sources`` says of each setting where its value came from; ``origin`` is where the proxy in
    front of it is reached directly, with the same ``Host`` and SNI.
    """

    name: str
    address: Address
    key: Secret | None
    model: str
    budgets: Budgets
    policy: Policy
    suites: tuple[str, ...]
    origin: Address | None = None
    embedded: bool = False
    ca_file: str | None = None
    sources: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Target {self.name}: {self.address.url}>"

    @property
    def domain(self) -> str:
        """The host, with the port if it is not the scheme's own."""
        return self.address.authority

    def url(self, path: str) -> str:
        """Return the URL of a path of this target."""
        return self.address.url + path

    @property
    def lists_models(self) -> str:
        """The probe that must be answered with the models list."""
        return "models" if self.policy.models_public else "models_with_key"

    @property
    def models_family(self) -> tuple[str, ...]:
        """What the names of models that answer for this target's model may begin with."""
        return (self.model, *self.policy.model_aliases)
