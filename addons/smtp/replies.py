"""What a server's reply says: codes, ids of accepted messages, how long to wait (RFC 5321 §4.2, RFC 2034, RFC 3463).

Nothing here trusts the server: texts are bounded, patterns are anchored or bounded, unknown forms give nothing rather than a guess.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from mailloom.api import Reply

LONGEST_TEXT = 4000


class Answer(NamedTuple):
    """A reply as read: its code and its lines joined by newlines."""

    code: int
    raw: bytes

    @property
    def accepted(self) -> bool:
        return 200 <= self.code < 300

    def reply(self) -> Reply:
        return Reply(code=self.code, enhanced=enhanced_code(self.raw), text=text_of(self.raw))


class Identity(NamedTuple):
    """Under which ids the server knows a message it accepted."""

    provider_id: str | None = None
    message_id: str | None = None


_ENHANCED = re.compile(rb"\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_IDENTITIES = tuple(
    (sign, re.compile(pattern))
    for sign, pattern in (
        # Postfix, Postmark, SendGrid, Mailjet, Brevo
        (b"ueued as ", rb"(?i)queued as <?(?P<id>[^\s<>;,]{1,200})"),
        # Exchange, and Exchange Online's submission
        (b"[InternalId=", rb"(?P<message><[^\s<>]{1,400}>) \[InternalId=(?P<id>\d{1,40})"),
        (b"[Hostname=", rb"(?P<message><[^\s<>]{1,400}>) \[Hostname="),
        # Exim
        (b"id=", rb"(?i)\bid=(?P<id>[\w.-]{6,100})"),
        # sendmail, OpenSMTPD
        (b"accepted for delivery", rb"250 2\.0\.0 (?P<id>[\w-]{6,60}) Message accepted for delivery"),
        # Gmail
        (b" - gsmtp", rb"250 2\.0\.0 OK {1,2}(?:\d{1,12} )?(?P<id>[\w.-]{6,120}) - gsmtp"),
        # Amazon SES
        (b"250 Ok ", rb"250 Ok (?P<id>[0-9a-f]{10,40}(?:-[0-9a-f]{4,20}){2,6})"),
        # Momentum, SparkPost
        (b"2.0.0 OK ", rb"250 2\.0\.0 OK (?P<id>[0-9A-F]{2}/[0-9A-F/-]{6,60})"),
        # qmail
        (b" qp ", rb"(?i)250 ok (?P<id>\d{6,12} qp \d{1,10})"),
        # Haraka
        (b"ueued (", rb"(?i)queued \((?P<id>[0-9A-F][0-9A-F.-]{7,80})\)"),
    )
)
"""What must be there, and where the ids stand."""
_WAIT = re.compile(
    rb"(?i)\b(?:in|after|for|wait|retry|within|delay)\b[ :=]{0,3}(?:another |about |at least )?"
    rb"(\d{1,6}) ?(s|sec|secs|seconds?|m|min|mins|minutes?|h|hours?)\b"
)
_CLOCK = re.compile(rb"(?i)\b(?:in|after|for|wait)[ :=]{1,3}(\d{1,2}):(\d\d):(\d\d)\b")
_SECONDS = {b"s": 1, b"m": 60, b"h": 3600}
_LONGEST_WAIT = 86400.0


def text_of(raw: bytes) -> str:
    """A reply's lines as text without control characters, bounded."""
    text = raw[:LONGEST_TEXT].decode("utf-8", "replace")
    return text if text.isprintable() else "".join(c if c.isprintable() or c == "\n" else "�" for c in text)


def enhanced_code(raw: bytes) -> str:
    """The enhanced status code of the first line; '' for none or one of another class than the reply (RFC 3463 §3)."""
    found = _ENHANCED.match(raw)
    return found[1].decode("ascii") if found and found[1][:1] == raw[:1] else ""


def identity_of(raw: bytes) -> Identity:
    """The ids in the reply to an accepted message."""
    for sign, pattern in _IDENTITIES:
        if sign in raw and (found := pattern.search(raw, 0, LONGEST_TEXT)):
            named = found.groupdict()
            return Identity(_text(named.get("id")), _text(named.get("message")))
    return Identity()


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("ascii", "replace")


def retry_after(raw: bytes) -> float | None:
    """Seconds that a refusal asks to wait, at most a day; None when it does not say."""
    if clock := _CLOCK.search(raw, 0, LONGEST_TEXT):
        hours, minutes, seconds = (int(part) for part in clock.groups())
        return min(float(hours * 3600 + minutes * 60 + seconds), _LONGEST_WAIT)
    if found := _WAIT.search(raw, 0, LONGEST_TEXT):
        return min(float(int(found[1]) * _SECONDS[found[2][:1].lower()]), _LONGEST_WAIT)
    return None
