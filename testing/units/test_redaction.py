"""Keys are found however they were written, and nothing else is touched."""

from __future__ import annotations

import base64
import html
import json
import re
import string
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pytest_codex.redaction import Scrubber, Secret, Span, masked

KEY = "sk-Proj_9/x+Q=&'\"<~zRt7Yw2"
SCRUBBER = Scrubber([Secret(KEY)])

ENCODINGS = {
    "as it is": KEY,
    "in capitals": KEY.upper(),
    "in a URL": quote(KEY, safe=""),
    "in a URL's path": quote(KEY),
    "every character percent-encoded": "".join(f"%{ord(c):02X}" for c in KEY),
    "in JSON": json.dumps(KEY)[1:-1],
    "in JSON with escaped slashes": json.dumps(KEY)[1:-1].replace("/", "\\/"),
    "every character a JSON escape": "".join(f"\\u{ord(c):04X}" for c in KEY),
    "in HTML": html.escape(KEY),
    "in HTML by name": KEY.replace("&", "&amp;").replace("'", "&apos;").replace('"', "&quot;"),
    "in HTML by PHP": html.escape(KEY).replace("&#x27;", "&#039;"),
    "decimal references": "".join(f"&#{ord(c)};" for c in KEY),
    "hexadecimal references": "".join(f"&#x{ord(c):X};" for c in KEY),
    "a mixture": "".join(
        f(c)
        for f, c in zip(
            [str, quote, html.escape, lambda c: f"\\u{ord(c):04x}"] * 9, KEY, strict=False
        )
    ),
}


class TestSecret:
    """A secret shows itself to nobody who does not ask."""

    @pytest.mark.parametrize("shown", [repr, str, "{}".format, "{0!r:>40}".format, "%s".__mod__])
    def test_no_way_of_showing_it_gives_it_away(self, shown):
        """Neither repr nor str nor formatting."""
        assert KEY not in shown(Secret(KEY))
        assert "Secret(***)" in shown(Secret(KEY))

    def test_it_holds_no_dictionary_that_could_be_printed(self):
        """``vars()`` and the like find nothing."""
        assert not hasattr(Secret(KEY), "__dict__")

    def test_it_is_revealed_on_demand_and_compares(self):
        """Equal values are equal secrets."""
        assert Secret(KEY).reveal() == KEY
        assert Secret(KEY) == Secret(KEY)
        assert len({Secret(KEY), Secret(KEY), Secret("other")}) == 2
        assert Secret(KEY) != KEY


@pytest.mark.parametrize("written", ENCODINGS.values(), ids=ENCODINGS)
class TestEncodings:
    """Each way in which a server may write a key."""

    def test_it_is_masked_from_its_first_character_to_its_last(self, written):
        """And nothing beside it."""
        assert SCRUBBER.text(f"<{written}>") == f"<{'*' * len(written)}>"

    def test_offsets_stay_true(self, written):
        """The mask is as long as what it covers, and find() says where that is."""
        data = f"é{written}é, {written}".encode()
        assert SCRUBBER.find(data) == [
            Span(2, 2 + len(written)),
            Span(6 + len(written), 6 + 2 * len(written)),
        ]
        assert len(SCRUBBER.data(data)) == len(data)

    @pytest.mark.parametrize("keep", [0.55, 0.75, 0.95])
    def test_it_is_found_when_its_end_was_cut_off(self, written, keep):
        """Down to half of it, as an excerpt would show it."""
        part = _first(written, keep)
        assert not _remains(SCRUBBER.text(f"{part}..."), part)

    @pytest.mark.parametrize("keep", [0.55, 0.75, 0.95])
    def test_it_is_found_when_its_beginning_was_cut_off(self, written, keep):
        """As pytest's short form of a long local variable shows it."""
        part = _last(written, keep)
        assert not _remains(SCRUBBER.text(f"...{part}"), part)


def _characters(written: str) -> list[str]:
    return re.findall(r"%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|&#?\w+;|\\.|.", written)


def _first(written: str, share: float) -> str:
    characters = _characters(written)
    return "".join(characters[: round(len(characters) * share)])


def _last(written: str, share: float) -> str:
    characters = _characters(written)
    return "".join(characters[-round(len(characters) * share) :])


