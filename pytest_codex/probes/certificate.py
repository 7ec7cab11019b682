"""TLS: whom to trust, and what a server presented, trusted or not."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import certifi
from cryptography import x509

from pytest_codex.errors import ConfigurationError
from pytest_codex.exchange.exchange import Tls


def tls_context(environ: Mapping[str, str], ca_file: str | None = None) -> ssl.SSLContext:
    """Return a verifying context: the system's authorities and certifi's, or those that are named.

    ``ca_file``, ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` replace the default authorities.

    :raises ConfigurationError: if what they name cannot be loaded.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    file = ca_file or environ.get("SSL_CERT_FILE") or None
    folder = environ.get("SSL_CERT_DIR") or None
    if file is None and folder is None:
        context.load_default_certs()
        context.load_verify_locations(certifi.where())
        return context
    try:
        context.load_verify_locations(file, folder)
    except OSError as error:  # ssl.SSLError is one
        variable = "SSL_CERT_FILE" if file else "SSL_CERT_DIR"
        why = "no certificates in it" if isinstance(error, ssl.SSLError) else error.strerror
        raise ConfigurationError(
            f"environment {variable}: cannot load {file or folder!r}: {why}; "
            "expected certificates in PEM form"
        ) from None
    return context


def unverified_context() -> ssl.SSLContext:
    """Return a context that trusts anybody, only ever used to look at a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def tls_facts(connection: ssl.SSLObject) -> Tls | None:
    """Read the version and the leaf certificate of an established connection."""
    der = connection.getpeercert(binary_form=True)
    if der is None:
        return None
    try:
        certificate = x509.load_der_x509_certificate(der)
        return Tls(
            version=connection.version() or "",
            subject=certificate.subject.rfc4514_string(),
            issuer=certificate.issuer.rfc4514_string(),
            names=_names(certificate),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
        )
    except ValueError:  # a certificate that OpenSSL takes and this parser does not
        return None


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(name.value) for name in extension.value)
