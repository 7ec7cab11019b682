"""Where each setting comes from, which source wins, and what is said when they cannot be used."""

from __future__ import annotations

import dataclasses
import json
import os
import typing
from pathlib import Path

import pytest

from pytest_codex.errors import ConfigurationError
from pytest_codex.files import RESERVED
from pytest_codex.invariants.reading import has_files
from pytest_codex.invariants.stack import StackPolicy
from pytest_codex.options import OPTIONS, Kind
from pytest_codex.policy import BY_KEY, POLICY
from pytest_codex.report.places import EXCHANGES, INVARIANTS
from pytest_codex.settings import Flags, Settings
from pytest_codex.targets import Budgets, Policy, Target

from .project import ROOT, Endpoint, Project, counted, refusal

LAYERS = ("flag", "environment", ".env.prod", ".env", "TOML target", "TOML", "default")
KEY = "sk-0123456789-of-the-{}"


def settings(
    root: Path, flags: Flags | None = None, environ: dict[str, str] | None = None
) -> Settings:
    return Settings(flags or {}, environ or {}, root)


def target(root: Path, name: str = "prod", **environ: str) -> Target:
    return settings(root, {}, {"DOMAIN": "prod.example", **environ}).target(name)


def refused(root: Path, name: str = "prod", flags: Flags | None = None, **environ: str) -> str:
    """The message of the error that these settings are."""
    with pytest.raises(ConfigurationError) as error:
        settings(root, flags, environ).target(name)
    return str(error.value)


def resolve(root: Path, option: str, variable: str, layer: str, value: str) -> Target:
    """Resolve target prod with a value for an option in this layer and in all that are weaker.

    The value of each layer is ``value`` with the layer's number in it.
    """
    there = LAYERS[LAYERS.index(layer) : -1]
    values = {name: value.format(LAYERS.index(name) + 1) for name in there}
    toml = {
        "[tool.pytest_codex]": values.get("TOML"),
        "[tool.pytest_codex.targets.prod]": values.get("TOML target"),
    }
    (root / "pyproject.toml").write_text(
        "".join(
            f"{table}\n" + ("" if text is None else f"{option} = {text!r}\n")
            for table, text in toml.items()
        )
    )
    for name in (".env.prod", ".env"):
        (root / name).write_text(f"{variable}={values[name]}\n" if name in values else "")
    flag = f"--{option.replace('_', '-')}"
    flags = {option: (flag, values["flag"])} if "flag" in values else {}
    environ = {variable: values["environment"]} if "environment" in values else {}
    given: dict[str, tuple[str, object]] = (
        {} if option == "domain" else {"domain": ("-", "x.example")}
    )
    return settings(root, {**given, **flags}, environ).target("prod")


SOURCES = {
    "flag": "--{flag}",
    "environment": "environment {variable}",
    ".env.prod": ".env.prod {variable}",
    ".env": ".env {variable}",
    "TOML target": "pyproject.toml [tool.pytest_codex.targets.prod] {option}",
    "TOML": "pyproject.toml {option}",
    "default": "default",
}


def source(layer: str, option: str, variable: str) -> str:
    flag = option.replace("_", "-")
    return SOURCES[layer].format(option=option, flag=flag, variable=variable)


@pytest.mark.parametrize("layer", LAYERS[:-1])
def test_the_domain_comes_from_the_strongest_layer(tmp_path, layer):
    """Each layer beats all that are weaker, and is named as the source."""
    found = resolve(tmp_path, "domain", "DOMAIN", layer, "layer-{}.example")
    assert found.domain == f"layer-{LAYERS.index(layer) + 1}.example"
    assert found.sources["domain"] == source(layer, "domain", "DOMAIN")


@pytest.mark.parametrize("layer", LAYERS)
def test_a_budget_comes_from_the_strongest_layer(tmp_path, layer):
    """Each layer beats all that are weaker, and is named as the source."""
    option, variable = "nonstream_timeout", "SMOKE_REQUEST_TIMEOUT"
    found = resolve(tmp_path, option, variable, layer, "{}1")
    expected = 60.0 if layer == "default" else float(f"{LAYERS.index(layer) + 1}1")
    assert found.budgets.nonstream == expected
    assert found.sources[option] == source(layer, option, variable)


