"""One mailbox as a value (RFC 5322 §3.4): the name that is shown, and the address."""

from __future__ import annotations

import re
from dataclasses import dataclass

_DOT_ATOM = re.compile(r"[^\s\"(),:;<>@\[\]\\\x00-\x1f\x7f]+\Z")
_PLAIN_PHRASE = re.compile(r"[^\"(),.:;<>@\[\]\\\x00-\x1f\x7f]*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One mailbox (RFC 5322 §3.4). `domain` is '' for a bare name such as MAILER-DAEMON; both are '' for a name without address."""

    name: str
    localpart: str
    domain: str

    @property
    def address(self) -> str:
        """local@domain, the local part quoted where it must be."""
        local = self.localpart if not self.localpart or _DOT_ATOM.match(self.localpart) else _quoted(self.localpart)
        return f"{local}@{self.domain}" if self.domain else local

    def __str__(self) -> str:
        """As in a header, the name unencoded: `"Doe, Ann" <ann@example.org>`."""
        if not self.name:
            return self.address
        name = self.name if _PLAIN_PHRASE.match(self.name) else _quoted(self.name)
        return f"{name} <{self.address}>"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
