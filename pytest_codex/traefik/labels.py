"""From containers and their labels to a configuration, as Traefik's Docker provider goes about it.

Every step can lose something, and what it loses decides what answers instead: a label that Traefik
cannot read loses its container, two definitions that differ lose each other, and a router that
refers to what is missing is out of use, so that requests fall to the next router that matches.

Source: Traefik documentation, "Docker provider"; what an error takes with it is observed on
Traefik 3.7.
"""

from __future__ import annotations

from collections.abc import Iterable

from pytest_codex.traefik.configuration import Configuration
from pytest_codex.traefik.container import Container
from pytest_codex.traefik.linking import link
from pytest_codex.traefik.merging import merge
from pytest_codex.traefik.provider import ProviderCrash, declarations
from pytest_codex.traefik.static import Static

__all__ = ["Container", "configure"]


def configure(containers: Iterable[Container], static: Static | None = None) -> Configuration:
    """What Traefik makes of containers.

    :raises TemplateError: if a router needs the default rule, and that is a Go template of a kind
        which is not understood here.
    """
    static = static or Static()
    try:
        found = [declarations(container, static) for container in containers]
    except ProviderCrash as crash:
        return link(merge(()), static, (crash.loss,))
    return link(merge(found), static)
