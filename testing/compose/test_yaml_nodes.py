"""YAML as nodes with places."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from pytest_codex.compose import yaml_nodes
from pytest_codex.compose.nodes import Items, Node, Scalar, Table
from pytest_codex.compose.places import Place, Problem
from pytest_codex.compose.plain import plain
from pytest_codex.errors import ConfigurationError

FILE = Path("dir/c.yml")


def parsed(text: str) -> Node:
    (document,) = yaml_nodes.parse(text, FILE, [])
    return document


def written(node: Node) -> object:
    """Return the values of a tree without their places."""
    match node:
        case Scalar():
            return node.text.value
        case Items():
            return [written(value) for value in node.values]
        case Table():
            return {key: written(entry.node) for key, entry in node.entries.items()}


def test_every_key_and_value_knows_its_line() -> None:
    root = parsed("a: 1\n\nb:\n  # comment\n  - x\n  - |\n    y\n    z\nc:\n  d\n")
    assert isinstance(root, Table)
    assert {key: entry.at.line for key, entry in root.entries.items()} == {"a": 1, "b": 3, "c": 9}
    items = root.entries["b"].node
    assert isinstance(items, Items)
    assert [value.at.line for value in items.values] == [5, 6]
    assert root.entries["c"].node.at == Place(FILE, 10)
    assert str(root.entries["c"].node.at) == "dir/c.yml:10"


def test_lines_are_counted_with_crlf_and_a_byte_order_mark() -> None:
    root = parsed("\ufeffa: 1\r\nb: 2\r\n")
    assert isinstance(root, Table)
    assert root.entries["b"].at.line == 2


def test_merge_keys_give_way_to_written_keys_wherever_they_stand() -> None:
    text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {<<: [*x, *y], a: 3}\nw: {c: 4, <<: *y}\n"
    root = parsed(text)
    assert written(root) == {
        "x": {"a": "1", "b": "1"},
        "y": {"b": "2", "c": "2"},
        "z": {"b": "1", "c": "2", "a": "3"},
        "w": {"b": "2", "c": "4"},
    }


def test_entries_of_a_merge_keep_the_line_where_they_are_written() -> None:
    root = parsed("x: &x\n  a: 1\nz:\n  <<: *x\n")
    assert isinstance(root, Table)
    inner = root.entries["z"].node
    assert isinstance(inner, Table)
    assert inner.entries["a"].at.line == 2


def test_reset_and_override_are_kept_as_tags() -> None:
    root = parsed("a: !reset null\nb: !override [1]\nc: !reset {x: 1}\nd: !other 1\n")
    assert isinstance(root, Table)
    tags = {key: entry.node.tag for key, entry in root.entries.items()}
    assert tags == {"a": "reset", "b": "override", "c": "reset", "d": ""}


def test_a_key_written_twice_is_told_with_both_lines_and_the_later_one_counts() -> None:
    problems: list[Problem] = []
    (root,) = yaml_nodes.parse("a: 1\nb: 2\n\na: 3\n", FILE, problems)
    assert written(root) == {"a": "3", "b": "2"}
    (problem,) = problems
    assert problem.rule == "duplicate-key"
    assert (problem.at.line, problem.other) == (4, Place(FILE, 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a:\n\tb: 1\n", r"dir/c\.yml:2:1: not YAML: .*tab"),
        ("a: [1\nb: 2\n", r"dir/c\.yml:2:\d+: not YAML"),
        ("a: 'x\n", r"dir/c\.yml:\d:\d+: not YAML"),
        ("a: b: c\n", r"dir/c\.yml:1:5: not YAML"),
        ("a: 1\nb: \x00\n", r"dir/c\.yml:2: not YAML"),
        ("a: 1\nb: *x\n", r"dir/c\.yml:2: \*x has no anchor"),
        ("a: &x [*x]\n", r"dir/c\.yml:1: \*x stands inside its own anchor"),
        ("a: 1\n? [b]\n: c\n", r"dir/c\.yml:2: a key that is not text"),
        ("a: 1\n5: c\n", r"dir/c\.yml:2: a key that is not text"),
        ("a: {<<: 5}\n", r"dir/c\.yml:1: << of what is no map"),
        ("[" * 5000, r"dir/c\.yml:1: nested more than 100 levels deep"),
        ("a: " + "{a: " * 300 + "1" + "}" * 300, "nested more than 100 levels deep"),
    ],
)
def test_what_is_not_yaml_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        parsed(text)


def test_aliases_that_multiply_are_refused_at_once() -> None:
    lines = ["x0: &x0 [a, a, a, a, a, a, a, a, a, a]"]
    lines += [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]" for n in range(1, 30)]
    with pytest.raises(ConfigurationError, match="multiply beyond measure"):
        parsed("\n".join(lines))


def test_aliases_that_nest_without_measure_are_refused() -> None:
    lines = ["x0: &x0 [a]", *(f"x{n}: &x{n} [*x{n - 1}]" for n in range(1, 300))]
    with pytest.raises(ConfigurationError, match="levels deep"):
        parsed("\n".join(lines))


@pytest.mark.parametrize(
    ("scalar", "meaning"),
    [
        ("", ("null", "")),
        ("~", ("null", "")),
        ("True", ("flag", "true")),
        ("yes", ("text", "yes")),
        ("014", ("number", "12")),
        ("0x_1F", ("number", "31")),
        ("1_000", ("number", "1000")),
        ("1.50", ("number", "1.5")),
        ("1e20", ("number", "1e+20")),
        ("1234567.5", ("number", "1.2345675e+06")),
        ("0.00001", ("number", "1e-05")),
        ("-0", ("number", "-0")),
        ("12:30", ("text", "12:30")),
        ("1.2.3", ("text", "1.2.3")),
        ("2001-01-01", ("text", "2001-01-01 00:00:00 +0000 UTC")),
        ("9" * 500, ("text", "9" * 500)),
    ],
)
def test_plain_scalars_mean_what_docker_compose_reads(
    scalar: str, meaning: tuple[str, str]
) -> None:
    assert plain(scalar) == meaning


def test_both_loaders_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: &x {b: [1, 'two', !reset null]}\nc: *x\nd: |\n  y\n---\ne: 1\n"
    fast = yaml_nodes.parse(text, FILE, [])
    monkeypatch.setattr(yaml_nodes, "_LOADER", yaml_nodes.yaml.SafeLoader)
    assert yaml_nodes.parse(text, FILE, []) == fast


def test_only_one_module_of_the_model_knows_yaml_and_none_imports_what_does_io() -> None:
    for file in (Path(__file__).parents[2] / "pytest_codex" / "compose").glob("*.py"):
        imported = {
            name.split(".")[0]
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        assert not imported & {"pytest", "httpx", "socket", "subprocess"}, file
        if file.name not in ("yaml_nodes.py", "masking.py"):  # which masks docker's own text
            assert "yaml" not in imported, file