@pytest.mark.parametrize("layer", ["flag", "environment", ".env.prod", ".env"])
def test_the_key_comes_from_the_strongest_layer(tmp_path, layer):
    """Each layer beats all that are weaker, and is named as the source, without the key."""
    (tmp_path / ".env").write_text(f"KEY={KEY.format('.env')}\n")
    if layer != ".env":
        (tmp_path / ".env.prod").write_text(f"KEY={KEY.format('.env.prod')}\n")
    environ = {"KEY": KEY.format("environment")} if layer in ("flag", "environment") else {}
    given = {"key": ("--key", KEY.format("flag"))} if layer == "flag" else {}
    flags = {"domain": ("--domain", "x.example"), **given}
    found = settings(tmp_path, flags, environ).target("prod")
    assert found.key is not None
    assert found.key.reveal() == KEY.format(layer)
    assert (
        found.sources["key"]
        == {
            "flag": "--key on the command line",
            "environment": "environment KEY",
            ".env.prod": ".env.prod KEY",
            ".env": ".env KEY",
        }[layer]
    )


def test_without_any_source_there_is_no_key(tmp_path):
    """The last layer for a key is that there is none."""
    found = target(tmp_path)
    assert (found.key, found.sources["key"]) == (None, "default")


def test_the_flags_of_pytest_are_the_strongest_layer(project: Project, deployed: Endpoint):
    """Given flags, long and short, arrive; the header names each source, and no key."""
    project.write(__env=f"KEY={deployed.running.key}\nSMOKE_STREAM_TIMEOUT=77\n")
    os.environ.pop("KEY")
    result = project.verify(
        "-k",
        "test_healthz_is_ok",
        f"--codex-domain={deployed.domain}",
        "--connect-timeout=9",
        "--codex-idle-timeout=8.5",
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            f"target prod: https://{deployed.domain} [[]--codex-domain]",
            "  key: from .env KEY; model: codex-5 [[]default]",
            "  budgets: connect 9 s [[]--connect-timeout], request 15 s, nonstream 60 s, "
            "stream 77 s [[].env SMOKE_STREAM_TIMEOUT], first-event 60 s, "
            "idle 8.5 s [[]--codex-idle-timeout]",
        ]
    )
    result.stdout.no_fnmatch_line(f"*{deployed.running.key}*")


def test_files_never_change_the_environment(tmp_path, monkeypatch):
    """.env files are read into settings, and into nothing else."""
    (tmp_path / ".env").write_text("DOMAIN=from.example\nKEY=sk-from-a-file\nOTHER=1\n")
    before = dict(os.environ)
    found = Settings({}, os.environ, tmp_path).target("prod")
    assert found.domain == "from.example"
    assert dict(os.environ) == before


def test_a_domain_of_prod_is_never_one_of_dev(tmp_path):
    """DOMAIN and APP_DOMAIN are prod's, DEV_DOMAIN is dev's; the message says which is missing."""
    said = refused(tmp_path, "dev", DOMAIN="prod.example")
    assert "no domain for target dev" in said
    assert "DEV_DOMAIN" in said
    assert "DOMAIN is set, but it is the domain of target prod" in said
    assert "no domain for target prod" in refused(tmp_path, "prod", DEV_DOMAIN="dev.example")
    assert target(tmp_path, "dev", DEV_DOMAIN="dev.example").domain == "dev.example"


def test_app_domain_is_second_to_domain(tmp_path):
    """The variables of an option are asked in their order."""
    assert settings(tmp_path, {}, {"APP_DOMAIN": "app.example"}).target("prod").domain == (
        "app.example"
    )
    assert target(tmp_path, APP_DOMAIN="app.example").domain == "prod.example"


def test_in_a_file_of_one_target_the_general_names_are_that_target_s(tmp_path):
    """.env.dev is dev's own, so DOMAIN in it is dev's domain, and DOMAIN in .env is not."""
    (tmp_path / ".env").write_text("DOMAIN=prod.example\n")
    (tmp_path / ".env.dev").write_text("DOMAIN=dev.example\n")
    found = settings(tmp_path)
    assert found.target("prod").domain == "prod.example"
    assert found.target("dev").domain == "dev.example"


