"""`python -m pytest_codex merge`: one report of the results of several CI jobs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from pytest_codex.errors import ConfigurationError
from pytest_codex.exchange.excerpt import visible
from pytest_codex.exchange.strict import strict_json
from pytest_codex.report.paint import say

if TYPE_CHECKING:
    from pytest_codex.report.jobs import Problem

#: As pytest has them: something failed; the command line, or a setting, cannot be used.
FAILED, USAGE = 1, 4


class _Parser(argparse.ArgumentParser):
    """Ends with pytest's exit code for a command line that cannot be used."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"ERROR: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    :return: 0 when all results are there and nothing failed; 1 when a check failed, or results are
        missing, broken or incomplete; 4 when the command line cannot be used.
    """
    options = _parser().parse_args(arguments)
    try:
        return _merge(options.results, options.output, _expected(options.expect))
    except ConfigurationError as error:
        say(sys.stderr, f"ERROR: {error}")
        return USAGE


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m pytest_codex", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    merging = commands.add_parser(
        "merge",
        help="make one junit.xml and one summary.md of the results of several jobs",
        description="Make one junit.xml and one summary.md of the results of several jobs: the "
        "targets beside each other, and what differs. Exit code 0 when all results are there and "
        "nothing failed, 1 when a check failed or results are missing, broken or incomplete, "
        "4 when the command line cannot be used.",
    )
    merging.add_argument("results", nargs="+", type=Path, metavar="RESULTS_DIR")
    merging.add_argument("--output", required=True, type=Path, metavar="DIR")
    merging.add_argument(
        "--expect",
        metavar="dev,prod|JSON",
        help="the targets of which there have to be results, with commas or as a JSON list, or "
        "what pytest --codex-matrix printed",
    )
    return parser


def _expected(text: str | None) -> list[str] | None:
    """Return the names of what results are expected of; None where nothing is said of it.

    :raises ConfigurationError: for what names nothing, as the output of a command that failed, and
        for JSON that is neither a list of names nor a matrix.
    """
    if text is None:
        return None
    names = text.replace(",", " ").split() or [""]
    try:
        said = strict_json(text)
    except ValueError:
        if names[0] and not names[0].startswith(("{", "[", '"')):
            return names
        said = None
    match said:
        case list(given) if all(isinstance(name, str) and name.strip() for name in given):
            return [name.strip() for name in given]
        case {"include": list(jobs)} if all(map(_is_job, jobs)):
            return [name for job in jobs for name in job["results"].split()]
    raise ConfigurationError(
        "--expect: expected names, a JSON list of names, or what pytest --codex-matrix printed; "
        f"observed {visible(text, 60) if text.strip() else 'nothing'}"
    )


def _is_job(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("results"), str)


def _merge(folders: Sequence[Path], output: Path, expected: Sequence[str] | None) -> int:
    from pytest_codex.report.annotations import on_github
    from pytest_codex.report.comparison import markdown
    from pytest_codex.report.merge import junit, merge, refuse_overlap, save
    from pytest_codex.report.outcomes import tally
    from pytest_codex.report.places import JUNIT, SUMMARY
    from pytest_codex.report.step_summary import append

    refuse_overlap(output, folders)
    merged = merge(folders, expected)
    summary = markdown(merged)
    save(output, {JUNIT: junit(merged), SUMMARY: summary.encode("utf-8", "backslashreplace")})
    if warning := append(summary, os.environ):
        say(sys.stderr, warning)
    for group in merged.groups:
        red = " FAILED" if group.red else " INCOMPLETE" if group.incomplete else ""
        say(sys.stdout, f"{group.name}: {tally(group.results.values())}{red}")
    for problem in merged.problems:
        say(sys.stderr, f"ERROR: {problem.name}: {problem.says}")
    if on_github():
        say(sys.stdout, *_annotations(merged.problems))
    if merged.green and not merged.groups:
        say(sys.stdout, "no results, and none expected")
    say(sys.stdout, f"merged: {output / JUNIT}, {output / SUMMARY}")
    return 0 if merged.green else FAILED


def _annotations(problems: Sequence[Problem]) -> Iterator[str]:
    from pytest_codex.report.annotations import Annotation, limited

    def shown(problem: Problem) -> Annotation:
        return Annotation(f"results of {problem.name}", problem.says)

    def counted(left_out: Sequence[Problem]) -> Annotation:
        names = ", ".join(problem.name for problem in left_out[:10])
        more = f"{len(left_out)} more, as {names}; all of them are in junit.xml"
        return Annotation(f"results of {len(left_out)} more", more)

    return limited(problems, shown, counted)


if __name__ == "__main__":
    sys.exit(main())
