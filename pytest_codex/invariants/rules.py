"""The catalogue of invariants: what each demands and why. Reports and documentation are made of it.

Source: the playbook, "Principles", "Map DEV settings to PROD" and "Invariants the checks enforce",
as far as a rule names no other. It imports nothing, because the table of settings has the names.
"""

from __future__ import annotations

from typing import NamedTuple


class Rule(NamedTuple):
    """An invariant.

    :param name: what a setting and a report call it.
    :param demands: the rule as a sentence.
    :param why: what happens where it is broken, as a sentence.
    :param about: ``stack``: each compose project by itself; ``pair``: dev and prod together;
        ``repository``: the files beside them.
    :param advises: whether its findings are advice, which does not fail a run.
    """

    name: str
    demands: str
    why: str
    about: str = "stack"
    advises: bool = False


_RULES = (
    Rule(
        "file-is-unambiguous",
        "No key of a mapping and no label, variable or path is written twice, and everything that "
        "a file refers to exists.",
        "Of two values one is lost without a word, and who reads the file sees the other.",
    ),
    Rule(
        "variables-are-set",
        "No label and nothing else that an invariant reads depends on a variable that is not set "
        "and has no default.",
        "The value is empty when the stack is started in the same way, and a rule or an address "
        "with it.",
    ),
    Rule(
        "labels-take-effect",
        "Traefik understands every label that begins with traefik.",
        "One label that it does not understand takes every router and middleware of its container "
        "with it; one that it does not look at does nothing.",
    ),
    Rule(
        "routers-exist",
        "The api, preflight, models and health routers exist, are enabled on the right host, entry "
        "point and TLS, and lead to the application (preflight: to nobody).",
        "What such a router answers falls to the next one that matches, or to a 404.",
    ),
    Rule(
        "routers-answer-what-they-must",
        "Chat and every other path of the API belong to the api router, preflight requests to the "
        "preflight router, the models list to the models router, /healthz to the health router.",
        "Requests pass through another chain of middlewares than the one meant for them.",
    ),
    Rule(
        "no-tie",
        "No two routers of one priority match the same request.",
        "Traefik picks one of them at random whenever it reads its configuration.",
    ),
    Rule(
        "no-way-in",
        "No request reaches the application without ForwardAuth, except on the public paths.",
        "Whoever sends it uses the application without a key.",
    ),
    Rule(
        "ports-on-loopback",
        "Ports are published on the host's loopback address only.",
        "A published port is reached past Traefik, and so without a key.",
    ),
    Rule(
        "public-stays-public",
        "Models list, health check and preflight never meet ForwardAuth.",
        "Clients without a key, browsers that ask first and monitors are turned away.",
    ),
    Rule(
        "middlewares-exist",
        "Every middleware that a router names exists and works.",
        "Traefik takes the router out of use, and its requests fall to the next one that matches.",
    ),
    Rule(
        "chain-order",
        "CORS, security headers and rate limit come before ForwardAuth, in that order, and "
        "ForwardAuth comes last.",
        "Refusals lack the CORS headers, so that browsers hide why; or the authentication server "
        "is not shielded by the rate limit.",
    ),
    Rule(
        "cors-without-credentials",
        "CORS never admits every origin together with credentials.",
        "Any web page may act with the credentials of whoever visits it. "
        '(Fetch Standard, "CORS protocol and credentials")',
    ),
    Rule(
        "forwardauth-address",
        "ForwardAuth asks the authentication server on the host's loopback, at the stack's own "
        "port.",
        "Traefik is a service of the host: elsewhere it finds nobody and answers 500, or another "
        "stack's server that accepts other keys.",
    ),
    Rule(
        "forwardauth-sends-authorization",
        "ForwardAuth hands on the Authorization header.",
        "The authentication server never sees a key and refuses everybody.",
    ),
    Rule(
        "auth-server-is-published",
        "A service publishes ForwardAuth's port on loopback only, to the port that it listens on.",
        "ForwardAuth finds nobody there, and Traefik answers 500.",
    ),
    Rule(
        "traefik-network",
        "Traefik is told of its own network, which is external, and the service joins it.",
        "Traefik takes another network's address, which it cannot reach: 504 now and then.",
    ),
    Rule(
        "traefik-enabled",
        "The service says traefik.enable=true.",
        "Traefik does not serve what does not say so.",
    ),
    Rule(
        "service-port",
        "Traefik sends requests to the port that the application listens on.",
        "Nobody listens there: 502.",
    ),
    Rule(
        "home-is-mounted",
        "The stack's own seed folder is mounted writable, and CODEX_HOME points at it.",
        "The application writes its sessions there: it fails at the first request, or uses the "
        "other stack's settings and credentials.",
    ),
    Rule(
        "app-environment",
        "The application's variables have the values that the playbook keeps.",
        "Requests that need tools fail in another sandbox, or in a folder that is not writable.",
    ),
    Rule(
        "no-literal-secret",
        "No secret is written into a compose file.",
        "Whoever reads the repository has it, and so does its history.",
    ),
    Rule(
        "nothing-buffers-streams",
        "No middleware on the way of a streamed answer holds it back: no buffering, no retry, no "
        "compression of text/event-stream.",
        "Events arrive in bursts or at the end, and clients time out.",
    ),
    Rule(
        "model-agrees-with-docker",
        "The real docker compose, where there is one, reads the files as the invariants do.",
        "What was judged is not what docker compose starts.",
    ),
    Rule(
        "routing-is-the-same",
        "Routers, rules, chains and middlewares of dev and prod differ in nothing that is not "
        "meant to.",
        "What was validated on dev is not what prod runs.",
        "pair",
    ),
    Rule(
        "environment-is-the-same",
        "The application's variables and mounts of dev and prod differ in nothing that is not "
        "meant to. (Advice.)",
        "What was validated on dev is not what prod runs.",
        "pair",
        advises=True,
    ),
    Rule(
        "seeds-are-in-step",
        "The seed files of prod exist and equal those of dev.",
        "Prod starts with other settings than those that were validated.",
        "repository",
    ),
    Rule(
        "no-tracked-credentials",
        "No credentials are tracked by git.",
        "Whoever has the repository has them, and so does its history.",
        "repository",
    ),
)

#: Every rule by its name, in the order of reports.
RULES = {rule.name: rule for rule in _RULES}
