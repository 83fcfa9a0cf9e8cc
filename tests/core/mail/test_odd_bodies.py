"""Odd mail, second half: what is its text, what are its files."""

from __future__ import annotations

import base64
import binascii

import pytest

from mailloom.mail.message import Message, parse

File = tuple[str, str, bytes]


def seen(message: Message) -> tuple[str, str, list[File]]:
    """Text, HTML, and name, type and content of each file; outer blanks of the texts off."""
    files = [(file.name, file.content_type, file.content.strip()) for file in message.attachments]
    return message.plain.strip(), message.html.strip(), files


def multipart(kind: str, *parts: bytes, boundary: str = "b", close: bool = True) -> bytes:
    body = b"".join(b"--%s\n%s\n" % (boundary.encode(), part) for part in parts)
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\n\n'.encode()
    return head + body + (b"--%s--\n" % boundary.encode() if close else b"")


PLAIN = b"Content-Type: text/plain; charset=utf-8\n\nplain\n"
HTML = b"Content-Type: text/html; charset=utf-8\n\n<p>html</p>\n"
PDF = (
    b"Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n"
    + base64.b64encode(b"%PDF")
    + b"\n"
)
IMAGE = b"Content-Type: image/png; name=a.png\nContent-ID: <img@x>\n\nPNG\n"
CALENDAR = b"Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\n"
SIGNATURE = b'Content-Type: application/pgp-signature; name="signature.asc"\n\nSIG\n'
ENCLOSED = b"Content-Type: message/rfc822\n\nSubject: inner\n\ninner text\n"
BOTH = multipart("alternative", PLAIN, HTML, boundary="alt")

A_PDF: File = ("a.pdf", "application/pdf", b"%PDF")
A_PNG: File = ("a.png", "image/png", b"PNG")
AN_ENCLOSED: File = ("", "message/rfc822", b"Subject: inner\n\ninner text")
A_CALENDAR: File = ("", "text/calendar", b"BEGIN:VCALENDAR")

