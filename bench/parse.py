"""Reading mail against the standard library, in one run, interleaved.

    .venv/bin/python bench/parse.py [--rounds 5] [--seconds 0.5]

Every reader returns the same fields: subject, Message-ID, References, In-Reply-To, the addresses of From, To and Cc, the decoded text
and HTML, the bytes of the attachments (`routing`: subject, ids and addresses only). Three kinds of mail, made here: bounce (a small
delivery report), reply (text and HTML, many headers), attach (a 200 KB file). Printed: mails a second, and the ratio to
each peer as the median over rounds of the ratio inside one round.
"""

from __future__ import annotations

import argparse
import base64
import email
import email.header
import email.policy
import email.utils
import quopri
import random
import statistics
import time
from collections.abc import Callable
from email.message import EmailMessage, Message
from email.parser import BytesHeaderParser, BytesParser

from mailloom.mail import message as mailloom_message

Reader = Callable[[bytes], tuple[object, ...]]


def _trace(rng: random.Random, hops: int) -> str:
    return "".join(
        f"Received: from mx{hop}.example.net (mx{hop}.example.net [192.0.2.{rng.randrange(250)}])\r\n"
        f"\tby mail{hop}.example.org (Postfix) with ESMTPS id {rng.getrandbits(48):012X}\r\n"
        f"\tfor <support@example.org>; Sat, 21 Nov 2026 17:4{hop}:0{hop} +0100 (CET)\r\n"
        for hop in range(hops)
    )


def _signature(rng: random.Random) -> str:
    lines = "\r\n\t".join(base64.b64encode(rng.randbytes(48)).decode() for _ in range(5))
    return (
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.net; s=2026;\r\n"
        f"\th=from:to:cc:subject:date:message-id:references:in-reply-to;\r\n\tbh=abc=;\r\n\tb={lines}\r\n"
    )


def bounce(rng: random.Random) -> bytes:
    """A delivery report of about 5 KB with three parts (RFC 3464)."""
    mark = f"{rng.getrandbits(64):016x}"
    user = f"user{rng.randrange(1000)}@example.com"
    text = "\r\n".join(
        "This is the mail system. Your message could not be delivered to one or more recipients." for _ in range(12)
    )
    return (
        f"Return-Path: <>\r\n{_trace(rng, 3)}Date: Sat, 21 Nov 2026 17:43:40 +0100 (CET)\r\n"
        "From: MAILER-DAEMON@mail.example.net (Mail Delivery System)\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        f"To: bounces+{mark}@example.org\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary="{mark}/mail.example.net"\r\n'
        f"Message-Id: <20261121164340.{mark}@mail.example.net>\r\n\r\nThis is a MIME-encapsulated message.\r\n\r\n"
        f"--{mark}/mail.example.net\r\nContent-Description: Notification\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
        f"{text}\r\n\r\n<{user}>: host mx.example.com said: 550 5.1.1 User unknown\r\n\r\n"
        f"--{mark}/mail.example.net\r\nContent-Description: Delivery report\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mail.example.net\r\nArrival-Date: Sat, 21 Nov 2026 17:43:39 +0100 (CET)\r\n\r\n"
        f"Final-Recipient: rfc822; {user}\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\r\n\r\n"
        f"--{mark}/mail.example.net\r\nContent-Description: Undelivered Message\r\nContent-Type: message/rfc822\r\n\r\n"
        f"{_trace(rng, 3)}From: support@example.org\r\nTo: {user}\r\nSubject: Your order\r\nMessage-ID: <{mark}@example.org>\r\n\r\n"
        f"{text}\r\n\r\n--{mark}/mail.example.net--\r\n"
    ).encode()


