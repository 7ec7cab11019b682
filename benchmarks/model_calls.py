"""How many model calls a run costs, as the endpoint itself counts them."""

from __future__ import annotations

import json
import ssl
import tempfile
import urllib.request

from measure import ROOT, pytest_run

from pytest_codex.endpoint.launcher import launch

SELECTIONS = (
    ("-m smoke", ("-m", "smoke")),
    ('-m "smoke or sse"', ("-m", "smoke or sse")),
    ('-m "smoke or sse" -n 3', ("-m", "smoke or sse", "-n", "3")),
    ("-k cors (one check's file)", ("-k", "cors")),
)


def main() -> None:
    """Print the calls of each selection."""
    for name, selection in SELECTIONS:
        with launch() as endpoint, tempfile.TemporaryDirectory() as results:
            environ = {"KEY": endpoint.key, "SSL_CERT_FILE": endpoint.ca_file or ""}
            _, done = pytest_run(
                str(ROOT / "tests"),
                *selection,
                f"--domain={endpoint.url}",
                f"--results-dir={results}",
                environ=environ,
            )
            context = ssl.create_default_context(cafile=endpoint.ca_file)
            with urllib.request.urlopen(
                f"{endpoint.url}/__endpoint__/calls", context=context
            ) as answer:
                counted = json.load(answer)
            print(
                f"{name:<28} {counted['model_calls']} model calls, {counted['requests']} requests,"
                f" {done.stdout.strip().splitlines()[-1].strip('= ')}"
            )


if __name__ == "__main__":
    main()
