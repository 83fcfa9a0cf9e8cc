"""Transfer encodings: the forms of RFC 2045 §6, damaged ones, and files in the middle of a text."""

from __future__ import annotations

import base64
import binascii
import random

import pytest

from mailloom.mail.embedded import EmbeddedFile, split_embedded
from mailloom.mail.transfer import undo

BYTES = bytes(range(256)) * 3


def uu(content: bytes, name: str = "a.bin") -> bytes:
    lines = b"".join(binascii.b2a_uu(content[at : at + 45]) for at in range(0, len(content), 45))
    return b"begin 644 " + name.encode() + b"\n" + lines + b"`\nend\n"


def yenc(content: bytes, name: str = "a.bin") -> bytes:
    body = b""
    for byte in content:
        moved = (byte + 42) % 256
        body += bytes((61, (moved + 64) % 256)) if moved in (0, 10, 13, 61) else bytes((moved,))
    lines = b"\r\n".join(body[at : at + 128] for at in range(0, len(body), 128))
    # An escape cut by a line end is valid for readers that drop line ends first, as they should.
    return (
        b"=ybegin line=128 size=%d name=%s\r\n" % (len(content), name.encode())
        + lines
        + b"\r\n=yend size=%d\r\n" % len(content)
    )


ENCODED = [
    pytest.param("base64", base64.encodebytes(BYTES), BYTES, id="base64"),
    pytest.param("BASE64", base64.encodebytes(BYTES).replace(b"\n", b"\r\n"), BYTES, id="base64-crlf"),
    pytest.param('"base64"', b"aGVsbG8=", b"hello", id="base64-quoted-name"),
    pytest.param("base64 (a comment)", b"aGVsbG8=", b"hello", id="base64-comment"),
    pytest.param("base64;", b"aGVsbG8=", b"hello", id="base64-semicolon"),
    pytest.param("base64", b"aGVsbG8", b"hello", id="no-padding"),
    pytest.param("base64", b"aGVsbG8x=", b"hello1", id="padding-too-much"),
    pytest.param("base64", b"aGVsb", b"hel", id="one-character-left"),
    pytest.param("base64", b"aGVs-!?bG8=", b"hello", id="foreign-characters"),
    pytest.param("base64", b"aGVs\0bG8=", b"hello", id="nul"),
    pytest.param("base64", b"aGVsbG8=\r\nIHdvcmxk\r\n", b"hello world", id="two-pieces"),
    pytest.param("base64", b"aGVsbG8=IHdvcmxk", b"hello world", id="two-pieces-on-a-line"),
    pytest.param("base64", b"aGVsbG8=\r\n\r\n____\r\nlist footer of words\r\n", b"hello", id="footer"),
    pytest.param(
        "base64",
        b"This text was never encoded, you see.\n",
        b"This text was never encoded, you see.\n",
        id="base64-is-prose",
    ),
    pytest.param(
        "base64",
        b"VGhpcyBpcyBhIGxv bmdlciB0ZXh0IHdp dGggYmxhbmtz",
        b"This is a longer text with blanks",
        id="base64-with-blanks",
    ),
    pytest.param("base64", b"", b"", id="base64-empty"),
    pytest.param("base64", b"=", b"", id="base64-only-padding"),
    pytest.param("quoted-printable", b"h=C3=A4 =\r\nb", "hä b".encode(), id="quoted-printable"),
    pytest.param("Quoted-Printable", b"a= \r\nb", b"ab", id="soft-break-with-blank"),
    pytest.param("quoted_printable", b"a=3Db", b"a=b", id="misspelt"),
    pytest.param("quoted-printable", b"=c3=a4", "ä".encode(), id="lower-case-hex"),
    pytest.param("quoted-printable", b"a=ZZb", b"a=ZZb", id="bad-hex"),
    pytest.param("quoted-printable", b"a=", b"a", id="ends-in-equals"),
    pytest.param("quoted-printable", b"a=3", b"a=3", id="ends-in-half-hex"),
    pytest.param("quoted-printable", b"a_b", b"a_b", id="underscore-stays"),
    pytest.param("8bit", "ä".encode(), "ä".encode(), id="8bit"),
    pytest.param("7-bit", b"a=3D", b"a=3D", id="7bit"),
    pytest.param("x-nowhere", b"a=3D", b"a=3D", id="unknown"),
    pytest.param("", b"a=3D", b"a=3D", id="none"),
    pytest.param("x-uuencode", uu(BYTES), BYTES, id="uuencode"),
    pytest.param("uuencode", b"text before\n" + uu(BYTES) + b"text after", BYTES, id="uuencode-with-text"),
    pytest.param("uuencode", uu(b"hello").split(b"\n", 1)[1], b"hello", id="uuencode-without-begin"),
    pytest.param("x-yencode", yenc(BYTES), BYTES, id="yenc"),
]


