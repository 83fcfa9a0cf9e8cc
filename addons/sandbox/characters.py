"""Who lives in the sandbox: the last word of a local part says how its mail server and its owner behave.

`ann.replies@example.com`, `replies@example.net` and `ann.replies+tag@example.com` all answer; domains play no part. Whoever has no such word
takes every mail and says nothing. What follows `+` is a parameter, where a character has one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_LAST_WORD = re.compile(r"[a-z]+\Z")


class Writes(StrEnum):
    """What comes back after a mail was taken."""

    NOTHING = "nothing"
    REPLY = "reply"
    HTML_REPLY = "html reply"
    ABSENCE = "absence"
    FORWARD = "forward"
    FAILURE = "failure"
    DELAY = "delay"
    COMPLAINT = "complaint"
    ECHO = "echo"
    OPT_OUT = "opt-out"


class HangsUp(StrEnum):
    """When the server ends the connection without a word."""

    NEVER = "never"
    AT_RECIPIENT = "at recipient"
    AFTER_BODY = "after body"


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    word: str
    summary: str
    refusal: str = ""
    """The reply at RCPT instead of 250."""
    closes: bool = False
    """The connection ends after the refusal."""
    first_time_only: bool = False
    """Refusal and hanging up happen at the first try of a sender to a recipient; the second one goes well."""
    hangs_up: HangsUp = HangsUp.NEVER
    writes: Writes = Writes.NOTHING
    status: str = ""
    """Of the report that comes back (RFC 3463)."""
    diagnostic: str = ""
    """The words of the remote server in that report."""
    presses_button: bool = False
    """Presses the unsubscribe button of the mail program (RFC 8058), if the mail has one."""


CHARACTERS = (
    Character(word="accepts", summary="takes every mail and says nothing; so does everybody who is not in this table"),
    Character(word="replies", summary="answers above the quoted mail, as people do", writes=Writes.REPLY),
    Character(word="outlook", summary="answers in HTML, with the header block of Outlook", writes=Writes.HTML_REPLY),
    Character(word="away", summary="an automatic answer: out of office (RFC 3834)", writes=Writes.ABSENCE),
    Character(
        word="forwards", summary="passes the mail on: `tom.forwards+sales@` to sales@ our domain", writes=Writes.FORWARD
    ),
    Character(word="loops", summary="a program that answers whatever it gets, even programs", writes=Writes.ECHO),
    Character(
        word="bounces",
        summary="taken first, then a report that there is no such mailbox",
        writes=Writes.FAILURE,
        status="5.1.1",
        diagnostic="550 5.1.1 User unknown in virtual mailbox table",
    ),
    Character(
        word="full",
        summary="a report that the mailbox is full",
        writes=Writes.FAILURE,
        status="5.2.2",
        diagnostic="552 5.2.2 Mailbox full, quota exceeded",
    ),
    Character(
        word="blocked",
        summary="a report that the mail looks like spam",
        writes=Writes.FAILURE,
        status="5.7.1",
        diagnostic="554 5.7.1 Message rejected: it was classified as spam",
    ),
    Character(
        word="delayed",
        summary="a report that delivery takes longer; nothing more follows",
        writes=Writes.DELAY,
        status="4.4.1",
        diagnostic="451 4.4.1 Connection timed out, will keep trying",
    ),
    Character(
        word="complains", summary="presses “this is spam”: a feedback report (RFC 5965)", writes=Writes.COMPLAINT
    ),
    Character(
        word="leaves",
        summary="unsubscribes by mail, at the address in List-Unsubscribe",
        writes=Writes.OPT_OUT,
    ),
    Character(
        word="unsubscribes",
        summary="presses the unsubscribe button of the mail program (one click)",
        presses_button=True,
    ),
    Character(
        word="greylists",
        summary="451 at the first try, taken at the second",
        refusal="451 4.7.1 Greylisted, please try again later",
        first_time_only=True,
    ),
    Character(
        word="unknown",
        summary="550 at RCPT: no such user",
        refusal="550 5.1.1 No such user here",
    ),
    Character(
        word="refuses",
        summary="550 at RCPT: the sender is not wanted",
        refusal="550 5.7.1 Sender rejected by local policy",
    ),
    Character(
        word="throttles",
        summary="421 and the end of the connection at the first try",
        refusal="421 4.7.0 Too many messages, try again later",
        closes=True,
        first_time_only=True,
    ),
    Character(
        word="drops",
        summary="ends the connection at RCPT without a word, at the first try",
        hangs_up=HangsUp.AT_RECIPIENT,
        first_time_only=True,
    ),
    Character(
        word="vanishes",
        summary="ends the connection after the whole mail: nobody knows whether it arrived",
        hangs_up=HangsUp.AFTER_BODY,
    ),
)
_BY_WORD = {character.word: character for character in CHARACTERS}


def character_of(address: str) -> Character:
    """Who lives at an address."""
    name = address.rpartition("@")[0].partition("+")[0].lower()
    found = _LAST_WORD.search(name)
    return _BY_WORD.get(found[0] if found else "", CHARACTERS[0])


def parameter_of(address: str) -> str:
    """What follows the first `+` of the local part; '' without one."""
    return address.rpartition("@")[0].partition("+")[2]
