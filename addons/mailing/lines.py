"""Text parts of which most lines are the same for all recipients.

Quoted-printable works line by line (RFC 2045 §6.7), so what is known from the template is encoded once.

Which encoding a part has follows from the template alone, so that all recipients' mails, and every second try, are written the same way.
"""

from __future__ import annotations

from mailloom.errors import MalformedMessage
from mailloom.mail.compose import EncodedPart, text_part
from mailloom.mail.encode import quoted_printable

_MARKS = ("{{", "{%", "{#")
_WORTH_QUOTING = 0.85
"""The part of a template that must be ASCII; below that base64 is shorter, and each mail is encoded as a whole."""


class LineWriter:
    """Encodes what a template became. `source` is the template."""

    def __init__(self, source: str, subtype: str) -> None:
        self._subtype = subtype
        self._quoted = len(source.encode("ascii", "ignore")) >= _WORTH_QUOTING * len(source)
        self._fields = (
            f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n".encode()
        )
        lines = {line for line in source.split("\n") if not any(mark in line for mark in _MARKS)}
        self._known = {line: _encoded(line) for line in lines} if self._quoted else {}

    def part(self, text: str) -> EncodedPart:
        """The part of one mail. MalformedMessage on what no mail can carry (NUL, lone surrogates)."""
        if not self._quoted or "\r" in text or "\0" in text:
            return text_part(text, self._subtype)
        lines = text.split("\n")
        if not lines[-1]:
            del lines[-1]
        known = self._known
        try:
            content = b"".join([known.get(line) or _encoded(line) for line in lines])
        except UnicodeEncodeError:
            raise MalformedMessage("The text holds a character that mail cannot carry.", remedy="Remove it.") from None
        return EncodedPart(fields=self._fields, content=content)


def _encoded(line: str) -> bytes:
    return quoted_printable(line.encode("utf-8") + b"\r\n")