STRUCTURES = [
    pytest.param(PLAIN, "plain", "", [], id="text"),
    pytest.param(HTML, "", "<p>html</p>", [], id="html"),
    pytest.param(b"\nplain", "plain", "", [], id="no-type"),
    pytest.param(BOTH, "plain", "<p>html</p>", [], id="alternative"),
    pytest.param(multipart("alternative", HTML, PLAIN), "plain", "<p>html</p>", [], id="alternative-reversed"),
    pytest.param(
        multipart("alternative", PLAIN, HTML, CALENDAR), "plain", "<p>html</p>", [A_CALENDAR], id="invitation"
    ),
    pytest.param(CALENDAR, "", "", [("", "text/calendar", b"BEGIN:VCALENDAR")], id="calendar-as-root"),
    pytest.param(multipart("mixed", PLAIN, PDF), "plain", "", [A_PDF], id="text-and-file"),
    pytest.param(multipart("mixed", BOTH, PDF), "plain", "<p>html</p>", [A_PDF], id="alternative-and-file"),
    pytest.param(multipart("mixed", PDF, PLAIN), "plain", "", [A_PDF], id="file-first"),
    pytest.param(multipart("related", HTML, IMAGE), "", "<p>html</p>", [A_PNG], id="related"),
    pytest.param(
        multipart("alternative", PLAIN, multipart("related", HTML, IMAGE, boundary="rel")),
        "plain",
        "<p>html</p>",
        [A_PNG],
        id="related-inside-alternative",
    ),
    pytest.param(multipart("related", BOTH, IMAGE), "plain", "<p>html</p>", [A_PNG], id="alternative-inside-related"),
    pytest.param(
        multipart("alternative", PLAIN, HTML, IMAGE), "plain", "<p>html</p>", [A_PNG], id="image-inside-alternative"
    ),
    pytest.param(multipart("related", IMAGE, HTML), "", "<p>html</p>", [A_PNG], id="related-image-first"),
    pytest.param(
        b'Content-Type: multipart/related; boundary=b; start="<main>"\n\n--b\nContent-Type: text/html\nContent-ID: <frame>\n\n<p>frame</p>\n'
        b"--b\nContent-Type: text/html\nContent-ID: <main>\n\n<p>main</p>\n--b--\n",
        "",
        "<p>main</p>",
        [("", "text/html", b"<p>frame</p>")],
        id="related-start",
    ),
    pytest.param(
        multipart("signed", PLAIN, SIGNATURE),
        "plain",
        "",
        [("signature.asc", "application/pgp-signature", b"SIG")],
        id="signed",
    ),
    pytest.param(
        multipart("signed", multipart("mixed", BOTH, PDF, boundary="in"), SIGNATURE),
        "plain",
        "<p>html</p>",
        [A_PDF, ("signature.asc", "application/pgp-signature", b"SIG")],
        id="signed-mixed",
    ),
    pytest.param(
        multipart(
            "encrypted",
            b"Content-Type: application/pgp-encrypted\n\nVersion: 1\n",
            b"Content-Type: application/octet-stream\n\nX\n",
        ),
        "",
        "",
        [("", "application/pgp-encrypted", b"Version: 1"), ("", "application/octet-stream", b"X")],
        id="encrypted",
    ),
    pytest.param(multipart("encrypted", PLAIN), "", "", [("", "text/plain", b"plain")], id="encrypted-text-is-a-file"),
    pytest.param(multipart("mixed", PLAIN, PLAIN), "plain\nplain", "", [], id="two-texts"),
    pytest.param(multipart("mixed", HTML, HTML), "", "<p>html</p>\n<p>html</p>", [], id="two-htmls"),
    pytest.param(multipart("mixed", HTML, PDF, HTML), "", "<p>html</p>\n<p>html</p>", [A_PDF], id="file-between-htmls"),
    pytest.param(
        multipart("mixed", BOTH, b"Content-Type: text/plain\n\nfooter & co\n"),
        "plain\nfooter & co",
        '<p>html</p>\n<pre style="white-space: pre-wrap">footer &amp; co</pre>',
        [],
        id="list-footer",
    ),
    pytest.param(multipart("mixed", PLAIN, ENCLOSED), "plain", "", [AN_ENCLOSED], id="enclosed-message"),
    pytest.param(multipart("digest", b"\nSubject: inner\n\ninner text\n"), "", "", [AN_ENCLOSED], id="digest"),
    pytest.param(
        multipart("report", PLAIN, b"Content-Type: message/delivery-status\n\nAction: failed\n", ENCLOSED),
        "plain",
        "",
        [("", "message/delivery-status", b"Action: failed"), AN_ENCLOSED],
        id="report",
    ),
    pytest.param(ENCLOSED, "", "", [AN_ENCLOSED], id="enclosed-as-root"),
    pytest.param(PDF, "", "", [A_PDF], id="file-as-root"),
    pytest.param(
        b"Content-Disposition: attachment; filename=a.txt\n\ntext",
        "",
        "",
        [("a.txt", "text/plain", b"text")],
        id="text-file-as-root",
    ),
    pytest.param(
        multipart("mixed", PLAIN, b"Content-Type: text/plain; name=a.txt\nContent-Disposition: attachment\n\nfile\n"),
        "plain",
        "",
        [("a.txt", "text/plain", b"file")],
        id="text-file",
    ),
    pytest.param(
        multipart("mixed", PLAIN, b"Content-Type: text/html; name=a.html\n\n<p>file</p>\n"),
        "plain",
        "",
        [("a.html", "text/html", b"<p>file</p>")],
        id="named-html-is-a-file",
    ),
    pytest.param(
        multipart("mixed", b"Content-Type: text/plain; name=a.txt\n\ntext\n"),
        "text",
        "",
        [],
        id="named-first-text-is-the-text",
    ),
    pytest.param(
        multipart("mixed", PLAIN, b"Content-Type: text/csv\n\na,b\n"),
        "plain",
        "",
        [("", "text/csv", b"a,b")],
        id="csv-is-a-file",
    ),
    pytest.param(
        multipart("mixed", PLAIN, b"Content-Disposition: foo; filename=a.pdf\n\nx\n"),
        "plain",
        "",
        [("a.pdf", "text/plain", b"x")],
        id="unknown-disposition",
    ),
    pytest.param(multipart("unheard-of", PLAIN, PDF), "plain", "", [A_PDF], id="unknown-multipart"),
    pytest.param(multipart("mixed"), "", "", [], id="no-parts"),
    pytest.param(multipart("mixed", b"", PLAIN), "plain", "", [], id="empty-part"),
    pytest.param(multipart("mixed", b"\n", PLAIN), "plain", "", [], id="part-without-headers-and-body"),
    pytest.param(
        multipart("mixed", b"\nplain: not a header\n"), "plain: not a header", "", [], id="part-without-headers"
    ),
    pytest.param(
        multipart("mixed", b"plain text at once\n"), "plain text at once", "", [], id="part-without-blank-line"
    ),
    pytest.param(
        multipart("mixed", b"Content-Type: application/pdf; name=a.pdf"),
        "",
        "",
        [("a.pdf", "application/pdf", b"")],
        id="part-with-headers-only",
    ),
    pytest.param(
        multipart("alternative", PLAIN, multipart("mixed", HTML, PDF, HTML, boundary="m")),
        "plain",
        "<p>html</p>\n<p>html</p>",
        [A_PDF],
        id="mixed-inside-alternative",
    ),
    pytest.param(
        multipart(
            "mixed", multipart("alternative", b"Content-Type: text/plain; name=x.txt\n\nplain\n", HTML, boundary="a")
        ),
        "plain",
        "<p>html</p>",
        [],
        id="named-reading",
    ),
    pytest.param(
        multipart("appledouble", b"Content-Type: application/applefile\n\nR\n", PDF),
        "",
        "",
        [("", "application/applefile", b"R"), A_PDF],
        id="appledouble",
    ),
]

