"""Reading what has changed: git's raw diffs, and lists of paths."""

from __future__ import annotations

import json
import subprocess
from functools import partial

import pytest

from pytest_codex.errors import ConfigurationError
from pytest_codex.selection.changes import (
    STANDARD_INPUT,
    Change,
    Changes,
    Everything,
    exact,
    parse_list,
    parse_raw,
    parse_status,
    shown,
)
from pytest_codex.selection.git import there_is

A, B = b"a" * 40, b"0" * 40


def raw(status: bytes, *paths: bytes, old: bytes = b"100644", new: bytes = b"100644") -> bytes:
    return b":" + b" ".join((old, new, A, B, status)) + b"\0" + b"".join(p + b"\0" for p in paths)


class TestRawDiff:
    """What `git diff --raw -z` writes."""

    def test_each_path_is_taken_as_it_stands(self):
        """Whatever characters it has."""
        output = raw(b"M", b"a b") + raw(b"D", b'"q"\n') + raw(b"A", b"\xff") + raw(b"T", b"-x")
        assert parse_raw(output) == (
            [Change("a b", "M"), Change('"q"\n', "D"), Change("\udcff", "A"), Change("-x", "T")],
            [],
        )

    def test_both_ends_of_a_rename_count_and_the_copy_only_of_a_copy(self):
        """Though --no-renames leaves no renames."""
        output = raw(b"R090", b"old", b"new") + raw(b"C100", b"from", b"to")
        assert parse_raw(output)[0] == [Change("old", "D"), Change("new", "A"), Change("to", "A")]

    @pytest.mark.parametrize("modes", [{"old": b"160000"}, {"new": b"160000"}])
    def test_a_submodule_is_told_from_a_file(self, modes):
        """Also one that comes or goes."""
        assert parse_raw(raw(b"M", b"vendor", **modes)) == ([Change("vendor", "M")], ["vendor"])

    @pytest.mark.parametrize(
        "output", [b"error: no\0", b"\0", raw(b"M"), raw(b"R100", b"old"), b":1 2 3\0a\0"]
    )
    def test_what_git_does_not_write_is_no_answer(self, output):
        """An error message is not a list of files."""
        with pytest.raises(ValueError, match="raw diff"):
            parse_raw(output)


class TestStatus:
    """What `git status --porcelain=v2 -z` writes."""

    def test_what_is_staged_or_not_or_unknown_to_git_counts(self):
        """With the status of the file, where that has one; headers are passed over."""
        rest = b" N... 100644 100644 100644 " + A + b" " + B
        output = b"\0".join(
            (b"# branch.oid x", b"1 M." + rest + b" a b", b"1 MD" + rest + b" c\nd",
             b"1 .T" + rest + b" t", b"u UU N... 1 2 3 4 " + b" ".join((A, A, A)) + b" both",
             b"? new file", b"? nested/", b"")
        )  # fmt: skip
        assert parse_status(output) == (
            [Change("a b", "M"), Change("c\nd", "D"), Change("t", "T"), Change("both", "U"),
             Change("new file", "?"), Change("nested", "?")],
            [],
        )  # fmt: skip

    def test_a_submodule_is_told_from_a_file(self):
        """Though only its contents differ."""
        output = b"1 .M S.M. 160000 160000 160000 " + A + b" " + A + b" vendor/lib\0"
        assert parse_status(output) == ([Change("vendor/lib", "M")], ["vendor/lib"])

    @pytest.mark.parametrize("output", [b"error", b"error: no\0", b"1 M. N...\0", b"? \0", b"\0"])
    def test_what_git_does_not_write_is_no_answer(self, output):
        """Nor is a rename, which was not asked for."""
        with pytest.raises(ValueError, match=r"status|NUL"):
            parse_status(output)


