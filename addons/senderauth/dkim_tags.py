"""Lists of tags, the syntax of DKIM signatures, DKIM keys and DMARC records (RFC 6376 §3.2), and public keys (§3.6.1)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from mailloom.mail.dkim_keys import KeyKind

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_SHORTEST_RSA = 1024
"""RFC 8301 §3.2: signatures of shorter keys must not be taken for valid."""

PublicKey = RSAPublicKey | Ed25519PublicKey


class BadTags(ValueError):
    """The text breaks the rules; its message says how."""


class KeyRevoked(ValueError):
    """The key's p= is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedKey:
    """A key record. `hashes` and `services` None: all."""

    kind: KeyKind
    public: PublicKey
    bits: int
    hashes: frozenset[str] | None = None
    services: frozenset[str] | None = None
    testing: bool = False
    """t=y: its signatures say nothing yet."""
    same_domain: bool = False
    """t=s: i= must not name a domain below d=."""


def read_tags(text: str) -> dict[str, str]:
    """Tags in order, names as written. BadTags for a repeated or nameless tag."""
    tags: dict[str, str] = {}
    for part in text.split(";"):
        if not part.strip(" \t\r\n"):
            continue
        name, equals, value = part.partition("=")
        name = name.strip(" \t\r\n")
        if not equals or not _NAME.match(name):
            raise BadTags(f"{part.strip()[:40]!r} is no tag")
        if name in tags:
            raise BadTags(f"the tag {name} stands there twice")
        tags[name] = value.strip(" \t\r\n")
    return tags


def read_octets(text: str) -> bytes:
    """Base64 with blanks anywhere; BadTags when it is none."""
    try:
        return base64.b64decode("".join(text.split()).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise BadTags("the Base64 in it is broken") from error


def read_key(text: str) -> PublishedKey:
    """A key record of the DNS. KeyRevoked, or BadTags saying what is wrong with it."""
    tags = read_tags(text)
    if "v" in tags and (next(iter(tags)) != "v" or tags["v"] != "DKIM1"):
        raise BadTags("v= is not DKIM1 in first place")
    if "p" not in tags:
        raise BadTags("the key record has no p=")
    try:
        kind = KeyKind(tags.get("k", "rsa").lower())
    except ValueError as error:
        raise BadTags(f"the key type {tags['k'][:20]} is unknown") from error
    octets = read_octets(tags["p"])
    if not octets:
        raise KeyRevoked("the key was revoked (p= is empty)")
    public, bits = _RSA_OR_ED[kind](octets)
    flags = _words(tags, "t") or frozenset()
    return PublishedKey(
        kind=kind,
        public=public,
        bits=bits,
        hashes=_words(tags, "h"),
        services=_words(tags, "s"),
        testing="y" in flags,
        same_domain="s" in flags,
    )


def _words(tags: Mapping[str, str], name: str) -> frozenset[str] | None:
    return frozenset(word.strip().lower() for word in tags[name].split(":")) if name in tags else None


def _rsa(octets: bytes) -> tuple[PublicKey, int]:
    try:
        public = load_der_public_key(octets)  # SubjectPublicKeyInfo, or the bare RSAPublicKey that some publish
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadTags("p= holds no public key") from error
    if not isinstance(public, RSAPublicKey):
        raise BadTags("p= holds another kind of key than k= says")
    if public.key_size < _SHORTEST_RSA:
        raise BadTags(f"its {public.key_size} bits are too few")
    return public, public.key_size


def _ed25519(octets: bytes) -> tuple[PublicKey, int]:
    if len(octets) != 32:
        raise BadTags("p= does not hold the 32 octets of an Ed25519 key")
    return Ed25519PublicKey.from_public_bytes(octets), 256


_RSA_OR_ED = {KeyKind.RSA: _rsa, KeyKind.ED25519: _ed25519}