def test_domain_env_and_key_env_name_a_target_s_own_variables(tmp_path):
    """A named variable is the only one that is asked."""
    (tmp_path / "pytest_codex.toml").write_text(
        '[targets.eu]\ndomain_env = "EU_HOST"\nkey_env = "EU_KEY"\nmodel = "codex-5"\n'
    )
    environ = {"DOMAIN": "prod.example", "KEY": "sk-of-prod", "EU_HOST": "eu.example"}
    found = settings(tmp_path, {}, {**environ, "EU_KEY": "sk-of-eu"}).target("eu")
    assert found.domain == "eu.example"
    assert found.key is not None
    assert found.key.reveal() == "sk-of-eu"
    assert found.sources["key"] == "environment EU_KEY"
    assert settings(tmp_path, {}, environ).target("eu").key is None
    assert "EU_HOST" in refused(tmp_path, "eu", DOMAIN="prod.example")


# -- keys -----------------------------------------------------------------------------------------


def test_a_key_can_be_in_any_variable(tmp_path):
    """--key=env:NAME takes it from the environment or a .env file, and says which."""
    (tmp_path / ".env.prod").write_text("ELSEWHERE=sk-in-the-file\n")
    flags = {"key": ("--key", "env:ELSEWHERE"), "domain": ("--domain", "x.example")}
    found = settings(tmp_path, flags).target("prod")
    assert (found.key and found.key.reveal(), found.sources["key"]) == (
        "sk-in-the-file",
        ".env.prod ELSEWHERE",
    )
    found = settings(tmp_path, flags, {"ELSEWHERE": "sk-in-the-shell"}).target("prod")
    assert (found.key and found.key.reveal(), found.sources["key"]) == (
        "sk-in-the-shell",
        "environment ELSEWHERE",
    )


def test_a_key_can_be_in_a_file(tmp_path):
    """--key=@FILE reads it, and one newline at the end does not belong to it."""
    file = tmp_path / "key"
    file.write_text("sk-in-a-file\r\n")
    flags = {"key": ("--key", f"@{file}"), "domain": ("--domain", "x.example")}
    found = settings(tmp_path, flags).target("prod")
    assert found.key is not None
    assert found.key.reveal() == "sk-in-a-file"
    assert found.sources["key"] == f"--key=@{file}"


def test_a_literal_key_works_and_is_warned_about(project: Project, deployed: Endpoint):
    """The end of the run says who sees a key on the command line, without repeating it."""
    result = project.verify("-k", "test_the_key_is_accepted", f"--key={deployed.running.key}")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*the key was on the command line, where ps and*next: KEY in*"])
    result.stdout.no_fnmatch_line(f"*{deployed.running.key}*")


@pytest.mark.parametrize("where", ["environment", ".env"])
def test_two_variables_that_disagree_about_the_key_are_an_error(tmp_path, where):
    """It names both and shows neither value; the same value twice is no disagreement."""
    values = {"KEY": "sk-the-one", "PROXY_API_KEY": "sk-the-other"}
    environ = values if where == "environment" else {}
    if where == ".env":
        (tmp_path / ".env").write_text("".join(f"{k}={v}\n" for k, v in values.items()))
    said = refused(tmp_path, DOMAIN="x.example", **environ)
    assert said.startswith(f"{where}: PROXY_API_KEY and KEY disagree about the key of target prod")
    assert "sk-" not in said
    assert target(tmp_path, KEY="sk-same", PROXY_API_KEY="sk-same").key is not None


def test_a_stronger_layer_settles_a_disagreement(tmp_path):
    """What a weaker layer says of the key is not asked at all."""
    (tmp_path / ".env").write_text("KEY=sk-the-one\nPROXY_API_KEY=sk-the-other\n")
    assert target(tmp_path, KEY="sk-in-the-shell").sources["key"] == "environment KEY"


def test_a_key_that_is_set_to_nothing_is_no_key_and_said_so(tmp_path):
    """It is as CI hands over a secret that is not there."""
    found = target(tmp_path, KEY="")
    assert (found.key, found.sources["key"]) == (None, "environment KEY is set but empty")
    (tmp_path / ".env").write_text("KEY\n")
    assert target(tmp_path).sources["key"] == ".env KEY is set but empty"
    (tmp_path / ".env").write_text("KEY=sk-0123\n")
    assert target(tmp_path, KEY="").sources["key"] == ".env KEY"


