"""On which line of a TOML text something stands."""

from __future__ import annotations

import tomllib

import pytest

from pytest_codex.lines import line_of

TEXT = """\
# foo = 0
foo = 1
list = [
  "a",
  'b',  # c
]

[ one . "two" ]  # three
dotted.key = 1
inline = { name = 1, list = [{ deep = 2 }] }
text = '''
[one.two.never]
never = 1
'''

[[rules]]
name = "first"

[rules.more]
name = "below the first"

[[rules]]
name = "second"

[rules.more]
name = "below the second"
"""
PLACES = {
    ("foo",): 2,
    ("list",): 3,
    ("list", 1): 3,
    ("list", 2): None,
    ("one",): 8,
    ("one", "two"): 8,
    ("one", "two", "dotted"): 9,
    ("one", "two", "dotted", "key"): 9,
    ("one", "two", "inline", "list", 0, "deep"): 10,
    ("one", "two", "text"): 11,
    ("one", "two", "never"): None,
    ("never",): None,
    ("name",): None,
    ("rules",): 16,
    ("rules", 0): 16,
    ("rules", 0, "name"): 17,
    ("rules", 0, "more", "name"): 20,
    ("rules", 1): 22,
    ("rules", 1, "name"): 23,
    ("rules", 1, "more", "name"): 26,
    ("rules", 2): None,
}


@pytest.mark.parametrize("path", PLACES, ids=str)
def test_each_thing_is_found_where_it_begins(path):
    """Not in comments, texts, or tables of another name."""
    assert line_of(TEXT, path) == PLACES[path]


@pytest.mark.parametrize(("value", "line"), [("a", 4), ("b", 5), ("c", 3), (1, 3)])
def test_a_text_in_a_list_is_on_its_own_line(value, line):
    """If it is written as it is."""
    assert line_of(TEXT, ("list",), value) == line


def test_what_cannot_be_read_has_no_line():
    """Nothing of it is sure."""
    assert line_of("", ("foo",)) is None
    assert line_of("foo = ", ("foo",)) is None


def test_the_text_of_these_tests_is_toml():
    """Each statement of it is read alone."""
    assert [rule["name"] for rule in tomllib.loads(TEXT)["rules"]] == ["first", "second"]


def test_a_list_of_many_lines_is_not_read_once_for_each(monkeypatch):
    """It would take seconds to say what is wrong with one of its lines."""
    read: list[str] = []
    loads = tomllib.loads
    monkeypatch.setattr(tomllib, "loads", lambda text: (read.append(text), loads(text))[1])
    globs = "".join(f"  '/src/a{n}.js',\n" for n in range(1000))
    text = f"[selection]\nignore = [\n{globs}] # ]\nunknown = 'al'\n"
    assert line_of(text, ("selection", "ignore"), "/src/a998.js") == 1001
    assert line_of(text, ("selection", "unknown")) == 1004
    assert len(read) < 20
