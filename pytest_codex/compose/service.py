"""A service as one file writes it: short and long forms, lists and maps, become one form."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pytest_codex.compose.layers import (
    LISTS,
    Extends,
    Pairs,
    ServiceLayer,
    VariablesFile,
    unique,
)
from pytest_codex.compose.mounts import Folders, read_mounts
from pytest_codex.compose.nodes import (
    Items,
    Node,
    Scalar,
    Table,
    as_flag,
    as_items,
    as_table,
    as_text,
    as_texts,
    is_null,
)
from pytest_codex.compose.places import Place, Problem, Text, refused
from pytest_codex.compose.ports import read_ports
from pytest_codex.errors import did_you_mean

# Every field of a service in the Compose specification.
KEYS = frozenset(
    """
    annotations attach blkio_config build cap_add cap_drop cgroup cgroup_parent command configs
    container_name cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime
    cpu_shares cpus cpuset credential_spec depends_on deploy develop device_cgroup_rules devices
    dns dns_opt dns_search domainname entrypoint env_file environment expose extends external_links
    extra_hosts gpus group_add healthcheck hostname image init ipc isolation label_file labels links
    logging mac_address mem_limit mem_reservation mem_swappiness memswap_limit models network_mode
    networks oom_kill_disable oom_score_adj pid pids_limit platform ports post_start pre_stop
    privileged profiles provider pull_policy pull_refresh_after read_only restart runtime scale
    secrets security_opt shm_size stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs
    tty ulimits use_api_socket user userns_mode uts volumes volumes_from working_dir
    """.split()  # noqa: SIM905 - a list would be a hundred lines
)


def read_service(
    name: str, at: Place, node: Node, folders: Folders, problems: list[Problem]
) -> ServiceLayer:
    """Return what a file says of a service; fields that are of no use here are not looked at.

    Duplicates in lists are told as problems.

    :raises ConfigurationError: for a field of the wrong type or form.
    """
    table = as_table(node, f"service {name}")
    found: dict[str, Any] = {}
    cleared: set[str] = set()
    for key, (field, read) in _readers(folders, problems).items():
        entry = table.entries.get(key)
        if entry is None:
            continue
        if entry.node.tag:
            cleared.add(field)
        if entry.node.tag != "reset" and not is_null(entry.node):
            found[field] = read(entry.node)
            if field in LISTS:
                _tell_duplicates(field, found[field], problems)
                found[field] = unique(field, found[field])
    _tell_unknown(table, problems)
    return ServiceLayer(at, cleared=frozenset(cleared), **found)


def _readers(
    folders: Folders, problems: list[Problem]
) -> Mapping[str, tuple[str, Callable[[Node], object]]]:
    """Return by key the field of a layer and how it is read."""

    def pairs(what: str) -> Callable[[Node], Pairs]:
        return lambda node: _pairs(node, what, problems)

    def text(what: str) -> Callable[[Node], Text]:
        return lambda node: as_text(node, what)

    def texts(what: str) -> Callable[[Node], tuple[Text, ...]]:
        return lambda node: as_texts(node, what)

    return {
        "labels": ("labels", pairs("labels")),
        "environment": ("environment", pairs("environment")),
        "ports": ("ports", lambda node: read_ports(node, problems)),
        "expose": ("expose", texts("expose")),
        "volumes": ("volumes", lambda node: read_mounts(node, folders)),
        "networks": ("networks", _networks),
        "profiles": ("profiles", texts("profiles")),
        "env_file": ("env_files", lambda node: _variables_files(node, folders)),
        "label_file": ("label_files", lambda node: _variables_files(node, folders)),
        "network_mode": ("network_mode", text("network_mode")),
        "image": ("image", text("image")),
        "build": ("build", lambda node: _build(node, folders)),
        "command": ("command", _command),
        "container_name": ("container_name", text("container_name")),
        "extends": ("extends", _extends),
    }


def _tell_duplicates(field: str, entries: tuple[Any, ...], problems: list[Problem]) -> None:
    seen: dict[object, Place] = {}
    for entry in entries:
        identity = LISTS[field](entry)
        if identity in seen:
            message = f"this takes the place of an entry of {field} before it"
            problems.append(Problem("duplicate-entry", message, entry.at, seen[identity]))
        seen[identity] = entry.at


def _tell_unknown(table: Table, problems: list[Problem]) -> None:
    for key, entry in table.entries.items():
        if key not in KEYS and not key.startswith("x-"):
            message = f"a service has no {key!r}{did_you_mean(key, KEYS)}"
            problems.append(Problem("unknown-key", message, entry.at))


def _pairs(node: Node, what: str, problems: list[Problem]) -> Pairs:
    if isinstance(node, Items):
        return _listed(node, what, problems)
    entries: dict[str, Text | None] = {}
    places: dict[str, Place] = {}
    reset: dict[str, Place] = {}
    for key, entry in as_table(node, what).entries.items():
        if entry.node.tag == "reset":
            reset[key] = entry.at
            continue
        value = as_text(entry.node, f"{key} of {what}")
        # The key's line: the value may be an alias of something elsewhere.
        entries[key] = None if is_null(entry.node) else replace(value, at=entry.at)
        places[key] = entry.at
    return Pairs(entries, places, reset=reset)


def _listed(node: Items, what: str, problems: list[Problem]) -> Pairs:
    entries: dict[str, Text | None] = {}
    places: dict[str, Place] = {}
    for item in node.values:
        if not isinstance(item, Scalar) or item.kind != "text":
            raise refused(item.at, f"an entry of {what} that is no text", "- 'name=value'")
        key, sign, value = item.text.value.partition("=")
        if key in places:
            message = f"{key} is written twice in {what}; the last one counts"
            problems.append(Problem("duplicate-entry", message, item.at, places[key]))
        template = item.text.template and item.text.template.partition("=")[2]
        entries[key] = replace(item.text, value=value, template=template) if sign else None
        places[key] = item.at
    return Pairs(entries, places, listed=True)


def _networks(node: Node) -> Mapping[str, Place]:
    if isinstance(node, Items):
        return {text.value: text.at for text in as_texts(node, "networks")}
    return {key: entry.at for key, entry in as_table(node, "networks").entries.items()}


def _variables_files(node: Node, folders: Folders) -> tuple[VariablesFile, ...]:
    entries = node.values if isinstance(node, Items) else (node,)
    return tuple(_variables_file(entry, folders) for entry in entries)


def _variables_file(entry: Node, folders: Folders) -> VariablesFile:
    if not isinstance(entry, Table):
        return VariablesFile(folders.named(as_text(entry, "a file").value), entry.at)
    path, required, style = (entry.get(key) for key in ("path", "required", "format"))
    if path is None:
        raise refused(entry.at, "an env_file without a path", "path: and a file")
    return VariablesFile(
        folders.named(as_text(path, "an env_file's path").value),
        path.at,
        required is None or as_flag(required, "an env_file's required"),
        style is not None and as_text(style, "an env_file's format").value == "raw",
    )


def _build(node: Node, folders: Folders) -> Text:
    context = node.get("context") if isinstance(node, Table) else node
    if context is None:
        return Text(folders.resolve("."), node.at)
    text = as_text(context, "build")
    return text if "://" in text.value else replace(text, value=folders.resolve(text.value))


def _command(node: Node) -> tuple[Text, ...]:
    if isinstance(node, Items):
        return tuple(as_text(item, "a word of command") for item in as_items(node, "command"))
    text = as_text(node, "command")
    try:
        return tuple(replace(text, value=word) for word in shlex.split(text.value))
    except ValueError:
        raise refused(text.at, "a command whose quotes do not close", "closed quotes") from None


def _extends(node: Node) -> Extends:
    if not isinstance(node, Table):
        return Extends(as_text(node, "extends"), None)
    service, file = node.get("service"), node.get("file")
    if service is None:
        raise refused(node.at, "extends without a service", "service: and its name")
    return Extends(
        as_text(service, "extends.service"), as_text(file, "extends.file") if file else None
    )
