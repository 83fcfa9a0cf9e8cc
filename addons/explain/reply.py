"""A server's words, made comparable: one line, with the codes apart.

Replies of several lines repeat their code before each (RFC 5321 §4.2.1, RFC 2034 §4); the words are joined without them. People paste replies with
what stood around them, so a code is also found in the middle. Only the beginning of very long texts is looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_LONGEST = 2000
_LINE = re.compile(r"^(?P<code>[2-5]\d\d)(?:[ -]|$)(?:(?P<enhanced>[245]\.\d{1,3}\.\d{1,3})(?![\d.]))?\s?")
_WITHIN = re.compile(
    r"(?<![\d.:#/\[])(?P<code>[2-5]\d\d)(?:[ -](?P<enhanced>[245]\.\d{1,3}\.\d{1,3})(?![\d.])|(?=[ )-]|$))"
)
_ENHANCED = re.compile(r"(?<![\d.])[245]\.[0-7]\.\d{1,3}(?![\d.])")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\s]{1,2000}")
_TAGGED = re.compile(r"^(?:\* |[a-z0-9]{1,12} )?(?:no|bad|bye)\b|^\[[a-z-]{3,30}\]|logindisabled", re.IGNORECASE)


class Protocol(StrEnum):
    """In which conversation the words were said; ANY where it is not known."""

    ANY = ""
    SMTP = "smtp"
    IMAP = "imap"
    POP3 = "pop3"
    HTTP = "http"
    TLS = "tls"
    DNS = "dns"
    TCP = "tcp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """`codes` holds the reply code and the enhanced code where they are there; `text` is everything in one line."""

    text: str
    codes: frozenset[str]
    enhanced: str = ""
    reply: str = ""


def read_reply(words: str) -> Said:
    """Codes and words of a reply as a server or a person gives it."""
    lines = words[:_LONGEST].strip().splitlines()
    codes = next(filter(None, map(_LINE.match, lines)), None) or _WITHIN.search(" ".join(lines))
    text = " ".join([lines[0] if lines else "", *(_LINE.sub("", line) for line in lines[1:])])
    text = _UNPRINTABLE.sub(" ", text).strip()
    reply = codes["code"] if codes else ""
    enhanced = (codes["enhanced"] if codes else "") or _apart(text)
    return Said(text=text, codes=frozenset(filter(None, (reply, enhanced))), enhanced=enhanced, reply=reply)


def guess_protocol(words: str) -> Protocol:
    """The protocol that a reply's form speaks of; ANY when it could be several."""
    start = words.lstrip()[:200]
    if start.startswith(("-ERR", "+ ", "+OK")):
        return Protocol.POP3
    if _LINE.match(start):
        return Protocol.SMTP
    return Protocol.IMAP if _TAGGED.match(start) else Protocol.ANY


def _apart(text: str) -> str:
    found = _ENHANCED.search(text)
    return found[0] if found else ""
