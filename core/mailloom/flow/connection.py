"""One connection of a sending pass: a thread that gets groups of marked deliveries, feeds them to its transport and collects the outcomes.

It never touches the database's outbox: marking and recording are the pass's (`flow.sending`), so that one thread writes for all. What a broken
connection leaves behind is sorted here: deliveries that the transport never pulled go back untouched; those it pulled and did not answer are
uncertain, unless the login was what failed.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import structlog

from mailloom.api.accounts import Account
from mailloom.api.drafts import Envelope
from mailloom.api.sending import Outcome, Parcel, Reply, Status, TransportKind
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

# How long a stream is kept open for the next group; afterwards the transport finishes what it has, and gets a new stream.
_PATIENCE_SECONDS = 0.05

# So often may a server end the conversation instead of taking a mail, before that is the account's fault and not the mail's.
_FAULTS_IN_A_ROW = 3

_NOTHING_SENT = (AuthenticationFailed, ConfigurationError, PermanentFailure)


@dataclass(frozen=True, slots=True)
class Answered:
    """A delivery and what became of it."""

    consignment: Consignment
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Returned:
    """A delivery of which no byte went out."""

    consignment: Consignment


@dataclass(frozen=True, slots=True)
class Ended:
    """The thread is over; `error` says why when that is the account's fault."""

    connection: Connection
    error: MailloomError | None


Event = Answered | Returned | Ended


class Desk(Protocol):
    """The pass as its connections see it."""

    def post(self, event: Event) -> None: ...

    def want(self, connection: Connection, count: int) -> None: ...

    def group_size(self) -> int: ...

    def parcel(self, consignment: Consignment) -> Parcel: ...

    def sign(self, envelope: Envelope, message: bytes) -> bytes: ...


class Connection:
    """`grants` brings groups of consignments, marked as sending and committed; None ends the thread."""

    def __init__(
        self, desk: Desk, kind: TransportKind, account: Account[Any], messages_per_connection: int, *, signed: bool
    ) -> None:
        self.desk = desk
        self.kind = kind
        self.account = account
        self.limit = messages_per_connection
        self.signed = signed
        self.grants: SimpleQueue[list[Consignment] | None] = SimpleQueue()
        self.worked = False
        """At least one answer came over this connection."""
        self._faults = 0
        self._group: deque[Consignment] = deque()
        self._flying: dict[int, Consignment] = {}
        self._words = ""
        self._asked = False
        self._over = False
        self._left = messages_per_connection
        self._thread = threading.Thread(target=self._run, name=f"send {account.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    # --- the thread ---------------------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        error: MailloomError | None = None
        try:
            error = self._work()
        except MailloomError as raised:
            error = raised
        except Exception as raised:  # the fence of the job: a transport's bug must not take deliveries with it
            log.exception("transport failed", account=self.account.name, kind=self.account.kind)
            error = PermanentFailure(
                f"The transport {self.account.kind!r} broke: {type(raised).__name__}: {raised}",
                remedy="This is a fault of the addon; the log has the traceback.",
            )
            self._give_up(uncertain=True, words=str(error))
        finally:
            self._give_up(uncertain=not isinstance(error, _NOTHING_SENT), words=str(error or ""))
            self._hand_back()
            self.desk.post(Ended(self, error))

    def _work(self) -> MailloomError | None:
        transport = self.kind.open(self.account)
        try:
            while self._next_group(wait=True):
                if self._left <= 0:
                    transport.close()
                    transport = self.kind.open(self.account)
                    self._left = self.limit
                before = self._left
                for outcome in transport.deliver(self._parcels()):
                    self._took(outcome)
                if self._flying or (self._group and self._left == before):
                    # It ended a stream without taking or answering what it was given: the connection is gone.
                    raise TemporaryFailure(f"The connection of account {self.account.name} ended without a word.")
                if self._group and self._left > 0:
                    self._left = 0
                if self._faults >= _FAULTS_IN_A_ROW:
                    raise TemporaryFailure(self._words)
        finally:
            transport.close()
        return None

    def _next_group(self, *, wait: bool) -> bool:
        """Whether there is something to send; asks for more in time."""
        if self._group:
            return True
        if self._over:
            return False
        self._ask()
        try:
            granted = self.grants.get(timeout=None if wait else _PATIENCE_SECONDS)
        except Empty:
            return False
        self._asked = False
        if granted is None:
            self._over = True
            return False
        self._group.extend(granted)
        return True

    def _ask(self) -> None:
        if not self._asked and not self._over:
            self._asked = True
            self.desk.want(self, self.desk.group_size())

    def _parcels(self) -> Iterator[Parcel]:
        while self._left > 0 and self._next_group(wait=False):
            # The next group is on its way while this one is sent, so that nobody waits for a commit.
            self._ask()
            consignment = self._group.popleft()
            try:
                parcel = self._ready(consignment)
            except Exception as error:  # one message that cannot be read or signed must not stop the others
                self._unsendable(consignment, error)
                continue
            self._left -= 1
            self._flying[parcel.key] = consignment
            reach("sending.before_handover")
            yield parcel

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
        self.worked = self.worked or not outcome.connection_fault
        self._faults = self._faults + 1 if outcome.connection_fault else 0
        self._words = outcome.reply.text
        reach("sending.after_answer")
        self.desk.post(Answered(consignment, outcome))

    # --- leftovers ----------------------------------------------------------------------------------------------------------------------

    def _unsendable(self, consignment: Consignment, error: Exception) -> None:
        words = str(error) if isinstance(error, MailloomError) else f"{type(error).__name__}: {error}"
        status = Status.DEFERRED if isinstance(error, TemporaryFailure) else Status.FAILED
        outcome = _without_answer(consignment, status, words)
        self.desk.post(Answered(consignment, outcome))

    def _give_up(self, *, uncertain: bool, words: str) -> None:
        """Judge what was pulled and not answered."""
        for consignment in self._flying.values():
            if uncertain:
                outcome = _without_answer(consignment, Status.UNCERTAIN, words, connection_fault=True)
                self.desk.post(Answered(consignment, outcome))
            else:
                self.desk.post(Returned(consignment))
        self._flying.clear()

    def _hand_back(self) -> None:
        """Everything granted that was not pulled, including what is still on its way to this thread."""
        while self._group:
            self.desk.post(Returned(self._group.popleft()))

    def leftovers(self) -> list[Consignment]:
        """Groups that were granted after the thread had ended; to be called by the pass, once, after `Ended`."""
        found: list[Consignment] = []
        while True:
            try:
                found += self.grants.get_nowait() or ()
            except Empty:
                return found


def _without_answer(consignment: Consignment, status: Status, words: str, *, connection_fault: bool = False) -> Outcome:
    return Outcome(
        key=consignment.claimed.id,
        recipient=consignment.claimed.address,
        status=status,
        reply=Reply(text=words),
        connection_fault=connection_fault,
    )