def reply(rng: random.Random) -> bytes:
    """An answer of about 9 KB: text and HTML, ten references, four hops, a signature."""
    mark = f"{rng.getrandbits(64):016x}"
    ids = [f"<{rng.getrandbits(96):024x}@mail.example.org>" for _ in range(10)]
    folded = "\r\n ".join(ids)
    text = "\r\n".join(f"> Line {number} of the answer, für {mark}, mit Grüßen" for number in range(40))
    html = "".join(
        f"<p style='margin:0'>Line {number} of the answer, für {mark}, mit Grüßen</p>\r\n" for number in range(40)
    )
    html_body = quopri.encodestring(html.encode()).decode().replace("\n", "\r\n").replace("\r\r\n", "\r\n")
    text_body = quopri.encodestring(text.encode()).decode().replace("\n", "\r\n").replace("\r\r\n", "\r\n")
    return (
        f"Return-Path: <ann@example.net>\r\n{_trace(rng, 4)}{_signature(rng)}"
        "From: =?utf-8?q?Ann_M=C3=BCller?= <ann@example.net>\r\n"
        'To: "Support, Example" <support@example.org>, bob@example.org\r\nCc: Carl <carl@example.com>, dora@example.com\r\n'
        f"Subject: =?utf-8?B?{base64.b64encode('Re: Grüße zur Bestellung'.encode()).decode()}?= {mark}\r\n"
        f"Date: Sat, 21 Nov 2026 17:43:40 +0100\r\nMessage-ID: <{mark}@mail.example.net>\r\nIn-Reply-To: {ids[-1]}\r\n"
        f"References: {folded}\r\nMIME-Version: 1.0\r\nUser-Agent: Example Mail 3.1\r\nX-Spam-Status: No, score=-1.0\r\n"
        f'Content-Type: multipart/alternative; boundary="={mark}="\r\n\r\n'
        f"--={mark}=\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{text_body}\r\n"
        f'--={mark}=\r\nContent-Type: text/html; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{html_body}\r\n'
        f"--={mark}=--\r\n"
    ).encode()


def attach(rng: random.Random) -> bytes:
    """A text and HTML mail with a file of 200 KB, 289 KB in all."""
    inner = reply(rng)
    head, _, body = inner.partition(b"\r\n\r\n")
    fields, _, kind = head.rpartition(b"\r\nContent-Type: ")
    pdf = base64.encodebytes(rng.randbytes(200_000)).replace(b"\n", b"\r\n")
    return (
        fields + b'\r\nContent-Type: multipart/mixed; boundary="outer42"\r\n\r\n--outer42\r\nContent-Type: ' + kind + b"\r\n\r\n" + body
        + b'\r\n--outer42\r\nContent-Type: application/pdf; name="report.pdf"\r\nContent-Disposition: attachment; filename="report.pdf"\r\n'
        + b"Content-Transfer-Encoding: base64\r\n\r\n" + pdf + b"--outer42--\r\n"
    )  # fmt: skip


def _decoded(value: str) -> str:
    return str(email.header.make_header(email.header.decode_header(value)))


def _stdlib_routing(parsed: Message) -> tuple[object, ...]:
    addresses = [email.utils.getaddresses([str(v) for v in parsed.get_all(name, [])]) for name in ("from", "to", "cc")]
    ids = (
        str(parsed.get("message-id", "")),
        str(parsed.get("references", "")).split(),
        str(parsed.get("in-reply-to", "")).split(),
    )
    named = [[(_decoded(name), address) for name, address in found] for found in addresses]
    return (_decoded(str(parsed.get("subject", ""))), *ids, *named)


def compat32(raw: bytes) -> tuple[object, ...]:
    parsed = email.message_from_bytes(raw)
    text, html, files = "", "", []
    for part in parsed.walk():
        if part.is_multipart():
            continue
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        kind = part.get_content_type()
        if part.get_filename() or kind not in ("text/plain", "text/html"):
            files.append((part.get_filename(), payload))
        elif kind == "text/plain":
            text += payload.decode(part.get_content_charset("utf-8"), "replace")
        else:
            html += payload.decode(part.get_content_charset("utf-8"), "replace")
    return (*_stdlib_routing(parsed), text, html, files)


