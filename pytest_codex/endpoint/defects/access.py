"""Who is let in: the key, CORS, the certificate and the security headers."""

from __future__ import annotations

import base64
from collections.abc import Callable

from ..answers import SECURITY, presented
from ..values import HTML, Answer
from .base import (
    BEHIND_AUTH,
    EVERYTHING,
    PREFLIGHT,
    REFUSED,
    REQUEST_ERRORS,
    Call,
    Defect,
    Edit,
    body,
    both,
    header,
    put,
    says,
    status,
)
from .gateways import page
from .public import unauthorized

# Name of the defect's end, the way to present a key (see `presentation`), in words.
WAYS = (
    ("no_key", "none", "a request without a key"),
    ("empty_bearer", "empty", "an empty bearer"),
    ("wrong_key", "wrong", "a wrong key"),
    ("key_prefix", "prefix", "a prefix of the key"),
    ("key_with_suffix", "suffix", "the key with more after it"),
    ("other_scheme", "scheme", "another scheme than Bearer"),
    ("key_in_x_api_key", "header", "the key in X-Api-Key"),
    ("key_in_query", "query", "the key in the query"),
)
RIGHT = frozenset({"right"})
ALL = RIGHT | {way for _, way, _ in WAYS}


def _percent(key: str) -> str:
    return "".join(f"%{byte:02X}" for byte in key.encode())


def _base64(key: str) -> str:
    return base64.b64encode(key.encode()).decode()


def _echo(how: Callable[[str], str]) -> Edit:
    """The presented key in the error's message."""

    def edit(answer: Answer, call: Call) -> Answer:
        key = presented(call.request)
        if not key:
            return answer
        return body(put("error", "message", value=f"cannot use token {how(key)}"))(answer, call)

    return edit


def _echo_in_header(answer: Answer, call: Call) -> Answer:
    key = presented(call.request).encode("ascii", "backslashreplace").decode()
    return answer.with_header("X-Debug-Token", key) if key else answer


AUTH = (
    Defect("open_to_everyone", "any caller is let in", settings=(("admitted", ALL),)),
    Defect(
        "open_on_stream_only",
        "any caller is let in to streams",
        settings=(("admitted_to_streams", ALL),),
    ),
    Defect(
        "open_on_non_stream_only",
        "any caller is let in to all but streams",
        settings=(("admitted_to_plain", ALL),),
    ),
    *(
        Defect(f"accepts_{name}", f"{what} is let in", settings=(("admitted", RIGHT | {way}),))
        for name, way, what in WAYS
    ),
    Defect("right_key_refused", "the right key is refused", settings=(("admitted", frozenset()),)),
    Defect(
        "refusal_is_a_login_redirect",
        "a refusal is a 302 to a login page",
        REFUSED,
        says(302, "", b"", ("Location", "https://login.example/signin"), *SECURITY),
    ),
    Defect(
        "forwardauth_unreachable",
        "ForwardAuth cannot call its server: 500 with an empty body, whatever the key",
        BEHIND_AUTH,
        says(500, "", b"", *SECURITY),
    ),
    Defect(
        "refusal_is_500",
        "a refusal is a 500 with an empty body; the right key works",
        REFUSED,
        says(500, "", b"", *SECURITY),
    ),
    Defect(
        "refusal_is_html",
        "a refusal is a 401 with an HTML page",
        REFUSED,
        says(401, HTML, page("401 Unauthorized"), ("WWW-Authenticate", "Bearer"), *SECURITY),
    ),
    Defect(
        "refusal_is_empty",
        "a refusal is a 401 with an empty body",
        REFUSED,
        says(401, "", b"", ("WWW-Authenticate", "Bearer"), *SECURITY),
    ),
    Defect("refusal_is_200", "a refusal is a 200 with an error object", REFUSED, status(200)),
    Defect(
        "refusal_without_www_authenticate",
        "a refusal has no WWW-Authenticate",
        REFUSED,
        header("WWW-Authenticate"),
    ),
    Defect(
        "key_echoed",
        "errors repeat the presented key in their message",
        REFUSED | REQUEST_ERRORS,
        _echo(str),
    ),
    Defect(
        "key_echoed_percent_encoded",
        "errors repeat the presented key percent-encoded",
        REFUSED | REQUEST_ERRORS,
        _echo(_percent),
    ),
    Defect(
        "key_echoed_base64",
        "errors repeat the presented key in base64",
        REFUSED | REQUEST_ERRORS,
        _echo(_base64),
    ),
    Defect(
        "key_echoed_in_header",
        "responses repeat the presented key in a header",
        BEHIND_AUTH,
        _echo_in_header,
    ),
)

