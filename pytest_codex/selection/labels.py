"""Whether a change inside a compose file touches Traefik's labels, or what else routing depends on.

That is, by Traefik's documentation of its Docker provider: which containers there are and how they
are called, their networks, their ports, and whether their health lets them take part. Everything
else concerns what runs in a container, as its image does. The invariants, which read more, are
another matter: by default they run whatever has changed.

Two versions are compared as the trees that they mean: anchors and merge keys resolved, lists of
labels as maps, without comments and layout. Variables stay as they are written, for their values
are not part of the change. On any doubt the answer is yes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from pytest_codex.compose.nodes import Items, Node, Scalar, Table, is_null
from pytest_codex.compose.places import Problem
from pytest_codex.compose.yaml_nodes import parse
from pytest_codex.errors import ConfigurationError
from pytest_codex.exchange.excerpt import visible

#: Nothing larger is compared; some thousand routers are 2 MB.
LARGEST = 10 * 2**20
#: The fields of a service that say nothing of routing. A field that is not known here does.
_APART = frozenset(
    """
    annotations attach blkio_config build cap_add cap_drop cgroup cgroup_parent command configs
    cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset
    credential_spec depends_on develop device_cgroup_rules devices dns dns_opt dns_search domainname
    entrypoint env_file environment extra_hosts gpus group_add hostname image init ipc isolation
    logging mac_address mem_limit mem_reservation mem_swappiness memswap_limit models
    oom_kill_disable oom_score_adj pid pids_limit platform post_start pre_stop privileged
    pull_policy pull_refresh_after read_only restart runtime secrets security_opt shm_size
    stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits user userns_mode
    uts volumes volumes_from working_dir
    """.split()  # noqa: SIM905 - a list would be eighty lines
)
#: The same of a file's sections.
_SECTIONS_APART = frozenset(("version", "volumes", "secrets", "configs", "models"))
#: What is in the name of an image that is Traefik itself, of which everything matters.
_TRAEFIK = "traefik"

#: How many differences are named.
_NAMED = 3
_MISSING = object()
_Said: TypeAlias = dict[tuple[str, str], object]


def touched(old: bytes | None, new: bytes | None) -> str:
    """Return what differs that routing depends on, by field and service: ``labels of app``.

    :param old: None: there was no such file, or it cannot be had; `new` likewise.
    """
    before, after = _read(old), _read(new)
    if before is None or after is None:
        return "what cannot be compared"
    found = list(_differences(before, after))
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return ", ".join(visible(each, 60) for each in found[:_NAMED]) + more


def _differences(before: _Said, after: _Said) -> Iterator[str]:
    """Yield what differs, by name; the order of maps does not count."""
    for what in dict.fromkeys((*before, *after)):
        if before.get(what, _MISSING) != after.get(what, _MISSING):
            service, key = what
            yield f"{key or 'all'} of {service}" if service else key


def _read(content: bytes | None) -> _Said | None:
    """Return what a version says that matters, None where that is in doubt."""
    if content is None or len(content) > LARGEST:
        return None
    problems: list[Problem] = []
    try:
        documents = parse(content.decode("utf-8-sig"), Path("compose"), problems)
    except (ConfigurationError, UnicodeDecodeError):
        return None
    if problems or len(documents) != 1 or not isinstance(documents[0], Table):
        return None
    return dict(_document(documents[0]))


def _document(document: Table) -> Iterator[tuple[tuple[str, str], object]]:
    """Yield what matters of a file: by service and field, or by section."""
    whole = _has_traefik(document)
    for section, entry in document.entries.items():
        if section == "services" and isinstance(entry.node, Table):
            yield ("", section), entry.node.tag
            for name, each in entry.node.entries.items():
                yield from _service(name, each.node, whole)
        elif not section.startswith("x-") and (whole or section not in _SECTIONS_APART):
            yield ("", section), _plain(entry.node)


def _has_traefik(document: Table) -> bool:
    services = document.get("services")
    if not isinstance(services, Table):
        return False
    nodes = [entry.node for entry in services.entries.values()]
    images = [node.get("image") for node in nodes if isinstance(node, Table)]
    return any(
        isinstance(image, Scalar) and _TRAEFIK in image.text.value.lower() for image in images
    )


def _service(name: str, node: Node, whole: bool) -> Iterator[tuple[tuple[str, str], object]]:
    if not isinstance(node, Table):
        yield (name, ""), _plain(node)
        return
    yield (name, ""), node.tag
    for key, entry in node.entries.items():
        if not key.startswith("x-") and (whole or key not in _APART):
            pairs = key in ("labels", "environment")
            yield (name, key), _pairs(entry.node) if pairs else _plain(entry.node)


def _pairs(node: Node) -> object:
    """Return labels or variables alike, whether written as a list or as a map."""
    pairs: dict[str, object] = {}
    if isinstance(node, Table):
        for key, entry in node.entries.items():
            if not isinstance(entry.node, Scalar) or entry.node.tag:
                return _plain(node)
            pairs[key] = None if is_null(entry.node) else entry.node.text.value
        return node.tag, pairs
    if isinstance(node, Items):
        for item in node.values:
            if not isinstance(item, Scalar) or item.kind != "text" or item.tag:
                return _plain(node)
            key, sign, value = item.text.value.partition("=")
            pairs[key] = value if sign else None
        if len(pairs) == len(node.values):
            return node.tag, pairs
    return _plain(node)


def _plain(node: Node) -> object:
    if isinstance(node, Table):
        return node.tag, {key: _plain(entry.node) for key, entry in node.entries.items()}
    if isinstance(node, Items):
        return node.tag, [_plain(value) for value in node.values]
    return node.tag, node.kind, node.text.value
