"""What selecting by changed paths costs: with the default policy, in a real git repository."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from measure import median, pytest_run, spread

#: By the default policy: all of them ask for suites, but for the third, which is ignored.
NAMES = ("src/handlers/{}/h.js", "src/lib/{}/stream.js", "docs/{}.md", "auth/{}/verify.js")
AUTHOR = "C <c@example.com> 0 +0000"


def main(rounds: int = 3) -> None:
    """Print what a plan of one path takes, and how it grows with their number."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        _git(here, "init", "--quiet", "--initial-branch=work")
        (here / "pytest.ini").write_text("[pytest]\n")
        (here / ".git" / "info" / "exclude").write_text("/pytest.ini\n")
        numbers = (1, 10_000, 20_000)
        for number in numbers:
            _commit(here, number)
        took: dict[int, list[float]] = {number: [] for number in numbers}
        for _ in range(rounds):
            for number in numbers:
                _git(here, "reset", "--quiet", "--hard", f"changed{number}")
                wall, done = pytest_run("--plan", f"--changed-since=base{number}", cwd=here)
                assert done.returncode == 0, done.stderr
                assert "everything runs" not in done.stdout, done.stdout[:300]
                took[number].append(wall)
        one = median(took[1])
        for number, seconds in took.items():
            ratio = f", {median(seconds) / one:.1f} times one path" if number > 1 else ""
            print(f"{number:6,} paths changed   {spread(seconds)}{ratio}")
        print(f"whole processes, medians of {rounds}")


def _commit(here: Path, number: int) -> None:
    """Make commits that differ by so many new files: base<number> and changed<number>."""
    paths = (NAMES[n % len(NAMES)].format(n) for n in range(number))
    files = "".join(f"M 100644 inline {path}\ndata 1\nx\n" for path in paths)
    commit = f"commit refs/heads/work\ncommitter {AUTHOR}\ndata 1\nm\n"
    stream = (
        f"reset refs/heads/work\n{commit}deleteall\n"
        f"reset refs/tags/base{number}\nfrom refs/heads/work\n\n{commit}{files}"
        f"reset refs/tags/changed{number}\nfrom refs/heads/work\n\n"
    )
    _git(here, "fast-import", "--quiet", "--force", stdin=stream)


def _git(here: Path, *arguments: str, stdin: str = "") -> None:
    subprocess.run(["git", *arguments], cwd=here, input=stdin.encode(), check=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
