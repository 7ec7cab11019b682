"""The dated folder that is looked through before a deployment.

Source: the playbook, "Artifacts", "Deploy to PROD" and "Post-deploy verification and rollback".
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from pytest_codex.compose.environment import variables
from pytest_codex.compose.masking import looks_secret, masked, secrets_in
from pytest_codex.compose.project import Project
from pytest_codex.compose.rendered import rendered, secrets
from pytest_codex.exchange.excerpt import harmless
from pytest_codex.invariants.docker import config, reason
from pytest_codex.invariants.findings import Judgement, UnjudgedError
from pytest_codex.invariants.stack import Stack
from pytest_codex.redaction import Scrubber, Secret
from pytest_codex.report.artifacts import unusable

# Shorter ones are parts of other words.
_SHORTEST = 6
_RULE_WIDTH = 32
_WAIVED = "waived"
#: Without these nobody can say that a stack is safe to deploy.
ESSENTIAL = ("routers-exist", "routers-answer-what-they-must", "no-way-in", "ports-on-loopback",
             "public-stays-public", "chain-order", "forwardauth-address")  # fmt: skip


def write_port(
    root: Path,
    stamp: datetime,
    stacks: Sequence[Stack],
    judgements: Mapping[str, Sequence[Judgement]],
    routes: str,
    environ: Mapping[str, str] | None = None,
) -> Path:
    """Write the artifacts into a new folder, ``port-YYYYmmddHHMMSS``, and return it.

    None of them has a secret in it, neither from the compose files nor from their environment.

    :param root: the folder for results.
    :param stamp: the local time.
    :param stacks: the one to deploy first; each other one is called after its target.
    :param judgements: by what they are about, such as the target's name.
    :param routes: the table of routes, Markdown.
    :param environ: what the files were read with; by default this process's environment.
    :raises ConfigurationError: if it cannot be written.
    """
    environ = os.environ if environ is None else environ
    known = {secret for stack in stacks for secret in _known(stack.project, environ)}
    texts = {
        f"docker-compose{name}.config.yaml": _config(stack.project, environ, known)
        for name, stack in _named(stacks)
    }
    scrubber = Scrubber(known)
    reports = {
        "invariants.txt": invariants(judgements),
        "routes.md": routes if routes.endswith("\n") else f"{routes}\n",
        "NEXT_STEPS.txt": next_steps(stamp, stacks, judgements),
    }
    texts |= {name: scrubber.text(harmless(text)) for name, text in reports.items()}
    return _written(root, f"port-{stamp:%Y%m%d%H%M%S}", texts)


def _named(stacks: Sequence[Stack]) -> Iterator[tuple[str, Stack]]:
    for number, stack in enumerate(stacks):
        target = re.sub(r"[^\w-]", "-", stack.policy.target)
        yield (f".{target}" if number else ""), stack


def _written(root: Path, name: str, texts: Mapping[str, str]) -> Path:
    folder: Path | None = None
    try:
        root.mkdir(parents=True, exist_ok=True)
        folder = _new_folder(root, name)
        for file, text in texts.items():
            (folder / file).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        if folder is not None:  # half of it must not be taken for all
            shutil.rmtree(folder, ignore_errors=True)
        raise unusable(root, error) from None
    return folder


def _new_folder(root: Path, name: str) -> Path:
    number = 1
    while True:
        folder = root / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


# -- docker-compose.config.yaml -------------------------------------------------------------------


def _known(project: Project, environ: Mapping[str, str]) -> frozenset[Secret]:
    """Return the secrets in a project, and those that its environment holds for it."""
    values = variables(environ, project.env_files, project.directory)
    own = {
        Secret(value)
        for name, value in values.items()
        if looks_secret(name) and len(value) >= _SHORTEST and not value.startswith("/")
    }
    return secrets(project) | own


def _config(project: Project, environ: Mapping[str, str], known: set[Secret]) -> str:
    """Return the rendered project; the secrets that only docker shows are added to the known."""
    text, by = "", "docker compose config"
    try:
        answer = config(project, environ)
        if answer.refusal:
            by = f"pytest-codex-live, since docker compose refuses: {reason(answer, project)}"
        else:
            known |= secrets_in(answer.text)
            text = masked(answer.text, known)
    except UnjudgedError as error:
        by = f"pytest-codex-live, since {error}"
    except ValueError:
        by = "pytest-codex-live, since docker compose prints no YAML"
    text = text or masked(rendered(project), known)
    comments = [f"Rendered by {by}.", f"Files: {', '.join(map(str, project.named))}."]
    comments += ["Secrets are masked: it is to be read, not to be started."]
    lines = [f"# {harmless(Scrubber(known).text(line))}" for line in comments]
    return "\n".join([*(line.replace("\n", " ") for line in lines), text])


# -- invariants.txt -------------------------------------------------------------------------------


def invariants(judgements: Mapping[str, Sequence[Judgement]]) -> str:
    """Return what became of every rule, and then all findings in full."""
    lines: list[str] = []
    for about, found in judgements.items():
        if found:
            lines += [f"{about}: {_tally(found)}", "", *map(_line, found), ""]
    for about, found in judgements.items():
        for judgement in found:
            if judgement.findings:
                rule = judgement.rule
                lines += [f"{about}: {rule.name}", f"  {rule.demands}", ""]
                lines += [f"{_word(finding.advice)}{finding}\n" for finding in judgement.findings]
    return "\n".join(lines or ["No invariant was judged.", ""])


def _word(advice: bool) -> str:
    return "advice: " if advice else ""


def _tally(judgements: Sequence[Judgement]) -> str:
    waived = sum(judgement.unjudged.startswith(_WAIVED) for judgement in judgements)
    unjudged = sum(bool(judgement.unjudged) for judgement in judgements) - waived
    broken = sum(bool(judgement.broken) for judgement in judgements)
    parts = [f"{len(judgements) - broken - unjudged - waived} hold", f"{broken} broken"]
    parts += [f"{unjudged} not judged"] * bool(unjudged) + [f"{waived} waived"] * bool(waived)
    return ", ".join(parts)


def _line(judgement: Judgement) -> str:
    name = judgement.rule.name
    if judgement.unjudged.startswith(_WAIVED):
        return f"  {_WAIVED:<10} {name}"
    if judgement.unjudged:
        return f"  {'not judged':<10} {name:<{_RULE_WIDTH}} {judgement.unjudged}"
    if judgement.broken:
        return f"  {f'BROKEN {len(judgement.broken)}':<10} {name}"
    return f"  {f'advice {len(judgement.advice)}' if judgement.advice else 'ok':<10} {name}"


# -- NEXT_STEPS.txt -------------------------------------------------------------------------------


def next_steps(
    stamp: datetime, stacks: Sequence[Stack], judgements: Mapping[str, Sequence[Judgement]]
) -> str:
    """Return what to do: mend what is broken, else deploy, verify, and how to go back."""
    every = [judgement for found in judgements.values() for judgement in found]
    if any(judgement.broken for judgement in every):
        return "\n".join(_mending(judgements))
    if not stacks or all(judgement.unjudged for judgement in every):
        return "Nothing is proved: no invariant was judged.\nDo not deploy because of this run.\n"
    held = {judgement.rule.name for judgement in every if _was_looked_at(judgement)}
    if unproved := [name for name in ESSENTIAL if name not in held]:
        return (
            f"Not proved: {', '.join(unproved)} were not judged.\n"
            "Do not deploy because of this run; next: pytest -m invariants, all of them.\n"
        )
    return "\n".join(_deploying(stamp, stacks[0], every))


def _was_looked_at(judgement: Judgement) -> bool:
    return not judgement.unjudged or judgement.unjudged.startswith(_WAIVED)


def _mending(judgements: Mapping[str, Sequence[Judgement]]) -> Iterator[str]:
    number = sum(len(judgement.broken) for found in judgements.values() for judgement in found)
    yield f"Do not deploy: {number} {'finding' if number == 1 else 'findings'} to mend first."
    yield ""
    for about, found in judgements.items():
        for judgement in found:
            for finding in judgement.broken:
                yield f"  {about}: {judgement.rule.name}"
                yield f"    {finding.at}: {finding.found}"
                yield f"    next: {finding.mend}"
                yield ""
    yield "All of it is in invariants.txt. Then run it again:"
    yield ""
    yield "    pytest -m invariants"
    yield ""


def _deploying(stamp: datetime, stack: Stack, judgements: Sequence[Judgement]) -> Iterator[str]:
    compose, target = _compose(stack), stack.policy.target
    previous = _previous(stack, stamp)
    yield f"Ready to deploy to {target}: no invariant is broken."
    unjudged = [judgement for judgement in judgements if judgement.unjudged]
    for judgement in unjudged:
        yield f"  not judged: {judgement.rule.name}: {judgement.unjudged}"
    advice = sum(len(judgement.advice) for judgement in judgements)
    if advice:
        yield f"  advice: {advice}, in invariants.txt"
    yield from ("", "1. Deploy, on the host of the stack, from the root of the repository.", "")
    if previous:
        yield "   Keep the image that runs now (there is none the first time):"
        yield from ("", f"    docker tag {previous[0]} {previous[1]}", "")
    yield from (f"    {compose} up -d --build --force-recreate", "")
    yield "2. Verify: one non-stream and one short stream model call, then the stream in depth."
    yield "   The key is read from the environment, where PROXY_API_KEY or KEY holds it."
    yield ""
    yield f"    {_verifying(stack, 'smoke')}"
    yield f"    {_verifying(stack, 'sse')}"
    yield ""
    yield "3. Look at"
    yield f"   - the summary in test-results/{target}/summary.md: diagnosis, first event, gaps;"
    yield "   - the stream: its events are spread over time, and [DONE] ends it;"
    yield "   - the containers' logs:"
    yield from ("", f"    {compose} ps", f"    {compose} logs --tail=200", "")
    yield "4. If it fails, go back."
    yield ""
    if previous:
        yield f"    docker tag {previous[1]} {previous[0]}"
        yield f"    {compose} up -d --no-build --force-recreate"
    else:
        yield "   Set the image's previous tag in the compose file, then"
        yield from ("", f"    {compose} up -d --force-recreate")
    yield from ("", "   If the change was one of labels, take it back in the file first.", "")


def _compose(stack: Stack) -> str:
    """Return the command that reads the same files as were judged."""
    project = stack.project
    words = ["docker", "compose"]
    if stack.policy.source != "found" or len(project.named) > 1:
        words += [word for file in project.named for word in ("-f", str(file))]
    if project.directory != project.named[0].parent:
        words += ["--project-directory", str(project.directory)]
    words += [word for file in project.env_files for word in ("--env-file", str(file))]
    words += [word for name in project.profiles for word in ("--profile", name)]
    return shlex.join(words)


def _verifying(stack: Stack, suite: str) -> str:
    try:
        return shlex.join(
            ["pytest", "-m", suite, f"--target={stack.policy.target}", f"--domain={stack.host}"]
        )
    except UnjudgedError:
        # The environment or the configuration names the domain; without one it is a usage error.
        return shlex.join(["pytest", "-m", suite, f"--target={stack.policy.target}"])


def _previous(stack: Stack, stamp: datetime) -> tuple[str, str] | None:
    """Return the name of the image that is built, and the one to keep it under."""
    try:
        app = stack.app
    except UnjudgedError:
        return None
    if app.build is None or (app.image is not None and "@" in app.image.value):
        return None
    image = app.image.value if app.image else f"{stack.project.name}-{app.name}"
    name = image if ":" not in image.rpartition("/")[2] else image.rpartition(":")[0]
    return shlex.quote(image), shlex.quote(f"{name}:before-{stamp:%Y%m%d%H%M%S}")
