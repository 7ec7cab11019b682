"""The rules about the repository beside the compose files: seeds in step, no credentials in git.

Source: the playbook, "Sync Codex config & agents to prod HOME" and "Step-by-step Method", 2: only
the two seed files are tracked, secrets are managed elsewhere.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path, PurePosixPath

from pytest_codex.compose.masking import looks_secret, printable, shown
from pytest_codex.compose.places import Place
from pytest_codex.git import GitError, ask, said
from pytest_codex.invariants.findings import Finding, UnjudgedError
from pytest_codex.invariants.stack import Stack
from pytest_codex.redaction import KEY_FORM, PRESENTED_FORM

#: What is copied from dev to prod.
SEEDS = ("config.toml", "AGENTS.md")
#: The folder that it is copied from.
DEV_HOME = ".codev"
#: Bytes; a seed is a page of text.
LARGEST = 1 << 20
_DIFF_LINES = 20
_DIFF_WIDTH = 160
_CONTEXT = 2
#: Lines from the first difference on that are compared: enough for the diff that is shown.
_WINDOW = 100


# -- seeds ----------------------------------------------------------------------------------------


def seeds_are_in_step(stack: Stack) -> Iterator[Finding]:
    """Yield what is missing among the seeds of prod, or is not what dev has.

    :raises UnjudgedError: if there is no seed folder beside the compose file.
    """
    prod, dev = _home(stack), stack.project.directory / DEV_HOME
    if not prod.is_dir() and not dev.is_dir():
        raise UnjudgedError(
            f"there is neither {prod} nor {dev}: the compose file is not in its repository"
        )
    for name in SEEDS:
        yield from _seed(stack, prod / name, dev / name)


def _home(stack: Stack) -> Path:
    if not stack.policy.home:
        raise UnjudgedError("no seed folder is named; next: set home in the configuration")
    return stack.project.directory / stack.policy.home


def _seed(stack: Stack, prod: Path, dev: Path) -> Iterator[Finding]:
    texts = []
    for file in dict.fromkeys([prod, dev]):
        if file == dev and not dev.parent.is_dir():
            return
        try:
            texts.append(_lines(_read(file)))
        except FileNotFoundError:
            yield _missing(stack, file, dev if file == prod else prod)
        except (OSError, ValueError) as error:
            yield _unreadable(file, error)
    if len(texts) == 2 and texts[0] != texts[1]:
        yield _different(prod, dev, *texts)


def _read(file: Path) -> str:
    """The text of a file.

    :raises OSError: if it cannot be read.
    :raises ValueError: if it is no text that could be a seed: the message says why.
    """
    if file.exists() and not file.is_file():
        raise ValueError("is no regular file")
    with file.open("rb") as stream:
        data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"is larger than {LARGEST} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 at byte {error.start}") from None


def _lines(text: str) -> list[str]:
    """Its lines, however they end."""
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n")


def _missing(stack: Stack, file: Path, other: Path) -> Finding:
    there = other.is_file()
    source = f"copy {other} there" if there else "write it"
    return Finding(
        "seeds-are-in-step",
        _mount(stack, file.parent),
        f"{file} does not exist",
        "the seed folder with config.toml and AGENTS.md",
        f"{source}, and have git track it",
        other=Place(other, 1) if there else None,
    )


def _mount(stack: Stack, folder: Path) -> Place:
    """The line that mounts a folder, for a file that is not there."""
    source = str(Path(os.path.normpath(folder.absolute())))
    for service in stack.project.services.values():
        for mount in service.volumes:
            if mount.kind == "bind" and mount.source == source:
                return mount.at
    return stack.top


def _unreadable(file: Path, error: OSError | ValueError) -> Finding:
    reason = f"cannot be read: {error.strerror}" if isinstance(error, OSError) else str(error)
    return Finding(
        "seeds-are-in-step",
        Place(file, 1),
        f"{file} {reason}",
        "a readable text file in UTF-8",
        f"write {file.name} anew",
    )


def _different(prod: Path, dev: Path, own: list[str], others: list[str]) -> Finding:
    first = next(
        (index for index, pair in enumerate(zip(own, others, strict=False)) if pair[0] != pair[1]),
        min(len(own), len(others)),
    )
    diff = "\n".join(f"    {line}" for line in _diff(own, others, first))
    names = f"{prod.parent.name}/{prod.name} (-) differs from {dev.parent.name}/{dev.name} (+)"
    return Finding(
        "seeds-are-in-step",
        Place(prod, min(first + 1, len(own))),
        f"{names}:\n{diff}",
        "the seed that was validated on dev",
        f"copy {dev} to {prod} (npm run port:sync-config), or take the change out of dev",
        other=Place(dev, min(first + 1, len(others))),
    )


def _diff(own: list[str], others: list[str], first: int) -> Iterator[str]:
    """The differences from a line on, secrets masked; not all of them if they are many."""
    hidden = _hidden(own) | _hidden(others)
    start = max(0, first - _CONTEXT)
    end = first + _WINDOW
    # Of two long files a diff of the whole could take minutes.
    found = difflib.unified_diff(own[start:end], others[start:end], n=_CONTEXT, lineterm="")
    lines = [line for line in islice(found, 2, None) if not line.startswith("@@")]
    for line in lines[:_DIFF_LINES]:
        cut = line[1 : _DIFF_WIDTH + 1]
        text = "***" if line[1:] in hidden else shown(cut)
        yield line[0] + text + ("…" if len(line) > len(cut) + 1 else "")
    if len(lines) > _DIFF_LINES or len(own) > end or len(others) > end:
        yield "…"


_OPENED = re.compile(r"""([A-Za-z0-9_.-]+)["']?\s*=\s*(\"""|''')""")


