"""The tokens of each account, sealed, and the consents that are being asked for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mailloom.store.base import Base, BigId, Moment, RowId
from mailloom.store.types import Sealed, SealedText, UtcDateTime


class OAuthTokens(Base):
    """What a provider gave for an account. `dead_reason` is set once the provider said that it takes these no more."""

    __tablename__ = "oauth2_tokens"

    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    access_token: Mapped[Sealed] = mapped_column(SealedText)
    refresh_token: Mapped[Sealed | None] = mapped_column(SealedText, default=None)
    """None: the provider gave none, or none is needed."""
    expires_at: Mapped[Moment]
    scope: Mapped[str] = mapped_column(Text, default="")
    signed_in_as: Mapped[str] = mapped_column(String(320), default="")
    """'' when the provider did not say."""
    meant_for: Mapped[str] = mapped_column(Text, default="")
    """The servers that may see them (`keeping.servers_of`)."""
    obtained_at: Mapped[Moment]
    renewed_at: Mapped[Moment]
    renewals: Mapped[int] = mapped_column(default=0)
    dead_reason: Mapped[str] = mapped_column(Text, default="")


class OAuthAttempt(Base):
    """A consent that was begun: good once, for one account, in one browser (or at the terminal it was begun at), until it expires."""

    __tablename__ = "oauth2_attempt"
    __table_args__ = (Index("ix_oauth2_attempt_secret", "secret_digest", unique=True),)

    id: Mapped[RowId]
    account_id: Mapped[int] = mapped_column(BigId, ForeignKey("account.id", ondelete="CASCADE"))
    secret_digest: Mapped[str] = mapped_column(String(64))
    verifier: Mapped[Sealed] = mapped_column(SealedText)
    """Of PKCE (RFC 7636)."""
    redirect_uri: Mapped[str] = mapped_column(Text)
    terminal: Mapped[bool] = mapped_column(default=False)
    browser_digest: Mapped[str] = mapped_column(String(64), default="")
    """Of the cookie of the browser that opened it first; '' until one did."""
    expires_at: Mapped[Moment]
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
