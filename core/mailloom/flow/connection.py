"""One connection of a sending pass: it feeds marked deliveries to its transport and collects the outcomes.

It never touches the database's outbox: marking and recording are the pass's (`flow.sending`), so that one thread writes for all. What a broken
connection leaves behind is sorted here: what it pulled and did not answer is uncertain, unless the login was what failed. Which thread serves it,
and where its deliveries come from, is known by its crew (`flow.crew`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from enum import Enum
from typing import Any, NamedTuple, Protocol

import structlog

from mailloom.api.accounts import Account
from mailloom.api.drafts import Envelope
from mailloom.api.sending import InterleavingTransport, Outcome, Parcel, Reply, Status, Transport, TransportKind
from mailloom.errors import (
    AuthenticationFailed,
    ConfigurationError,
    MailloomError,
    PermanentFailure,
    TemporaryFailure,
)
from mailloom.flow.failpoints import reach
from mailloom.flow.letters import Consignment

log = structlog.get_logger(__name__)

# So often may a server end the conversation instead of taking a mail, before that is the account's fault and not the mail's.
_FAULTS_IN_A_ROW = 3

_NOTHING_SENT = (AuthenticationFailed, ConfigurationError, PermanentFailure)


class Answered(NamedTuple):
    """A delivery and what became of it."""

    consignment: Consignment
    outcome: Outcome


class Returned(NamedTuple):
    """A delivery of which no byte went out."""

    consignment: Consignment


class Desk(Protocol):
    """The pass as a connection sees it."""

    def answered(self, event: Answered) -> None: ...

    def returned(self, event: Returned) -> None: ...

    def parcel(self, consignment: Consignment) -> Parcel: ...

    def sign(self, envelope: Envelope, message: bytes) -> bytes: ...


class Supply(Protocol):
    """Where a connection takes its deliveries from."""

    def more(self) -> bool:
        """Whether there is one to send; may wait a little."""
        ...

    def take(self) -> Consignment:
        """The next one; only after `more` said yes."""
        ...


class Turn(Enum):
    """How a connection's turn on its thread ended."""

    WAITING = "the server has to answer"
    IDLE = "nothing to send"
    SPENT = "as much as one connection may carry was carried"
    ENDED = "no more turns"


