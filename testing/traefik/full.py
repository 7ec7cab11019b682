"""The whole comparison: ``python -m testing.traefik.full [seed]``.

At least 50,000 requests over at least 250 rules, by two static configurations. It ends with status
1 if there is any disagreement.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable

from pytest_codex.traefik.static import Static

from .compare import Tally, compare
from .generate import OTHER, STATIC, Generator
from .proxy import running

#: Label sets of each static configuration, and requests for each label set.
SETS = ((STATIC, 120), (OTHER, 80))
REQUESTS = 300


def run(static: Static, seeds: Iterable[int], requests: int, tally: Tally) -> None:
    """Compare by one static configuration; each seed makes a label set and requests for it."""
    with running(static) as proxy:
        for seed in seeds:
            generator = Generator(seed, static)
            label_set = generator.label_set()
            tally.rules += label_set.rules
            compare(proxy, label_set.containers, generator.requests(label_set, requests), tally)


def main(seed: int) -> int:
    """Run all of it; return the exit status."""
    started = time.monotonic()
    tally = Tally()
    for number, (static, sets) in enumerate(SETS):
        first = (seed * len(SETS) + number) * 1_000_000
        run(static, range(first, first + sets), REQUESTS, tally)
    for difference in tally.differences[:20]:
        print(difference)  # noqa: T201 - it is a script
    print(f"{tally}, seed {seed}, {time.monotonic() - started:.0f} s")  # noqa: T201
    return 1 if tally.differences else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
