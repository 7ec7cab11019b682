"""Makes the pages that are tables of the program: ``make docs``. ``--check`` only compares."""

from __future__ import annotations

import sys
from pathlib import Path

from pytest_codex.invariants.rules import RULES, Rule
from pytest_codex.options import OPTIONS, Kind, Option
from pytest_codex.policy import DOMAIN_ENVIRONMENT, KNOWN_TARGETS, POLICY

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


def main() -> None:
    """Write the pages, or exit with 1 if one is not up to date."""
    for name, page in (("options.md", _options()), ("invariants.md", _invariants())):
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
