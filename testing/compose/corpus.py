"""Small projects, each with one feature of compose files, and some that are none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from testing.compose.docker import Case

APP = "services:\n  a:\n    image: x\n"
TWO = ("compose.yml", "over.yml")


def service(lines: str) -> str:
    """Return a file with one service that has these lines besides its image."""
    return APP + "".join(f"    {line}\n" for line in lines.splitlines())


def _projects(text: str) -> Iterator[Case]:
    """Read a text of projects: see the head of corpus.txt."""
    for project in text.split("\n=== ")[1:]:
        head, *files = project.split("\n--- ")
        name, *lines = head.splitlines()
        how = {key: words.split() for key, words in (line.split(": ", 1) for line in lines)}
        yield Case(
            name,
            {name: f"{text.rstrip()}\n" for name, text in (file.split("\n", 1) for file in files)},
            how.get("files", ["compose.yml"]),
            dict(word.split("=", 1) for word in how.get("environ", ())),
            how.get("env-files", ()),
            how.get("profiles", ()),
            how["directory"][0] if "directory" in how else None,
        )


READ = [
    *_projects((Path(__file__).parent / "corpus.txt").read_text(encoding="utf-8")),
    # Whose white space matters.
    Case(
        "CRLF",
        {"compose.yml": service("labels:\n  - a=b\n  - |\n    x=1\n    y").replace("\n", "\r\n")},
    ),
    Case("a byte order mark", {"compose.yml": "\ufeff" + APP}),
    Case(
        "env_file with quotes and escapes",
        {
            "compose.yml": service("env_file: a.env"),
            "a.env": 'A="x\ny"\nB=\'m\nn\'\nC="a\\nb\\tc\\"d"\nD=\'a\\\'b\'\nE=a\\nb\nF="a" # c\n'
            'G="$$x"\nH=$$x\nI=a b c  \nJ=""\nL=\'a\' #x\nN=a$ b\nO=\\$A\nP="\\$A"\nQ=^a$\n'
            'R="a#b"\nS=\n  T=1\n\tU=2\nV=a\\\\b\nW="a\\\\b\\rc"\nX=\'a"b\'\nY=\u00e9 x\n'
            "a.b=1\na-b=2\n# comment\n\n#=\nZ=#\nZ1=a #\nZ2=a\t# b\nZ3= # c\nZ4=  x\nZ5=# c\n"
            'Z6=a  # b # c\nLAST="q" ',
        },
    ),
    Case(
        "env_file in raw form",
        {
            "compose.yml": service("env_file: [{path: a.env, format: raw}]"),
            "a.env": "A=$Q\nB='x'\nC=a # b\n# c\nD\nE=\n\nF= x \n",
        },
        environ={"D": "d"},
    ),
]

REFUSED = [
    Case("an empty file", {"compose.yml": ""}),
    Case("a file of comments", {"compose.yml": "# nothing\n"}),
    Case("a list", {"compose.yml": "- a\n"}),
    Case("services as a list", {"compose.yml": "services: [a]\n"}),
    Case("a service of nothing", {"compose.yml": "services:\n  a:\n"}),
    Case("a service of text", {"compose.yml": "services:\n  a: x\n"}),
    Case("a tab", {"compose.yml": "services:\n\ta:\n"}),
    Case("a bracket without its end", {"compose.yml": "services: {a: {image: x}\n"}),
    Case("an alias without an anchor", {"compose.yml": "services: {a: *b}\n"}),
    Case("a label that is a number in a list", {"compose.yml": service("labels: [5]")}),
    Case("a label that is a map in a list", {"compose.yml": service("labels: [a: 2]")}),
    Case("labels of text", {"compose.yml": service("labels: a=1")}),
    Case("a label of a list", {"compose.yml": service("labels: {a: [1]}")}),
    Case("a key that is a number", {"compose.yml": service("labels: {5: x}")}),
    *(
        Case(f"the port {port!r}", {"compose.yml": service(f"ports: ['{port}']")})
        for port in (
            "abc:80",
            "70000:80",
            "80:80:80",
            "1.2.3.4:x:80",
            "80:80/foo",
            "",
            "8000-8001:80-85",
            "a.b:80:80",
            "8005-8001:80",
            "127.0.0.1:80",
            "-1",
            "localhost:80:80",
            "80:0",
        )
    ),
    Case("ports of text", {"compose.yml": service("ports: '80:80'")}),
    *(
        Case(f"the volume {volume!r}", {"compose.yml": service(f"volumes: ['{volume}']")})
        for volume in ("", ":/x", "aa:/x:", "./a:/b:ro:z")
    ),
    Case(
        "a long volume without a type",
        {"compose.yml": service("volumes: [{source: ./a, target: /b}]")},
    ),
    *(
        Case(f"the template {template!r}", {"compose.yml": service(f"labels: ['k={template}']")})
        for template in (
            "${",
            "${}",
            "${1A}",
            "${A",
            "${A b}",
            "${A:b}",
            "${Ä}",
            "${ A}",
            "${A }",
            "${U:=x}",
            "${A/b/c}",
            "${#A}",
            "${!A}",
            "${U:-${}}",
            "${U:-${1}}",
        )
    ),
    Case("a default over lines", {"compose.yml": service('labels: {k: "${U:-\\n}x"}')}),
    Case("extends of a service that is not there", {"compose.yml": service("extends: b")}),
    Case(
        "extends of a service that the other file has not",
        {"compose.yml": service("extends: {file: b.yml, service: b}"), "b.yml": APP},
    ),
    Case(
        "extends of a file that is not there",
        {"compose.yml": service("extends: {file: b.yml, service: b}")},
    ),
    Case(
        "extends of a service in another -f file",
        {"compose.yml": APP, "over.yml": "services: {b: {extends: a}}\n"},
        TWO,
    ),
    Case(
        "extends in a circle", {"compose.yml": "services:\n  a: {extends: b}\n  b: {extends: a}\n"}
    ),
    Case(
        "extends in a circle of files",
        {
            "compose.yml": "services:\n  a: {extends: {file: b.yml, service: b}}\n",
            "b.yml": "services: {b: {extends: {file: compose.yml, service: a}}}\n",
        },
    ),
    Case(
        "include in a circle",
        {
            "compose.yml": "include: [i.yml]\n" + APP,
            "i.yml": "include: [compose.yml]\nservices: {i: {image: y}}\n",
        },
    ),
    Case("include of itself", {"compose.yml": "include: [compose.yml]\n" + APP}),
    Case("include of a file that is not there", {"compose.yml": "include: [i.yml]\n" + APP}),
    Case("include of text", {"compose.yml": "include: i.yml\n" + APP, "i.yml": APP}),
    Case("a .env that assigns nothing", {"compose.yml": APP, ".env": "A ? B\n"}),
    Case("a .env with an open quote", {"compose.yml": APP, ".env": "A='b\n"}),
    Case(
        "an env_file that is not there on the command line", {"compose.yml": APP}, env_files=["e"]
    ),
]

TOLD = {
    "duplicate-key": Case("a key twice", {"compose.yml": service("labels: {a: 1, a: 2}")}),
    "undefined-network": Case("undeclared", {"compose.yml": service("networks: [n1]")}),
    "undefined-volume": Case("undeclared", {"compose.yml": service("volumes: [named:/x]")}),
    "network-mode-and-networks": Case(
        "both",
        {"compose.yml": service("network_mode: host\nnetworks: [n1]") + "networks: {n1: }\n"},
    ),
    "missing-file": Case("env_file", {"compose.yml": service("env_file: a.env")}),
    "unreadable-port": Case("port", {"compose.yml": service("ports: ['${P?needed}:80']")}),
    "unknown-key": Case("label", {"compose.yml": service("label: [a=1]")}),
}
