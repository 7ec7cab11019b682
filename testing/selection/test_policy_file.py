"""The policy in TOML: what it may say, and what is said of what it may not."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from pytest_codex.errors import ConfigurationError
from pytest_codex.policy import SUITES
from pytest_codex.selection.rules import DEFAULT, Rule, SelectionPolicy, in_order, policy_of

WHERE = "pytest_codex.toml [selection]"


def read(text: str, **known: object) -> SelectionPolicy:
    table = tomllib.loads(text)["selection"]
    return policy_of(table, WHERE, text=text, root=Path("/home/somebody/work"), **known)


def rules(*rules: str) -> str:
    return "\n".join(f"[[selection.rules]]\n{rule}\n" for rule in rules)


def test_all_that_a_policy_can_say():
    """Order and all."""
    assert read(
        """
        [selection]
        always = ["smoke"]
        ignore = ["/docs/**", "**/*.md"]
        unknown = "error"
        [[selection.rules]]
        name = "streaming"
        paths = ["/src/sse/**", "!/src/sse/x"]
        suites = ["sse", "smoke", "sse"]
        commands = ["npm run test:integration", " npm test "]
        targets = ["prod"]
        [[selection.rules]]
        name = "labels"
        paths = ["/compose.yml"]
        suites = ["invariants"]
        labels = true
        """
    ) == SelectionPolicy(
        (
            Rule("streaming", ("/src/sse/**", "!/src/sse/x"), ("sse", "smoke"),
                 ("npm run test:integration", "npm test"), ("prod",)),
            Rule("labels", ("/compose.yml",), ("invariants",), labels=True),
        ),
        always=("smoke",), ignore=("/docs/**", "**/*.md"), unknown="error",
    )  # fmt: skip


def test_what_it_does_not_say_is_as_by_default():
    """Rules of its own come without our paths to ignore."""
    assert read("[selection]") == DEFAULT
    assert read("[selection]\nunknown = 'error'").rules == DEFAULT.rules
    own = read("[selection]\n" + rules("name='a'\npaths=['/a']\nsuites=['smoke']"))
    assert own == SelectionPolicy((Rule("a", ("/a",), ("smoke",)),), always=DEFAULT.always)


@pytest.mark.parametrize(
    ("said", "suites"),
    [
        (["load"], ("load",)),
        (["smoke and  not load", "sse"], ("smoke and not load", "sse")),
        (["sse or smoke"], ("smoke", "sse")),
        (["not sse", "smoke"], ("not sse", "smoke")),
        (["(smoke)"], ("smoke",)),
    ],
)
def test_suites_are_expressions_of_markers(said, suites):
    """One that selects whole suites is these."""
    text = "[selection]\n" + rules(f"name='a'\npaths=['/a']\nsuites={said}")
    policy = read(text, markers=(*SUITES, "load"))
    assert policy.rules[0].suites == suites
    assert policy.suites == tuple(dict.fromkeys((*SUITES, *suites)))


GOOD = "name='a'\npaths=['/a']\nsuites=['smoke']"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[selection]\nunkown = 'all'", "unkown (line 2): unknown key (did you mean 'unknown'?); "
         "there are rules, always, ignore, unknown"),
        ("[selection]\nunknown = 'al'",
         "unknown (line 2): 'al' is not one of all, error (did you mean 'all'?)"),
        ("[selection]\nunknown = ['all']", "unknown (line 2): ['all'] is not one of"),
        ("[selection]\nalways = 'smoke'", "always (line 2): 'smoke' is not a list of text"),
        ("[selection]\nalways = [\n  'smoke',\n  'sso',\n]",
         "always[1] (line 4): unknown marker 'sso' (did you mean 'sse'?); if it is meant,"),
        ("[selection]\nignore = [1]", "ignore (line 2): [1] is not a list of text"),
        ("[selection]\nignore = ['']", "ignore[0] (line 2): '' can match nothing: it is empty"),
        ("[selection]\nignore = ['!/a']", "ignore (line 2): matches nothing"),
        ("[selection]\nignore = ['!/a', '/b']", "there is nothing before it to take out of"),
        ("[selection]\nrules = []", "rules (line 2): expected one or more"),
        ("[selection]\nrules = {name = 'a'}", "rules (line 2): expected one or more"),
        ("[selection]\nrules = ['a']", "rules[0] (line 2): 'a' is not a table"),
        ("[selection]\nrules = [3]", "rules[0] (line 2): 3 is not a table"),
        ("[selection]\n[[selection.rulez]]\nname='a'",
         "rulez (line 2): unknown key (did you mean 'rules'?)"),
        ("[selection]\n[selection.rules]\nname='a'", "rules (line 2): expected one or more"),
        (rules("name='a'\npaths=['a{b,c}.js']\nsuites=['sse']"),
         "rules[0].paths[0] (line 3): 'a{b,c}.js' can match nothing: gitignore has no braces"),
        (rules("paths=['/a']\nsuites=['smoke']"), "rules[0] (line 1): the rule has no name"),
        (rules("name='a b'\npaths=['/a']"), "rules[0].name (line 2): 'a b' is no name"),
        (rules("name=1\npaths=['/a']"), "rules[0].name (line 2): 1 is no name"),
        (rules(GOOD, GOOD), "rules[1].name (line 7): 'a' is another rule's name"),
        (rules("name='a'\nsuites=['smoke']"), "rules[0] (line 1): rule a has no paths"),
        (rules("name='a'\npaths=[]\nsuites=['smoke']"), "rules[0].paths (line 3): matches nothing"),
        (rules("name='a'\npaths=['/a/**', '!/a/**']\nsuites=['smoke']"),
         "rules[0].paths[0] (line 3): '/a/**' can match nothing: '!/a/**' takes all of it out"),
        (rules("name='a'\npaths=['/b', '/src/a?.js', '!/src/**']\nsuites=['smoke']"),
         "rules[0].paths[1] (line 3): '/src/a?.js' can match nothing: '!/src/**' takes all of it"),
        (rules("name='a'\npaths='/a'\nsuites=['smoke']"), "rules[0].paths (line 3): '/a' is not a"),
        (rules("name='a'\npaths=['/a']"), "rules[0] (line 1): rule a asks for nothing"),
        (rules(GOOD + "\npath=['/b']"),
         "rules[0].path (line 5): unknown key (did you mean 'paths'?); there are name, paths, "),
        (rules(GOOD, "name='b'\npaths=[\n '/a',\n '../b',\n]\nsuites=['sse']"),
         "rules[1].paths[1] (line 10): '../b' can match nothing: no path has '..'"),
        (rules("name='a'\npaths=['/home/somebody/work/src/**']\nsuites=['sse']"),
         "it is absolute; paths are from the top of the repository: write '/src/**'"),
        (rules("name='a'\npaths=['/a']\nsuites=['smokes']"),
         "rules[0].suites[0] (line 4): unknown marker 'smokes' (did you mean 'smoke'?)"),
        (rules("name='a'\npaths=['/a']\nsuites=[\n'sse',\n'sse and not smok']"),
         "rules[0].suites[1] (line 6): unknown marker 'smok' (did you mean 'smoke'?)"),
        (rules("name='a'\npaths=['/a']\nsuites=['smoke or']"),
         "rules[0].suites[0] (line 4): 'smoke or' is not made of markers with and, or, not; "
         "expected a suite, as in 'smoke and not slow'"),
        (rules("name='a'\npaths=['/a']\nsuites=['']"), "'' is not made of markers"),
        (rules("name='a'\npaths=['/a']\nsuites=['smoke and sse']"),
         "rules[0].suites[0] (line 4): 'smoke and sse' can hold for no test"),
        (rules(GOOD + "\nlabels='yes'"), "rules[0].labels (line 5): 'yes' is not true or false"),
        (rules(GOOD + "\ncommands=['a\\nb']".replace("'", '"')), "[0] (line 5): 'a\\nb' is no"),
        (rules(GOOD + "\ncommands=[' ']"), "commands[0] (line 5): ' ' is no command"),
        (rules(GOOD + "\ncommands='npm test'"), "commands (line 5): 'npm test' is not a list"),
        (rules(GOOD + "\ntargets=['pord']"),
         "targets[0] (line 5): unknown target 'pord' (did you mean 'prod'?); there are dev, prod"),
        (rules(GOOD + "\ncommands=['x', 'y']",
               GOOD.replace("name='a'", "name='b'") + "\ncommands=['y', 'x']"),
         "rules[1].commands (line 11): in which order? 'y' comes before 'x' in one rule and"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(text, says):
    """File, table, key, line, value, and what is near to it."""
    with pytest.raises(ConfigurationError) as refused:
        read(text, targets=("dev", "prod"))
    assert str(refused.value).startswith(f"{WHERE} ")
    assert says in str(refused.value)


def test_a_target_is_a_name_even_where_no_target_is_known():
    """It becomes part of a command line."""
    with pytest.raises(ConfigurationError, match="'-x y' is no name"):
        read(rules(GOOD + "\ntargets=['-x y']"))


def test_without_the_text_there_is_no_line():
    """And the message is whole nevertheless."""
    with pytest.raises(ConfigurationError, match=r"selection\] unknown: 'x' is not one of all"):
        policy_of({"unknown": "x"}, WHERE)


def test_the_line_is_that_of_what_is_refused():
    """In a list, and not told of a key that looks like a place."""
    for text, line in {
        "[selection]\nrules = [\n {name = 1},\n]": "(line 2)",
        "[selection]\nignore = [\n '/a',\n [1],\n]": "(line 2)",
        "[selection]\n'a.b' = 1": "selection] a.b: unknown key",
    }.items():
        with pytest.raises(ConfigurationError) as refused:
            read(text)
        assert line in str(refused.value)


def test_messages_tell_the_line_of_our_own_table():
    """Whatever stands before it."""
    text = "[tool.other.selection]\nunknown = 1\n[tool.pytest_codex.selection]\nunknown = 'x'"
    table = tomllib.loads(text)["tool"]["pytest_codex"]["selection"]
    with pytest.raises(ConfigurationError, match=r"unknown \(line 4\): 'x' is not one of all"):
        policy_of(table, WHERE, text=text, prefix="tool.pytest_codex.")


@pytest.mark.parametrize(
    ("sequences", "order"),
    [
        ([], ()),
        ([["a"], ["a"]], ("a",)),
        ([["test"], ["up", "test"]], ("up", "test")),
        ([["unit"], ["integration", "e2e"], ["up", "e2e"]], ("unit", "integration", "up", "e2e")),
        ([["a", "b"], ["b", "c"], ["a", "c"]], ("a", "b", "c")),
    ],
)
def test_commands_keep_the_order_of_every_rule(sequences, order):
    """Each once."""
    assert in_order(sequences) == order


def test_orders_that_contradict_each_other_have_no_answer():
    """Not even in a circle of three."""
    with pytest.raises(ValueError, match="'c' comes before 'a'"):
        in_order([["a", "b"], ["b", "c"], ["c", "a"]])


def test_the_two_that_contradict_each_other_are_named():
    """Not one that only comes after them."""
    with pytest.raises(ValueError, match="'q' comes before 'p'"):
        in_order([["d"], ["p", "d"], ["p", "q"], ["q", "p"]])
