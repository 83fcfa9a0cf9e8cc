"""Whole messages: header blocks, bodies, and that nothing a caller passes can do more than it says."""

import email
import email.policy
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage

import pytest

from mailloom.errors import MalformedMessage
from mailloom.mail.address import Address
from mailloom.mail.compose import (
    AddressList,
    Attachment,
    Body,
    Date,
    EncodedPart,
    HeaderValue,
    InlineImage,
    Labelled,
    MessageIds,
    Parameterised,
    Token,
    Unstructured,
    as_body,
    compose,
    enclosed_part,
    encode_body,
    file_part,
    header_block,
    insert_headers,
    mailbox,
    multipart,
    needs_smtputf8,
    text_part,
    wire_address,
    without_controls,
)

NOON = datetime(2026, 11, 21, 12, 5, 9, tzinfo=UTC)
ANN = Address(name="Ann", localpart="ann", domain="example.org")
BASIC: list[tuple[str, HeaderValue]] = [("From", AddressList([ANN])), ("Date", Date(NOON))]


def written(body: Body, *headers: tuple[str, HeaderValue]) -> EmailMessage:
    raw = compose([*BASIC, *headers], encode_body(body)).raw
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def shape(message: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in message.walk()]


def test_a_plain_message_is_what_rfc_5322_shows() -> None:
    composed = compose(
        [
            ("From", AddressList([Address(name="John Doe", localpart="jdoe", domain="machine.example")])),
            ("To", AddressList([Address(name="Mary Smith", localpart="mary", domain="example.net")])),
            ("Subject", Unstructured("Saying Hello")),
            ("Date", Date(datetime(1997, 11, 21, 9, 55, 6, tzinfo=timezone(-timedelta(hours=6))))),
            ("Message-ID", MessageIds(["<1234@local.machine.example>"])),
        ],
        encode_body(Body(text='This is a message just to say hello.\nSo, "Hello".')),
    )
    assert composed.raw == (
        b"From: John Doe <jdoe@machine.example>\r\n"
        b"To: Mary Smith <mary@example.net>\r\n"
        b"Subject: Saying Hello\r\n"
        b"Date: Fri, 21 Nov 1997 09:55:06 -0600\r\n"
        b"Message-ID: <1234@local.machine.example>\r\n"
        b"MIME-Version: 1.0\r\n"
        b'Content-Type: text/plain; charset="utf-8"\r\n'
        b"\r\n"
        b'This is a message just to say hello.\r\nSo, "Hello".\r\n'
    )
    assert composed.size == len(composed.raw)
    assert not composed.needs_smtputf8
    assert not composed.needs_8bitmime


# Every place where a caller's text reaches a message: (what the error must name, how the text gets there).
FIELDS: dict[str, tuple[str, Callable[[str], object]]] = {
    "header name": ("header name", lambda bad: header_block([(f"X-A{bad}", Token("b"))])),
    "subject": ("Subject", lambda bad: header_block([("Subject", Unstructured(f"a{bad}b"))])),
    "long subject": ("Subject", lambda bad: header_block([("Subject", Unstructured(f"{'word ' * 50}{bad}b"))])),
    "token": ("X-A", lambda bad: header_block([("X-A", Token(f"a{bad}b"))])),
    "display name": ("To", lambda bad: header_block([("To", AddressList([_address(name=f"a{bad}b")]))])),
    "local part": ("To", lambda bad: header_block([("To", AddressList([_address(localpart=f"a{bad}b")]))])),
    "domain": ("To", lambda bad: header_block([("To", AddressList([_address(domain=f"a{bad}b.org")]))])),
    "second address": ("To", lambda bad: header_block([("To", AddressList([ANN, _address(name=f"a{bad}b")]))])),
    "message id": ("References", lambda bad: header_block([("References", MessageIds(["<a@b>", f"<a{bad}@b>"]))])),
    "list name": ("List-Id", lambda bad: header_block([("List-Id", Labelled(f"a{bad}b", "a.example.org"))])),
    "list identifier": ("List-Id", lambda bad: header_block([("List-Id", Labelled("a", f"a{bad}.example.org"))])),
    "value with parameters": ("X-A", lambda bad: header_block([("X-A", Parameterised(f"a{bad}"))])),
    "parameter name": ("X-A", lambda bad: header_block([("X-A", Parameterised("a", ((f"b{bad}", "c"),)))])),
    "parameter value": ("X-A", lambda bad: header_block([("X-A", Parameterised("a", (("b", f"c{bad}"),)))])),
    "file name": ("name", lambda bad: encode_body(Body(attachments=[Attachment(filename=f"a{bad}.txt", content=b"")]))),
    "content type": ("content type", lambda bad: file_part(b"", f"text/a{bad}")),
    "content id": ("content id", lambda bad: encode_body(Body(html="", inline=[_image(f"a{bad}@b")]))),
    "image's file name": ("name", lambda bad: encode_body(Body(html="", inline=[_image("a@b", f"a{bad}.png")]))),
    "enclosed message's file name": ("filename", lambda bad: enclosed_part(b"", filename=f"a{bad}.eml")),
    "subtype of text": ("content type", lambda bad: multipart(f"mixed{bad}", [text_part("")])),
    "wire address": ("address", lambda bad: wire_address(_address(localpart=f"a{bad}b"))),
    "wire domain": ("domain", lambda bad: wire_address(_address(domain=f"a{bad}b.org"))),
    "trace header": ("Received", lambda bad: insert_headers(b"A: b\r\n\r\n", [("Received", Token(f"a{bad}b"))])),
}
BAD = {
    "CRLF": "\r\nBcc: bob@example.org",
    "CR": "\r",
    "LF": "\nBcc: bob@example.org",
    "NUL": "\0",
    "bell": "\x07",
    "vertical tab": "\x0b",
    "delete": "\x7f",
    "next line": "\x85",
    "line separator": "\u2028",
    "lone surrogate": "\ud800",
    "escaped octet": "\udc80",
}


