"""Messages made to be expensive: each is read whole, in steps that grow no faster than its size."""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable
from types import FrameType

import pytest

from mailloom.mail.message import parse


def read_all(raw: bytes) -> None:
    message = parse(raw)
    _ = (
        message.subject,
        message.from_,
        message.to,
        message.references,
        message.plain,
        message.html,
        message.date,
        message.defects,
    )
    for file in message.attachments:
        assert file.size >= 0
    for part in message.walk():
        _ = (part.content_type, part.charset, part.filename, part.disposition)


def nested(depth: int, *, own_boundary: bool = True, closed: bool = True) -> bytes:
    """Multiparts in one another, and a text in the middle."""
    names = [b"b%d" % level if own_boundary else b"b" for level in range(depth)]
    opened = b"".join(b"Content-Type: multipart/mixed; boundary=%s\n\n--%s\n" % (name, name) for name in names)
    closing = b"".join(b"--%s--\n" % name for name in reversed(names)) if closed else b""
    return opened + b"\nthe middle\n" + closing


def parts(count: int, part: bytes) -> bytes:
    return b"Content-Type: multipart/mixed; boundary=b\n\n" + (b"--b\n" + part) * count + b"--b--\n"


WORST: list[tuple[str, Callable[[int], bytes]]] = [
    ("nesting", lambda n: nested(n // 50)),
    ("nesting-not-closed", lambda n: nested(n // 50, closed=False)),
    ("nesting-of-one-boundary", lambda n: nested(n // 50, own_boundary=False)),
    ("enclosed-messages", lambda n: b"Content-Type: message/rfc822\n\n" * (n // 30)),
    ("alternatives", lambda n: nested(n // 50).replace(b"mixed", b"alternative")),
    ("related", lambda n: nested(n // 50).replace(b"mixed", b"related")),
    ("without-boundary", lambda n: b"Content-Type: multipart/mixed\n\n--b\n" * (n // 36)),
    ("parts", lambda n: parts(n // 8, b"\nx\n")),
    ("empty-parts", lambda n: parts(n // 4, b"")),
    ("calendar-parts", lambda n: parts(n // 35, b"Content-Type: text/calendar\n\nx\n")),
    ("shown-parts", lambda n: parts(n // 60, b"Content-Type: image/png\nContent-ID: <a>\n\nx\n")),
    ("named-texts", lambda n: parts(n // 40, b"Content-Type: text/plain; name=a\n\n\n")),
    ("uuencoded-parts", lambda n: parts(n // 30, b"\nbegin 644 a\n#86)C\nend\n")),
    ("headers", lambda n: b"X: y\n" * (n // 5)),
    ("recipients", lambda n: b"To: a@b.c\n" * (n // 10)),
    ("types", lambda n: b"Content-Type: a\n" * (n // 16)),
    ("lines-without-colon", lambda n: b"X: y\n" + b"stray\n" * (n // 6)),
    ("lines-before-a-header", lambda n: b"X: y\n" + b"stray\n" * (n // 6) + b"Subject: x\n\n"),
    ("folds", lambda n: b"Subject: x\n" + b" y\n" * (n // 3)),
    ("empty-folds", lambda n: b"Subject: x\n" + b" \n" * (n // 2)),
    ("colons", lambda n: b":" * n),
    ("one-line", lambda n: b"x" * n),
    ("carriage-returns", lambda n: b"X: y\n" + b"\r" * n + b"z"),
    ("carriage-returns-and-lines", lambda n: b"\r\r\n" * (n // 3)),
    ("blank-lines", lambda n: b"\n" * n),
    ("nuls", lambda n: b"\0" * n),
    ("dashes", lambda n: b"Content-Type: multipart/mixed; boundary=x\n\n" + b"-" * n),
    ("dash-lines", lambda n: b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--\n" * (n // 3)),
    ("dash-words", lambda n: b"Content-Type: multipart/mixed; boundary=x\n\n" + b"- " * (n // 2)),
    ("other-delimiters", lambda n: b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--xx\n" * (n // 5)),
    ("dashes-and-blanks", lambda n: b"Content-Type: multipart/mixed\n\n--a" + b" " * n + b"x"),
    ("begin-and-blanks", lambda n: b"\nbegin 644 a" + b" " * n + b"x"),
    (
        "empty-alternatives",
        lambda n: parts(n // 150, nested(1).replace(b"mixed", b"alternative").replace(b"the middle", b"")),
    ),
    (
        "named-after-empty",
        lambda n: parts(
            n // 90,
            b"Content-Type: multipart/alternative; boundary=c\n\n--c--\n--b\nContent-Type: text/csv; name=a\n\n",
        ),
    ),
    ("references", lambda n: b"References: " + b"<a@b> " * (n // 6) + b"\n\n"),
    ("open-references", lambda n: b"References: " + b"<" * n + b"\n\n"),
    ("long-reference", lambda n: b"References: " + b"a" * n + b"\n\n"),
    ("bare-references", lambda n: b"References: " + b"@" * n + b"\n\n"),
    ("words", lambda n: b"Subject: " + b"=?utf-8?q?=C3=A4?= " * (n // 19) + b"\n\n"),
    ("glued-fields", lambda n: b"MIME-Version: 1.0" + b"Content-Type: a" * (n // 15) + b"\n\n"),
    ("glued-blanks", lambda n: b"MIME-Version: 1.0" + b" " * n + b":\n\n"),
    ("date", lambda n: b"Date: " + b"1 " * (n // 2) + b"\n\n"),
    ("meta", lambda n: b"Content-Type: text/html\n\n" + b"<meta " * (n // 6)),
    ("content-ids", lambda n: b"Content-Type: text/html\n\n" + b'"cid:' * (n // 5)),
    ("cid-references", lambda n: parts(n // 90, b"Content-Type: text/html\nContent-ID: <a>\n\n<img src='cid:a'>\n")),
    ("base64-lines", lambda n: b"Content-Transfer-Encoding: base64\n\n" + b"A\n" * (n // 2)),
    ("escapes", lambda n: b"Content-Type: text/plain; charset=iso-2022-jp\n\n" + b"\x1b$B" * (n // 3)),
]


def steps(raw: bytes) -> int:
    """How many functions are called to read the whole of `raw`, Python's own included."""
    count = 0

    def counted(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(counted)
    try:
        read_all(raw)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.timeout(30)
@pytest.mark.parametrize("made", [pytest.param(made, id=name) for name, made in WORST])
def test_the_steps_grow_no_faster_than_the_size(made: Callable[[int], bytes]) -> None:
    assert steps(made(80_000)) <= 10 * steps(made(10_000)) + 2000


@pytest.mark.timeout(20)  # a square of this size would take hours, wherever it hides
@pytest.mark.parametrize("made", [pytest.param(made, id=name) for name, made in WORST])
def test_a_large_one_is_read_to_its_end(made: Callable[[int], bytes]) -> None:
    read_all(made(300_000))


def test_a_thousand_levels_still_give_their_text() -> None:
    assert parse(nested(1000)).plain.strip() == "the middle"


def test_a_hundred_thousand_headers_are_all_there() -> None:
    message = parse(b"X: y\n" * 100_000 + b"Subject: last\n\n")
    assert (len(message.headers), message.subject) == (100_001, "last")


def test_an_attachment_of_fifty_megabytes_keeps_its_bytes() -> None:
    content = bytes(range(256)) * 200_000
    raw = parts(
        1, b"Content-Type: a/b; name=x.bin\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(content)
    )
    (file,) = parse(raw).attachments
    assert file.content == content


def test_reading_the_headers_does_not_read_the_body() -> None:
    message = parse(b"Subject: x\n\n" + b"\n--b" * 1_000_000)
    assert message.subject == "x"
    assert "parts" not in vars(message)
    assert message._source._delimiters is None
