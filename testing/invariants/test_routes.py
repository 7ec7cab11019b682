"""The tables of requests and routers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_codex.compose.read import read
from pytest_codex.invariants.deployment import Deployment
from pytest_codex.invariants.routes import route_table
from pytest_codex.invariants.stack import Stack

from .stacks import EXAMPLE, EXAMPLES, policy

HOST = "codex-api.example.com"


def stack(folder, target, *swaps, **other):
    """A stack of the examples, with texts swapped in its file."""
    text = (EXAMPLES / EXAMPLE[target]).read_text(encoding="utf-8")
    for old, new in swaps:
        assert old in text, old
        text = text.replace(old, new)
    file = folder / EXAMPLE[target]
    file.write_text(text, encoding="utf-8")
    return Stack(Deployment.of(read([file], {})), policy(target, **other))


@pytest.fixture
def pair(tmp_path):
    """The example pair."""
    return stack(tmp_path, "prod"), stack(tmp_path, "dev")


def rows(markdown, number=0):
    """The rows of a table, by their first cell."""
    tables = re.findall(r"(?m)^\| .*(?:\n\|.*)*", markdown)
    cells = [re.split(r" (?<!\\)\| ", line.strip("| ")) for line in tables[number].splitlines()]
    head = cells[0]
    return {line[0].strip("`"): dict(zip(head[1:], line[1:], strict=True)) for line in cells[2:]}


CHAT = "POST /v1/chat/completions"


class TestRequests:
    """Side by side."""

    def test_nothing_differs_in_the_example_pair(self, pair):
        """Names and hosts aside."""
        found = rows(route_table(*pair))
        assert {row["same"] for row in found.values()} == {"yes"}

    @pytest.mark.parametrize(
        ("request_", "router", "service", "answer", "asks"),
        [
            (CHAT, "`codex-api`", "`codex-api`", "401 without a key, else the service's", "yes"),
            ("GET /v1/models", "`codex-models`", "`codex-api`", "the service's", "no"),
            ("HEAD /v1/models", "`codex-models`", "`codex-api`", "the service's", "no"),
            ("GET /v1/models/", "`codex-models`", "`codex-api`", "the service's", "no"),
            (
                "GET /v1/responses",
                "`codex-api`",
                "`codex-api`",
                "401 without a key, else the service's",
                "yes",
            ),
            ("GET /healthz", "`codex-health`", "`codex-api`", "the service's", "no"),
            ("GET /readyz", "–", "–", "404", "–"),
            ("GET /", "–", "–", "404", "–"),
        ],
    )
    def test_a_request_is_told_with_what_becomes_of_it(
        self, pair, request_, router, service, answer, asks
    ):
        """Router, service, answer, and whether ForwardAuth is asked."""
        row = rows(route_table(*pair))[request_]
        assert row["prod: router"] == router
        assert row["prod: service"] == service
        assert row["prod: answer"] == answer
        assert row["prod: ForwardAuth"] == asks

    def test_the_chain_is_in_order(self, pair):
        """As requests meet it."""
        chain = rows(route_table(*pair))[CHAT]["dev: chain"]
        names = ("cors", "headers", "ratelimit", "forwardauth")
        assert chain == " → ".join(f"`codex-dev-{name}`" for name in names)

    def test_preflight_requests_are_told_from_others(self, pair):
        """Those end at the CORS middleware, and OPTIONS alone at Traefik's noop."""
        text = route_table(*pair)
        found = {name: row for name, row in rows(text).items() if "OPTIONS /v1/chat" in name}
        answers = {row["prod: answer"] for row in found.values()}
        assert answers == {"200 by the CORS middleware", "418 by Traefik"}

    def test_plain_http_is_asked_too(self, tmp_path, pair):
        """On the entry point web."""
        plain = ("api.entrypoints: websecure", "api.entrypoints: web")
        tls = ('codex-api.tls: "true"', 'codex-api.tls: "false"')
        found = rows(route_table(stack(tmp_path, "prod", plain, tls), pair[1]))
        row = next(row for name, row in found.items() if "plain HTTP" in name)
        assert row["prod: router"] == "`codex-api`"
        assert row["same"] == "**differs**"
        assert found[CHAT]["same"] == "**differs**"

    def test_a_difference_is_marked_and_others_are_not(self, tmp_path, pair):
        """By what becomes of the request."""
        dev = stack(tmp_path, "dev", ("ratelimit,codex-dev-forwardauth", "ratelimit"))
        found = rows(route_table(pair[0], dev))
        assert found[CHAT]["same"] == "**differs**"
        assert found["GET /healthz"]["same"] == "yes"

    def test_a_tie_is_told(self, tmp_path):
        """Traefik picks one of the two."""
        label = "\n      traefik.http.routers.codex-other."
        rule = f"{label}rule: Host(`{HOST}`) && Path(`/healthz`)"
        more = f"{rule}{label}entrypoints: websecure{label}tls: true"
        prod = stack(tmp_path, "prod", ('enable: "true"', f'enable: "true"{more}'))
        row = rows(route_table(prod, None))["GET /healthz"]
        assert row["prod: router"] == "`codex-health` or `codex-other` (by chance)"

    def test_paths_are_those_of_the_policy(self, tmp_path):
        """An API may have another base."""
        found = rows(route_table(stack(tmp_path, "prod", base_path="/api"), None))
        assert "POST /api/chat/completions" in found


