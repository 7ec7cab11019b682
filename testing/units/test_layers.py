"""Who may import whom, by the table in docs/design.md: downward only, each library in one place."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[2] / "pytest_codex"
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
TABLE = (Path(__file__).parents[2] / "docs" / "design.md").read_text(encoding="utf-8")


class Row(NamedTuple):
    """A row of the table: the modules and folders in it, and the files that it tells of."""

    areas: list[str]
    files: list[str]


def table() -> list[Row]:
    """The rows of the table of modules, lowest first."""
    rows = [line.split("|")[1:3] for line in TABLE.splitlines() if line.startswith("| `")]
    found = []
    for areas, says in reversed(rows):
        names = [name.rstrip("/").removesuffix(".py") for name in re.findall("`(.+?)`", areas)]
        files = re.findall(r"`(\w+)\.py`", says)
        found.append(Row([name.replace("/", ".") for name in names], files))
    return found


ROWS = table()
PYTEST = {
    "controller",
    "hooks",
    "options",
    "fixtures",
    "state",
    "planning",
    "requested",
    "live",
    "judging",
    "choosing",
    "answering",
    "doctor",
    "progress",
    "collecting",
    "scrubbing",
    "writing",
}
LIBRARIES = {
    "httpcore": "probes",
    "anyio": "probes",
    "filelock": "probes",
    "cryptography": "probes",
    "pathspec": "selection",
    "yaml": "compose",
    "dotenv": "files",
    "starlette": "endpoint",
    "uvicorn": "endpoint",
    "trustme": "endpoint",
}
#: What does input and output; values must not.
IO = {
    *("socket", "ssl", "subprocess", "asyncio", "threading", "select", "selectors", "http"),
    *("urllib.request", "tempfile", "shutil", "logging", "time", "anyio", "httpx", "httpcore"),
}
VALUES = ("exchange", "compose", "traefik", "selection")
#: Where files are read or written; compose files lead to others.
FILES = ("exchange.store", "compose")
#: What asks git, and the files of a repository, for the values beside it.
ADAPTERS = ("selection.git",)
#: Where paths are spoken of and not gone to.
PATHS = ("selection.globs", "selection.labels", "selection.rules")


class Import(NamedTuple):
    """A name that a module imports, in full, and whether for its types only."""

    name: str
    types_only: bool

    @property
    def library(self) -> str:
        """What it belongs to."""
        return self.name.partition(".")[0]


def imports(module: str) -> set[Import]:
    """All that a module imports, wherever in it."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    typing = {
        node
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.dump(branch.test)
        for statement in branch.body
        for node in ast.walk(statement)
    }
    package = ("pytest_codex", *module.split(".")[:-1])
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {Import(alias.name, node in typing) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else ()
            source = ".".join([*above, *([node.module] if node.module else [])])
            found |= {Import(f"{source}.{alias.name}", node in typing) for alias in node.names}
    return found


def ours(module: str, *, types: bool = True) -> set[str]:
    """The modules of this package that a module imports."""
    names = {
        found.name.removeprefix("pytest_codex.")
        for found in imports(module)
        if found.library == "pytest_codex" and (types or not found.types_only)
    }
    return {_module(name) for name in names}


def _module(name: str) -> str:
    for candidate in (name, f"{name}.__init__", name.rpartition(".")[0]):
        if candidate in MODULES:
            return candidate
    package = name.rpartition(".")[0]
    return f"{package}.__init__" if package else "__init__"


def belongs(module: str, area: str) -> bool:
    """Whether a module is, or is in, an area."""
    return module == area or module.startswith(f"{area}.")


def row(module: str) -> int:
    """The row of a module; the longest name that fits it counts."""
    fitting = [
        (len(area), n)
        for n, found in enumerate(ROWS)
        for area in found.areas
        if belongs(module, area)
    ]
    assert fitting, f"{module} is in no row of docs/design.md: put it into one"
    return max(fitting)[1]


def test_the_whole_package_is_looked_at():
    """A folder that was renamed would leave nothing to check."""
    assert len(MODULES) > 40
    assert {"hooks", "exchange.sse", "endpoint.app"} <= MODULES.keys()


def test_the_table_has_nothing_that_is_not_there():
    """Each of its modules and folders is one, and stands in it once."""
    areas = [area for found in ROWS for area in found.areas]
    assert len(areas) == len(set(areas)) > 30
    assert not [area for area in areas if not any(belongs(name, area) for name in MODULES)]


@pytest.mark.parametrize("found", ROWS, ids=lambda found: found.areas[0])
def test_a_row_that_tells_of_the_files_in_a_folder_tells_of_all(found: Row):
    """And of no other; what has a row of its own is told of there."""
    (area, *more) = found.areas
    below = [name for name in MODULES if name.startswith(f"{area}.") and ROWS[row(name)] == found]
    own = {name.rpartition(".")[2] for name in below}
    told = [name for name in found.files if not more and own]
    assert not told or set(told) == own - {"__init__"}


@pytest.mark.parametrize("module", MODULES)
class TestModules:
    """Each module."""

    def test_it_imports_downward_only(self, module):
        """From its own row or a lower one; what is for types only is not imported in a run."""
        upward = {name for name in ours(module, types=False) if row(name) > row(module)}
        assert not upward, f"{module} imports {sorted(upward)}, which stand above it"

    def test_it_uses_no_library_that_is_another_s(self, module):
        """Each library has one place; the endpoint has its own."""
        libraries = {found.library for found in imports(module)} & LIBRARIES.keys()
        areas = {LIBRARIES[library] for library in libraries if not belongs(module, "endpoint")}
        assert all(belongs(module, area) for area in areas)

    def test_it_knows_pytest_only_where_pytest_is_spoken_to(self, module):
        """And the table of options for its types only."""
        known = [found for found in imports(module) if found.library == "pytest"]
        assert not known or module in PYTEST
        assert module != "options" or all(found.types_only for found in known)

    def test_the_endpoint_and_the_rest_do_not_know_each_other(self, module):
        """It must not mark its own work; only the session starts it."""
        names = ours(module)
        if belongs(module, "endpoint"):
            assert all(belongs(name, "endpoint") for name in names)
        else:
            known = {name for name in names if belongs(name, "endpoint")}
            assert known <= ({"endpoint.launcher"} if module == "session" else set())

    def test_values_do_no_input_or_output(self, module):
        """Exchanges and compose files are data; few modules read and write files."""
        names = {found.name for found in imports(module)}
        if any(belongs(module, area) for area in VALUES) and module not in ADAPTERS:
            files = any(belongs(module, area) for area in FILES)
            forbidden = IO if files else IO | ({"os"} if module in PATHS else {"pathlib", "os"})
            assert not {n for n in names for f in forbidden if n == f or n.startswith(f"{f}.")}
        assert module == "fixtures" or all(not name.startswith("httpx") for name in names)


def test_no_modules_import_each_other_in_a_circle():
    """Neither in one step nor in several."""
    graph = {module: ours(module, types=False) for module in MODULES}
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join((*above, module))
        if module not in done:
            for name in graph[module]:
                visit(name, (*above, module))
            done.add(module)

    for module in graph:
        visit(module, ())
    assert done == graph.keys()


def test_every_library_that_is_imported_is_one_that_is_declared():
    """What is installed by chance is not there for everybody."""
    libraries = {found.library for module in MODULES for found in imports(module)}
    known = {*LIBRARIES, "pytest", "httpx", "certifi", "pytest_codex", "h2", "h11"}
    assert libraries - set(sys.stdlib_module_names) <= known
