"""What is no good compose file: an error with its place, or findings; never anything else."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from pytest_codex.errors import ConfigurationError
from pytest_codex.invariants.findings import Finding
from testing.invariants.changes import HOST, M, R, S
from testing.invariants.stacks import (
    EXAMPLE,
    EXAMPLES,
    Edit,
    Variant,
    below,
    broken,
    drop,
    judged_files,
    label,
    swap,
    top,
)

GOOD = (EXAMPLES / EXAMPLE["prod"]).read_text(encoding="utf-8")
#: Nothing here takes a second; what does not end at all takes longer than this.
_HANGS = 60

_BOMB = "x-a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\n" + "".join(
    f"x-{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefghijk", "bcdefghijkl", strict=True)
)


def findings(folder: Path, content: bytes | str, **beside: str) -> list[Finding]:
    """Whatever breaks a rule in a file of this content."""
    file = folder / "compose.yml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    for name, text in beside.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return list(broken(judged_files([file])))


def outcome(judge: Callable[[], list[Finding]]) -> list[Finding] | str:
    """What is found, or the error's words."""
    try:
        return judge()
    except ConfigurationError as error:
        return str(error)


# -- errors ---------------------------------------------------------------------------------------

_REFUSED: Sequence[tuple[str, bytes | str, str]] = (
    ("an empty file", "", r"compose\.yml:1: an empty file"),
    ("nothing but a remark", "# nothing\n", r"compose\.yml:1: an empty file"),
    ("a list", "- services\n", r"compose\.yml:1: "),
    ("a word", "services\n", r"compose\.yml:1: "),
    ("a number", "42\n", r"compose\.yml:1: "),
    ("services that are a list", "services:\n  - app\n", r"compose\.yml:2: "),
    ("services that are a word", "services: app\n", r"compose\.yml:1: "),
    ("a service that is a word", "services:\n  app: nginx\n", r"compose\.yml:2: "),
    ("a service that is a list", "services:\n  app: [nginx]\n", r"compose\.yml:2: "),
    ("labels that are a word", "services:\n  app:\n    labels: x\n", r"compose\.yml:3: "),
    ("labels in labels", "services:\n  app:\n    labels:\n      a: {b: c}\n", r"compose\.yml:4: "),
    ("a list of maps as labels", "services:\n  app:\n    labels:\n      - a: b\n", r":4: "),
    ("ports that are a word", "services:\n  app:\n    ports: 80\n", r"compose\.yml:3: "),
    ("a port that is none", "services:\n  app:\n    ports: ['x:y']\n", r"compose\.yml:3: "),
    ("a port too large", "services:\n  app:\n    ports: ['80:99999']\n", r"compose\.yml:3: "),
    ("a port at a name", "services:\n  app:\n    ports: ['localhost:80:80']\n", r":3: "),
    ("a volume that is none", "services:\n  app:\n    volumes: ['']\n", r"compose\.yml:3: "),
    ("networks that are a word", "services:\n  app:\n    networks: x\n", r"compose\.yml:3: "),
    ("an open bracket", "services:\n  app: {image: x\n", r"compose\.yml:\d+:\d+: not YAML"),
    ("an open quote", 'services:\n  app:\n    image: "x\n', r"compose\.yml:\d+:\d+: not YAML"),
    ("a tab", "services:\n\tapp:\n", r"compose\.yml:2:1: not YAML"),
    ("a colon too many", "services:\n  app: x: y\n", r"compose\.yml:2:\d+: not YAML"),
    ("an alias of nothing", "services:\n  app: *no\n", r"compose\.yml:2: "),
    ("a merge of a word", "services:\n  app:\n    <<: x\n", r"compose\.yml:3:"),
    ("zero bytes", b"services:\n  app:\n    image: \0\n", r"compose\.yml:3"),
    ("another encoding", b"services:\n  \xe4pp:\n    image: x\n", r"compose\.yml:2: "),
    ("UTF-16", "services: {}".encode("utf-16"), r"compose\.yml:1: "),
    ("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", r"compose\.yml:1: "),
    ("a substitution that does not end", "services:\n  app:\n    image: ${X\n", r":3: "),
    ("a substitution of a number", "services:\n  app:\n    image: ${1X}\n", r":3: "),
    ("a base that is not there", "services:\n  app:\n    extends: base\n", r":3: "),
    ("a file to extend that is not there",
     "services:\n  app:\n    extends: {file: no.yml, service: x}\n", r"compose\.yml:3: "),
    ("a service that extends itself", "services:\n  app:\n    extends: app\n", r":3: "),
    ("two services that extend each other",
     "services:\n  a:\n    extends: b\n  b:\n    extends: a\n", r"compose\.yml:[35]: "),
    ("a file that includes itself", "include: [compose.yml]\nservices: {a: {image: x}}\n", r":1: "),
    ("a file to include that is not there", "include:\n  - no.yml\n", r"compose\.yml:2: "),
    ("a file to include from afar", "include:\n  - https://example.com/c.yml\n", r":2: "),
    ("aliases that multiply", f"{_BOMB}services:\n  app:\n    labels: *l\n", r"compose\.yml:\d+"),
    ("aliases that multiply, and that nobody uses", _BOMB + GOOD, r"compose\.yml:\d+"),
    ("a depth without measure", f"services: {'[' * 5000}", r"compose\.yml:1"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"), [row[1:] for row in _REFUSED], ids=[row[0] for row in _REFUSED]
)
def test_what_cannot_be_read_is_an_error_with_its_line(
    content: bytes | str, message: str, tmp_path: Path
) -> None:
    """And the error says so in words, in one line, without a type of Python's."""
    with pytest.raises(ConfigurationError, match=message) as caught:
        findings(tmp_path, content)
    assert re.search(r"<class|object at 0x|Traceback|NoneType", str(caught.value)) is None


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    """With their names."""
    for file in (tmp_path / "no.yml", tmp_path):
        with pytest.raises(ConfigurationError, match=re.escape(str(file))):
            judged_files([file])


def test_a_second_file_that_is_bad_is_named(tmp_path: Path) -> None:
    """And not the first one, which is good."""
    with pytest.raises(ConfigurationError, match=r"over\.yml:2: "):
        Variant((), over="services:\n  app: x\n").judged(tmp_path)


def test_files_that_include_each_other_are_an_error(tmp_path: Path) -> None:
    """At the line of an include."""
    with pytest.raises(ConfigurationError, match=r"(compose|b)\.yml:1: include in a circle"):
        findings(tmp_path, f"include: [b.yml]\n{GOOD}", b="include: [compose.yml]\n")


def test_a_file_of_50_mib_is_refused(tmp_path: Path) -> None:
    """Unread."""
    file = tmp_path / "compose.yml"
    with file.open("wb") as stream:
        stream.truncate(50 * 2**20)
    with pytest.raises(ConfigurationError, match="larger than"):
        judged_files([file])


# -- findings -------------------------------------------------------------------------------------

#: What it is, what is changed, the rule that tells it, and words of the finding. A rule ``-``: none
#: need tell it; ``refused``: no compose file.
_WRONG: Sequence[tuple[str, Edit, str, str]] = (
    ("a field of nothing", label(f"{R}api.nonsense: x"), "labels-take-effect", "nonsense"),
    ("a section of nothing", label("traefik.http.no.x: y"), "labels-take-effect", "field 'no'"),
    ("a field of a text", label(f"{R}api.rule.more: x"), "labels-take-effect", "lost"),
    ("a router with a value", label(f"{R}api: x"), "-", ""),
    ("all routers with a value", label("traefik.http.routers: x"), "-", ""),
    ("everything with a value", label("traefik.http: x"), "-", ""),
    ("a field without a name", label("traefik.http.: x"), "labels-take-effect", "empty"),
    ("half a bracket", label("'traefik.http.routers.a].rule': x"), "labels-take-effect", "bracket"),
    (
        "a number out of range",
        label(f"{R}api.priority: '9999999999999999999'"),
        "labels-take-effect",
        "fit",
    ),
    ("a number in words", label(f"{R}api.priority: ten"), "labels-take-effect", "number"),
    ("a list with a value", label(f"{R}api.tls.domains: x"), "-", ""),
    (
        "a URL beside a port",
        label(f"{S}api.loadbalancer.server.url: '::'"),
        "labels-take-effect",
        "URL",
    ),
    (
        "a port in words",
        swap('server.port: "11435"', "server.port: eleven"),
        "routers-exist",
        "no port",
    ),
    (
        "brackets without measure",
        swap(f"{HOST} && Path(`/healthz`)", f"{'(' * 3000}{HOST}{')' * 3000}"),
        "routers-exist|no-way-in",
        "",
    ),
    (
        "negations without measure",
        swap(f"{HOST} && Path(`/healthz`)", f"'{'!' * 3001}{HOST}'"),
        "routers-exist|no-way-in",
        "",
    ),
    (
        "a regular expression without measure",
        swap("Path(`/healthz`)", "PathRegexp(`((((a{1,100}){1,100}){1,100}`)"),
        "routers-exist",
        "refused",
    ),
    (
        "a regular expression on which others never end",
        swap("Path(`/healthz`)", "PathRegexp(`(a|a?)+(b|b?)+(c|c?)+$`)"),
        "no-way-in",
        "lets in",
    ),
    (
        "an address that is none",
        swap("http://127.0.0.1:18080/verify", "'http://[::1/verify'"),
        "forwardauth-address",
        "asks",
    ),
    ("a label without a name", label('"": x'), "-", ""),
    ("a label that is a sign", label("'=': x"), "-", ""),
    ("a variable without a name", below("CODEX_HOME", '"": x'), "-", ""),
    ("a variable without a value", below("CODEX_HOME", "PORT:"), "file-is-unambiguous", "twice"),
    (
        "a home that is relative",
        swap("CODEX_HOME: /app/.codex-api", "CODEX_HOME: relative"),
        "home-is-mounted",
        "relative",
    ),
    (
        "a home with a zero byte",
        swap("CODEX_HOME: /app/.codex-api", 'CODEX_HOME: "/\\0"'),
        "home-is-mounted",
        "",
    ),
    ("a PORT in words", swap('PORT: "11435"', "PORT: eleven"), "service-port", "eleven"),
    (
        "no networks",
        swap("    networks: [traefik]\n    labels", "    networks: []\n    labels"),
        "traefik-network",
        "no network|default",
    ),
    ("a network that is a number", top("  other: 5"), "refused", ""),
    ("services that hang in the air", drop("services:"), "refused", ""),
)


@pytest.mark.parametrize(
    ("edit", "rule", "words"), [row[1:] for row in _WRONG], ids=[row[0] for row in _WRONG]
)
def test_what_traefik_or_docker_would_refuse_is_a_finding_or_an_error_with_its_line(
    edit: Edit, rule: str, words: str, tmp_path: Path
) -> None:
    """A label of the wrong form, a value out of range, a rule without measure."""
    found = outcome(lambda: list(broken(Variant((edit,)).judged(tmp_path))))
    if isinstance(found, str):
        assert re.search(r"\.yml:\d+", found)
        assert rule == "refused"
        return
    told = [finding for finding in found if re.fullmatch(rule, finding.rule)]
    assert bool(told) == (rule != "-"), found
    assert not told or re.search(words, "\n".join(map(str, told))), told


@pytest.mark.parametrize(
    ("label", "count"),
    [("a.label.of.something.{}: x", 100_000), (f"{M}{{}}.headers.stsSeconds: '{{}}'", 10_000)],
)
def test_a_file_of_many_labels_is_judged(label: str, count: int, tmp_path: Path) -> None:
    """And what is wrong is found among them."""
    began = time.perf_counter()
    many = "".join(f"      {label.format(n, n)}\n" for n in range(count))
    text = GOOD.replace("    labels:\n", f"    labels:\n{many}").replace(",codex-forwardauth", "")
    assert {finding.rule for finding in findings(tmp_path, text)} == {"no-way-in", "chain-order"}
    assert time.perf_counter() - began < _HANGS


# -- anything -------------------------------------------------------------------------------------


#: What ends a line of YAML 1.1.
_BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")


def _without_a_line(lines: list[str], dice: random.Random) -> None:
    lines.pop(dice.randrange(len(lines)))


def _with_a_line_twice(lines: list[str], dice: random.Random) -> None:
    lines.insert(dice.randrange(len(lines)), dice.choice(lines))


def _with_lines_exchanged(lines: list[str], dice: random.Random) -> None:
    one, two = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]