def _address(*, name: str = "", localpart: str = "bob", domain: str = "example.org") -> Address:
    return Address(name=name, localpart=localpart, domain=domain)


def _image(content_id: str, filename: str = "") -> InlineImage:
    return InlineImage(content_id=content_id, content=b"\x89PNG", content_type="image/png", filename=filename)


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS.keys())
def test_a_control_character_is_refused_wherever_it_is_passed(
    field: tuple[str, Callable[[str], object]], bad: str
) -> None:
    named, pass_on = field
    with pytest.raises(MalformedMessage, match=re.escape(named)) as caught:
        pass_on(bad)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_text_of_strangers_can_be_made_fit(bad: str) -> None:
    fit = without_controls(f"a{bad}b\tc{bad[:1]}")
    assert header_block([("Subject", Unstructured(fit))]).raw.count(b"\r\n") == 1
    assert fit.startswith("a ")
    assert fit.endswith("b c")


@pytest.mark.parametrize("bad", ["\0", "\ud800"], ids=["NUL", "surrogate"])
def test_a_body_with_what_no_charset_can_write_is_refused(bad: str) -> None:
    with pytest.raises(MalformedMessage, match="the text contains"):
        encode_body(Body(text=f"good {bad}"))
    with pytest.raises(MalformedMessage, match="the HTML contains"):
        encode_body(Body(html=f"good {bad}"))


