"""A CA of the endpoint's own, and the server certificates, right and wrong, that it can show."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

NAMES = ("localhost", "127.0.0.1", "::1")
# Days from now to the end of each certificate's validity.
DAYS_LEFT = {
    "valid": 90,
    "expired": -1,
    "expires_soon": 10,
    "expires_in_weeks": 18,
    "another_name": 90,
    "untrusted": 90,
}


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM text: the CA that is announced, and the server's key followed by its chain."""

    ca: bytes
    server: bytes


def issue(which: str) -> Certificate:
    """A certificate of the kind `which`: one of DAYS_LEFT, or `traefik_default`."""
    announced = trustme.CA()
    ca = announced.cert_pem.bytes()
    if which == "traefik_default":
        return Certificate(ca, _traefik_default())
    issuer = trustme.CA() if which == "untrusted" else announced
    now = dt.datetime.now(dt.UTC)
    leaf = issuer.issue_cert(
        *(("another.example",) if which == "another_name" else NAMES),
        not_before=now - dt.timedelta(days=60),
        # An hour more, so that "18 days left" is still true when it is looked at.
        not_after=now + dt.timedelta(days=DAYS_LEFT[which], hours=1),
        key_type=trustme.KeyType.ECDSA,
    )
    return Certificate(ca, leaf.private_key_and_cert_chain_pem.bytes())


def _traefik_default() -> bytes:
    """What Traefik shows when it has no certificate for the name asked for: self-signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "TRAEFIK DEFAULT CERT")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=365))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("0123456789abcdef.traefik.default")]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)
