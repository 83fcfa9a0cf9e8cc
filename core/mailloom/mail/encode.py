"""Content-Transfer-Encoding on the way out (RFC 2045 §6).

Text goes as it is when it is short-lined ASCII, else as quoted-printable or base64, whichever is shorter. Bytes go as base64.
What comes out has CRLF line ends only and no line over 78 characters.
"""

from __future__ import annotations

import binascii
from enum import Enum

_ENCODED_LINE = 76
# A whole number of lines of 57 octets, which is what 76 characters of base64 hold.
_BLOCK = 57 * 8192
_LONGEST_PLAIN_LINE = 78
_PRINTABLE = bytes(range(0x20, 0x7F))
_PLAIN_OCTETS = _PRINTABLE + b"\t\r\n"
_QP_LITERAL = _PLAIN_OCTETS.replace(b"=", b"")
# Mailbox files and old relays rewrite a line that begins so; a soft line break hides it.
_SEPARATOR, _SPLIT_SEPARATOR = b"From ", b"F=\r\nrom "


class TransferEncoding(Enum):
    SEVEN_BIT = "7bit"
    EIGHT_BIT = "8bit"
    QUOTED_PRINTABLE = "quoted-printable"
    BASE64 = "base64"


def with_crlf(text: str) -> str:
    """`text` with every line end as CRLF and one at its end; '' stays ''."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text and text[-1] != "\n":
        text += "\n"
    return text.replace("\n", "\r\n")


def encode_text(content: bytes) -> tuple[TransferEncoding, bytes]:
    """The best transfer encoding for text octets, and the octets under it. `content` must have CRLF line ends."""
    if _is_plain(content):
        return TransferEncoding.SEVEN_BIT, content
    base64_length = _base64_length(len(content))
    escapes = len(content.translate(None, _QP_LITERAL))
    # This is the least that quoted-printable can need: when it loses already, the encoding itself is saved.
    if len(content) + 2 * escapes < base64_length:
        printable = quoted_printable(content)
        if len(printable) <= base64_length:
            return TransferEncoding.QUOTED_PRINTABLE, printable
    return TransferEncoding.BASE64, base64_lines(content)


def quoted_printable(content: bytes) -> bytes:
    """Quoted-printable text, lines of at most 76 characters (RFC 2045 §6.7). `content` must have CRLF line ends."""
    encoded = binascii.b2a_qp(content)
    # Without a line end in its input to learn from, b2a_qp breaks lines with a bare line feed.
    if b"\r\n" not in content:
        encoded = encoded.replace(b"\n", b"\r\n")
    if b" \r\n" in content or b"\t\r\n" in content or content.endswith((b" ", b"\t")):
        encoded = b"\r\n".join(map(_within_width, encoded.split(b"\r\n")))
    if encoded.startswith(_SEPARATOR):
        encoded = _SPLIT_SEPARATOR + encoded[len(_SEPARATOR) :]
    return encoded.replace(b"\n" + _SEPARATOR, b"\n" + _SPLIT_SEPARATOR)


def base64_lines(content: bytes) -> bytes:
    """Base64 in lines of 76 characters, without a line end after the last."""
    if len(content) > _BLOCK:
        # Block by block, so that a large file does not stand in memory as a million short lines.
        blocks = [base64_lines(content[begin : begin + _BLOCK]) for begin in range(0, len(content), _BLOCK)]
        return b"\r\n".join(blocks)
    encoded = binascii.b2a_base64(content, newline=False)
    return b"\r\n".join([encoded[begin : begin + _ENCODED_LINE] for begin in range(0, len(encoded), _ENCODED_LINE)])


def longest_line(content: bytes) -> int:
    """Length in octets of the longest line, without its line end."""
    return max(map(len, content.split(b"\n")))


def _within_width(line: bytes) -> bytes:
    """b2a_qp forgets that white space at a line's end grows to three octets; its line is then one too long."""
    return line if len(line) <= _ENCODED_LINE else line[:-3] + b"=\r\n" + line[-3:]


def _base64_length(length: int) -> int:
    encoded = (length + 2) // 3 * 4
    return encoded + 2 * ((encoded - 1) // _ENCODED_LINE) if encoded else 0


def _is_plain(content: bytes) -> bool:
    return (
        content.isascii()
        and not content.translate(None, _PLAIN_OCTETS)
        and not content.startswith(_SEPARATOR)
        and b"\n" + _SEPARATOR not in content
        and longest_line(content) <= _LONGEST_PLAIN_LINE + 1
    )
