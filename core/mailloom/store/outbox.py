"""The outbox: one `delivery` per message and recipient is the truth about sending.

                    ┌────────────── deferred ◄──┐ (temporary failure; due later)
                    ▼                           │
    queued ──► leased ──► sending ──► sent | bounced | rejected | failed
                  │           └─────► uncertain (the process died between DATA and the answer)
                  └─ lease ran out: queued again
    queued | deferred ──► cancelled

`queued` and `deferred` rows are claimed through the partial index `ix_delivery_ready`; any other index order collapses at a million rows.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from mailloom.store.arrivals import HAS_RAW
from mailloom.store.base import Base, BigId, Moment, RowId
from mailloom.store.types import EnumText, UtcDateTime


class DeliveryState(StrEnum):
    QUEUED = "queued"
    LEASED = "leased"
    SENDING = "sending"
    SENT = "sent"
    """The server took responsibility; a bounce may still come."""
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    """Taken, and reported back as undeliverable."""
    REJECTED = "rejected"
    """Refused for good by the server, or not allowed to be written to."""
    FAILED = "failed"
    """Given up: too many temporary failures, or an error of ours."""
    CANCELLED = "cancelled"
    UNCERTAIN = "uncertain"


READY = text("state IN ('queued', 'deferred')")
CLAIMED = text("state IN ('leased', 'sending')")
UNCERTAIN = text("state = 'uncertain'")
TROUBLED = text("state = 'bounced' OR state = 'rejected' OR state = 'failed' OR state = 'cancelled'")
"""What people look for. A delivery that goes well never comes by this index; written out, because SQLite judges a long IN slowly at every change."""


class Delivery(Base):
    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("message_id", "key"),
        Index("ix_delivery_ready", "account_id", "priority", "due", sqlite_where=READY, postgresql_where=READY),
        Index("ix_delivery_claimed", "lease_until", sqlite_where=CLAIMED, postgresql_where=CLAIMED),
        Index("ix_delivery_uncertain", "id", sqlite_where=UNCERTAIN, postgresql_where=UNCERTAIN),
        Index("ix_delivery_troubled", "state", "id", sqlite_where=TROUBLED, postgresql_where=TROUBLED),
        Index("ix_delivery_key", "key"),
        Index("ix_delivery_provider_id", "provider_id"),
        Index("ix_delivery_raw_digest", "raw_digest", sqlite_where=HAS_RAW, postgresql_where=HAS_RAW),
    )

    id: Mapped[RowId]
    message_id: Mapped[int] = mapped_column(BigId, ForeignKey("message.id", ondelete="CASCADE"))
    address: Mapped[str] = mapped_column(String(320))
    key: Mapped[str] = mapped_column(String(320))
    contact_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("contact.id", ondelete="SET NULL"), default=None)
    account_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("account.id"), default=None)
    """None: no account could be chosen when it was queued; chosen anew at each sending pass."""
    purpose: Mapped[str] = mapped_column(String(32), default="notification")
    topic: Mapped[str] = mapped_column(String(64), default="")
    """What sort of marketing it is, such as `list:7`; '' when there is none."""
    priority: Mapped[int] = mapped_column(default=3)
    """1 (first) to 5 (last)."""
    state: Mapped[DeliveryState] = mapped_column(EnumText(DeliveryState), default=DeliveryState.QUEUED)
    due: Mapped[Moment]
    envelope_from: Mapped[str] = mapped_column(String(320), default="")
    head: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    """This recipient's own header lines (To, List-Unsubscribe …), put before the message's bytes."""
    raw_digest: Mapped[str | None] = mapped_column(String(64), ForeignKey("blob.digest"), default=None)
    """A mail of its own instead of the message's (personalised body)."""
    attempts: Mapped[int] = mapped_column(default=0)
    attempt: Mapped[str | None] = mapped_column(String(32), default=None)
    """The sending pass that holds it; results are written only by the pass that still does."""
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    status: Mapped[str] = mapped_column(String(12), default="")
    """Enhanced status code of the last answer (RFC 3463), '' when there was none."""
    reply: Mapped[str] = mapped_column(Text, default="")
    """The server's last words in full, or ours when none were said."""
    explanation: Mapped[str] = mapped_column(Text, default="")
    provider_id: Mapped[str | None] = mapped_column(String(250), default=None)
    created_at: Mapped[Moment]
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)

    @property
    def held(self) -> bool:
        """Taken back by what had queued it (a paused mailing), which may let it go again."""
        return self.state is DeliveryState.CANCELLED and self.settled_at is None


class DeliveryAttempt(Base):
    """What each try of a delivery brought, kept for the person who asks why."""

    __tablename__ = "delivery_attempt"

    id: Mapped[RowId]
    delivery_id: Mapped[int] = mapped_column(BigId, ForeignKey("delivery.id", ondelete="CASCADE"), index=True)
    account_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("account.id", ondelete="SET NULL"), default=None)
    at: Mapped[Moment]
    state: Mapped[DeliveryState] = mapped_column(EnumText(DeliveryState))
    status: Mapped[str] = mapped_column(String(12), default="")
    reply: Mapped[str] = mapped_column(Text, default="")
