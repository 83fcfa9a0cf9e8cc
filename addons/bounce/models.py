"""What came back about our mail, and the addresses that are not written to any more."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mailloom.mail.report import Kind, Reason
from mailloom.store.base import Base, BigId, Moment, RowId
from mailloom.store.types import EnumText, UtcDateTime


class MatchedBy(StrEnum):
    """How a report was matched with what we sent, the surest first."""

    RETURN_PATH = "return path"
    """The signed token in the address that the report came to."""
    DELIVERY_HEADER = "delivery header"
    """The signed X-Mailloom-Id in the returned message."""
    ENVELOPE_ID = "envelope id"
    MESSAGE_ID = "message id"
    PROVIDER_ID = "provider id"
    IN_REPLY_TO = "in reply to"
    SESSION = "session"
    """The server said it while we were sending."""
    PROVIDER = "provider"
    """A provider's verified webhook."""
    RECIPIENT_AND_TIME = "recipient and time"
    """We wrote to that address shortly before: shown, nothing follows."""
    NOTHING = "nothing"


class Effect(StrEnum):
    """The row of the policy table that an event falls under."""

    HARD = "hard"
    SOFT = "soft"
    POLICY = "policy"
    DELAY = "delay"
    COMPLAINT = "complaint"
    DELIVERED = "delivered"


class Scope(StrEnum):
    """What a suppression keeps from being sent."""

    ALL = "all"
    MARKETING = "marketing"


class BounceEvent(Base):
    """One report about one recipient. `repeats` counts further ones that say the same."""

    __tablename__ = "bounce_event"
    __table_args__ = (
        Index("ix_bounce_event_key_at", "key", "at"),
        Index("ix_bounce_event_delivery_id", "delivery_id"),
        Index("ix_bounce_event_provider_event", "provider_event", unique=True),
    )

    id: Mapped[RowId]
    at: Mapped[Moment]
    kind: Mapped[Kind] = mapped_column(EnumText(Kind))
    effect: Mapped[Effect] = mapped_column(EnumText(Effect))
    delivery_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("delivery.id", ondelete="SET NULL"), default=None)
    message_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("message.id", ondelete="SET NULL"), default=None)
    arrival_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("arrival.id", ondelete="SET NULL"), default=None)
    key: Mapped[str] = mapped_column(String(320), default="")
    """The address it is about, normalised; '' when the report names none."""
    reported_recipient: Mapped[str] = mapped_column(String(320), default="")
    reason: Mapped[Reason] = mapped_column(EnumText(Reason))
    status: Mapped[str] = mapped_column(String(16), default="")
    reply_code: Mapped[str] = mapped_column(String(3), default="")
    permanent: Mapped[bool | None] = mapped_column(default=None)
    hard: Mapped[bool | None] = mapped_column(default=None)
    diagnostic: Mapped[str] = mapped_column(Text, default="")
    remote_mta: Mapped[str] = mapped_column(String(253), default="")
    rule: Mapped[str] = mapped_column(Text, default="")
    feedback_type: Mapped[str] = mapped_column(String(32), default="")
    matched_by: Mapped[MatchedBy] = mapped_column(EnumText(MatchedBy))
    provider_event: Mapped[str | None] = mapped_column(String(250), default=None)
    repeats: Mapped[int] = mapped_column(default=0)


class Suppression(Base):
    """An address that is not written to, from `since` until `undone_at`."""

    __tablename__ = "bounce_suppression"
    __table_args__ = (Index("ix_bounce_suppression_key", "key"),)

    id: Mapped[RowId]
    key: Mapped[str] = mapped_column(String(320))
    scope: Mapped[Scope] = mapped_column(EnumText(Scope))
    reason: Mapped[str] = mapped_column(Text)
    event_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("bounce_event.id", ondelete="SET NULL"), default=None
    )
    by: Mapped[str] = mapped_column(String(64))
    """Who decided: `policy`, or a person's or program's name."""
    since: Mapped[Moment]
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    undone_by: Mapped[str] = mapped_column(String(64), default="")


class PolicyRow(Base):
    """A row of the policy table that an operator changed."""

    __tablename__ = "bounce_policy"

    effect: Mapped[Effect] = mapped_column(EnumText(Effect), primary_key=True)
    suppress: Mapped[Scope | None] = mapped_column(EnumText(Scope), default=None)
    note: Mapped[bool] = mapped_column(default=True)
    alarm: Mapped[bool] = mapped_column(default=False)
