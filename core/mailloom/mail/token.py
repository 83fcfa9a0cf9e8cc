"""Signed tokens: short words that come back to us through strangers and prove that we made them.

A token is lower-case letters and digits only, because relays fold case and rewrite punctuation: `<key id>0<base32>`, or
`<key id>1<base32>` when it expires. The base32 alphabet (RFC 4648 §6) has neither 0 nor 1, so the first of them ends the key id.
Each purpose signs for itself: a bounce token is worthless as an opt-out. The octets under the base32 are
[4 octets of expiry] + payload + truncated HMAC-SHA-256 (RFC 2104 §5). The payload is readable by anybody: it is signed, not secret.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mailloom.errors import ConfigurationError

_LEAST_SECRET_OCTETS = 16
_LEAST_MAC_OCTETS = 8
_EXPIRY_OCTETS = 4
_LONGEST_TOKEN = 1000
_KEY_ID = re.compile(r"[a-z2-9]{1,8}")
_TOKEN = re.compile(r"([a-z2-9]{1,8})([01])([a-z2-7]+)")
_LASTING, _EXPIRING = "0", "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What a token is good for. `mac_octets`: 8 where a wrong guess costs little, 16 where one request acts for a person."""

    name: str
    mac_octets: int = _LEAST_MAC_OCTETS

    def __post_init__(self) -> None:
        if not self.name or not _LEAST_MAC_OCTETS <= self.mac_octets <= 32:
            raise ConfigurationError(f"a purpose needs a name and {_LEAST_MAC_OCTETS} to 32 octets of signature")


REPLY = Purpose(name="reply")
BOUNCE = Purpose(name="bounce")
MESSAGE_ID = Purpose(name="message-id")
OPT_OUT = Purpose(name="opt-out", mac_octets=16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """Secrets by key id; `current` signs, all verify. To rotate, add a key, make it current, keep the old one while its tokens live."""

    current: str
    secrets: Mapping[str, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if self.current not in self.secrets:
            raise ConfigurationError(
                f"the current key {self.current!r} is not in the key ring", remedy="Add its secret."
            )
        for key_id, secret in self.secrets.items():
            if not _KEY_ID.fullmatch(key_id):
                raise ConfigurationError(
                    f"{key_id[:20]!r} is no key id", remedy="Use 1 to 8 of the characters a to z and 2 to 9."
                )
            if len(secret) < _LEAST_SECRET_OCTETS:
                raise ConfigurationError(f"the secret of key {key_id} has fewer than {_LEAST_SECRET_OCTETS} octets")


def sign(purpose: Purpose, payload: bytes, keyring: Keyring, *, expires: datetime | None = None) -> str:
    """A token that carries `payload`. `expires` is aware and kept to the second, up to the year 2106."""
    mark = _LASTING
    if expires is not None:
        mark = _EXPIRING
        payload = _expiry(expires) + payload
    key_id = keyring.current
    mac = _mac(purpose, key_id, mark, payload, keyring.secrets[key_id])
    return f"{key_id}{mark}{_base32(payload + mac)}"


def verify(purpose: Purpose, token: str, keyring: Keyring, *, now: datetime | None = None) -> bytes | None:
    """The payload, or None when the token is forged, of another purpose or key ring, expired or no token at all.

    Case does not matter. A token with an expiry is only good when `now` is given and not later.
    """
    found = _TOKEN.fullmatch(token.lower()) if len(token) <= _LONGEST_TOKEN else None
    if not found or found[1] not in keyring.secrets:
        return None
    key_id, mark, written = found.groups()
    octets = _octets(written)
    if octets is None or len(octets) < purpose.mac_octets:
        return None
    content, mac = octets[: -purpose.mac_octets], octets[-purpose.mac_octets :]
    if not hmac.compare_digest(mac, _mac(purpose, key_id, mark, content, keyring.secrets[key_id])):
        return None
    return content if mark == _LASTING else _unexpired(content, now)


def signature(purpose: Purpose, content: bytes, keyring: Keyring) -> str:
    """The signature alone, in the form of a token, for content that travels beside it."""
    key_id = keyring.current
    return f"{key_id}{_LASTING}{_base32(_mac(purpose, key_id, _LASTING, content, keyring.secrets[key_id]))}"


def signature_holds(purpose: Purpose, content: bytes, written: str, keyring: Keyring) -> bool:
    """Whether `written` is our signature, by any key of the ring, over exactly this content."""
    found = _TOKEN.fullmatch(written.lower()) if len(written) <= _LONGEST_TOKEN else None
    if not found or found[2] != _LASTING or found[1] not in keyring.secrets:
        return False
    expected = _base32(_mac(purpose, found[1], _LASTING, content, keyring.secrets[found[1]]))
    return hmac.compare_digest(found[3], expected)


def number_payload(number: int) -> bytes:
    """A row id, zero or more, as the fewest octets."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def payload_number(payload: bytes) -> int:
    """The row id that `number_payload` wrote."""
    return int.from_bytes(payload, "big")


def _mac(purpose: Purpose, key_id: str, mark: str, content: bytes, secret: bytes) -> bytes:
    # None of the three words can hold a NUL, so the octets signed are unambiguous.
    signed = f"{purpose.name.encode('unicode_escape').decode('ascii')}\0{key_id}\0{mark}\0".encode("ascii") + content
    return hmac.digest(secret, signed, "sha256")[: purpose.mac_octets]


def _expiry(expires: datetime) -> bytes:
    try:
        return int(expires.timestamp()).to_bytes(_EXPIRY_OCTETS, "big")
    except OverflowError:
        raise ConfigurationError(
            f"a token cannot expire in the year {expires.year}", remedy="Leave the end out."
        ) from None


def _unexpired(content: bytes, now: datetime | None) -> bytes | None:
    if now is None or len(content) < _EXPIRY_OCTETS:
        return None
    expires = datetime.fromtimestamp(int.from_bytes(content[:_EXPIRY_OCTETS], "big"), UTC)
    return content[_EXPIRY_OCTETS:] if now <= expires else None


def _base32(octets: bytes) -> str:
    return base64.b32encode(octets).decode("ascii").rstrip("=").lower()


def _octets(written: str) -> bytes | None:
    try:
        octets = base64.b32decode(written.upper() + "=" * (-len(written) % 8))
    except binascii.Error:
        return None
    # The last character has spare bits: only one spelling of a token is accepted.
    return octets if _base32(octets) == written else None
