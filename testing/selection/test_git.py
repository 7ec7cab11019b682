"""What git says in real repositories, and what is made of it where it says nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_codex import git as adapter
from pytest_codex.selection.changes import Changes, Everything
from pytest_codex.selection.git import changes_since, label_changes

from .repositories import FILES, Repository

ODD = (
    "a b.js", 'q".js', "it's.js", "line\nend.js", "tab\t.js", "日本é.js", "-x", "--output=y",
    "back\\slash", "*", ":(top)x", "$(touch x)", "\udcff\udcfe.js",
)  # fmt: skip


class TestWhatHasChanged:
    """Compared with a ref."""

    def test_committed_staged_unstaged_and_untracked_changes_count(self, repository):
        """Additions, modifications and deletions."""
        repository.commit({"server.js": "committed\n", "new.js": "x"})
        repository.write({"src/utils.js": "staged\n", "staged.js": "x"})
        repository.git("add", "src/utils.js", "staged.js")
        repository.git("rm", "-q", "Dockerfile")
        repository.write({"src/stream.js": "unstaged\n", "untracked/a b.js": "x"})
        (repository.root / "package.json").unlink()
        assert repository.changed("main") == {
            "server.js": "M", "new.js": "A", "src/utils.js": "M", "staged.js": "A",
            "Dockerfile": "D", "src/stream.js": "M", "untracked/a b.js": "A", "package.json": "D",
        }  # fmt: skip

    def test_what_is_staged_counts_though_the_file_is_as_before(self, repository):
        """It is about to be committed."""
        repository.write({"server.js": "staged\n"})
        repository.git("add", "server.js")
        repository.write({"server.js": FILES["server.js"]})
        assert repository.changed("main") == {"server.js": "M"}

    def test_both_ends_of_a_rename_count(self, repository):
        """Whatever the user has configured for renames."""
        repository.git("config", "diff.renames", "copies")
        repository.git("mv", "src/stream.js", "docs/stream.md")
        assert repository.changed("main") == {"src/stream.js": "D", "docs/stream.md": "A"}
        repository.commit()
        assert repository.changed("main") == {"src/stream.js": "D", "docs/stream.md": "A"}

    def test_names_are_taken_as_they_are(self, repository):
        """Spaces, quotes, line ends, other alphabets, what looks like an option or a command."""
        repository.commit(dict.fromkeys(ODD, "x"))
        repository.git("config", "core.quotePath", "true")
        assert repository.changed("main") == dict.fromkeys(ODD, "A")
        repository.git("reset", "-q", "--soft", "main")
        assert repository.changed("main") == dict.fromkeys(ODD, "A")
        repository.git("reset", "-q")
        assert repository.changed("main") == dict.fromkeys(ODD, "A")

    def test_a_file_that_became_a_link_or_executable_has_changed(self, repository):
        """The type and the mode count."""
        (repository.root / "server.js").unlink()
        (repository.root / "server.js").symlink_to("src/utils.js")
        (repository.root / "src/utils.js").chmod(0o755)
        assert repository.changed("main") == {"server.js": "T", "src/utils.js": "M"}

    def test_what_the_other_branch_has_got_meanwhile_is_not_a_change(self, repository):
        """Compared from where the two parted."""
        repository.commit({"server.js": "changed\n"})
        repository.git("checkout", "-q", "main")
        repository.commit({"Dockerfile": "FROM other\n"})
        repository.git("checkout", "-q", "feature")
        assert repository.changed("main") == {"server.js": "M"}

    def test_where_histories_cross_the_changes_since_every_base_count(self, repository):
        """Two merge bases, each with its own differences."""
        repository.commit({"server.js": "feature\n"})
        repository.git("checkout", "-q", "main")
        repository.commit({"Dockerfile": "FROM main\n"})
        repository.git("branch", "was", "main")
        repository.git("merge", "-q", "-m", "m", "feature")
        repository.git("checkout", "-q", "feature")
        repository.git("merge", "-q", "-m", "m", "was")
        repository.commit({"src/utils.js": "feature\n"})
        found = repository.since("main")
        assert isinstance(found, Changes)
        assert len(found.bases) == 2
        assert {change.path for change in found.paths} == {
            "server.js", "Dockerfile", "src/utils.js",
        }  # fmt: skip

    def test_nothing_is_a_change_where_nothing_has_changed(self, repository):
        """A file that was only touched is the same."""
        (repository.root / "server.js").touch()
        os.utime(repository.root / "server.js", (1, 1))
        found = repository.since("main")
        assert found == Changes((), found.since, found.bases)
        assert found.since.startswith("since main (")

    def test_paths_are_from_the_top_wherever_pytest_runs(self, repository):
        """And what lies outside its folder counts."""
        repository.commit({"server.js": "changed\n"})
        repository.write({"docs/new.md": "x"})
        found = changes_since("main", repository.root / "src", repository.environ)
        assert isinstance(found, Changes)
        assert {change.path for change in found.paths} == {"server.js", "docs/new.md"}

    def test_ignored_files_and_our_own_results_are_no_changes(self, repository):
        """What is ignored, and what nobody but us writes to."""
        repository.commit({".gitignore": "node_modules/\n"})
        repository.git("checkout", "-q", "-b", "next")
        repository.write({"node_modules/a.js": "x", "out/a [b]/prod/junit.xml": "x", "out/c": "x"})
        assert self.beside(repository, "out/a [b]") == {"out/c"}
        assert self.beside(repository, "out") == set()

    def test_in_a_results_folder_with_tracked_files_everything_counts(self, repository):
        """It is not only ours."""
        repository.commit({"test-results/golden.json": "1"})
        repository.git("checkout", "-q", "-b", "next")
        repository.write({"test-results/golden.json": "2", "test-results/new.json": "1"})
        assert self.beside(repository, "test-results") == {
            "test-results/golden.json", "test-results/new.json",
        }  # fmt: skip

    def test_what_is_staged_in_the_results_folder_counts(self, repository):
        """It is about to be tracked."""
        repository.git("checkout", "-q", "-b", "next")
        repository.write({"test-results/new.json": "1"})
        repository.git("add", "test-results")
        assert self.beside(repository, "test-results") == {"test-results/new.json"}

    @pytest.mark.parametrize("results", [".", "..", "src", "src/../src", "/"])
    def test_results_that_are_written_among_sources_hide_none(self, repository, results):
        """An untracked source is a change wherever results go."""
        repository.git("checkout", "-q", "-b", "next")
        repository.write({"src/new.js": "x"})
        assert self.beside(repository, results) == {"src/new.js"}

    @staticmethod
    def beside(repository: Repository, results: str) -> set[str]:
        """Return what has changed since the branch before, with results in a folder."""
        folder = repository.root / results
        found = changes_since("feature", repository.root, repository.environ, folder)
        assert isinstance(found, Changes)
        return {change.path for change in found.paths}


class TestWherePytestWasCalled:
    """In the repository of its rootdir, or in another one."""

    def test_anywhere_in_the_repository_will_do(self, repository):
        """Also at its top; and outside of any there is no other that could be meant."""
        for here in (repository.root, repository.root / "src", repository.root.parent):
            found = changes_since("main", repository.root, repository.environ, here=here)
            assert isinstance(found, Changes)

    def test_another_repository_is_told(self, repository, tmp_path):
        """Its changes are those that are meant, more likely."""
        other = Repository.made(tmp_path / "other", {"x": "x"})
        found = changes_since("main", repository.root, repository.environ, here=other.root)
        assert isinstance(found, Everything)
        assert f"called in another repository ({other.root})" in found.reason
        assert "--rootdir" in found.mend

    def test_a_submodule_is_another_repository(self, repository, tmp_path):
        """It has a history of its own."""
        module = Repository.made(tmp_path / "module", {"a": "1"})
        repository.git("submodule", "--quiet", "add", str(module.root), "lib")
        here = repository.root / "lib"
        found = changes_since("HEAD", repository.root, repository.environ, here=here)
        assert isinstance(found, Everything)
        assert "another repository" in found.reason


class TestLocalBranch:
    """What `auto` compares with outside CI."""

    def test_the_upstream_of_another_name(self, repository):
        """The branch was made from it."""
        repository.git("checkout", "-q", "-b", "develop", "main")
        repository.commit({"Dockerfile": "FROM other\n"})
        repository.git("checkout", "-q", "-b", "mine", "--track", "develop")
        repository.commit({"server.js": "changed\n"})
        assert repository.changed() == {"server.js": "M"}

    def test_the_remote_s_default_branch_and_not_the_branch_s_own_copy(self, repository, tmp_path):
        """What was pushed already is still a change."""
        repository.commit({"server.js": "changed\n"})
        repository.git("checkout", "-q", "main")
        clone = repository.cloned(tmp_path / "clone")
        clone.git("checkout", "-q", "feature")
        assert clone.git("rev-parse", "--abbrev-ref", "@{upstream}") == "origin/feature"
        assert clone.changed() == {"server.js": "M"}
        found = clone.since()
        assert isinstance(found, Changes)
        assert "since origin/HEAD (" in found.since

    def test_main_s_own_upstream(self, repository, tmp_path):
        """What is not pushed yet."""
        repository.git("checkout", "-q", "main")
        clone = repository.cloned(tmp_path / "clone")
        clone.commit({"server.js": "changed\n"})
        clone.write({"Dockerfile": "x"})
        assert clone.changed() == {"server.js": "M", "Dockerfile": "M"}

    def test_an_upstream_that_is_gone_is_passed_over(self, repository):
        """Its branch was deleted after the merge."""
        repository.git("config", "branch.feature.remote", ".")
        repository.git("config", "branch.feature.merge", "refs/heads/gone")
        repository.commit({"server.js": "changed\n"})
        assert repository.changed() == {"server.js": "M"}

    def test_the_local_main_where_there_is_no_remote(self, repository):
        """The last resort."""
        repository.commit({"server.js": "changed\n"})
        assert repository.changed() == {"server.js": "M"}


class TestEverything:
    """What cannot be told, with what to do about it."""

    def test_main_alone(self, repository):
        """There is nothing that it could be compared with, but its own past if it has one."""
        repository.git("checkout", "-q", "main")
        found = repository.unknown()
        assert "no branch to compare main with" in found.reason
        assert "HEAD~1" not in found.mend
        repository.commit()
        assert "HEAD~1" in repository.unknown().mend

    def test_the_branch_s_own_copy_alone(self, repository, tmp_path):
        """That nothing has changed since it was pushed does not say that nothing has changed."""
        repository.commit({"server.js": "changed\n"})
        repository.git("checkout", "-q", "main")
        clone = repository.cloned(tmp_path / "clone", "--single-branch", "-b", "feature")
        assert clone.git("rev-parse", "--abbrev-ref", "@{upstream}") == "origin/feature"
        found = clone.unknown()
        assert "no branch to compare feature with" in found.reason
        assert "--changed-since=REF" in found.mend

    def test_a_detached_head(self, repository):
        """No branch says where it began; a ref does."""
        repository.git("checkout", "-q", "--detach")
        assert "detached" in repository.unknown().reason
        assert repository.changed("main") == {}

    @pytest.mark.parametrize("ref", ["auto", "HEAD", "HEAD~1", "main"])
    def test_no_commit_yet(self, tmp_path, ref):
        """An unborn branch."""
        repository = Repository.made(tmp_path / "new", files=None)
        found = repository.unknown(ref)
        assert found.reason == "there is no commit yet"
        assert "HEAD~1" not in found.mend

    def test_the_first_commit(self, tmp_path):
        """It has no parent."""
        repository = Repository.made(tmp_path / "new")
        assert "git does not know HEAD~1" in repository.unknown("HEAD~1").reason
        assert "no branch" in repository.unknown().reason

    def test_no_repository(self, tmp_path):
        """The folder is in none."""
        environ = {**Repository(tmp_path, {}).environ, "PATH": os.environ["PATH"]}
        found = Repository(tmp_path, {**environ, "GIT_CEILING_DIRECTORIES": "/"}).unknown()
        assert "not a git repository" in found.reason
        assert "--changed-files" in found.mend

    def test_no_folder(self, tmp_path):
        """Nor anything else."""
        environ = {"PATH": os.environ["PATH"]}
        assert Repository(tmp_path / "gone", environ).unknown().reason

    def test_a_bare_repository(self, repository, tmp_path):
        """It has no files."""
        bare = repository.cloned(tmp_path / "bare", "--bare")
        assert "git finds no repository here" in bare.unknown("main").reason

    def test_no_git(self, repository, tmp_path):
        """It is not installed."""
        assert "there is no git here" in repository.unknown(PATH=str(tmp_path)).reason

    def test_histories_without_a_common_commit(self, repository):
        """Compared with an orphan."""
        repository.git("checkout", "-q", "--orphan", "orphan")
        repository.commit({"server.js": "orphan\n"})
        assert "no history in common" in repository.unknown("main").reason

    def test_a_shallow_clone(self, repository, tmp_path):
        """Its history ends before the two parted."""
        repository.commit({"server.js": "1\n"})
        repository.commit({"server.js": "2\n"})
        repository.git("checkout", "-q", "main")
        shallow = repository.cloned(
            tmp_path / "shallow", "--depth=1", "--no-single-branch", "--branch=feature"
        )
        for ref in ("auto", "origin/main"):
            found = shallow.unknown(ref)
            assert "shallow" in found.reason
            assert found.mend == "git fetch --unshallow"

    def test_a_shallow_clone_with_enough_history(self, repository, tmp_path):
        """The base is an ancestor of HEAD, and that is shown."""
        repository.commit({"server.js": "1\n"})
        repository.commit({"server.js": "2\n"})
        shallow = repository.cloned(tmp_path / "shallow", "--depth=2", "--branch=feature")
        assert shallow.changed("HEAD~1") == {"server.js": "M"}

    def test_what_a_shallow_clone_does_not_have_is_fetched_with_its_history(
        self, repository, tmp_path
    ):
        """And the advice is one that works."""
        repository.commit({"server.js": "1\n"})
        repository.commit({"server.js": "2\n"})
        shallow = repository.cloned(tmp_path / "shallow", "--depth=1", "--branch=feature")
        for ref in ("origin/main", "HEAD~1"):
            found = shallow.unknown(ref)
            assert "the clone is shallow" in found.reason
            assert "--deepen=NUMBER" in found.mend
        command = found.mend.partition(" (")[0].replace("'", "").split()
        assert command[0] == "git"
        shallow.git("-c", "protocol.file.allow=always", *command[1:])
        assert shallow.changed("origin/main") == {"server.js": "M"}

    @pytest.mark.parametrize("hidden", [False, True])
    @pytest.mark.parametrize("committed", [False, True])
    def test_a_submodule_that_moved(self, repository, tmp_path, hidden, committed):
        """What has changed in it is not known here, even if git is told to look away."""
        module = Repository.made(tmp_path / "module", {"a": "1"})
        repository.git("submodule", "--quiet", "add", str(module.root), "vendor/lib")
        if hidden:
            repository.git("config", "-f", ".gitmodules", "submodule.vendor/lib.ignore", "all")
            repository.git("config", "diff.ignoreSubmodules", "all")
        repository.commit()
        repository.git("branch", "-f", "main", "HEAD")
        inside = Repository(repository.root / "vendor/lib", repository.environ)
        inside.commit({"a": "2"})
        if committed:
            repository.git("add", "-f", "vendor/lib")
            repository.git("commit", "-q", "--allow-empty", "-m", "m")
        found = repository.unknown("main")
        assert "the submodule vendor/lib has changed" in found.reason

    def test_inside_a_submodule_its_own_history_counts(self, repository, tmp_path):
        """The one around it is another repository."""
        module = Repository.made(tmp_path / "module", {"a": "1"})
        repository.git("submodule", "--quiet", "add", str(module.root), "lib")
        inside = Repository(repository.root / "lib", repository.environ)
        inside.commit({"a": "2"})
        assert inside.changed() == {"a": "M"}


class TestRefs:
    """What --changed-since names."""

    @pytest.mark.parametrize(
        "ref",
        [
            "no-such", "", "-", "--", "--output=stolen", "-Ostolen", "--all", "--not", "^main",
            "main..feature", "main...feature", "main feature", "main\0feature", "main\n", "HEAD:",
            "HEAD:server.js", "main^{tree}", "\udcff", "--end-of-options", "origin/main",
            "a" * 5000,
        ],
    )  # fmt: skip
    def test_what_names_no_commit_is_unknown_and_never_an_option(self, repository, ref):
        """Everything runs, and nothing else happens."""
        before = sorted(repository.root.rglob("*"))
        found = repository.unknown(ref)
        assert "git does not know" in found.reason
        assert sorted(repository.root.rglob("*")) == before

    @pytest.mark.parametrize(
        ("ref", "said", "mend"),
        [
            ("main feature", "there can be no such ref", "--changed-since=REF"),
            ("main..feature", "there can be no such ref", "--changed-since=REF"),
            ("--all", "there can be no such ref", "--changed-since=REF"),
            ("", "there can be no such ref", "--changed-since=REF"),
            ("a.lock", "there can be no such ref", "--changed-since=REF"),
            ("HEAD~9", "git does not know HEAD~9", "--changed-since=REF"),
            ("origin/main", "git does not know origin/main", "git fetch origin"),
            ("a" * 40, "git does not know a", "git fetch origin"),
            ("0" * 40, "git does not know 0", "--changed-since=REF"),
            ("@{u}", "git does not know @{u}", "--changed-since=REF"),
            ("feature@{upstream}", "git does not know feature@{upstream}", "--changed-since=REF"),
            (":/no such..text", "git does not know :/no such..text", "--changed-since=REF"),
        ],
    )
    def test_fetching_is_advised_where_it_can_help(self, repository, ref, said, mend):
        """Not for what can be on no remote."""
        repository.git("remote", "add", "origin", "file:///nowhere")
        found = repository.unknown(ref)
        assert said in found.reason
        assert mend in found.mend

    @pytest.mark.parametrize("ref", ["origin/main", "a" * 40, "v9"])
    def test_without_a_remote_there_is_nothing_to_fetch(self, repository, ref):
        """Only another ref can be named; a remote of another name is as good as origin."""
        assert repository.unknown(ref).mend == "name what to compare with: --changed-since=REF"
        repository.git("remote", "add", "upstream", "file:///nowhere")
        assert repository.unknown(ref).mend == "git fetch upstream"

    def test_a_shallow_clone_that_has_lost_its_remote_cannot_be_deepened(
        self, repository, tmp_path
    ):
        """The same."""
        repository.commit()
        shallow = repository.cloned(tmp_path / "shallow", "--depth=1", "--branch=feature")
        shallow.git("remote", "remove", "origin")
        found = shallow.unknown("HEAD~1")
        assert "the clone is shallow" in found.reason
        assert found.mend == "name what to compare with: --changed-since=REF"

    def test_a_branch_that_is_on_the_remote_only_is_named_so(self, repository, tmp_path):
        """A clone has one branch of its own; git's command line finds no other by this name."""
        repository.commit({"server.js": "changed\n"})
        clone = repository.cloned(tmp_path / "clone", "--branch=feature")
        found = clone.unknown("main")
        assert found.reason == "git does not know main (only origin/main)"
        assert found.mend == "--changed-since=origin/main"
        assert clone.changed("origin/main") == {"server.js": "M"}

    @pytest.mark.parametrize(
        "ref", ["main", "refs/heads/main", "v1", "HEAD~1", "@~1", "HEAD^{/m}~1"]
    )
    def test_every_notation_of_git_for_a_commit_will_do(self, repository, ref):
        """Annotated tags, too."""
        repository.git("tag", "-a", "-m", "t", "v1")
        repository.commit({"server.js": "changed\n"})
        assert repository.changed(ref) == {"server.js": "M"}

    @pytest.mark.parametrize("ref", ["@{u}", ":/no such..text"])
    def test_what_is_valid_is_not_called_impossible(self, repository, ref):
        """There is no upstream, and no such message."""
        assert "can be no such ref" not in repository.unknown(ref).reason

    def test_a_near_match_is_offered(self, repository):
        """A typing error is the likeliest reason."""
        assert "(did you mean 'feature'?)" in repository.unknown("featrue").reason

    @pytest.mark.parametrize("ref", ["Auto", "AUTO", "atuo"])
    def test_auto_is_a_near_match_too(self, repository, ref):
        """It is a name of ours and not of git's; a branch that is nearer comes first."""
        assert f"git does not know {ref} (did you mean 'auto'?)" == repository.unknown(ref).reason
        repository.git("branch", "autos")
        assert "(did you mean 'autos'?)" in repository.unknown("autoss").reason


