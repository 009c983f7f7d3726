"""The local cluster's authority and the certificates it signs, made anew at every start, so that none ever expires.

Clients are told apart by their subject, as Kubernetes reads it: common name is the user, organisation the group
(kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates).
"""

import datetime as dt
import ipaddress
from pathlib import Path
from typing import Self

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from varde.local.private_files import write_private

__all__ = ["Authority", "KeyPair", "signing_key"]

VALIDITY = dt.timedelta(days=365)
CLOCK_TOLERANCE = dt.timedelta(hours=1)
SERVER_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")


class KeyPair(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate and its private key, as PEM files."""

    certificate: Path
    key: Path


class Authority:
    """Signs the certificates of one cluster.

    Args:
        key: the authority's private key; it stays in memory.
        certificate: its own certificate.
        folder: where what it signs is written.
    """

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate, folder: Path) -> None:
        self._key = key
        self._certificate = certificate
        self._folder = folder
        self.path = write_private(folder / "ca.crt", certificate.public_bytes(serialization.Encoding.PEM))

    @classmethod
    def create(cls, folder: Path) -> Self:
        """A new authority that writes to ``folder``."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _subject("varde-local", "")
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        builder = (
            _builder(name, name, key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        return cls(key, builder.sign(key, hashes.SHA256()), folder)

    def server(self, name: str) -> KeyPair:
        """A certificate that a server on loopback shows, and that it may also use as a client of its peers."""
        addresses = [x509.IPAddress(ipaddress.ip_address(text)) for text in ("127.0.0.1", "::1")]
        names = x509.SubjectAlternativeName([*(x509.DNSName(text) for text in SERVER_NAMES), *addresses])
        return self._issue(name, "", names)

    def client(self, user: str, group: str = "") -> KeyPair:
        """A certificate that proves to be a user of one group."""
        return self._issue(user, group, None)

    def _issue(self, user: str, group: str, names: x509.SubjectAlternativeName | None) -> KeyPair:
        key = ec.generate_private_key(ec.SECP256R1())
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH] + ([ExtendedKeyUsageOID.SERVER_AUTH] if names else [])
        builder = (
            _builder(_subject(user, group), self._certificate.subject, key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if names:
            builder = builder.add_extension(names, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        stem = user.replace(":", "-")
        return KeyPair(
            certificate=write_private(self._folder / f"{stem}.crt", certificate),
            key=write_private(self._folder / f"{stem}.key", _pem(key)),
        )


def signing_key(path: Path) -> Path:
    """The key that signs service-account tokens, made once and kept, so that tokens outlive a restart."""
    return path if path.exists() else write_private(path, _pem(ec.generate_private_key(ec.SECP256R1())))


def _subject(user: str, group: str) -> x509.Name:
    organisation = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group)] if group else []
    return x509.Name([*organisation, x509.NameAttribute(NameOID.COMMON_NAME, user)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_TOLERANCE)
        .not_valid_after(now + VALIDITY)
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """In the older format: Kubernetes takes public keys out of private ones in no other."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
