"""Parcels through one connection, and what is left when it breaks.

Rules: a parcel whose end-of-data has gone without a reply is uncertain and never sent again from here; everything else that was taken is
deferred; then an error says that the connection is gone. A server that ends a connection which has carried mail (its limit of messages, an
idle time) costs nothing: before anything was handed over the parcel goes over a new one. The iterator of parcels should end rather than wait:
`deliver` can be called again on the same connection, and until then nothing stands half-sent.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace

from mailloom.api import Account, Outcome, Parcel, Reply, Status
from mailloom.api.network_socket import ProtocolViolation
from mailloom.errors import MailloomError

from .conversation import SendBroken
from .exchange import GRACE_SECONDS, Exchange, ServerEnds
from .faults import WANTS_LOGIN, interruption, refusal
from .opening import open_session
from .preparation import prepare
from .settings import SmtpSettings
from .transaction import Phase, Transaction
from .wire import Wire


class SmtpTransport:
    """A connection to an SMTP server, made anew after `messages_per_connection`. Open when constructed."""

    def __init__(self, account: Account[SmtpSettings]) -> None:
        self._account = account
        self._settings = account.settings
        self._wire = Wire()
        self._carried = 0
        self._overflow: deque[Parcel] = deque()
        self._settled: list[Outcome] = []
        self._following: Transaction | None = None
        self._exchange: Exchange | None = self._opened()

    def deliver(self, parcels: Iterable[Parcel]) -> Iterator[Outcome]:
        with contextlib.closing(self.interleave(parcels)) as turns:
            for outcome in turns:
                if outcome is not None:
                    yield outcome

    def interleave(self, parcels: Iterable[Parcel]) -> Generator[Outcome | None, None, None]:
        supply = iter(parcels)
        self._following = None
        self._overflow.clear()
        self._settled.clear()
        finished = False
        try:
            while (current := self._following or self._take(supply)) is not None:
                self._following = None
                carried = self._hand_over(current, supply)
                if carried is not None:
                    if self._quiet:
                        yield None
                    self._conclude(carried)
                yield from self._told()
            yield from self._told()
            finished = True
        except MailloomError as error:
            self._disconnect()
            for parcel in self._overflow:
                self._settled += _deferred(parcel, error)
            yield from self._told()
            raise
        finally:
            # Also when the caller stops in the middle: what state the server is in would be a guess.
            if not finished:
                self._disconnect()

    def fileno(self) -> int:
        return -1 if self._exchange is None else self._exchange.session.conversation.sock.fileno()

    def close(self) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is None:
            return
        conversation = exchange.session.conversation
        with contextlib.suppress(OSError, MailloomError):
            conversation.sock.settimeout(min(GRACE_SECONDS, self._settings.timeout_seconds))
            conversation.command(b"QUIT")
        with contextlib.suppress(OSError):
            conversation.close()

    def _told(self) -> Sequence[Outcome]:
        settled, self._settled = self._settled, []
        return settled

    # --- connections

    def _opened(self) -> Exchange:
        self._carried = 0
        return Exchange(open_session(self._account), self._settings)

    def _live(self) -> Exchange:
        """The connection, a new one when the old is gone or has carried enough."""
        if self._carried >= self._settings.messages_per_connection:
            self.close()
        if self._exchange is None:
            self._exchange = self._opened()
        return self._exchange

    def _disconnect(self) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            with contextlib.suppress(OSError):
                exchange.session.conversation.close()

    # --- parcels

    def _take(self, supply: Iterator[Parcel]) -> Transaction | None:
        """The next parcel that can be sent here, with its commands; None when there is none."""
        while True:
            parcel = self._overflow.popleft() if self._overflow else next(supply, None)
            if parcel is None:
                return None
            if (transaction := self._prepared(parcel)) is not None:
                return transaction

    def _prepared(self, parcel: Parcel) -> Transaction | None:
        try:
            extensions = self._live().session.extensions
        except MailloomError as error:
            self._settled += _deferred(parcel, error)
            raise
        transaction, refused = prepare(parcel, extensions, self._settings, self._wire)
        self._settled += refused
        return transaction

    def _hand_over(self, current: Transaction, supply: Iterator[Parcel]) -> Transaction | None:
        """Bring one transaction to where only the reply to the mail is missing, the next may be on its way then; None when it ended before.

        Raises when the connection is gone.
        """
        exchange = self._live()
        try:
            waits = self._written(exchange, current, supply)
        except (OSError, ProtocolViolation, ServerEnds) as error:
            if current.phase is not Phase.ENVELOPE or not self._carried:
                raise self._interrupted(exchange, error, current) from error
            self._disconnect()
            return self._again(current, supply)
        if waits:
            return current
        self._carried_one(exchange, current)
        return None

    def _again(self, current: Transaction, supply: Iterator[Parcel]) -> Transaction | None:
        """Nothing was handed over on a connection that had carried mail before: once more over a new one."""
        renewed = self._prepared(replace(current.parcel, recipients=tuple(current.unsettled)))
        return None if renewed is None else self._hand_over(renewed, supply)

    def _written(self, exchange: Exchange, current: Transaction, supply: Iterator[Parcel]) -> bool:
        """Whether the server was given the mail and owes the reply to it."""
        waits = exchange.offer(current, self._settled)
        if current.left_over is not None:
            self._overflow.append(current.left_over)
        if not waits:
            return False
        room = self._carried + 1 < self._settings.messages_per_connection and exchange.goodbye is None
        if room and exchange.session.extensions.pipelining:
            self._following = self._take(supply)
        exchange.send(current, self._following)
        return True

    @property
    def _quiet(self) -> bool:
        """Whether nothing that the server said is unread here, so that reading means to wait for it."""
        return self._exchange is not None and self._exchange.session.conversation.quiet

    def _conclude(self, current: Transaction) -> None:
        """Take the reply to a mail that was handed over. Raises when the connection is gone."""
        exchange = self._exchange
        assert exchange is not None, "the mail was handed over on it"
        try:
            self._settled += current.final(exchange.final(current))
        except (OSError, ProtocolViolation) as error:
            raise self._interrupted(exchange, error, current) from error
        self._carried_one(exchange, current)

    def _carried_one(self, exchange: Exchange, current: Transaction) -> None:
        self._carried += 1
        if current.mail_refused is not None and current.mail_refused.code in WANTS_LOGIN:
            raise refusal(current.mail_refused, exchange.session.place, "at the sender")
        self._check_goodbye(exchange)

    def _check_goodbye(self, exchange: Exchange) -> None:
        """Raise what the server's last replies say about the whole connection."""
        answer = exchange.goodbye
        if answer is None and exchange.broken is None:
            return
        error: MailloomError
        if answer is not None:
            error = refusal(answer, exchange.session.place, "for now")
        else:
            assert exchange.broken is not None
            error = interruption(exchange.broken.cause, exchange.session.place, "while the mail was sent")
        if self._following is not None:
            self._settled += self._following.lost(Reply(text=str(error)))
        raise error

    def _interrupted(self, exchange: Exchange, error: Exception, current: Transaction) -> MailloomError:
        """Settle what was on its way when the connection broke, and say why it did."""
        place = exchange.session.place
        if isinstance(error, ServerEnds):
            self._settled += current.all_refused(error.answer)
            return refusal(error.answer, place, "at the sender")
        cause = error.cause if isinstance(error, SendBroken) else error
        fault = interruption(cause, place, _DURING[current.phase])
        for transaction in (current, self._following):
            if transaction is not None:
                self._settled += transaction.lost(Reply(text=str(fault)))
        return fault


_DURING = {
    Phase.ENVELOPE: "before the mail",
    Phase.BODY: "while the mail was sent",
    Phase.HANDED_OVER: "waiting for the answer to the mail",
    Phase.SETTLED: "after the mail",
}


def _deferred(parcel: Parcel, error: MailloomError) -> list[Outcome]:
    """Nothing of this parcel was handed over, and the connection is gone."""
    reply = Reply(text=str(error))
    return [
        Outcome(key=parcel.key, recipient=address, status=Status.DEFERRED, reply=reply, connection_fault=True)
        for address in parcel.recipients
    ]
