"""Projects read without Docker: places, problems, errors, limits."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_codex.compose.places import Place
from pytest_codex.compose.project import Project
from pytest_codex.compose.read import read
from pytest_codex.errors import ConfigurationError
from testing.compose import corpus
from testing.compose.corpus import APP, service
from testing.compose.docker import Case


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def project(text: str, over: str | None = None, **environ: str) -> Project:
    """Read the text as c.yml of the current folder, another one over it."""
    Path("c.yml").write_text(text, encoding="utf-8")
    files = [Path("c.yml")]
    if over is not None:
        Path("o.yml").write_text(over, encoding="utf-8")
        files.append(Path("o.yml"))
    return read(files, environ)


def place(line: int, file: str = "c.yml") -> Place:
    return Place(Path(file), line)


def test_everything_read_knows_its_line() -> None:
    text = (
        "services:\n"
        "  app:\n"
        "    image: x\n"
        "    labels:\n"
        "      - a=1\n"
        "      - >-\n"
        "        b=1\n"
        "        2\n"
        "    environment:\n"
        "      A: 1\n"
        "      B: >-\n"
        "        text\n"
        "    ports:\n"
        "      - 80:80\n"
        "      - target: 81\n"
        "        published: 81\n"
        "    volumes:\n"
        "      - ./a:/a\n"
        "      - type: bind\n"
        "        source: ./b\n"
        "        target: /b\n"
        "    networks:\n"
        "      - n\n"
        "networks:\n"
        "  n:\n"
        "    external: true\n"
    )
    found = project(text)
    app = found.services["app"]
    assert app.at == place(2)
    assert {name: label.at.line for name, label in app.labels.items()} == {"a": 5, "b": 6}
    assert {name: value.at.line for name, value in app.environment.items()} == {"A": 10, "B": 11}
    assert [port.at.line for port in app.ports] == [14, 15]
    assert [mount.at.line for mount in app.volumes] == [18, 19]
    assert app.networks == {"n": place(23)}
    assert found.networks["n"].at == place(25)
    assert found.problems == ()


def test_merged_values_keep_the_file_and_line_that_they_come_from() -> None:
    found = project(service("labels:\n  - a=1\n  - b=1"), service("labels:\n  b: 2"))
    labels = found.services["a"].labels
    assert labels["a"].at == place(5)
    assert labels["b"].at == place(5, "o.yml")
    assert found.services["a"].at == place(2, "o.yml")
    assert found.files == (Path("c.yml"), Path("o.yml"))


def test_a_label_by_alias_stands_where_it_is_used() -> None:
    found = project("x-rule: &rule Host(`a`)\n" + service("labels:\n  rule: *rule"))
    label = found.services["a"].labels["rule"]
    assert (label.value, label.at) == ("Host(`a`)", place(6))


def test_paths_of_included_and_extended_files_start_from_what_the_user_named() -> None:
    Path("s").mkdir()
    Path("s/i.yml").write_text("services:\n  i: {image: x, label_file: l}\n", encoding="utf-8")
    Path("s/b.yml").write_text("services:\n  b:\n    labels: [b=1]\n", encoding="utf-8")
    Path("s/l").write_text("\nl=1\n", encoding="utf-8")
    found = project(
        "include: [s/i.yml]\n" + service("extends:\n  file: s/b.yml\n  service: b\nlabels: [a=1]")
    )
    assert found.services["i"].labels["l"].at == place(2, "s/l")
    assert found.services["a"].labels["b"].at == place(3, "s/b.yml")
    assert found.files == (Path("c.yml"), Path("s/i.yml"), Path("s/b.yml"))


def test_values_tell_which_unset_variables_they_depend_on() -> None:
    text = service(
        "labels:\n  - a=$U-${V:-$W}\n  - b=${X:-d}\nports: ['${U}81:80']\nvolumes: ['./$U:/x']"
    )
    found = project(text)
    app = found.services["a"]
    assert app.labels["a"].unset == ("U", "W")
    assert app.labels["b"].unset == ()
    assert app.ports[0].unset == app.volumes[0].unset == ("U",)
    told = [(p.rule, p.at.line, p.message.split()[0]) for p in found.problems]
    assert told == [("unset-variable", n, name) for n, name in ((5, "U"), (5, "W"), (7, "U"))] + [
        ("unset-variable", 8, "U")
    ]


def test_a_required_variable_that_is_unset_is_a_marked_placeholder_and_no_problem() -> None:
    found = project(service("environment:\n  - KEY=${KEY?set it}\n  - OTHER=${OTHER:?set it}"))
    key = found.services["a"].environment["KEY"]
    assert (key.value, key.placeholder, key.unset) == ("<KEY>", True, ("KEY",))
    assert found.problems == ()


def test_a_variable_of_an_alias_is_told_once() -> None:
    found = project("x-l: &l {a: $U}\n" + service("labels: *l") + "  b: {image: x, labels: *l}\n")
    assert [problem.rule for problem in found.problems] == ["unset-variable"]


@pytest.mark.parametrize(
    ("lines", "rule", "at", "other"),
    [
        ("labels:\n  - a=1\n  - b=1\n  - a=2", "duplicate-entry", 7, 5),
        ("environment:\n  - A=1\n  - A=1", "duplicate-entry", 6, 5),
        ("volumes:\n  - ./a:/x\n  - ./b:/x/", "duplicate-entry", 6, 5),
        ("ports:\n  - 80:80\n  - target: 80\n    published: 80", "duplicate-entry", 6, 5),
        ("labels:\n  a: 1\n  a: 2", "duplicate-key", 6, 5),
        ("networks: [n]", "undefined-network", 4, None),
        ("volumes:\n  - named:/x", "undefined-volume", 5, None),
        ("env_file:\n  - a.env", "missing-file", 5, None),
        ("label_file: l", "missing-file", 4, None),
        ("ports:\n  - ${P?}:80", "unreadable-port", 5, None),
        ("label:\n  - a=1", "unknown-key", 4, None),
    ],
)
def test_what_is_suspicious_is_told_with_its_lines(
    lines: str, rule: str, at: int, other: int | None
) -> None:
    (problem,) = project(service(lines)).problems
    assert (problem.rule, problem.at) == (rule, place(at))
    assert problem.other == (None if other is None else place(other))


def test_an_env_file_that_is_not_required_may_be_missing() -> None:
    assert project(service("env_file: [{path: a.env, required: false}]")).problems == ()


def test_a_reset_that_docker_compose_does_not_follow_is_told() -> None:
    found = project(service("labels: [a=1]"), service("labels:\n  a: !reset null"))
    assert found.services["a"].labels["a"].value == "1"
    (problem,) = found.problems
    assert (problem.rule, problem.at, problem.other) == (
        "reset-without-effect",
        place(5, "o.yml"),
        place(4),
    )


def test_a_service_without_its_profile_is_absent() -> None:
    found = project(APP + "  b: {image: x, profiles: [p], env_file: missing}\n")
    assert list(found.services) == ["a"]
    assert found.problems == ()


def test_the_name_of_a_network_is_the_real_one() -> None:
    text = "name: shop\n" + service("networks: [n, e, m, default]")
    found = project(text + "networks: {n: , e: {external: true}, m: {name: real}}\n")
    names = {key: (network.name, network.external) for key, network in found.networks.items()}
    assert names == {
        "n": ("shop_n", False),
        "e": ("e", True),
        "m": ("real", False),
        "default": ("shop_default", False),
    }


@pytest.mark.parametrize("case", corpus.REFUSED, ids=lambda case: case.name)
def test_what_is_no_compose_file_is_an_error_that_names_the_file(case: Case) -> None:
    case.write(Path())
    with pytest.raises(ConfigurationError) as error:
        case.read(Path())
    named = [*case.files, *case.env_files, "i.yml", "b.yml"]
    assert any(name in str(error.value) for name in named)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"services:\n  a:\n    image: \xe9\n", r"c\.yml:3: .*UTF-8"),
        (b"", r"c\.yml:1: an empty file"),
        (b"just text\n", r"c\.yml:1: the file is a single value; expected a map"),
        (b"services:\n  a: [x]\n", r"c\.yml:2: service a is a list; expected a map"),
        (b"version: '3'\n", r"c\.yml: no compose file: there is no map of services"),
        (b"include:\n  - oci://x/y\n", r"c\.yml:2: the remote file"),
        (b"include:\n  - no.yml\n", r"c\.yml:2: 'no\.yml', which is no file"),
        (b"include:\n  - c.yml\n", r"c\.yml:2: include in a circle: c\.yml -> c\.yml"),
        (
            b"services:\n  a:\n    extends:\n      file: no.yml\n      service: b\n",
            r"c\.yml:4: 'no\.yml', which is no file",
        ),
        (b"services:\n  a:\n    extends: b\n", r"c\.yml:3: extends of 'b'"),
        (b"services:\n  a:\n    labels:\n      k: ${A b}\n", r"c\.yml:4: at character 1 of"),
    ],
)
def test_unreadable_files_are_errors_with_file_and_line(content: bytes, message: str) -> None:
    Path("c.yml").write_bytes(content)
    with pytest.raises(ConfigurationError, match=message):
        read([Path("c.yml")], {})


def test_a_missing_file_and_a_folder_are_errors() -> None:
    for name in ("missing.yml", "."):
        with pytest.raises(ConfigurationError, match="cannot be read"):
            read([Path(name)], {})
    with pytest.raises(ConfigurationError, match="no compose file was named"):
        read([], {})


def test_a_file_of_50_mib_is_refused_unread() -> None:
    with Path("c.yml").open("wb") as file:
        os.truncate(file.fileno(), 50 * 2**20)
    with pytest.raises(ConfigurationError, match="larger than 10 MiB"):
        read([Path("c.yml")], {})


def test_chains_of_extends_and_include_without_measure_are_refused() -> None:
    chain = "".join(f"  s{n}: {{extends: s{n + 1}}}\n" for n in range(2000))
    with pytest.raises(ConfigurationError, match="more than 100 services"):
        project("services:\n" + chain + "  s2000: {image: x}\n")
    for n in range(120):
        Path(f"i{n}.yml").write_text(f"include: [i{n + 1}.yml]\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="more files to include than can be meant"):
        project("include: [i0.yml]\n" + APP)
    for n in range(30):
        text = f"include: [i{n + 1}.yml, i{n + 1}.yml]\n" + APP
        Path(f"i{n}.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="more files to include than can be meant"):
        project("include: [i0.yml]\n" + APP)


def test_an_error_in_a_file_of_variables_does_not_show_its_text() -> None:
    for line in ("KEY hunter2", "KEY='hunter2", "KEY=hunter2${"):
        Path(".env").write_text(f"A=1\n{line}\n", encoding="utf-8")
        with pytest.raises(ConfigurationError, match=r"\.env:2: ") as error:
            project(APP)
        assert "hunter2" not in str(error.value)


def test_many_services_are_read() -> None:
    services = "".join(
        f"  s{n}:\n    image: x\n    labels:\n"
        + "".join(f"      - routers.r{n}-{k}.rule=Host(`h{n}.example`)\n" for k in range(20))
        for n in range(200)
    )
    assert len(project("services:\n" + services).services) == 200
