"""Finding codes in diagnostic text: enhanced status codes (RFC 3463) and SMTP reply codes (RFC 5321 §4.2).

Rules: IPv4 addresses and version numbers are masked first, because "4.2.1.5" and "v5.1.2" are no status codes; a code
that stands right behind a reply code is worth more than one in passing; codes ending in .0.0 say nothing and lose.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_DOTTED = re.compile(r"\d{1,12}(?:\.\d{1,12}){2,20}")
_VERSION_WORDS = (
    "version",
    "ver",
    "exim",
    "postfix",
    "sendmail",
    "openssl",
    "build",
    "release",
    "php",
    " v",
    "/v",
    "/",
    "rv",
)
_STATUS = re.compile(r"(?<![\w.@-])([245])\.(\d{1,3})\.(\d{1,3})(?![\d@]|\.\d)")
_PAIRED = re.compile(
    r"(?<![\d.])([245]\d\d)[- ]{1,3}['\"(#]{0,2}(?:[245]\d\d[- ])?['\"(#]{0,2}([245]\.\d{1,3}\.\d{1,3})(?![\d@]|\.\d)"
)
# A relay that quotes the next server: "… -> 550 5.1.1 …", "…<421 4.4.2 …>", "… 550-'5.2.2 …'".
_QUOTED = re.compile(r"(?:->|\w\.?<|-')\s{0,3}(?:[245]\d\d[- ])?['\"#]{0,2}([245]\.\d{1,3}\.\d{1,3})(?![\d@]|\.\d)")
_REPLY = re.compile(r"(?<![\d.:/#@\w-])([245][0-7]\d)(?![\d.@\w/:]\d|\d|\w|@|%)")
_REPLY_HEAD = re.compile(r"^[\s'\"<(]{0,5}(?:smtp;|said:)?\s{0,3}([245][0-7]\d)\b(?!\.)", re.I)
_LONGEST = 4000


class Codes(NamedTuple):
    """The codes of one diagnostic; '' where none is named."""

    status: str = ""
    reply: str = ""


def masked(text: str) -> str:
    """Text in which no IPv4 address or version number can pass for a code."""
    text = text[:_LONGEST]
    return _DOTTED.sub(_kept, text) if text.count(".") > 1 else text


def _kept(dotted: re.Match[str]) -> str:
    number = dotted[0]
    if number.count(".") != 2 or number[0] not in "245" or number[1] != ".":
        return " "
    before = dotted.string[max(0, dotted.start() - 12) : dotted.start()].lower().rstrip(" =:.")
    return " " if before.endswith(_VERSION_WORDS) or dotted.string[: dotted.start()].endswith(" v") else number


def codes_in(text: str) -> Codes:
    """The most telling codes of a diagnostic text."""
    text = masked(text)
    return Codes(_status_in(text), _reply_in(text))


def _status_in(text: str) -> str:
    quoted = [match[1] for match in _QUOTED.finditer(text)]
    best = quoted[-1] if quoted else ""
    if best and not vague(best):
        return best
    for match in _PAIRED.finditer(text):
        if not vague(match[2]):
            best = match[2]
            break
        best = best or match[2]
    if best and not vague(best):
        return best
    for match in _STATUS.finditer(text):
        status = match[0]
        if not vague(status):
            return status
        best = best or status
    return best


def _reply_in(text: str) -> str:
    if (head := _REPLY_HEAD.match(text)) is not None:
        return head[1]
    if (paired := _PAIRED.search(text)) is not None:
        return paired[1]
    found = _REPLY.search(text)
    return found[1] if found and found[1][0] in "45" else ""


def status_value(text: str) -> str:
    """The code of a Status field, '' when it holds words or nothing (comments in brackets are dropped)."""
    found = _STATUS.search(text[:200])
    return found[0] if found else ""


def vague(status: str) -> bool:
    """True for no code, x.0.0 and the like, which tell the class only."""
    return not status or status.endswith(".0.0")


def permanent(status: str, reply: str) -> bool | None:
    """What the class of the codes says; None without codes."""
    first = (status or reply)[:1]
    return None if first not in ("4", "5") else first == "5"