class TestGitItself:
    """How git is started."""

    def test_variables_that_lead_git_elsewhere_are_not_passed_on(self, repository, tmp_path):
        """A hook that runs pytest has them set."""
        other = Repository.made(tmp_path / "other", {"x": "x"})
        repository.commit({"server.js": "changed\n"})
        environ = {
            "GIT_DIR": str(other.root / ".git"),
            "GIT_WORK_TREE": str(other.root),
            "GIT_INDEX_FILE": str(tmp_path / "index"),
            "GIT_EXTERNAL_DIFF": "false",
            "GIT_CONFIG_COUNT": "broken",
        }
        assert repository.changed("main", **environ) == {"server.js": "M"}

    def test_secrets_are_not_passed_on(self, repository, tmp_path):
        """Git does not need the key, and what git starts does not, either."""
        folder = self.fake(tmp_path, f'env > {tmp_path}/seen; exec "$REAL" "$@"')
        repository.since("main", PATH=f"{folder}:{os.environ['PATH']}", KEY="sk-secret")
        seen = (tmp_path / "seen").read_text(encoding="utf-8")
        assert "GIT_OPTIONAL_LOCKS=0" in seen
        assert "sk-secret" not in seen

    def test_programs_that_the_repository_names_are_not_started(self, repository, tmp_path):
        """A file system monitor and an external diff."""
        program = tmp_path / "program"
        program.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n", encoding="utf-8")
        program.chmod(0o755)
        for name in ("core.fsmonitor", "diff.external", "diff.mine.command", "diff.mine.textconv"):
            repository.git("config", name, str(program))
        (repository.root / ".git/info/attributes").write_text("* diff=mine\n", encoding="utf-8")
        repository.write({"server.js": "changed\n"})
        assert repository.changed("main") == {"server.js": "M"}
        assert not (tmp_path / "started").exists()

    def test_the_index_is_left_alone(self, repository):
        """Not even refreshed."""
        os.utime(repository.root / "server.js", (1, 1))
        index = repository.root / ".git/index"
        before = index.read_bytes()
        assert repository.changed("main") == {}
        assert index.read_bytes() == before

    @pytest.mark.parametrize(
        ("script", "says"),
        [
            ('echo "fatal: broken" >&2; exit 128', "fatal: broken"),
            ("exit 0", "it has no files checked out"),
            ('case "$*" in *" diff "*) exit 1;; esac; exec "$REAL" "$@"', "git diff failed (1)"),
            ('case "$*" in *" diff "*) echo no; exit 0;; esac; exec "$REAL" "$@"', "NUL: no"),
            (
                'case "$*" in *" diff "*) printf "no\\0"; exit 0;; esac; exec "$REAL" "$@"',
                "no line of a raw diff: no",
            ),
            (
                'case "$*" in *" status "*) printf "no\\0"; exit 0;; esac; exec "$REAL" "$@"',
                "no line of a status: no",
            ),
            ('case "$*" in *" status "*) exit 3;; esac; exec "$REAL" "$@"', "status failed (3)"),
            ("kill -9 $$", "git finds no repository"),
        ],
    )
    def test_a_git_that_fails_has_not_said_that_nothing_changed(
        self, repository, tmp_path, script, says
    ):
        """Its exit code and the form of its answer are looked at."""
        folder = self.fake(tmp_path, script)
        found = repository.unknown("main", PATH=f"{folder}:{os.environ['PATH']}")
        assert says in found.reason

    def test_a_git_that_hangs_is_given_up(self, repository, tmp_path, monkeypatch):
        """After a while."""
        monkeypatch.setattr(adapter, "PATIENCE", 0.2)
        folder = self.fake(tmp_path, "exec sleep 30")
        found = repository.unknown("main", PATH=f"{folder}:{os.environ['PATH']}")
        assert "git took more than 0.2 s" in found.reason

    @staticmethod
    def fake(folder: Path, script: str) -> Path:
        """Return a folder with a git of that name; the real one is $REAL."""
        real = next(Path(p) / "git" for p in os.environ["PATH"].split(":")
                    if (Path(p) / "git").is_file())  # fmt: skip
        program = folder / "bin" / "git"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\nREAL={real}\n{script}\n", encoding="utf-8")
        program.chmod(0o755)
        return program.parent


class TestLabelChanges:
    """The two versions of a compose file."""

    def test_of_paths_alone_nothing_is_known(self, repository):
        """A list of paths has no versions."""
        changes = Changes((), "as listed")
        assert label_changes(changes, ["docker-compose.yml"], repository.root, {}) == {}

    def test_without_git_nothing_is_known(self, repository, tmp_path):
        """And so labels are taken to be touched."""
        changes = Changes((), "since", ("HEAD",))
        environ = {"PATH": str(tmp_path)}
        assert label_changes(changes, ["docker-compose.yml"], repository.root, environ) == {}

    def test_a_link_is_not_followed(self, repository):
        """What it leads to is no version of this file."""
        changes = repository.since("main")
        (repository.root / "compose.dev.stack.yml").unlink()
        (repository.root / "compose.dev.stack.yml").symlink_to("docker-compose.yml")
        assert isinstance(changes, Changes)
        found = label_changes(
            changes, ["compose.dev.stack.yml"], repository.root, repository.environ
        )
        assert found == {"compose.dev.stack.yml": "what cannot be compared"}