class TestLists:
    """What --changed-files names."""

    @pytest.mark.parametrize(
        ("data", "paths"),
        [
            (b"a\nb c\n", ["a", "b c"]),
            (b"a\r\nb\r\n", ["a", "b"]),
            (b"\xef\xbb\xbfa\n\n \nb", ["a", "b"]),
            (b"a\0b\nc\0", ["a", "b\nc"]),
            (b'"q"\0', ['"q"']),
            (b"./a\n././b\n", ["a", "b"]),
            (b"a\na\n", ["a"]),
            ("é\n".encode(), ["é"]),
            (b"\xff\n", ["\udcff"]),
            (b'"caf\\303\\251 \\"x\\"\\t\\n\\\\.md"\n', ['café "x"\t\n\\.md']),
            (b'"\\377"\n', ["\udcff"]),
            ('"é\\001"\n'.encode(), ["é\x01"]),
            (b"..a/b..\n...\n", ["..a/b..", "..."]),
        ],
    )
    def test_one_path_a_line_or_separated_by_nul(self, data, paths):
        """Unquoted where git has quoted it."""
        found = parse_list(data, "changed.txt")
        assert isinstance(found, Changes)
        assert found.paths == tuple(Change(path, "?") for path in paths)
        assert found.since == "as listed in changed.txt"

    @pytest.mark.parametrize(
        ("data", "says"),
        [
            (b"ok\n/etc/passwd\n", "changed.txt:2: '/etc/passwd' is absolute"),
            (b"C:\\work\\a.js\n", "absolute"),
            (b"ok\0../x\0", "changed.txt:entry 2: '../x' leads out"),
            (b"a/../../b\n", "'..'"),
            (b"a/..\n", "'..'"),
            (b"M\tsrc/a.js\n", "changed.txt:1: 'M\\tsrc/a.js' has a tab"),
            (b'"a\\q"\n', "quoted as git does not"),
            (b'"a\\"\n', "quoted as git does not"),
            (b'"a.md" "b.js"\n', "quoted as git does not"),
            (b'"a.md","b.js"\n', "quoted as git does not"),
            (b"ok\ndocs/a.md\rsrc/b.js\r", "changed.txt:2: 'docs/a.md\\rsrc/b.js' has a carriage"),
            (b'"\\777"\n', "quoted as git does not"),
            ("a\n".encode("utf-16"), "UTF-16"),
            (b"./\n", "empty"),
        ],
    )
    def test_what_is_no_path_in_a_repository_is_refused_with_its_line(self, data, says):
        """And with what was expected."""
        with pytest.raises(ConfigurationError) as refused:
            parse_list(data, "changed.txt")
        assert says in str(refused.value)

    @pytest.mark.parametrize("data", [b"", b"\n\n", b"\0\0", b"\xef\xbb\xbf", b" \r\n"])
    def test_an_empty_list_is_no_proof_that_nothing_has_changed(self, data):
        """What should have written it has failed, more likely."""
        found = parse_list(data, "changed.txt")
        assert isinstance(found, Everything)
        assert "changed.txt names no path" in found.reason

    @pytest.mark.parametrize(
        "line",
        [
            "docs/a.md src/stream.js",
            "docs/a.md,src/stream.js",
            "docs/a.md;src/stream.js",
            '["docs/a.md","src/stream.js"]',
            " M docs/a.md",
            "R  docs/a.md -> docs/b.md",
            "docs/{a => b}.md",
        ],
    )
    def test_a_line_that_may_be_several_paths_is_one_only_if_there_is_such_a_file(
        self, tmp_path, line
    ):
        """Otherwise nobody knows what has changed, and everything runs."""
        listed = f"README.md\r\n{line}\r\n".encode()
        found = parse_list(listed, "changed.txt", partial(there_is, tmp_path))
        assert isinstance(found, Everything)
        assert f"changed.txt:2: there is no '{line}'; is that several paths" in found.reason
        assert "git diff --name-only --no-renames -z BASE > changed.txt" in found.mend
        (tmp_path / line).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / line).touch()
        there = parse_list(listed, "changed.txt", partial(there_is, tmp_path))
        assert isinstance(there, Changes)
        assert [change.path for change in there.paths] == ["README.md", line]

    @pytest.mark.parametrize("data", [b"gone a,b.js\0", b'"gone caf\\303\\251.md"\n', b"gone.js\n"])
    def test_what_can_only_be_one_path_may_be_gone(self, tmp_path, data):
        """Separated by NUL, quoted by git, or without anything that could separate."""
        assert isinstance(parse_list(data, "changed.txt", partial(there_is, tmp_path)), Changes)

    @pytest.mark.parametrize(
        ("data", "paths"),
        [
            (b"docs/a.md\0src/stream.js\n", ["docs/a.md", "src/stream.js"]),
            (b"docs/a.md\0src/stream.js\r\n", ["docs/a.md", "src/stream.js"]),
            (b"docs/a.md\0src/stream.js\0\n", ["docs/a.md", "src/stream.js"]),
            (b"docs/a.md\n\0src/stream.js\0", ["docs/a.md\n", "src/stream.js"]),
            (b"docs/a.md\0odd\n", ["docs/a.md", "odd\n"]),
            (b"docs/a.md\0odd\n\n", ["docs/a.md", "odd\n"]),
            (b"docs/a.md\0gone a.js", ["docs/a.md", "gone a.js"]),
        ],
    )
    def test_a_line_end_after_a_list_with_nul_is_not_the_last_path_s(self, tmp_path, data, paths):
        """Unless there is such a file: the others are as they stand."""
        (tmp_path / "odd\n").touch()
        found = parse_list(data, "changed.txt", partial(there_is, tmp_path))
        assert isinstance(found, Changes)
        assert [change.path for change in found.paths] == paths

    def test_lines_after_a_list_with_nul_are_not_one_path(self, tmp_path):
        """Which a rule for the first of them would take for its own."""
        data = b"README.md\0docs/a.md\nsrc/stream.js\n"
        found = parse_list(data, "changed.txt", partial(there_is, tmp_path))
        assert isinstance(found, Everything)
        assert found.reason == (
            "changed.txt:entry 2: there is no 'docs/a.md\\nsrc/stream.js'; is that several paths?"
        )

    def test_a_line_end_alone_is_no_path(self, tmp_path):
        """The list has named nothing."""
        found = parse_list(b"\0\n", "changed.txt", partial(there_is, tmp_path))
        assert isinstance(found, Everything)
        assert "names no path" in found.reason

    def test_an_empty_standard_input_comes_from_a_pipe(self):
        """And what is advised is one."""
        found = parse_list(b"", STANDARD_INPUT)
        assert isinstance(found, Everything)
        assert found.mend.endswith(
            "-z BASE | pytest --pyargs pytest_codex.suites --changed-files=-"
        )

    def test_git_s_own_list_without_z_is_understood(self, repository):
        """Names with spaces, quotes, line ends and other alphabets."""
        names = ["a b.js", 'q".js', "line\nend.js", "日本.js", "tab\t.js"]
        repository.commit(dict.fromkeys(names, "x"))
        listed = subprocess.run(
            ["git", "diff", "--name-only", "main"],
            cwd=repository.root, env=repository.environ, capture_output=True, check=True,
        ).stdout  # fmt: skip
        found = parse_list(listed, "-")
        assert isinstance(found, Changes)
        assert {change.path for change in found.paths} == set(names)


@pytest.mark.parametrize(
    ("path", "as_shown", "as_exact"),
    [
        ("a b", "a b", "a b"),
        ("a\nb\x1b[2J", "a\\nb\\x1b[2J", "a\nb\x1b[2J"),
        ("é日本", "é日本", "é日本"),
        ("x\udcff", "x\\xff", "x\\xff"),
        ("\u202etxt.js", "\\u202etxt.js", "\u202etxt.js"),
    ],
)
def test_a_path_is_harmless_where_it_is_shown_and_exact_in_json(path, as_shown, as_exact):
    """What is not UTF-8 is escaped in both, for neither can carry it."""
    assert shown(path) == as_shown
    assert exact(path) == as_exact
    assert json.loads(json.dumps(exact(path)).encode()) == as_exact