# -- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [".env", ".env.prod"])
def test_a_broken_env_file_is_named_with_its_line(tmp_path, name):
    """What is not NAME=VALUE is said to be so, and is not shown: it may be half a key."""
    (tmp_path / name).write_text("# fine\nA=1\nsk-no name here\n")
    said = refused(tmp_path)
    assert said.startswith(f"{name}:3: not a NAME=VALUE line")
    assert "sk-" not in said


def test_an_env_file_is_read_as_python_dotenv_reads_it(tmp_path):
    """Quotes, comments and export are understood."""
    (tmp_path / ".env").write_text("export KEY='sk-0123'  # the key\nDOMAIN=\"x.example\"\n")
    found = settings(tmp_path).target("prod")
    assert (found.domain, found.key and found.key.reveal()) == ("x.example", "sk-0123")


@pytest.mark.parametrize(
    ("name", "table"),
    [("pyproject.toml", "tool.pytest_codex."), ("pytest_codex.toml", "")],
)
def test_toml_can_be_in_either_file(tmp_path, name, table):
    """pyproject.toml under [tool.pytest_codex], or a file of our own."""
    (tmp_path / name).write_text(f'[{table}targets.prod]\nmodel = "m-1"\ndone = "optional"\n')
    found = target(tmp_path)
    assert (found.model, found.policy.done) == ("m-1", "optional")
    assert found.sources["model"] == f"{name} [{table}targets.prod] model"


def test_toml_in_both_files_is_an_error(tmp_path):
    """Nobody has to guess which of them wins."""
    (tmp_path / "pyproject.toml").write_text("[tool.pytest_codex]\n")
    (tmp_path / "pytest_codex.toml").write_text("")
    said = refused(tmp_path)
    assert "both pyproject.toml [tool.pytest_codex] and pytest_codex.toml" in said


def test_somebody_else_s_pyproject_is_not_in_the_way(tmp_path):
    """A pyproject.toml without our table leaves pytest_codex.toml in force."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n[tool.other]\nmodel = 1\n')
    (tmp_path / "pytest_codex.toml").write_text('model = "m-1"\n')
    assert target(tmp_path).model == "m-1"


@pytest.mark.parametrize("git", ["folder", "file"])
@pytest.mark.parametrize(
    ("name", "table"),
    [("pyproject.toml", "tool.pytest_codex."), ("pytest_codex.toml", "")],
)
def test_from_a_subfolder_the_configuration_above_is_found(tmp_path, name, table, git):
    """The nearest in the repository; .env files, compose files and results are those beside it."""
    below = repository(tmp_path, as_file=git == "file")
    (tmp_path / name).write_text(f'[{table}targets.prod]\nmodel = "m-1"\nkey_env = "MINE"\n')
    (tmp_path / ".env").write_text("DOMAIN=a.example\n")
    (tmp_path / ".env.prod").write_text(f"MINE={KEY}\n")
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    given = settings(below)
    found = given.target("prod")
    assert found.sources["model"] == f"../../{name} [{table}targets.prod] model"
    assert found.sources["domain"] == "../../.env DOMAIN"
    assert found.sources["key"] == "../../.env.prod MINE"
    assert given.results_dir == tmp_path / "test-results"
    assert has_files(given)
    flags: Flags = {"key": ("--key", "env:NONE")}
    assert "nor in ../../.env.prod or ../../.env" in refused(below, flags=flags)


def repository(top: Path, *, as_file: bool = False) -> Path:
    """Make a folder the top of a git repository, and return one deep in it."""
    if as_file:
        (top / ".git").write_text("gitdir: elsewhere\n")
    else:
        (top / ".git").mkdir()
    below = top / "one" / "two"
    below.mkdir(parents=True)
    return below


def test_the_nearest_configuration_is_the_only_one(tmp_path):
    """They are not merged: what stands beside a further one has no say either."""
    below = repository(tmp_path)
    (tmp_path / "pytest_codex.toml").write_text('model = "far"\n')
    (tmp_path / ".env").write_text("SMOKE_REQUEST_TIMEOUT=7\n")
    (below.parent / "pytest_codex.toml").write_text('[targets.prod]\ndone = "optional"\n')
    found = target(below)
    assert found.policy.done == "optional"
    assert found.model != "far"
    assert found.sources["nonstream_timeout"] == "default"


def test_nothing_is_looked_for_above_the_repository(tmp_path):
    """Its top is the first folder upward that has .git, as that of a submodule does."""
    top = tmp_path / "submodule"
    top.mkdir()
    (tmp_path / ".git").mkdir()
    below = repository(top, as_file=True)
    (tmp_path / "pytest_codex.toml").write_text('model = "m-1"\n')
    for rootdir in (below, top):
        assert settings(rootdir).root == rootdir
        assert target(rootdir).sources["model"] == "default"


def test_outside_of_a_repository_only_the_rootdir_is_looked_at(tmp_path):
    """Somebody else's folder is above it."""
    (tmp_path / "pytest_codex.toml").write_text('model = "m-1"\n')
    below = tmp_path / "one"
    below.mkdir()
    assert settings(below).root == below
    assert target(below).sources["model"] == "default"


