"""Undoing a Content-Transfer-Encoding.

RFC 2045 §6, and uuencode and yEnc where they are named as an encoding. Damaged input gives as much as can be decoded, never an
error; an unknown encoding leaves the bytes as they are.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable

from mailloom.mail.embedded import from_uu, from_yenc

_SOFT_BREAK_WITH_BLANKS = re.compile(rb"=[ \t]++(?=\r?\n|\Z)")
_NOT_BASE64 = bytes(byte for byte in range(256) if not (chr(byte).isalnum() and byte < 128) and byte not in b"+/=")
_BASE64 = bytes(set(range(256)) - set(_NOT_BASE64))
_SAMPLE = 1000
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]{4,}={0,2}[ \t\r]*\Z")


def undo(encoding: str, body: bytes) -> bytes:
    """`body` without its transfer encoding; `encoding` as written in the header."""
    if not encoding:
        return body
    name = encoding.lower()
    decoder = _DECODERS.get(name)
    if decoder is None:
        decoder = _DECODERS.get(re.sub(r"[\s\"'_;]|\([^)]*\)", "", name[:100]).split(",")[0])
    return decoder(body) if decoder else body


def _from_base64(body: bytes) -> bytes:
    if _is_prose(body[:_SAMPLE].lstrip().split(b"\n", 1)[0]):
        return body
    padded = body.find(b"=")
    if padded < 0 or not body[padded:].strip(b"=\r\n \t"):
        try:
            return binascii.a2b_base64(body)
        except binascii.Error:
            return _from_damaged(body)
    return _from_pieces(body)


def _is_prose(sample: bytes) -> bool:
    """Whether this first line is text that was never encoded, whatever the header says: words with blanks and marks between them."""
    if b" " not in sample or len(sample) < 20:
        return False
    return b" " in sample.strip() and len(sample.translate(None, _BASE64)) * 8 > len(sample)


def _from_damaged(body: bytes) -> bytes:
    """Every whole group of four characters, whatever stands between them, and what a last partial group still says."""
    characters = body.translate(None, _NOT_BASE64).replace(b"=", b"")
    if len(characters) % 4 == 1:
        characters = characters[:-1]
    return binascii.a2b_base64(characters + b"=" * (-len(characters) % 4))


def _from_pieces(body: bytes) -> bytes:
    """Padding in the middle: several encoded pieces follow one another. Lines after it that are not base64 are a footer."""
    decoded: list[bytes] = []
    piece: list[bytes] = []
    padding_seen = False
    for line in body.split(b"\n"):
        if padding_seen and not _BASE64_LINE.match(line):
            if line.strip():
                break
            continue
        piece.append(line)
        if b"=" in line:
            padding_seen = True
            decoded += map(_from_damaged, b"".join(piece).split(b"="))
            piece = []
    decoded.append(_from_damaged(b"".join(piece)))
    return b"".join(decoded)


def _from_quoted_printable(body: bytes) -> bytes:
    content = binascii.a2b_qp(body)
    if b"=" in content and _SOFT_BREAK_WITH_BLANKS.search(body):
        return binascii.a2b_qp(_SOFT_BREAK_WITH_BLANKS.sub(b"=", body))
    return content


_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "base64": _from_base64,
    "base-64": _from_base64,
    "base64encoding": _from_base64,
    "b": _from_base64,
    "quoted-printable": _from_quoted_printable,
    "quotedprintable": _from_quoted_printable,
    "quoted": _from_quoted_printable,
    "qp": _from_quoted_printable,
    "q": _from_quoted_printable,
    "x-uuencode": from_uu,
    "uuencode": from_uu,
    "x-uue": from_uu,
    "uue": from_uu,
    "x-uu": from_uu,
    "x-yencode": from_yenc,
    "yenc": from_yenc,
    "x-yenc": from_yenc,
}
