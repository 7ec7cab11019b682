"""From flags, environment, ``.env`` files and TOML to targets; each value knows its source.

Precedence: flag > environment > ``.env.<target>`` > ``.env`` > TOML target > TOML > default.
Nothing here changes ``os.environ``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, cast

from pytest_codex.errors import ConfigurationError, did_you_mean
from pytest_codex.files import RESERVED, ConfigurationFile, find_toml, read_dotenv, shown
from pytest_codex.options import OPTIONS, Option
from pytest_codex.policy import BY_KEY, DOMAIN_ENVIRONMENT, KNOWN_TARGETS, POLICY
from pytest_codex.redaction import Secret
from pytest_codex.targets import EMBEDDED, Address, Budgets, Policy, Target, parse_address
from pytest_codex.values import as_key, typed

Flags = Mapping[str, tuple[str, object]]


class Sourced(NamedTuple):
    """A value and where it came from."""

    value: object
    source: str


class ComposeFiles(NamedTuple):
    """The compose files that were named, absolute, and where each were named."""

    main: tuple[Path, ...]
    dev: tuple[Path, ...]
    main_source: str
    dev_source: str

    @property
    def by_flag(self) -> bool:
        """Whether the command line names them."""
        return self.main_source.startswith("--") or self.dev_source.startswith("--")


@dataclass(frozen=True)
class Settings:
    """What was asked for, not yet resolved for a target.

    :param flags: by option, the flag as it was given and its value.
    :param environ: the process's environment; it is only read.
    :param rootdir: pytest's, from which the configuration file is looked for.
    """

    flags: Flags
    environ: Mapping[str, str]
    rootdir: Path

    @property
    def root(self) -> Path:
        """The project's folder, where the configuration file is: that of ``.env`` files, of
        compose files that nobody names, and of results.

        :raises ConfigurationError: if the configuration file cannot be used.
        """
        return self._toml.root

    def shown(self, name: str) -> str:
        """Return how messages call a file of the project's folder."""
        return shown(self.root / name, self.rootdir)

    @cached_property
    def target_names(self) -> tuple[str, ...]:
        """The names of the targets to verify, in order, each once.

        :raises ConfigurationError: for one that is not known, with those that are.
        """
        sourced = self._global(BY_KEY["target"])
        names = tuple(dict.fromkeys(cast("Iterable[str]", sourced.value)))
        known = self.known_targets
        if not names:
            raise ConfigurationError(
                f"{sourced.source}: names no target; known are {', '.join(known)}"
            )
        for name in names:
            if name not in known:
                place = f"{self._toml.where} as [{self._toml.prefix}targets.{name}]"
                reserved = RESERVED.get(name.lower())
                others = f"it can be none: {reserved}" if reserved else f"declare it in {place}"
                raise ConfigurationError(
                    f"{sourced.source}: unknown target {name!r}{did_you_mean(name, known)}; "
                    f"known are {', '.join(known)}; {others}"
                )
        if len(names) > 1:
            for option in ("domain", "origin", "key"):
                if option in self.flags:
                    raise ConfigurationError(
                        f"{self.flags[option][0]} cannot serve {len(names)} targets "
                        f"({', '.join(names)}); set it for each in the environment or in TOML"
                    )
        return names

    @property
    def known_targets(self) -> tuple[str, ...]:
        """The names of all targets that there are."""
        return tuple(dict.fromkeys((*KNOWN_TARGETS, *self._toml.targets)))

    @property
    def only_target(self) -> str | None:
        """The one target that was asked for by name, if it is one."""
        asked = self._global(BY_KEY["target"]).source != "default"
        return self.target_names[0] if asked and len(self.target_names) == 1 else None

    @property
    def results_dir(self) -> Path:
        """The folder for results, absolute."""
        sourced = self._global(BY_KEY["results_dir"])
        return self._beside(sourced) / str(sourced.value)

    @property
    def compose_files(self) -> ComposeFiles:
        """The compose files that were named, absolute.

        Those of prod and of dev are from one place: whoever names a file on the command line does
        not mean it to be compared with what the configuration names.
        """
        main, dev = (self._global(BY_KEY[key]) for key in ("compose", "compose_dev"))
        if main.source.startswith("--") != dev.source.startswith("--"):
            main, dev = (
                sourced if sourced.source.startswith("--") else Sourced((), "default")
                for sourced in (main, dev)
            )
        return ComposeFiles(self._existing(main), self._existing(dev), main.source, dev.source)

    def _existing(self, sourced: Sourced) -> tuple[Path, ...]:
        names = cast("Iterable[str]", sourced.value)
        files = tuple(self._beside(sourced) / name for name in names)
        for file in files:
            if not os.path.isfile(file):  # noqa: PTH113 - names may be too long for Path
                raise ConfigurationError(f"{sourced.source}: there is no file {file}")
        return files

    def _beside(self, sourced: Sourced) -> Path:
        """The folder from which a path is meant: a flag's is that of whoever gave it."""
        return Path.cwd() if sourced.source.startswith("--") else self.root

    @property
    def embedded_defects(self) -> tuple[str, ...]:
        """How the embedded endpoint was told to misbehave."""
        names = cast("Iterable[str]", self._global(BY_KEY["embedded_defect"]).value)
        return tuple(part for name in names for part in name.split(",") if part)

    @property
    def require_key(self) -> Sourced:
        """Whether a missing key is an error; by default only where ``CI=true``."""
        sourced = self._global(BY_KEY["require_key"])
        if sourced.value is None:
            return Sourced(self.environ.get("CI", "").lower() == "true", "CI in the environment")
        return sourced

    def target(self, name: str) -> Target:
        """Resolve everything for one target.

        The address of an embedded target is a placeholder until the endpoint has been started.

        :raises ConfigurationError: for the first thing that is missing or cannot be used.
        """
        values = {o.key: self._resolve(o, name) for o in (*OPTIONS, *POLICY) if o.per_target}

        def text(key: str) -> str:
            return cast("str", values[key].value)

        domain = values["domain"]
        if domain.value is None:
            raise ConfigurationError(self._no_domain(name))
        embedded = text("domain") == EMBEDDED
        address = (
            Address("https", "localhost", 443)
            if embedded
            else parse_address(text("domain"), domain.source)
        )
        origin = None
        if values["origin"].value is not None:
            origin = parse_address(text("origin"), values["origin"].source, address.scheme)
        model = values["model"]
        if not model.value:
            empty = "" if model.value is None else f" ({model.source} is empty)"
            wanted = f"set --model, or model in {self._toml.where}"
            raise ConfigurationError(f"target {name}: no model to ask{empty}: {wanted}")
        budgets = Budgets(
            **{
                field.name: cast("float", values[_budget(field.name)].value)
                for field in fields(Budgets)
            }
        )
        policy = Policy(**{f.name: cast("str", values[f.name].value) for f in fields(Policy)})  # type: ignore[arg-type]  # the table's kinds are the fields' types, which a test verifies
        key = values["key"]
        if key.value is None and (empty := self._empty(BY_KEY["key"], name)):
            values["key"] = Sourced(None, empty)
        return Target(
            name=name,
            address=address,
            origin=origin,
            key=cast("Secret | None", key.value),
            model=text("model"),
            budgets=budgets,
            policy=policy,
            suites=cast("tuple[str, ...]", values["suites"].value),
            embedded=embedded,
            sources={key: sourced.source for key, sourced in values.items()},
        )

    def suites(self, name: str) -> tuple[str, ...]:
        """The suites that may run on a target."""
        return cast("tuple[str, ...]", self.value("suites", name).value)

    def value(self, key: str, target: str) -> Sourced:
        """One setting of a target, which needs nothing else of it."""
        return self._resolve(BY_KEY[key], target)

    def key_variables(self, name: str) -> tuple[str, ...]:
        """The variables that may hold a target's key."""
        return self._variables(BY_KEY["key"], name)

    # -- layers, strongest first ------------------------------------------------------------------

    def _global(self, option: Option) -> Sourced:
        return next(self._layers(option, None))

    def _resolve(self, option: Option, target: str) -> Sourced:
        return next(self._layers(option, target))

    def _layers(self, option: Option, target: str | None) -> Iterator[Sourced]:
        if option.key in self.flags:
            flag, value = self.flags[option.key]
            yield self._given(option, value, flag, target)
        variables = self._variables(option, target)
        dotenv_variables = tuple(dict.fromkeys((*variables, *_generic(option))))
        if target is not None:
            yield from self._environment(option, variables, self.environ, "environment", target)
            for name, named in ((f".env.{target}", dotenv_variables), (".env", variables)):
                values = self._dotenv(name)
                yield from self._environment(option, named, values, self.shown(name), target)
            table = self._toml.targets.get(target, {})
            if option.key in table:
                where = f"{self._toml.where} [{self._toml.prefix}targets.{target}] {option.key}"
                yield Sourced(typed(option, table[option.key], where), where)
        if option.key in self._toml.top:
            where = f"{self._toml.where} {option.key}"
            yield Sourced(typed(option, self._toml.top[option.key], where), where)
        known = KNOWN_TARGETS.get(target or "", {})
        if option.key in known:
            yield Sourced(known[option.key], "default")
        yield Sourced(option.default, "default")

    def _variables(self, option: Option, target: str | None) -> tuple[str, ...]:
        if option.key not in ("domain", "key") or target is None:
            return option.environment
        named = self._toml.targets.get(target, {}).get(f"{option.key}_env")
        if isinstance(named, str):
            return (named,)
        return DOMAIN_ENVIRONMENT.get(target, ()) if option.key == "domain" else option.environment

    def _environment(
        self,
        option: Option,
        variables: Iterable[str],
        environ: Mapping[str, str | None],
        source: str,
        target: str,
    ) -> Iterator[Sourced]:
        found = [(v, value) for v in variables if (value := environ.get(v)) not in (None, "")]
        if option.key == "key" and len({value for _, value in found}) > 1:
            names = " and ".join(variable for variable, _ in found)
            raise ConfigurationError(
                f"{source}: {names} disagree about the key of target {target}; "
                "set one of them, or say which with --key=env:NAME"
            )
        for variable, value in found[:1]:
            where = f"{source} {variable}"
            if option.key == "key":
                yield Sourced(as_key(value, where), where)
            else:
                yield Sourced(typed(option, value, where), where)

    def _empty(self, option: Option, target: str) -> str:
        """Say which variable that could give an option is set, but to nothing; "" if none is."""
        variables = self._variables(option, target)
        own = f".env.{target}"
        layers = (
            ("environment", variables, self.environ),
            (self.shown(own), (*variables, *_generic(option)), self._dotenv(own)),
            (self.shown(".env"), variables, self._dotenv(".env")),
        )
        return next(
            (
                f"{source} {variable} is set but empty"
                for source, names, environ in layers
                for variable in names
                if environ.get(variable, "unset") in (None, "")
            ),
            "",
        )

    def _given(self, option: Option, value: object, flag: str, target: str | None) -> Sourced:
        if option.key != "key":
            return Sourced(typed(option, value, flag), flag)
        text = cast("str", value)
        if text.startswith("env:"):
            return self._key_from_variable(text.removeprefix("env:"), flag, target)
        if text.startswith("@"):
            path = Path(text[1:])
            try:
                content = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                why = getattr(error, "strerror", None) or "not UTF-8"
                raise ConfigurationError(f"{flag}: cannot read {path}: {why}") from None
            return Sourced(
                as_key(content.removesuffix("\n").removesuffix("\r"), flag), f"{flag}={text}"
            )
        return Sourced(as_key(text, flag), f"{flag} on the command line")

    def _key_from_variable(self, variable: str, flag: str, target: str | None) -> Sourced:
        if not variable:
            raise ConfigurationError(f"{flag}=env: names no variable; expected {flag}=env:NAME")
        files = (f".env.{target}", ".env")
        layers = ((self.shown(name), self._dotenv(name)) for name in files)
        for source, environ in (("environment", self.environ), *layers):
            value = environ.get(variable)
            if value is not None:
                where = f"{source} {variable}"
                return Sourced(as_key(value, f"{flag}=env:{variable}"), where)
        raise ConfigurationError(
            f"{flag}=env:{variable}: {variable} is neither in the environment nor in "
            f"{' or '.join(map(self.shown, files))}"
        )

    def _no_domain(self, name: str) -> str:
        variables = self._variables(BY_KEY["domain"], name)
        ways = ["--domain=HOST"]
        if variables:
            files = " or ".join(map(self.shown, (f".env.{name}", ".env")))
            ways.append(f"{' or '.join(variables)} in the environment, {files}")
        ways.append(f"domain under [{self._toml.prefix}targets.{name}] in {self._toml.where}")
        empty = self._empty(BY_KEY["domain"], name)
        but = f" ({empty})" if empty else ""
        message = f"no domain for target {name}{but}: set {', or '.join(ways)}"
        stray = [v for v in ("DOMAIN", "APP_DOMAIN") if self.environ.get(v) and v not in variables]
        if stray:
            message += f" ({stray[0]} is set, but it is the domain of target prod)"
        return f"{message}; --domain=embedded verifies the endpoint that comes with this plugin"

    # -- files ------------------------------------------------------------------------------------

    @cached_property
    def _dotenv_files(self) -> dict[str, Mapping[str, str | None]]:
        return {}

    def _dotenv(self, name: str) -> Mapping[str, str | None]:
        if name not in self._dotenv_files:
            self._dotenv_files[name] = read_dotenv(self.root / name, self.shown(name))
        return self._dotenv_files[name]

    @cached_property
    def _toml(self) -> ConfigurationFile:
        return find_toml(self.rootdir)

    @property
    def configuration_file(self) -> ConfigurationFile:
        """The configuration file, for the tables that others read."""
        return self._toml

    def flag(self, key: str) -> object:
        """What only the command line can say; None if it does not."""
        return self.flags[key][1] if key in self.flags else None


def _budget(field: str) -> str:
    return f"{field}_timeout"


def _generic(option: Option) -> tuple[str, ...]:
    """The variables that mean this option in a file which is one target's own."""
    return DOMAIN_ENVIRONMENT["prod"] if option.key == "domain" else option.environment