def test_without_any_configuration_the_rootdir_is_the_project_s(tmp_path):
    """An .env file alone is one of the rootdir."""
    below = repository(tmp_path)
    (tmp_path / ".env").write_text("DOMAIN=above.example\n")
    (below / ".env").write_text("DOMAIN=here.example\n")
    assert settings(below).target("prod").sources["domain"] == ".env DOMAIN"
    assert settings(below).target("prod").domain == "here.example"


def test_a_broken_pyproject_above_matters_only_where_it_mentions_us(tmp_path):
    """Somebody else's is not in the way; one that may be meant for us is not ignored."""
    below = repository(tmp_path)
    (tmp_path / "pytest_codex.toml").write_text('model = "m-1"\n')
    above = below.parent / "pyproject.toml"
    above.write_bytes(b"[tool.other\xff")
    assert target(below).model == "m-1"
    above.write_text("[tool.pytest_codex\n")
    assert refused(below).startswith("../pyproject.toml: not TOML: ")
    above.write_text("[tool.pytest_codex]\ntargets = 3\n")
    assert refused(below).startswith("../pyproject.toml: [tool.pytest_codex.targets] is not a")
    above.write_text("[tool]\npytest_codex = []\n")
    assert refused(below) == "../pyproject.toml: [tool.pytest_codex] is not a table"


def test_a_broken_pyproject_at_the_rootdir_is_an_error_whatever_is_above(tmp_path):
    """Whether it configures anything cannot be told."""
    below = repository(tmp_path)
    (tmp_path / "pytest_codex.toml").write_text('model = "m-1"\n')
    (below / "pyproject.toml").write_text("[tool.other\n")
    assert refused(below).startswith("pyproject.toml: not TOML: ")


def test_files_above_are_named_from_the_rootdir(tmp_path):
    """Both TOML files at once, and a line of .env that is none, say where they are."""
    below = repository(tmp_path)
    (tmp_path / "pytest_codex.toml").write_text("")
    (tmp_path / ".env").write_text("=\n")
    assert refused(below).startswith("../../.env:1: not a NAME=VALUE line")
    (tmp_path / ".env").unlink()
    assert ", ../../.env.prod or ../../.env, or domain under " in refused(below)
    (tmp_path / "pyproject.toml").write_text("[tool.pytest_codex]\n")
    said = refused(below)
    assert "both ../../pyproject.toml [tool.pytest_codex] and ../../pytest_codex.toml" in said


def test_the_head_of_a_run_names_a_configuration_above_the_rootdir(project: Project):
    """Of a live run and of one over compose files, once; results lie beside it."""
    (project.path / ".git").mkdir()
    (project.path / "below").mkdir()
    project.write(pytest_codex__toml='[targets.mine]\ndomain = "embedded"\nmodel = "codex-5"\n')
    chosen = ("--rootdir=below", "-k", "test_healthz_is_ok or every_traefik_label")
    result = project.verify(*chosen, "--target=mine")
    result.stdout.fnmatch_lines(
        [
            "configuration: ../pytest_codex.toml",
            "target mine: *(the EMBEDDED endpoint*[[]../pytest_codex.toml [[]targets.mine] domain]",
            "  results: test-results/mine",
        ]
    )
    stack = (ROOT / "examples" / "stack" / "docker-compose.yml").read_text()
    project.write(compose__yml=stack.replace("traefik.enable", "traefik.enabled"))
    for arguments in (("--target=mine",), ("-m", "invariants")):
        said = project.verify(*chosen, *arguments).outlines
        assert said.count("configuration: ../pytest_codex.toml") == 1
        assert any(line.startswith("compose ") and "compose.yml" in line for line in said)
    sarif = json.loads((project.path / "test-results/invariants/invariants.sarif").read_text())
    places = {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for result in sarif["runs"][0]["results"]
    }
    assert places == {"compose.yml"}


