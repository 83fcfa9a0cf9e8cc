"""Transactions over one session: the envelope, the mail, the last reply (RFC 5321 §4.1.1, RFC 2920).

With PIPELINING a batch of commands is written at once and the next envelope follows the body; without it each command waits for its reply. A
transaction that stays open behind a refusal is ended by RSET with the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mailloom.api import Outcome
from mailloom.api.network_socket import ProtocolViolation

from .conversation import SendBroken
from .opening import Session
from .replies import Answer, text_of
from .settings import SmtpSettings
from .transaction import Phase, Transaction

_JOIN: Final = 262144
"""Bytes up to which a mail is written in one piece with what follows it."""
GRACE_SECONDS: Final = 3.0
"""How long the last words of a server that goes away are waited for."""


class ServerEnds(Exception):
    """The server answered MAIL with 421: it takes no more on this connection."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(text_of(answer.raw))
        self.answer = answer


class Exchange:
    """One session. `goodbye` is the 421 by which the server announced its end; `broken` says that the mail could not be written."""

    def __init__(self, session: Session, settings: SmtpSettings) -> None:
        self.session = session
        self._conversation = session.conversation
        self._seconds = settings.timeout_seconds
        self._final_seconds = max(settings.final_timeout_seconds, settings.timeout_seconds)
        self._reset_due = False
        self.goodbye: Answer | None = None
        self.broken: SendBroken | None = None

    def offer(self, transaction: Transaction, settled: list[Outcome]) -> bool:
        """The envelope and its replies: whether the server waits for the mail. Who is settled already is added to `settled`."""
        self._reset()
        data = None
        for line, addresses in transaction.batches:
            pipelining = self.session.extensions.pipelining
            data = (self._together if pipelining else self._one_by_one)(transaction, line, addresses)
            if transaction.mail_refused is not None:
                break
        return self._judged(transaction, data, settled)

    def _reset(self) -> None:
        # Its own round trip: rare, and so a server that ends the connection here has not seen the next envelope.
        if self._reset_due:
            self._reset_due = False
            self._conversation.write(b"RSET\r\n")
            answer = self._answer()
            if not answer.accepted:
                # Who the next mail would go to is anybody's guess.
                raise _confused(answer)

    def _together(self, transaction: Transaction, line: bytes, addresses: Sequence[str]) -> Answer | None:
        if transaction.riding:
            transaction.riding = False
        else:
            self._conversation.write(line)
        if line.startswith(b"MAIL"):
            self._take_mail(transaction)
        for address in addresses:
            transaction.take_recipient(address, self._answer())
        return self._answer(data=True) if line.endswith(b"DATA\r\n") else None

    def _one_by_one(self, transaction: Transaction, line: bytes, addresses: Sequence[str]) -> Answer | None:
        commands = line.splitlines(keepends=True)
        if line.startswith(b"MAIL"):
            self._conversation.write(commands.pop(0))
            self._take_mail(transaction)
            if transaction.mail_refused is not None:
                return None
        for address in addresses:
            self._conversation.write(commands.pop(0))
            transaction.take_recipient(address, self._answer())
        if not commands or not transaction.accepted:
            return None
        self._conversation.write(commands.pop(0))
        return self._answer(data=True)

    def _take_mail(self, transaction: Transaction) -> None:
        answer = self._answer()
        if answer.code == 421:
            raise ServerEnds(answer)
        transaction.take_mail(answer)

    def _answer(self, *, data: bool = False) -> Answer:
        """A reply within the envelope; after a 421 that one stands for all that do not come any more."""
        try:
            answer = self._conversation.answer()
        except (OSError, ProtocolViolation):
            if self.goodbye is None:
                raise
            return self.goodbye
        if answer.code == 421:
            self.goodbye = answer
            self._conversation.sock.settimeout(min(GRACE_SECONDS, self._seconds))
        if answer.code < 400 and (answer.code < 300) is data:
            raise _confused(answer)
        return answer

    def _judged(self, transaction: Transaction, data: Answer | None, settled: list[Outcome]) -> bool:
        """What the replies to the envelope mean. RFC 2920 §3.1: a server that wants a mail for nobody gets an empty one."""
        waits = data is not None and data.code == 354
        if transaction.mail_refused is not None:
            settled += transaction.all_refused(transaction.mail_refused)
        elif not transaction.accepted:
            settled += transaction.refusals()
        elif waits:
            if transaction.refused:
                transaction.put_off()
                settled += transaction.refusals()
            return True
        else:
            assert data is not None, "DATA is said when a recipient was accepted"
            settled += transaction.refusals()
            settled += transaction.all_refused(data)
        if waits and transaction.mail_refused is not None:
            assert data is not None
            raise _confused(data)
        if waits:
            self._conversation.write(b".\r\n")
            self._answer()
        else:
            self._reset_due = True
        return False

    def send(self, transaction: Transaction, following: Transaction | None) -> None:
        """The mail, and behind it the next envelope. On failure `transaction.phase` says whether end-of-data had gone."""
        envelope = following.batches[0][0] if following is not None else b""
        # Taken out, so that a large mail is not kept while its reply is waited for.
        pieces, transaction.pieces = transaction.pieces, ()
        length = sum(map(len, pieces))
        transaction.phase = Phase.BODY
        before = 0
        writes = [b"".join([*pieces, envelope])] if length <= _JOIN else [*pieces, envelope]
        try:
            for piece in writes:
                self._conversation.write(piece)
                before += len(piece)
        except SendBroken as error:
            self.broken = error
            before += error.sent
        if before >= length:
            transaction.phase = Phase.HANDED_OVER
        if following is not None:
            following.riding = self.broken is None

    def final(self, transaction: Transaction) -> Answer:
        """The reply to the whole mail. When writing it failed, a refusal that the server left behind."""
        sock = self._conversation.sock
        sock.settimeout(self._final_seconds if self.broken is None else min(GRACE_SECONDS, self._seconds))
        try:
            answer = self._conversation.answer()
        except (OSError, ProtocolViolation):
            if self.broken is not None:
                raise self.broken from None
            raise
        if self.broken is not None and transaction.phase is Phase.BODY and answer.code < 400:
            raise self.broken
        if answer.code == 421:
            self.goodbye = answer
        sock.settimeout(self._seconds)
        return answer


def _confused(answer: Answer) -> ProtocolViolation:
    return ProtocolViolation(
        f"The server's reply {text_of(answer.raw[:80])!r} does not belong to the command.",
        remedy="See the server's log; something between may change what is said.",
    )
