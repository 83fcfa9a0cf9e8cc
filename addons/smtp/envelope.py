"""The commands of one mail transaction: MAIL, RCPT and DATA with the parameters that the server understands.

Parameters: SIZE (RFC 1870), BODY=8BITMIME (RFC 6152), SMTPUTF8 (RFC 6531), ENVID and ORCPT (RFC 3461). Addresses are checked before they get
into a command: nothing that could end the line or the path does. Domains with letters beyond ASCII go in their ASCII form where the server
does not know SMTPUTF8 and the local part allows it.
"""

from __future__ import annotations

import re
from typing import Final

from mailloom.api import Parcel

from .extensions import Extensions

_LONGEST_ADDRESS: Final = 512
_USUAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,256}@[A-Za-z0-9.-]{1,255}")
_PLAIN: Final = re.compile(r"[^\s\x00-\x1f\x7f-\x9f<>()\[\],;:\\\"]{1,256}")
_QUOTED: Final = re.compile(r'"(?:[^\x00-\x1f\x7f-\x9f"\\]|\\[\x20-\x7e]){0,256}"')
_XTEXT: Final = re.compile(rb"[^!-*,-<>-~]")


class Unsendable(Exception):
    """This address or mail cannot go to this server: an enhanced code and why."""

    def __init__(self, enhanced: str, reason: str) -> None:
        super().__init__(reason)
        self.enhanced = enhanced


def checked_path(address: str, extensions: Extensions) -> bytes:
    """The address as it may stand between angle brackets. Raises Unsendable. The null path is the empty address and not checked here."""
    if _USUAL.fullmatch(address):
        return address.encode("ascii")
    if len(address) > _LONGEST_ADDRESS:
        raise Unsendable("5.1.3", "The address is too long.")
    local, at, domain = address.rpartition("@")
    if not at:
        # "postmaster" alone is an address to the server itself (RFC 5321 §4.1.1.3).
        local, domain = address, ""
    if not (_PLAIN.fullmatch(local) or _QUOTED.fullmatch(local)) or (at and not _domain_allowed(domain)):
        raise Unsendable("5.1.3", f"{address[:100]!r} is no address that can be sent to.")
    if address.isascii():
        return address.encode("ascii")
    return _beyond_ascii(local, domain, extensions)


def _domain_allowed(domain: str) -> bool:
    literal = domain.startswith("[") and domain.endswith("]")
    inner = domain[1:-1] if literal else domain
    return bool(_PLAIN.fullmatch(inner.replace(":", "") if literal else inner))


def _beyond_ascii(local: str, domain: str, extensions: Extensions) -> bytes:
    try:
        if extensions.utf8:
            return f"{local}@{domain}".encode()
        if local.isascii():
            return f"{local}@".encode("ascii") + domain.encode("idna")
    except UnicodeError as error:
        raise Unsendable("5.1.2", f"{domain[:100]!r} is no domain.") from error
    raise Unsendable("5.6.7", "The address has letters beyond ASCII, and the server does not know SMTPUTF8.")


def mail_command(
    parcel: Parcel, sender: bytes, extensions: Extensions, *, seven_bit: bool, reports: bool, utf8: bool
) -> bytes:
    """MAIL FROM with its parameters; `sender` is a checked path, empty for the null path."""
    line = b"MAIL FROM:<" + sender + b">"
    if extensions.announces_size:
        line += b" SIZE=%d" % parcel.size
    if not seven_bit and extensions.eight_bit:
        line += b" BODY=8BITMIME"
    if utf8:
        line += b" SMTPUTF8"
    if reports and extensions.dsn and parcel.envelope_id:
        line += b" ENVID=" + xtext(parcel.envelope_id)
    return line + b"\r\n"


def rcpt_command(path: bytes, extensions: Extensions, *, reports: bool) -> bytes:
    """RCPT TO; the original recipient is named where the server hands it on (RFC 3461 §4.2)."""
    line = b"RCPT TO:<" + path + b">"
    if reports and extensions.dsn and path.isascii():
        line += b" ORCPT=rfc822;" + xtext(path.decode("ascii"))
    return line + b"\r\n"


def xtext(text: str) -> bytes:
    """RFC 3461 §4: what is not printable ASCII, "+" and "=" as +XX."""
    if text.isascii() and text.isalnum():
        return text[:100].encode("ascii")
    return _XTEXT.sub(lambda found: b"+%02X" % found[0][0], text.encode("utf-8", "replace")[:100])


def check_mail(parcel: Parcel, extensions: Extensions, most_bytes: int | None) -> None:
    """Raises Unsendable for a mail that this server cannot take, whoever it is for."""
    size = parcel.size
    for limit in (extensions.size, most_bytes):
        if limit and size > limit:
            raise Unsendable("5.3.4", f"The mail has {size} bytes; at most {limit} are taken.")
    if parcel.needs_smtputf8 and not extensions.utf8:
        raise Unsendable("5.6.7", "The mail has addresses beyond ASCII, and the server does not know SMTPUTF8.")
