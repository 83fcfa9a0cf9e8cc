"""From what a server said to a reason: provider table, then wording, then codes.

The order that works in practice: the remote host's own table, the general wording of its reply, the code in its reply,
the Status field when it says more than the class. The wording of the covering letter is asked last, since its advice
("the address may be misspelt") would outvote the facts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .codes import Codes, codes_in, vague
from .phrases import plain
from .provider import Provider
from .reason_codes import CATEGORIES, DECISIVE_STATUS, REPLY_REASONS, STATUS_REASONS
from .reason_texts import LAST_TEXTS, reason_in
from .remote import providers_of
from .values import Reason

_HARD = frozenset({Reason.USER_UNKNOWN, Reason.HOST_UNKNOWN, Reason.HAS_MOVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """What is known of one failure before it is judged."""

    diagnostic: str
    status: str = ""
    """Status field of the report, when it has one."""
    hosts: tuple[str, ...] = ()
    """Hosts that may have said it, the likeliest first."""
    reporter: str = ""
    """Host that wrote the report."""
    recipient: str = ""
    category: str = ""
    """Verdict of the reporting system in its own vocabulary."""
    narrative: str = ""
    """What the covering letter says about this recipient."""
    letter: str = ""
    """The whole covering letter, for the marks by which some systems are known."""
    action: str = ""
    at_recipient: bool = False
    """True when it is known that the server said it in answer to RCPT."""


class Judgement(NamedTuple):
    """The outcome: codes that count, reason and the table row that gave it."""

    status: str
    reply: str
    reason: Reason
    rule: str


def judge(saying: Saying) -> Judgement:
    """The reason of one failure with the codes that count."""
    said = codes_in(saying.diagnostic)
    codes = _best(said, saying.status)
    text = plain(saying.diagnostic)
    reason, rule = _reason(saying, text, said.status, codes)
    return Judgement(codes.status, codes.reply, reason, rule)


def is_hard(reason: Reason, reply: str) -> bool:
    """True when the address is dead. A host that takes no mail counts unless it answered with a temporary code."""
    if reason is Reason.NOT_ACCEPT:
        return not reply.startswith("4")
    return reason in _HARD


def _best(said: Codes, field: str) -> Codes:
    status = said.status if said.status and (not vague(said.status) or vague(field)) else field
    return Codes(status, said.reply)


def _reason(saying: Saying, text: str, said_status: str, codes: Codes) -> tuple[Reason, str]:
    providers = providers_of(saying.hosts, saying.recipient, saying.reporter, saying.letter)
    for provider in providers:
        if (found := provider.find(text, codes.status)) is not None:
            return found[0], f"{provider.name}: {found[1]}"
    narrow = said_status if not vague(said_status) else saying.status
    if (reason := DECISIVE_STATUS.get(narrow)) is not None:
        return reason, f"status: {narrow}"
    if (category := CATEGORIES.get(saying.category)) is not None:
        return category, f"category: {saying.category}"
    if (found := reason_in(text, said_status)) is not None:
        if found[0] is Reason.NETWORK_ERROR and saying.status[2:] == "4.1" and not codes.reply:
            return Reason.EXPIRED, f"status: {saying.status}"
        return _certain(found[0], said_status or saying.status, codes.reply, saying), f"wording: {found[1]}"
    for status in (said_status, saying.status):
        if (reason := STATUS_REASONS.get(status)) is not None:
            return reason, f"status: {status}"
    if (found := LAST_TEXTS.find(text)) is not None:
        return _certain(found[0], said_status or saying.status, codes.reply, saying), f"wording: {found[1]}"
    if (found := _by_letter(saying.narrative, providers)) is not None:
        return found
    if (reason := REPLY_REASONS.get(codes.reply)) is not None:
        return reason, f"reply: {codes.reply}"
    if saying.action == "delayed" or codes.status.startswith("4"):
        return Reason.EXPIRED, "delayed without a cause"
    return (Reason.UNDEFINED if codes.status or codes.reply else Reason.ON_HOLD), "nothing known"


def _certain(reason: Reason, status: str, reply: str, saying: Saying) -> Reason:
    """USER_UNKNOWN only where a second sign supports the wording, else FILTERED.

    Servers that refuse after the message, by their filters or policy, like to say "user unknown", too, and an address
    is given up for good only when it is certain. Signs: a code that speaks of the address (x.1.y), or the refusal came
    in answer to RCPT. A letter in the system's own words, without a quoted reply, needs no second sign.
    """
    if reason is not Reason.USER_UNKNOWN or saying.at_recipient or not reply or status[2:4] == "1.":
        return reason
    words = f"{saying.diagnostic}\n{saying.letter[:8000]}".lower()
    return reason if any(sign in words for sign in _AT_RECIPIENT) else Reason.FILTERED


_AT_RECIPIENT = ("rcpt", "does not like recipient", "recipient table", "access denied", "recipient verif", "domino")


def _by_letter(narrative: str, providers: list[Provider]) -> tuple[Reason, str] | None:
    if not narrative.strip():
        return None
    letter = plain(narrative)
    for provider in providers:
        if (found := provider.texts.find(letter)) is not None:
            return found[0], f"{provider.name} letter: {found[1]}"
    found = reason_in(letter)
    return (found[0], f"letter: {found[1]}") if found is not None else None