BROKEN_TOML = {
    "targets.prod]": "pytest_codex.toml: not TOML: ",
    "foo = 1": "pytest_codex.toml (line 1): unknown setting 'foo'; there are accepts, ",
    "[targets.prod]\nfoo = 1": "[targets.prod] (line 2): unknown setting 'foo'; there are ",
    "[targets.prod]\nnonstream_timout = 9": "[targets.prod] (line 2): unknown setting "
    "'nonstream_timout' (did you mean 'nonstream_timeout'?)",
    "[targets]\nprod = { domian = 'x' }": "[targets.prod] (line 2): unknown setting 'domian' (did "
    "you mean 'domain'?)",
    "[targets.prod]\nresults_dir = 'x'": "[targets.prod] (line 2): 'results_dir' is set for all "
    "targets at once, above the tables",
    "\n[targets.prod]\nkey = 'sk-0123'": "(line 3): a key does not belong in a file that is "
    "committed; name the variable that holds it with key_env",
    "targets = 3": "[targets] is not a table",
    "results_dir = 5": "pytest_codex.toml results_dir: 5 is not text",
    "require_key = 'yes'": "pytest_codex.toml require_key: 'yes' is not true or false",
    "[selections]\nunknown = 'all'": "toml (line 1): unknown table [selections] (did you mean "
    "'selection'?); there are [targets.NAME] and [selection]",
    "[select]": "unknown table [select] (did you mean 'selection'?)",
    "[target.x]\ndomain = 'x'": "unknown table [target] (did you mean 'targets'?)",
    "[domain]\nprod = 'x'": "unknown table [domain]; there are [targets.NAME]",
    "[[selections]]": "(line 1): unknown setting 'selections' (did you mean 'selection'?)",
    "targets.prod = 3": "[targets.prod] is not a table",
    "[targets.invariants]": "[targets.invariants] (line 1): results of its own are called so; "
    "rename the target",
    "[targets.Exchanges]": "[targets.Exchanges] (line 1): a target's folder of exchanges is called",
    "[targets.'a/b']": "[targets.a/b]: a target's name has letters, digits, - and _",
    "nonstream_timeout = 'soon'": "pytest_codex.toml nonstream_timeout: 'soon' is not a number of "
    "seconds",
    "nonstream_timeout = -1": "-1 is not a number of seconds, greater than 0",
    "nonstream_timeout = true": "True is not a number of seconds",
    "[targets.prod]\ndone = 'requird'": "done: 'requird' is not one of required, optional (did "
    "you mean 'required'?)",
    "[targets.prod]\nmodels_public = 'yes'": "models_public: 'yes' is not true or false",
    "[targets.prod]\nconcurrency = 0": "concurrency: 0 is not a whole number, at least 1",
    "[targets.prod]\nconcurrency = 2.5": "concurrency: 2.5 is not a whole number",
    "[targets.prod]\nmodel_aliases = [1]": "model_aliases: [1] is not text or a list of text",
    "[targets.prod]\nhealth_expect = 'ok'": "health_expect: 'ok' is not a table",
    "[targets.prod]\nmodel = 5": "model: 5 is not text",
    "[targets.prod]\nsuites = ['smoke', 'ssse']": "suites: 'ssse' is not one of smoke, sse, "
    "invariants (did you mean 'sse'?)",
    "[targets.prod]\naccepts = ['cookie']": "accepts: 'cookie' is not one of no_credential, ",
}


