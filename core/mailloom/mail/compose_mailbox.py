"""How one address is written: in a header (RFC 5322 §3.4) and on the wire (RFC 5321).

Domains go out as A-labels (RFC 5891); only a local part outside ASCII makes a message need SMTPUTF8 (RFC 6531, 6532).
"""

from __future__ import annotations

import re
from functools import lru_cache

import idna

from mailloom.errors import MalformedMessage
from mailloom.mail.address import Address
from mailloom.mail.compose_checks import refuse_controls
from mailloom.mail.compose_words import FOLD, LINE_WIDTH, phrase, quoted

_LONGEST_ADDRESS = 320
# Where the value of Reply-To begins, the longest of the usual names: so one writing serves every header.
_NAME_COLUMN = 10
_REMEDY = "An address looks like name@example.org."

_DOT_ATOM = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+)*"
)
_DOMAIN = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[[!-Z^-~]+\]")


def mailbox(address: Address) -> str:
    """`"Name" <local@domain>` or the bare address, folded when the name is long. Raises `MalformedMessage`."""
    return _mailbox(address.name, address.localpart, address.domain)


def wire_address(address: Address) -> str:
    """`local@domain` for MAIL FROM and RCPT TO: local part quoted where needed, domain as A-label."""
    return _wire_address(address.localpart, address.domain)


def needs_smtputf8(address: Address) -> bool:
    """Whether this address can only travel by SMTPUTF8, in the envelope as in a header."""
    return not address.localpart.isascii()


@lru_cache(maxsize=4096)
def _mailbox(name: str, localpart: str, domain: str) -> str:
    refuse_controls(name, "the name of an address")
    bare = _wire_address(localpart, domain)
    shown = phrase(name.replace("\t", " "), _NAME_COLUMN)
    if not shown:
        return bare
    last_line = len(shown) - (shown.rfind("\r\n") + 2 if "\r\n" in shown else -_NAME_COLUMN)
    joint = FOLD if last_line + len(bare) + 3 > LINE_WIDTH else " "
    return f"{shown}{joint}<{bare}>"


def _wire_address(localpart: str, domain: str) -> str:
    if not localpart or not domain:
        shown = f"{localpart}@{domain}" if domain else localpart
        raise MalformedMessage(f"{shown[:80]!r} is no complete address", remedy=_REMEDY)
    if len(localpart) + len(domain) >= _LONGEST_ADDRESS:
        raise MalformedMessage(f"the address {localpart[:40]!r}… is longer than {_LONGEST_ADDRESS} characters")
    refuse_controls(localpart, "an address")
    if "\t" in localpart:
        raise MalformedMessage(f"the address {localpart[:80]!r} contains a tab", remedy=_REMEDY)
    local = localpart if _DOT_ATOM.fullmatch(localpart) else quoted(localpart)
    return f"{local}@{wire_domain(domain)}"


@lru_cache(maxsize=4096)
def wire_domain(domain: str) -> str:
    """The domain as A-labels; ASCII domains and address literals as they are. Raises `MalformedMessage`."""
    if _DOMAIN.fullmatch(domain):
        return domain
    reason = ""
    if not domain.isascii():
        try:
            written = idna.encode(domain, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            reason = f": {error}"
        else:
            if _DOMAIN.fullmatch(written):
                return written
    raise MalformedMessage(f"{domain[:80]!r} is no domain name{reason}", remedy=_REMEDY)