def test_a_body_may_look_like_anything() -> None:
    text = "\n.\n..\nFrom me\n\nSubject: no header\n--=_0\n--\nBcc: bob@example.org\n"
    message = written(Body(text=text, html=text))
    parts = [part.get_content().replace("\r\n", "\n") for part in message.iter_parts()]
    assert parts == [text, text]
    assert message["Bcc"] is None


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        pytest.param([("Date", Date(NOON))], "From: a message must", id="no From"),
        pytest.param([("From", AddressList([ANN]))], "Date: a message must", id="no Date"),
        pytest.param([*BASIC, ("from", AddressList([ANN]))], "only once", id="two From"),
        pytest.param(
            [*BASIC, ("Subject", Unstructured("a")), ("SUBJECT", Unstructured("b"))], "only once", id="two Subject"
        ),
        pytest.param([*BASIC, ("Content-Type", Token("text/html"))], "the body's own", id="the body's type"),
        pytest.param([*BASIC, ("MIME-Version", Token("1.0"))], "the body's own", id="the body's version"),
        pytest.param([*BASIC, ("Bcc", AddressList([ANN]))], "Bcc: everybody would see it", id="blind recipients"),
        pytest.param([*BASIC, *([("List-Unsubscribe", Token("<a:b>"))] * 2)], "only once", id="two ways out"),
        pytest.param([*BASIC, ("To", AddressList([]))], "To: there is no address", id="nobody"),
        pytest.param([*BASIC, ("References", MessageIds([]))], "References: there is no", id="no reference"),
        pytest.param([*BASIC, ("References", MessageIds(["a@b"]))], "no message id", id="an id without brackets"),
        pytest.param([*BASIC, ("Resent-Date", Date(datetime(2026, 1, 1)))], "no zone", id="a time without zone"),  # noqa: DTZ001  # the case itself
        pytest.param([*BASIC, ("X A", Token("b"))], "'X A' is no header name", id="a space in the name"),
        pytest.param([*BASIC, ("", Token("b"))], "no header name", id="no name"),
        pytest.param([*BASIC, ("Ä", Token("b"))], "no header name", id="a name beyond ASCII"),
        pytest.param([*BASIC, ("X-A", Token("ä"))], "printable ASCII", id="a token beyond ASCII"),
        pytest.param([*BASIC, ("X-A", Token("a "))], "space", id="a token with a space behind"),
        pytest.param([*BASIC, ("X-A", Token("a" * 1200))], "does not fit", id="a token longer than a line"),
        pytest.param(
            [*BASIC, ("To", AddressList([_address(localpart="")]))], "no complete address", id="no local part"
        ),
        pytest.param([*BASIC, ("To", AddressList([_address(domain="")]))], "no complete address", id="no domain"),
        pytest.param(
            [*BASIC, ("To", AddressList([_address(domain="a b")]))], "no domain name", id="a space in the domain"
        ),
        pytest.param(
            [*BASIC, ("To", AddressList([_address(domain="a>b")]))], "no domain name", id="a bracket in the domain"
        ),
        pytest.param([*BASIC, ("To", AddressList([_address(domain="ä..b")]))], "no domain name", id="not even IDNA"),
        pytest.param(
            [*BASIC, ("To", AddressList([_address(domain="a＞.b")]))], "no domain name", id="a disguised bracket"
        ),
        pytest.param([*BASIC, ("To", AddressList([_address(domain="ä.b.")]))], "no domain name", id="a dot at the end"),
        pytest.param([*BASIC, ("To", AddressList([_address(localpart="a" * 400)]))], "longer than", id="too long"),
    ],
)
def test_a_message_that_breaks_the_rules_is_refused(headers: list[tuple[str, HeaderValue]], words: str) -> None:
    with pytest.raises(MalformedMessage, match=re.escape(words)):
        compose(headers, encode_body(Body(text="a")))


def test_a_header_of_the_shared_block_cannot_come_twice() -> None:
    shared = header_block([*BASIC, ("List-Unsubscribe", Token("<https://example.org/a>"))])
    with pytest.raises(MalformedMessage, match="shared block"):
        compose([("Date", Date(NOON))], encode_body(Body()), shared=shared)


def test_recipients_share_one_body_and_nothing_else() -> None:
    body = encode_body(Body(text="Grüße", html="<p>Grüße"))
    shared = header_block([*BASIC, ("Subject", Unstructured("Grüße"))])
    made = [
        compose(
            [("To", AddressList([_address(localpart=name)])), ("List-Unsubscribe", Token(f"<https://e.org/{name}>"))],
            body,
            shared=shared,
        )
        for name in ("ann", "bob")
    ]
    assert made[0].body is made[1].body
    for name, composed in zip(("ann", "bob"), made, strict=True):
        message = email.message_from_bytes(composed.raw, policy=email.policy.default)
        assert message["To"] == f"{name}@example.org"
        assert message.get_all("List-Unsubscribe") == [f"<https://e.org/{name}>"]
        assert message["Subject"] == "Grüße"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param(_address(), "bob@example.org", id="bare"),
        pytest.param(_address(name="Bob"), "Bob <bob@example.org>", id="one atom"),
        pytest.param(_address(name="Bob B. Doe"), '"Bob B. Doe" <bob@example.org>', id="a dot is quoted"),
        pytest.param(
            _address(name='Giant; "Big" Box'), '"Giant; \\"Big\\" Box" <bob@example.org>', id="RFC 5322 A.1.2"
        ),
        pytest.param(_address(name="back\\slash"), '"back\\\\slash" <bob@example.org>', id="a backslash"),
        pytest.param(
            _address(name="bob@example.com"), '"bob@example.com" <bob@example.org>', id="an address for a name"
        ),
        pytest.param(_address(name="Zoë"), "=?utf-8?q?Zo=C3=AB?= <bob@example.org>", id="Q is shorter"),
        pytest.param(_address(name="日本語"), "=?utf-8?b?5pel5pys6Kqe?= <bob@example.org>", id="B is shorter"),
        pytest.param(
            _address(name="=?utf-8?q?x?="),
            "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <bob@example.org>",
            id="looks encoded",
        ),
        pytest.param(_address(localpart="b b"), '"b b"@example.org', id="a space in the local part"),
        pytest.param(_address(localpart="b..b"), '"b..b"@example.org', id="two dots"),
        pytest.param(_address(localpart='b"b'), '"b\\"b"@example.org', id="a quote in the local part"),
        pytest.param(_address(localpart="b@b"), '"b@b"@example.org', id="an at sign in the local part"),
        pytest.param(_address(domain="exämple.org"), "bob@xn--exmple-cua.org", id="an international domain"),
        pytest.param(_address(domain="[192.0.2.1]"), "bob@[192.0.2.1]", id="an address literal"),
        pytest.param(_address(localpart="bøb"), "bøb@example.org", id="an international local part"),
    ],
)
def test_an_address_is_written_as_its_parts_demand(address: Address, expected: str) -> None:
    assert mailbox(address) == expected