CORS = (
    Defect(
        "preflight_401",
        "ForwardAuth stands before CORS: preflight gets 401",
        PREFLIGHT,
        unauthorized,
    ),
    Defect("preflight_500", "preflight gets 500", PREFLIGHT, says(500, "", b"", *SECURITY)),
    Defect(
        "preflight_418", "preflight falls through to Traefik's noop: 418", PREFLIGHT, says(418, "")
    ),
    Defect(
        "preflight_without_allow_origin",
        "preflight has no Access-Control-Allow-Origin",
        PREFLIGHT,
        header("Access-Control-Allow-Origin"),
    ),
    Defect(
        "preflight_allows_another_origin",
        "preflight admits another origin only",
        PREFLIGHT,
        header("Access-Control-Allow-Origin", "https://another.example"),
    ),
    Defect(
        "preflight_allow_origin_twice",
        "preflight has two Access-Control-Allow-Origin: proxy and app both set it",
        PREFLIGHT,
        header("Access-Control-Allow-Origin", "*", "*"),
    ),
    Defect(
        "preflight_without_post",
        "preflight does not admit POST",
        PREFLIGHT,
        header("Access-Control-Allow-Methods", "GET,HEAD,OPTIONS"),
    ),
    Defect(
        "preflight_without_authorization",
        "preflight does not admit the Authorization header",
        PREFLIGHT,
        header("Access-Control-Allow-Headers", "Content-Type,Accept"),
    ),
    Defect(
        "preflight_without_content_type",
        "preflight does not admit the Content-Type header",
        PREFLIGHT,
        header("Access-Control-Allow-Headers", "Authorization,Accept"),
    ),
    Defect(
        "preflight_any_origin_with_credentials",
        "preflight combines `*` with credentials",
        PREFLIGHT,
        header("Access-Control-Allow-Credentials", "true"),
    ),
)


def _redirect(scheme: str) -> Edit:
    def edit(answer: Answer, call: Call) -> Answer:
        host = call.request.headers.get("host", "localhost")
        location = ("Location", f"{scheme}://{host}{call.request.path}")
        return says(301, HTML, b"", location)(answer, call)

    return edit


EDGE = (
    *(
        Defect(f"certificate_{which}", what, settings=(("certificate", setting),))
        for which, setting, what in (
            ("expired", "expired", "the certificate expired yesterday"),
            ("expires_soon", "expires_soon", "the certificate has 10 days left"),
            ("expires_in_weeks", "expires_in_weeks", "the certificate has 18 days left"),
            ("for_another_name", "another_name", "the certificate is for another name"),
            ("untrusted", "untrusted", "the certificate is signed by a CA that is not announced"),
            ("traefik_default", "traefik_default", "CN=TRAEFIK DEFAULT CERT, self-signed"),
        )
    ),
    *(
        Defect(
            f"without_{name.lower().replace('-', '_')}",
            f"no response has {name}",
            EVERYTHING,
            header(name),
        )
        for name, _ in SECURITY
    ),
    Defect(
        "without_security_headers",
        "no response has any of the security headers",
        EVERYTHING,
        both(*(header(name) for name, _ in SECURITY)),
    ),
    Defect(
        "redirects_to_http", "every request is redirected to HTTP", EVERYTHING, _redirect("http")
    ),
    Defect(
        "redirects_to_itself",
        "every request is redirected to itself",
        EVERYTHING,
        _redirect("https"),
    ),
)

DEFECTS = AUTH + CORS + EDGE
