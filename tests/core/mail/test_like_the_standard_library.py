"""On well-formed mail every field is what the standard library reads."""

from __future__ import annotations

import email
import email.policy
import email.utils
import random
from collections.abc import Iterable
from email.headerregistry import Address as StandardAddress
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser

import pytest

from mailloom.mail.message import Part, parse

# No quotes in names: the standard library's writer then encodes the comma that follows.
NAMES = ["Ann", "Zoë Müller", "Doe, Ann", "山田太郎", "", "Иван Петров", "A. B. C.", "O'Neil"]
DOMAINS = ["example.org", "example.com", "mail.example.net"]
SUBJECTS = [
    "hello",
    "Grüße aus Köln",
    "日本語の件名はとても長いので折り返されます" * 3,
    "Re: [list] x" * 12,
    "a" * 200,
    "emoji 😀 here",
]
TEXTS = [
    "hello\n",
    "Grüße\n" * 50,
    "long line " * 200 + "\n",
    "日本語\n",
    "> quoted\n\n-- \nsig\n",
    "\n",
    "=3D and = signs\n",
]
FILE_NAMES = ["a.pdf", "Größe.pdf", "very long " * 20 + ".txt", "with space.png", "日本語.docx", 'quo"te.txt']


def people(rng: random.Random, count: int) -> list[StandardAddress]:
    return [
        StandardAddress(
            display_name=rng.choice(NAMES), username=f"user.{rng.randrange(99)}", domain=rng.choice(DOMAINS)
        )
        for _ in range(count)
    ]


def composed(seed: int) -> EmailMessage:
    """A message of random shape: text, HTML, related images, files, an enclosed message, each in a random encoding."""
    rng = random.Random(seed)
    made = EmailMessage()
    made["From"] = people(rng, 1)
    made["To"] = people(rng, rng.randrange(1, 6))
    if rng.random() < 0.5:
        made["Cc"] = people(rng, rng.randrange(1, 4))
    if rng.random() < 0.3:
        made["Reply-To"] = people(rng, 1)
    made["Subject"] = rng.choice(SUBJECTS)
    made["Date"] = email.utils.format_datetime(email.utils.localtime())
    made["Message-ID"] = f"<{rng.getrandbits(64):x}@example.org>"
    made["References"] = " ".join(f"<{rng.getrandbits(96):x}@example.org>" for _ in range(rng.randrange(1, 12)))
    encodings = ["quoted-printable", "base64", "8bit"]
    made.set_content(rng.choice(TEXTS), cte=rng.choice(encodings[:2]))
    if rng.random() < 0.6:
        made.add_alternative(f"<p>{rng.choice(TEXTS)}</p>\n", subtype="html", cte=rng.choice(encodings[:2]))
        if rng.random() < 0.4:
            html = made.get_body(("html",))
            assert isinstance(html, EmailMessage)
            html.add_related(rng.randbytes(100), "image", "png", cid="<img@x>", filename="img.png")
    for _ in range(rng.choice((0, 0, 1, 3))):
        made.add_attachment(rng.randbytes(rng.randrange(500)), "application", "pdf", filename=rng.choice(FILE_NAMES))
    if rng.random() < 0.2:
        inner = EmailMessage()
        inner["Subject"] = "inner"
        inner.set_content("inner\n")
        made.add_attachment(inner)
    return made


def text_of(part: MIMEPart | None) -> str:
    return part.get_content().replace("\r\n", "\n") if part is not None else ""


@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("seed", range(60))
def test_the_fields_are_the_same(seed: int, ending: str) -> None:
    raw = composed(seed).as_bytes(policy=email.policy.default.clone(linesep=ending))
    theirs = BytesParser(policy=email.policy.default).parsebytes(raw)
    assert isinstance(theirs, EmailMessage)
    ours = parse(raw)
    assert ours.subject == theirs["Subject"]
    assert ours.message_id == theirs["Message-ID"]
    assert ours.references == theirs["References"].split()
    assert ours.date == email.utils.parsedate_to_datetime(theirs["Date"])
    assert [str(ours.from_)] == [
        f"{StandardAddress(a.display_name, a.username, a.domain)}" for a in theirs["From"].addresses
    ]
    for name, read in (("To", ours.to), ("Cc", ours.cc), ("Reply-To", ours.reply_to)):
        expected = theirs[name].addresses if theirs[name] else ()
        assert [(a.name, a.address) for a in read] == [(a.display_name, a.addr_spec) for a in expected]
    assert ours.plain == text_of(theirs.get_body(("plain",)))
    assert ours.html == text_of(theirs.get_body(("html",)))
    assert [part.content_type for part in ours.walk()] == [part.get_content_type() for part in walked(theirs)]
    assert sorted(files_of(ours.walk())) == sorted(
        (part.get_filename(), part.get_payload(decode=True)) for part in walked(theirs) if part.get_filename()
    )


def walked(message: EmailMessage) -> list[EmailMessage]:
    """The parts, without those of enclosed messages."""
    found: list[EmailMessage] = []
    ahead = [message]
    while ahead:
        part = ahead.pop()
        found.append(part)
        if part.get_content_maintype() == "multipart":
            ahead += reversed([child for child in part.iter_parts() if isinstance(child, EmailMessage)])
    return found


def files_of(parts: Iterable[Part]) -> list[tuple[str, bytes]]:
    return [(part.filename, part.content) for part in parts if part.filename]
