"""Key pairs for DKIM and the records that publish them (RFC 6376 §3.6, RFC 8301, RFC 8463)."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from mailloom.errors import ConfigurationError

RSA_BITS = 2048
"""RFC 8301 §3.2: signers should use at least these; longer keys do not fit many zones' web forms."""
LONGEST_STRING = 255
"""Octets in one string of a TXT record (RFC 1035 §3.3.14)."""


class KeyKind(StrEnum):
    RSA = "rsa"
    ED25519 = "ed25519"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private key and the name under which its other half is published. Never print it."""

    domain: str
    selector: str
    private: RSAPrivateKey | Ed25519PrivateKey

    @property
    def kind(self) -> KeyKind:
        return KeyKind.RSA if isinstance(self.private, RSAPrivateKey) else KeyKind.ED25519


def generate(kind: KeyKind) -> str:
    """A new private key, PKCS #8 in PEM."""
    private: RSAPrivateKey | Ed25519PrivateKey
    if kind is KeyKind.RSA:
        private = generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    else:
        private = Ed25519PrivateKey.generate()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def load_key(pem: str, *, domain: str, selector: str) -> SigningKey:
    """ConfigurationError for what is no private key, another kind, or RSA under 1024 bits (RFC 8301 §3.2)."""
    try:
        private = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"The key {selector}._domainkey.{domain} is no private key in PEM.") from error
    if not isinstance(private, RSAPrivateKey | Ed25519PrivateKey):
        raise ConfigurationError("DKIM knows RSA and Ed25519 keys only.")
    if isinstance(private, RSAPrivateKey) and private.key_size < 1024:
        raise ConfigurationError(f"An RSA key of {private.key_size} bits is too short; receivers refuse it.")
    return SigningKey(domain=domain, selector=selector, private=private)


def record_name(domain: str, selector: str) -> str:
    return f"{selector}._domainkey.{domain}"


def public_record(key: SigningKey) -> str:
    """The TXT value, unsplit: `v=DKIM1; k=…; p=…`."""
    return f"v=DKIM1; k={key.kind}; p={public_text(key.private.public_key())}"


def public_text(public: RSAPublicKey | Ed25519PublicKey) -> str:
    """The p= tag: SubjectPublicKeyInfo for RSA (RFC 6376 §3.6.1), the bare 32 octets for Ed25519 (RFC 8463 §4)."""
    if isinstance(public, RSAPublicKey):
        octets = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        octets = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return base64.b64encode(octets).decode()


def zone_value(value: str) -> str:
    """A TXT value as zone files and most web forms want it: quoted strings of at most 255 octets."""
    pieces = [value[start : start + LONGEST_STRING] for start in range(0, len(value), LONGEST_STRING)] or [""]
    return " ".join('"' + piece.replace("\\", "\\\\").replace('"', '\\"') + '"' for piece in pieces)
