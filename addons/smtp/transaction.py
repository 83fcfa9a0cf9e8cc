"""One mail on its way: which recipients are settled, which stand open, and how far the server has come with it.

Pure bookkeeping: replies go in, outcomes come out. The rule that matters: once end-of-data is written and no reply has come, each open
recipient is uncertain; before that, each may be tried again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from mailloom.api import FailureClass, Outcome, Parcel, Reply, Status

from .explanations import explain
from .faults import WANTS_LOGIN
from .replies import Answer, identity_of, retry_after


class Phase(Enum):
    ENVELOPE = 1
    """Nothing of the mail itself is written."""
    BODY = 2
    """Being written; end-of-data has not gone."""
    HANDED_OVER = 3
    """End-of-data has gone, and no reply has come."""
    SETTLED = 4


MOST_TOGETHER: Final = 100
"""RCPT commands written before replies are read: more could fill both sides' buffers while neither reads."""


@dataclass(slots=True, eq=False)
class Transaction:
    """A parcel whose `recipients` are to be offered with these commands, one per recipient; `pieces` are the mail as it is written after DATA."""

    parcel: Parcel
    mail: bytes
    recipients: list[tuple[str, bytes]]
    pieces: Sequence[bytes]
    phase: Phase = Phase.ENVELOPE
    unsettled: list[str] = field(default_factory=list)
    """Recipients without an outcome; once the mail itself is written, those who were accepted."""
    accepted: int = 0
    refused: list[tuple[str, Answer]] = field(default_factory=list)
    mail_refused: Answer | None = None
    left_over: Parcel | None = None
    riding: bool = False
    """Its first batch is written already, behind the body of the one before."""

    batches: list[tuple[bytes, list[str]]] = field(default_factory=list)
    """Commands to write together, each with the recipients named in them; MAIL leads the first, DATA ends the last."""

    def __post_init__(self) -> None:
        self.unsettled = [address for address, _ in self.recipients]
        commands = [command for _, command in self.recipients]
        if len(commands) <= MOST_TOGETHER:
            self.batches = [(b"".join([self.mail, *commands, b"DATA\r\n"]), list(self.unsettled))]
            return
        starts = range(0, len(commands), MOST_TOGETHER)
        lines = [b"".join(commands[start : start + MOST_TOGETHER]) for start in starts]
        lines[0] = self.mail + lines[0]
        lines[-1] += b"DATA\r\n"
        groups = [self.unsettled[start : start + MOST_TOGETHER] for start in starts]
        self.batches = list(zip(lines, groups, strict=True))

    def take_mail(self, answer: Answer) -> None:
        if not answer.accepted:
            self.mail_refused = answer

    def take_recipient(self, address: str, answer: Answer) -> None:
        if answer.accepted:
            self.accepted += 1
        else:
            self.refused.append((address, answer))

    def put_off(self) -> None:
        """Keep the recipients that were only too many for one mail (452, RFC 5321 §4.5.3.1.10) as a parcel to send next."""
        too_many = [address for address, answer in self.refused if _too_many(answer)]
        if too_many:
            self.refused = [(address, answer) for address, answer in self.refused if not _too_many(answer)]
            for address in too_many:
                self.unsettled.remove(address)
            self.left_over = replace(self.parcel, recipients=tuple(too_many))

    def refusals(self) -> list[Outcome]:
        """Outcomes of the recipients that were refused so far; each is given once."""
        if not self.refused:
            return []
        settled = [refused_outcome(self.parcel.key, address, answer) for address, answer in self.refused]
        for address, _ in self.refused:
            self.unsettled.remove(address)
        self.refused = []
        return settled

    def all_refused(self, answer: Answer) -> list[Outcome]:
        """The sender, DATA or the whole mail was refused: outcomes of everybody not yet settled."""
        return [refused_outcome(self.parcel.key, address, answer) for address in self._settle()]

    def final(self, answer: Answer) -> list[Outcome]:
        """The reply to the whole mail, for all accepted recipients."""
        if 400 <= answer.code < 600:
            return self.all_refused(answer)
        if not answer.accepted:
            return self.lost(answer.reply())
        identity = identity_of(answer.raw)
        reply = answer.reply()
        return [
            Outcome(
                key=self.parcel.key,
                recipient=address,
                status=Status.SENT,
                reply=reply,
                provider_id=identity.provider_id,
                provider_message_id=identity.message_id,
            )
            for address in self._settle()
        ]

    def lost(self, reply: Reply) -> list[Outcome]:
        """The connection broke: outcomes of everybody not yet settled."""
        settled = self.refusals()
        status = Status.UNCERTAIN if self.phase is Phase.HANDED_OVER else Status.DEFERRED
        return settled + [
            Outcome(key=self.parcel.key, recipient=address, status=status, reply=reply, connection_fault=True)
            for address in self._settle()
        ]

    def _settle(self) -> list[str]:
        self.phase = Phase.SETTLED
        open_ones, self.unsettled, self.refused = self.unsettled, [], []
        return open_ones


def _too_many(answer: Answer) -> bool:
    return answer.code == 452 and (b"4.5.3" in answer.raw[:12] or b"too many" in answer.raw.lower())


def refused_outcome(key: int, address: str, answer: Answer) -> Outcome:
    """What a refusal means for the recipient. Quotas and missing logins are the account's fault: the mail waits, whatever the code."""
    reply = answer.reply()
    explanation = explain(reply.text)
    limit = explanation is not None and explanation.failure is FailureClass.LIMIT
    account = limit or answer.code == 421 or answer.code in WANTS_LOGIN
    permanent = answer.code >= 500 and not account
    return Outcome(
        key=key,
        recipient=address,
        status=Status.REJECTED if permanent else Status.DEFERRED,
        reply=reply,
        retry_after=None if permanent else retry_after(answer.raw),
        connection_fault=account,
    )
