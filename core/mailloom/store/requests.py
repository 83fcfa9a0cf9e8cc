"""Answers that were given to requests with an idempotency key, so that a request which is sent again is answered again and not done again."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from mailloom.store.base import Base, BigId, Moment
from mailloom.store.types import UtcDateTime

LONGEST_KEY = 128


class RequestState(StrEnum):
    """What a key stands for when a request comes with it."""

    NEW = "new"
    RUNNING = "running"
    ANSWERED = "answered"
    DIFFERENT = "different"
    """The key was used for a request that said something else."""


class ApiRequest(Base):
    """One request of one token. `status` 0: it is at work, or the process died while it was."""

    __tablename__ = "api_request"
    __table_args__ = (Index("ix_api_request_created_at", "created_at"),)

    token_id: Mapped[int] = mapped_column(BigId, ForeignKey("api_token.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(LONGEST_KEY), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of method, path and body."""
    created_at: Mapped[Moment]
    status: Mapped[int] = mapped_column(default=0)
    content_type: Mapped[str] = mapped_column(String(64), default="")
    body: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