B64 = base64.b64encode(b"--i\n\ninner\n--i--\n")

BOUNDARIES = [
    pytest.param(multipart("mixed", PLAIN, PDF, close=False), "plain", [A_PDF], id="not-closed"),
    pytest.param(multipart("mixed", PLAIN, PDF).replace(b"\n", b"\r\n"), "plain", [A_PDF], id="crlf"),
    pytest.param(multipart("mixed", PLAIN, PDF).replace(b"\n", b"\r"), "plain", [A_PDF], id="cr"),
    pytest.param(
        multipart("mixed", PLAIN, PDF).replace(b"--b\n", b"--b \t\n").replace(b"--b--", b"--b-- "),
        "plain",
        [A_PDF],
        id="blanks-after-delimiter",
    ),
    pytest.param(
        multipart("mixed", multipart("mixed", PLAIN, boundary="b1"), PDF), "plain", [A_PDF], id="inner-extends-outer"
    ),
    pytest.param(
        multipart("mixed", multipart("mixed", PLAIN, boundary="b"), PDF, boundary="b1"),
        "plain",
        [A_PDF],
        id="outer-extends-inner",
    ),
    pytest.param(
        multipart("mixed", multipart("mixed", PLAIN, boundary="i", close=False), PDF),
        "plain",
        [A_PDF],
        id="inner-not-closed",
    ),
    pytest.param(multipart("mixed", PLAIN, PDF).replace(b'; boundary="b"', b""), "plain", [A_PDF], id="no-boundary"),
    pytest.param(
        multipart("mixed", PLAIN, PDF).replace(b'boundary="b"', b'boundary="other"'),
        "plain",
        [A_PDF],
        id="wrong-boundary",
    ),
    pytest.param(
        multipart("mixed", PLAIN, PDF).replace(b'boundary="b"', b"boundary="), "plain", [A_PDF], id="empty-boundary"
    ),
    pytest.param(
        multipart("mixed", PLAIN, PDF).replace(b'"b"', b"b (the boundary)"),
        "plain",
        [A_PDF],
        id="comment-after-boundary",
    ),
    pytest.param(
        multipart("mixed", PLAIN, PDF).replace(b"; boundary", b";\n boundary"), "plain", [A_PDF], id="folded-boundary"
    ),
    pytest.param(
        multipart("mixed", PLAIN, PDF).replace(b"; boundary", b";\nboundary"), "plain", [A_PDF], id="unfolded-boundary"
    ),
    pytest.param(multipart("mixed", PLAIN, PDF, boundary="a b"), "plain", [A_PDF], id="blank-in-boundary"),
    pytest.param(multipart("mixed", PLAIN, PDF, boundary="=_(x)?/:.+"), "plain", [A_PDF], id="marks-in-boundary"),
    pytest.param(multipart("mixed", PLAIN, PDF, boundary="x" * 300), "plain", [A_PDF], id="long-boundary"),
    pytest.param(multipart("mixed", PLAIN, PDF, boundary="\u00e4"), "plain", [A_PDF], id="boundary-beyond-ascii"),
    pytest.param(
        multipart("mixed", PLAIN).replace(b"\n\n--b", b"\n\npreamble -- b\n--b", 1), "plain", [], id="preamble"
    ),
    pytest.param(multipart("mixed", PLAIN) + b"epilogue\n--x\n", "plain", [], id="epilogue"),
    pytest.param(multipart("mixed", PLAIN) + b"--b\n" + PDF + b"--b--\n", "plain", [A_PDF], id="parts-after-close"),
    pytest.param(multipart("mixed", PLAIN, PDF)[:-4], "plain", [A_PDF], id="close-cut"),
    pytest.param(
        multipart("mixed", PLAIN + b"x--b\n -- b\n--bb\n--b-x\n"),
        "plain\nx--b\n -- b\n--bb\n--b-x",
        [],
        id="almost-delimiters",
    ),
    pytest.param(
        b"Subject: x\n\n" + multipart("mixed", PLAIN, PDF).partition(b"\n\n")[2], "plain", [A_PDF], id="no-type"
    ),
    pytest.param(b"Content-Type: multipart/mixed\n\njust text", "just text", [], id="no-delimiter-at-all"),
    pytest.param(
        b"Content-Type: multipart/mixed; boundary=i\nContent-Transfer-Encoding: base64\n\n" + B64,
        "inner",
        [],
        id="encoded-multipart",
    ),
    pytest.param(
        b"Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: quoted-printable\n\n"
        b"--=\nb\nContent-Type: text/plain=3B charset=3Dutf-8\n\npl=61in\n--b=2D-\n",
        "plain",
        [],
        id="quoted-printable-multipart",
    ),
    pytest.param(
        multipart("mixed", multipart("mixed", PLAIN, boundary="b"), PDF, boundary="b"),
        "plain",
        [A_PDF],
        id="inner-is-the-same",
    ),
]

