"""Git by its command line, where only the caller's question counts.

It never fetches, asks nobody, and writes nothing. It starts no program that the repository names,
but for the filters of its files (``filter.*.clean``), without which git cannot tell whether one has
changed. Of the environment it gets what it needs and no secrets.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from pytest_codex.exchange.excerpt import visible

#: Seconds. On a local disk git takes milliseconds; a repository on a slow one is given its time.
PATIENCE = 60
#: What git may see of the environment: where it finds itself, its user and its settings. Not
#: GIT_DIR and its like, which lead it elsewhere when pytest runs from a hook.
_PASSED = (
    *("PATH", "HOME", "XDG_CONFIG_HOME", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "USERPROFILE"),
    *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH"),
)
_SET = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
}
_SETTINGS = (
    # A program that the repository names, and git would start.
    *("-c", "core.fsmonitor=false"),
    # A partial clone fetches what it lacks, in the middle of a diff.
    *("-c", "protocol.allow=never"),
    # In a container the checkout often belongs to another user. Who runs pytest here runs the
    # repository's conftest.py, and so trusts it already.
    *("-c", "safe.directory=*"),
)


class GitError(Exception):
    """Git cannot be asked: the message says why."""


def ask(
    folder: Path, environ: Mapping[str, str], *arguments: str
) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder; what it says of the question is in the answer's code and output.

    :param environ: the process's environment.
    :raises GitError: if there is no git, or no answer.
    """
    passed = {name: environ[name] for name in _PASSED if name in environ}
    try:
        return subprocess.run(  # noqa: S603 - no shell, and refs are verified
            ["git", *_SETTINGS, *arguments],  # noqa: S607 - whichever git the user has
            cwd=folder,
            env={**passed, **_SET},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except FileNotFoundError:
        reason = "there is no git here" if folder.is_dir() else f"there is no {folder}"
        raise GitError(reason) from None
    except subprocess.TimeoutExpired:
        raise GitError(f"git took more than {PATIENCE} s") from None
    except (OSError, ValueError) as error:
        raise GitError(f"git cannot be started: {visible(str(error))}") from None


def said(stderr: bytes) -> str:
    """Return git's first line, which is the one that says why."""
    lines = stderr.strip().splitlines()
    return visible(lines[0]) if lines else ""
