"""What went in comes out, as the standard library's reader and our own see it, whatever a caller thinks of."""

import email
import email.policy
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.headerregistry import AddressHeader, DateHeader
from email.message import EmailMessage
from email.utils import getaddresses
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from mailloom.errors import MalformedMessage
from mailloom.mail.address import Address
from mailloom.mail.compose import (
    AddressList,
    Attachment,
    Body,
    Composed,
    Date,
    HeaderValue,
    InlineImage,
    MessageIds,
    Token,
    Unstructured,
    compose,
    encode_body,
    header_block,
)
from mailloom.mail.message import parse

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANN = Address(name="", localpart="ann", domain="example.org")

# Everything that the checks let through: no control characters, no surrogates, no line separators.
printable = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])
letters = st.sampled_from(list("abc XYZ.,;:\"\\()<>@[]=?_%'*äß日本€😀é"))
one_line = st.text(printable | letters, max_size=150)
names = one_line.map(lambda text: " ".join(text.split()))
localparts = st.text(st.sampled_from(list("abcXYZ019.!#$%&'*+/=?^_`{|}~- \"\\(),:;<>@[]")), min_size=1, max_size=40)
domains = st.sampled_from(["example.org", "sub.example.com", "a_b.example", "xn--exmple-cua.org", "[192.0.2.1]"])
addresses = st.builds(Address, name=names, localpart=localparts, domain=domains)
body_text = st.text(st.sampled_from(list("ab =.\t\n-ä日😀F\x07\x7f")) | printable, max_size=400)
file_names = one_line.filter(lambda text: text == text.strip())


def read(composed: Composed) -> EmailMessage:
    raw = composed.raw
    check_lines(raw)
    return email.message_from_bytes(raw, policy=email.policy.default)


def check_lines(raw: bytes) -> None:
    assert raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\0" not in raw


@given(one_line)
def test_a_subject_comes_out_as_it_went_in(subject: str) -> None:
    raw = header_block([("Subject", Unstructured(subject))]).raw
    check_lines(raw)
    value = email.message_from_bytes(raw + b"\r\n", policy=email.policy.default)["Subject"]
    assert str(value) == subject
    assert max(map(len, raw.split(b"\r\n"))) <= 78 or max(map(len, subject.split(" "))) > 60


@given(st.lists(addresses, min_size=1, max_size=6))
def test_addresses_come_out_as_they_went_in(written: list[Address]) -> None:
    raw = header_block([("To", AddressList(written))]).raw
    check_lines(raw)
    header = email.message_from_bytes(raw + b"\r\n", policy=email.policy.default)["To"]
    assert isinstance(header, AddressHeader)
    assert len(header.addresses) == len(written)
    for found, wanted in zip(header.addresses, written, strict=True):
        assert found.domain == wanted.domain
        assert found.username == wanted.localpart
    # The newer reader puts a space between adjacent encoded words of a name; the older one does as RFC 2047 §6.2 says.
    unfolded = raw.decode("ascii").removeprefix("To: ").replace("\r\n", "")
    decoded = [str(make_header(decode_header(name))) for name, _ in getaddresses([unfolded])]
    assert decoded == [address.name for address in written]


@given(file_names, st.binary(max_size=300))
def test_a_file_comes_out_with_its_name_and_every_octet(name: str, content: bytes) -> None:
    body = Body(text="", attachments=[Attachment(filename=name, content=content)])
    message = read(compose([("From", AddressList([ANN])), ("Date", Date(NOON))], encode_body(body)))
    attachment = next(message.iter_attachments())
    assert (attachment.get_filename() or "") == name
    assert attachment.get_content() == content


@given(body_text, body_text, st.binary(max_size=100))
def test_a_whole_body_comes_out_as_it_went_in(text: str, html: str, image: bytes) -> None:
    pictures = [InlineImage(content_id="a@b", content=image, content_type="image/png")]
    body = encode_body(
        Body(text=text, html=html, inline=pictures, attachments=[Attachment(filename="a", content=image)])
    )
    message = read(compose([("From", AddressList([ANN])), ("Date", Date(NOON))], body))
    parts = [part for part in message.walk() if not part.is_multipart()]
    assert [part.get_content_type() for part in parts] == [
        "text/plain", "text/html", "image/png", "application/octet-stream",
    ]  # fmt: skip
    assert [part.get_content().replace("\r\n", "\n") for part in parts[:2]] == [_ended(text), _ended(html)]
    assert [part.get_content() for part in parts[2:]] == [image, image]


