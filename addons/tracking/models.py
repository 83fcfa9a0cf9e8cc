"""Which mailings are measured, and what came back: one row for each link of a delivery and each sort of visitor, however often it comes."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from mailloom.store.base import Base, BigId, Moment, RowId
from mailloom.store.types import EnumText, UtcDateTime

NO_POSITION = -1
"""Of pictures and traps."""
_UNJUDGED = text("judged_at IS NULL")


class Act(StrEnum):
    OPEN = "open"
    CLICK = "click"
    TRAP = "trap"
    """Followed a link that nobody can see."""


class Visitor(StrEnum):
    PERSON = "person"
    PROXY = "proxy"
    """Fetches pictures for a person, whether or not he looks (Apple, Gmail, Yahoo)."""
    SCANNER = "scanner"
    """A program that looks for harm in links."""


class Plan(Base):
    """What is measured of one mailing; without a row nothing is."""

    __tablename__ = "tracking_plan"

    mailing_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("mailing_mailing.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    opens: Mapped[bool] = mapped_column(default=False)
    clicks: Mapped[bool] = mapped_column(default=False)
    tags: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    """Put into each link's query, such as utm_campaign."""
    note: Mapped[str] = mapped_column(Text, default="")
    """Why it may be measured: the consent or other ground, in words."""
    decided_by: Mapped[str] = mapped_column(String(100))
    decided_at: Mapped[Moment]
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    """Links work on; what comes back is not kept any more."""


class Hit(Base):
    """The first and the last time, and how often. No address of the visitor is kept."""

    __tablename__ = "tracking_hit"
    __table_args__ = (
        UniqueConstraint("delivery_id", "act", "position", "visitor"),
        Index("ix_tracking_hit_unjudged", "first_at", sqlite_where=_UNJUDGED, postgresql_where=_UNJUDGED),
        Index("ix_tracking_hit_mailing_id", "mailing_id"),
        Index("ix_tracking_hit_last_at", "last_at"),
    )

    id: Mapped[RowId]
    mailing_id: Mapped[int] = mapped_column(BigId, ForeignKey("mailing_mailing.id", ondelete="CASCADE"))
    delivery_id: Mapped[int] = mapped_column(BigId, ForeignKey("delivery.id", ondelete="CASCADE"))
    variant_id: Mapped[int] = mapped_column(BigId, ForeignKey("mailing_variant.id", ondelete="CASCADE"))
    act: Mapped[Act] = mapped_column(EnumText(Act))
    position: Mapped[int]
    """Of the link among the variant's; `NO_POSITION` where there is none."""
    visitor: Mapped[Visitor] = mapped_column(EnumText(Visitor))
    """As it looked when it came."""
    why: Mapped[str] = mapped_column(Text, default="")
    first_at: Mapped[Moment]
    last_at: Mapped[Moment]
    count: Mapped[int] = mapped_column(default=1)
    verdict: Mapped[Visitor | None] = mapped_column(EnumText(Visitor), default=None)
    """As it looks beside what else came for the same mail; None: not judged yet."""
    judged_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