def _remains(text: str, part: str) -> bool:
    return re.sub(r"[.*]", "", text) != "" or "*" * len(part) not in text


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("after", ["", "!", "!!", "!!!"])
@pytest.mark.parametrize("before", ["", "u", "us", "user:", "Bearer "])
def test_base64_is_found_at_every_alignment(before, after, encode):
    """What remains of it is less than a character at either end, and tells nothing."""
    encoded = encode(f"{before}{KEY}{after}".encode()).decode()
    shown = SCRUBBER.text(f"Basic {encoded}")
    assert len(shown) == len(f"Basic {encoded}")
    masks = re.findall(r"\*+", shown)
    assert len(masks) == 1
    assert len(masks[0]) >= len(KEY) * 4 // 3 - 6


def test_a_key_in_several_places_and_several_keys():
    """All of them, also where they touch."""
    other = "another-key-0000"
    scrubber = Scrubber([Secret(KEY), Secret(other), Secret(other)])
    text = f"{KEY}{other} {other}{KEY}"
    assert scrubber.text(text) == "*" * len(KEY + other) + " " + "*" * len(KEY + other)


def test_a_key_that_begins_as_another_does_is_masked_whole():
    """The longer one first."""
    longer = KEY + "-and-more"
    assert Scrubber([Secret(KEY), Secret(longer)]).text(longer) == "*" * len(longer)


@pytest.mark.parametrize("key", ["a.*b+c(d)[e]{2}|^$?#", "\\d\\w\\1\\\\Qx\\E90", "%41%42%25cdefgh"])
def test_regular_expressions_in_a_key_are_plain_characters(key):
    """As it is, and in JSON."""
    for written in (key, json.dumps(key)[1:-1], quote(key, safe="")):
        assert Scrubber([Secret(key)]).text(f"<{written}>") == f"<{'*' * len(written)}>"
    assert Scrubber([Secret(key)]).text("aXXbcdeeabcdefgh90") == "aXXbcdeeabcdefgh90"


@pytest.mark.parametrize("key", ["abcd", "abcdefg", "abcdefgh"])
def test_short_keys_are_only_found_whole(key):
    """Half of a short key may be any word."""
    scrubber = Scrubber([Secret(key)])
    assert scrubber.text(f"x{key}x") == f"x{'*' * len(key)}x"
    assert scrubber.text(key[:-1]) == key[:-1]


def test_no_secrets_change_nothing():
    """A run without a key."""
    assert Scrubber([]).text("sk-anything") == "sk-anything"


def test_lone_surrogates_and_any_text_survive():
    """JSON can hold them, and so can a traceback."""
    text = "\ud83d \udcff \0 é 😀"
    assert SCRUBBER.text(text) == text
    assert SCRUBBER.text(f"{text}{KEY}{text}") == f"{text}{'*' * len(KEY)}{text}"


def test_untouched_data_is_equal():
    """Nothing found, nothing changed."""
    data = bytes(range(256)) * 100
    assert SCRUBBER.data(data) == data


def test_masked_covers_spans_and_nothing_else():
    """Spans in, asterisks out."""
    assert masked(b"0123456789", [Span(0, 2), Span(5, 6)]) == b"**234*6789"


def test_long_keys_are_found_too():
    """A JSON web token has 1,500 characters; its halves, and base64 of it, are found as well."""
    token = base64.urlsafe_b64encode(bytes(i * 37 % 251 for i in range(1125))).decode()
    scrubber = Scrubber([Secret(token)])
    assert len(token) == 1500
    body = ("x" * 5000 + quote(token, safe="") + "y" * 5000) * 20
    assert set(scrubber.text(body)) == {"x", "y", "*"}
    assert scrubber.text(f"{token[:800]}!") == "*" * 800 + "!"
    assert scrubber.text(f"!{token[-800:]}") == "!" + "*" * 800
    assert token[100:140] not in scrubber.text(json.dumps({"a": token}))
    assert "*" * 1900 in scrubber.text(base64.b64encode(f"u:{token}".encode()).decode())


WORDS = st.text(st.characters(codec="utf-8"), max_size=200) | st.text(
    string.ascii_letters + string.digits + "-_%&#;\\\"'", max_size=200
)


@given(WORDS)
def test_text_without_the_key_is_unchanged(text):
    """Whatever it is: a mask where no key is would hide evidence."""
    assume(KEY[:8].lower() not in text.lower())
    assert SCRUBBER.text(text) == text


@given(WORDS, WORDS, st.sampled_from(list(ENCODINGS.values())))
def test_only_the_key_is_masked(before, after, written):
    """Whatever stands around it, except what would make the key longer."""
    assume(not before.endswith(("\\", "*")))
    shown = SCRUBBER.text(f"{before} {written} {after}")
    assert shown == f"{before} {'*' * len(written)} {after}"
