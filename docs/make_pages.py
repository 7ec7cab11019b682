"""Makes the pages that are tables of the program: ``make docs``. ``--check`` only compares."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from pytest_codex.invariants.rules import RULES, Rule
from pytest_codex.options import OPTIONS, Kind, Option
from pytest_codex.policy import DOMAIN_ENVIRONMENT, KNOWN_TARGETS, POLICY
from pytest_codex.selection import rules as selection
from pytest_codex.selection.rules import DEFAULT, OWN_FILES, SelectionPolicy

FOLDER = Path(__file__).parent

INVARIANTS_HEAD = """\
# Invariants

Made from the catalogue in `pytest_codex/invariants/rules.py` by `make docs`; change it there.

`pytest -m invariants` judges compose files by these rules, by what Traefik would do with the labels
and not by how they are written. Each has its own check. To switch one off for a target, name it in
the configuration; the check is then skipped with that reason:

```toml
[targets.prod]
waived = ["seeds-are-in-step"]
```

What a rule compares with (addresses, networks, folders, variables, public paths) is set per target
too: see [options](options.md). Differences between dev and prod that are meant are listed in
`intended`, by the names that their findings give them (`fnmatch` patterns).
"""

HEAD = """\
# Options

Made from the table in `pytest_codex/options.py` by `make docs`; change it there.

Each flag exists as `--codex-NAME` and, where nobody else has that name, as `--NAME`. In TOML an
option stands at the top for all targets or under `[targets.NAME]` for one: in `pytest_codex.toml`
as it is, in `pyproject.toml` below `[tool.pytest_codex]`. Of these files the nearest at or above
pytest's rootdir is used, in the same git repository; `.env` files are those beside it, or of the
rootdir if there is none.

Precedence: flag > environment > `.env.<target>` > `.env` > TOML target > TOML > default.

## Flags

| flag | TOML | environment | default | meaning |
|---|---|---|---|---|
"""

POLICY_HEAD = """
## Policy, in TOML only

In what a target may differ from the Codex Completions API, whose values are the defaults.

| name | values | default | meaning |
|---|---|---|---|
"""

KNOWN_HEAD = """
## Targets that are known without any configuration

| target | domain from | settings |
|---|---|---|
"""

SELECTION_HEAD = """\
# The selection policy

Made from `pytest_codex/selection/rules.py` by `make docs`; change it there.

