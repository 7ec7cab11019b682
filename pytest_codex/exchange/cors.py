"""Which pages an answer opens an endpoint to (Fetch standard, "CORS protocol")."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_codex.exchange.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Admitted:
    """What the answer to a preflight admits, by its ``Access-Control-Allow`` headers.

    :param origin: as it was sent; None if it was not.
    :param methods: in lower case, as the names of headers are.
    :param credentials: whether requests may carry cookies and the like.
    """

    origin: str | None
    methods: frozenset[str]
    headers: frozenset[str]
    credentials: bool

    @classmethod
    def of(cls, exchange: Exchange) -> Admitted:
        """Read the headers of an answer."""
        return cls(
            exchange.header("access-control-allow-origin"),
            _listed(exchange, "access-control-allow-methods"),
            _listed(exchange, "access-control-allow-headers"),
            _listed(exchange, "access-control-allow-credentials") == {"true"},
        )

    def has_origin(self, origin: str) -> bool:
        """Whether pages of an origin are admitted."""
        return self.origin in ("*", origin)

    def has_method(self, name: str) -> bool:
        """Whether a method is admitted."""
        return not self.methods.isdisjoint((name.lower(), "*"))

    def has_header(self, name: str) -> bool:
        """Whether a request's header is admitted; ``*`` does not cover ``Authorization``."""
        by_name = name.lower() in self.headers
        return by_name or (name.lower() != "authorization" and "*" in self.headers)

    @property
    def everybody_with_credentials(self) -> bool:
        """What browsers refuse: it means that nobody has chosen."""
        return self.origin == "*" and self.credentials


def _listed(exchange: Exchange, name: str) -> frozenset[str]:
    return frozenset(part.strip().lower() for part in (exchange.header(name) or "").split(","))
