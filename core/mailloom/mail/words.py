"""Encoded words: `=?charset?q?text?=` in unstructured text, phrases and, against the standard, parameters.

RFC 2047, read as widely as real mail needs: spaces inside a word, words glued to text, missing padding or terminator, lower-case
encodings, a language tag (RFC 2231 §5), a multi-byte character or a base64 group split over two words. What is decoded never
brings line ends or NUL into the text.
"""

from __future__ import annotations

import binascii
import re

from mailloom.mail.charsets import codec
from mailloom.mail.decoding import clean, decode

_START = re.compile(r"=\?(?!=)")
_WELL_FORMED = re.compile(r"=\?([^?*\s]+)(?:\*[^?\s]*)?\?([bBqQ])\?([^?\s]*)\?=(?![0-9A-Fa-f]{2}[^?\s]*\?=)")

# The text of a word may hold `?`, but not the start of another word; `?=20` inside a word is text, not its end.
_LENIENT = re.compile(
    r"=\?([^?*\s]*)(?:\*[^?\s]*)?\?\s?([bBqQ])\s?\?"
    r"((?:(?!=\?[^?\s]+\?[bBqQ]\?).)*?)"
    r"(?:\?=(?![0-9A-Fa-f]{2}[^?\s]*\?=)|\?*\Z)",
    re.DOTALL,
)

_CONTROLS = dict.fromkeys((*range(0x20), 0x7F, 0x85, 0x2028, 0x2029), " ") | {0: ""}
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")

Word = tuple[str, str, str]
"""Charset, encoding letter, text."""


def decode_words(text: str) -> str:
    """`text` with each run of encoded words replaced by what it says; the rest as it was. Linear time."""
    if "=?" not in text:
        return text
    if only := _WELL_FORMED.fullmatch(text):
        return _decode_same([(only[1], only[2].lower(), only[3])])
    matches = list(_WELL_FORMED.finditer(text))
    if len(matches) != len(_START.findall(text)):
        matches = list(_LENIENT.finditer(text))
    decoded: list[str] = []
    run: list[Word] = []
    end = 0
    for match in matches:
        between = text[end : match.start()]
        if not run or between.strip(" \t\r\n"):
            decoded += (_decode_run(run), between)
            run = []
        run.append((match[1], match[2].lower(), match[3]))
        end = match.end()
    decoded += (_decode_run(run), text[end:])
    return "".join(decoded)


def _decode_run(run: list[Word]) -> str:
    """Neighbours of one charset are joined as bytes first, so that a character may be split between them."""
    decoded: list[str] = []
    same: list[Word] = []
    for word in run:
        if same and same[0][0].lower() != word[0].lower():
            decoded.append(_decode_same(same))
            same = []
        same.append(word)
    if same:
        decoded.append(_decode_same(same))
    return "".join(decoded)


def _decode_same(words: list[Word]) -> str:
    charset = words[0][0]
    data = b"".join(_bytes_of(encoding, text) for _, encoding, text in words)
    if _base64_split(words) and not _fits(data, charset):
        joined = _from_base64("".join(text for _, _, text in words))
        if _fits(joined, charset):
            data = joined
    text = clean(decode(data, charset))
    return text if text.isprintable() else text.translate(_CONTROLS)


def _bytes_of(encoding: str, text: str) -> bytes:
    return _from_base64(text) if encoding == "b" else _from_q(text)


def _from_q(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return binascii.a2b_qp(data, header=True) if b"=" in data or b"_" in data else data


def _from_base64(text: str) -> bytes:
    data = _NOT_BASE64.sub(b"", text.encode("utf-8", "surrogatepass"))
    if len(data) % 4 == 1:
        data = data[:-1]
    return binascii.a2b_base64(data + b"=" * (-len(data) % 4))


def _base64_split(words: list[Word]) -> bool:
    """Whether a sender cut one base64 text into words at any character (each word should be whole by itself)."""
    return (
        len(words) > 1
        and all(encoding == "b" for _, encoding, _ in words)
        and any(len(text) % 4 for _, _, text in words)
    )


def _fits(data: bytes, charset: str) -> bool:
    name = codec(charset) or "utf_8"
    try:
        text = data.decode(name)
    except (UnicodeError, LookupError):
        return False
    return "\ufffd" not in text and text.translate(_CONTROLS) == text
