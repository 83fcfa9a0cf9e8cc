"""Throw-away certificates for servers in tests: an authority and what it signs, good or bad on purpose."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFiles:
    """PEM files: the authority to trust, the certificate with its key, and the certificate's SHA-256."""

    authority: Path
    certificate: Path
    key: Path
    sha256: str


def make_certificate(
    folder: Path,
    *,
    names: tuple[str, ...] = ("localhost", "127.0.0.1"),
    expired: bool = False,
    self_signed: bool = False,
) -> CertificateFiles:
    """Write a certificate for these host names and addresses into the folder. Self-signed ones are their own authority's stranger:
    `authority` then holds one that did not sign it."""
    folder.mkdir(parents=True, exist_ok=True)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority_name = _name("Test Authority")
    authority = _build(authority_name, authority_name, authority_key, authority_key, (), expired=False, authority=True)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(names[0])
    issuer, issuer_key = (subject, key) if self_signed else (authority_name, authority_key)
    certificate = _build(subject, issuer, key, issuer_key, names, expired=expired, authority=False)
    files = CertificateFiles(
        authority=folder / "authority.pem",
        certificate=folder / "certificate.pem",
        key=folder / "key.pem",
        sha256=certificate.fingerprint(hashes.SHA256()).hex(),
    )
    files.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _build(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    names: tuple[str, ...],
    *,
    expired: bool,
    authority: bool,
) -> x509.Certificate:
    # Certificates are checked against the machine's clock by OpenSSL, so this is the one place that must ask it.
    today = datetime.now(UTC)
    ends = today - timedelta(days=1) if expired else today + timedelta(days=30)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=60))
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False
        )
    return builder.sign(issuer_key, hashes.SHA256())


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
