"""When two addresses are the same, and the door to what is known of addresses: `Address`, `parse_addresses`, `normalise`."""

from __future__ import annotations

import re
import unicodedata

import idna

from mailloom.mail.addresslist import parse_addresses
from mailloom.mail.mailbox import Address

__all__ = ["Address", "normalise", "parse_addresses"]

_DOT_ATOM = re.compile(r"[^\s\"(),:;<>@\[\]\\\x00-\x1f\x7f]+\Z")
_PLAIN_KEY = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\Z")
_DOMAIN = re.compile(r"[^\s\"(),:;<>@\[\]\\\x00-\x20\x7f]+\Z")


def normalise(address: str) -> str:
    """The comparison key: lower case, domain as A-labels, no brackets or spaces; '' if that is not an address."""
    key = address.strip(" \t\r\n<>").lower()
    if _PLAIN_KEY.match(key):
        return key
    if len(key) > 2000 or "@" not in key:
        return ""
    if "<" in key:
        key = key.rpartition("<")[2].strip()
    localpart, _, domain = key.rpartition("@")
    localpart, domain = unicodedata.normalize("NFC", localpart.strip()).lower(), domain.strip().rstrip(".")
    if localpart.startswith('"') and _DOT_ATOM.match(localpart[1:-1]):
        localpart = localpart[
            1:-1
        ]  # the quotes were not needed, so they do not tell two addresses apart (RFC 5321 §4.1.2)
    if not _is_localpart(localpart):
        return ""
    domain = domain if domain.startswith("[") and domain.endswith("]") else _a_label(domain)
    return f"{localpart}@{domain}" if domain else ""


def _is_localpart(text: str) -> bool:
    if text.startswith('"') and text.endswith('"') and len(text) > 2:
        return text.isprintable()
    return _DOT_ATOM.match(text) is not None and text.isprintable()


def _a_label(domain: str) -> str:
    """RFC 5891, with the mapping of UTS 46; names that the standard refuses are kept if ASCII, else ''."""
    if not _DOMAIN.match(domain) or not domain.isprintable():
        return ""
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return ""
