"""Mail that came in, as it came in, and what was decided about it.

Every arrival ends in exactly one outcome; `steps` holds the verdict of each router that was asked. `ArrivalTarget` is the constraint that makes
"stored once, served per recipient" true under any number of workers: its primary key can be inserted once.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from mailloom.store.base import Base, BigId, Moment, RowId
from mailloom.store.types import EnumText, UtcDateTime

HAS_RAW = text("raw_digest IS NOT NULL")
UNUSUAL = text("outcome IN ('answered', 'reported', 'ignored', 'discarded')")
"""What people look for among the many that were routed."""
HAS_SENDER = text("from_address <> ''")
"""Mails that are only kept have none yet, and need no place in the index then."""
# Constants, not parameters: SQLite takes a partial index only for words that it sees.
KEPT = text("outcome = 'kept'")
PARKED = text("outcome = 'parked'")


class Outcome(StrEnum):
    """What became of an arrival; KEPT means: committed, not decided yet."""

    KEPT = "kept"
    ROUTED = "routed"
    ANSWERED = "answered"
    REPORTED = "reported"
    IGNORED = "ignored"
    PARKED = "parked"
    DISCARDED = "discarded"
    """Was parked; a person has put it away. The raw bytes stay until retention."""


class Arrival(Base):
    __tablename__ = "arrival"
    __table_args__ = (
        Index("ix_arrival_kept", "id", sqlite_where=KEPT, postgresql_where=KEPT),
        Index("ix_arrival_parked", "id", sqlite_where=PARKED, postgresql_where=PARKED),
        Index("ix_arrival_unusual", "outcome", "id", sqlite_where=UNUSUAL, postgresql_where=UNUSUAL),
        Index("ix_arrival_from_address", "from_address", sqlite_where=HAS_SENDER, postgresql_where=HAS_SENDER),
        Index("ix_arrival_key", "key"),
        Index("ix_arrival_message_id", "message_id"),
        # Before a blob may go, the database looks for who still points at it.
        Index("ix_arrival_raw_digest", "raw_digest", sqlite_where=HAS_RAW, postgresql_where=HAS_RAW),
    )

    id: Mapped[RowId]
    raw_digest: Mapped[str | None] = mapped_column(String(64), ForeignKey("blob.digest"), default=None)
    """None: retention has removed the bytes."""
    account_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("account.id", ondelete="SET NULL"), default=None)
    received_at: Mapped[Moment]
    envelope_from: Mapped[str | None] = mapped_column(Text, default=None)
    """None: not known; '': the empty reverse path."""
    envelope_recipients: Mapped[list[str] | None] = mapped_column(JSON, default=None)
    """None: not known, the headers decide."""
    fallback: Mapped[str | None] = mapped_column(String(160), default=None)
    """`model` or `model:record` to use when nothing else claims the mail; overrides the account's."""
    outcome: Mapped[Outcome] = mapped_column(EnumText(Outcome), default=Outcome.KEPT)
    reason: Mapped[str] = mapped_column(Text, default="")
    key: Mapped[str | None] = mapped_column(String(64), default=None)
    """Digest of what makes it one message (Message-ID, From, Date, else the content); None until it was read."""
    duplicate_of: Mapped[int | None] = mapped_column(BigId, ForeignKey("arrival.id", ondelete="SET NULL"), default=None)
    message_id: Mapped[str] = mapped_column(String(250), default="")
    from_address: Mapped[str] = mapped_column(String(320), default="")
    subject: Mapped[str] = mapped_column(Text, default="")
    flags: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Remarks such as "id reused"."""
    routes: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSON, default=None)
    attempts: Mapped[int] = mapped_column(default=0)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)


class ArrivalTarget(Base):
    """What a message (by its key) has served already: `mail` itself, `alias:<id>`, `thread:<id>` …"""

    __tablename__ = "arrival_target"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    target: Mapped[str] = mapped_column(String(96), primary_key=True)
    arrival_id: Mapped[int] = mapped_column(BigId, ForeignKey("arrival.id", ondelete="CASCADE"), index=True)