def test_a_local_part_beyond_ascii_needs_smtputf8_and_says_so() -> None:
    bob = _address(name="Bøb", localpart="bøb", domain="exämple.org")
    composed = compose([*BASIC, ("To", AddressList([ANN, bob]))], encode_body(Body(text="a")))
    assert composed.needs_smtputf8
    assert composed.needs_8bitmime
    assert "bøb@xn--exmple-cua.org".encode() in composed.head
    assert needs_smtputf8(bob)
    shared = header_block([("To", AddressList([bob]))])
    assert compose(BASIC, encode_body(Body()), shared=shared).needs_smtputf8


def test_a_name_or_domain_beyond_ascii_does_not_need_smtputf8() -> None:
    bob = _address(name="Bøb", domain="exämple.org")
    composed = compose([*BASIC, ("To", AddressList([bob]))], encode_body(Body(text="ä")))
    assert not composed.needs_smtputf8
    assert composed.raw.isascii()


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param(NOON, "Sat, 21 Nov 2026 12:05:09 +0000", id="UTC"),
        pytest.param(
            NOON.astimezone(timezone(timedelta(hours=5, minutes=30))), "Sat, 21 Nov 2026 17:35:09 +0530", id="east"
        ),
        pytest.param(
            NOON.astimezone(timezone(-timedelta(hours=3, minutes=30))), "Sat, 21 Nov 2026 08:35:09 -0330", id="west"
        ),
        pytest.param(
            NOON.astimezone(timezone(timedelta(seconds=1172))),
            "Sat, 21 Nov 2026 12:05:09 +0000",
            id="an offset with seconds",
        ),
    ],
)
def test_a_date_keeps_its_zone(at: datetime, expected: str) -> None:
    assert Date(at).write(6) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(Unstructured(""), "X: \r\n", id="empty text"),
        pytest.param(Unstructured(" a "), "X: =?utf-8?q?_a_?=\r\n", id="edge spaces are kept"),
        pytest.param(Unstructured("Total\tb"), "X: =?utf-8?q?Total=09b?=\r\n", id="a tab is kept"),
        pytest.param(Unstructured("a =?x?="), "X: =?utf-8?b?YSA9P3g/PQ==?=\r\n", id="what looks encoded is encoded"),
        pytest.param(
            Unstructured("x" * 40 + "  " + "y" * 40), f"X: {'x' * 40}\r\n  {'y' * 40}\r\n", id="folded before spaces"
        ),
        pytest.param(Token("a, b"), "X: a, b\r\n", id="token"),
        pytest.param(Labelled("Our News", "news.example.org"), "X: Our News\r\n <news.example.org>\r\n", id="list id"),
        pytest.param(Labelled("", "news.example.org"), "X: <news.example.org>\r\n", id="list id without name"),
        pytest.param(
            Parameterised("a", (("b", "c d"), ("e", "ü"))), "X: a; b=\"c d\"; e*=utf-8''%C3%BC\r\n", id="parameters"
        ),
        pytest.param(
            MessageIds([f"<{n * 30}@x>" for n in "ab"]), f"X: <{'a' * 30}@x> <{'b' * 30}@x>\r\n", id="two ids in a line"
        ),
        pytest.param(
            MessageIds([f"<{n * 40}@x>" for n in "ab"]), f"X: <{'a' * 40}@x>\r\n <{'b' * 40}@x>\r\n", id="an id a line"
        ),
    ],
)
def test_values_are_written_by_their_own_rules(value: HeaderValue, expected: str) -> None:
    assert header_block([("X", value)]).raw.decode() == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("word " * 2000 + "end", id="many words"),
        pytest.param("a" * 5000, id="one word"),
        pytest.param(f"a{' ' * 5000}b", id="spaces"),
        pytest.param("ä" * 5000, id="one encoded word"),
        pytest.param("a b  c" * 300, id="double spaces"),
    ],
)
def test_a_very_long_subject_is_folded_and_kept(text: str) -> None:
    raw = header_block([("Subject", Unstructured(text))]).raw
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert email.message_from_bytes(raw + b"\r\n", policy=email.policy.default)["Subject"] == text


