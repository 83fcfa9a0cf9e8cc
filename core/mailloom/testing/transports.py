"""A mail server in memory, for tests of whatever sends: it keeps what it took and answers by script.

    server = MemoryServer()
    server.answer("bob@example.com", deferred("451 4.7.1 Come back later"), taken())
    kind = MemoryKind(server)            # a TransportKind named "memory"

Every address is taken unless the script says otherwise. Answers of an address are used up in order; the last one stays.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from mailloom.api.accounts import Account, OutgoingSettings
from mailloom.api.probing import Step
from mailloom.api.sending import Capabilities, Outcome, Parcel, Reply, Status
from mailloom.errors import MailloomError, TemporaryFailure


class MemorySettings(OutgoingSettings):
    """No server to be named: it is in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenMail:
    """A mail that the server took responsibility for. `key` is the parcel's."""

    key: int
    sender: str
    recipient: str
    raw: bytes
    connection: int


class Break(Enum):
    """When the connection ends instead of an answer."""

    BEFORE_BODY = "before the body was handed over"
    AFTER_BODY = "after the body was handed over; the server kept it"
    SILENTLY = "an exception without outcomes; the server kept the mail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server says to one recipient."""

    status: Status
    reply: Reply = field(default_factory=Reply)
    retry_after: float | None = None
    connection_fault: bool = False
    provider_message_id: str | None = None
    breaks: Break | None = None


def taken(provider_message_id: str | None = None) -> Answer:
    """`250`, with a Message-ID that the provider put in place of ours, if given."""
    reply = Reply(code=250, enhanced="2.0.0", text="250 2.0.0 Ok: queued")
    return Answer(status=Status.SENT, reply=reply, provider_message_id=provider_message_id)


def deferred(words: str = "451 4.3.0 Try again later", retry_after: float | None = None) -> Answer:
    return Answer(status=Status.DEFERRED, reply=_reply(words), retry_after=retry_after)


def rejected(words: str = "550 5.1.1 No such user") -> Answer:
    return Answer(status=Status.REJECTED, reply=_reply(words))


def closing(words: str = "421 4.3.2 Service shutting down") -> Answer:
    """The server refuses everybody, not this recipient."""
    return Answer(status=Status.DEFERRED, reply=_reply(words), connection_fault=True)


def breaks(when: Break) -> Answer:
    return Answer(status=Status.UNCERTAIN, connection_fault=True, breaks=when)


def _reply(words: str) -> Reply:
    code, _, rest = words.partition(" ")
    enhanced = rest.partition(" ")[0]
    return Reply(code=int(code), enhanced=enhanced if enhanced.count(".") == 2 else "", text=words)


class MemoryServer:
    """Safe to use from many connections at once."""

    def __init__(self) -> None:
        self.mails: list[TakenMail] = []
        self.opened = 0
        self.open_now = 0
        self.most_open = 0
        self.latency_seconds = 0.0
        self.max_connections: int | None = None
        """More are refused with TemporaryFailure."""
        self._refusals: deque[MailloomError] = deque()
        self._script: dict[str, deque[Answer]] = defaultdict(deque)
        self._lock = threading.Lock()

    def answer(self, address: str, *answers: Answer) -> None:
        """What this address is told from now on."""
        self._script[address] = deque(answers)

    def refuse_connection(self, *errors: MailloomError) -> None:
        """The next connections fail like this."""
        self._refusals.extend(errors)

    def recipients(self) -> list[str]:
        """Who got mail, in the order of arrival."""
        return [mail.recipient for mail in self.mails]

    def connect(self) -> int:
        """A new connection's number."""
        with self._lock:
            if self._refusals:
                raise self._refusals.popleft()
            if self.max_connections is not None and self.open_now >= self.max_connections:
                raise TemporaryFailure("421 4.7.0 Too many connections", remedy="Open fewer.")
            self.opened += 1
            self.open_now += 1
            self.most_open = max(self.most_open, self.open_now)
            return self.opened

    def disconnect(self) -> None:
        with self._lock:
            self.open_now -= 1

    def take(self, parcel: Parcel, recipient: str, connection: int) -> Answer:
        """The next answer for a recipient; keeps the mail where that means so."""
        if self.latency_seconds:
            time.sleep(self.latency_seconds)
        with self._lock:
            answers = self._script.get(recipient)
            answer = taken() if not answers else answers.popleft() if len(answers) > 1 else answers[0]
            if answer.status is Status.SENT or answer.breaks in (Break.AFTER_BODY, Break.SILENTLY):
                raw = parcel.head + parcel.body
                self.mails.append(
                    TakenMail(key=parcel.key, sender=parcel.sender, recipient=recipient, raw=raw, connection=connection)
                )
            return answer


class MemoryTransport:
    """One connection to a MemoryServer."""

    def __init__(self, server: MemoryServer) -> None:
        self.server = server
        self.number = server.connect()
        self.closed = False

    def deliver(self, parcels: Iterable[Parcel]) -> Iterator[Outcome]:
        for parcel in parcels:
            for recipient in parcel.recipients:
                answer = self.server.take(parcel, recipient, self.number)
                if answer.breaks is Break.SILENTLY:
                    raise TemporaryFailure("The server closed the connection.")
                yield _outcome(parcel, recipient, answer)
                if answer.breaks is not None:
                    raise TemporaryFailure("The server closed the connection.")
                if answer.connection_fault:
                    return

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.server.disconnect()


class MemoryKind:
    """The kind of account whose server is in memory."""

    name = "memory"
    title = "Memory (for tests)"
    settings = MemorySettings
    capabilities = Capabilities()

    def __init__(self, server: MemoryServer) -> None:
        self.server = server

    def open(self, account: Account[Any]) -> MemoryTransport:
        return MemoryTransport(self.server)

    def probe(self, account: Account[Any]) -> Iterator[Step]:
        try:
            self.server.connect()
        except MailloomError as error:
            yield Step(name="Connect", passed=False, seconds=0.0, words=str(error), remedy=error.remedy)
            return
        self.server.disconnect()
        yield Step(name="Connect", passed=True, seconds=0.0, detail="in memory")


def _outcome(parcel: Parcel, recipient: str, answer: Answer) -> Outcome:
    status = Status.DEFERRED if answer.breaks is Break.BEFORE_BODY else answer.status
    return Outcome(
        key=parcel.key,
        recipient=recipient,
        status=status,
        reply=answer.reply,
        retry_after=answer.retry_after,
        connection_fault=answer.connection_fault,
        provider_message_id=answer.provider_message_id,
    )
