"""The summary of a step, as GitHub shows it on the page of a run.

Source: GitHub documentation, "Workflow commands for GitHub Actions", "Adding a job summary": a
step's summary of more than 1 MiB is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pytest_codex.report.markdown import bounded

VARIABLE = "GITHUB_STEP_SUMMARY"
#: Bytes that one step may have; a little less than GitHub takes.
LIMIT = 1_000_000
#: What is left of it has to be worth beginning.
_LEAST = 1_000


def append(text: str, environ: Mapping[str, str]) -> str:
    """Append Markdown to the step's summary, if there is one; never more than GitHub takes.

    :return: why that was not possible, as a warning to print; empty if nothing went wrong.
    """
    name = environ.get(VARIABLE)
    if not name or not text.strip():
        return ""
    path = Path(name)
    try:
        room = LIMIT - (path.stat().st_size if path.exists() else 0)
        if room < _LEAST:
            return f"the step's summary is full ({VARIABLE}); the results folder has it all"
        data = bounded(f"{text.rstrip()}\n\n", room).encode("utf-8", "backslashreplace")
        with path.open("ab") as file:
            file.write(data)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        return (
            f"the step's summary {path} cannot be written: {why}; "
            f"next: set {VARIABLE} to a file that can be written, or unset it"
        )
    return ""
