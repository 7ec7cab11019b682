"""What the free answers say: whom CORS admits, what models are listed, what values are equal."""

from __future__ import annotations

import pytest

from pytest_codex.exchange.cors import Admitted
from pytest_codex.exchange.models import advertises, model_ids
from pytest_codex.exchange.strict import same

from .made import exchange


def admitted(**allow: str) -> Admitted:
    """What is read of an answer with these Access-Control-Allow headers."""
    headers = tuple((f"Access-Control-Allow-{name}", value) for name, value in allow.items())
    return Admitted.of(exchange("preflight", 204, headers=headers))


def test_without_headers_nobody_is_admitted():
    """Nor by credentials."""
    nobody = admitted()
    assert nobody.origin is None
    assert not nobody.has_origin("https://a.example")
    assert not nobody.has_method("POST")
    assert not nobody.has_header("Content-Type")
    assert not nobody.everybody_with_credentials


@pytest.mark.parametrize("origin", ["*", "https://a.example"])
def test_an_origin_is_admitted_as_itself_or_by_a_star(origin):
    """And no other one."""
    assert admitted(Origin=origin).has_origin("https://a.example")
    assert admitted(Origin=origin).has_origin("https://b.example") == (origin == "*")


def test_methods_and_headers_are_lists_in_which_case_does_not_count():
    """With blanks or without."""
    found = admitted(Methods="GET,post", Headers="content-type , Authorization")
    assert found.has_method("POST")
    assert not found.has_method("DELETE")
    assert found.has_header("Authorization")
    assert found.has_header("Content-Type")
    assert not found.has_header("X-Other")


def test_a_star_covers_every_header_but_authorization():
    """Fetch standard, "CORS non-wildcard request-header name"."""
    found = admitted(Methods="*", Headers="*")
    assert found.has_method("POST")
    assert found.has_header("Content-Type")
    assert not found.has_header("Authorization")


@pytest.mark.parametrize(
    ("origin", "credentials", "refused"),
    [
        ("*", "true", True),
        ("*", " True ", True),
        ("*", "false", False),
        ("https://a.example", "true", False),
    ],
)
def test_everybody_with_credentials_is_what_browsers_refuse(origin, credentials, refused):
    """Each of the two alone is fine."""
    found = admitted(Origin=origin, Credentials=credentials)
    assert found.everybody_with_credentials is refused


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ({"data": [{"id": "a"}, {"id": 3}, {}, "b"]}, ["a", 3, None]),
        ({"data": "a"}, []),
        ({}, []),
        ("no JSON", []),
    ],
)
def test_the_ids_of_a_list_are_those_of_its_entries(body, ids):
    """Whatever they are, so that what is wrong with them can be said."""
    assert model_ids(exchange("models", body=body)) == ids


@pytest.mark.parametrize(
    ("name", "advertised"),
    [("codex-5", True), ("codex-5-mini", True), ("codex-50", False), ("my-codex-5", False)],
)
def test_a_model_is_advertised_as_itself_or_with_a_suffix(name, advertised):
    """Another one that begins alike is another one."""
    assert advertises(["other", name], "codex-5") is advertised


@pytest.mark.parametrize(
    ("value", "expected", "alike"),
    [
        (True, True, True),
        (1, True, False),
        (1, 1.0, False),
        ("ok", "ok", True),
        (None, "ok", False),
    ],
)
def test_values_are_the_same_only_if_their_types_are(value, expected, alike):
    """JSON's true is not 1, though Python's is."""
    assert same(value, expected) is alike
