"""What one run holds: the targets it verifies, their recorders and their results folders."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLContext
from typing import Any, Protocol

from pytest_codex.diagnosis import Cause, Level, cause, is_protected, telling
from pytest_codex.endpoint.launcher import EndpointError, Running, launch
from pytest_codex.errors import ConfigurationError
from pytest_codex.exchange.excerpt import harmless
from pytest_codex.exchange.exchange import Exchange
from pytest_codex.exchange.store import save
from pytest_codex.probes.catalogue import CATALOGUE
from pytest_codex.probes.certificate import tls_context
from pytest_codex.probes.pending import Pending
from pytest_codex.probes.recorder import Recorder, with_prerequisites
from pytest_codex.probes.transport import Transport
from pytest_codex.redaction import Scrubber, Secret
from pytest_codex.report.artifacts import Results, unusable
from pytest_codex.settings import Settings
from pytest_codex.targets import Target, parse_address
from pytest_codex.whole import write

#: How long another thread may hold the interpreter while exchanges are recorded, in seconds.
_SWITCH_INTERVAL = 0.0005


class Records(Protocol):
    """What gives exchanges: a recorder of this process, or one that several processes share."""

    def start(self) -> None:
        """Start recording."""

    def exchange(self, name: str) -> Exchange:
        """Return an exchange, waiting for it."""

    def exchanges(self) -> dict[str, Exchange]:
        """Return those that are over."""

    def pending(self) -> list[Pending]:
        """Return those that this process has under way."""

    def close(self, *, interrupted: bool) -> None:
        """End recording."""


@dataclass(frozen=True, slots=True)
class Check:
    """A selected check: the probes that it needs, and the level that it judges, if any."""

    nodeid: str
    target: str
    probes: tuple[str, ...]
    judges: Level | None = None


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a check cannot judge; ``because_of`` is the check that fails for it, None if nobody does
    and this one has to."""

    cause: Cause
    because_of: str | None


