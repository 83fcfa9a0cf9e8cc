"""Transfer encodings on the way out: nothing lost, lines short, the shorter encoding chosen."""

import base64
import binascii
import quopri
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailloom.mail.encode import TransferEncoding, base64_lines, encode_text, longest_line, quoted_printable, with_crlf

lines_of_text = st.lists(st.text(alphabet="aä =.\t-日F", max_size=120) | st.just("From afar"), max_size=12).map(
    "\r\n".join
)

DECODERS: dict[TransferEncoding, Callable[[bytes], bytes]] = {
    TransferEncoding.SEVEN_BIT: bytes,
    TransferEncoding.QUOTED_PRINTABLE: binascii.a2b_qp,
    TransferEncoding.BASE64: binascii.a2b_base64,
}


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        pytest.param("Hello\r\n", TransferEncoding.SEVEN_BIT, id="short ASCII lines go as they are"),
        pytest.param("a\tb\r\n", TransferEncoding.SEVEN_BIT, id="a tab is plain"),
        pytest.param("", TransferEncoding.SEVEN_BIT, id="nothing is plain"),
        pytest.param("x" * 78 + "\r\n", TransferEncoding.SEVEN_BIT, id="78 characters are plain"),
        pytest.param("x" * 79 + "\r\n", TransferEncoding.QUOTED_PRINTABLE, id="79 characters are not"),
        pytest.param("Viele Grüße aus Köln am Rhein\r\n", TransferEncoding.QUOTED_PRINTABLE, id="mostly Latin"),
        pytest.param("日本語のテキスト\r\n", TransferEncoding.BASE64, id="Japanese"),
        pytest.param("From here on\r\n", TransferEncoding.QUOTED_PRINTABLE, id="a mailbox separator at the start"),
        pytest.param("So\r\nFrom here on\r\n", TransferEncoding.QUOTED_PRINTABLE, id="a mailbox separator later"),
        pytest.param(
            "bell \x07 rings in this line of text\r\n", TransferEncoding.QUOTED_PRINTABLE, id="a control character"
        ),
    ],
)
def test_the_encoding_fits_the_text(text: str, encoding: TransferEncoding) -> None:
    assert encode_text(text.encode())[0] is encoding


@given(lines_of_text)
def test_encoded_text_decodes_to_itself_in_short_lines(text: str) -> None:
    content = text.encode()
    encoding, encoded = encode_text(content)
    assert DECODERS[encoding](encoded) == content
    assert longest_line(encoded) <= 79
    assert encoded.count(b"\r") == encoded.count(b"\n") == encoded.count(b"\r\n")


@given(lines_of_text)
def test_quoted_printable_keeps_the_line_limit_of_76(text: str) -> None:
    encoded = quoted_printable(text.encode())
    assert max(map(len, encoded.split(b"\r\n"))) <= 76
    assert b"\n" not in encoded.replace(b"\r\n", b"")
    assert quopri.decodestring(encoded) == text.encode()
    assert b"\nFrom " not in b"\n" + encoded
    assert not any(line.endswith((b" ", b"\t")) for line in encoded.split(b"\r\n"))


@given(lines_of_text)
def test_no_encoding_would_have_been_shorter(text: str) -> None:
    content = text.encode()
    encoding, encoded = encode_text(content)
    if encoding is not TransferEncoding.SEVEN_BIT:
        assert len(encoded) <= min(len(quoted_printable(content)), len(base64_lines(content)))


@given(st.binary(max_size=400))
def test_base64_keeps_every_octet(content: bytes) -> None:
    encoded = base64_lines(content)
    assert base64.b64decode(encoded.replace(b"\r\n", b""), validate=True) == content
    assert all(len(line) == 76 for line in encoded.split(b"\r\n")[:-1])


def test_a_large_file_is_encoded_as_in_one_piece() -> None:
    content = bytes(range(256)) * 4000 + b"end"
    assert base64_lines(content).replace(b"\r\n", b"") == base64.b64encode(content)
    assert {len(line) for line in base64_lines(content).split(b"\r\n")[:-1]} == {76}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a\nb", "a\r\nb\r\n", id="line feeds"),
        pytest.param("a\rb\r", "a\r\nb\r\n", id="carriage returns"),
        pytest.param("a\r\nb\r\n", "a\r\nb\r\n", id="already right"),
        pytest.param("a\n\r\n\rb", "a\r\n\r\n\r\nb\r\n", id="mixed"),
        pytest.param("", "", id="empty"),
    ],
)
def test_every_line_end_becomes_crlf(text: str, expected: str) -> None:
    assert with_crlf(text) == expected
