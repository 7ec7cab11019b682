"""Ports, short (``127.0.0.1:8080:80/tcp``) and long.

Source: the Compose specification, "ports".
"""

from __future__ import annotations

import ipaddress
import re

from pytest_codex.compose.nodes import Node, Scalar, Table, as_items, as_text
from pytest_codex.compose.places import Place, Problem, Text, refused
from pytest_codex.compose.project import Port
from pytest_codex.errors import ConfigurationError

_RANGE = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_PROTOCOLS = ("tcp", "udp", "sctp")
_MOST = 2**16 * len(_PROTOCOLS)
_EXPECTED = "[address:][published:]target[/protocol], each a port or a range of as many"


def read_ports(node: Node, problems: list[Problem]) -> tuple[Port, ...]:
    """Return the ports of a service, a range as one port after another.

    A port that cannot be read because a variable in it is not set is told as a problem.

    :raises ConfigurationError: for any other that cannot be read.
    """
    ports: list[Port] = []
    for entry in as_items(node, "ports"):
        unset = _unset(entry)
        try:
            ports += _long(entry, unset) if isinstance(entry, Table) else _short(entry, unset)
        except ConfigurationError:
            if not unset:
                raise
            message = f"the port cannot be read while {', '.join(unset)} is not set"
            problems.append(Problem("unreadable-port", message, entry.at))
        if len(ports) > _MOST:
            raise refused(entry.at, "more ports than there are", "fewer or shorter ranges")
    return tuple(ports)


def _unset(entry: Node) -> tuple[str, ...]:
    scalars = [e.node for e in entry.entries.values()] if isinstance(entry, Table) else [entry]
    names = (name for node in scalars if isinstance(node, Scalar) for name in node.text.unset)
    return tuple(dict.fromkeys(names))


def _short(entry: Node, unset: tuple[str, ...]) -> list[Port]:
    text = as_text(entry, "a port")
    addresses, slash, protocol = text.value.partition("/")
    protocol = protocol.lower() if slash else "tcp"
    front, _, target = addresses.rpartition(":")
    host_ip, _, published = front.rpartition(":")
    host_ip = host_ip.removeprefix("[").removesuffix("]")
    targets, host_ports = _range(target), _range(published)
    if targets is None or (published and host_ports is None) or protocol not in _PROTOCOLS:
        raise refused(text.at, f"the port {text.value!r}", _EXPECTED)
    _check_address(host_ip, text.at)
    if host_ports is None or len(targets) == 1:
        return [Port(n, host_ports, host_ip, protocol, text.at, unset) for n in targets]
    if len(host_ports) != len(targets):
        raise refused(text.at, f"the port {text.value!r} with ranges unlike in length", _EXPECTED)
    return [
        Port(n, range(m, m + 1), host_ip, protocol, text.at, unset)
        for n, m in zip(targets, host_ports, strict=True)
    ]


def _long(entry: Table, unset: tuple[str, ...]) -> list[Port]:
    target, published = _field(entry, "target"), _field(entry, "published")
    host_ip, protocol = _field(entry, "host_ip"), _field(entry, "protocol")
    targets = _range(target.value)
    host_ports = _range(published.value)
    if targets is None or len(targets) != 1:
        raise refused(target.at, f"the target port {target.value!r}", "the container's port")
    if published.value and host_ports is None:
        raise refused(published.at, f"the published port {published.value!r}", "a port or a range")
    _check_address(host_ip.value, host_ip.at)
    return [Port(targets[0], host_ports, host_ip.value, protocol.value or "tcp", entry.at, unset)]


def _field(entry: Table, key: str) -> Text:
    node = entry.get(key)
    return Text("", entry.at) if node is None else as_text(node, f"a port's {key}")


def _range(written: str) -> range | None:
    match = _RANGE.fullmatch(written)
    if match is None:
        return None
    first, last = int(match[1]), int(match[2] or match[1])
    return range(first, last + 1) if 0 < first <= last <= 65535 else None


def _check_address(host_ip: str, at: Place) -> None:
    try:
        if host_ip:
            ipaddress.ip_address(host_ip)
    except ValueError:
        raise refused(at, f"the host address {host_ip!r} of a port", "an IP address") from None
