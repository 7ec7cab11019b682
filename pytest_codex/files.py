"""The configuration files: ``.env`` files, and ``pyproject.toml`` or ``pytest_codex.toml``."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pytest_codex.errors import ConfigurationError, did_you_mean
from pytest_codex.lines import line_of
from pytest_codex.options import Kind
from pytest_codex.policy import BY_KEY
from pytest_codex.values import typed

#: What no target can be called, and why: the names that results have in their folder.
RESERVED = {
    "invariants": "results of its own are called so",
    "exchanges": "a target's folder of exchanges is called so",
}
_OWN = "pytest_codex.toml"
#: The tables that are no setting's.
_TABLES = ("targets", "selection")
#: The text of no file, and what it says.
_NONE: tuple[str, Mapping[str, object]] = ("", {})


class ConfigurationFile(NamedTuple):
    """The configuration file: how messages call it, its tables' prefix, and what is in them.

    ``root`` is its folder. ``selection`` is not looked into here; ``text`` is the whole file.
    """

    root: Path
    where: str
    prefix: str
    top: Mapping[str, object]
    targets: Mapping[str, Mapping[str, object]]
    selection: object = None
    text: str = ""


def shown(path: Path, rootdir: Path) -> str:
    """Return how messages call a file: by its path from pytest's rootdir."""
    return Path(os.path.relpath(path, rootdir)).as_posix()


def read_dotenv(path: Path, where: str) -> Mapping[str, str | None]:
    """Return what a ``.env`` file sets; nothing if there is no such file.

    :param where: how messages call it.
    :raises ConfigurationError: with the line, for what is no such file.
    """
    if not path.is_file():
        return {}
    import io

    from dotenv.parser import parse_stream

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise ConfigurationError(f"{where}: cannot be read: {why}") from None
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            raise ConfigurationError(
                f"{where}:{binding.original.line}: not a NAME=VALUE line; "
                "expected NAME=VALUE, a comment or a blank line"
            )
    from dotenv import dotenv_values

    return dotenv_values(stream=io.StringIO(text))


def find_toml(rootdir: Path) -> ConfigurationFile:
    """Return the nearest configuration file: that of pytest's rootdir, or of a folder above it.

    Nothing is looked for above the top of the git repository, or outside of one. If there is no
    file, the rootdir is where one would be.

    :raises ConfigurationError: for one that cannot be read, or says what it cannot say.
    """
    for folder in (rootdir, *_above(rootdir)):
        found = _read_toml(folder, rootdir)
        if found is not None:
            return found
    return ConfigurationFile(rootdir, _OWN, "", {}, {})


def repository_of(folder: Path) -> Path:
    """Return the top of the git repository that a folder is in; the folder itself if in none."""
    folders = (folder, *folder.parents)
    return next((above for above in folders if (above / ".git").exists()), folder)


def _above(rootdir: Path) -> Sequence[Path]:
    """The folders above, up to the top of the repository."""
    folders = (rootdir, *rootdir.parents)
    return folders[1 : folders.index(repository_of(rootdir)) + 1]


def _read_toml(folder: Path, rootdir: Path) -> ConfigurationFile | None:
    """Read what configures us in a folder, if anything does."""
    shared, own = folder / "pyproject.toml", folder / _OWN
    where = shown(shared, rootdir)
    text, whole = _load_toml(shared, where) if folder == rootdir or _mentions_us(shared) else _NONE
    project = whole.get("tool", {})
    table = project.get("pytest_codex") if isinstance(project, dict) else None
    if table is None:
        if not own.is_file():
            return None
        where = shown(own, rootdir)
        text, whole = _load_toml(own, where)
        return _checked(folder, where, "", whole, text)
    if own.is_file():
        raise ConfigurationError(
            f"both {where} [tool.pytest_codex] and {shown(own, rootdir)} configure the targets; "
            "keep one of them"
        )
    if not isinstance(table, dict):
        raise ConfigurationError(f"{where}: [tool.pytest_codex] is not a table")
    return _checked(folder, where, "tool.pytest_codex.", table, text)


def _mentions_us(path: Path) -> bool:
    """Whether a file above pytest's rootdir is to be read: what is wrong in others is not ours."""
    try:
        return b"pytest_codex" in path.read_bytes()
    except OSError:
        return False


def _load_toml(path: Path, where: str) -> tuple[str, Mapping[str, object]]:
    """Return a file's text and what it says; nothing if there is no file."""
    if not path.is_file():
        return _NONE
    try:
        text = path.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise ConfigurationError(f"{where}: cannot be read: {why}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{where}: not TOML: {error}") from None


def _checked(
    root: Path, where: str, prefix: str, table: Mapping[str, object], text: str
) -> ConfigurationFile:
    checking = _Checking(where, prefix, text)
    top = {key: value for key, value in table.items() if key not in _TABLES}
    checking.top(top)
    targets = table.get("targets", {})
    if not isinstance(targets, dict):
        raise ConfigurationError(f"{where}: [{prefix}targets] is not a table")
    for name, settings in targets.items():
        checking.target(name, settings)
    return ConfigurationFile(root, where, prefix, top, targets, table.get("selection"), text)


@dataclass(frozen=True, slots=True)
class _Checking:
    """What the tables of a file may say."""

    where: str
    prefix: str
    text: str

    def top(self, table: Mapping[str, object]) -> None:
        names = [*(o.key for o in BY_KEY.values() if o.toml), *_TABLES]
        section = f"{self.where} [{self.prefix[:-1]}]" if self.prefix else self.where
        for key, value in table.items():
            if isinstance(value, dict) and not (key in names and BY_KEY[key].kind is Kind.TABLE):
                raise ConfigurationError(
                    f"{self.where}{self._line(key)}: unknown table [{self.prefix}{key}]"
                    f"{did_you_mean(key, _TABLES)}; "
                    f"there are [{self.prefix}targets.NAME] and [{self.prefix}selection]"
                )
            if problem := _problem_of(key, names):
                raise ConfigurationError(f"{section}{self._line(key)}: {problem}")
        for key, value in table.items():
            typed(BY_KEY[key], value, f"{self.where} {key}")

    def target(self, name: str, table: object) -> None:
        section = f"{self.where} [{self.prefix}targets.{name}]"
        if not isinstance(table, dict):
            raise ConfigurationError(f"{section} is not a table")
        if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
            raise ConfigurationError(f"{section}: a target's name has letters, digits, - and _")
        if why := RESERVED.get(name.lower()):
            line = self._line("targets", name)
            raise ConfigurationError(f"{section}{line}: {why}; rename the target")
        names = [o.key for o in BY_KEY.values() if o.toml and o.per_target]
        for key in table:
            if problem := _problem_of(key, names):
                raise ConfigurationError(f"{section}{self._line('targets', name, key)}: {problem}")
        for key, value in table.items():
            typed(BY_KEY[key], value, f"{section} {key}")

    def _line(self, *path: str) -> str:
        line = line_of(self.text, (*self.prefix.split(".")[:-1], *path))
        return f" (line {line})" if line else ""


def _problem_of(key: str, valid: Sequence[str]) -> str:
    """Return why there is no such setting in a table, and which is meant; empty if there is one."""
    if key == "key":
        return (
            "a key does not belong in a file that is committed; "
            "name the variable that holds it with key_env"
        )
    if key in valid:
        return ""
    if key in BY_KEY and BY_KEY[key].toml:
        return f"{key!r} is set for all targets at once, above the tables"
    near = did_you_mean(key, valid)
    return f"unknown setting {key!r}{near or '; there are ' + ', '.join(sorted(valid))}"
