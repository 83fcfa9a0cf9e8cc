"""What composing costs, beside the standard library's two ways and beside the floor of bytes put together by hand.

One mail: text and HTML of 8 KB together, nine headers, names, subject and text outside ASCII; then the same body for many recipients.
All ways run in turn, round by round, so that they share the machine's moods; the medians and their ratios are printed.

    nice python bench/compose.py [--rounds 7] [--mails 300]
"""

from __future__ import annotations

import argparse
import base64
import email
import email.policy
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.header import Header
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr

from mailloom.mail.address import Address
from mailloom.mail.compose import (
    AddressList,
    Body,
    Date,
    HeaderValue,
    MessageIds,
    Token,
    Unstructured,
    compose,
    encode_body,
    header_block,
)

TEXT = "Guten Tag Frau Müller,\n\nIhre Bestellung wurde heute verschickt. Viele Grüße aus Köln\n" * 30
HTML = (
    "<p>Guten Tag Frau <b>Müller</b>,</p>\n<p>Ihre Bestellung wurde heute verschickt. Viele Grüße aus Köln</p>\n" * 54
)
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SUBJECT = "Ihre Bestellung Nr. 4711: Grüße aus Köln und vielen Dank"
SENDER = ("Jörg vom Kundendienst", "support", "example.org")
UNSUBSCRIBE = "<https://example.org/u/k20abcdefghijklmnopqrstuvwxyz234567>, <mailto:u+k20abcdefgh@example.org?subject=unsubscribe>"
REFERENCES = [f"<aaaaaaaaaaaaaaaaaaaa{number}.65f0c2a1.{number}@example.org>" for number in range(3)]


def person(number: int) -> tuple[str, str, str]:
    return f"Zoë Müller {number}", f"zoe.mueller.{number}", "example.com"


def address_of(person: tuple[str, str, str]) -> Address:
    return Address(name=person[0], localpart=person[1], domain=person[2])


def own_headers(number: int) -> list[tuple[str, HeaderValue]]:
    return [
        ("To", AddressList([address_of(person(number))])),
        ("Message-ID", MessageIds([f"<{number}.65f0c2a1.7@example.org>"])),
        ("List-Unsubscribe", Token(UNSUBSCRIBE)),
    ]


def shared_headers() -> list[tuple[str, HeaderValue]]:
    return [
        ("From", AddressList([address_of(SENDER)])),
        ("Reply-To", AddressList([address_of(SENDER)])),
        ("Subject", Unstructured(SUBJECT)),
        ("Date", Date(NOW)),
        ("References", MessageIds(REFERENCES)),
        ("Auto-Submitted", Token("auto-generated")),
    ]


def by_mailloom(number: int) -> bytes:
    body = encode_body(Body(text=TEXT, html=HTML), seed=str(number))
    return compose([*own_headers(number), *shared_headers()], body).raw


def mailloom_shared(mails: int) -> None:
    body, shared = encode_body(Body(text=TEXT, html=HTML)), header_block(shared_headers())
    for number in range(mails):
        compose(own_headers(number), body, shared=shared)


def plain_headers(number: int) -> list[tuple[str, str]]:
    return [
        ("Message-ID", f"<{number}.65f0c2a1.7@example.org>"),
        ("List-Unsubscribe", UNSUBSCRIBE),
        ("Date", format_datetime(NOW)),
        ("References", " ".join(REFERENCES)),
        ("Auto-Submitted", "auto-generated"),
    ]


def by_email_message(number: int) -> bytes:
    message = EmailMessage(policy=email.policy.SMTP)
    name, local, domain = person(number)
    message["To"] = f"{name} <{local}@{domain}>"
    message["From"] = message["Reply-To"] = f"{SENDER[0]} <{SENDER[1]}@{SENDER[2]}>"
    message["Subject"] = SUBJECT
    for header, value in plain_headers(number):
        message[header] = value
    message.set_content(TEXT)
    message.add_alternative(HTML, subtype="html")
    return message.as_bytes()


