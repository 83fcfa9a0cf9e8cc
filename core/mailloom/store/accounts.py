"""Accounts: configured servers, outgoing or incoming, and how far each incoming folder has been read.

`settings` is the kind's pydantic model as JSON without its secrets; those stand sealed in `secrets` (a JSON object, field to value).
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mailloom.store.base import Base, BigId, Moment, RowId
from mailloom.store.types import EnumText, Sealed, SealedText, UtcDateTime


class Direction(StrEnum):
    OUTGOING = "outgoing"
    INCOMING = "incoming"


class AccountState(StrEnum):
    DRAFT = "draft"
    """Entered, never yet tested well; used for nothing but tests."""
    CONFIRMED = "confirmed"
    PAUSED = "paused"
    """Stopped by a person, or by an error that only a person can mend; `paused_reason` says which."""
    FAILING = "failing"
    """Errors since `first_error_at`; tried again at `next_attempt_at`."""


class AccountRow(Base):
    __tablename__ = "account"

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(32))
    direction: Mapped[Direction] = mapped_column(EnumText(Direction))
    state: Mapped[AccountState] = mapped_column(EnumText(AccountState), default=AccountState.DRAFT)
    archived: Mapped[bool] = mapped_column(default=False)
    sequence: Mapped[int] = mapped_column(default=10)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    secrets: Mapped[Sealed | None] = mapped_column(SealedText, default=None)
    created_at: Mapped[Moment]
    paused_reason: Mapped[str] = mapped_column(Text, default="")
    first_error_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    last_error_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    last_success_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    alarmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    error_count: Mapped[int] = mapped_column(default=0)
    first_error: Mapped[str] = mapped_column(Text, default="")
    last_error: Mapped[str] = mapped_column(Text, default="")


class SourceCursor(Base):
    """The newest position of a folder whose messages are all committed here. Its text is the source's own (UIDVALIDITY and UID, UIDL set …)."""

    __tablename__ = "source_cursor"

    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    folder: Mapped[str] = mapped_column(String(255), primary_key=True)
    cursor: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[Moment]


class Lease(Base):
    """Exclusive work, such as reading one mailbox, held by one worker until a moment; whoever finds it expired may take it."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    until: Mapped[Moment]


class Throttle(Base):
    """A token bucket shared by all workers: `tokens` were left at `updated_at`, refilled since at the scope's rate."""

    __tablename__ = "throttle"

    scope: Mapped[str] = mapped_column(String(255), primary_key=True)
    tokens: Mapped[float]
    updated_at: Mapped[Moment]