LYING = [
    pytest.param(
        b"Content-Type: text/plain; charset=us-ascii\n\nGr\xc3\xbc\xc3\x9fe", "Grüße", id="utf-8-called-ascii"
    ),
    pytest.param(b"Content-Type: text/plain; charset=utf-8\n\nGr\xfc\xdfe", "Grüße", id="latin-1-called-utf-8"),
    pytest.param(b"\nGr\xfc\xdfe", "Grüße", id="undeclared-latin-1"),
    pytest.param(b"\nGr\xc3\xbc\xc3\x9fe", "Grüße", id="undeclared-utf-8"),
    pytest.param(b"Content-Type: text/plain; charset=\n\nGr\xc3\xbc\xc3\x9fe", "Grüße", id="empty-charset"),
    pytest.param(b"Content-Type: text/plain; charset=cp-850\n\nGr\x81\xe1e", "Grüße", id="cp-850"),
    pytest.param(b"Content-Type: text; charset=utf-8\n\nGr\xc3\xbc\xc3\x9fe", "Grüße", id="type-without-subtype"),
    pytest.param(b"Content-Type: TEXT/PLAIN\n\nx", "x", id="upper-case-type"),
    pytest.param(b"Content-Type: plain/text\n\nx", "x", id="type-turned-round"),
    pytest.param(b"Content-Type: \n\nx", "x", id="empty-type"),
    pytest.param(b"Content-Type:\nContent-Type: text/plain; charset=utf-8\n\nx", "x", id="empty-type-first"),
    pytest.param(b"Content-Type: text/enriched\n\nx", "x", id="enriched-as-root"),
    pytest.param(b"Content-Transfer-Encoding: base64\n\neA==\n", "x", id="base64"),
    pytest.param(b"Content-Transfer-Encoding: BASE64 \n\neA\n", "x", id="base64-without-padding"),
    pytest.param(b"Content-Transfer-Encoding: quoted-printable\n\na=\n b=3D", "a b=", id="quoted-printable"),
    pytest.param(b"Content-Transfer-Encoding: nonsense\n\na=3D", "a=3D", id="unknown-encoding"),
    pytest.param(b"Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b$BF|K\\8l\x1b(B", "日本語", id="iso-2022-jp"),
    pytest.param(b"Content-Type: text/plain; charset=utf-8\n\na\0b", "ab", id="nul"),
    pytest.param(b"Content-Type: text/plain; charset=utf-7\n\n+2AA-", "\ufffd", id="lone-surrogate"),
    pytest.param(b"\n\xef\xbb\xbfx", "x", id="byte-order-mark"),
    pytest.param(b"Content-Type: text/plain\n\na\r\nb\rc\nd", "a\nb\nc\nd", id="line-ends"),
]


