"""Addresses that carry something: ours with a signed token, and the forms that other systems wrap around an address.

Ours are `<mailbox>+<token>@<domain>`: lower case, local part within 64 octets (RFC 5321 §4.5.3.1.1), so that they live through relays
that fold case. Foreign forms, unwrapped and never trusted: variable envelope return paths `list+user=domain@…`, BATV `prvs=…`
(draft-levine-smtp-batv), SRS0 and SRS1 (sender rewriting by forwarders).
"""

from __future__ import annotations

import re
from datetime import datetime

from mailloom.errors import ConfigurationError
from mailloom.mail.token import BOUNCE, REPLY, Keyring, Purpose, sign, verify

_LONGEST_LOCALPART = 64
_LONGEST_ADDRESS = 1000
_MOST_LAYERS = 8
_PLAIN_MAILBOX = re.compile(r"[a-z0-9._-]{1,40}")

# Key number, three digits of day, six hex digits of hash; some makers write it after the local part, Barracuda calls it btv1.
_BATV = (
    re.compile(r"prvs=[0-9a-f]{10}[=/](?P<local>.+)", re.IGNORECASE | re.DOTALL),
    re.compile(r"prvs=(?P<local>.+)[=/][0-9a-f]{10}", re.IGNORECASE | re.DOTALL),
    re.compile(r"btv1==[0-9a-f]{1,32}==(?P<local>.+)", re.IGNORECASE | re.DOTALL),
    re.compile(r"msprvs1=[^=]{1,32}=(?P<local>.+)", re.IGNORECASE | re.DOTALL),
)
# The last such word counts: list names may hold one too. Numbers after it are the message's.
_BOUNCE_WORD = re.compile(r"(?:^|[-.])(?:bounces?|return|errors?|verp)-(?:\d+-)*", re.IGNORECASE)
_DOMAIN = re.compile(r"[^\s@=+<>.]+(?:\.[^\s@=+<>.]+)+")
_SRS0 = re.compile(r"srs0[=+-][^=]{1,40}=[^=]{1,10}=(?P<domain>[^=]+)=(?P<local>.+)", re.IGNORECASE | re.DOTALL)
# Between the first forwarder and its own SRS0 remainder stands the separator that followed its SRS0.
_SRS1 = re.compile(r"srs1[=+-][^=]{1,40}=[^=]+=(?P<srs0>[=+-].+)", re.IGNORECASE | re.DOTALL)


def bounce_address(payload: bytes, domain: str, keyring: Keyring, *, mailbox: str = "bounce") -> str:
    """The envelope sender of one delivery. `payload` (its id) has at most 16 octets with the usual key ids and mailboxes."""
    return token_address(BOUNCE, payload, mailbox, domain, keyring)


def reply_address(
    payload: bytes, domain: str, keyring: Keyring, *, mailbox: str = "catchall", expires: datetime | None = None
) -> str:
    """The address that takes an answer back to its thread, whatever the answer says in its headers."""
    return token_address(REPLY, payload, mailbox, domain, keyring, expires=expires)


def token_address(
    purpose: Purpose, payload: bytes, mailbox: str, domain: str, keyring: Keyring, *, expires: datetime | None = None
) -> str:
    """`mailbox+token@domain`. Raises `ConfigurationError` when the mailbox cannot take a token or the local part gets too long."""
    plain = mailbox.lower()
    if not _PLAIN_MAILBOX.fullmatch(plain):
        raise ConfigurationError(
            f"{mailbox[:60]!r} cannot carry a token",
            remedy="Use 1 to 40 letters, digits, dots, hyphens and underscores.",
        )
    localpart = f"{plain}+{sign(purpose, payload, keyring, expires=expires)}"
    if len(localpart) > _LONGEST_LOCALPART:
        raise ConfigurationError(
            f"an address of {plain} with a token has {len(localpart)} octets before the @, more than {_LONGEST_LOCALPART}",
            remedy="Choose a shorter name for the mailbox or a shorter key id.",
        )
    return f"{localpart}@{domain.lower()}"


def address_payload(
    purpose: Purpose, address: str, mailbox: str, keyring: Keyring, *, now: datetime | None = None
) -> bytes | None:
    """What our token in `address` says; None when there is none that holds. The domain is the caller's to check.

    Wrappings of others, case, and sub-addresses before or after the token do not matter.
    """
    localpart = unwrapped(address).rpartition("@")[0].lower()
    name, *tags = localpart.split("+", 16)
    if name != mailbox.lower():
        return None
    for tag in tags:
        payload = verify(purpose, tag, keyring, now=now)
        if payload is not None:
            return payload
    return None


def has_token(address: str, mailbox: str) -> bool:
    """Whether the address is `mailbox` with anything after a plus: a token of ours, or one that was forged or has expired."""
    name, plus, tag = unwrapped(address).rpartition("@")[0].lower().partition("+")
    return bool(plus and tag) and name == mailbox.lower()


def embedded_recipient(address: str) -> str:
    """The `user@domain` written as `+user=domain` (or `-user=domain` after a bounce word) in a return path; '' if there is none.

    Nobody signed it: good for reading the reports of others, no proof of anything.
    """
    localpart = unwrapped(address).rpartition("@")[0]
    user, equals, domain = localpart.rpartition("=")
    if not equals or not _looks_like_domain(domain):
        return ""
    if "+" in user:
        user = user.partition("+")[2]
    else:
        user = _after_bounce_word(user)
    # Forwarders and mailing services put their own tags before: `caf_=` by Gmail, numbers by others.
    user = user.removeprefix("caf_=")
    return f"{user}@{domain}" if user and "=" not in user else ""


def unwrapped(address: str) -> str:
    """`address` without BATV and SRS, from the outside in, at most eight layers; without angle brackets; otherwise unchanged."""
    address = address.strip().removeprefix("<").removesuffix(">")
    if len(address) > _LONGEST_ADDRESS:
        return address
    for _ in range(_MOST_LAYERS):
        inner = _without_batv(address) or _without_srs(address)
        if not inner:
            break
        address = inner
    return address


def _without_batv(address: str) -> str:
    localpart, _, domain = address.rpartition("@")
    for form in _BATV:
        found = form.fullmatch(localpart)
        if found:
            return f"{found['local']}@{domain}"
    return ""


def _without_srs(address: str) -> str:
    localpart, _, domain = address.rpartition("@")
    second = _SRS1.fullmatch(localpart)
    if second:
        return f"SRS0{second['srs0']}@{domain}"
    first = _SRS0.fullmatch(localpart)
    return f"{first['local']}@{first['domain']}" if first else ""


def _after_bounce_word(text: str) -> str:
    ends = [found.end() for found in _BOUNCE_WORD.finditer(text)]
    return text[ends[-1] :] if ends else ""


def _looks_like_domain(text: str) -> bool:
    return _DOMAIN.fullmatch(text) is not None
