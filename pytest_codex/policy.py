"""What is set in TOML only, and what is known without any configuration.

Apart from ``options.py`` because that is loaded in every pytest run of everybody.
"""

from __future__ import annotations

from pytest_codex.invariants.rules import RULES
from pytest_codex.options import OPTIONS, Kind, Option
from pytest_codex.probes.names import REFUSED

SUITES = ("smoke", "sse", "invariants")

#: Variables for the domains of the targets that are known without any configuration.
DOMAIN_ENVIRONMENT = {"prod": ("DOMAIN", "APP_DOMAIN"), "dev": ("DEV_DOMAIN",)}

#: What only TOML sets: how a target may differ from the Codex Completions API.
POLICY: tuple[Option, ...] = tuple(
    Option(name, kind, help_, default, flag=False, choices=choices)
    for name, kind, default, help_, choices in (
        ("domain_env", Kind.TEXT, None, "the environment variable with the domain", ()),
        ("key_env", Kind.TEXT, None, "the environment variable with the key", ()),
        ("suites", Kind.TEXTS, SUITES, "the suites that may run on it", SUITES),
        ("base_path", Kind.TEXT, "/v1", "the path in front of /models and /chat/completions", ()),
        ("health_path", Kind.TEXT, "/healthz", "the health check's path; empty if none", ()),
        ("health_expect", Kind.TABLE, {"ok": True}, "what its JSON must say; {} for anything", ()),
        ("ready_path", Kind.TEXT, "", "the readiness check's path, where there is one", ()),
        ("live_path", Kind.TEXT, "", "the liveness check's path, where there is one", ()),
        ("auth", Kind.TEXT, "required", "whether chat needs a key", ("required", "none")),
        ("models_public", Kind.SWITCH, True, "whether the models list needs no key", ()),
        ("model_aliases", Kind.TEXTS, (), "what else the answering model may be called", ()),
        ("other_environment", Kind.TEXT, "", "the model name that betrays another deployment", ()),
        (
            "accepts",
            Kind.TEXTS,
            (),
            "credentials besides the bearer key that it means to accept, such as x_api_key",
            REFUSED,
        ),
        ("models_slash", Kind.SWITCH, True, "whether /models/ answers as /models does", ()),
        (
            "unknown_model",
            Kind.TEXT,
            "refused",
            "what becomes of a model that does not exist",
            ("refused", "answered"),
        ),
        ("cors", Kind.SWITCH, True, "whether browsers are promised access", ()),
        ("cors_origin", Kind.TEXT, "https://app.example.com", "the Origin of the preflight", ()),
        ("done", Kind.TEXT, "required", "whether streams end in [DONE]", ("required", "optional")),
        (
            "usage",
            Kind.TEXT,
            "required",
            "token counts, in a stream when asked for: 'never' does not ask",
            ("required", "optional", "never"),
        ),
        (
            "usage_choices",
            Kind.TEXT,
            "empty",
            "the choices of a stream's usage chunk",
            ("empty", "any"),
        ),
        ("preamble", Kind.SWITCH, False, "whether streams may begin with choice-less chunks", ()),
        ("security_headers", Kind.TEXTS, (), "the security headers that responses must carry", ()),
        ("http2", Kind.SWITCH, False, "whether to offer HTTP/2", ()),
        # Not more than the shortest queue of connections that servers have, http.server's.
        ("concurrency", Kind.NUMBER, 6, "how many requests may be under way at once", ()),
        ("stack", Kind.TEXT, "", "what the names of its routers begin with; else found there", ()),
        ("entry_point", Kind.TEXT, "websecure", "the entry point of its routers", ()),
        ("traefik_network", Kind.TEXT, "traefik", "the network that it shares with Traefik", ()),
        ("auth_address", Kind.TEXT, "", "ForwardAuth's address; else any on loopback", ()),
        (
            "public_paths",
            Kind.TEXTS,
            ("/v1/models", "/v1/models/", "/healthz", "/readyz", "/livez"),
            "what may be reached without ForwardAuth",
            (),
        ),
        ("home", Kind.TEXT, "", "the seed folder that CODEX_HOME is mounted from", ()),
        ("app_environment", Kind.TABLE, {}, "variables that the application must have", ()),
        (
            "intended",
            Kind.TEXTS,
            (),
            "differences between dev and prod that are meant, as their findings name them",
            (),
        ),
        ("waived", Kind.TEXTS, (), "invariants that are not enforced", tuple(RULES)),
    )
)

#: Every setting, by its name in TOML and in the program.
BY_KEY = {option.key: option for option in (*OPTIONS, *POLICY)}

#: What is known of the Codex Completions API's own two deployments.
KNOWN_TARGETS: dict[str, dict[str, object]] = {
    "prod": {
        "model": "codex-5",
        "model_aliases": ("codex-5", "codev-5", "gpt-5"),
        "other_environment": "codev-5",
        "stack": "codex",
        "auth_address": "http://127.0.0.1:18080/verify",
        "home": ".codex-api",
        "app_environment": {
            "PROXY_SANDBOX_MODE": "danger-full-access",
            "PROXY_CODEX_WORKDIR": "/tmp/codex-work",  # noqa: S108 - the container's, not ours
        },
    },
    "dev": {
        "model": "codev-5",
        "model_aliases": ("codex-5", "codev-5", "gpt-5"),
        "other_environment": "codex-5",
        "stack": "codex-dev",
        "auth_address": "http://127.0.0.1:18081/verify",
        "home": ".codev",
    },
}
