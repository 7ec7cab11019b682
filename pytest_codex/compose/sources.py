"""The files of a project, with those that they include and extend: the only I/O of the model."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_codex.compose.document import Include, read_document
from pytest_codex.compose.environment import read_text, variables
from pytest_codex.compose.interpolate import interpolate_node
from pytest_codex.compose.layers import Extends, Layer, ServiceLayer
from pytest_codex.compose.merge import merge, merge_services
from pytest_codex.compose.mounts import Folders
from pytest_codex.compose.nodes import Node, is_null
from pytest_codex.compose.places import Place, Problem, Text, refused
from pytest_codex.compose.yaml_nodes import parse
from pytest_codex.errors import ConfigurationError

_LONGEST_CHAIN = 100
_MOST_INCLUDED = 1000


@dataclass(frozen=True, slots=True)
class Scope:
    """What a file's relative paths and variables mean."""

    directory: Path
    variables: Mapping[str, str]


class Sources:
    """Reads files, each once, and puts together what they say."""

    def __init__(self, home: Path, problems: list[Problem]) -> None:
        self._home = home
        self._problems = problems
        self._documents: dict[Path, tuple[Node, ...]] = {}
        self._bases: dict[tuple[Path, int], tuple[Scope, Layer, dict[str, ServiceLayer]]] = {}
        self._included_files = 0

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that were read, in order."""
        return tuple(self._documents)

    def documents(self, file: Path) -> tuple[Node, ...]:
        """Return the documents of a file as they are written.

        :raises ConfigurationError: for what cannot be read or is no compose file.
        """
        if file not in self._documents:
            self._documents[file] = self._read(file)
        return self._documents[file]

    def layer(self, files: Sequence[Path], scope: Scope, including: tuple[Path, ...] = ()) -> Layer:
        """Return what files say together, a later one over an earlier.

        :param including: the files that led to these by ``include``.
        :raises ConfigurationError: for what cannot be read.
        """
        merged = Layer()
        for file in files:
            chain = (*including, file)
            for node in self.documents(file):
                merged = merge(merged, self._document(node, file, scope, chain), self._problems)
        services = {
            name: _settled(service, scope.variables) for name, service in merged.services.items()
        }
        return replace(merged, services=services)

    def _read(self, file: Path) -> tuple[Node, ...]:
        nodes = parse(read_text(file), file, self._problems)
        documents = tuple(node for node in nodes if not is_null(node))
        if not documents:
            raise refused(Place(file, 1), "an empty file", "a compose file")
        return documents

    def _interpolated(self, node: Node, scope: Scope) -> tuple[Layer, list[Include]]:
        folders = Folders(scope.directory, self._home)
        node = interpolate_node(node, scope.variables, self._problems)
        return read_document(node, folders, self._problems)

    def _document(self, node: Node, file: Path, scope: Scope, including: tuple[Path, ...]) -> Layer:
        layer, includes = self._interpolated(node, scope)
        for include in includes:
            included = replace(self._included(include, scope, including), name=None)
            layer = replace(merge(included, layer, self._problems), cleared=layer.cleared)
        done: dict[str, ServiceLayer] = {}
        services = {
            name: self._extended(name, layer, file, scope, (), done) for name in layer.services
        }
        return replace(layer, services=services)

    def _included(self, include: Include, scope: Scope, including: tuple[Path, ...]) -> Layer:
        files = [_local(path, scope.directory) for path in include.paths]
        self._check_include(include.paths[0], files[0], including)
        directory = files[0].parent
        if include.project_directory is not None:
            directory = scope.directory / include.project_directory.value
        env_files = [_local(path, scope.directory) for path in include.env_files]
        found = variables(scope.variables, env_files, directory)
        return self.layer(files, Scope(directory, found), including)

    def _check_include(self, path: Text, file: Path, including: tuple[Path, ...]) -> None:
        self._included_files += 1
        if file.absolute() in (known.absolute() for known in including):
            chain = " -> ".join(map(str, (*including, file)))
            raise refused(path.at, f"include in a circle: {chain}", "an end")
        if len(including) >= _LONGEST_CHAIN or self._included_files > _MOST_INCLUDED:
            raise refused(path.at, "more files to include than can be meant", "fewer")

    def _extended(
        self,
        name: str,
        layer: Layer,
        file: Path,
        scope: Scope,
        chain: tuple[tuple[Path, str], ...],
        done: dict[str, ServiceLayer],
    ) -> ServiceLayer:
        """Return a service with what it extends below it; `done` are the file's finished ones."""
        if name not in done:
            done[name] = self._extend(name, layer, file, scope, chain, done)
        return done[name]

    def _extend(
        self,
        name: str,
        layer: Layer,
        file: Path,
        scope: Scope,
        chain: tuple[tuple[Path, str], ...],
        done: dict[str, ServiceLayer],
    ) -> ServiceLayer:
        service = layer.services[name]
        if service.extends is None:
            return service
        at = service.extends.service.at
        if (file.absolute(), name) in chain:
            names = " -> ".join(name for _, name in (*chain, (file, name)))
            raise refused(at, f"extends in a circle: {names}", "an end")
        if len(chain) >= _LONGEST_CHAIN:
            raise refused(at, f"extends over more than {_LONGEST_CHAIN} services", "fewer")
        chain = (*chain, (file.absolute(), name))
        extends = service.extends
        if extends.file is not None:
            file = _local(extends.file, scope.directory)
            scope = Scope(file.parent, scope.variables)
            layer, done = self._base(file, scope)
        if extends.service.value not in layer.services:
            raise _unresolved(extends, file)
        base = self._extended(extends.service.value, layer, file, scope, chain, done)
        return replace(merge_services(base, service, self._problems), extends=None)

    def _base(self, file: Path, scope: Scope) -> tuple[Layer, dict[str, ServiceLayer]]:
        """Return a file from which services are extended, and the finished ones.

        Without what it includes: docker compose does not look there.
        """
        # The scope is kept with its layer, so that the variables' id stays theirs.
        key = (file, id(scope.variables))
        if key not in self._bases:
            layer = Layer()
            for node in self.documents(file):
                layer = merge(layer, self._interpolated(node, scope)[0], self._problems)
            self._bases[key] = (scope, layer, {})
        _, layer, done = self._bases[key]
        return layer, done


def _local(path: Text, directory: Path) -> Path:
    if "://" in path.value or path.value.startswith("git@"):
        raise refused(path.at, f"the remote file {path.value!r}", "a file on this machine")
    file = directory / path.value
    if not os.path.isfile(file):  # noqa: PTH113 - names may be too long for Path
        raise refused(path.at, f"{path.value!r}, which is no file ({file})", "a file that exists")
    return file


def _unresolved(extends: Extends, file: Path) -> ConfigurationError:
    found = f"extends of {extends.service.value!r}, which {file} does not have"
    return refused(extends.service.at, found, "the name of a service")


def _settled(service: ServiceLayer, known: Mapping[str, str]) -> ServiceLayer:
    """Finish a service: what it takes away is taken, what it passes on gets the project's value."""
    labels, pairs = service.labels, service.environment
    if pairs is not None:
        entries = {
            name: Text(known[name], pairs.places[name]) if text is None and name in known else text
            for name, text in pairs.entries.items()
        }
        pairs = replace(pairs, entries=entries, reset={})
    labels = labels and replace(labels, reset={})
    return replace(service, labels=labels, environment=pairs, cleared=frozenset())
