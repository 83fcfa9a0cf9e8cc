"""Bytes to text, where the declared charset may be missing, misspelt or a lie.

Never raises, and its text never holds NUL or lone surrogates. What the bytes themselves prove wins over what was declared:
text that is valid UTF-8 beyond chance is UTF-8 whatever its label, and bytes that are not UTF-8 are not, though declared so.
"""

from __future__ import annotations

import codecs
import re

from mailloom.mail.charsets import CP1252, ISO_2022_JP, codec
from mailloom.mail.japanese import decode_iso_2022_jp

_WINDOWS_1252 = (
    bytes(range(256))
    .decode("latin-1")
    .translate({byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0xA0)})
)

_MULTIBYTE = {
    "gb18030",
    "cp949",
    "big5hkscs",
    "cp932",
    "euc_jp",
    "shift_jis_2004",
    "shift_jisx0213",
    "euc_jis_2004",
    "johab",
}
_WIDE = {"utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be"}
_NEVER_SURROGATES = {"utf_8", CP1252, ISO_2022_JP}

_NOT_ASCII = _WIDE | {"utf_7", "hz"}
"""Charsets in which seven-bit bytes may mean something else."""

_BOMS = ((codecs.BOM_UTF8, "utf_8"), (codecs.BOM_UTF16_LE, "utf_16_le"), (codecs.BOM_UTF16_BE, "utf_16_be"))

_JAPANESE = re.compile(rb"\x1b\$[@B]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def decode(data: bytes, charset: str = "") -> str:
    """The text of `data`. An empty or unknown charset means UTF-8, else windows-1252. NULs are dropped."""
    name = codec(charset) if charset else None
    if data.isascii() and b"\x1b" not in data and name not in _NOT_ASCII:
        return clean(data.decode("ascii"))
    text = _decode(data, name)
    if name is None or name in _NEVER_SURROGATES:
        return text.replace("\0", "") if "\0" in text else text
    return clean(text)


def clean(text: str) -> str:
    """Without NUL; lone surrogates become U+FFFD, so that the text can be stored and sent as UTF-8."""
    if "\0" in text:
        text = text.replace("\0", "")
    if text.isascii() or not _SURROGATES.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def decode_windows_1252(data: bytes) -> str:
    """As browsers do (WHATWG Encoding): the five undefined bytes are C1 controls, so nothing fails."""
    return codecs.charmap_decode(data, "strict", _WINDOWS_1252)[0]


def _decode(data: bytes, name: str | None) -> str:
    for mark, marked in _BOMS:
        if data.startswith(mark) and (name in (None, "utf_8", CP1252) or name in _WIDE):
            return data[len(mark) :].decode(marked, "replace")
    if name in (None, "utf_8", CP1252) and data.isascii() and _JAPANESE.search(data):
        return decode_iso_2022_jp(data)
    if name in _WIDE and b"\0" not in data:
        name = None
    if name is None or name == "utf_8":
        return _utf_8_or_less(data)
    if looks_like_utf_8(data, proof=_proof(name)):
        return data.decode("utf-8")
    return _as_declared(data, name)


def _as_declared(data: bytes, name: str) -> str:
    if name == CP1252:
        return decode_windows_1252(data)
    if name == ISO_2022_JP:
        return decode_iso_2022_jp(data)
    try:
        return data.decode(name)
    except (UnicodeError, LookupError):
        if looks_like_utf_8(data, proof=1):
            return data.decode("utf-8")
    try:
        return data.decode(name, "replace")
    except (UnicodeError, LookupError):  # some stateful codecs refuse "replace" on truncated input
        return decode_windows_1252(data)


def _proof(name: str) -> int:
    """How many multi-byte sequences prove UTF-8: text of the declared charset is valid UTF-8 by chance this seldom."""
    if name == CP1252:
        return 1
    return 6 if name in _MULTIBYTE else 3


def looks_like_utf_8(data: bytes, *, proof: int) -> bool:
    """Whether `data` is valid UTF-8 with at least `proof` characters beyond ASCII."""
    if data.isascii():
        return False
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return _beyond_ascii(text) >= proof


def _beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def _utf_8_or_less(data: bytes) -> str:
    """UTF-8 with a few damaged bytes keeps the rest; without any valid sequence it never was UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    if _beyond_ascii(text) - damaged >= damaged:
        return text
    return decode_windows_1252(data)
