"""Exchanges as NDJSON, one file each: what an artifact holds, and how workers share a run.

The first line is the exchange without its body, then follows a line a read with the bytes that it
brought and when, in seconds. A file can be read by anybody, and be judged again by the same checks.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pytest_codex.exchange.exchange import (
    Echo,
    Exchange,
    Failure,
    FailureKind,
    Request,
    Timings,
    Tls,
)
from pytest_codex.exchange.transcript import Read
from pytest_codex.whole import write

FORMAT = 1


def save(exchange: Exchange, folder: Path, run: str) -> Path:
    """Write an exchange into a folder, whole or not at all, and return the file.

    :param run: what identifies the run; :func:`load` gives exchanges of the same run only.
    :raises OSError: if it cannot be written.
    """
    path = folder / f"{exchange.probe}.ndjson"
    text = "".join(json.dumps(line, ensure_ascii=True) + "\n" for line in _lines(exchange, run))
    write(path, text.encode())
    return path


def load(path: Path, run: str | None = None) -> Exchange | None:
    """Read an exchange; None if there is none, or if it is of another run.

    :raises ValueError: if the file is no exchange of a known format.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        head, *reads = [json.loads(line) for line in text.splitlines()]
        if head["format"] != FORMAT:
            raise ValueError(f"format {head['format']}")
        if run is not None and head["run"] != run:
            return None
        return _exchange(head["exchange"], reads)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: not a recorded exchange: {error!r}") from None


def _lines(exchange: Exchange, run: str) -> Iterator[Mapping[str, object]]:
    head = dataclasses.asdict(dataclasses.replace(exchange, body=b"", reads=()))
    del head["body"], head["reads"]
    head["request"]["body"] = _as_text(exchange.request.body)
    yield {"format": FORMAT, "run": run, "exchange": _plain(head)}
    start = 0
    for read in exchange.reads:
        yield {"at": read.at, "offset": start, **_as_text(exchange.body[start : read.end])}
        start = read.end


def _as_text(data: bytes) -> dict[str, str]:
    try:
        return {"text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def _as_bytes(entry: Mapping[str, Any]) -> bytes:
    if "text" in entry:
        return str(entry["text"]).encode("utf-8")
    return base64.b64decode(entry["base64"])


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _exchange(head: dict[str, Any], lines: list[dict[str, Any]]) -> Exchange:
    body = bytearray()
    reads = []
    for line in lines:
        body += _as_bytes(line)
        reads.append(Read(line["at"], len(body)))
    request = head["request"]
    tls = head["tls"]
    failure = head["failure"]
    return Exchange(
        **{
            **head,
            "request": Request(
                request["method"],
                request["url"],
                _pairs(request["headers"]),
                _as_bytes(request["body"]),
            ),
            "started": datetime.fromisoformat(head["started"]),
            "headers": _pairs(head["headers"]),
            "body": bytes(body),
            "reads": tuple(reads),
            "timings": Timings(**head["timings"]),
            "tls": tls
            and Tls(
                **{
                    **tls,
                    "names": tuple(tls["names"]),
                    "not_before": datetime.fromisoformat(tls["not_before"]),
                    "not_after": datetime.fromisoformat(tls["not_after"]),
                }
            ),
            "failure": failure and Failure(FailureKind(failure["kind"]), failure["message"]),
            "echoes": tuple(Echo(*echo) for echo in head["echoes"]),
        }
    )


def _pairs(pairs: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in pairs)