def test_trace_headers_go_before_the_first_and_keep_the_line_ends() -> None:
    headers: list[tuple[str, HeaderValue]] = [("X-A", Token("1")), ("X-B", Token("2"))]
    assert insert_headers(b"From: a\r\n\r\nb", headers) == b"X-A: 1\r\nX-B: 2\r\nFrom: a\r\n\r\nb"
    assert insert_headers(b"From: a\n\nb", headers) == b"X-A: 1\nX-B: 2\nFrom: a\n\nb"
    assert insert_headers(b"", headers) == b"X-A: 1\r\nX-B: 2\r\n"


IMAGE = _image("logo@example.org", "logo.png")
FILE = Attachment(filename="a.pdf", content=b"%PDF", content_type="application/pdf")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(Body(), "text/plain", id="nothing"),
        pytest.param(Body(text=""), "text/plain", id="empty text"),
        pytest.param(Body(html="a"), "text/html", id="HTML"),
        pytest.param(Body(text="a", html="a"), "multipart/alternative text/plain text/html", id="text and HTML"),
        pytest.param(Body(html="a", inline=[IMAGE]), "multipart/related text/html image/png", id="HTML with image"),
        pytest.param(
            Body(text="a", html="a", inline=[IMAGE]),
            "multipart/alternative text/plain multipart/related text/html image/png",
            id="text and HTML with image",
        ),
        pytest.param(Body(attachments=[FILE]), "multipart/mixed application/pdf", id="a file alone"),
        pytest.param(
            Body(text="a", attachments=[FILE, FILE]),
            "multipart/mixed text/plain" + " application/pdf" * 2,
            id="text and files",
        ),
        pytest.param(
            Body(text="a", html="a", inline=[IMAGE], attachments=[FILE]),
            "multipart/mixed multipart/alternative text/plain multipart/related text/html image/png application/pdf",
            id="everything",
        ),
    ],
)
def test_a_body_has_the_shape_that_readers_expect(body: Body, expected: str) -> None:
    assert shape(written(body)) == expected.split()


def test_an_inline_image_is_found_by_its_content_id() -> None:
    message = written(Body(html="<img src='cid:logo@example.org'>", inline=[IMAGE]))
    image = list(message.iter_parts())[1]
    assert image["Content-ID"] == "<logo@example.org>"
    assert image.get_content_disposition() == "inline"
    assert image.get_filename() == "logo.png"
    assert message.get_param("type") == "text/html"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(Body(text="a", inline=[IMAGE]), "need an HTML body", id="images without HTML"),
        pytest.param(Body(html="a", inline=[_image("")]), "needs a content id", id="an image without id"),
        pytest.param(
            Body(attachments=[Attachment(filename="", content=b"", content_type="pdf")]),
            "'pdf' is no",
            id="a bogus type",
        ),
        pytest.param(
            Body(attachments=[Attachment(filename="", content=b"", content_type="multipart/mixed")]),
            "cannot have",
            id="a multipart",
        ),
    ],
)
def test_a_body_that_cannot_be_is_refused(body: Body, words: str) -> None:
    with pytest.raises(MalformedMessage, match=words):
        encode_body(body)


