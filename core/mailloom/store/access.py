"""Who may sign in, with what, and what they did.

Passwords are stored as argon2 hashes; session cookies, one-time links and API tokens as the SHA-256 of what was handed out: a copy of the database
signs nobody in. Audit entries name people by their name, so that they outlive the user.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailloom.store.base import Base, BigId, Moment, RowId
from mailloom.store.types import EnumText, UtcDateTime


class Role(StrEnum):
    ADMIN = "admin"
    OPERATOR = "operator"
    """Runs the mail: servers, routing, what waits."""
    MARKETING = "marketing"
    """People, lists and mailings."""
    READ_ONLY = "read-only"


class WebUser(Base):
    __tablename__ = "web_user"

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(String(64), unique=True)
    """In lower case: what people sign in with."""
    email: Mapped[str | None] = mapped_column(String(320), unique=True, default=None)
    """Normalised; they may sign in with it too."""
    password_hash: Mapped[str] = mapped_column(Text, default="")
    """'' for those who sign in by one-time link only."""
    role: Mapped[Role] = mapped_column(EnumText(Role))
    language: Mapped[str] = mapped_column(String(16), default="")
    """'' follows the browser."""
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    created_at: Mapped[Moment]
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)


class WebSession(Base):
    """One browser that is signed in."""

    __tablename__ = "web_session"
    __table_args__ = (Index("ix_web_session_user_id", "user_id"), Index("ix_web_session_expires_at", "expires_at"))

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("web_user.id", ondelete="CASCADE"))
    created_at: Mapped[Moment]
    seen_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    address: Mapped[str] = mapped_column(String(64), default="")
    agent: Mapped[str] = mapped_column(String(300), default="")
    user: Mapped[WebUser] = relationship(lazy="joined")


class WebLoginLink(Base):
    """A link that signs a user in once; its row goes when it is used."""

    __tablename__ = "web_login_link"
    __table_args__ = (Index("ix_web_login_link_user_id", "user_id"),)

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("web_user.id", ondelete="CASCADE"))
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment]


class ApiToken(Base):
    """A program's key to the REST face. It may do what its scopes and its user's role both allow."""

    __tablename__ = "api_token"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: Mapped[RowId]
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("web_user.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Permissions by their value."""
    created_at: Mapped[Moment]
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    user: Mapped[WebUser] = relationship(lazy="joined")


class AuditEntry(Base):
    """What somebody did. Rows are added, never changed."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_at", "at", "id"), Index("ix_audit_entry_subject", "subject"))

    id: Mapped[RowId]
    at: Mapped[Moment]
    actor: Mapped[str] = mapped_column(String(100))
    """A user's name, `token:NAME of USER`, or `command line`."""
    action: Mapped[str] = mapped_column(String(64))
    """What was done, as noun.verb: `settings.change`, `user.disable`."""
    subject: Mapped[str] = mapped_column(String(200), default="")
    """What it was done to, such as `user:ann` or `account:3`."""
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    address: Mapped[str] = mapped_column(String(64), default="")