class Session:
    """The live part of a run.

    :param run: identifies the run, over all its processes.
    :param shared: whether other processes verify the same targets at the same time.
    """

    def __init__(self, settings: Settings, run: str, *, shared: bool) -> None:
        self.settings = settings
        self.run = run
        self._shared = shared
        self.targets: dict[str, Target] = {}
        self.checks: list[Check] = []
        self._by_nodeid: dict[str, Check] = {}
        self._records: dict[str, Records] = {}
        self._planned: dict[str, list[str]] = {}
        self._obstacles: dict[tuple[str, str], Obstacle | None] = {}
        self._endpoints: list[Running] = []
        self._switch_interval: float | None = None
        #: Why exchanges are not in the results, by their targets; judging does without.
        self.unwritten: dict[str, list[str]] = {}
        #: Entered around whatever waits for exchanges.
        self.awaiting: Callable[[], contextlib.AbstractContextManager[None]] = (
            contextlib.nullcontext
        )

    # -- before anything is sent ------------------------------------------------------------------

    def resolve(self, shared: Mapping[str, Any] | None = None) -> None:
        """Resolve every target, starting embedded endpoints unless somebody else did.

        :param shared: in a worker, what the controller said: its error, or by target where the
            embedded endpoint is, and its key.
        :raises ConfigurationError: for what is missing or cannot be used.
        """
        if shared and shared["error"]:
            raise ConfigurationError(shared["error"])
        self.targets = {name: self.settings.target(name) for name in self.settings.target_names}
        for target in self.targets.values():
            if self.settings.embedded_defects and not target.embedded:
                raise ConfigurationError(
                    "--embedded-defect is for --domain=embedded; "
                    f"the domain of target {target.name} is {target.domain}"
                )
        for name, target in self.targets.items():
            if target.embedded:
                self.targets[name] = _at_embedded(target, self._endpoint(target, shared))

    def _endpoint(self, target: Target, shared: Mapping[str, Any] | None) -> Mapping[str, str]:
        """Return where a target's embedded endpoint is, and its key."""
        if shared is None:
            return self._start_endpoint(target)
        if target.name not in shared["embedded"]:
            raise ConfigurationError(
                "under pytest-xdist the embedded endpoint has to be asked for on the command line: "
                "--domain=embedded, or --target where the domain is configured"
            )
        known: Mapping[str, str] = shared["embedded"][target.name]
        return known

    def embedded(self) -> dict[str, dict[str, str]]:
        """Where the embedded endpoints of this run are, for other processes."""
        return {
            name: {
                "url": target.address.url,
                "key": target.key.reveal() if target.key else "",
                "ca_file": target.ca_file or "",
            }
            for name, target in self.targets.items()
            if target.embedded
        }

    def _start_endpoint(self, target: Target) -> dict[str, str]:
        environment = "dev" if target.model.startswith("codev") else "prod"
        key = target.key.reveal() if target.key else None
        try:
            running = launch(environment, self.settings.embedded_defects, key)
        except EndpointError as error:
            self.close(interrupted=True)
            raise ConfigurationError(str(error)) from None
        self._endpoints.append(running)
        return {"url": running.url, "key": running.key, "ca_file": running.ca_file or ""}

    def secrets(self) -> list[Secret]:
        """Return the keys of all targets."""
        return [target.key for target in self.targets.values() if target.key is not None]

    def scrubber(self) -> Scrubber:
        """Return what keeps the keys of all targets out of reports."""
        return Scrubber(self.secrets())

    def results(self, target: str) -> Results:
        """Return a target's results folder."""
        return Results(self.settings.results_dir, target)

    # -- recording --------------------------------------------------------------------------------

    def start(self, checks: Iterable[Check]) -> None:
        """Start every probe that the selected checks need.

        :raises ConfigurationError: if a key is required and missing, if an authority cannot be
            loaded, or if results cannot be written.
        """
        self.checks = list(checks)
        self._by_nodeid = {check.nodeid: check for check in self.checks}
        for check in self.checks:
            self._planned.setdefault(check.target, []).extend(check.probes)
        try:
            self._start()
        except ConfigurationError:
            self.close(interrupted=True)
            raise

    def _start(self) -> None:
        contexts = {}
        for name, probes in self._planned.items():
            target = self.targets[name]
            self._planned[name] = with_prerequisites(probes)
            self._refuse_without_key(target, probes)
            contexts[name] = tls_context(os.environ, target.ca_file)
            require_http2(target)
        if self._shared:
            _require("filelock", "xdist", "several processes share this run")
        for name in self._planned:
            results = self.results(name)
            results.prepare(self.run)
            try:
                if self._shared:
                    self._tell_selected(name)
            except OSError as error:
                raise unusable(results.folder, error) from None
        # A test that keeps the interpreter busy then delays a recorded time by a tenth as much.
        self._switch_interval = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_INTERVAL)
        for name, probes in self._planned.items():
            self._records[name] = self._record(self.targets[name], contexts[name], probes)
            self._records[name].start()

    def _tell_selected(self, target: str) -> None:
        """Leave word for the controller, which collects nothing; every worker says the same."""
        write(self._selection_file(target), json.dumps(self.selected(target)).encode())

    def _selection_file(self, target: str) -> Path:
        return self.results(target).exchanges / f".selected-{self.run}.json"

    def selected(self, target: str) -> list[str]:
        """Return the node ids of the target's selected checks, as far as this process knows."""
        if self.checks:
            return [check.nodeid for check in self.checks if check.target == target]
        with contextlib.suppress(OSError, ValueError):
            text = self._selection_file(target).read_text(encoding="utf-8")
            return [str(nodeid) for nodeid in json.loads(text)]
        return []

    def has_planned(self, nodeid: str, probe: str) -> bool:
        """Whether the plan has a probe for a check."""
        return nodeid in self._by_nodeid and probe in self._by_nodeid[nodeid].probes

    def _refuse_without_key(self, target: Target, probes: Iterable[str]) -> None:
        required = self.settings.require_key
        if target.key is not None or target.policy.auth != "required" or not required.value:
            return
        if any(CATALOGUE[probe].needs_key for probe in probes):
            variables = " or ".join(self.settings.key_variables(target.name))
            source = target.sources["key"]
            why = "" if source == "default" else f" ({source})"
            raise ConfigurationError(
                f"no key for target {target.name}{why}, and one is required ({required.source}): "
                f"set {variables}, or --key=env:NAME; --no-require-key verifies what needs no key"
            )

    def _record(self, target: Target, context: SSLContext, probes: Iterable[str]) -> Records:
        results = self.results(target.name)
        folder = results.exchanges

        def make(names: Iterable[str]) -> Recorder:
            return Recorder(
                names,
                lambda lag: Transport(target, context, lag=lag),
                lambda exchange: self._keep(exchange, folder),
            )

        if not self._shared:
            return make(probes)
        from pytest_codex.probes.sharing import SharedRecorder

        return SharedRecorder(probes, folder, self.run, results.lock(self.run), make)

    def _keep(self, exchange: Exchange, folder: Path) -> None:
        try:
            save(exchange, folder, self.run)
        except OSError as error:
            why = f"{folder / exchange.probe}.ndjson: cannot be written: {error.strerror or error}"
            self.unwritten.setdefault(exchange.target, []).append(harmless(why))

    def exchange(self, target: str, probe: str) -> Exchange:
        """Return an exchange, waiting until it is over."""
        with self.awaiting():
            return self._records[target].exchange(probe)

    def pending(self) -> list[Pending]:
        """Return what this process has under way, as it stands; any thread may ask."""
        return [one for records in list(self._records.values()) for one in records.pending()]

    def recorded(self, target: str, *, wait: bool = False) -> dict[str, Exchange]:
        """Return the target's exchanges: those that are over by now, or all that are planned."""
        if target not in self._records:
            return self.results(target).recorded(self.run)
        if wait:
            return {name: self.exchange(target, name) for name in self._planned[target]}
        return self._records[target].exchanges()

    def obstacle(self, nodeid: str, target: str, probe: str) -> Obstacle | None:
        """Return what keeps a check from judging an exchange, or None if nothing does.

        A broken level fails one check, the one that judges that level if it was selected, and
        otherwise the first that builds on it; all others are skipped because of it. It is the
        same one in every process of a run.
        """
        if (target, probe) not in self._obstacles:
            self._obstacles[target, probe] = self._broken(target, probe)
        found = self._obstacles[target, probe]
        if found is None or found.cause.level is Level.KEY_GIVEN:
            return found
        judges = self._by_nodeid[nodeid].judges
        if judges is not None and found.cause.level > judges:
            return None
        return Obstacle(found.cause, None) if found.because_of == nodeid else found

    def _broken(self, target: str, probe: str) -> Obstacle | None:
        """Return the first broken level of an exchange, and the check that fails for it."""
        others = {
            name: self.exchange(target, name)
            for name in telling(probe)
            if name in self._planned[target]
        }
        found = cause(self.exchange(target, probe), others, self.targets[target].lists_models)
        if found is None:
            return None
        fails = found.level is not Level.KEY_GIVEN
        return Obstacle(found, self._accountable(found, target) if fails else None)

    def _accountable(self, found: Cause, target: str) -> str:
        """Return the check that fails for a cause.

        It is the one that judges the broken level, or the next level that is judged, and looks at
        the least besides; without any, the first that is concerned.
        """
        selected = [check for check in self.checks if check.target == target]
        concerned = selected
        if found.probe is not None:
            concerned = [check for check in selected if found.probe in check.probes]
        elif found.level >= Level.AUTHENTICATION:
            concerned = [c for c in selected if any(is_protected(name) for name in c.probes)]
        judges = [(c.judges, c) for c in concerned if c.judges and c.judges >= found.level]
        if judges:
            return min(judges, key=lambda judge: (judge[0], len(judge[1].probes)))[1].nodeid
        return (concerned or selected)[0].nodeid

    def end_recording(self, *, interrupted: bool) -> None:
        """End recording: cancel what is under way if interrupted, else wait for it."""
        with self.awaiting():
            for records in self._records.values():
                records.close(interrupted=interrupted)
        if self._switch_interval is not None:
            sys.setswitchinterval(self._switch_interval)
            self._switch_interval = None

    def close(self, *, interrupted: bool) -> None:
        """End recording and the embedded endpoints."""
        self.end_recording(interrupted=interrupted)
        for endpoint in self._endpoints:
            endpoint.stop()
        self._endpoints.clear()

    def tidy(self) -> None:
        """Take away what only served the run, when all its processes have ended."""
        for name in self.targets:
            results = self.results(name)
            shared = (results.lock, results.progress)
            for path in (self._selection_file(name), *(path(self.run) for path in shared)):
                with contextlib.suppress(OSError):
                    path.unlink()


def _at_embedded(target: Target, known: Mapping[str, str]) -> Target:
    return dataclasses.replace(
        target,
        address=parse_address(known["url"], "the embedded endpoint"),
        key=Secret(known["key"]),
        ca_file=known["ca_file"] or None,
        sources={**target.sources, "key": "the embedded endpoint"}
        if target.key is None
        else target.sources,
    )


def require_http2(target: Target) -> None:
    """Refuse a target that wants HTTP/2 where that is not installed.

    :raises ConfigurationError: with what installs it.
    """
    if target.policy.http2:
        _require("h2", "http2", f"target {target.name} has http2 = true")


def _require(module: str, extra: str, why: str) -> None:
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise ConfigurationError(
            f'{why}, which needs {module}: pip install "pytest-codex-live[{extra}]"'
        )
