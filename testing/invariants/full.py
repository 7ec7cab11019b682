"""Every change and every rewrite, put to the real Traefik: ``python -m testing.invariants.full``.

The application says 200 and the authentication server 401, so that whoever reaches the application
on a path that is not public got in without a key. Then ``no-way-in`` must have told; and the
request that it shows must get in. It takes some minutes, and ends with status 1 if that is not so.
"""

from __future__ import annotations

import shlex
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

from pytest_codex.compose.project import Project
from pytest_codex.compose.read import read
from pytest_codex.invariants.deployment import STATIC, Deployment, containers
from pytest_codex.invariants.findings import Finding
from pytest_codex.invariants.stack import Stack
from pytest_codex.invariants.verdict import judge
from pytest_codex.traefik.container import Container
from pytest_codex.traefik.requests import Request, routing_path
from testing.invariants.changes import CHANGES
from testing.invariants.rewrites import REWRITES
from testing.invariants.stacks import Variant, policy
from testing.traefik.backends import Backend
from testing.traefik.proxy import Proxy, running

HOST = "codex-api.example.com"
HOSTS = (
    "codex-dev.example.com", "old.example.com", "leak.example.com", "canary.example.com",
    "www.example.com", "www.example.com.", "extra.example.com", "new.example.com",
    "web.example.com", "other.test", "codex-api.example.org", "codex.example.org",
)  # fmt: skip
PATHS = (
    "/", "/v1", "/v1/models", "/v1/models/", "/v1/models/x", "/v1/x",
    "/V1/models", "/v1/models?debug=1", "/v1%2fmodels", "//v1//models", "/v1/models/../x",
    "/healthz", "/healthzz", "/health", "/readyz", "/readyzz", "/metrics", "/admin", "/extra",
)  # fmt: skip
CHAT = "/v1/chat/completions"
SECRET = (("X-Debug", "1"), ("User-Agent", "kube-probe/1"))
#: Requests that do not get in here, though they would elsewhere: from another address, with another
#: kind of key, to an address that is not this machine's, by chance, or past a redirection.
NOT_HERE = (
    "ClientIP",
    "from the house",
    "BasicAuth",
    "leads to http://",
    "a copy of",
    "a way from",
)


@dataclass(slots=True)
class Tally:
    """What came out."""

    variants: int = 0
    requests: int = 0
    ways: int = 0
    wrong: list[str] = field(default_factory=list)


def requests() -> Iterator[Request]:
    """Requests of many kinds, none with a key."""
    for path in PATHS:
        yield _request("GET", HOST, path)
    for method, headers in product(("POST", "HEAD", "OPTIONS", "PURGE"), ((), SECRET)):
        yield _request(method, HOST, CHAT, headers)
    for host, path in product(HOSTS, ("/extra", CHAT)):
        yield _request("POST", host, path)
    for path in ("/", CHAT):
        yield replace(_request("POST", HOST, path), entry_point="web", tls=False)


def _request(
    method: str, host: str, path: str, headers: tuple[tuple[str, str], ...] = ()
) -> Request:
    path, _, query = path.partition("?")
    return Request(method, host, path, headers, query, "127.0.0.1")


def shown(finding: Finding) -> Iterator[Request]:
    """The request of a finding, as whoever reads it would send it, to each entry point."""
    words = shlex.split(finding.request)
    if not words:
        return
    scheme, _, rest = words[-1].partition("://")
    host, slash, path = rest.partition("/")
    pairs = (words[n + 1].split(": ", 1) for n, word in enumerate(words) if word == "-H")
    headers = tuple((name, value) for name, value in pairs)
    request = _request(words[words.index("-X") + 1], host, slash + path, headers)
    for entry_point in STATIC.entry_points:
        yield replace(request, tls=scheme == "https", entry_point=entry_point)


def moved(project: Project, app: Backend, auth: Backend) -> list[Container]:
    """The containers of a project, with what they listen on here."""

    def here(text: str) -> str:
        text = text.replace("11435", str(app.port)).replace("http://app:", "http://127.0.0.1:")
        return text.replace("18080", str(auth.port)).replace("18081", str(auth.port))

    return [
        replace(
            container,
            labels={name: here(value) for name, value in container.labels.items()},
            ports=tuple(int(here(str(port))) for port in container.ports),
        )
        for container in containers(project)
    ]


def compare(name: str, variant: Variant, traefik: Proxy, tally: Tally) -> None:
    """Put one variant to Traefik, and add up what came out."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Backend(200).running() as app,
        Backend(401).running() as auth,
    ):
        project = read(variant.write(Path(folder)), variant.environ, profiles=variant.profiles)
        stack = Stack(Deployment.of(project), policy(variant.target, **variant.policy))
        found = judge("no-way-in", [stack]).findings
        traefik.load(moved(project, app, auth))
        ways = [each for each in requests() if _gets_in(each, app, traefik, tally)]
        tally.variants += 1
        tally.ways += bool(ways)
        if ways and not found:
            tally.wrong.append(f"{name}: not told: {ways[0].curl()}")
        if not any(word in name for word in NOT_HERE):
            for finding in found:
                sent = list(shown(finding))
                if sent and not any(_reaches(each, app, traefik, tally) for each in sent):
                    tally.wrong.append(f"{name}: does not get in: {finding.request}")


def _reaches(request: Request, app: Backend, traefik: Proxy, tally: Tally) -> bool:
    before = len(app.asked)
    traefik.ask(request)
    tally.requests += 1
    return len(app.asked) > before


def _gets_in(request: Request, app: Backend, traefik: Proxy, tally: Tally) -> bool:
    """Whether the application is asked for something that is not public."""
    if not _reaches(request, app, traefik, tally):
        return False
    return routing_path(app.asked[-1].split(" ", 1)[1]) not in policy("prod").public_paths


def main() -> int:
    """Put all of them to Traefik; return the exit status."""
    started = time.monotonic()
    tally = Tally()
    with running(STATIC) as traefik:
        for change in CHANGES:
            compare(change.name, change.variant, traefik, tally)
        for rewrite in REWRITES:
            compare(rewrite.name, rewrite.variant, traefik, tally)
    for line in tally.wrong:
        print(line)  # noqa: T201 - it is a script
    print(  # noqa: T201
        f"{tally.variants} files, {tally.ways} of them with a way in, {tally.requests} requests, "
        f"{len(tally.wrong)} disagreements, {time.monotonic() - started:.0f} s"
    )
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
