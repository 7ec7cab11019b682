"""What middlewares are, what stops them from working, and which of them answer by themselves.

Source: Traefik documentation, "HTTP Middlewares"; which settings Traefik refuses is observed on
Traefik 3.7.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pytest_codex.traefik.configuration import Middleware
from pytest_codex.traefik.matching import network
from pytest_codex.traefik.regexes import RegexError, compile_regex
from pytest_codex.traefik.requests import Request

Fields = Mapping[str, Any]

#: The settings that make a ``headers`` middleware one for CORS.
_CORS = frozenset(
    {
        "AccessControlAllowCredentials",
        "AccessControlAllowHeaders",
        "AccessControlAllowMethods",
        "AccessControlAllowOriginList",
        "AccessControlAllowOriginListRegex",
        "AccessControlExposeHeaders",
        "AccessControlMaxAge",
        "AddVaryHeader",
    }
)

_REWRITING = frozenset(
    {"AddPrefix", "ReplacePath", "ReplacePathRegex", "StripPrefix", "StripPrefixRegex"}
)
_ENCODINGS = frozenset({"gzip", "br", "zstd"})
#: Settings of headers that count even if they are zero.
_COUNTS_AS_ZERO = frozenset({"AccessControlMaxAge", "STSSeconds"})
_STATUS = re.compile(r"[+-]?[0-9]+(-[+-]?[0-9]+)?")


# -- predicates -----------------------------------------------------------------------------------


def is_forward_auth(middleware: Middleware) -> bool:
    """Whether it asks another server if a request may pass."""
    return middleware.kind == "ForwardAuth"


def is_authentication(middleware: Middleware) -> bool:
    """Whether it lets nobody pass without credentials."""
    return middleware.kind in ("ForwardAuth", "BasicAuth", "DigestAuth")


def is_rate_limit(middleware: Middleware) -> bool:
    """Whether it limits how many requests pass in a time."""
    return middleware.kind == "RateLimit"


def is_cors(middleware: Middleware) -> bool:
    """Whether it writes CORS headers, and therefore answers preflight requests."""
    return middleware.kind == "Headers" and not _CORS.isdisjoint(middleware.fields)


def is_retry(middleware: Middleware) -> bool:
    """Whether it may send a request twice."""
    return middleware.kind == "Retry"


def is_buffering(middleware: Middleware) -> bool:
    """Whether it holds a response back until it is complete."""
    return middleware.kind == "Buffering"


def rewrites_path(middleware: Middleware) -> bool:
    """Whether what comes behind it sees another path than the router did."""
    return middleware.kind in _REWRITING


def compresses(middleware: Middleware, content_type: str) -> bool:
    """Whether it compresses responses of a content type, and so may hold them back."""
    if middleware.kind != "Compress":
        return False
    included = middleware.fields.get("IncludedContentTypes", ())
    excluded = middleware.fields.get("ExcludedContentTypes", ())
    return content_type in included if included else content_type not in excluded


def redirects(middleware: Middleware, request: Request) -> bool:
    """Whether it sends a request elsewhere; a proxy's ``X-Forwarded-Proto`` is not looked at."""
    if middleware.kind == "RedirectScheme":
        return bool(middleware.fields.get("Scheme") != ("https" if request.tls else "http"))
    if middleware.kind == "RedirectRegex" and not middleware.disabled:
        return compile_regex(middleware.fields.get("Regex", "")).search(request.url)
    return False


#: The headers that make a preflight of an ``OPTIONS`` request, with values.
PREFLIGHT = (
    ("Origin", "https://app.example.com"),
    ("Access-Control-Request-Method", "POST"),
)


def is_preflight(request: Request) -> bool:
    """Whether a request is a CORS preflight: the method alone does not make it one."""
    return bool(
        request.method == "OPTIONS"
        and request.header("Origin")
        and request.header("Access-Control-Request-Method")
    )


def met(chain: Iterable[Middleware], request: Request) -> tuple[Middleware, ...]:
    """The middlewares that a request meets: up to the one that answers it as a preflight."""
    found = []
    for middleware in chain:
        found.append(middleware)
        if is_cors(middleware) and is_preflight(request):
            break
    return tuple(found)


# -- what stops a middleware from working ---------------------------------------------------------


def defect(kind: str, fields: Fields) -> str:
    """Why Traefik cannot make a middleware of these fields; empty if it can.

    What depends on other definitions or on files is not looked at.
    """
    check = _CHECKS.get(kind)
    if check is None:
        return ""
    try:
        check(fields)
    except RegexError as error:
        return f"Go refuses the regular expression: {error.message}"
    except ValueError as error:
        return str(error)
    return ""


