"""Globs: what they match, which one decides, and what can match nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from pytest_codex.selection.globs import Globs, glob_of, matched_as, problem_of, taken_out


@pytest.mark.parametrize(
    ("globs", "path", "index"),
    [
        (["/src/*.py"], "src/a.py", 0),
        (["/src/*.py"], "src/b/a.py", None),
        (["/src/**"], "src/b/a.py", 0),
        (["/src/**/*x*"], "src/b/axb/c", 0),
        (["/docs/"], "docs/a", 0),
        (["/docs/"], "a/docs/x", None),
        (["docs/"], "a/docs/x", 0),
        (["*.md"], "a/b.md", 0),
        (["/server.js"], "a/server.js", None),
        (["**/*.md", "/docs/**"], "docs/a.md", 1),
        (["**/*.md", "!/seed/**"], "seed/a.md", None),
        (["**/*.md", "!/seed/**", "/seed/b.md"], "seed/b.md", 2),
        (["/server.js"], "Server.js", None),
        (["/a b/**"], "a b/c d", 0),
        (["/Ünï/**"], "Ünï/x", 0),
        (["docs/**", "!docs/openapi/"], "docs/openapi/spec.yml", None),
        (["docs/**", "!docs/openapi"], "docs/openapi/spec.yml", None),
        (["*.md", "!src/"], "src/a.md", None),
        (["*.md", "!src/", "a.md"], "src/a.md", 2),
        (["docs/", "!*.yml"], "docs/spec.yml", None),
        (["!*.yml", "docs/"], "docs/spec.yml", 1),
        ([], "a", None),
    ],
)
def test_the_last_glob_that_matches_decides(globs, path, index):
    """As in gitignore: a slash in it ties a glob to the top, `!` takes out again."""
    assert Globs(globs).decides(matched_as(path)) == index


@pytest.mark.parametrize(
    ("globs", "path", "index"),
    [
        (["/server.js"], "server.js\n", None),
        (["**/*.md"], "a\nb/c\nd.md", 0),
        (["**/*.md"], "x.md\n", None),
        (["/src/**/*stream*"], "src/a\n/stream.js", 0),
        (["/src/**"], "src/\udcff\udcfe", 0),
        (["/src/*.js"], "src/a\udcff.js", 0),
    ],
)
def test_names_that_trip_regular_expressions_up_match_as_any_others(globs, path, index):
    """Line ends and bytes that are no UTF-8."""
    assert Globs(globs).decides(matched_as(path)) == index


@pytest.mark.parametrize(
    ("glob", "says"),
    [
        ("", "empty"),
        ("/", "empty"),
        ("!", "empty"),
        (" ", "empty"),
        ("src/../a", "'..'"),
        ("..", "'..'"),
        ("./src/**", "write 'src/**'"),
        ("src//a", "'//'"),
        ("src\\a.js", "write 'src/a.js'"),
        ("src\\\\a.js", "write 'src/a.js'"),
        ("src/{a,b}.js", "no braces"),
        ("{src/a,lib}/**", "no braces"),
        ("C:/src/**", "absolute"),
        ("//server/share/**", "absolute"),
        ("~/work/**", "absolute"),
        ("file:///src/**", "absolute"),
        ("/home/somebody/work/src/**", "write '/src/**'"),
        ("# docs", "comment"),
        ("src/ ", "space"),
        (" src/", "space"),
        ("src/\n", "control"),
        ("src/[z-a]", "range"),
    ],
)
def test_a_glob_that_can_match_nothing_is_told(glob, says):
    """With what to write instead, where that is plain."""
    assert says in (problem_of(glob, Path("/home/somebody/work")) or "")


@pytest.mark.parametrize(
    "glob",
    ["**", "/**", "!a", "/a", "a/", "[#]a", "~a", "a..b/*", "...", "{a}", "[{]a,b}", "a b", "é/**"],
)
def test_a_glob_that_can_match_something_is_none_of_these(glob):
    """However odd it looks."""
    assert problem_of(glob, Path("/home/somebody/work")) is None


@pytest.mark.parametrize(
    "path", ["a b.js", "a/[id].ts", "a{b,c}.js", "a*?.js", "**", "back\\slash", "!x", "#y",
             "tail ", "a\nb", "b\udcff", "日本é.js", "it's"]
)  # fmt: skip
def test_the_glob_that_is_suggested_for_a_path_matches_it(path):
    """Wild characters in it are meant as they are."""
    glob = glob_of(path)
    assert problem_of(glob) is None
    assert Globs([glob]).decides(matched_as(path)) == 0
    assert Globs([glob]).decides("a/i.ts") is None
    assert Globs([glob]).decides("aXY.js") is None


@pytest.mark.parametrize(
    ("globs", "found"),
    [
        (["/src/**", "!/src/**"], (0, "!/src/**")),
        (["/src/a.js", "!*.js"], (0, "!*.js")),
        (["docs", "/src/a/*.js", "!/src/**"], (1, "!/src/**")),
        (["*.md", "!*"], (0, "!*")),
        (["**/a/*", "!/a/b", "!**/a/*"], (0, "!**/a/*")),
        (["/src/**", "!/src/a/**"], None),
        (["/src/*", "!/src/*.js", "!/src/*.ts"], None),
        (["/src/?.js", "!/src/a.js"], None),
        (["*.js", "!/vendor/**"], None),
        (["/a/**", "!/a/**", "/a/b"], (0, "!/a/**")),
        (["/a/[bc]", "!/a/b"], None),
        (["!/a", "/a"], None),
        (["/a", "/a"], None),
        (["/src/**/x", "!/src/*/x"], None),
        (["/src/**/x", "!/src/x", "!/src/*/**/x"], (0, "!/src/*/**/x")),
        (["/src/**/x", "!/src/x", "!/src/*/x", "!/src/*/*/x"], None),
        (["/src/**", "!/src/a?", "!src"], (0, "!src")),
        (["*", "!*z*"], None),
        (["/web/**", "!/web/**/[a-z0-9]*"], None),
        (["config/*", "!config/????", "!config/?????"], None),
        (["src/*", "!src/[a-z]*", "!src/[0-9]*"], None),
        (["docs/", "!docs"], (0, "!docs")),
        (["docs", "!docs/"], None),
        (["**/a/**/b/**/c/**/d/**/e/**/f/**", "!**"], None),
        ([], None),
    ],
)
def test_a_glob_that_is_taken_out_again_is_found(globs, found):
    """By one that is as wide or wider; narrower ones leave something of it."""
    assert taken_out(globs) == found


PARTS = st.sampled_from(["a", "ab", "b.js", "*", "**", "a*", "*.js", "?", "[ab]", "a[ab]c", "**b"])
GLOBS = st.builds(
    lambda no, first, parts, last: f"{no}{first}{'/'.join(parts)}{last}",
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "/"]),
    st.lists(PARTS, min_size=1, max_size=3),
    st.sampled_from(["", "/"]),
)
NAMES = st.sampled_from(["a", "ab", "b", "b.js", "aac", "x"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


def matches(glob: str, path: str) -> bool:
    return GitIgnoreSpec.from_lines([glob.removeprefix("!")]).match_file(path)


@settings(max_examples=300)
@given(st.lists(GLOBS, max_size=4), PATHS)
def test_shortcuts_decide_as_one_glob_after_another_does_from_the_last(globs, path):
    """Nothing else is a glob's rank, and no match is hidden by what is compared first."""
    last = next((n for n in reversed(range(len(globs))) if matches(globs[n], path)), None)
    taken = last is None or globs[last].startswith("!")
    assert Globs(globs).decides(path) == (None if taken else last)


@settings(max_examples=300)
@given(st.lists(GLOBS, max_size=4), st.lists(PATHS, max_size=30))
def test_a_glob_that_decides_about_some_path_is_never_called_taken_out(globs, paths):
    """A policy that can be used is not refused."""
    found = taken_out(globs)
    if found is not None:
        n, _ = found
        later = [glob for glob in globs[n + 1 :] if glob.startswith("!")]
        for path in paths:
            if matches(globs[n], path):
                assert any(matches(glob, path) for glob in later)
