"""The plugin that is registered where a run judges invariants: it collects, and reports."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Generator, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from pytest_codex.collecting import Collected
from pytest_codex.compose.rendered import secrets
from pytest_codex.errors import ConfigurationError
from pytest_codex.invariants.findings import Judgement
from pytest_codex.invariants.reading import DEV_TARGET
from pytest_codex.invariants.routes import route_table
from pytest_codex.invariants.rules import RULES
from pytest_codex.invariants.stack import Stack
from pytest_codex.redaction import Scrubber
from pytest_codex.report import junit, sarif, step_summary
from pytest_codex.report.annotations import on_github, workflow_commands
from pytest_codex.report.artifacts import unusable
from pytest_codex.report.places import INVARIANTS, JUNIT
from pytest_codex.report.port import write_port
from pytest_codex.scrubbing import ScrubbingPlugin
from pytest_codex.state import (
    RULE,
    RULES_OF,
    SESSION,
    configured_above,
    judgement_of,
    settings_of,
    stacks_of,
)
from pytest_codex.whole import write
from pytest_codex.writing import fitted, shown, tell, warn, writing

_NAME = "codex-live-judging"
_SARIF = "invariants.sarif"


def rule_of(item: pytest.Item) -> str | None:
    """Return the rule that an item enforces, if it is one of ours."""
    marker = item.get_closest_marker("enforces")
    name = marker.args[0] if marker and marker.args else None
    return name if name in RULES else None


def begin(config: pytest.Config) -> JudgingPlugin:
    """Return the run's plugin, which the first caller registers.

    :raises ConfigurationError: if results cannot be written.
    """
    plugin = config.pluginmanager.get_plugin(_NAME)
    if plugin is None:
        if not hasattr(config, "workerinput"):
            _prepare(settings_of(config).results_dir / INVARIANTS)
        plugin = JudgingPlugin(config, reports=not hasattr(config, "workerinput"))
        config.pluginmanager.register(plugin, _NAME)
        _scrub(config, plugin.scrubber)
    assert isinstance(plugin, JudgingPlugin)
    return plugin


def _prepare(folder: Path) -> None:
    """Make the folder for results, and take away what an earlier run wrote into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (JUNIT, _SARIF):
            (folder / name).unlink(missing_ok=True)
            (folder / name).touch()
            (folder / name).unlink()
    except OSError as error:
        raise unusable(folder, error) from None


