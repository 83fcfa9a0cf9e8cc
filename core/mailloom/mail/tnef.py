"""What Outlook packed into a winmail.dat (application/ms-tnef).

[MS-OXTNEF] for the stream, [MS-OXCDATA] §2.11 for property values. Read by offsets into one block of bytes, every count checked against
what is left, so that no input costs more than time linear in its size. What is damaged ends the reading; what came before it stays.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from mailloom.mail.decoding import clean, decode

SIGNATURE = b"\x78\x9f\x3e\x22"

_HEADER = struct.Struct("<BHHI")
_EMBEDDED_MESSAGE = bytes.fromhex("0703020000000000c000000000000046")
_DEEPEST = 5
"""Messages inside messages that are opened; what is deeper stays one file."""

_WIDTHS = {
    0x0001: 0,
    0x0002: 2,
    0x000B: 2,
    0x0003: 4,
    0x0004: 4,
    0x000A: 4,
    0x0005: 8,
    0x0006: 8,
    0x0007: 8,
    0x0014: 8,
    0x0040: 8,
    0x0048: 16,
}
"""Bytes of the property types of fixed size; two-byte values are padded to four."""

_BYTES, _UNICODE, _VARIABLE = 0x0102, 0x001F, (0x001E, 0x001F, 0x000D, 0x0102, 0x0000)


class Attribute(IntEnum):
    """The attributes that are read ([MS-OXTNEF] §2.1.3)."""

    BODY = 0x800C
    ATTACH_DATA = 0x800F
    ATTACH_TITLE = 0x8010
    ATTACH_BEGIN = 0x9002
    MESSAGE_PROPERTIES = 0x9003
    ATTACH_PROPERTIES = 0x9005
    CODE_PAGE = 0x9007


class Property(IntEnum):
    """The properties that are read ([MS-OXPROPS])."""

    BODY = 0x1000
    HTML = 0x1013
    DISPLAY_NAME = 0x3001
    DATA = 0x3701
    FILE_NAME = 0x3704
    LONG_FILE_NAME = 0x3707
    MIME_TYPE = 0x370E
    CONTENT_ID = 0x3712
    CODE_PAGE = 0x3FDE


@dataclass(slots=True, kw_only=True)
class TnefFile:
    name: str = ""
    content: bytes = b""
    content_type: str = ""
    content_id: str = ""


@dataclass(slots=True, kw_only=True)
class Tnef:
    """`plain` and `html` are the message's text, '' where it holds none."""

    plain: str = ""
    html: str = ""
    files: list[TnefFile] = field(default_factory=list)


def unpack(data: bytes) -> Tnef | None:
    """What the stream holds, None if it is no TNEF."""
    if not data.startswith(SIGNATURE):
        return None
    whole = _read(data)
    level = [whole]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _opened(outer)]
        whole.files += [file for inner in level for file in inner.files]
    return whole


def _opened(outer: Tnef) -> list[Tnef]:
    """The messages among the files, read; each also stays a file as long as it has a text."""
    return [_read(file.content) for file in list(outer.files) if file.content.startswith(SIGNATURE)]


def _read(data: bytes) -> Tnef:
    tnef = Tnef()
    code_page = "windows-1252"
    for name, value in _attributes(data):
        if name == Attribute.ATTACH_BEGIN:
            tnef.files.append(TnefFile())
        elif name == Attribute.CODE_PAGE and len(value) >= 4:
            code_page = f"cp{int.from_bytes(value[:4], 'little')}"
        elif name == Attribute.BODY:
            tnef.plain = tnef.plain or _string(value, code_page)
        elif name == Attribute.MESSAGE_PROPERTIES:
            _read_message(tnef, value, code_page)
        elif tnef.files:
            _read_file(tnef.files[-1], name, value, code_page)
    tnef.files = [file for file in tnef.files if file.content or file.name]
    return tnef


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 6
    while at + _HEADER.size <= len(data):
        _, name, _, length = _HEADER.unpack_from(data, at)
        at += _HEADER.size
        yield name, data[at : at + length]
        at += length + 2


def _read_message(tnef: Tnef, value: bytes, code_page: str) -> None:
    found = {name: (kind, text) for name, kind, text in _properties(value)}
    if page := found.get(Property.CODE_PAGE):
        code_page = f"cp{int.from_bytes(page[1][:4], 'little')}"
    if Property.BODY in found:
        tnef.plain = _text(*found[Property.BODY], code_page)
    if Property.HTML in found:
        tnef.html = _text(*found[Property.HTML], code_page)


def _read_file(file: TnefFile, attribute: int, value: bytes, code_page: str) -> None:
    if attribute == Attribute.ATTACH_TITLE:
        file.name = file.name or _string(value, code_page)
    elif attribute == Attribute.ATTACH_DATA:
        file.content = value
    elif attribute == Attribute.ATTACH_PROPERTIES:
        found = {name: (kind, text) for name, kind, text in _properties(value)}
        names = [found[name] for name in (Property.LONG_FILE_NAME, Property.FILE_NAME) if name in found]
        if names:
            file.name = _text(*names[0], code_page)
        elif Property.DISPLAY_NAME in found and not file.name:
            file.name = _text(*found[Property.DISPLAY_NAME], code_page)
        if Property.MIME_TYPE in found:
            file.content_type = _text(*found[Property.MIME_TYPE], code_page)
        if Property.CONTENT_ID in found:
            file.content_id = _text(*found[Property.CONTENT_ID], code_page).strip("<> ")
        if Property.DATA in found:
            file.content = found[Property.DATA][1].removeprefix(_EMBEDDED_MESSAGE)


def _properties(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Name, type, value (the first of several). Ends at the first thing that cannot be."""
    at = 4
    while at + 4 <= len(data):
        kind, name = struct.unpack_from("<HH", data, at)
        at += 4
        if name >= 0x8000:
            at = _after_name(data, at)
        several, kind = bool(kind & 0x1000), kind & ~0x1000
        count = 1
        if several or kind in _VARIABLE:
            count = int.from_bytes(data[at : at + 4], "little")
            at += 4
        if kind in _VARIABLE:
            value, at = _variable(data, at, count)
        elif kind in _WIDTHS:
            value = data[at : at + _WIDTHS[kind]]
            at += (count * _WIDTHS[kind] + 3) // 4 * 4
        else:
            return
        yield name, kind, value


def _after_name(data: bytes, at: int) -> int:
    """Offset after the set and name of a named property."""
    kind, length = int.from_bytes(data[at + 16 : at + 20], "little"), int.from_bytes(data[at + 20 : at + 24], "little")
    return at + 24 + ((length + 3) // 4 * 4 if kind else 0)


def _variable(data: bytes, at: int, count: int) -> tuple[bytes, int]:
    first = b""
    for number in range(count):
        if at + 4 > len(data):
            break
        length = int.from_bytes(data[at : at + 4], "little")
        if number == 0:
            first = data[at + 4 : at + 4 + length]
        at += 4 + (length + 3) // 4 * 4
    return first, at


def _text(kind: int, value: bytes, code_page: str) -> str:
    if kind == _UNICODE:
        return clean(value[: len(value) // 2 * 2].decode("utf-16-le", "replace"))
    return _string(value, code_page)


def _string(value: bytes, code_page: str) -> str:
    return decode(value.rstrip(b"\0"), code_page)