@pytest.mark.parametrize(("raw", "plain", "html", "files"), STRUCTURES)
def test_text_and_files_are_told_apart(raw: bytes, plain: str, html: str, files: list[File]) -> None:
    assert seen(parse(raw)) == (plain, html, files)


@pytest.mark.parametrize(("raw", "plain", "files"), BOUNDARIES)
def test_parts_are_found_however_they_are_divided(raw: bytes, plain: str, files: list[File]) -> None:
    assert seen(parse(raw)) == (plain, "", files)


@pytest.mark.parametrize(("raw", "plain"), LYING)
def test_text_is_decoded_by_what_it_is(raw: bytes, plain: str) -> None:
    assert parse(raw).plain.strip() == plain


BOGUS = [
    pytest.param(b"*/*; name=a.pdf", "application/pdf", id="stars-with-name"),
    pytest.param(b"*/*", "application/octet-stream", id="stars"),
    pytest.param(b"pdf; name=a.pdf", "application/pdf", id="no-slash-with-name"),
    pytest.param(b"pdf", "application/octet-stream", id="no-slash"),
    pytest.param(b"bin/plain", "application/octet-stream", id="no-such-type"),
    pytest.param(b"bin/plain; name=a.txt", "text/plain", id="no-such-type-with-name"),
    pytest.param(
        b"application/; name=a.docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        id="no-subtype",
    ),
    pytest.param(b"a/b/c; name=a.unknown", "application/octet-stream", id="two-slashes"),
    pytest.param(b"application/x-strange", "application/x-strange", id="strange-but-possible"),
    pytest.param(b"image/png; name=a.pdf", "image/png", id="contradicting-name"),
]


@pytest.mark.parametrize(("kind", "expected"), BOGUS)
def test_a_bogus_type_becomes_what_the_name_says_or_octet_stream(kind: bytes, expected: str) -> None:
    (file,) = parse(b"Content-Type: " + kind + b"\nContent-Disposition: attachment\n\nx").attachments
    assert file.content_type == expected