@pytest.mark.parametrize("text", BROKEN_TOML, ids=range(len(BROKEN_TOML)))
def test_what_toml_cannot_say_is_refused(tmp_path, text):
    """The file, the table, what was found, what is valid and what is near to it."""
    (tmp_path / "pytest_codex.toml").write_text(text)
    said = refused(tmp_path)
    assert said.startswith("pytest_codex.toml")
    assert BROKEN_TOML[text] in said
    assert "sk-" not in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "[tool.other]\nmodle = 1\n[tool.pytest_codex]\nmodle = 'm'\n",
            "pyproject.toml [tool.pytest_codex] (line 4): unknown setting 'modle' (did you mean "
            "'model'?)",
        ),
        (
            "tool.other.x = '''\n[tool.pytest_codex.targets.dev]\ndomian = 1\n'''\n"
            "[tool.pytest_codex.targets.dev]\ndomian = 'x'\n",
            "pyproject.toml [tool.pytest_codex.targets.dev] (line 6): unknown setting 'domian' "
            "(did you mean 'domain'?)",
        ),
    ],
)
def test_an_unknown_setting_is_found_in_our_own_table(tmp_path, text, says):
    """And where there is a near one, that is all that is offered."""
    (tmp_path / "pyproject.toml").write_text(text)
    assert refused(tmp_path) == says


def test_the_folders_among_results_are_no_names_of_targets():
    """A target's folder beside them would be taken for them."""
    assert {INVARIANTS, EXCHANGES} == set(RESERVED)


def test_policy_switches_arrive_with_their_types(tmp_path):
    """Text, switches, numbers, lists and tables, each as the checks expect them."""
    (tmp_path / "pytest_codex.toml").write_text(
        "[targets.prod]\n"
        'done = "optional"\nmodels_public = false\nconcurrency = 2\n'
        'model_aliases = ["a", "b"]\nhealth_expect = { status = "up" }\nhealth_path = ""\n'
    )
    policy = target(tmp_path).policy
    assert policy.done == "optional"
    assert policy.models_public is False
    assert policy.concurrency == 2
    assert policy.model_aliases == ("a", "b")
    assert policy.health_expect == {"status": "up"}
    assert policy.health_path == ""
    assert target(tmp_path).lists_models == "models_with_key"


KINDS = {
    str: {Kind.TEXT},
    bool: {Kind.SWITCH},
    int: {Kind.NUMBER},
    float: {Kind.SECONDS},
    tuple[str, ...]: {Kind.TEXTS},
    typing.Mapping[str, object]: {Kind.TABLE},
}


@pytest.mark.parametrize("values", [Budgets, Policy])
def test_the_table_and_the_fields_are_of_the_same_kinds(values):
    """Each field of a target's budgets and policy is in the table, as what it is."""
    types = typing.get_type_hints(values)
    for field in dataclasses.fields(values):
        name = f"{field.name}_timeout" if values is Budgets else field.name
        kinds = [kinds for type_, kinds in KINDS.items() if types[field.name] == type_]
        if not kinds:  # the abstract classes of collections and typing are not equal
            assert typing.get_origin(types[field.name]).__name__ == "Mapping", field.name
            kinds = [{Kind.TABLE}]
        assert BY_KEY[name].kind in kinds[0], name


def test_every_policy_switch_is_a_field_or_known_to_the_settings():
    """Nothing is in the table that nobody reads."""
    fields = {
        field.name for values in (Policy, StackPolicy) for field in dataclasses.fields(values)
    }
    assert {o.key for o in POLICY} - fields == {"domain_env", "key_env", "suites"}
    assert {o.key for o in OPTIONS if o.kind is Kind.SECONDS} == {
        f"{field.name}_timeout" for field in dataclasses.fields(Budgets)
    }


# -- targets --------------------------------------------------------------------------------------


def test_dev_and_prod_are_known_without_configuration(tmp_path):
    """With the models that they advertise."""
    found = settings(tmp_path, {}, {"DOMAIN": "p.example", "DEV_DOMAIN": "d.example"})
    assert (found.target("prod").model, found.target("dev").model) == ("codex-5", "codev-5")
    assert found.target_names == ("prod",)


def test_an_unknown_target_is_refused_with_those_that_are_known(tmp_path):
    """And with one that is near."""
    (tmp_path / "pytest_codex.toml").write_text("[targets.staging]\n")
    with pytest.raises(ConfigurationError) as error:
        _ = settings(tmp_path, {"target": ("--target", ["stagin"])}).target_names
    said = str(error.value)
    assert said.startswith("--target: unknown target 'stagin' (did you mean 'staging'?)")
    assert "known are prod, dev, staging" in said
    assert "[targets.stagin]" in said


