"""Files that stand in the middle of a text: uuencode and yEnc.

uuencode is as POSIX describes it (`begin 644 name` … `end`), yEnc as its specification 1.3 does (`=ybegin line=… size=… name=…` …
`=yend`). A block that is cut off gives what it holds; something that only looks like a beginning stays text. Linear time.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass

_UU_BEGIN = re.compile(rb"^begin(?:-base64)?[ \t]++([0-7]{3,4})[ \t]++([^\r\n]{1,300})\r?$", re.MULTILINE)
_YENC_BEGIN = re.compile(rb"^=ybegin [^\r\n]{0,400}?name=([^\r\n]{1,300})\r?\n", re.MULTILINE)
_YENC_END = re.compile(rb"^=yend\b[^\r\n]*\r?\n?", re.MULTILINE)
_YENC_PART = re.compile(rb"=ypart [^\r\n]*\r?\n")
_YENC_SHIFT = bytes((byte - 42) % 256 for byte in range(256))


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedFile:
    """`name` as the bytes say it; the caller knows the text's charset."""

    name: bytes
    content: bytes


def split_embedded(text: bytes) -> tuple[bytes, list[EmbeddedFile]]:
    """The text without its embedded files, and the files in order."""
    files: list[EmbeddedFile] = []
    if b"begin" not in text:
        return text, files
    if b"=ybegin " in text:
        text = _without_yenc(text, files)
    if b"begin" in text and _UU_BEGIN.search(text):
        text = _without_uu(text, files)
    return text, files


def from_uu(body: bytes) -> bytes:
    """The content of the first uuencoded file of `body`; without a `begin` line, of its lines as they stand."""
    _, files = split_embedded(body)
    if files:
        return files[0].content
    return b"".join(_uu_line(line) or b"" for line in body.splitlines())


def from_yenc(body: bytes) -> bytes:
    """The content of the first yEnc file of `body`; without `=ybegin`, of all of it."""
    files: list[EmbeddedFile] = []
    _without_yenc(body, files)
    return files[0].content if files else _yenc_content(body)


def _without_uu(text: bytes, files: list[EmbeddedFile]) -> bytes:
    kept: list[bytes] = []
    at = 0
    while match := _UU_BEGIN.search(text, at):
        content, end = _uu_block(text, min(match.end() + 1, len(text)), base64=match[0].startswith(b"begin-base64"))
        if content is None:
            kept.append(text[at : match.end()])
            at = match.end()
            continue
        kept.append(text[at : match.start()])
        files.append(EmbeddedFile(name=match[2].rstrip(), content=content))
        at = end
    kept.append(text[at:])
    return b"".join(kept)


def _uu_block(text: bytes, at: int, *, base64: bool) -> tuple[bytes | None, int]:
    """(content, offset after the block), or (None, at) if the lines there are no encoding."""
    decoded: list[bytes] = []
    start = at
    while at < len(text):
        end = text.find(b"\n", at)
        end = len(text) if end < 0 else end
        line = text[at:end].rstrip(b"\r")
        if line.rstrip() in (b"end", b"===="):
            return b"".join(decoded), min(end + 1, len(text))
        data = _base64_line(line) if base64 else _uu_line(line)
        if data is None:
            break
        decoded.append(data)
        at = end + 1
    return (b"".join(decoded), min(at, len(text))) if any(decoded) else (None, start)


def _uu_line(line: bytes) -> bytes | None:
    """One line decoded; None if it is not uuencoded. Lost blanks at its end, and excess characters, are forgiven."""
    if not line.strip() or line == b"`":
        return b""
    length = (line[0] - 32) & 63
    needed = (length * 4 + 2) // 3
    if not 32 <= line[0] <= 96 or not needed - 8 <= len(line) - 1 <= needed + 6:
        return None
    try:
        return binascii.a2b_uu(line[: 1 + (length + 2) // 3 * 4])
    except binascii.Error:
        return None


def _base64_line(line: bytes) -> bytes | None:
    try:
        return binascii.a2b_base64(line)
    except binascii.Error:
        return None


def _without_yenc(text: bytes, files: list[EmbeddedFile]) -> bytes:
    kept: list[bytes] = []
    at = 0
    while match := _YENC_BEGIN.search(text, at):
        part = _YENC_PART.match(text, match.end())
        start = part.end() if part else match.end()
        end = _YENC_END.search(text, start)
        kept.append(text[at : match.start()])
        files.append(
            EmbeddedFile(
                name=match[1].strip(b'" \t'), content=_yenc_content(text[start : end.start() if end else None])
            )
        )
        at = end.end() if end else len(text)
    kept.append(text[at:])
    return b"".join(kept)


def _yenc_content(data: bytes) -> bytes:
    """Line ends are no data; `=` says that the byte after it is moved by 64 more."""
    first, *escaped = data.translate(None, b"\r\n").split(b"=")
    pieces = [first.translate(_YENC_SHIFT)]
    pieces += (bytes(((piece[0] - 106) % 256,)) + piece[1:].translate(_YENC_SHIFT) for piece in escaped if piece)
    return b"".join(pieces)