def _ended(text: str) -> str:
    text = re.sub("\r\n?", "\n", text)
    return text if not text or text.endswith("\n") else text + "\n"


@given(st.datetimes(datetime(1900, 1, 1, tzinfo=None), timezones=st.timezones()))  # noqa: DTZ001  # hypothesis adds the zone
def test_a_date_comes_out_as_it_went_in(at: datetime) -> None:
    raw = header_block([("Date", Date(at))]).raw
    header = email.message_from_bytes(raw + b"\r\n", policy=email.policy.default)["Date"]
    assert isinstance(header, DateHeader)
    assert header.datetime is not None
    assert header.datetime.timestamp() == at.replace(microsecond=0).timestamp()


@given(one_line, st.lists(addresses, min_size=1, max_size=3), body_text, body_text, file_names, st.binary(max_size=60))
def test_our_own_reader_reads_what_we_write(
    subject: str, to: list[Address], text: str, html: str, filename: str, content: bytes
) -> None:
    headers: list[tuple[str, HeaderValue]] = [
        ("From", AddressList([ANN])),
        ("To", AddressList(to)),
        ("Date", Date(NOON)),
        ("Subject", Unstructured(subject)),
        ("Message-ID", MessageIds(["<1@example.org>"])),
        ("References", MessageIds(["<2@example.org>", f"<{'3' * 70}@example.org>"])),
    ]
    files = [Attachment(filename=filename, content=content, content_type="application/pdf")]
    message = parse(compose(headers, encode_body(Body(text=text, html=html, attachments=files))).raw)
    assert message.subject == subject.strip()
    assert message.from_ == ANN
    assert message.to == to
    assert message.date == NOON
    assert message.message_id == "<1@example.org>"
    assert message.references == ["<2@example.org>", f"<{'3' * 70}@example.org>"]
    plain, page, file = (part for part in message.walk() if not part.parts)
    assert (plain.content, page.content) == (_sent(text), _sent(html))
    assert (file.filename, file.content, file.content_type) == (filename, content, "application/pdf")


def _sent(text: str) -> bytes:
    return _ended(text).replace("\n", "\r\n").encode()


anything = st.text(st.characters() | st.sampled_from(list("\r\n\0\x0b\x1c\x85\u2028\ud800\udcff:ä=? ")), max_size=60)


@settings(max_examples=300)
@given(anything, anything, anything, anything)
def test_no_value_can_add_a_header(subject: str, name: str, token: str, filename: str) -> None:
    headers: list[tuple[str, HeaderValue]] = [
        ("From", AddressList([ANN])),
        ("Date", Date(NOON)),
        ("Subject", Unstructured(subject)),
        ("To", AddressList([Address(name=name, localpart="bob", domain="example.org")])),
        ("X-Token", Token(token)),
    ]
    files = [Attachment(filename=filename, content=b"")]
    composed = unless_refused(lambda: compose(headers, encode_body(Body(attachments=files))))
    if composed:
        message = read(composed)
        assert message.keys() == ["From", "Date", "Subject", "To", "X-Token", "MIME-Version", "Content-Type"]
        assert next(message.iter_attachments()).keys() == [
            "Content-Type", "Content-Transfer-Encoding", "Content-Disposition",
        ]  # fmt: skip


@settings(max_examples=300)
@given(anything, st.booleans())
def test_no_part_of_an_address_can_add_a_line(part: str, in_domain: bool) -> None:
    localpart, domain = ("bob", part) if in_domain else (part, "example.org")
    address = Address(name="", localpart=localpart, domain=domain)
    block = unless_refused(lambda: header_block([("To", AddressList([address]))]))
    if block:
        check_lines(block.raw)
        assert block.raw.count(b"\r\n") == 1


Made = TypeVar("Made")


def unless_refused(make: Callable[[], Made]) -> Made | None:
    """What `make` makes, or None when it refuses with a sentence that can be shown."""
    try:
        return make()
    except MalformedMessage as error:
        words = str(error)
    assert words.isprintable()
    return None
