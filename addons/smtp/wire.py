"""A message's bytes as they go over the wire after DATA (RFC 5321 §4.5.2): line ends CRLF only, lines that begin with a dot doubled.

Bare CR and LF are made CRLF: servers disagree on what they mean, and the disagreement lets one mail carry a second ("SMTP smuggling"). A body
is prepared once and kept while parcels with the same body follow each other.
"""

from __future__ import annotations

import re
from typing import Final

from mailloom.api import Parcel

_BARE: Final = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_END: Final = b".\r\n"


class Wire:
    """The last body prepared, and how to put a head before it."""

    def __init__(self) -> None:
        self._body: bytes | None = None
        self._prepared = b""
        self._seven_bit = True

    def pieces(self, parcel: Parcel) -> list[bytes]:
        """What to write, in order, end-of-data included."""
        if parcel.body is not self._body:
            self._keep(parcel.body)
        head, body = parcel.head, self._prepared
        if not head:
            pieces = [b"." + body if body.startswith(b".") else body]
        elif head.endswith(b"\r\n"):
            pieces = [prepared(head), b"." + body if body.startswith(b".") else body]
        else:
            # The joint falls within a line: only the whole can be prepared.
            pieces = [prepared(head + parcel.body)]
        last = next((piece for piece in reversed(pieces) if piece), b"\r\n")
        return [*pieces, _END if last.endswith(b"\r\n") else b"\r\n" + _END]

    def seven_bit(self, parcel: Parcel) -> bool:
        """True when the message is pure ASCII and needs no 8BITMIME."""
        if parcel.body is not self._body:
            self._keep(parcel.body)
        return self._seven_bit and parcel.head.isascii()

    def _keep(self, body: bytes) -> None:
        self._prepared = prepared(body, starts_line=False)
        self._seven_bit = body.isascii()
        self._body = body


def prepared(data: bytes, *, starts_line: bool = True) -> bytes:
    """The bytes with CRLF line ends and doubled dots, without end-of-data; the first line's dot only when `starts_line`."""
    ends = data.count(b"\r\n")
    if data.count(b"\n") != ends or data.count(b"\r") != ends:
        data = _BARE.sub(b"\r\n", data)
    if b"\n." in data:
        data = data.replace(b"\r\n.", b"\r\n..")
    return b"." + data if starts_line and data.startswith(b".") else data
