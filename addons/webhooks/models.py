"""Who is told, what happened, what became of telling it, and the records of other applications.

`webhooks_event` is an outbox: its rows are written in the transaction of what they tell. `webhooks_delivery` is one event for one endpoint:

    waiting ──► delivered
       │  ▲
       ▼  │ (replay)
     parked ──► skipped

An event waits for its predecessors of the same thread and endpoint while these are waiting or parked.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailloom.store.base import Base, BigId, Moment, RowId
from mailloom.store.types import EnumText, Sealed, SealedText, UtcDateTime


class EventKind(StrEnum):
    CREATED = "thread.created"
    """A mail made a record."""
    APPENDED = "thread.appended"
    """A mail, comment or note was added to a conversation."""
    SENT = "delivery.sent"
    BOUNCED = "delivery.bounced"
    REJECTED = "delivery.rejected"
    FAILED = "delivery.failed"
    UNCERTAIN = "delivery.uncertain"
    CANCELLED = "delivery.cancelled"
    COMPLAINED = "recipient.complained"
    OPTED_OUT = "recipient.opted_out"
    OPTED_IN = "recipient.opted_in"
    TEST = "test"
    """Asked for by a person; goes to one endpoint."""


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    PARKED = "parked"
    """Given up; a person replays or skips it. Later events of its thread wait."""
    SKIPPED = "skipped"


_WAITING = text("state = 'waiting'")
_UNNUMBERED = text("position IS NULL")


class Endpoint(Base):
    __tablename__ = "webhooks_endpoint"

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(String(20), unique=True)
    """Part of the ids of its records, `name:id`."""
    title: Mapped[str] = mapped_column(String(100), default="")
    url: Mapped[str] = mapped_column(String(2000))
    kinds: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Events that it is told; those of its own records always."""
    takes_records: Mapped[bool] = mapped_column(default=False)
    """Mail may make records there."""
    secrets: Mapped[Sealed] = mapped_column(SealedText)
    """JSON: the newest first, each with the moment at which it ends."""
    paused: Mapped[bool] = mapped_column(default=False)
    paused_reason: Mapped[str] = mapped_column(Text, default="")
    failures: Mapped[int] = mapped_column(default=0)
    """In a row."""
    rests_until: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    last_success_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    last_error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[Moment]


class Event(Base):
    __tablename__ = "webhooks_event"
    __table_args__ = (
        Index("ix_webhooks_event_position", "position", unique=True),
        Index("ix_webhooks_event_unnumbered", "id", sqlite_where=_UNNUMBERED, postgresql_where=_UNNUMBERED),
        Index("ix_webhooks_event_address", "address"),
        Index("ix_webhooks_event_at", "at"),
    )

    id: Mapped[RowId]
    position: Mapped[int | None] = mapped_column(BigId, default=None)
    """Its place in the feed, given after the commit: ids are given before, so that a reader could pass over one that commits late."""
    at: Mapped[Moment]
    kind: Mapped[EventKind] = mapped_column(EnumText(EventKind))
    thread_id: Mapped[int | None] = mapped_column(BigId, default=None)
    address: Mapped[str] = mapped_column(String(320), default="")
    """Whom it is about, normalised; '' for nobody in particular."""
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)


class WebhookDelivery(Base):
    __tablename__ = "webhooks_delivery"
    __table_args__ = (
        Index("ix_webhooks_delivery_due", "endpoint_id", "due", sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index("ix_webhooks_delivery_thread", "endpoint_id", "thread_id", "state"),
        Index("ix_webhooks_delivery_event_id", "event_id"),
    )

    id: Mapped[RowId]
    event_id: Mapped[int] = mapped_column(BigId, ForeignKey("webhooks_event.id", ondelete="CASCADE"))
    endpoint_id: Mapped[int] = mapped_column(BigId, ForeignKey("webhooks_endpoint.id", ondelete="CASCADE"))
    thread_id: Mapped[int | None] = mapped_column(BigId, default=None)
    state: Mapped[DeliveryState] = mapped_column(EnumText(DeliveryState), default=DeliveryState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    due: Mapped[Moment]
    give_up_at: Mapped[Moment]
    created_at: Mapped[Moment]
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    event: Mapped[Event] = relationship(lazy="joined")


class WebhookAttempt(Base):
    """One request and what was answered: the log."""

    __tablename__ = "webhooks_attempt"

    id: Mapped[RowId]
    delivery_id: Mapped[int] = mapped_column(BigId, ForeignKey("webhooks_delivery.id", ondelete="CASCADE"), index=True)
    at: Mapped[Moment]
    milliseconds: Mapped[int]
    status: Mapped[int] = mapped_column(default=0)
    """HTTP status; 0: nobody answered."""
    words: Mapped[str] = mapped_column(Text, default="")
    """Why it did not go, or the beginning of what was answered."""


class RemoteRecord(Base):
    """A record that mail made in another application. `remote_id` None: not known yet, it goes by `endpoint:~id`."""

    __tablename__ = "webhooks_record"
    __table_args__ = (UniqueConstraint("endpoint_id", "remote_id"),)

    id: Mapped[RowId]
    endpoint_id: Mapped[int] = mapped_column(BigId, ForeignKey("webhooks_endpoint.id", ondelete="CASCADE"))
    remote_id: Mapped[str | None] = mapped_column(String(40), default=None)
    title: Mapped[str] = mapped_column(Text, default="")
    address: Mapped[str] = mapped_column(String(320), default="")
    """Who wrote the mail that made it."""
    defaults: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Fields of the alias, told with the event."""
    created_at: Mapped[Moment]