def _hidden(lines: Sequence[str]) -> frozenset[str]:
    """The lines of secrets that go on for several."""
    found = set()
    closing = ""
    for line in lines:
        if closing:
            found.add(line)
            closing = "" if closing in line else closing
        elif (opened := _OPENED.search(line)) and looks_secret(opened[1]):
            closing = "" if opened[2] in line[opened.end() :] else opened[2]
        elif "PRIVATE KEY-----" in line and "BEGIN" in line:
            closing = "-----END"
    return frozenset(found)


# -- credentials ----------------------------------------------------------------------------------

_CREDENTIALS = (
    "auth.json", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "id_rsa*",
    "id_dsa*", "id_ecdsa*", "id_ed25519*", ".env", ".env.*", "credentials", "credentials.*",
    "credentials*.json", ".credentials*", "service-account*.json", ".netrc", ".pgpass", ".pypirc",
    ".htpasswd", ".git-credentials",
)  # fmt: skip
#: What only a seed folder must not have: the application writes it there.
_IN_SEED_FOLDERS = ("*auth*.json", "*token*", "*session*", "*credential*", "history.jsonl")
_SEED_FOLDER_FILES = frozenset({*SEEDS, ".gitignore", ".gitkeep", "README.md"})
_TEMPLATES = frozenset({"example", "sample", "dist", "template"})


def no_tracked_credentials(stack: Stack) -> Iterator[Finding]:
    """Yield each file with credentials that git tracks under the project's directory.

    :raises UnjudgedError: if git cannot tell what it tracks.
    """
    directory = stack.project.directory
    folders = {os.path.normpath(each) for each in (stack.policy.home, DEV_HOME) if each}
    for path in tracked_files(directory):
        if _is_credentials(directory, path) or _is_left_behind(path, folders):
            yield _tracked(directory, path)
        elif path.name in SEEDS and str(path.parent) in folders:
            yield from _written_secrets(directory / path)