INLINE = [
    pytest.param(
        multipart("related", b"Content-Type: text/html\n\n<img src='cid:img@x'>", IMAGE), True, id="related-and-shown"
    ),
    pytest.param(multipart("related", HTML, IMAGE), True, id="related"),
    pytest.param(
        multipart("mixed", b'Content-Type: text/html\n\n<img src="cid:img@x">', IMAGE), True, id="mixed-and-shown"
    ),
    pytest.param(multipart("mixed", b'Content-Type: text/html\n\n<img src="cid:img%40x">', IMAGE), True, id="escaped"),
    pytest.param(multipart("mixed", HTML, IMAGE), False, id="mixed"),
    pytest.param(
        multipart(
            "mixed", b"Content-Type: text/html\n\n<img src=cid:img@x>", b"Content-Disposition: attachment\n" + IMAGE
        ),
        True,
        id="attachment-but-shown",
    ),
    pytest.param(
        multipart("related", HTML, b"Content-Disposition: attachment\n" + IMAGE), False, id="attachment-in-related"
    ),
    pytest.param(multipart("mixed", HTML, b"Content-Disposition: inline\n" + IMAGE), True, id="declared"),
]


@pytest.mark.parametrize(("raw", "inline"), INLINE)
def test_an_image_of_the_text_keeps_its_content_id(raw: bytes, inline: bool) -> None:
    (file,) = parse(raw).attachments
    assert (file.content_id, file.inline) == ("img@x", inline)


def test_a_uuencoded_file_in_the_text_is_an_attachment() -> None:
    read = parse(b"Subject: x\n\nbefore\nbegin 644 a.png\n" + binascii.b2a_uu(b"PNG") + b"`\nend\nafter\n")
    assert seen(read) == ("before\nafter", "", [("a.png", "image/png", b"PNG")])


def test_what_looks_like_a_multipart_in_a_text_stays_text() -> None:
    text = "Look at this:\n--b\nContent-Type: text/plain\n\nplain\n"
    assert parse(b"Subject: x\n\n" + text.encode()).plain == text


def test_an_attachment_keeps_its_own_bytes() -> None:
    content = b"\xef\xbb\xbf<?xml version='1.0' encoding='iso-8859-1'?>\r\n\xe4\0"
    part = (
        b"Content-Type: text/xml; charset=utf-8\nContent-Disposition: attachment\nContent-Transfer-Encoding: base64\n\n"
    )
    (file,) = parse(part + base64.b64encode(content)).attachments
    assert (file.content, file.size) == (content, len(content))


def test_a_page_declares_its_charset_where_the_header_does_not() -> None:
    read = parse(b"Content-Type: text/html\n\n<html><head><meta charset='koi8-r'></head>" + "Привет".encode("koi8-r"))
    assert read.html.endswith("Привет")


def test_an_enclosed_message_is_a_message_of_its_own() -> None:
    read = parse(multipart("mixed", PLAIN, ENCLOSED))
    inner = read.parts[1].message
    assert inner is not None
    assert (inner.subject, inner.plain.strip()) == ("inner", "inner text")
    assert [part.content_type for part in read.walk()] == ["multipart/mixed", "text/plain", "message/rfc822"]


def test_an_enclosed_message_may_be_encoded() -> None:
    encoded = base64.encodebytes(b"Subject: inner\n\ninner text\n")
    inner = parse(b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + encoded).message
    assert inner is not None
    assert inner.subject == "inner"


def test_returned_headers_are_a_message_without_body() -> None:
    inner = parse(b"Content-Type: text/rfc822-headers\n\nSubject: inner\nTo: ann@example.org\n").message
    assert inner is not None
    assert (inner.subject, inner.to[0].address, inner.plain) == ("inner", "ann@example.org", "")


def test_what_had_to_be_guessed_is_said() -> None:
    assert parse(b"Content-Type: text/plain; charset=nowhere\n\nx").defects == [
        "the charset 'nowhere' is unknown and has been guessed"
    ]
    assert parse(multipart("mixed", PLAIN)).defects == []
    assert parse(multipart("mixed", PLAIN, close=False)).defects == ["a multipart is not closed"]
    assert parse(multipart("mixed", PLAIN).replace(b'"b"', b"other")).defects == [
        "the boundary was missing or wrong and has been guessed"
    ]
    assert parse(b"Content-Type: multipart/mixed\n\ntext").defects == [
        "a multipart has no boundary: its body is taken as one text"
    ]