def by_compat32(number: int) -> bytes:
    message = MIMEMultipart("alternative")
    name, local, domain = person(number)
    message["To"] = formataddr((name, f"{local}@{domain}"))
    message["From"] = message["Reply-To"] = formataddr((SENDER[0], f"{SENDER[1]}@{SENDER[2]}"))
    message["Subject"] = str(Header(SUBJECT, "utf-8"))
    for header, value in plain_headers(number):
        message[header] = value
    message.attach(MIMEText(TEXT, "plain", "utf-8"))
    message.attach(MIMEText(HTML, "html", "utf-8"))
    return message.as_bytes(policy=email.policy.compat32.clone(linesep="\r\n"))


def by_hand(number: int) -> bytes:
    """The floor: no folding, no checks, base64 whatever the text."""

    def word(text: str) -> str:
        return "=?utf-8?b?" + base64.b64encode(text.encode()).decode() + "?="

    name, local, domain = person(number)
    sender = f"{word(SENDER[0])} <{SENDER[1]}@{SENDER[2]}>"
    lines = [
        f"To: {word(name)} <{local}@{domain}>",
        f"From: {sender}",
        f"Reply-To: {sender}",
        f"Subject: {word(SUBJECT)}",
    ]
    lines += [f"{header}: {value}" for header, value in plain_headers(number)]
    lines += ["MIME-Version: 1.0", 'Content-Type: multipart/alternative; boundary="=_b"', "", ""]
    pieces = ["\r\n".join(lines).encode()]
    for subtype, content in (("plain", TEXT), ("html", HTML)):
        pieces += [
            f"--=_b\r\nContent-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode(),
            base64.encodebytes(content.encode()),
        ]
    return b"".join([*pieces, b"--=_b--\r\n"])


def microseconds(run: Callable[[], object], mails: int) -> float:
    begin = time.perf_counter()
    run()
    return (time.perf_counter() - begin) / mails * 1e6


def each(compose_one: Callable[[int], bytes], mails: int) -> Callable[[], None]:
    def run() -> None:
        for number in range(mails):
            compose_one(number)

    return run


def check_same_meaning() -> None:
    ours, theirs = (
        email.message_from_bytes(raw, policy=email.policy.default) for raw in (by_mailloom(1), by_email_message(1))
    )
    for header in (
        "from",
        "to",
        "reply-to",
        "subject",
        "date",
        "message-id",
        "references",
        "auto-submitted",
        "list-unsubscribe",
    ):
        assert " ".join(str(ours[header]).split()) == " ".join(str(theirs[header]).split()), header
    for kind in ("plain", "html"):
        our_part, their_part = ours.get_body((kind,)), theirs.get_body((kind,))
        assert our_part is not None
        assert their_part is not None
        assert our_part.get_content() == their_part.get_content(), kind


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--mails", type=int, default=300)
    chosen = parser.parse_args()
    check_same_meaning()
    ways: dict[str, Callable[[], None]] = {
        "EmailMessage": each(by_email_message, chosen.mails),
        "compat32": each(by_compat32, chosen.mails),
        "mailloom": each(by_mailloom, chosen.mails),
        "mailloom, body shared": lambda: mailloom_shared(chosen.mails),
        "by hand, unchecked (floor)": each(by_hand, chosen.mails),
    }
    figures: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(chosen.rounds):
        for name, run in ways.items():
            figures[name].append(microseconds(run, chosen.mails))
    medians = {name: statistics.median(values) for name, values in figures.items()}
    print(
        f"text+HTML {len(TEXT.encode()) + len(HTML.encode())} octets, 9 headers; {chosen.rounds} rounds of {chosen.mails}"
    )
    for name, median in medians.items():
        against = ", ".join(f"{medians[peer] / median:6.1f}x {peer}" for peer in ("EmailMessage", "compat32"))
        print(f"{name:28} {median:8.1f} us/mail   {against}")


if __name__ == "__main__":
    main()