def test_no_target_at_all_is_refused(tmp_path):
    """An empty list in TOML is no way to verify nothing."""
    (tmp_path / "pytest_codex.toml").write_text("target = []")
    with pytest.raises(ConfigurationError, match=r"toml target: names no target; known are prod"):
        _ = settings(tmp_path).target_names


@pytest.mark.parametrize("option", ["domain", "origin", "key"])
def test_one_flag_cannot_serve_two_targets(tmp_path, option):
    """It would send one target's key to the other."""
    flags = {"target": ("--target", ["prod", "dev"]), option: (f"--{option}", "x.example")}
    with pytest.raises(ConfigurationError, match=f"--{option} cannot serve 2 targets"):
        _ = settings(tmp_path, flags).target_names


def test_a_target_of_one_s_own_needs_a_model(tmp_path):
    """The model of somebody else's deployment cannot be guessed."""
    (tmp_path / "pytest_codex.toml").write_text('[targets.own]\ndomain = "own.example"\n')
    assert "target own: no model to ask: set --model" in refused(tmp_path, "own")


def test_several_targets_parametrize_every_live_test(project: Project, deployed: Endpoint):
    """Each is verified, with results of its own; a test that is not live stays single."""
    project.write(
        pytest_codex__toml=f'[targets.dev]\ndomain = "{deployed.domain}"\nmodel = "codex-5"\n',
        test_own__py="def test_of_the_user(): pass\n",
    )
    result = project.run(
        *("suites/smoke/test_health.py", "test_own.py"),
        *("--target=prod", "--target=dev", "-v", "-k", "healthz or user"),
    )
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "*test_healthz_is_ok[[]prod[]] PASSED*",
            "*test_healthz_is_ok[[]dev[]] PASSED*",
            "test_own.py::test_of_the_user PASSED*",
            f"prod: https://{deployed.domain}, 1 request",
            f"dev: https://{deployed.domain}, 1 request",
        ]
    )
    for name in ("prod", "dev"):
        assert counted(result.stdout.str(), name)["passed"] == 1


def test_the_suites_of_a_target_deselect_the_others(project: Project, deployed: Endpoint):
    """What a target does not allow is not selected on it, and only on it."""
    project.write(
        pytest_codex__toml=f'[targets.dev]\ndomain = "{deployed.domain}"\nmodel = "codex-5"\n'
        'suites = ["smoke"]\n'
    )
    result = project.verify("--target=prod", "--target=dev", "--collect-only", "-q", "-m", "sse")
    said = result.stdout.str()
    assert "[prod" in said
    assert "dev]" not in said
    assert "[dev" not in said


def test_the_results_folder_can_be_chosen(project: Project, deployed: Endpoint):
    """It is under the root of the project, and the default one is not made."""
    result = project.verify("-k", "test_healthz_is_ok", "--results-dir=out/live")
    result.assert_outcomes(passed=1)
    assert (project.path / "out" / "live" / "prod" / "junit.xml").is_file()
    assert not (project.path / "test-results").exists()
    result.stdout.fnmatch_lines(["  results: out/live/prod"])


def test_short_names_can_be_dropped(project: Project, monkeypatch: pytest.MonkeyPatch):
    """With CODEX_NO_SHORT_OPTIONS=1 only the long names exist."""
    monkeypatch.setenv("CODEX_NO_SHORT_OPTIONS", "1")
    assert "unrecognized arguments: --domain=x" in refusal_of_argparse(project, "--domain=x/y")
    assert "--codex-domain: 'x/y'" in refusal(project.verify("--codex-domain=x/y"))


def refusal_of_argparse(project: Project, *arguments: str) -> str:
    result = project.verify(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    return result.stderr.str()


def test_a_flags_path_is_meant_from_where_it_is_given(tmp_path, monkeypatch):
    """That of a file is meant from the file."""
    here, root = tmp_path / "here", tmp_path / "root"
    here.mkdir()
    root.mkdir()
    monkeypatch.chdir(here)
    assert Settings({}, {}, root).results_dir == root / "test-results"
    given = Settings({"results_dir": ("--results-dir", "out")}, {}, root)
    assert given.results_dir == here / "out"
    (root / "pytest_codex.toml").write_text('results_dir = "out"\n')
    assert Settings({}, {}, root).results_dir == root / "out"
