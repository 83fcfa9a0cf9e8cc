"""Any bytes at all: nothing raises, and what does not change the meaning changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailloom.mail.address import normalise, parse_addresses
from mailloom.mail.dates import parse_date
from mailloom.mail.decoding import decode
from mailloom.mail.message import Message, Part, parse
from mailloom.mail.parameters import parse_parameters
from mailloom.mail.tnef import SIGNATURE, unpack
from mailloom.mail.transfer import undo
from mailloom.mail.words import decode_words

FRAGMENTS = [
    b"From: ann@example.org\n", b"To: =?utf-8?q?=C3=A4?= <a@b>, c@d\n", b"Subject: =?utf-8?b?w6Q=?=\n", b"Subject: \xe4\n", b"Date: 1 Jan 2026\n",
    b"Message-ID: <a@b>\n", b"References: <a@b> <c\n @d>\n", b"\n", b"\r\n", b"\r", b" ", b"\t", b"\0", b"--b\n", b"--b--\n", b"--bb\n", b"text\n",
    b"Content-Type: multipart/mixed; boundary=b\n", b"Content-Type: multipart/alternative; boundary=bb\n", b"Content-Type: text/html\n",
    b"Content-Type: message/rfc822\n", b"Content-Type: text/plain; charset=", b"utf-7", b"iso-2022-jp", b"utf-16", b"gb2312", b"; name*0*=utf-8''%E4",
    b"; name*1=b", b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: quoted-printable\n", b"Content-Disposition: attachment",
    b"; filename=", b'"', b"a.pdf", b"winmail.dat", b"begin 644 a\n", b"#86)C\n", b"end\n", b"=ybegin line=128 size=3 name=a\n", b"=yend\n",
    b"eA==\n", SIGNATURE, b"\x01\x00", b"(", b")", b"<", b">", b",", b";", b":", b"=?", b"?=", b"\x1b$B", b"\xff\xfe", b"\xef\xbb\xbf",
    b"MIME-Version: 1.0",
]  # fmt: skip

mails = st.one_of(st.binary(max_size=400), st.lists(st.sampled_from(FRAGMENTS), max_size=40).map(b"".join))

FIELDS = (
    "subject date message_id in_reply_to references from_ sender reply_to to cc bcc plain html attachments defects content_type params "
    "charset disposition filename content_id parts raw_body content text"
)


def touch(message: Message) -> None:
    """Every field of the message, its parts, its files and the messages enclosed in it; texts must be storable."""
    for field in FIELDS.split():
        getattr(message, field)
    for text in (message.subject, message.plain, message.html, message.filename):
        assert "\0" not in text
        text.encode("utf-8")
    for name, value in message.headers:
        assert message.headers.get(name) is not None
        value.encode("utf-8")
    for file in message.attachments:
        assert len(file.content) == file.size
        file.name.encode("utf-8")
    for part in message.walk():
        touch_part(part)


def touch_part(part: Part) -> None:
    for field in FIELDS.split()[15:]:
        getattr(part, field)
    part.text.encode("utf-8")
    if part.message is not None and len(part.content) < len(part._source.raw):
        touch(part.message)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mails)
def test_any_bytes_are_a_message(raw: bytes) -> None:
    touch(parse(raw))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200), st.binary(max_size=200))
def test_any_text_is_read_by_every_reader(text: str, data: bytes) -> None:
    for address in parse_addresses(text):
        assert isinstance(address.address, str)
    for reader in (normalise, decode_words, parse_date, parse_parameters):
        reader(text)
    for name in ("", text, "utf-7", "iso-2022-jp", "gb2312", "hz", "utf-16"):
        decode(data, name).encode("utf-8")
    for encoding in ("base64", "quoted-printable", "x-uuencode", "x-yencode", text):
        undo(encoding, data)
    unpack(SIGNATURE + data)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab@.,;:<>()[]\"\\ =?q'", max_size=60))
def test_an_address_is_made_of_what_was_written(text: str) -> None:
    for address in parse_addresses(text):
        if address.domain:
            assert "@" in text
            for piece in address.domain.split("."):
                assert piece in text
        assert str(address) == str(address)
        again = parse_addresses(str(address))
        if address.localpart and address.domain and not set(address.domain) & set("[]"):
            assert [a.address for a in again] == [address.address]


SAMPLE = (
    b"Received: from a\r\n\tby b; Sat, 21 Nov 2026 17:43:40 +0100\r\nFrom: =?utf-8?q?Zo=C3=AB?= <z@example.org>\r\n"
    b"To: \"Doe, Ann\" <ann@example.org>,\r\n bob@example.org\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    b"References: <a@b>\r\n <c@d>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=\"out\"\r\n\r\npreamble\r\n"
    b"--out\r\nContent-Type: multipart/alternative; boundary=\"out-in\"\r\n\r\n--out-in\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=\r\n=C3=9Fe\r\n--out-in\r\nContent-Type: text/html\r\n\r\n"
    b"<p>x</p>\r\n--out-in--\r\n"
    b"--out\r\nContent-Type: application/pdf; name*=utf-8''%C3%A4.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n"
    b"--out\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner\r\n--out--\r\n"
)  # fmt: skip


def meaning(message: Message) -> tuple[object, ...]:
    inner = [part.message.subject for part in message.walk() if part.message]
    files = [(a.name, a.content_type, a.content.replace(b"\r", b"").replace(b"\n", b"")) for a in message.attachments]
    people = (message.from_, message.to)
    return (
        message.subject,
        *people,
        message.references,
        message.plain,
        message.html,
        files[:1],
        inner,
        message.headers.all("received"),
    )


@pytest.mark.parametrize("ending", [b"\n", b"\r", b"\r\r\n"], ids=["lf", "cr", "cr-cr-lf"])
def test_the_line_end_does_not_change_the_meaning(ending: bytes) -> None:
    assert meaning(parse(SAMPLE.replace(b"\r\n", ending))) == meaning(parse(SAMPLE))


def test_the_meaning_is_the_expected_one() -> None:
    read = parse(SAMPLE)
    assert (read.subject, read.plain.strip(), read.html.strip()) == ("Grüße", "Grüße", "<p>x</p>")
    assert [a.name for a in read.attachments] == ["ä.pdf", ""]


def test_a_message_cut_at_any_byte_is_read() -> None:
    for cut in range(len(SAMPLE)):
        touch(parse(SAMPLE[:cut]))
        touch(parse(SAMPLE[cut:]))


def test_a_message_with_any_byte_lost_or_doubled_is_read() -> None:
    for at in range(0, len(SAMPLE), 3):
        touch(parse(SAMPLE[:at] + SAMPLE[at + 1 :]))
        touch(parse(SAMPLE[:at] + SAMPLE[at : at + 1] + SAMPLE[at:]))
        touch(parse(SAMPLE[:at] + b"\0" + SAMPLE[at + 1 :]))


def test_a_head_cut_off_leaves_what_was_read_before() -> None:
    read = parse(SAMPLE[: SAMPLE.index(b"References")])
    assert (read.subject, read.references, read.plain) == ("Grüße", [], "")
