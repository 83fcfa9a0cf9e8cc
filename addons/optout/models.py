"""What people said about marketing mail, and the marks of those who were erased.

The newest word on a topic and the newest on all marketing (topic '') count: a yes to one topic that is newer than a no to everything lets this topic
through. Words that were overtaken stay, with the moment at which they were: they are the evidence.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from mailloom.store.base import Base, Moment, RowId
from mailloom.store.types import EnumText, Sealed, SealedText, UtcDateTime

HOLDS = text("ended_at IS NULL")


class Answer(StrEnum):
    NO = "no"
    YES = "yes"
    """Only beside a no to all marketing: to this topic all the same."""


class Source(StrEnum):
    """How somebody said it."""

    ONE_CLICK = "one-click"
    """The button of the mail program (RFC 8058)."""
    PAGE = "page"
    MAILTO = "mailto"
    COMPLAINT = "complaint"
    BOUNCE = "bounce"
    ADMIN = "admin"
    API = "api"
    IMPORT = "import"


class Statement(Base):
    """What an address said on a topic, from `since` until `ended_at`."""

    __tablename__ = "optout_statement"
    __table_args__ = (
        Index("ix_optout_statement_holds", "key", "topic", unique=True, sqlite_where=HOLDS, postgresql_where=HOLDS),
        Index("ix_optout_statement_key", "key"),
    )

    id: Mapped[RowId]
    key: Mapped[str] = mapped_column(String(320))
    """The address, normalised."""
    topic: Mapped[str] = mapped_column(String(64), default="")
    """'' is all marketing."""
    answer: Mapped[Answer] = mapped_column(EnumText(Answer))
    source: Mapped[Source] = mapped_column(EnumText(Source))
    reason: Mapped[str] = mapped_column(Text, default="")
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What shows that it was said: the address of the browser, the id of the mail, who typed it. Text by name."""
    mailing: Mapped[str] = mapped_column(String(64), default="")
    """The mail that it answers, such as `mailing:12` or `delivery:340`; '' when there was none."""
    since: Mapped[Moment]
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    ended_by: Mapped[str] = mapped_column(String(32), default="")
    """The source of what ended it."""


class ErasedMark(Base):
    """That somebody was erased: a keyed digest of the address, from which the address cannot be told."""

    __tablename__ = "optout_erased"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    erased_at: Mapped[Moment]


class ErasureKey(Base):
    """The one key of the digests, sealed; it lives through a change of the installation's keys."""

    __tablename__ = "optout_erasure_key"

    id: Mapped[int] = mapped_column(primary_key=True)
    secret: Mapped[Sealed] = mapped_column(SealedText)
