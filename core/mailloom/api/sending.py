"""What a kind of outgoing server must provide, and the values that cross that line.

One `Transport` is one connection. `deliver` takes a stream of parcels, so that a transport may let the next envelope ride with the body of the
last (RFC 2920), and yields an outcome per recipient as soon as it is known. A refusal is a value, not an exception; exceptions are for the
connection: what was not answered when one is raised is judged by the caller (not handed over → may be tried again, body handed over → uncertain).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from mailloom.api.accounts import Account
from mailloom.api.probing import Step


class Status(StrEnum):
    """How a server took a message for one recipient."""

    SENT = "sent"
    QUEUED = "queued"
    """The provider accepted it for later and will report."""
    DEFERRED = "deferred"
    REJECTED = "rejected"
    FAILED = "failed"
    """Could not be tried (an error of ours or of the message), and would fail again."""
    UNCERTAIN = "uncertain"
    """The body was handed over and no answer came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A server's answer. `code` None: the connection ended instead. `text` keeps every line, joined by newlines, code included."""

    code: int | None = None
    enhanced: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """An envelope with its bytes (CRLF line ends, not dot-stuffed).

    `head` and `body` follow each other without a gap; only `head` is this parcel's own, `body` may be shared with others.
    """

    key: int
    sender: str
    """Envelope sender; '' is the null reverse path."""
    recipients: tuple[str, ...]
    head: bytes
    body: bytes
    needs_smtputf8: bool = False
    envelope_id: str = ""
    """ENVID (RFC 3461), '' for none."""

    @property
    def size(self) -> int:
        return len(self.head) + len(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one recipient of one parcel."""

    key: int
    recipient: str
    status: Status
    reply: Reply = field(default_factory=Reply)
    provider_id: str | None = None
    provider_message_id: str | None = None
    """The Message-ID the provider put in place of ours, when it says so."""
    retry_after: float | None = None
    """Seconds the server asked us to wait."""
    connection_fault: bool = False
    """The fault is the connection's or the account's, not this message's: counts against the account."""


class Transport(Protocol):
    """One connection to an outgoing server. Not shared between threads."""

    def deliver(self, parcels: Iterable[Parcel]) -> Iterator[Outcome]:
        """Must take parcels from the iterator only when it is about to write them; must yield exactly one outcome per recipient taken,
        unless it raises TemporaryFailure, AuthenticationFailed or PermanentFailure for the connection. It may be called again on the same
        connection. The iterator should end rather than wait: the next parcel may be asked for while the last is half-sent."""
        ...

    def close(self) -> None:
        """End the connection politely where possible; never raises."""
        ...


@runtime_checkable
class InterleavingTransport(Transport, Protocol):
    """A transport that says when it would wait for its server, so that one thread can serve several connections."""

    def interleave(self, parcels: Iterable[Parcel]) -> Generator[Outcome | None, None, None]:
        """As `deliver`, with None yielded whenever all that may be said is said and no answer lies here; going on then waits for the server."""
        ...

    def fileno(self) -> int:
        """The socket whose being readable says that an answer has come; -1 for none. It may be another after each turn."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a kind (or the provider behind it) does with mail; the docs' matrix is made from these."""

    custom_mail_from: bool = True
    signs_dkim: bool = False
    rewrites_message_id: bool = False
    saves_sent_copy: bool = False
    smtputf8: bool = True
    plus_addresses: bool = True
    max_recipients: int = 100
    max_message_bytes: int | None = None


class TransportKind(Protocol):
    """A kind of outgoing server, registered by `register_transports`."""

    name: str
    title: str
    settings: type[Any]
    """A subclass of OutgoingSettings."""
    capabilities: Capabilities

    def open(self, account: Account[Any]) -> Transport:
        """A ready connection; raises AuthenticationFailed, TemporaryFailure, PermanentFailure or ConfigurationError."""
        ...

    def probe(self, account: Account[Any]) -> Iterator[Step]:
        """The steps of "Test connection", each yielded when done; ends after the first that failed. Never raises."""
        ...
