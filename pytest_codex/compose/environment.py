"""Files of variables (``.env``, ``env_file``, ``label_file``), and which variable wins.

Source: the Compose specification, "Use an .env file" and "Environment variables precedence", and
what docker compose does where they are silent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_codex.compose.interpolate import TemplateError, interpolate
from pytest_codex.compose.places import Place, Text, refused
from pytest_codex.errors import ConfigurationError

# An empty line or a comment has no name, a variable that is passed on no sign.
_STATEMENT = re.compile(
    r"[ \t\r]*(?:#.*|(?:export[ \t]+)?(?P<name>[\w.\-\[\]]+)[ \t]*"
    r"(?:(?P<sign>[=:])[ \t]*(?P<rest>.*))?)?[ \t\r]*$",
    re.MULTILINE,
)
# What follows the closing quote on its line is ignored.
_QUOTED = {
    quote: re.compile(rf"(?P<value>(?:[^{quote}\\]|\\.)*){quote}", re.DOTALL) for quote in "'\""
}
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "a": "\a"}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_COMMENT = re.compile(r" #.*")


def variables(
    environ: Mapping[str, str], env_files: Sequence[Path], directory: Path
) -> Mapping[str, str]:
    """Return the variables of a project: the shell's over the files', later over earlier.

    :param env_files: what the user named; without any, the directory's ``.env``.
    :raises ConfigurationError: for a file that is missing or cannot be read.
    """
    default = directory / ".env"
    if not env_files and default.is_file():
        env_files = (default,)
    found: dict[str, str] = {}
    for file in env_files:
        read = parse_variables(read_text(file), file, environ, found)
        found |= {name: text.value for name, text in read.items()}
    return {**found, **environ}


#: Bytes. What is larger than this is not written by people.
LARGEST = 10 * 2**20


def read_text(file: Path) -> str:
    """Return the text of a compose file or of a file of variables.

    :raises ConfigurationError: it cannot be read, is larger than any such file, or is not UTF-8.
    """
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise ConfigurationError(f"{file}: no compose file: larger than {LARGEST >> 20} MiB")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise refused(Place(file, line), "bytes that are not UTF-8", "UTF-8 text") from None


def parse_variables(
    text: str, file: Path, known: Mapping[str, str], earlier: Mapping[str, str]
) -> dict[str, Text]:
    """Return the variables of a file, each with its line.

    Values may refer to `known` variables and to earlier ones; single quotes take everything as it
    is. A name alone takes its value from `known`, if it is there.

    :param earlier: variables of the files before this one.
    :raises ConfigurationError: for a line that is no assignment.
    """
    return _Reading(text, file, known, earlier).read()


def parse_raw(text: str, file: Path, known: Mapping[str, str]) -> dict[str, Text]:
    """Return the variables of a file whose values are taken as they are (``format: raw``)."""
    found: dict[str, Text] = {}
    for number, line in enumerate(text.splitlines(), 1):
        name, sign, value = line.partition("=")
        name = name.strip()
        if not name or name.startswith("#"):
            continue
        if sign or name in known:
            found[name] = Text(value if sign else known[name], Place(file, number))
    return found


class _Reading:
    """One file of variables; values in quotes may go over several lines."""

    def __init__(
        self, text: str, file: Path, known: Mapping[str, str], earlier: Mapping[str, str]
    ) -> None:
        self._text = text.replace("\r\n", "\n")
        self._file = file
        self._known = known
        self._scope = {**earlier, **known}
        self._position = 0
        self._line = 1

    def read(self) -> dict[str, Text]:
        found: dict[str, Text] = {}
        while self._position < len(self._text):
            at = Place(self._file, self._line)
            statement = _STATEMENT.match(self._text, self._position)
            if statement is None:
                # The line itself may hold a secret.
                raise refused(at, "a line that assigns nothing", "NAME=value")
            self._advance(statement.end())
            if name := statement["name"]:
                if statement["sign"]:
                    found[name] = self._value(statement, at)
                elif name in self._known:
                    found[name] = Text(self._known[name], at)
                if name in found and name not in self._known:
                    self._scope[name] = found[name].value
        return found

    def _advance(self, end: int) -> None:
        """Go on behind the line in which `end` lies."""
        newline = self._text.find("\n", end)
        after = len(self._text) if newline < 0 else newline + 1
        self._line += self._text.count("\n", self._position, after)
        self._position = after

    def _value(self, statement: re.Match[str], at: Place) -> Text:
        rest = statement["rest"]
        if not rest.startswith(("'", '"')):
            return self._expanded(_COMMENT.sub("", rest).rstrip(), at)
        quoted = _QUOTED[rest[0]].match(self._text, statement.start("rest") + 1)
        if quoted is None:
            raise refused(at, f"a value whose {rest[0]} has no end", f"a closing {rest[0]}")
        if quoted.end() > self._position:
            self._advance(quoted.end())
        if rest[0] == "'":
            return Text(quoted["value"].replace("\\'", "'"), at)
        return self._expanded(_ESCAPE.sub(_unescaped, quoted["value"]), at)

    def _expanded(self, value: str, at: Place) -> Text:
        try:
            found = interpolate(value, self._scope)
        except TemplateError:
            raise refused(
                at, "a value with a broken substitution", "${NAME}, or $$ for a $"
            ) from None
        return Text(found.value, at, found.unset, bool(found.required))


def _unescaped(escape: re.Match[str]) -> str:
    return "$$" if escape[1] == "$" else _ESCAPES.get(escape[1], escape[1])