def tracked_files(directory: Path) -> tuple[PurePosixPath, ...]:
    """The files under a directory that git tracks, relative to it.

    :raises UnjudgedError: if there is no git, no repository, or no answer.
    """
    try:
        done = ask(directory, os.environ, "ls-files", "-z")
    except GitError as error:
        raise UnjudgedError(str(error)) from None
    if done.returncode != 0:
        why = said(done.stderr)
        raise UnjudgedError(f"git does not say what it tracks in {directory}: {why}")
    return tuple(PurePosixPath(os.fsdecode(path)) for path in done.stdout.split(b"\0") if path)


def _is_credentials(directory: Path, path: PurePosixPath) -> bool:
    name = path.name.lower()
    if not any(fnmatchcase(name, pattern) for pattern in _CREDENTIALS) or name.endswith(".pub"):
        return False
    if name.startswith(".env") and not _TEMPLATES.isdisjoint(name.split(".")):
        return False
    return not (name.endswith(".pem") and _is_public(directory / path))


def _is_public(file: Path) -> bool:
    """Whether a PEM file has certificates or public keys only."""
    try:
        text = _read(file)
    except (OSError, ValueError):
        return False
    kinds = re.findall(r"-----BEGIN ([A-Z0-9 ]+)-----", text)
    return bool(kinds) and not any("PRIVATE" in kind for kind in kinds)


def _is_left_behind(path: PurePosixPath, folders: set[str]) -> bool:
    """Whether it is what the application writes into a seed folder."""
    for folder in folders:
        if path.is_relative_to(folder):
            inner = path.relative_to(folder)
            return path.name not in _SEED_FOLDER_FILES and any(
                fnmatchcase(part.lower(), pattern)
                for part in inner.parts
                for pattern in _IN_SEED_FOLDERS
            )
    return False


def _tracked(directory: Path, path: PurePosixPath) -> Finding:
    return Finding(
        "no-tracked-credentials",
        Place(directory / path, 1),
        f"git tracks {printable(str(path))}",
        "credentials that are managed out of band, and ignored by git",
        "take it out with git rm --cached, add it to .gitignore, and replace the credentials",
    )


_SETTING = re.compile(
    r"""(?<![\w.-])([A-Za-z0-9_.-]+)["']?\s*=\s*(?:(\"""|''')|"((?:[^"\\]|\\.)+)"|'([^']+)')"""
)
_KEY = re.compile(f"{KEY_FORM}|{PRESENTED_FORM}")
#: The name of a variable, a reference to one, a path: where the secret is, and not the secret.
_REFERENCE = re.compile(r"[A-Z][A-Z0-9_]*|\$.*|<.*>|\*+|[~.]?/.*")
#: Characters of a line that are looked at; no setting is longer.
_LINE = 8192
_STAND_IN = re.compile(r"x{4}|your|example|placeholder|\.\.\.", re.IGNORECASE)


def _written_secrets(file: Path) -> Iterator[Finding]:
    try:
        lines = _lines(_read(file))
    except (OSError, ValueError):
        return  # seeds-are-in-step says so
    for number, line in enumerate(lines, 1):
        name = _secret_in(line[:_LINE])
        if name:
            yield Finding(
                "no-tracked-credentials",
                Place(file, number),
                f"a secret is written here ({name})",
                "no secret in a file that git tracks",
                "take it out, give the application the name of a variable, and replace the secret",
            )


def _secret_in(line: str) -> str:
    """What a secret in a line is called, which is no secret; empty without one."""
    is_comment = line.lstrip().startswith("#")
    for found in () if is_comment else _SETTING.finditer(line):
        name, several, *values = found.groups()
        value = next((each for each in values if each), "")
        refers = _REFERENCE.fullmatch(value) or _STAND_IN.search(value)
        if _names_secret(name) and (several or (value and not refers)):
            return name
    key = _KEY.search(line)
    return "a value of the form of a key" if key and not _STAND_IN.search(key[0]) else ""


def _names_secret(name: str) -> bool:
    """Whether a setting holds a secret: ``api_key``, and not ``credentials_store``."""
    last = re.split(r"[_.-]", name)[-1]
    return looks_secret(last) and looks_secret(name)
