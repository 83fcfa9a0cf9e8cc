"""From raw mail to what the routers look at: who it says it is from, whom it came for, what makes it one message.

Recipients that can be routed are the envelope's where it is known, else Delivered-To, X-Original-To, To, Cc, Resent-To and Resent-Cc
together. Rules that speak of To mean the envelope, Delivered-To, X-Original-To and To; an envelope recipient that the mail names only in
Cc stays of Cc strength.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mailloom.mail.address import normalise
from mailloom.mail.message import Message as Mail
from mailloom.store.messages import identifier_key

_TO_HEADERS = ("delivered-to", "x-original-to", "to")
_CC_HEADERS = ("cc", "resent-to", "resent-cc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the headers (and the envelope) of a mail say, in comparison keys."""

    from_key: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    message_id: str
    key: str
    """Digest of what makes it one message, 64 hex digits."""


def read_mail(mail: Mail, envelope_recipients: Sequence[str] | None) -> Reading:
    """Never raises: what a mail lacks is ''."""
    from_key = normalise(mail.from_.address) if mail.from_ else ""
    to, cc = _recipients(mail, envelope_recipients)
    message_id = identifier_key(mail.message_id)
    return Reading(from_key=from_key, to=to, cc=cc, message_id=message_id, key=_key(mail, from_key, message_id))


def _recipients(mail: Mail, envelope: Sequence[str] | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    named_cc = _keys(mail, _CC_HEADERS)
    named_to = _keys(mail, _TO_HEADERS)
    if envelope is None:
        return tuple(named_to), tuple(key for key in named_cc if key not in named_to)
    known = dict.fromkeys(key for address in envelope if (key := normalise(address)))
    to = tuple(key for key in known if key not in named_cc or key in named_to)
    return to, tuple(key for key in known if key not in to)


def _keys(mail: Mail, headers: Iterable[str]) -> dict[str, None]:
    addresses = (address for name in headers for address in mail.headers.addresses(name))
    return dict.fromkeys(key for address in addresses if (key := normalise(address.address)))


def _key(mail: Mail, from_key: str, message_id: str) -> str:
    """Message-ID, From and Date, so that copies decorated on their way are one message; without id or date, the content."""
    date = "".join(mail.headers.get("date").split())
    if message_id and date:
        return _digest("ids", message_id, from_key, date)
    body = hashlib.sha256(b"\n".join(mail.raw_body.split())).hexdigest()
    return _digest("content", message_id, from_key, date, " ".join(mail.subject.split()), body)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


_ROBOT_NAMES = frozenset(
    [
        "mailer-daemon",
        "postmaster",
        "noreply",
        "no-reply",
        "no_reply",
        "donotreply",
        "do-not-reply",
        "do_not_reply",
        "bounce",
        "bounces",
        "nobody",
    ]
)
_BULK_PRECEDENCES = frozenset({"bulk", "list", "junk", "auto_reply"})


def why_not_answerable(mail: Mail, envelope_from: str | None) -> str:
    """Why no automatic answer may go to this mail, '' when one may (RFC 3834 §2)."""
    if envelope_from == "" or _null_return_path(mail):
        return "the return path is empty"
    auto_submitted = mail.headers.get("auto-submitted").split(";")[0].strip().lower()
    if auto_submitted and auto_submitted != "no":
        return f"it was sent by a program (Auto-Submitted: {auto_submitted[:40]})"
    precedence = mail.headers.get("precedence").strip().lower()
    if precedence in _BULK_PRECEDENCES:
        return f"it is bulk mail (Precedence: {precedence})"
    for header in ("list-id", "list-unsubscribe", "list-post"):
        if header in mail.headers:
            return f"it came through a mailing list ({header.title()})"
    if "x-auto-response-suppress" in mail.headers and _suppresses(mail.headers.get("x-auto-response-suppress")):
        return "its sender forbids automatic answers (X-Auto-Response-Suppress)"
    recipient = answer_recipient(mail, envelope_from)
    if not recipient:
        return "it names no sender"
    if recipient.partition("@")[0].partition("+")[0] in _ROBOT_NAMES:
        return f"{recipient} is a robot's address"
    return ""


def answer_recipient(mail: Mail, envelope_from: str | None) -> str:
    """Where an automatic answer would go: the envelope sender if known, else Return-Path, else From; '' when there is none."""
    if envelope_from:
        return normalise(envelope_from)
    for header in ("return-path", "from"):
        for address in mail.headers.addresses(header)[:1]:
            if key := normalise(address.address):
                return key
    return ""


def _null_return_path(mail: Mail) -> bool:
    return any(b"".join(value.split()) == b"<>" or not value.strip() for value in mail.headers.raw("return-path"))


def _suppresses(value: str) -> bool:
    words = {word.strip().lower() for word in value.split(",")}
    return bool(words & {"all", "autoreply", "oof", "dr", "ndr", "rn", "nrn"})
