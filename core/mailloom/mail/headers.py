"""The header fields of one entity: ordered, looked up without regard to case, decoded when asked.

Values come decoded (RFC 2047; undeclared eight-bit text is UTF-8, else the charset that the body declares, else windows-1252) and
unfolded. A field that holds addresses is decoded after its structure is known, so an encoded comma or bracket changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailloom.mail.address import Address, parse_addresses
from mailloom.mail.charsets import CP1252, codec
from mailloom.mail.decoding import clean, decode
from mailloom.mail.head import Field
from mailloom.mail.words import decode_words

_ADDRESS_NAMES = (
    "from sender reply-to to cc bcc resent-from resent-sender resent-to resent-cc resent-bcc delivered-to x-original-to "
    "return-path errors-to disposition-notification-to apparently-to envelope-to x-envelope-to"
)
_ADDRESS_FIELDS = frozenset(_ADDRESS_NAMES.split())

_CHARSET = re.compile(r"charset\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)


class Headers:
    """Read only. An absent field is '' or an empty list, never an error."""

    __slots__ = ("_fields", "_values")

    def __init__(self, fields: list[Field]) -> None:
        self._fields = fields
        self._values: dict[str, list[str]] = {}
        for key, _, value in fields:
            if key in self._values:
                self._values[key].append(value)
            else:
                self._values[key] = [value]

    def get(self, name: str) -> str:
        """The first value, decoded; '' when the field is absent."""
        values = self._values.get(name.lower())
        return self._decoded(name.lower(), values[0]) if values else ""

    def all(self, name: str) -> list[str]:
        """Every value, decoded, in the order of the message."""
        key = name.lower()
        return [self._decoded(key, value) for value in self._values.get(key, ())]

    def raw(self, name: str) -> list[bytes]:
        """Every value as bytes: unfolded, not decoded."""
        return [value.encode("latin-1") for value in self._values.get(name.lower(), ())]

    def unworded(self, name: str) -> list[str]:
        """Every value as text with its encoded words still encoded: for fields whose structure must be read first."""
        return [self.text(value) for value in self._values.get(name.lower(), ())]

    def addresses(self, name: str) -> list[Address]:
        """All addresses of all fields of that name. An encoded word can name somebody, but never be an address."""
        return [address for value in self.unworded(name) for address in parse_addresses(value)]

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for key, name, value in self._fields:
            yield name.rstrip(), self._decoded(key, value)

    def __len__(self) -> int:
        return len(self._fields)

    def text(self, value: str) -> str:
        """`value` (one character a byte) as text, encoded words not yet decoded."""
        if value.isascii() and "\x1b" not in value:
            return value.replace("\0", "") if "\0" in value else value
        data = value.encode("latin-1")
        if b"\x1b" in data:
            return decode(data, self._declared())
        try:
            return clean(data.decode("utf-8"))
        except UnicodeDecodeError:
            return decode(data, self._declared() or CP1252)

    def _decoded(self, key: str, value: str) -> str:
        text = self.text(value)
        if "=?" not in text:
            return text
        if key in _ADDRESS_FIELDS:
            return ", ".join(map(str, parse_addresses(text)))
        return decode_words(text)

    def _declared(self) -> str:
        """The body's charset where it says more than ASCII: senders of undeclared headers use the same one for both."""
        match = _CHARSET.search("; ".join(self._values.get("content-type", ())[:1]))
        name = match[1] if match else ""
        return name if codec(name) not in (None, CP1252, "utf_8") else ""
