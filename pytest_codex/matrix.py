"""The jobs that verify all targets: a matrix for GitHub Actions, or for any CI that reads JSON.

One job has all the suites of a target: they share its exchanges, so that `smoke` and `sse` together
cost five model calls, and apart seven. The invariants need no target and are one more job.

Source: GitHub documentation, "Running variations of jobs in a workflow" and "Usage limits".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil

from pytest_codex.errors import ConfigurationError, did_you_mean
from pytest_codex.invariants.reading import has_files
from pytest_codex.policy import KNOWN_TARGETS, SUITES
from pytest_codex.selection.calls import suites_of
from pytest_codex.selection.selecting import OFFLINE, Selection
from pytest_codex.settings import Settings

#: How many jobs GitHub makes of a matrix at most.
GITHUB_MOST = 256


@dataclass(frozen=True, slots=True)
class Job:
    """What one job verifies.

    :param targets: several where there are more targets than jobs; none for what needs no target.
    """

    suites: tuple[str, ...]
    targets: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What tells it from the others; fit for the name of an artifact."""
        if not self.targets:
            return "-".join(self.suites)
        return "..".join(dict.fromkeys((self.targets[0], self.targets[-1])))

    def as_json(self) -> dict[str, str]:
        """Return it as an entry of a matrix: text only.

        ``target`` is empty unless there is exactly one; a job's environment may be called so.
        """
        return {
            "name": self.name,
            "target": self.targets[0] if len(self.targets) == 1 else "",
            "targets": " ".join(self.targets),
            "suites": " ".join(self.suites),
            "markers": " or ".join(self.suites),
        }


def matrix(
    settings: Settings,
    selection: Selection | None = None,
    most: int = GITHUB_MOST,
    markers: str = "",
) -> dict[str, list[dict[str, str]]]:
    """Return the matrix of what is to be verified; ``{"include": []}`` if nothing is.

    GitHub refuses a matrix without entries, so that whoever uses it has to ask for that first.

    :param selection: what changed paths ask for; None: everything.
    :param most: how many jobs there may be.
    :param markers: an expression of suites, as ``-m`` has it; empty: all of them.
    :raises ConfigurationError: for an unknown target or suite, or if `most` is too few.
    """
    return {"include": [job.as_json() for job in jobs(settings, selection, most, markers)]}


def why_empty(settings: Settings, selection: Selection | None = None, markers: str = "") -> str:
    """Say why a matrix has no entries: of each suite that was chosen, what is in its way."""
    if selection is not None and selection.nothing:
        return selection.nothing
    chosen = _chosen(markers)
    if not chosen:
        return f"-m {markers!r} chooses no suite"
    targets = _targets(settings, selection)
    by_reason: dict[str, list[str]] = {}
    for suite in chosen:
        by_reason.setdefault(_against(suite, targets, settings, selection), []).append(suite)
    return "; ".join(f"{', '.join(suites)}: {reason}" for reason, suites in by_reason.items())


def _against(
    suite: str, targets: list[str], settings: Settings, selection: Selection | None
) -> str:
    choice = selection.choice(suite) if selection else None
    if choice is not None and not choice.selected:
        return "no changed path asks for it"
    if suite in OFFLINE:
        return "no compose file is found"
    run = ", ".join(targets)
    if choice is not None and not any(choice.on(target) for target in targets):
        return f"the changes ask for it on {', '.join(choice.targets)} only, not on {run}"
    allowing = [target for target in targets if suite in settings.suites(target)]
    if not allowing:
        return f"it may not run on {run}"
    return f"the changes do not ask for it on {', '.join(allowing)}"


def left_out(settings: Settings, selection: Selection | None = None) -> list[str]:
    """Return a line for each target that rules of the selection name and the matrix has not."""
    there = _targets(settings, selection)
    reason = "--target does not name it" if "target" in settings.flags else "it has no domain"
    return [
        f"{name}: named by the selection and left out: {reason}"
        for name in _named(selection)
        if name not in there
    ]


def jobs(settings: Settings, selection: Selection | None, most: int, markers: str) -> list[Job]:
    """Return the jobs of a matrix: the one without a target first, then in order of the targets."""
    suites = _chosen(markers)
    by_suites: dict[tuple[str, ...], list[str]] = {}
    order = _targets(settings, selection)
    for target in order:
        own = tuple(
            suite
            for suite in suites
            if suite not in OFFLINE
            and suite in settings.suites(target)
            and (selection is None or selection.wants((suite,), target))
        )
        if own:
            by_suites.setdefault(own, []).append(target)
    offline = tuple(
        suite
        for suite in suites
        if suite in OFFLINE and (selection is None or selection.wants((suite,)))
    )
    first = [Job(offline)] if offline and has_files(settings) else []
    # The job of a deployment that is known has its environment, with secrets and approval.
    live = [
        Job(own, (name,))
        for own, names in by_suites.items()
        for name in names
        if name in KNOWN_TARGETS
    ]
    others = {
        own: rest
        for own, names in by_suites.items()
        if (rest := [name for name in names if name not in KNOWN_TARGETS])
    }
    needed = len(first) + len(live) + len(others)
    if needed > most:
        raise ConfigurationError(f"a matrix of at most {most} jobs: {needed} are needed")
    live += _shards(others, most - len(first) - len(live))
    return first + sorted(live, key=lambda job: order.index(job.targets[0]))


def _targets(settings: Settings, selection: Selection | None) -> list[str]:
    """Return the targets: those that were asked for by name, or else all that have a domain.

    What the command line names is all there is. To other names, those that rules of a selection
    name are added, where they have a domain. If none has one, the default target remains, which
    says so when it is verified.
    """
    names = list(settings.target_names)
    if "target" in settings.flags:
        return names
    if settings.only_target is None and len(names) == 1 and "domain" not in settings.flags:
        names = [name for name in settings.known_targets if _configured(name, settings)]
    named = (name for name in _named(selection) if _configured(name, settings))
    return list(dict.fromkeys((*names, *named))) or list(settings.target_names)


def _configured(name: str, settings: Settings) -> bool:
    """Whether a target has a domain; what the configuration declares is expected to have one."""
    return name not in KNOWN_TARGETS or settings.value("domain", name).value is not None


def _named(selection: Selection | None) -> list[str]:
    choices = selection.suites if selection else ()
    return list(dict.fromkeys(name for choice in choices for name in choice.targets))


def _shards(by_suites: dict[tuple[str, ...], list[str]], most: int) -> Iterator[Job]:
    """Yield as many jobs as there may be, with as few targets each as that allows."""
    size = 1
    while sum(ceil(len(names) / size) for names in by_suites.values()) > most:
        size += 1
    for suites, names in by_suites.items():
        for start in range(0, len(names), size):
            yield Job(suites, tuple(names[start : start + size]))


# -- which suites ---------------------------------------------------------------------------------


def _chosen(markers: str) -> tuple[str, ...]:
    allowed = suites_of(markers)
    if allowed is None:
        raise ConfigurationError(
            f"-m {markers!r}: a matrix is made of whole suites; expected "
            f"{', '.join(SUITES)} with and, or, not{_near(markers)}"
        )
    return tuple(suite for suite in SUITES if suite in allowed)


def _near(markers: str) -> str:
    words: Iterable[str] = markers.replace("(", " ").replace(")", " ").split()
    unknown = (word for word in words if word not in (*SUITES, "and", "or", "not"))
    return did_you_mean(next(unknown, ""), SUITES)