class Connection:
    """`supply` is set by the crew that serves it. `error` says why it ended, when that is the account's fault."""

    supply: Supply

    def __init__(
        self, desk: Desk, kind: TransportKind, account: Account[Any], messages_per_connection: int, *, signed: bool
    ) -> None:
        self.desk = desk
        self.kind = kind
        self.account = account
        self.limit = messages_per_connection
        self.signed = signed
        self.error: MailloomError | None = None
        self.worked = False
        """At least one answer came over this connection."""
        self._transport: Transport | None = None
        self._interleaving: InterleavingTransport | None = None
        """The transport again, when it is one."""
        self._stream: Iterator[None] | None = None
        self._faults = 0
        self._flying: dict[int, Consignment] = {}
        self._words = ""
        self._pulled = self._exhausted = False
        self._left = messages_per_connection

    # --- turns --------------------------------------------------------------------------------------------------------------------------

    def open(self) -> bool:
        """Connect, in place of what was open before; False when it ended by that."""
        try:
            self._close_transport()
            self._transport = transport = self.kind.open(self.account)
            self._interleaving = transport if isinstance(transport, InterleavingTransport) else None
        except Exception as error:
            self.fail(error)
            return False
        self._left = self.limit
        return True

    @property
    def shares(self) -> bool:
        """Whether its thread may serve other connections while it waits for the server."""
        return self._interleaving is not None

    def fileno(self) -> int:
        return -1 if self._interleaving is None else self._interleaving.fileno()

    def turn(self) -> Turn:
        """Go on until the server has to answer or there is nothing to send."""
        try:
            if self._stream is None:
                if self._left <= 0:
                    return Turn.SPENT
                if not self.supply.more():
                    return Turn.IDLE
                self._stream = self._serve()
            for _ in self._stream:
                return Turn.WAITING
        except Exception as error:
            self.fail(error)
            return Turn.ENDED
        self._stream = None
        return Turn.SPENT if self._left <= 0 else Turn.IDLE

    def end(self) -> None:
        """Nothing more is to be sent; to be called between two streams."""
        self._close_transport()

    def _close_transport(self) -> None:
        transport, self._transport, self._interleaving = self._transport, None, None
        if transport is not None:
            transport.close()

    def _serve(self) -> Generator[None, None, None]:
        """One stream of the transport."""
        self._pulled = self._exhausted = False
        for outcome in self._outcomes():
            if outcome is None:
                yield
            else:
                self._took(outcome)
        if self._flying or not self._pulled:
            # It ended a stream without taking or answering what it was given: the connection is gone.
            raise TemporaryFailure(f"The connection of account {self.account.name} ended without a word.")
        if not self._exhausted:
            self._left = 0
        if self._faults >= _FAULTS_IN_A_ROW:
            raise TemporaryFailure(self._words)

    def _outcomes(self) -> Iterator[Outcome | None]:
        assert self._transport is not None, "opened before its first turn"
        if self._interleaving is not None:
            return self._interleaving.interleave(self._parcels())
        return iter(self._transport.deliver(self._parcels()))

    def _parcels(self) -> Iterator[Parcel]:
        self._pulled = True
        while self._left > 0 and self.supply.more():
            consignment = self.supply.take()
            try:
                parcel = self._ready(consignment)
            except Exception as error:  # one message that cannot be read or signed must not stop the others
                self._unsendable(consignment, error)
                continue
            self._left -= 1
            self._flying[parcel.key] = consignment
            reach("sending.before_handover")
            yield parcel
        self._exhausted = True

    def _ready(self, consignment: Consignment) -> Parcel:
        parcel = self.desk.parcel(consignment)
        if not self.signed:
            return parcel
        envelope = Envelope(
            sender=parcel.sender,
            recipient=parcel.recipients[0],
            delivery_id=parcel.key,
            account_id=self.account.id,
        )
        signature = self.desk.sign(envelope, parcel.head + parcel.body)
        return Parcel(
            key=parcel.key,
            sender=parcel.sender,
            recipients=parcel.recipients,
            head=signature + parcel.head,
            body=parcel.body,
            needs_smtputf8=parcel.needs_smtputf8,
            envelope_id=parcel.envelope_id,
        )

    def _took(self, outcome: Outcome) -> None:
        consignment = self._flying.pop(outcome.key, None)
        if consignment is None:
            log.warning("transport answered for a delivery that it was not given", delivery=outcome.key)
            return
        if outcome.connection_fault:
            self._faults += 1
            self._words = outcome.reply.text
        else:
            self.worked, self._faults = True, 0
        reach("sending.after_answer")
        self.desk.answered(Answered(consignment, outcome))

    # --- leftovers ----------------------------------------------------------------------------------------------------------------------

    def fail(self, raised: Exception) -> None:
        """The fence of the job: a transport's bug must not take deliveries with it."""
        broken = not isinstance(raised, MailloomError)
        error = self._broken(raised) if broken else raised
        assert isinstance(error, MailloomError)
        self.error = error
        with contextlib.suppress(Exception):
            self._close_transport()
        self._give_up(uncertain=broken or not isinstance(error, _NOTHING_SENT), words=str(error))

    def _broken(self, raised: Exception) -> MailloomError:
        log.error("transport failed", account=self.account.name, kind=self.account.kind, exc_info=raised)
        return PermanentFailure(
            f"The transport {self.account.kind!r} broke: {type(raised).__name__}: {raised}",
            remedy="This is a fault of the addon; the log has the traceback.",
        )

    def _unsendable(self, consignment: Consignment, error: Exception) -> None:
        words = str(error) if isinstance(error, MailloomError) else f"{type(error).__name__}: {error}"
        status = Status.DEFERRED if isinstance(error, TemporaryFailure) else Status.FAILED
        self.desk.answered(Answered(consignment, _without_answer(consignment, status, words)))

    def _give_up(self, *, uncertain: bool, words: str) -> None:
        """Judge what was pulled and not answered."""
        for consignment in self._flying.values():
            if uncertain:
                outcome = _without_answer(consignment, Status.UNCERTAIN, words, connection_fault=True)
                self.desk.answered(Answered(consignment, outcome))
            else:
                self.desk.returned(Returned(consignment))
        self._flying.clear()


def _without_answer(consignment: Consignment, status: Status, words: str, *, connection_fault: bool = False) -> Outcome:
    return Outcome(
        key=consignment.claimed.id,
        recipient=consignment.claimed.address,
        status=status,
        reply=Reply(text=words),
        connection_fault=connection_fault,
    )
