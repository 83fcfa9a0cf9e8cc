"""winmail.dat: a stream built here from [MS-OXTNEF], whole, cut anywhere, and hostile."""

from __future__ import annotations

import binascii
import random
import struct

import pytest

from mailloom.mail.message import parse
from mailloom.mail.tnef import SIGNATURE, Attribute, Property, unpack


def attribute(name: int, value: bytes, level: int = 1) -> bytes:
    return struct.pack("<BHHI", level, name, 6, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def padded(value: bytes) -> bytes:
    return struct.pack("<I", len(value)) + value + b"\0" * (-len(value) % 4)


def properties(*values: bytes) -> bytes:
    return struct.pack("<I", len(values)) + b"".join(values)


def string(name: int, text: str) -> bytes:
    return struct.pack("<HHI", 0x1E, name, 1) + padded(text.encode("cp1252") + b"\0")


def wide(name: int, text: str) -> bytes:
    return struct.pack("<HHI", 0x1F, name, 1) + padded(text.encode("utf-16-le") + b"\0\0")


def binary(name: int, value: bytes) -> bytes:
    return struct.pack("<HHI", 0x102, name, 1) + padded(value)


def file(name: str, content: bytes, *more: bytes) -> bytes:
    return (
        attribute(Attribute.ATTACH_BEGIN, b"\0" * 14, 2)
        + attribute(Attribute.ATTACH_TITLE, name.encode("cp1252") + b"\0", 2)
        + attribute(Attribute.ATTACH_DATA, content, 2)
        + attribute(Attribute.ATTACH_PROPERTIES, properties(*more), 2)
    )


def stream(*attributes: bytes) -> bytes:
    return SIGNATURE + b"\x01\x00" + attribute(Attribute.CODE_PAGE, struct.pack("<II", 1252, 0)) + b"".join(attributes)


NUMBER = struct.pack("<HHI", 0x3, 0x3705, 1)
SHORT = struct.pack("<HHHH", 0x2, 0x3706, 7, 0)
NAMED = (
    struct.pack("<HH", 0x3, 0x8001) + b"\1" * 16 + struct.pack("<II", 1, 6) + b"a\0b\0c\0\0\0" + struct.pack("<I", 5)
)
SEVERAL = struct.pack("<HHI", 0x101E, 0x3799, 2) + padded(b"one\0") + padded(b"two\0")

WHOLE = stream(
    attribute(Attribute.BODY, "Grüße\0".encode("cp1252")),
    file("LONGNA~1.TXT", b"content\0\0", NUMBER, SHORT, NAMED, SEVERAL, wide(Property.LONG_FILE_NAME, "long näme.txt")),
    file("pic.png", b"PNG", string(Property.MIME_TYPE, "image/png"), string(Property.CONTENT_ID, "<img@x>")),
)


def as_mail(data: bytes) -> bytes:
    return b"Subject: x\nContent-Type: application/ms-tnef; name=winmail.dat\n\n" + data


def test_a_winmail_dat_is_unpacked_into_its_files() -> None:
    read = parse(as_mail(WHOLE))
    assert [(a.name, a.content_type, a.content, a.content_id) for a in read.attachments] == [
        ("long näme.txt", "text/plain", b"content\0\0", ""),
        ("pic.png", "image/png", b"PNG", "img@x"),
    ]
    assert read.plain == "Grüße"


def test_the_type_may_be_hidden_behind_the_name() -> None:
    raw = as_mail(WHOLE).replace(b"application/ms-tnef", b"application/octet-stream")
    assert [a.name for a in parse(raw).attachments] == ["long näme.txt", "pic.png"]


def test_a_uuencoded_winmail_dat_is_unpacked_too() -> None:
    lines = b"".join(binascii.b2a_uu(WHOLE[at : at + 45]) for at in range(0, len(WHOLE), 45))
    read = parse(b"Subject: x\n\ntext\nbegin 600 winmail.dat\n" + lines + b"`\nend\n")
    assert [a.name for a in read.attachments] == ["long näme.txt", "pic.png"]


def test_the_text_of_the_mail_wins_over_the_text_inside() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nouter\n--b\nContent-Type: application/ms-tnef\n\n"
        + WHOLE
        + b"\n--b--\n"
    )
    read = parse(raw)
    assert (read.plain, len(read.attachments)) == ("outer", 2)


def test_html_and_code_page_come_from_the_message_properties() -> None:
    page = struct.pack("<HHI", 0x3, Property.CODE_PAGE, 65001)
    value = properties(page, binary(Property.HTML, "<p>Größe</p>".encode()), string(Property.BODY, "plain"))
    opened = unpack(stream(attribute(Attribute.MESSAGE_PROPERTIES, value)))
    assert opened is not None
    assert (opened.html, opened.plain) == ("<p>Größe</p>", "plain")


def test_a_message_inside_gives_its_files_too() -> None:
    sig = bytes.fromhex("0703020000000000c000000000000046")
    inner = struct.pack("<HHI", 0xD, Property.DATA, 1) + padded(sig + stream(file("deep.txt", b"deep")))
    opened = unpack(stream(file("inner", b"", inner)))
    assert opened is not None
    assert "deep.txt" in [f.name for f in opened.files]


@pytest.mark.parametrize(
    "data", [b"", b"x", SIGNATURE[:3], b"not tnef at all"], ids=["empty", "short", "half", "other"]
)
def test_what_is_no_tnef_stays_a_file(data: bytes) -> None:
    assert unpack(data) is None
    assert [a.name for a in parse(as_mail(data)).attachments] == ["winmail.dat"]


def test_a_stream_cut_anywhere_or_damaged_gives_what_it_holds() -> None:
    rng = random.Random(5)
    for cut in range(len(WHOLE)):
        parse(as_mail(WHOLE[:cut])).attachments  # noqa: B018  # reading it is the test
        damaged = bytearray(WHOLE)
        damaged[cut] = rng.randrange(256)
        unpack(bytes(damaged))


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(stream(attribute(0x9999, b"") * 100_000), id="attributes"),
        pytest.param(stream(attribute(Attribute.ATTACH_BEGIN, b"") * 100_000), id="empty-files"),
        pytest.param(
            stream(attribute(Attribute.MESSAGE_PROPERTIES, struct.pack("<I", 2**32 - 1) + b"\0" * 500_000)),
            id="zero-properties",
        ),
        pytest.param(
            stream(
                attribute(Attribute.MESSAGE_PROPERTIES, struct.pack("<IHHI", 1, 0x101E, 1, 2**32 - 1) + b"\0" * 500_000)
            ),
            id="values",
        ),
        pytest.param(stream(attribute(Attribute.MESSAGE_PROPERTIES, properties(*[NUMBER] * 100_000))), id="properties"),
    ],
)
def test_a_hostile_stream_costs_linear_time(data: bytes) -> None:
    unpack(data)
