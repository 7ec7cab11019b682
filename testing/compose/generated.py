"""Projects made up at random, repeatable by their seed, that docker compose accepts."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

from pytest_codex.compose.interpolate import TemplateError, interpolate
from testing.compose.docker import Case

NAMES = ("a", "b", "c")
NETWORKS = ("n1", "n2", "n3")
ENVIRON = {"A": "shell", "E": "", "P": "8500", "DIR": "./data", "X1": "x$1"}
TEMPLATES = (
    "$A", "${A}", "${A:-d}", "${E:-d}", "${E-d}", "${U:-d}", "${U:-${A}}", "${U:-${E:-deep}}",
    "${A:+r}", "${U:+r}", "${E+r}", "$$", "$${A}", "$1", "$", "${A:?m}", "${DOT:-none}",
    "${INC:-none}", "${X1}", "${U-}", "${U:-a b}", "${U:-{x}}", "$A$A",
)  # fmt: skip
TEXTS = (
    "x", "a b", "Host(`a.b`) && PathPrefix(`/v1`)", "'q'", '"q"', "a: b", "# no", "é", "^.+$$",
    "a=b", "", " pad ", "- x", "yes", "on", "1_0", "x,y", "@z", "[1]", "{a}", "*", "a\nb", "\t",
)  # fmt: skip
PLAIN = (
    "1", "-5", "0x1f", "017", "0o17", "1.50", "1e3", "1e7", "1.5e-7", "123456789", "12345678.9",
    "true", "False", "null", "~", "yes", "12:30", "1_000", "plain", "a-b", "0.0001", "99999.5",
    "1234567", ".5", "+3", "2020-02-30", "v1.2", "10.0", "100000.0", "1000000.0", "a b",
)  # fmt: skip
SHORT_PORTS = (
    "80", "81:80", "127.0.0.1:81:80", "127.0.0.1::80", "${P}:80", "127.0.0.1:${P:-1}:80",
    "81:80/udp", "90-92:90-92", "9000-9009:80", "[::1]:82:80", "0.0.0.0:81:80", "70-71",
    "${U:-127.0.0.1}:83:80",
)  # fmt: skip
LONG_PORTS = (
    {"target": 80}, {"target": 80, "published": 81}, {"target": 80, "published": "81"},
    {"target": 80, "published": "81", "host_ip": "127.0.0.1"}, {"target": "${U:-80}"},
    {"target": 80, "protocol": "udp", "published": "${P}"}, {"target": 90, "published": "90-99"},
)  # fmt: skip
SHORT_VOLUMES = (
    "./d:/t1", "./d:/t1:ro", "${DIR}/q:/t1:rw", "~/d:/t2", "/abs:/t2:ro,z", "data:/t3",
    "data:/t3:ro", "/anon", "../up:/t4", ".:/t4:z", "./${A}:/t1",
)  # fmt: skip
LONG_VOLUMES = (
    {"type": "bind", "source": "./long", "target": "/t1"},
    {"type": "bind", "source": "${DIR}", "target": "/t2", "read_only": True},
    {"type": "volume", "source": "data", "target": "/t3", "read_only": "${U:-true}"},
    {"type": "tmpfs", "target": "/t4"},
)
VARIABLE_LINES = (
    "K1=file", "K2='$A'", 'K2="$A"', "K3=$A", "K3=${K1:-none}", "export K4=e # c", "K5", "A",
    "A=file", "K6=$$x", "# K7=1", "K1: yaml", 'K8="a\\nb"', "K1=", "", "K9=a#b", "E", "K2=$X1",
)  # fmt: skip
TOKENS = (
    "$", "{", "}", "$$", "${", "${A", "${U", "${E", ":-", "-", ":+", "+", "?", ":?", ":", "A", "x",
    "${A}", "${U:-", "${E-", "${A:+", " ", "1", "_", "\n", "${U:-d}", "$A", "$U", "é",
)  # fmt: skip


def generate(seed: int) -> Case:
    """Return the project of a seed."""
    return _Project(random.Random(seed)).case(seed)


def generate_templates(seed: int) -> tuple[list[str], list[str]]:
    """Return texts with substitutions, those that the model reads and those that it refuses."""
    chance = random.Random(seed)
    readable: list[str] = []
    broken: list[str] = []
    while len(readable) < 150:
        template = "".join(chance.choice(TOKENS) for _ in range(chance.randint(1, 9)))
        try:
            required = interpolate(template, ENVIRON).required
        except TemplateError:
            broken.append(template)
        else:
            (broken if required else readable).append(template)
    return readable, broken


def labelled(templates: Sequence[str]) -> str:
    """Return a file with a label for each template."""
    labels = {f"l{number}": template for number, template in enumerate(templates)}
    return f"services:\n  a:\n    image: x\n    labels: {_flow(labels)}\n"


class _Project:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.files: dict[str, str] = {}

    def case(self, seed: int) -> Case:
        compose = ["compose.yml"]
        first: dict[str, Any] = {"services": self.services(first=True)}
        if self.maybe(0.3):
            self.files["s/base.yml"] = emit(
                {"services": {"base": self.service(True)}, **self.rest()}, self.chance
            )
            extends = {"file": "s/base.yml", "service": "base"}
            first["services"]["a"]["extends"] = extends
        elif self.maybe(0.3):
            first["services"]["b"]["extends"] = self.chance.choice(["a", {"service": "a"}])
        if self.maybe(0.3):
            included = self.service(True)
            if any("extends" in service for service in first["services"].values()):
                # Volumes included, written here and extended: their order is not as documented.
                included.pop("volumes", None)
            services = {"z": self.service(True), "a": included}
            self.files["i/inc.yml"] = emit({"services": services, **self.rest()}, self.chance)
            self.files["i/.env"] = "INC=inc\nA=inc\n"
            first["include"] = ["i/inc.yml"]
        self.files["compose.yml"] = emit({**first, **self.rest()}, self.chance)
        for name in ("over.yml", "sub/third.yml")[: self.chance.choice([0, 1, 1, 2])]:
            compose.append(name)
            over = {"services": self.services(first=False), **self.rest()}
            self.files[name] = emit(over, self.chance)
        if self.maybe(0.5):
            self.files[".env"] = self.variables() + "DOT=dot\n"
        # Wherever a service may look for them.
        for folder in ("", "s/", "i/"):
            self.files[f"{folder}vars"] = self.variables()
            self.files[f"{folder}labels"] = "l.file=$A\nl.b=file\n"
        profiles = self.chance.choice([(), ("p",), ("*",), ("p", "q")])
        return Case(f"seed {seed}", self.files, compose, ENVIRON, profiles=profiles)

    def maybe(self, probability: float) -> bool:
        return self.chance.random() < probability

    def some(self, pool: Sequence[Any], most: int) -> list[Any]:
        return self.chance.sample(pool, self.chance.randint(0, most))

    def rest(self) -> dict[str, Any]:
        forms: tuple[Any, ...] = (
            None, {}, {"external": True}, {"name": "real-$A"}, {"external": True, "name": "other"},
        )  # fmt: skip
        networks = {name: self.chance.choice(forms) for name in NETWORKS}
        if self.maybe(0.1):
            networks["default"] = {"name": "${U:-standard}"}
        return {"networks": networks, "volumes": {"data": None}, "x-any": [1, "$A"]}

    def variables(self) -> str:
        return "\n".join(self.some(VARIABLE_LINES, 8)) + "\n"

    def services(self, first: bool) -> dict[str, Any]:
        names = NAMES if first else self.chance.sample(NAMES, self.chance.randint(1, 3))
        return {name: self.service(first) for name in names}

    def service(self, first: bool) -> dict[str, Any]:
        fields: dict[str, Callable[[], Any]] = {
            "labels": lambda: self.pairs("l."),
            "environment": lambda: self.pairs("K"),
            "ports": lambda: self.some((*SHORT_PORTS, *LONG_PORTS, Raw("80"), Raw("8080")), 4),
            "volumes": self.volumes,
            "networks": self.networks,
            "expose": lambda: self.some(("80", Raw("81"), "82/udp", "90-91"), 3),
            "command": lambda: self.chance.choice(["run $A 'b c'", ["run", "$A"], "x"]),
            "env_file": lambda: self.chance.choice(["vars", ["vars"], [{"path": "vars"}]]),
            "label_file": lambda: self.chance.choice(["labels", ["labels"]]),
            "profiles": lambda: self.some(("p", "q"), 2),
        }
        often = {"profiles": 0.15, "env_file": 0.3, "label_file": 0.2, "command": 0.3}
        service: dict[str, Any] = {"image": "image:${A}"} if first else {}
        for name, make in fields.items():
            if not self.maybe(often.get(name, 0.6)):
                continue
            value = make()
            if not first and self.maybe(0.15):
                value = Tagged(self.chance.choice(["!reset", "!override"]), _untagged(value))
            service[name] = value
        return service

    def volumes(self) -> Any:
        """Return volumes with a target each: which of two wins depends on how they are written."""
        volumes = self.some((*SHORT_VOLUMES, *LONG_VOLUMES), 5)
        return list({_target(volume): volume for volume in volumes}.values())

    def networks(self) -> Any:
        names = self.some((*NETWORKS, "default"), 3)
        as_map = {name: self.chance.choice([None, {"aliases": ["x"]}]) for name in names}
        return names if self.maybe(0.5) else as_map

    def pairs(self, prefix: str) -> Any:
        keys = [f"{prefix}{n}" for n in self.some(range(1, 7), 5)]
        if self.maybe(0.5):
            entries = [f"{key}={self.text()}" if self.maybe(0.9) else key for key in keys]
            return entries + self.some(entries, min(1, len(entries)))
        values: dict[str, Any] = {key: self.value() for key in keys}
        if values and self.maybe(0.15):
            values[keys[0]] = Tagged("!reset", Raw("null"))
        return values

    def value(self) -> Any:
        if self.maybe(0.3):
            return Raw(self.chance.choice(PLAIN))
        return self.text()

    def text(self) -> str:
        parts = [self.chance.choice((*TEXTS, *TEMPLATES)) for _ in range(self.chance.randint(1, 3))]
        return self.chance.choice(["", " ", "-"]).join(parts)


class Raw(str):
    """A value to be written without quotes."""

    __slots__ = ()


class Tagged:
    """A value with a tag."""

    def __init__(self, tag: str, value: Any) -> None:
        self.tag, self.value = tag, value


def _untagged(value: Any) -> Any:
    """Take away the tags in what has one: docker compose takes those for text."""
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if not isinstance(item, Tagged)}
    return value


def _target(volume: Any) -> str:
    if isinstance(volume, dict):
        return str(volume["target"])
    return next(name for name in ("/t1", "/t2", "/t3", "/t4", "/anon") if f"{name}" in str(volume))


def emit(value: Any, chance: random.Random) -> str:
    """Write YAML in block style, parts of it in flow style."""
    return "".join(f"{line}\n" for line in _block(value, chance, top=True))


def _block(value: Any, chance: random.Random, top: bool = False) -> list[str]:
    if not isinstance(value, dict | list) or not value or (not top and chance.random() < 0.2):
        return [_flow(value)]
    lines: list[str] = []
    items = value.items() if isinstance(value, dict) else ((None, item) for item in value)
    for key, item in items:
        head = "-" if key is None else f"{key}:"
        inner = _block(item, chance)
        nested = isinstance(item, dict | list) and item and not inner[0].startswith(("{", "["))
        if nested and key is not None:
            lines += [head, *(f"  {line}" for line in inner)]
        else:
            indented = [f"{head} {inner[0]}", *(f"  {line}" for line in inner[1:])]
            lines += indented
    return lines


def _flow(value: Any) -> str:
    match value:
        case Tagged():
            return f"{value.tag} {_flow(value.value)}"
        case Raw():
            return str(value)
        case dict():
            return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_flow, value)) + "]"
        case None:
            return "null"
    return json.dumps(value, ensure_ascii=False)
