"""Addresses as reports write them: typed, routed, escaped, wrapped.

Knows the address types of RFC 3464 §2.3 and what is found in their place ("rfc/822;", no type at all), source routes
(RFC 5321 Appendix C), the escapes of RFC 6533 §3 and the ways in which gateways wrap an SMTP address into X.400.
"""

from __future__ import annotations

import re

_TYPED = re.compile(r"^\s*[\w/ -]{1,20};")
_ROUTE = re.compile(r"^@[\w.@,-]{1,500}:")
_ESCAPE = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_WRAPPED = re.compile(r"(?:dda:)?(?:SMTP|RFC-822|RFC822)\s{0,3}[=:]\s{0,3}([^;\s<>\"]{1,200})", re.I)
_LOCAL = r"[^\s<>()\[\]\";:,@\\\x00-\x20]"
ADDRESS = re.compile(rf"(?:\"[^\"\n@]{{1,64}}\"|{_LOCAL}{{1,128}})@(?:[\w](?:[\w.-]{{0,253}}[\w])?|\[[\d.]{{7,15}}\])")
_TRIM = "<>()[]\"'`*.,;: \t"


def typed_address(value: str) -> str:
    """The address in a field such as Final-Recipient; '' when it holds none that mail could be sent to.

    A local name without domain is kept when it is a plain word, because old systems report local users like that.
    """
    value = _TYPED.sub("", value.strip(), count=1) if ";" in value[:24] else value.strip()
    if "\\x{" in value:
        value = _ESCAPE.sub(_character, value)
    if (wrapped := _WRAPPED.search(value[:600])) is not None:
        value = wrapped[1].replace("(a)", "@")
    value = _ROUTE.sub("", value.strip().strip("<>").strip())
    found = ADDRESS.search(value[:1000])
    if found is not None:
        return clean(found[0])
    word = value.strip("<>\"' ")
    return word if re.fullmatch(r"[\w.+=-]{1,64}", word) else ""


def addresses_in(text: str) -> list[str]:
    """All addresses in a piece of text, in order, cleaned, without doubles."""
    if "@" not in text:
        return []
    if "\\x{" in text:
        text = _ESCAPE.sub(_character, text)
    return list(dict.fromkeys(clean(found) for found in ADDRESS.findall(text[:20_000])))


def clean(address: str) -> str:
    """An address without the punctuation and the prefixes that stick to it in running text."""
    if '"@' in address:
        return address.strip()
    address = address.strip(_TRIM)
    if not (":" in address or "=" in address or ";" in address):
        return address.rstrip(".-")
    for prefix in ("mailto:", "smtp:", "smtp=", "rfc822;", "to=", "for="):
        if address[: len(prefix)].lower() == prefix:
            address = address[len(prefix) :]
    return address.rstrip(".-")


def _character(escape: re.Match[str]) -> str:
    point = int(escape[1], 16)
    return chr(point) if point < 0x110000 and not 0xD800 <= point < 0xE000 and point > 0x1F else ""
