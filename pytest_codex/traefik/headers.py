"""The response headers that a ``headers`` middleware promises.

Source: Traefik documentation, "Headers" middleware; the values are those that Traefik writes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_FIELD = re.compile(r"traefik\.http\.middlewares\.[^.]+\.headers\.(.+)", re.IGNORECASE)
_SIMPLE = {
    "framedeny": ("X-Frame-Options", "DENY"),
    "contenttypenosniff": ("X-Content-Type-Options", "nosniff"),
    "browserxssfilter": ("X-XSS-Protection", "1; mode=block"),
}
_VALUED = {
    "referrerpolicy": "Referrer-Policy",
    "permissionspolicy": "Permissions-Policy",
    "contentsecuritypolicy": "Content-Security-Policy",
    "customframeoptionsvalue": "X-Frame-Options",
}


def promised_headers(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the security headers that labels promise for every response, by name.

    CORS headers are left out, since they depend on the request.
    """
    fields = {
        match[1]: value for label, value in labels.items() if (match := _FIELD.fullmatch(label))
    }
    lower = {name.lower(): value for name, value in fields.items()}
    promised = {
        header: value
        for field, (header, value) in _SIMPLE.items()
        if _is_true(lower.get(field, ""))
    }
    promised |= {header: lower[field] for field, header in _VALUED.items() if lower.get(field)}
    if int(lower.get("stsseconds") or "0"):
        parts = [f"max-age={lower['stsseconds']}"]
        parts += ["includeSubDomains"] * _is_true(lower.get("stsincludesubdomains", ""))
        parts += ["preload"] * _is_true(lower.get("stspreload", ""))
        promised["Strict-Transport-Security"] = "; ".join(parts)
    for name, value in fields.items():
        prefix, _, header = name.partition(".")
        cors = header.lower().startswith("access-control-")
        if prefix.lower() == "customresponseheaders" and value and not cors:
            promised[header] = value
    return promised


def _is_true(text: str) -> bool:
    return text.strip().lower() in ("true", "t", "1")
