"""Addresses: what is understood, and what is refused with the reason."""

from __future__ import annotations

import pytest

from pytest_codex.errors import ConfigurationError
from pytest_codex.targets import Address, parse_address

from .made import target


@pytest.mark.parametrize(
    ("text", "scheme", "host", "port"),
    [
        ("api.example", "https", "api.example", 443),
        ("API.Example", "https", "api.example", 443),
        ("api.example.", "https", "api.example.", 443),
        ("api.example:8443", "https", "api.example", 8443),
        ("api.example:", "https", "api.example", 443),
        ("https://api.example", "https", "api.example", 443),
        ("https://api.example/", "https", "api.example", 443),
        ("HTTPS://api.example:8443", "https", "api.example", 8443),
        ("my_service", "https", "my_service", 443),
        ("10.0.0.7:8443", "https", "10.0.0.7", 8443),
        ("[2001:db8::7]:8443", "https", "2001:db8::7", 8443),
        ("[::1]", "https", "::1", 443),
        ("bücher.example", "https", "xn--bcher-kva.example", 443),
        ("localhost:8000", "https", "localhost", 8000),
        ("http://localhost:8000", "http", "localhost", 8000),
        ("http://app.localhost", "http", "app.localhost", 80),
        ("http://127.0.0.1:8000", "http", "127.0.0.1", 8000),
        ("http://127.255.0.1", "http", "127.255.0.1", 80),
        ("http://[::1]:8000", "http", "::1", 8000),
    ],
)
def test_what_is_an_address(text, scheme, host, port):
    """HOST, HOST:PORT or a URL of nothing more; plain HTTP stays on this machine."""
    assert parse_address(text, "--domain") == Address(scheme, host, port)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "names no host"),
        (":443", "names no host"),
        ("https://", "names no host"),
        ("api.example/v1", "more than a host"),
        ("https://api.example/v1/chat", "more than a host"),
        ("api.example?key=1", "more than a host"),
        ("api.example#x", "more than a host"),
        ("api.example:http", "is not an address"),
        ("api.example:99999", "is not an address"),
        ("api.example:-1", "is not an address"),
        ("api.example:0", "has port 0"),
        ("[::1", "is not an address"),
        ("2001:db8::7", "is not an address"),
        ("[api.example]", "is not an address"),
        ("ftp://api.example", "scheme 'ftp'"),
        ("api example", "is not a host name"),
        ("api..example", "is not a host name"),
        ("-api.example", "is not a host name"),
        ("*.example", "is not a host name"),
        ("$DOMAIN", "is not a host name"),
        ("api.example,dev.example", "is not a host name"),
        ("http://api.example", "plain HTTP to another machine"),
        ("http://10.0.0.7", "plain HTTP to another machine"),
        ("http://127.0.0.1.evil.example", "plain HTTP to another machine"),
        ("http://localhost.evil.example", "plain HTTP to another machine"),
        ("http://[2001:db8::7]", "plain HTTP to another machine"),
    ],
)
def test_what_is_not_is_refused_with_source_text_and_reason(text, reason):
    """So that the message alone is enough to mend it."""
    with pytest.raises(ConfigurationError) as raised:
        parse_address(text, ".env DOMAIN")
    message = str(raised.value)
    assert message.startswith(f".env DOMAIN: {text!r} ")
    assert reason in message


@pytest.mark.parametrize(
    "text",
    [
        "user:s3cret@api.example",
        "https://user:s3cret@api.example",
        "https://s3cret@api.example:8443/v1",
        "https://user:s3/cret@api.example",
        "https://user:s3cret@more@api.example",
    ],
)
def test_credentials_in_an_address_are_refused_and_not_repeated(text):
    """The message goes to a terminal and a log."""
    with pytest.raises(ConfigurationError) as raised:
        parse_address(text, "--domain")
    assert "***@api.example" in str(raised.value)
    for part in ("s3cret", "s3/cret", "cret@", "user"):
        assert part not in str(raised.value)


@pytest.mark.parametrize(
    ("address", "authority", "url"),
    [
        (Address("https", "a.example", 443), "a.example", "https://a.example"),
        (Address("https", "a.example", 80), "a.example:80", "https://a.example:80"),
        (Address("http", "localhost", 80), "localhost", "http://localhost"),
        (Address("http", "localhost", 443), "localhost:443", "http://localhost:443"),
        (Address("https", "::1", 8443), "[::1]:8443", "https://[::1]:8443"),
    ],
)
def test_the_authority_leaves_out_the_usual_port(address, authority, url):
    """As clients write ``Host``."""
    assert (address.authority, address.url) == (authority, url)


def test_a_target_says_its_urls_and_never_its_key():
    """Its repr is what ``--showlocals`` prints."""
    made = target("api.example:8443")
    assert made.url("/healthz") == "https://api.example:8443/healthz"
    assert made.domain == "api.example:8443"
    assert "sk-the-right" not in repr(made)
    assert made.models_family[0] == made.model
