"""Scratch repositories laid out like that of the Codex Completions API, and runs of CI in them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_codex.selection.changes import Changes, Everything
from pytest_codex.selection.git import changes_since, label_changes
from pytest_codex.selection.rules import DEFAULT, SelectionPolicy
from pytest_codex.selection.selecting import Selection, compose_paths, select

COMPOSE = """\
services:
  app:
    build: .
    restart: unless-stopped
    environment:
      - PORT=${PORT:-11435}
    ports:
      - 127.0.0.1:11435:11435
    networks: [traefik]
    labels:
      - traefik.enable=true
      - traefik.http.routers.codex-api.rule=Host(`api.example`) && PathPrefix(`/v1`)
networks:
  traefik:
    external: true
"""
FILES = {
    "README.md": "# Codex\n",
    "docs/a.md": "a\n",
    "server.js": "server\n",
    "src/utils.js": "utils\n",
    "src/stream.js": "stream\n",
    "src/routes/chat.js": "chat\n",
    "Dockerfile": "FROM node\n",
    "package.json": "{}\n",
    "docker-compose.yml": COMPOSE,
    "compose.dev.stack.yml": COMPOSE.replace("codex-api", "codex-dev-api"),
    ".codev/AGENTS.md": "agents\n",
}
IDENTITY = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "C",
    "GIT_COMMITTER_EMAIL": "c@example.com",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
}


@dataclass
class Repository:
    """A repository, and the environment of who works in it."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    @classmethod
    def made(cls, root: Path, files: Mapping[str, str] | None = FILES) -> Repository:
        """Make a repository with one commit on main; without files, with none."""
        root.mkdir(parents=True, exist_ok=True)
        made = cls(root, {"PATH": os.environ["PATH"], "HOME": str(root.parent), **IDENTITY})
        made.git("init", "-q", "-b", "main")
        if files is not None:
            made.commit(files)
        return made

    def git(self, *arguments: str) -> str:
        """Run git, which must succeed, and return what it says."""
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *arguments],
            cwd=self.root,
            env=self.environ,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def write(self, files: Mapping[str, str]) -> None:
        """Write files and do not commit them."""
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")

    def commit(self, files: Mapping[str, str] | None = None) -> str:
        """Commit files, or what is there, and return the commit."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "-q", "--allow-empty", "-m", "m")
        return self.git("rev-parse", "HEAD")

    def edit(self, path: str, old: str, new: str) -> str:
        """Replace a text in a file and commit it."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert old in text
        return self.commit({path: text.replace(old, new)})

    def cloned(self, root: Path, *options: str) -> Repository:
        """Return a clone, over a transport that can make it shallow."""
        self.git("clone", "-q", *options, f"file://{self.root}", str(root))
        return Repository(root, self.environ)

    def since(self, ref: str = "auto", **environ: str) -> Changes | Everything:
        """Return what changed, as the selection sees it."""
        return changes_since(ref, self.root, {**self.environ, **environ})

    def changed(self, ref: str = "auto", **environ: str) -> dict[str, str]:
        """Return the changed paths and their statuses; it must be known."""
        found = self.since(ref, **environ)
        assert isinstance(found, Changes), found
        return {change.path: change.status for change in found.paths}

    def unknown(self, ref: str = "auto", **environ: str) -> Everything:
        """Return why it is not known what changed; it must be so."""
        found = self.since(ref, **environ)
        assert isinstance(found, Everything), found
        assert found.reason
        assert found.mend
        return found

    def selection(self, ref: str = "main", policy: SelectionPolicy = DEFAULT) -> Selection:
        """Return what is selected for the changes since a ref."""
        changes = self.since(ref)
        labels = None
        if isinstance(changes, Changes):
            paths = compose_paths(policy, changes)
            labels = label_changes(changes, paths, self.root, self.environ)
        return select(policy, changes, labels)

    def github(self, name: str, event: object) -> dict[str, str]:
        """Return the environment of a run on GitHub."""
        path = self.root.parent / "event.json"
        path.write_text(json.dumps(event), encoding="utf-8")
        return {"CI": "true", "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(path)}
