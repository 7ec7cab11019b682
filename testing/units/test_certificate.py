"""Whom to trust, and what is read off a certificate."""

from __future__ import annotations

import os
import ssl
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pytest_codex.errors import ConfigurationError
from pytest_codex.probes.certificate import tls_context, tls_facts, unverified_context


@pytest.fixture(scope="module")
def authority():
    """An authority that nobody knows."""
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority, tmp_path_factory):
    """Its certificate, in a file."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def trusted(context: ssl.SSLContext) -> set[bytes]:
    """The authorities that a context has loaded."""
    return set(context.get_ca_certs(binary_form=True))


def der(authority: trustme.CA) -> bytes:
    """The authority's certificate as the context has it."""
    certificate = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    return certificate.public_bytes(Encoding.DER)


class TestContext:
    """The context that exchanges are recorded with."""

    def test_it_verifies_by_default_and_trusts_public_authorities(self):
        """Names and chains, TLS 1.2 at least."""
        context = tls_context({})
        assert context.check_hostname
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
        assert len(trusted(context)) > 50

    @pytest.mark.parametrize("way", ["argument", "SSL_CERT_FILE"])
    def test_a_named_file_replaces_the_default_authorities(self, way, authority, ca_file):
        """From the embedded endpoint, or from the environment as everywhere."""
        if way == "argument":
            context = tls_context({"SSL_CERT_FILE": "/nowhere"}, str(ca_file))
        else:
            context = tls_context({"SSL_CERT_FILE": str(ca_file)})
        assert trusted(context) == {der(authority)}
        assert context.verify_mode is ssl.CERT_REQUIRED

    def test_a_named_folder_replaces_them_too(self, tmp_path):
        """It is read when it is needed, so nothing is loaded yet."""
        assert trusted(tls_context({"SSL_CERT_DIR": str(tmp_path)})) == set()

    def test_empty_variables_name_nothing(self):
        """As a shell leaves them behind."""
        context = tls_context({"SSL_CERT_FILE": "", "SSL_CERT_DIR": ""})
        assert len(trusted(context)) > 50

    def test_only_the_environment_that_was_given_counts(self, monkeypatch):
        """Whatever the process's own says, for a context made for no environment."""
        monkeypatch.setitem(os.environ, "SSLKEYLOGFILE", "/nowhere/keys")
        assert tls_context({}).keylog_filename is None

    @pytest.mark.parametrize(
        ("content", "reason"), [(None, "No such file"), ("no certificate", "no certificates in it")]
    )
    def test_a_file_that_cannot_be_used_is_a_usage_error(self, tmp_path, content, reason):
        """Which says where it was named and what it should hold."""
        path = tmp_path / "ca.pem"
        if content is not None:
            path.write_text(content)
        with pytest.raises(ConfigurationError, match=f"SSL_CERT_FILE: .*{reason}.*PEM"):
            tls_context({"SSL_CERT_FILE": str(path)})


class TestFacts:
    """What was agreed and presented, read off a handshake in memory."""

    def test_an_untrusted_certificate_is_read_as_well_as_any(self, authority):
        """Version, subject, issuer, names and times."""
        before = datetime.now(UTC).replace(microsecond=0) - timedelta(days=9)
        after = before + timedelta(days=8)
        leaf = authority.issue_cert(
            "api.example", "10.0.0.7", not_before=before, not_after=after, common_name="API"
        )
        facts = tls_facts(_handshake(leaf))
        assert facts is not None
        assert facts.version == "TLSv1.3"
        assert facts.names == ("api.example", "10.0.0.7")
        assert "CN=API" in facts.subject
        assert "trustme" in facts.issuer
        assert (facts.not_before, facts.not_after) == (before, after)
        assert -2 < facts.days_left() < 0

    @pytest.mark.parametrize("presented", [None, b"no certificate"])
    def test_what_is_no_certificate_tells_nothing(self, presented):
        """OpenSSL takes some that this parser does not; that fails no exchange."""
        connection = Mock(getpeercert=Mock(return_value=presented))
        assert tls_facts(connection) is None


def _handshake(leaf: trustme.LeafCert) -> ssl.SSLObject:
    """A client's end of a connection to a server with this certificate."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(server_context)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    client = unverified_context().wrap_bio(to_client, to_server, server_hostname="api.example")
    for _ in range(4):
        for end in (client, server):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return client