ORIGINAL = b"From: bob@example.org\r\nSubject: =?utf-8?q?=C3=A4?=\r\n\r\nHello\r\n"


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        pytest.param(ORIGINAL, None, id="7bit"),
        pytest.param(ORIGINAL.replace(b"Hello", "Grüße".encode()), "8bit", id="8bit"),
        pytest.param(ORIGINAL.replace(b"\r\n", b"\n"), None, id="line feeds only"),
        pytest.param(ORIGINAL.replace(b"\r\n", b"\r"), None, id="carriage returns only"),
    ],
)
def test_an_enclosed_message_travels_as_it_stands(raw: bytes, encoding: str | None) -> None:
    body = encode_body(
        Body(text="see below", attachments=[Attachment(filename="a.eml", content=raw, content_type="message/rfc822")])
    )
    message = email.message_from_bytes(compose(BASIC, body).raw, policy=email.policy.default)
    enclosed = message.get_payload(1)
    assert isinstance(enclosed, EmailMessage)
    assert enclosed.get_content_type() == "message/rfc822"
    assert enclosed["Content-Transfer-Encoding"] == encoding
    assert body.needs_8bitmime is (encoding == "8bit")
    assert message["Content-Transfer-Encoding"] == encoding
    assert re.sub(rb"\r\n|\n|\r", b"\r\n", raw) in body.content


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(ORIGINAL + b"x" * 5000, id="a line that no server takes"),
        pytest.param(ORIGINAL + b"\0", id="NUL"),
    ],
)
def test_a_message_that_mail_cannot_carry_is_enclosed_as_a_file(raw: bytes) -> None:
    part = enclosed_part(raw)
    message = email.message_from_bytes(compose(BASIC, as_body(part)).raw, policy=email.policy.default)
    assert message.get_content_type() == "application/octet-stream"
    assert message.get_filename() == "message.eml"
    assert message.get_content() == raw


def test_a_report_is_put_together_from_parts() -> None:
    status = b"Reporting-MTA: dns; example.org\r\n\r\nFinal-Recipient: rfc822; bob@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    parts = [text_part("It failed."), enclosed_part(status, "message/delivery-status"), enclosed_part(ORIGINAL)]
    body = as_body(multipart("report", parts, parameters=(("report-type", "delivery-status"),)))
    message = email.message_from_bytes(compose(BASIC, body).raw, policy=email.policy.default)
    assert message.get_param("report-type") == "delivery-status"
    assert [part.get_content_type() for part in message.iter_parts()] == [
        "text/plain",
        "message/delivery-status",
        "message/rfc822",
    ]
    assert "Status: 5.1.1" in str(message.get_payload(1))


def test_boundaries_are_the_same_for_the_same_seed_only() -> None:
    body = Body(text="a", html="b", attachments=[FILE])
    assert encode_body(body, seed="1") == encode_body(body, seed="1")
    assert encode_body(body, seed="1") != encode_body(body, seed="2")


def test_a_boundary_never_occurs_in_the_content() -> None:
    taken = _boundary(text_part("x" * 40))
    # The same size and seed would give the same boundary again.
    hostile = text_part(f"--{taken}".ljust(40, "x"))
    free = _boundary(hostile)
    assert free != taken
    assert f"--{free}".encode() not in hostile.content


def _boundary(part: EncodedPart) -> str:
    found = re.search(r'boundary="([^"]+)"', multipart("mixed", [part]).fields.decode())
    assert found
    return found[1]


def test_a_message_of_ours_can_enclose_itself() -> None:
    raw = compose(BASIC, encode_body(Body(text="a", html="b"))).raw
    for _ in range(5):
        files = [Attachment(filename="", content=raw, content_type="message/rfc822")]
        raw = compose(BASIC, encode_body(Body(text="a", html="b", attachments=files))).raw
    depth = 0
    message: EmailMessage = email.message_from_bytes(raw, policy=email.policy.default)
    while message.get_content_type() == "multipart/mixed":
        enclosed = list(message.iter_parts())[1].get_content()
        assert isinstance(enclosed, EmailMessage)
        message = enclosed
        depth += 1
    assert depth == 5
    assert shape(message) == ["multipart/alternative", "text/plain", "text/html"]


def test_parts_without_any_are_no_multipart() -> None:
    with pytest.raises(MalformedMessage, match="at least one part"):
        multipart("mixed", [])
