"""From which host a mail came to us: what a receiver of ours wrote on top of it, never what came along with it.

The topmost Received must be by a trusted receiver; while the host it names is one of ours (a trusted network), the next one is looked at,
which must be by a trusted receiver, too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from mailloom.mail.message import Message

Network = IPv4Network | IPv6Network

_MOST_HOPS = 20
_LONGEST = 4000
_BY = re.compile(r"(?:^|[\s)])by[ \t]+([^\s;(]{1,255})", re.IGNORECASE)
_FROM = re.compile(r"\s*from[ \t]+(\S{1,255})", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<![0-9A-Za-z.:-])(?:IPv6:)?([0-9A-Fa-f:.]{3,45})(?![0-9A-Za-z.:-])")
_SAID = re.compile(r"\(?\bhelo[= ]([^\s)]{1,255})\)?", re.IGNORECASE)
"""What the client called itself, as Exim and qmail note it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """`sender` None: the envelope sender is not known; '': the null reverse path."""

    address: str
    helo: str
    sender: str | None


def find_client(
    mail: Message,
    *,
    receivers: Collection[str],
    networks: Sequence[Network],
    address_header: str = "",
    envelope_from: str | None = None,
) -> Client | None:
    """The host that handed the mail to us; None when no trusted receiver says. `address_header`: a field by which a gateway names it."""
    if address_header:
        address = _first_address(mail.headers.get(address_header))
        return _client(address, "", envelope_from, _return_path(mail.headers.get("return-path"))) if address else None
    trusted = {name.lower().rstrip(".") for name in receivers}
    return_path: str | None = None
    hops = 0
    for name, value in mail.headers:
        if name.lower() == "return-path" and return_path is None:
            return_path = _return_path(value)
        if name.lower() != "received":
            continue
        helo, address, receiver = read_received(value)
        hops += 1
        if receiver not in trusted or hops > _MOST_HOPS:
            return None
        if address and not any(ip_address(address) in network for network in networks):
            return _client(address, helo, envelope_from, return_path)
    return None


def _return_path(value: str) -> str | None:
    """'' only for `<>`: a field without anything in it says nothing."""
    return value.strip().strip("<>").strip() if value.strip() else None


def _client(address: str, helo: str, envelope_from: str | None, return_path: str | None) -> Client:
    return Client(address=address, helo=helo, sender=return_path if envelope_from is None else envelope_from)


def read_received(value: str) -> tuple[str, str, str]:
    """(name the client gave, its address, receiver) of a Received field, '' for what it does not say; receiver in lower case."""
    value = value[:_LONGEST]
    by = _BY.search(value)
    before = value[: by.start()] if by else value
    helo = _FROM.match(before)
    said = _SAID.search(before)
    address = _last_address(_SAID.sub(" ", before))
    name = said[1] if said else helo[1] if helo else ""
    return name.strip("[]").lower(), address, by[1].lower().rstrip(".") if by else ""


def _last_address(text: str) -> str:
    """What the receiver saw stands after what the client said."""
    found = [address for text in _ADDRESS.findall(text) if (address := _address(text))]
    return found[-1] if found else ""


def _first_address(text: str) -> str:
    return next((address for text in _ADDRESS.findall(text[:_LONGEST]) if (address := _address(text))), "")


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