With `--changed-since` or `--changed-files` only those suites run that the changed paths ask for.
What they ask for is the policy. The default one, [below](#the-default-policy), is that of the
playbook of the Codex Completions API. Your own is the table `[selection]` in `pytest_codex.toml`,
or `[tool.pytest_codex.selection]` in `pyproject.toml`. What it does not say is as in the default
policy, except that a policy with rules of its own ignores nothing unless it says so.

A run stays on its own targets, and says at its end what else was selected; plans and matrices have
all targets, or those that `--target` names. A run that collects no test of any suite, nor of
anything else that is selected, though suites are, ends with exit code 4.

`--explain-selection` says of each suite and of each deselected test why, `--plan` prints the
commands and runs nothing, and `test-results/selection.json` has all of it.

## Keys of `[selection]`

| key | value | by default | meaning |
|---|---|---|---|
"""

RULES_HEAD = """
## Keys of a rule, `[[selection.rules]]`

A rule needs a name, paths, and suites or commands.

| key | value | by default | meaning |
|---|---|---|---|
"""

SELECTION_TEXT = """
## How a path is judged

- All rules that a changed path fits hold: what they ask for adds up.
- `ignore` is for paths that no rule fits.
- A path that fits no rule and is not ignored is unknown.
- A path that fits only rules that are for the other kind of change of labels (see
  [below](#labels)) asks for nothing.
- Of a renamed file both names count, and a deleted file counts as well.
- A test runs if a suite that was selected holds for its markers. So does a test of which no suite
  of the policy asks for any marker: the policy is not about it.
- Commands keep the order that every rule gives them. Rules that contradict each other are refused.

## Globs

Globs are those of gitignore, and paths are from the top of the repository.

| glob | matches |
|---|---|
| `/server.js` | that file at the top |
| `src/*.js` | the JavaScript files in `src` at the top, and in no folder below it |
| `src/**/*.js` | those in folders below it, too |
| `*.md` | Markdown files in every folder |
| `/docs/`, `/docs/**` | all that is in the folder `docs` at the top |
| `docs/` | all that is in any folder `docs` |
| `!/docs/api/**` | nothing; it takes these paths out of what the globs before it match |

A slash at the beginning or inside ties a glob to the top; without one it matches in every folder.
`*`, `?` and `[a-z]` match no slash, `**` does. Of several globs in a list, the last that matches a
path decides. There are no braces. A glob that can match nothing is refused, with the reason.

## Labels

A rule with `labels = true` is for changes of compose files that touch what routing depends on, one
with `labels = false` for those that do not. The two versions of the file are compared as what they
mean: comments, layout and the order of keys do not count, anchors are resolved, and labels may be a
list or a map. Variables stay as they are written.

- What counts: which services there are, and of each its labels, networks, ports, `expose`, health
  check, `container_name`, `profiles`, `deploy` and every other key that is not named below; of the
  file `networks`, `include`, `name` and every other section that is not named below.
- What does not: the keys of a service that concern what runs in it, such as `image`, `build`,
  `command`, `environment`, `env_file`, `volumes`, `restart`, `depends_on` and limits (all of them
  are in `pytest_codex/selection/labels.py`), the sections `version`, `volumes`, `secrets`,
  `configs` and `models`, and `x-` extensions.
- In a file with a service whose image is Traefik, all of that counts but `x-` extensions.
- A file that is new or deleted, or that cannot be read as one compose file, counts as changed in
  its labels.
- Where there is nothing to compare with, as with `--changed-files`, rules of both kinds hold.

## When everything runs

Where something is not known, all suites run, and the plan has all commands, on the targets of the
run and on those that rules name. The output says why, and what to do about it. That is the case

- for a path that is unknown, unless `unknown = "error"`;
- after a change to a file that the policy may stand in: {own},
  at the top of the repository or in the folder of the configuration;
- where git does not know the base, or where its history and that of HEAD parted: in a shallow
  clone, with histories that have nothing in common, or with `auto` on a detached HEAD outside CI;
- with `auto` in a run of CI that is not about a change, such as one on a schedule or for a tag, or
  where another commit is checked out than the run is about;
- without git, outside of a repository, before the first commit, and if a submodule has changed;
- for a list of changed paths that is empty, or has a line that may be several paths.

## The playbook's rows

| what has changed | rule | suites | on | commands |
|---|---|---|---|---|
"""

DEFAULT_HEAD = """
`everywhere` is every target of the run. The invariants need no target, and by default they always
run. The playbook's `npm run smoke:prod` is the suite `smoke` on `prod`.

## The default policy

The output names places in the policy, counted from 0: `rules.image.paths[2]` is the third glob of
the rule `image`, `ignore[1]` the second glob to ignore. Messages about a policy that cannot be used
count the rules too: `rules[5].paths[2]`.

In `pytest_codex.toml`, these lines change nothing:

```toml
"""

#: The rules of the default policy, by the playbook's rows.
PLAYBOOK = {
    "utils": "only `src/utils.js`",
    "streaming": "`server.js`, streaming or routes",
    "compose": "`docker-compose.yml`",
    "labels": "Traefik labels",
    "dev-labels": "Traefik labels of the dev stack",
    "image": "`Dockerfile` or what goes into the image",
    "stack": "what else a compose file says",
}


def main() -> None:
    """Write the pages, or exit with 1 if one is not up to date."""
    pages = {
        "options.md": _options(),
        "invariants.md": _invariants(),
        "selection.md": _selection(),
    }
    for name, page in pages.items():
        path = FOLDER / name
        if "--check" not in sys.argv:
            path.write_text(page, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != page:
            sys.exit(f"{name} is old: make docs")


def _options() -> str:
    page = HEAD + "".join(map(_flag_row, OPTIONS))
    page += POLICY_HEAD + "".join(map(_policy_row, POLICY))
    return (
        page
        + KNOWN_HEAD
        + "".join(
            f"| `{name}` | {_code(*DOMAIN_ENVIRONMENT[name])} | {_settings(settings)} |\n"
            for name, settings in KNOWN_TARGETS.items()
        )
    )


def _invariants() -> str:
    return INVARIANTS_HEAD + "".join(map(_invariant, RULES.values()))


def _selection() -> str:
    own = " and ".join(f"`{name}`" for name in sorted(OWN_FILES))
    return (
        SELECTION_HEAD
        + _keys(SelectionPolicy, {"rules": "those [below](#the-default-policy)"})
        + RULES_HEAD
        + _keys(selection.Rule, {})
        + SELECTION_TEXT.replace("{own}", own)
        + "".join(map(_playbook_row, DEFAULT.rules))
        + DEFAULT_HEAD
        + _policy_toml(DEFAULT)
        + "```\n"
    )


#: What TOML has for the types of fields.
_VALUES = {
    "str": "text",
    "bool | None": "true or false",
    "tuple[str, ...]": "list of text",
    "tuple[Rule, ...]": "tables",
}


def _keys(table: type[Any], defaults: dict[str, str]) -> str:
    """Return rows for the fields of a table, from its docstring."""
    text = re.sub(r"\s+", " ", table.__doc__ or "").replace("``", "`")
    meanings = dict(re.findall(r":param (\w+): (.*?)(?= :param|\s*$)", text))
    rows = []
    for field in fields(table):
        default = defaults.get(field.name, "")
        if table is SelectionPolicy and not default:
            value = getattr(DEFAULT, field.name)
            default = _code(value) if isinstance(value, str) else _code(*value)
        rows.append(
            (_code(field.name), _VALUES[str(field.type)], default, meanings[field.name].rstrip("."))
        )
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _playbook_row(rule: selection.Rule) -> str:
    targets = _code(*rule.targets) or ("everywhere" if rule.suites else "")
    row = (PLAYBOOK[rule.name], _code(rule.name), _code(*rule.suites), targets)
    return f"| {' | '.join(row)} | {_code(*rule.commands)} |\n"


def _policy_toml(policy: SelectionPolicy) -> str:
    """Return a policy as it stands in ``pytest_codex.toml``."""
    tables = [("[selection]", policy), *(("[[selection.rules]]", rule) for rule in policy.rules)]
    return "\n".join(f"{header}\n{_assignments(table)}" for header, table in tables)


def _assignments(table: SelectionPolicy | selection.Rule) -> str:
    values = {f.name: getattr(table, f.name) for f in fields(table) if f.name != "rules"}
    return "".join(
        f"{key} = {_toml_list(value) if isinstance(value, tuple) else json.dumps(value)}\n"
        for key, value in values.items()
        if value not in ((), None)
    )


def _toml_list(values: tuple[str, ...]) -> str:
    quoted = [json.dumps(value) for value in values]
    line = f"[{', '.join(quoted)}]"
    return line if len(line) < 80 else "[\n" + "".join(f"  {each},\n" for each in quoted) + "]"


_ABOUT = {
    "stack": "",
    "pair": "\n\nJudged where there are two stacks: `--compose-dev`.",
    "repository": "\n\nJudged in the folder of prod's compose files.",
}


def _invariant(rule: Rule) -> str:
    about = _ABOUT[rule.about] + ("\n\nIts findings are advice." if rule.advises else "")
    return f"\n## {rule.name}\n\n{rule.demands}\n\nWhy: {rule.why}{about}\n"


def _flag_row(option: Option) -> str:
    environment = option.environment
    if option.key == "domain":
        environment = tuple(name for names in DOMAIN_ENVIRONMENT.values() for name in names)
    flag = f"--{option.name}" + (f" {option.metavar}" if option.metavar else "")
    toml = _code(option.key) if option.toml else "no"
    default = _default(option)
    return f"| {_code(flag)} | {toml} | {_code(*environment)} | {default} | {option.help} |\n"


def _policy_row(option: Option) -> str:
    values = _code(*option.choices) if option.choices else option.kind.value
    return f"| {_code(option.key)} | {values} | {_default(option)} | {option.help} |\n"


def _default(option: Option) -> str:
    if option.default is None or option.default in ((), ""):
        return ""
    if option.kind is Kind.SECONDS:
        return f"{option.default:g} s"
    return _toml(option.default)


def _settings(settings: dict[str, object]) -> str:
    return ", ".join(f"{_code(name)} = {_toml(value)}" for name, value in settings.items())


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(_toml(item) for item in value)
    if isinstance(value, dict):
        return "`{ " + ", ".join(f"{k} = {str(v).lower()}" for k, v in value.items()) + " }`"
    return _code(str(value).lower() if isinstance(value, bool) else str(value))


def _code(*texts: str) -> str:
    return ", ".join(f"`{text}`".replace("|", "\\|") for text in texts)


if __name__ == "__main__":
    main()
