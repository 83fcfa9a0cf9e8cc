"""Signing keys and what happened to them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mailloom.mail.dkim_keys import KeyKind, record_name
from mailloom.store.base import Base, BigId, Moment, RowId
from mailloom.store.types import EnumText, Sealed, SealedText, UtcDateTime


class KeyState(StrEnum):
    """A key goes through these in their order."""

    WAITING = "waiting"
    """Made, to be published; signs nothing."""
    SIGNING = "signing"
    RETIRED = "retired"
    """Signs no more; must stay published while its mail is on the way."""
    REVOKED = "revoked"
    """Its private half is gone; its record may be emptied (p=) or removed."""


class DkimKey(Base):
    """One key pair of one domain."""

    __tablename__ = "dkim_key"
    __table_args__ = (UniqueConstraint("domain", "selector"),)

    id: Mapped[RowId]
    domain: Mapped[str] = mapped_column(String(253))
    """A-labels."""
    selector: Mapped[str] = mapped_column(String(63))
    kind: Mapped[KeyKind] = mapped_column(EnumText(KeyKind))
    private: Mapped[Sealed | None] = mapped_column(SealedText, default=None)
    """PEM; None once revoked."""
    record: Mapped[str] = mapped_column(Text)
    """The TXT value to publish, unsplit."""
    state: Mapped[KeyState] = mapped_column(EnumText(KeyState))
    created_at: Mapped[Moment]
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    """Since when it has been in the DNS at every look; None: it was not at the last."""
    signing_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    finding: Mapped[str] = mapped_column(Text, default="")
    """What the last look into the DNS found; '' before the first."""

    @property
    def name(self) -> str:
        return record_name(self.domain, self.selector)


class DkimStep(Base):
    """What was done with a key, in words."""

    __tablename__ = "dkim_step"
    __table_args__ = (Index("ix_dkim_step_key_id", "key_id"),)

    id: Mapped[RowId]
    key_id: Mapped[int] = mapped_column(BigId, ForeignKey("dkim_key.id", ondelete="CASCADE"))
    at: Mapped[Moment]
    text: Mapped[str] = mapped_column(Text)
