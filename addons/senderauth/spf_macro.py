"""Macros of SPF (RFC 7208 §7): checking them, and putting values in their place."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

Address = IPv4Address | IPv6Address

_MACRO = re.compile(r"%(?:\{([A-Za-z])([0-9]*)([Rr]?)([.\-+,/_=]*)\}|([%_-])|)")
_ESCAPES = {"%": "%", "_": " ", "-": "%20"}
_LETTERS = frozenset("slodiphv")
_ONLY_IN_EXPLANATIONS = frozenset("crt")
_LONGEST_NAME = 253


class BadMacro(ValueError):
    """The text breaks the grammar of macros: permerror."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What macros stand for. `validated` is asked only when %{p} occurs; it gives `unknown` where nothing is proved."""

    address: Address
    sender: str
    """local part @ domain"""
    domain: str
    """The domain whose record is evaluated now."""
    helo: str
    validated: Callable[[], str]

    def of(self, letter: str) -> str:
        localpart, _, sender_domain = self.sender.rpartition("@")
        match letter:
            case "s":
                return self.sender
            case "l":
                return localpart
            case "o":
                return sender_domain
            case "d":
                return self.domain
            case "i":
                return dotted(self.address)
            case "p":
                return self.validated()
            case "v":
                return "in-addr" if self.address.version == 4 else "ip6"
            case _:
                return self.helo


def check_macros(text: str, *, in_explanation: bool = False) -> None:
    """BadMacro when the text is none that can be expanded."""
    allowed = _LETTERS | _ONLY_IN_EXPLANATIONS if in_explanation else _LETTERS
    for found in _MACRO.finditer(text):
        letter, digits, _, _, escape = found.groups()
        if letter is None and escape is None:
            raise BadMacro(f"{text[found.start() :][:20]!r} is no macro")
        if letter and letter.lower() not in allowed:
            raise BadMacro(f"the macro letter {letter} means nothing here")
        if digits and int(digits[:9]) == 0:
            raise BadMacro("a macro cannot keep no part at all")


def expand(text: str, values: Values) -> str:
    """The text with its macros replaced; it must have passed `check_macros`."""
    return _MACRO.sub(lambda found: _expanded(found, values), text)


def expand_domain(text: str, values: Values) -> str:
    """As `expand`, cut from the left to what the DNS can ask for (§7.3)."""
    name = expand(text, values).removesuffix(".")
    while len(name) > _LONGEST_NAME:
        _, dot, rest = name.partition(".")
        if not dot:
            return ""
        name = rest
    return name


def dotted(address: Address) -> str:
    """§7.3: IPv4 as usual, IPv6 with a dot after each hexadecimal digit."""
    return str(address) if address.version == 4 else ".".join(address.exploded.replace(":", ""))


def _expanded(found: re.Match[str], values: Values) -> str:
    letter, digits, backwards, delimiters, escape = found.groups()
    if escape:
        return _ESCAPES[escape]
    parts = re.split("[" + re.escape(delimiters or ".") + "]", values.of(letter.lower()))
    if backwards:
        parts.reverse()
    if digits:
        parts = parts[-int(digits[:9]) :]
    text = ".".join(parts)
    return quote(text, safe="-._~") if letter.isupper() else text
