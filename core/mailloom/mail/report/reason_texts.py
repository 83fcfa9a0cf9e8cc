"""Wording to reasons: what the mail systems of the world say when they refuse, in the order in which it must be asked.

Order matters and is the knowledge here: phrases about our side (sender, authentication, reputation) come before those
about the recipient where both may stand in one sentence ("sender address rejected: user unknown"), narrow before wide.
Sources: the message strings of Postfix, Sendmail, Exim, qmail, Courier, Exchange, Domino, GroupWise, OpenSMTPD, Haraka,
MDaemon, MailEnable, IMail, Zimbra, CommuniGate, Oracle Messaging Server, PowerMTA and the error pages of providers.
"""

from __future__ import annotations

from .phrases import PhraseTable
from .reason_codes import LOOSE_STATUS, STATUS_REASONS
from .reason_texts_mailbox import LAST_ROWS, MAILBOX_ROWS, WIDE_MAILBOX_ROWS
from .reason_texts_sender import SENDER_ROWS
from .reason_texts_traffic import TRAFFIC_ROWS
from .reason_texts_transport import TRANSPORT_ROWS, WIDE_ROWS
from .values import Reason

NARROW_TEXTS: PhraseTable[Reason] = PhraseTable((*SENDER_ROWS, *MAILBOX_ROWS, *TRAFFIC_ROWS, *TRANSPORT_ROWS))
WIDE_TEXTS: PhraseTable[Reason] = PhraseTable((*WIDE_MAILBOX_ROWS, *WIDE_ROWS))


LAST_TEXTS: PhraseTable[Reason] = PhraseTable(LAST_ROWS)


def reason_in(text: str, status: str = "") -> tuple[Reason, str] | None:
    """Reason that the wording gives, with the phrase; None when it says nothing known. Text must come from plain().

    A precise status code in the same reply outweighs wide words such as "rejected", but not narrow ones.
    """
    if (found := NARROW_TEXTS.find(text)) is not None:
        return found
    if status not in LOOSE_STATUS and (reason := STATUS_REASONS.get(status)) is not None:
        return reason, status
    return WIDE_TEXTS.find(text)
