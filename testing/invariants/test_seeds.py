"""Seeds in step, and no credentials in git."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from pytest_codex.compose.read import read
from pytest_codex.invariants.deployment import Deployment
from pytest_codex.invariants.findings import UnjudgedError
from pytest_codex.invariants.seeds import LARGEST, no_tracked_credentials, seeds_are_in_step
from pytest_codex.invariants.stack import Stack

from .stacks import EXAMPLE, EXAMPLES, policy

TOML, AGENTS = "config.toml", "AGENTS.md"
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")


@pytest.fixture
def folder(tmp_path):
    """A copy of the example."""
    return shutil.copytree(EXAMPLES, tmp_path / "stack")


def prod(folder, **other):
    """The production stack of a folder."""
    project = read([folder / EXAMPLE["prod"]], {})
    return Stack(Deployment.of(project), policy("prod", **other))


def told(folder, rule=seeds_are_in_step):
    """What a rule says of a folder."""
    return list(rule(prod(folder)))


def git(folder, *args):
    """Run git in a folder."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(["git", "-C", str(folder), *args], check=True, env=environ, capture_output=True)


@pytest.fixture
def repository(folder):
    """The copy as a repository with nothing tracked."""
    git(folder, "init", "-q")
    return folder


def track(repository, name, text="x\n"):
    """Write a file and have git track it."""
    file = repository / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    git(repository, "add", "-f", "--", name)


class TestSeeds:
    """``seeds-are-in-step``."""

    def test_those_of_the_example_are_in_step(self):
        """Its two folders hold the same."""
        assert told(EXAMPLES) == []

    def test_without_a_dev_folder_there_is_nothing_to_compare(self, folder):
        """Production alone has its seeds."""
        shutil.rmtree(folder / ".codev")
        assert told(folder) == []

    def test_without_both_folders_nothing_is_judged(self, folder):
        """The compose file stands alone."""
        shutil.rmtree(folder / ".codev")
        shutil.rmtree(folder / ".codex-api")
        with pytest.raises(UnjudgedError, match="not in its repository"):
            told(folder)

    def test_without_a_name_nothing_is_judged(self, folder):
        """The policy says what the folder is called."""
        with pytest.raises(UnjudgedError, match="set home"):
            list(seeds_are_in_step(prod(folder, home="")))

    @pytest.mark.parametrize("name", [TOML, AGENTS])
    def test_a_missing_seed_is_told_at_the_mount(self, folder, name):
        """With dev's, which would be copied."""
        (folder / ".codex-api" / name).unlink()
        (found,) = told(folder)
        assert f".codex-api/{name} does not exist" in found.found
        lines = (folder / EXAMPLE["prod"]).read_text().splitlines()
        assert "./.codex-api:" in lines[found.at.line - 1]
        assert (found.other.file, found.other.line) == (folder / ".codev" / name, 1)

    def test_a_missing_folder_is_told_seed_by_seed(self, folder):
        """Both are missing."""
        shutil.rmtree(folder / ".codex-api")
        assert len(told(folder)) == 2

    def test_a_seed_that_only_prod_has_is_told(self, folder):
        """It was not validated."""
        (folder / ".codev" / AGENTS).unlink()
        (found,) = told(folder)
        assert f".codev/{AGENTS} does not exist" in found.found

    def test_a_difference_is_told_at_the_first_line(self, folder):
        """Of both, with a diff."""
        file = folder / ".codev" / TOML
        file.write_text(file.read_text().replace('"never"', '"always"'))
        (found,) = told(folder)
        number = 1 + next(n for n, t in enumerate(file.read_text().splitlines()) if "always" in t)
        assert (found.at.file, found.at.line) == (folder / ".codex-api" / TOML, number)
        assert (found.other.file, found.other.line) == (file, number)
        assert '-approval_policy = "never"' in found.found
        assert '+approval_policy = "always"' in found.found

    def test_lines_at_the_end_are_told(self, folder):
        """At the last line of the shorter file."""
        file = folder / ".codev" / AGENTS
        file.write_text(file.read_text() + "More.\n")
        (found,) = told(folder)
        assert "+More." in found.found
        length = len((folder / ".codex-api" / AGENTS).read_text().splitlines())
        assert found.at.line == length

    def test_line_ends_are_no_difference(self, folder):
        """Nor is a missing one at the end."""
        file = folder / ".codev" / TOML
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n").removesuffix(b"\r\n"))
        assert told(folder) == []

    def test_a_long_diff_is_cut(self, folder):
        """Whatever the files are like, and quickly."""
        for home, line in ((".codex-api", "a{}"), (".codev", "b{}")):
            text = "\n".join(line.format(n % 3) for n in range(150_000))
            (folder / home / TOML).write_text(text)
        (found,) = told(folder)
        assert len(found.found.splitlines()) <= 22
        assert found.found.endswith("…")

    @pytest.mark.parametrize(
        "line",
        [
            'api_key = "hunter2{}"',
            "# token: hunter2{}",
            'Authorization = "Bearer hunter2hunter2{}"',
            'url = "https://me:hunter2{}@example.com"',
            'x = "sk-hunter2hunter2{}"',
            'secret = """\nhunter2{}\n"""',
            "-----BEGIN PRIVATE KEY-----\nhunter2{}\n-----END PRIVATE KEY-----",
        ],
    )
    def test_a_secret_is_not_shown(self, folder, line):
        """That there is a difference is."""
        for home, value in ((".codex-api", "a"), (".codev", "b")):
            (folder / home / TOML).write_text(f"first = 1\n{line.format(value)}\nlast = 2\n")
        (found,) = told(folder)
        assert "differs" in found.found
        assert "hunter2" not in str(found)

    def test_control_characters_are_not_shown_as_they_are(self, folder):
        """They would write over the terminal."""
        (folder / ".codev" / TOML).write_text("\x1b[2J = 1\n")
        (found,) = told(folder)
        assert "\x1b" not in str(found)
        assert "\\x1b[2J" in found.found

    @pytest.mark.parametrize("home", [".codex-api", ".codev"])
    @pytest.mark.parametrize(
        ("data", "reason"),
        [(b"\xff\xfe", "is not UTF-8 at byte 0"), (b"x" * (LARGEST + 1), "is larger than")],
    )
    def test_what_is_no_text_is_told(self, folder, home, data, reason):
        """At its first line."""
        (folder / home / TOML).write_bytes(data)
        (found,) = told(folder)
        assert reason in found.found
        assert (found.at.file, found.at.line) == (folder / home / TOML, 1)

    def test_a_folder_in_the_place_of_a_seed_is_told(self, folder):
        """It cannot be read."""
        (folder / ".codex-api" / TOML).unlink()
        (folder / ".codex-api" / TOML).mkdir()
        (found,) = told(folder)
        assert "is no regular file" in found.found

    def test_a_pipe_in_the_place_of_a_seed_is_told(self, folder):
        """And is not waited for."""
        (folder / ".codex-api" / TOML).unlink()
        os.mkfifo(folder / ".codex-api" / TOML)
        (found,) = told(folder)
        assert "is no regular file" in found.found

    def test_a_link_that_goes_round_is_told(self, folder):
        """Without a traceback."""
        (folder / ".codex-api" / TOML).unlink()
        (folder / ".codex-api" / TOML).symlink_to(TOML)
        assert len(told(folder)) == 1


