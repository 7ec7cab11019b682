"""What is wrong with the files as they are written, whatever they are about.

Source: the playbook, "Invariants the checks enforce" ("labels present"); that one label can take a
whole container with it is observed on Traefik 3.7.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pytest_codex.compose.environment import read_text
from pytest_codex.compose.interpolate import literal
from pytest_codex.compose.places import Place, Text
from pytest_codex.compose.project import Service
from pytest_codex.errors import did_you_mean
from pytest_codex.invariants.findings import Finding
from pytest_codex.invariants.stack import Stack
from pytest_codex.redaction import KEY_FORM, PRESENTED_FORM
from pytest_codex.traefik.schema import CONFIGURATION_PREFIXES, CONTAINER_PREFIXES

#: What can be noticed in a file and is no fault of the file: a clone has no ``.env``.
_ELSEWHERE = frozenset({"unset-variable"})
#: What may be meant, or be missing in a clone only.
_ADVISED = frozenset({"reset-without-effect", "missing-file"})


def file_is_unambiguous(stack: Stack) -> Iterator[Finding]:
    """What the compose reader has noticed."""
    for problem in stack.project.problems:
        if problem.rule in _ELSEWHERE:
            continue
        yield Finding(
            "file-is-unambiguous",
            problem.at,
            problem.message,
            "each name once, and nothing that does not exist",
            "keep one of the two lines" if problem.other else "mend or remove this line",
            other=problem.other,
            advice=problem.rule in _ADVISED,
        )
    for service in stack.project.services.values():
        yield from _differing_in_case(service)


def _differing_in_case(service: Service) -> Iterator[Finding]:
    """Labels that are two to docker and one to Traefik."""
    seen: dict[str, tuple[str, Text]] = {}
    for label, text in service.labels.items():
        folded = label.lower()
        if folded in seen and folded.startswith("traefik."):
            other, first = seen[folded]
            yield Finding(
                "file-is-unambiguous",
                text.at,
                f"label {label} is {other} to Traefik, which does not tell upper from lower case",
                "each name once",
                "keep one of the two lines",
                other=first.at,
            )
        seen.setdefault(folded, (label, text))


def variables_are_set(stack: Stack) -> Iterator[Finding]:
    """Labels, ports, mounts and the variables that other rules read."""
    for what, unset, at in _depending(stack):
        names = " and ".join(unset)
        yield Finding(
            "variables-are-set",
            at,
            f"{what} depends on {names}, which is not set",
            "a value whatever the environment is, ${NAME:-default} for example",
            f"give {names} a default here, or set it in .env or where this runs",
        )


def _depending(stack: Stack) -> Iterator[tuple[str, tuple[str, ...], Place]]:
    read = {"CODEX_HOME", "PORT", *stack.policy.app_environment}
    for service in stack.project.services.values():
        for label, text in service.labels.items():
            if text.unset and label.lower().startswith("traefik."):
                yield f"label {label}", text.unset, text.at
        for port in service.ports:
            if port.unset:
                yield f"a port of service {service.name}", port.unset, port.at
        for mount in service.volumes:
            if mount.unset:
                yield f"a mount of service {service.name}", mount.unset, mount.at
        for name, text in service.environment.items():
            if text.unset and name in read:
                yield f"variable {name} of service {service.name}", text.unset, text.at


def labels_take_effect(stack: Stack) -> Iterator[Finding]:
    """What was declared in vain, and what Traefik does not even look at."""
    configuration = stack.deployment.configuration
    for loss in configuration.losses:
        origins = loss.origins
        places = [stack.deployment.label_place(each) for each in origins if each.container]
        yield Finding(
            "labels-take-effect",
            places[0] if places else stack.top,
            f"{loss.reason}: {loss.scope.value} is lost, {loss.name}",
            "labels that Traefik reads",
            "correct this label" if len(places) < 2 else "declare it once",
            other=places[1] if len(places) > 1 else None,
        )
    for router in configuration.routers:
        if router.disabled and router.declared.lower() not in stack.four:
            yield Finding(
                "labels-take-effect",
                stack.deployment.place(router, "rule"),
                f"router {router.declared} is out of use: {router.disabled}",
                "a router that works",
                "mend it or remove its labels",
            )
    for service in stack.project.services.values():
        yield from _ignored(service)


_LOOKED_AT = tuple(f"{each.rstrip('.')}" for each in (*CONFIGURATION_PREFIXES, *CONTAINER_PREFIXES))


def _ignored(service: Service) -> Iterator[Finding]:
    for label, text in service.labels.items():
        folded = label.lower()
        root, _, rest = folded.partition(".")
        almost = root != "traefik" and did_you_mean(root, ["traefik"]) and "." in rest
        if root == "traefik" and folded.startswith(_LOOKED_AT) and label.startswith("traefik"):
            continue
        if root != "traefik" and not almost:
            continue
        near = did_you_mean(".".join(folded.split(".")[:2]), _LOOKED_AT)
        yield Finding(
            "labels-take-effect",
            text.at,
            f"Traefik does not look at the label {label}{near}",
            f"a label that begins with {', '.join(_LOOKED_AT)}",
            "correct its name, or remove it",
            advice=not near and not almost,
        )


# -- secrets --------------------------------------------------------------------------------------

#: Names of variables whose values are secrets go by their last word: MAX_TOKENS is none.
_SECRET_NAME = re.compile(
    r"(?:.*[_-])?(?:api|access|private|secret)?"
    r"(?:key|token|secret|password|passwd|passphrase|pass|pwd|credentials?)",
    re.IGNORECASE,
)
_WRITTEN_KEY = re.compile(KEY_FORM)
_SECRET_VALUE = re.compile(f"{KEY_FORM}|{PRESENTED_FORM}")
_NO_SECRET = frozenset({"true", "false", "yes", "no", "on", "off", "none", "null"})


def is_secret_name(name: str) -> bool:
    """Whether a variable of this name holds a secret."""
    return _SECRET_NAME.fullmatch(name) is not None


def no_literal_secret(stack: Stack) -> Iterator[Finding]:
    """By the variables' names, and by what well-known keys look like. No value is ever shown."""
    files = set(stack.project.files)
    told: set[Place] = set()
    for service in stack.project.services.values():
        for what, text, named in _texts(service):
            if text.at.file not in files:
                continue  # an env_file is where secrets belong
            written = literal(text)
            if _SECRET_VALUE.search(written) or (named and _is_value(written)):
                told.add(text.at)
                yield _secret(text.at, f"{what} of service {service.name}")
    for place in _written_keys(files):
        if place not in told:
            yield _secret(place, "a key")


def _secret(at: Place, what: str) -> Finding:
    return Finding(
        "no-literal-secret",
        at,
        f"{what} is written into the file",
        "a reference to a variable, ${NAME?…}",
        "move the value into .env, which git ignores, and exchange it for a new one: the history "
        "keeps this one",
    )


def _written_keys(files: Iterable[Path]) -> Iterator[Place]:
    """The lines with something that looks like a key, wherever it stands, comments included."""
    for file in files:
        for number, line in enumerate(read_text(file).split("\n"), 1):
            if _WRITTEN_KEY.search(line):
                yield Place(file, number)


def _texts(service: Service) -> Iterator[tuple[str, Text, bool]]:
    for name, text in service.environment.items():
        yield f"variable {name}", text, is_secret_name(name)
    for name, text in service.labels.items():
        yield f"a secret in label {name}", text, False
    for text in service.command or ():
        yield "a secret in the command", text, False


def _is_value(written: str) -> bool:
    return bool(written.strip()) and written.lower() not in _NO_SECRET and written[0] not in "/."