def policy_default(raw: bytes) -> tuple[object, ...]:
    parsed = BytesParser(policy=email.policy.default).parsebytes(raw)
    assert isinstance(parsed, EmailMessage)
    plain, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
    people = [
        [(a.display_name, a.addr_spec) for value in parsed.get_all(name, []) for a in value.addresses]
        for name in ("from", "to", "cc")
    ]
    ids = (
        str(parsed.get("message-id", "")),
        str(parsed.get("references", "")).split(),
        str(parsed.get("in-reply-to", "")).split(),
    )
    files = [(part.get_filename(), part.get_content()) for part in parsed.iter_attachments()]
    return (str(parsed["subject"]), *ids, *people, plain and plain.get_content(), html and html.get_content(), files)


def ours(raw: bytes) -> tuple[object, ...]:
    read = mailloom_message.parse(raw)
    return (*_our_routing(read), read.plain, read.html, [(file.name, file.content) for file in read.attachments])


def _our_routing(read: mailloom_message.Message) -> tuple[object, ...]:
    author = read.from_
    people = [[(a.name, a.address) for a in found] for found in ([author] if author else [], read.to, read.cc)]
    return (read.subject, read.message_id, read.references, read.in_reply_to, *people)


def ours_routing(raw: bytes) -> tuple[object, ...]:
    return _our_routing(mailloom_message.parse(raw))


def compat32_routing(raw: bytes) -> tuple[object, ...]:
    return _stdlib_routing(BytesHeaderParser().parsebytes(raw))


def default_routing(raw: bytes) -> tuple[object, ...]:
    parsed = BytesHeaderParser(policy=email.policy.default).parsebytes(raw)
    people = [
        [(a.display_name, a.addr_spec) for value in parsed.get_all(name, []) for a in value.addresses]
        for name in ("from", "to", "cc")
    ]
    ids = (
        str(parsed.get("message-id", "")),
        str(parsed.get("references", "")).split(),
        str(parsed.get("in-reply-to", "")).split(),
    )
    return (str(parsed["subject"]), *ids, *people)


FULL: dict[str, Reader] = {"mailloom": ours, "compat32": compat32, "default": policy_default}
ROUTING: dict[str, Reader] = {"mailloom": ours_routing, "compat32": compat32_routing, "default": default_routing}


def rate(reader: Reader, mails: list[bytes], seconds: float) -> float:
    """Mails a second over at least `seconds`, a new message each time."""
    count = 0
    start = time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        for raw in mails[:20]:
            reader(raw)
        count += len(mails[:20])
    return count / spent


def measure(
    title: str, readers: dict[str, Reader], mails: list[bytes], rounds: int, seconds: float
) -> dict[str, float]:
    rates: dict[str, list[float]] = {name: [] for name in readers}
    for reader in readers.values():
        reader(mails[0])
    for _ in range(rounds):
        for name, reader in readers.items():
            rates[name].append(rate(reader, mails, seconds))
    ratios = [
        f"{statistics.median(a / b for a, b in zip(rates['mailloom'], rates[peer], strict=True)):.1f}x {peer}"
        for peer in readers
        if peer != "mailloom"
    ]
    medians = {name: statistics.median(values) for name, values in rates.items()}
    print(f"{title:18}", *(f"{name} {value:8.0f}/s" for name, value in medians.items()), "|", ", ".join(ratios))
    return medians


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=0.5)
    chosen = options.parse_args()
    rng = random.Random(7)
    routing = {}
    for kind in (bounce, reply, attach):
        mails = [kind(rng) for _ in range(20)]
        size = statistics.mean(map(len, mails)) / 1024
        measure(f"{kind.__name__} {size:.0f} KB", FULL, mails, chosen.rounds, chosen.seconds)
        routing[kind] = measure(f"{kind.__name__} routing", ROUTING, mails, chosen.rounds, chosen.seconds)["mailloom"]
    print(
        f"headers of attach / headers of reply: {routing[attach] / routing[reply]:.2f} (1.0 = independent of the body's size)"
    )


if __name__ == "__main__":
    main()