@pytest.mark.parametrize(("encoding", "body", "content"), ENCODED)
def test_a_transfer_encoding_is_undone_as_far_as_it_goes(encoding: str, body: bytes, content: bytes) -> None:
    assert undo(encoding, body) == content


EMBEDDED = [
    pytest.param(b"before\n" + uu(BYTES) + b"after\n", b"before\nafter\n", [(b"a.bin", BYTES)], id="uuencode"),
    pytest.param(uu(BYTES).replace(b"\n", b"\r\n"), b"", [(b"a.bin", BYTES)], id="uuencode-crlf"),
    pytest.param(uu(b"x", "my file.txt"), b"", [(b"my file.txt", b"x")], id="uuencode-name-with-blank"),
    pytest.param(uu(b"a") + b"mid\n" + uu(b"b", "b"), b"mid\n", [(b"a.bin", b"a"), (b"b", b"b")], id="uuencode-twice"),
    pytest.param(uu(BYTES)[:-5], b"", [(b"a.bin", BYTES)], id="uuencode-without-end"),
    pytest.param(uu(BYTES).replace(b"`\nend", b" \nend"), b"", [(b"a.bin", BYTES)], id="uuencode-blank-as-zero"),
    pytest.param(
        b"begin 644 words of a sentence\nand more\n",
        b"begin 644 words of a sentence\nand more\n",
        [],
        id="not-uuencode",
    ),
    pytest.param(b"to begin 644 with\n", b"to begin 644 with\n", [], id="begin-in-a-line"),
    pytest.param(
        b"begin-base64 644 a.txt\naGVsbG8=\n====\nafter", b"after", [(b"a.txt", b"hello")], id="uuencode-base64"
    ),
    pytest.param(b"before\r\n" + yenc(BYTES) + b"after", b"before\r\nafter", [(b"a.bin", BYTES)], id="yenc"),
    pytest.param(
        yenc(b"hello").replace(b"\r\n", b"\r\n=ypart begin=1 end=5\r\n", 1), b"", [(b"a.bin", b"hello")], id="yenc-part"
    ),
    pytest.param(yenc(b"hello").partition(b"\r\n=yend")[0], b"", [(b"a.bin", b"hello")], id="yenc-without-end"),
    pytest.param(b"begin\nnothing", b"begin\nnothing", [], id="begin-alone"),
]


@pytest.mark.parametrize(("text", "rest", "files"), EMBEDDED)
def test_files_in_a_text_are_taken_out_of_it(text: bytes, rest: bytes, files: list[tuple[bytes, bytes]]) -> None:
    assert split_embedded(text) == (rest, [EmbeddedFile(name=name, content=content) for name, content in files])


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"begin 644 a\n" * 50_000, id="begins"),
        pytest.param(b"begin 644 a\n#86)C\n" * 20_000, id="blocks-without-end"),
        pytest.param(b"=ybegin name=a\n" * 50_000, id="ybegins"),
        pytest.param(b"begin 644 " + b" " * 300_000, id="blanks"),
        pytest.param(b"=" * 300_000, id="equals"),
        pytest.param(b"= " * 200_000, id="soft-breaks"),
        pytest.param(b"=" + b" " * 300_000 + b"x", id="equals-and-blanks"),
        pytest.param(b"AA==" * 100_000, id="pieces"),
        pytest.param(b"\n" * 500_000, id="lines"),
    ],
)
def test_hostile_bodies_cost_linear_time(body: bytes) -> None:
    split_embedded(body)
    for encoding in ("base64", "quoted-printable", "uuencode", "yenc"):
        undo(encoding, body)


def test_any_bytes_survive_uuencode_and_yenc() -> None:
    rng = random.Random(3)
    for size in (0, 1, 44, 45, 46, 1000):
        content = rng.randbytes(size)
        assert undo("uuencode", uu(content)) == content
        assert undo("yenc", yenc(content)) == content
