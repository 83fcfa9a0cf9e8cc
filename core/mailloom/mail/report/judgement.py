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
from .reason_codes import REPLY_REASONS, STATUS_REASONS
from .reason_texts import reason_in
from .remote import provider_of
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
    recipient: str = ""
    narrative: str = ""
    """What the covering letter says about this recipient."""
    action: str = ""


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


def is_hard(reason: Reason, status: str, reply: str) -> bool:
    """True when the address is dead. A host that takes no mail counts unless its code is a temporary one."""
    if reason is Reason.NOT_ACCEPT:
        return (status or reply)[:1] != "4"
    return reason in _HARD


def _best(said: Codes, field: str) -> Codes:
    status = said.status if said.status and (not vague(said.status) or vague(field)) else field
    return Codes(status, said.reply)


def _reason(saying: Saying, text: str, said_status: str, codes: Codes) -> tuple[Reason, str]:
    provider = provider_of(saying.hosts, saying.recipient)
    if provider is not None and (found := provider.find(text, codes.status)) is not None:
        return found[0], f"{provider.name}: {found[1]}"
    if (found := reason_in(text)) is not None:
        return found[0], f"wording: {found[1]}"
    for status in (said_status, saying.status):
        if (reason := STATUS_REASONS.get(status)) is not None:
            return reason, f"status: {status}"
    if saying.narrative and (found := reason_in(plain(saying.narrative))) is not None:
        return found[0], f"letter: {found[1]}"
    if (reason := REPLY_REASONS.get(codes.reply)) is not None:
        return reason, f"reply: {codes.reply}"
    if saying.action == "delayed" or codes.status.startswith("4"):
        return Reason.EXPIRED, "delayed without a cause"
    return Reason.UNDEFINED, ""
