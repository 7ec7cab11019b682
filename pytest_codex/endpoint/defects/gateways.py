"""What proxies answer in place of the app: one table, for chat, for streams and for every path."""

from __future__ import annotations

from ..answers import SECURITY
from ..values import HTML, JSON, TEXT, Cut, encode
from .base import CHAT, EVERYTHING, STREAM, Defect, Edit, before, says

CLOUDFLARE = (("Server", "cloudflare"), ("CF-RAY", "9a1b2c3d4e5f6789-AMS"))


def page(title: str, text: str = "") -> bytes:
    """A small HTML page."""
    return (
        f"<!DOCTYPE html>\n<html>\n<head><title>{title}</title></head>\n"
        f"<body>\n<h1>{title}</h1>\n<p>{text}</p>\n</body>\n</html>\n"
    ).encode()


def nginx(code: int, phrase: str) -> bytes:
    """nginx's own error page."""
    return (
        f"<html>\r\n<head><title>{code} {phrase}</title></head>\r\n<body>\r\n"
        f"<center><h1>{code} {phrase}</h1></center>\r\n"
        "<hr><center>nginx/1.27.3</center>\r\n</body>\r\n</html>\r\n"
    ).encode()


def fault(message: str, kind: str = "server_error", code: str | None = None) -> bytes:
    """An OpenAI error object."""
    return encode({"error": {"message": message, "type": kind, "param": None, "code": code}})


# End of the name, description, what is sent.
RESPONSES: tuple[tuple[str, str, Edit], ...] = (
    (
        "500_json_error",
        "500 with a JSON error object, from the app",
        says(500, JSON, fault("backend failed"), *SECURITY),
    ),
    ("500_empty", "500 with an empty body", says(500, "", b"", *SECURITY)),
    (
        "429_json_error",
        "429 with a JSON error object, from the app",
        says(
            429,
            JSON,
            fault("Rate limit reached", "rate_limit_error", "rate_limit_exceeded"),
            ("Retry-After", "20"),
            *SECURITY,
        ),
    ),
    (
        "429_traefik",
        "429 `Too Many Requests` with X-Retry-In, from Traefik's rate limit",
        says(429, TEXT, b"Too Many Requests", ("X-Retry-In", "1.5s"), ("Retry-After", "1")),
    ),
    ("502_traefik", "502 `Bad Gateway`, from Traefik", says(502, "", b"Bad Gateway", *SECURITY)),
    (
        "504_traefik",
        "504 `Gateway Timeout`, from Traefik",
        says(504, "", b"Gateway Timeout", *SECURITY),
    ),
    (
        "503_traefik",
        "503 `no available server`, from Traefik",
        says(503, TEXT, b"no available server\n", ("X-Content-Type-Options", "nosniff")),
    ),
    (
        "404_traefik",
        "404 `404 page not found`, from Traefik: no router",
        says(404, TEXT, b"404 page not found\n", ("X-Content-Type-Options", "nosniff")),
    ),
    (
        "524_cloudflare",
        "524 with an HTML page, from Cloudflare: the origin took too long",
        says(524, HTML, page("example.com | 524: A timeout occurred"), *CLOUDFLARE),
    ),
    (
        "521_cloudflare",
        "521 with an HTML page, from Cloudflare: the origin is down",
        says(521, HTML, page("example.com | 521: Web server is down"), *CLOUDFLARE),
    ),
    (
        "403_cloudflare_challenge",
        "403 with a challenge page, from Cloudflare's bot protection",
        says(403, HTML, page("Just a moment..."), ("cf-mitigated", "challenge"), *CLOUDFLARE),
    ),
    (
        "502_nginx",
        "502 with nginx's HTML page",
        says(502, "text/html", nginx(502, "Bad Gateway"), ("Server", "nginx/1.27.3")),
    ),
    (
        "504_nginx",
        "504 with nginx's HTML page",
        says(504, "text/html", nginx(504, "Gateway Time-out"), ("Server", "nginx/1.27.3")),
    ),
    (
        "200_html",
        "200 with the HTML page of another site",
        says(200, HTML, page("Welcome", "Please sign in."), *SECURITY),
    ),
    (
        "302_login",
        "302 to a login page on another host",
        says(302, "", b"", ("Location", "https://login.example/signin"), *SECURITY),
    ),
)

DEFECTS = (
    *(
        Defect(f"{subject}_{name}", f"{asked} gets {description}", kinds, edit)
        for subject, asked, kinds in (
            ("chat", "a non-stream call", CHAT),
            ("stream", "a stream call", STREAM),
            ("everything", "every request", EVERYTHING),
        )
        for name, description, edit in RESPONSES
    ),
    Defect(
        "reset_connection",
        "every request gets its connection reset (RST)",
        EVERYTHING,
        before(Cut(reset=True)),
    ),
    Defect(
        "close_without_answer",
        "every request gets its connection closed without a byte",
        EVERYTHING,
        before(Cut()),
    ),
    Defect(
        "chat_connection_reset",
        "a non-stream call gets its connection reset (RST)",
        CHAT,
        before(Cut(reset=True)),
    ),
    Defect(
        "stream_connection_reset",
        "a stream call gets its connection reset (RST)",
        STREAM,
        before(Cut(reset=True)),
    ),
)