def _require(condition: object, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _add_prefix(fields: Fields) -> None:
    _require(fields.get("Prefix"), "the prefix is empty")


def _regex(name: str) -> Callable[[Fields], None]:
    return lambda fields: _compile(fields.get(name, ""))


def _compile(patterns: str | tuple[str, ...]) -> None:
    for pattern in (patterns,) if isinstance(patterns, str) else patterns:
        compile_regex(pattern)


def _strip_prefix_regex(fields: Fields) -> None:
    _compile(tuple(each.strip() for each in fields.get("Regex", ())))


def _allow_list(fields: Fields) -> None:
    _require(fields.get("SourceRange"), "the source range is empty")
    for source in fields["SourceRange"]:
        network(source)
    code = fields.get("RejectStatusCode", 403)
    _require(100 <= code <= 599, f"{code} is no HTTP status")


def _headers(fields: Fields) -> None:
    set_ = any(value or name in _COUNTS_AS_ZERO for name, value in fields.items())
    _require(set_, "no header is set")
    _compile(fields.get("AccessControlAllowOriginListRegex", ()))


def _statuses(fields: Fields) -> None:
    for block in fields.get("Status", ()):
        _require(_STATUS.fullmatch(block), f"{block!r} is no range of statuses")


def _source_criterion(fields: Fields) -> None:
    criterion = fields.get("SourceCriterion", {})
    chosen = [name for name in ("RequestHeaderName", "RequestHost", "IPStrategy")
              if criterion.get(name)]  # fmt: skip
    _require(len(chosen) < 2, f"{' and '.join(chosen)} exclude each other")


def _rate_limit(fields: Fields) -> None:
    _require(fields.get("Period", 0) >= 0, "the period is negative")
    _source_criterion(fields)


def _redirect_scheme(fields: Fields) -> None:
    _require(fields.get("Scheme"), "the scheme is missing")


def _basic_auth(fields: Fields) -> None:
    _require(fields.get("Users") or fields.get("UsersFile"), "there are no users")
    for user in fields.get("Users", ()):
        _require(user.count(":") == 1, "a user is not of the form name:hash")


def _digest_auth(fields: Fields) -> None:
    for user in fields.get("Users", ()):
        _require(user.count(":") == 2, "a user is not of the form name:realm:hash")


def _buffering(fields: Fields) -> None:
    for name in ("MaxRequestBodyBytes", "MemRequestBodyBytes", "MaxResponseBodyBytes",
                 "MemResponseBodyBytes"):  # fmt: skip
        _require(fields.get(name, 0) >= 0, f"{name} is negative")


def _circuit_breaker(fields: Fields) -> None:
    _require(fields.get("Expression"), "the expression is missing")


def _compress(fields: Fields) -> None:
    excluded, included = fields.get("ExcludedContentTypes"), fields.get("IncludedContentTypes")
    _require(not (excluded and included), "excluded and included content types exclude each other")
    encodings = fields.get("Encodings", ())
    for encoding in encodings:
        _require(encoding in _ENCODINGS, f"{encoding!r} is no encoding")
    default = fields.get("DefaultEncoding")
    _require(not default or default in encodings, f"{default!r} is no encoding")


def _retry(fields: Fields) -> None:
    _require(fields.get("Attempts", 0) > 0, "the number of attempts is missing")
    _statuses(fields)
    _require(
        fields.get("Status") or not fields.get("DisableRetryOnNetworkError"),
        "there is nothing to retry for",
    )


_CHECKS: Mapping[str, Callable[[Fields], None]] = {
    "AddPrefix": _add_prefix,
    "BasicAuth": _basic_auth,
    "Buffering": _buffering,
    "CircuitBreaker": _circuit_breaker,
    "Compress": _compress,
    "DigestAuth": _digest_auth,
    "Errors": _statuses,
    "ForwardAuth": _regex("AuthResponseHeadersRegex"),
    "Headers": _headers,
    "IPAllowList": _allow_list,
    "IPWhiteList": _allow_list,
    "InFlightReq": _source_criterion,
    "RateLimit": _rate_limit,
    "RedirectRegex": _regex("Regex"),
    "RedirectScheme": _redirect_scheme,
    "ReplacePathRegex": _regex("Regex"),
    "Retry": _retry,
    "StripPrefixRegex": _strip_prefix_regex,
}
