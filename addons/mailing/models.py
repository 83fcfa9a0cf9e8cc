"""Mailings, what they say, whom they go to, and what became of each.

    draft ──► queued ──► sending ──► done
                │          ▲  │
                │          │  ▼
                └──────► paused          queued | sending | paused ──► cancelled

The ledger has a row for everybody who was looked at, also for those who get nothing. `key` stands in one row of each address: a second row of it
(a duplicate, or an address that is none) has no key, so the database itself keeps anybody from being written to twice.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from mailloom.store.base import Base, BigId, Moment, RowId
from mailloom.store.types import EnumText, UtcDateTime


class MailingState(StrEnum):
    DRAFT = "draft"
    QUEUED = "queued"
    """Waits for its time."""
    SENDING = "sending"
    PAUSED = "paused"
    """Nothing goes out; `reason` says why, and `resume_at` when it goes on by itself."""
    DONE = "done"
    CANCELLED = "cancelled"


class Winner(StrEnum):
    """By what the better of several variants is found."""

    OPENS = "opens"
    CLICKS = "clicks"
    REPLIES = "replies"
    HAND = "hand"


class Mailing(Base):
    """`target` and `variants` may change as long as it is a draft, the words of a variant also while it is paused."""

    __tablename__ = "mailing_mailing"
    __table_args__ = (Index("ix_mailing_mailing_state", "state"),)

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(String(200))
    state: Mapped[MailingState] = mapped_column(EnumText(MailingState), default=MailingState.DRAFT)
    reason: Mapped[str] = mapped_column(Text, default="")
    """Why it is in this state, in words."""
    sender: Mapped[str] = mapped_column(Text, default="")
    """The From; '' is the default From of the account."""
    reply_to: Mapped[str] = mapped_column(Text, default="")
    account: Mapped[str] = mapped_column(String(64), default="")
    """Name of the outgoing account; '' lets the core choose."""
    topic: Mapped[str] = mapped_column(String(64), default="")
    """What people can opt out of, besides all marketing."""
    target: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """A `targets.Target` as JSON."""
    due: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    """None: at once."""
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    """In which people think of `due`."""
    latest_hours: Mapped[int | None] = mapped_column(default=None)
    """Begin only if at most so late; None: whenever it can."""
    sample_percent: Mapped[int] = mapped_column(default=100)
    """How many of the recipients get the variants before a winner is chosen for the others; 100: all, and there is no winner."""
    winner_by: Mapped[Winner] = mapped_column(EnumText(Winner), default=Winner.HAND)
    winner_hours: Mapped[int] = mapped_column(default=4)
    """How long after the sample was sent the winner is chosen."""
    winner: Mapped[str] = mapped_column(String(8), default="")
    """Label of the variant that the others get; '' while it is open."""
    created_at: Mapped[Moment]
    created_by: Mapped[str] = mapped_column(String(100), default="")
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    watched_from: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    """What came back since then counts for the circuit breaker: the start, or the last time a person resumed it."""
    sampled_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    """When the last one of the sample was settled."""
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    resume_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    cursor: Mapped[str] = mapped_column(String(250), default="")
    """How far the target has been read into the ledger; '' is the beginning."""
    prepared_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    """When the whole target stood in the ledger."""


class Variant(Base):
    """The words of a mailing. Once a mail of it was queued it never changes: an edit retires it for a new one with the same label."""

    __tablename__ = "mailing_variant"
    __table_args__ = (
        Index("ix_mailing_variant_mailing_id", "mailing_id"),
        Index("ix_mailing_variant_message", "message_id"),
    )

    id: Mapped[RowId]
    mailing_id: Mapped[int] = mapped_column(BigId, ForeignKey("mailing_mailing.id", ondelete="CASCADE"))
    label: Mapped[str] = mapped_column(String(8))
    subject: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text, default="")
    """As it was written."""
    inlined: Mapped[str] = mapped_column(Text, default="")
    """With its style rules on the elements, which is what goes out."""
    text: Mapped[str] = mapped_column(Text, default="")
    """Made of the HTML when none was written."""
    message_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("message.id", ondelete="SET NULL"), default=None)
    """The message whose deliveries carry this variant; None before the first is queued."""
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)


class MailingEnclosure(Base):
    """A file for everybody; an inline image when `content_id` is given."""

    __tablename__ = "mailing_enclosure"

    id: Mapped[RowId]
    mailing_id: Mapped[int] = mapped_column(BigId, ForeignKey("mailing_mailing.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(255))
    content_id: Mapped[str] = mapped_column(String(255), default="")
    content: Mapped[bytes] = mapped_column(LargeBinary)
    size: Mapped[int]


class Standing(StrEnum):
    """Where a recipient stands."""

    PENDING = "pending"
    """Not queued yet, or taken back from the queue by a pause."""
    QUEUED = "queued"
    """In the outbox: waiting, being tried again, or being sent."""
    SENT = "sent"
    HARD = "hard"
    """Bounced or refused: the address is dead."""
    SOFT = "soft"
    """Bounced or given up for a reason that may pass."""
    POLICY = "policy"
    """Refused because of us or of the message."""
    FAILED = "failed"
    """Could not be tried: an error of ours or of the message."""
    UNCERTAIN = "uncertain"
    """Handed over, and no answer came."""
    CANCELLED = "cancelled"
    SUPPRESSED = "suppressed"
    MISSING = "missing"
    """Has no address."""
    INVALID = "invalid"
    OPTED_OUT = "opted out"
    DUPLICATE = "duplicate"


EXCLUDED = (Standing.SUPPRESSED, Standing.MISSING, Standing.INVALID, Standing.OPTED_OUT, Standing.DUPLICATE)
"""In the order in which they are asked."""
_PENDING = text("state = 'pending'")
_QUEUED = text("state = 'queued'")
_SETTLED = text("settled_at IS NOT NULL")


class LedgerRow(Base):
    """One recipient of one mailing."""

    __tablename__ = "mailing_recipient"
    __table_args__ = (
        UniqueConstraint("mailing_id", "key"),
        Index(
            "ix_mailing_recipient_pending",
            "mailing_id",
            "label",
            "id",
            sqlite_where=_PENDING,
            postgresql_where=_PENDING,
        ),
        Index("ix_mailing_recipient_queued", "mailing_id", sqlite_where=_QUEUED, postgresql_where=_QUEUED),
        Index(
            "ix_mailing_recipient_settled",
            "mailing_id",
            "domain",
            "settled_at",
            sqlite_where=_SETTLED,
            postgresql_where=_SETTLED,
        ),
        Index("ix_mailing_recipient_delivery_id", "delivery_id"),
        Index("ix_mailing_recipient_key", "key"),
    )

    id: Mapped[RowId]
    mailing_id: Mapped[int] = mapped_column(BigId, ForeignKey("mailing_mailing.id", ondelete="CASCADE"))
    key: Mapped[str | None] = mapped_column(String(320), default=None)
    """The normalised address; None where another row has it, or where there is none."""
    address: Mapped[str] = mapped_column(String(320), default="")
    domain: Mapped[str] = mapped_column(String(255), default="")
    name: Mapped[str] = mapped_column(String(255), default="")
    values: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What the templates may say of him, as it was when the mailing was prepared."""
    source: Mapped[str] = mapped_column(String(64), default="")
    """Where he was found: `member 7`, `helpdesk.ticket 12`."""
    label: Mapped[str] = mapped_column(String(8), default="")
    """Of the variant he gets; '' waits for the winner."""
    variant_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("mailing_variant.id", ondelete="SET NULL"), default=None
    )
    """What he was written, once he is queued."""
    state: Mapped[Standing] = mapped_column(EnumText(Standing))
    reason: Mapped[str] = mapped_column(Text, default="")
    delivery_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("delivery.id", ondelete="SET NULL"), default=None)
    queued_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    clicked_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    replied_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    complained_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    opted_out_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)


class MailingCounter(Base):
    """Sums that a report needs, kept as things happen."""

    __tablename__ = "mailing_counter"

    mailing_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("mailing_mailing.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    dimension: Mapped[str] = mapped_column(String(16), primary_key=True)
    """`all`, `domain`, `hour`, `variant` or `link`."""
    value: Mapped[str] = mapped_column(String(255), primary_key=True)
    """Of the dimension; '' for `all`."""
    measure: Mapped[str] = mapped_column(String(32), primary_key=True)
    count: Mapped[int] = mapped_column(BigId, default=0)


class MailingLog(Base):
    """Who did what to a mailing, and why."""

    __tablename__ = "mailing_log"
    __table_args__ = (Index("ix_mailing_log_mailing_id", "mailing_id", "id"),)

    id: Mapped[RowId]
    mailing_id: Mapped[int] = mapped_column(BigId, ForeignKey("mailing_mailing.id", ondelete="CASCADE"))
    at: Mapped[Moment]
    actor: Mapped[str] = mapped_column(String(100))
    what: Mapped[str] = mapped_column(String(64))
    why: Mapped[str] = mapped_column(Text, default="")
