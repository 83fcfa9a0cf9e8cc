"""A mail without the bulk of its files: what it says, what its files are called and what kind of mail it is stay the same."""

from __future__ import annotations

import base64

import pytest

from mailloom.mail.message import parse
from mailloom.mail.report import Kind, classify

BULK = base64.encodebytes(bytes(range(256)) * 1200).replace(b"\n", b"\r\n")
STATUS = (
    b"Reporting-MTA: dns; mx.example.com\r\n\r\nFinal-Recipient: rfc822; ann@example.com\r\nAction: failed\r\n"
    b"Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\r\n"
)


def mixed(*parts: bytes, kind: str = "mixed", boundary: str = "b") -> bytes:
    head = f"From: MAILER-DAEMON@mx.example.com\r\nSubject: Failure\r\nContent-Type: multipart/{kind}; boundary={boundary}\r\n\r\n"
    return "".join([head, *(f"--{boundary}\r\n{part.decode()}\r\n" for part in parts), f"--{boundary}--\r\n"]).encode()


def part(content_type: str, body: bytes, encoding: str = "7bit") -> bytes:
    return f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + body


FILE = part('application/pdf; name="offer.pdf"', BULK, "base64")
TEXT = part("text/plain", b"See the file.")
LONG_TEXT = part("text/plain", b"A long story.\r\n" * 20_000)


def test_files_are_cut_and_all_else_stays() -> None:
    raw = mixed(TEXT, FILE, LONG_TEXT, FILE)
    short = parse(raw).abridged(1000)
    assert len(raw) - len(short) > 2 * (len(BULK) - 1200)
    before, after = parse(raw), parse(short)
    assert (after.plain, [file.name for file in after.attachments]) == (before.plain, ["offer.pdf", "offer.pdf"])
    assert after.attachments[1].content == before.attachments[1].content[: len(after.attachments[1].content)] != b""


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(mixed(TEXT), id="it is short"),
        pytest.param(mixed(LONG_TEXT), id="its length is text"),
        pytest.param(
            mixed(part("message/rfc822", mixed(TEXT, FILE, boundary="inner"))), id="its length is an enclosed message"
        ),
        pytest.param(mixed(part("application/pdf", b"x" * 100_000)), id="the file has no line at which it may be cut"),
    ],
)
def test_a_mail_stays_as_it_is_where(raw: bytes) -> None:
    assert parse(raw).abridged(1000) == raw


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param((TEXT, part("message/delivery-status", STATUS), FILE), id="a file behind"),
        pytest.param((FILE, TEXT, part("message/delivery-status", STATUS)), id="a file before"),
        pytest.param((TEXT, part("application/octet-stream", STATUS + b"X-Filler: 1\r\n" * 9000)), id="wrong type"),
    ],
)
def test_large_files_do_not_hide_a_report(parts: tuple[bytes, ...]) -> None:
    report = classify(mixed(*parts, kind="report; report-type=delivery-status"))
    assert (report.kind, [event.recipient for event in report.events]) == (Kind.BOUNCE, ["ann@example.com"])