class TestRouters:
    """One table for each stack."""

    def test_each_router_is_there_with_its_line(self, pair):
        """And the line is that of its rule."""
        text = route_table(*pair)
        for number, target in ((1, "prod"), (2, "dev")):
            found = rows(text, number)
            assert len(found) == 4
            for name, row in found.items():
                file, line = row["where"].strip("`").rsplit(":", 1)
                lines = Path(file).read_text(encoding="utf-8").splitlines()
                assert f"routers.{name}.rule" in lines[int(line) - 1]
                assert row["in use"] == "yes", target

    def test_a_priority_is_told_with_where_it_comes_from(self, pair):
        """The length of the rule, where none is set."""
        found = rows(route_table(*pair), 1)
        assert found["codex-models"]["priority"] == "9000"
        assert found["codex-health"]["priority"].endswith(" (length)")

    def test_a_router_out_of_use_is_told_with_the_reason(self, tmp_path):
        """Here a middleware that does not exist."""
        prod = stack(tmp_path, "prod", ("ratelimit,codex-forwardauth", "ratelimit,codex-nobody"))
        row = rows(route_table(prod, None), 1)["codex-api"]
        assert row["in use"] == "no: there is no middleware codex-nobody@docker"

    def test_what_was_declared_in_vain_is_told(self, tmp_path):
        """A label that Traefik does not know loses its container."""
        prod = stack(tmp_path, "prod", ("codex-api.tls:", "codex-api.tsl:"))
        text = route_table(prod, None)
        assert "Traefik has none." in text
        assert "no field 'tsl'" in text

    def test_pipes_and_backticks_do_not_end_cells(self, pair):
        """Every row has as many cells as its head."""
        for line in route_table(*pair).splitlines():
            if line.startswith("|"):
                assert len(re.findall(r"(?<!\\)\|", line)) in (13, 10)
        rule = rows(route_table(*pair), 1)["codex-models"]["rule"]
        assert rule.startswith("``Host(`") and "\\|\\|" in rule

    def test_a_secret_in_a_rule_is_not_shown(self, tmp_path):
        """A header with a key may be asked for."""
        swap = ("Path(`/healthz`)", "Path(`/healthz`) && Header(`X-Api-Key`, `hunter2hunter2`)")
        assert "hunter2" not in route_table(stack(tmp_path, "prod", swap), None)


class TestWithoutStacks:
    """One stack, none, or one that is not understood."""

    def test_one_stack_has_no_comparison(self, pair):
        """Its columns are all there are."""
        text = route_table(None, pair[1])
        assert "dev: router" in text
        assert "prod" not in text
        assert "same" not in rows(text)[CHAT]

    def test_no_stack_makes_no_table(self):
        """And no error."""
        assert "no compose project" in route_table(None, None)

    def test_a_stack_without_routers_is_told_with_the_reason(self, tmp_path, pair):
        """The other one's table is there nevertheless."""
        file = tmp_path / "plain.yml"
        file.write_text("services:\n  web:\n    image: nginx\n", encoding="utf-8")
        plain = Stack(Deployment.of(read([file], {})), policy("prod"))
        text = route_table(plain, pair[1])
        assert "prod: no routes" in text
        assert "dev: router" in text