def _scrub(config: pytest.Config, scrubber: Scrubber) -> None:
    """Keep out of all reports what the files take from the environment and is a secret."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    colours = reporter is not None and reporter.hasmarkup
    scrubbing = ScrubbingPlugin(scrubber, colours=colours)
    config.pluginmanager.register(scrubbing, "codex-live-judging-scrubbing")


class JudgingPlugin:
    """Collects what became of the invariants, and writes what came of them.

    :param reports: whether this process writes the reports; an xdist worker does not.
    """

    def __init__(self, config: pytest.Config, *, reports: bool) -> None:
        self._config = config
        self._reports = reports
        self._collected = Collected(RULE)
        known = (secrets(stack.project) for stack in stacks_of(config))
        self.scrubber = Scrubber(secret for found in known for secret in found)
        self._described = False
        self._port: Path | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        rule = rule_of(item)
        if rule is not None:
            report.user_properties.append((RULE, rule))
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._collected.add(report)

    def _judgements(self) -> dict[str, list[Judgement]]:
        """What was judged, by the target of the stack; what is about all of them stands first."""
        stacks = stacks_of(self._config)
        targets = [stack.policy.target for stack in stacks]
        found: dict[str, list[Judgement]] = {target: [] for target in targets}
        seen = [name for name in RULES if name in self._collected.groups]
        for name in seen:
            alone = RULES[name].about == "stack"
            for target in targets if alone else targets[:1]:
                judgement = judgement_of(self._config, name, target if alone else None)
                found[target].append(judgement)
        return found

    # -- files ------------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        if not self._reports:
            rules = {item.nodeid: rule for item in session.items if (rule := rule_of(item))}
            session.config.workeroutput[RULES_OF] = rules  # type: ignore[attr-defined]
        elif self._collected.groups:
            self._write()  # before the terminal's summary says where
        yield

    def _write(self) -> None:
        judgements = self._judgements()
        settings = settings_of(self._config)
        root = settings.results_dir
        folder = root / INVARIANTS
        every = [judgement for found in judgements.values() for judgement in found]
        root_of_repository = Path(os.environ.get("GITHUB_WORKSPACE") or settings.root)
        text = self.scrubber.text(sarif.render(every, root_of_repository))
        with writing(self._config, folder / _SARIF):
            write(folder / _SARIF, text.encode("utf-8", "backslashreplace"))
        if not getattr(self._config.option, "xmlpath", None):
            outcomes = [
                outcome
                for rule in self._collected.groups
                for outcome in self._collected.outcomes(rule).values()
            ]
            properties = {
                f"compose.{stack.policy.target}": ", ".join(map(str, stack.project.files))
                for stack in stacks_of(self._config)
            }
            with writing(self._config, folder / JUNIT):
                write(folder / JUNIT, junit.render(INVARIANTS, outcomes, properties))
        stacks = stacks_of(self._config)
        dev = next((stack for stack in stacks if stack.policy.target == DEV_TARGET), None)
        prod = next((stack for stack in stacks if stack is not dev), None)
        routes = route_table(prod, dev)
        try:
            self._port = write_port(root, datetime.now().astimezone(), stacks, judgements, routes)
        except ConfigurationError as error:
            warn(self._config, str(error))
            return
        with writing(self._config, self._port):
            text = (self._port / "invariants.txt").read_text(encoding="utf-8")
            self._append_to_step_summary(text)

    def _append_to_step_summary(self, text: str) -> None:
        fenced = text.replace("```", "'''")
        warning = step_summary.append(f"# invariants\n\n```text\n{fenced}\n```\n", os.environ)
        if warning:
            warn(self._config, warning)

    # -- at the terminal --------------------------------------------------------------------------

    def pytest_report_collectionfinish(self) -> list[str]:
        self._described = True
        return fitted(self._config.pluginmanager.get_plugin("terminalreporter"), self._header())

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self._reports or not self._collected.groups:
            return
        terminalreporter.section("invariants", sep="-", bold=True)
        judgements = self._judgements()
        if not self._described:  # an xdist controller collects nothing
            tell(terminalreporter, *self._header())
        for stack in stacks_of(self._config):
            self._summarize(terminalreporter, stack, judgements[stack.policy.target])
        every = [judgement for found in judgements.values() for judgement in found]
        broken = [finding for judgement in every for finding in judgement.broken]
        for finding in broken[:1]:
            self._red(terminalreporter, f"  next: {finding.at}: {finding.mend}")
        if self._port:
            tell(terminalreporter, f"  results: {shown(self._port, self._config)}")
        if on_github():
            for line in workflow_commands([f for j in every for f in j.findings]):
                terminalreporter.line(self.scrubber.text(line))

    def _header(self) -> list[str]:
        """What is judged; the configuration is named once, by the live part if there is one."""
        above = [] if SESSION in self._config.stash else configured_above(self._config)
        return [*above, *map(describe, stacks_of(self._config))]

    def _summarize(
        self, reporter: pytest.TerminalReporter, stack: Stack, judgements: Sequence[Judgement]
    ) -> None:
        broken = [judgement for judgement in judgements if judgement.broken]
        unjudged = [judgement for judgement in judgements if judgement.unjudged]
        held = len(judgements) - len(broken) - len(unjudged)
        advice = sum(len(judgement.advice) for judgement in judgements)
        counts = ((len(broken), "broken"), (len(unjudged), "not judged"), (advice, "advice"))
        words = [f"{held} hold", *(f"{number} {word}" for number, word in counts if number)]
        said = f"{stack.policy.target}: {', '.join(words)}"
        tell(reporter, said, red=bool(broken), green=not broken)
        for judgement in broken:
            for finding in judgement.broken:
                self._red(reporter, f"  {judgement.rule.name}: {finding.at}: {finding.found}")
        reasons: dict[str, list[str]] = defaultdict(list)
        for judgement in unjudged:
            reasons[judgement.unjudged].append(judgement.rule.name)
        for reason, names in reasons.items():
            what = ", ".join(names) if len(names) < 4 else f"{len(names)} rules"
            tell(reporter, f"  not judged: {what}: {reason}", yellow=True)

    def _red(self, reporter: pytest.TerminalReporter, text: str) -> None:
        tell(reporter, self.scrubber.text(text.partition("\n")[0]), red=True)


def describe(stack: Stack) -> str:
    """Return a line that says which files are judged, and by whose policy."""
    files = ", ".join(map(str, stack.project.files))
    return f"compose {stack.policy.target}: {files} [{stack.policy.source}]"