@needs_git
class TestCredentials:
    """``no-tracked-credentials``."""

    def test_a_repository_with_seeds_only_is_clean(self, repository):
        """All that the example has."""
        git(repository, "add", "-A")
        assert told(repository, no_tracked_credentials) == []

    def test_what_is_not_tracked_is_not_told(self, repository):
        """It is where credentials belong."""
        (repository / ".codex-api" / "auth.json").write_text("{}")
        (repository / ".env").write_text("PROXY_API_KEY=x\n")
        assert told(repository, no_tracked_credentials) == []

    @pytest.mark.parametrize(
        "name",
        [
            ".codex-api/auth.json",
            ".codev/auth.json",
            "auth.json",
            ".env",
            ".env.dev",
            "config/.ENV.PROD",
            "tls/server.key",
            "tls/server.pem",
            "client.p12",
            "id_rsa",
            "keys/id_ed25519",
            "credentials.json",
            "credentials-prod.json",
            ".netrc",
            ".codex-api/sessions/2025/rollout.jsonl",
            ".codev/session.json",
            ".codex-api/access_token",
            ".codex-api/history.jsonl",
            "a folder/ünsafe\nname.key",
        ],
    )
    def test_credentials_are_told_at_their_file(self, repository, name):
        """By their names, wherever they are."""
        track(repository, name)
        (found,) = told(repository, no_tracked_credentials)
        assert (found.at.file, found.at.line) == (repository / name, 1)
        assert "\n" not in found.found

    @pytest.mark.parametrize(
        "name",
        [
            ".env.example",
            ".env.dev.sample",
            ".env.template",
            ".env.dist",
            "id_rsa.pub",
            "src/tokens.py",
            "src/session.js",
            "auth/server.mjs",
            ".codex-api/.gitignore",
            ".codex-api/README.md",
            ".codev/prompts/review.md",
            "environment",
        ],
    )
    def test_what_only_sounds_like_it_is_not_told(self, repository, name):
        """Templates, public keys and sources."""
        track(repository, name)
        assert told(repository, no_tracked_credentials) == []

    def test_a_certificate_is_public(self, repository):
        """A PEM file without a private key is no secret."""
        text = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
        track(repository, "ca.pem", text)
        assert told(repository, no_tracked_credentials) == []
        track(repository, "ca.pem", text + text.replace("CERTIFICATE", "EC PRIVATE KEY"))
        assert len(told(repository, no_tracked_credentials)) == 1

    @pytest.mark.parametrize(
        "line",
        [
            'api_key = "hunter2"',
            "bearer_token = 'hunter2'",
            'password = """',
            'http_headers = { "Authorization" = "Bearer hunter2hunter2" }',
            'args = ["--x", "sk-hunter2hunter2"]',
            '# api_key = "sk-hunter2hunter2"',
            'url = "https://me:hunter2@example.com/"',
        ],
    )
    def test_a_secret_in_a_seed_is_told_at_its_line(self, repository, line):
        """And is not shown."""
        track(repository, f".codex-api/{TOML}", f'model = "gpt-5"\n\n{line}\n')
        (found,) = told(repository, no_tracked_credentials)
        assert (found.at.file, found.at.line) == (repository / ".codex-api" / TOML, 3)
        assert "hunter2" not in str(found)

    @pytest.mark.parametrize(
        "line",
        [
            'env_key = "OPENAI_API_KEY"',
            'bearer_token_env_var = "GITHUB_TOKEN"',
            'cli_auth_credentials_store = "file"',
            "model_max_output_tokens = 4096",
            'api_key = "${PROXY_API_KEY}"',
            'api_key = ""',
            'api_key = "<your key>"',
            'key_file = "/run/secrets/key"',
            '# api_key = "sk-..."',
            'x = "sk-your-key-here"',
            "requires_openai_auth = true",
        ],
    )
    def test_a_reference_in_a_seed_is_not_told(self, repository, line):
        """Names of variables, paths and stand-ins are no secrets."""
        track(repository, f".codex-api/{TOML}", f"{line}\n")
        assert told(repository, no_tracked_credentials) == []

    def test_a_project_in_a_folder_of_its_repository_is_judged_by_itself(self, tmp_path):
        """What the rest of the repository tracks is not its matter."""
        git(tmp_path, "init", "-q")
        folder = shutil.copytree(EXAMPLES, tmp_path / "deploy")
        track(tmp_path, "other/auth.json")
        assert told(folder, no_tracked_credentials) == []
        track(tmp_path, "deploy/auth.json")
        (found,) = told(folder, no_tracked_credentials)
        assert found.at.file == folder / "auth.json"

    def test_variables_of_git_do_not_lead_elsewhere(self, repository, tmp_path, monkeypatch):
        """As in a hook, which git runs with them."""
        other = tmp_path / "other"
        other.mkdir()
        git(other, "init", "-q")
        track(repository, "auth.json")
        monkeypatch.setenv("GIT_DIR", str(other / ".git"))
        monkeypatch.setenv("GIT_WORK_TREE", str(other))
        assert len(told(repository, no_tracked_credentials)) == 1

    def test_no_program_of_the_repository_is_run(self, repository):
        """Its fsmonitor would be."""
        trace = repository / "ran"
        script = repository / "monitor.sh"
        script.write_text(f"#!/bin/sh\ntouch '{trace}'\n")
        script.chmod(0o755)
        git(repository, "add", "-A")
        git(repository, "config", "core.fsmonitor", str(script))
        assert told(repository, no_tracked_credentials) == []
        assert not trace.exists()

    def test_without_a_repository_nothing_is_judged(self, folder):
        """And the reason is git's."""
        with pytest.raises(UnjudgedError, match="not a git repository"):
            told(folder, no_tracked_credentials)

    def test_without_git_nothing_is_judged(self, folder, monkeypatch):
        """It is not on this machine."""
        monkeypatch.setenv("PATH", str(folder))
        with pytest.raises(UnjudgedError, match="there is no git here"):
            told(folder, no_tracked_credentials)

    def test_a_git_that_does_not_answer_is_not_waited_for(self, folder, monkeypatch):
        """Its silence is the reason."""
        script = folder / "git"
        script.write_text("#!/bin/sh\nexec sleep 60\n")
        script.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
        monkeypatch.setattr("pytest_codex.git.PATIENCE", 0.1)
        with pytest.raises(UnjudgedError, match=r"took more than 0\.1 s"):
            told(folder, no_tracked_credentials)