def _with_another_margin(lines: list[str], dice: random.Random) -> None:
    at = dice.randrange(len(lines))
    lines[at] = dice.choice(["  ", "    ", "\t", ""]) + lines[at].removeprefix("  ")


def _with_another_character(lines: list[str], dice: random.Random) -> None:
    at = dice.randrange(len(lines))
    where = dice.randrange(len(lines[at]) + 1)
    character = dice.choice("`\"'{}[]()&|!:,.=$#*%@\\/-~<>?\0\x85\u2028é 0a")
    lines[at] = lines[at][:where] + character + lines[at][where + dice.randrange(2) :]


def _cut_off(lines: list[str], dice: random.Random) -> None:
    del lines[dice.randrange(len(lines)) :]


_DAMAGES = (
    _without_a_line,
    _with_a_line_twice,
    _with_lines_exchanged,
    _with_another_margin,
    _with_another_character,
    _with_another_character,
    _cut_off,
)


@pytest.mark.parametrize("seed", range(8))
def test_damage_of_any_kind_is_an_error_or_findings_in_the_file(seed: int, tmp_path: Path) -> None:
    """Fifty files each, with one to four damages."""
    dice = random.Random(seed)
    for _ in range(50):
        lines = GOOD.split("\n")
        for _ in range(dice.randint(1, 4)):
            dice.choice(_DAMAGES)(lines, dice)
            lines = lines or [""]
        text = "\n".join(lines)
        found = outcome(partial(findings, tmp_path, text))
        if isinstance(found, str):
            assert re.search(r"compose\.yml:\d+|no compose file", found), text
        else:
            assert all(1 <= finding.at.line <= len(_BREAK.split(text)) for finding in found), text
            assert all(finding.found and finding.expected and finding.mend for finding in found)
