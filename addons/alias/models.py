"""Aliases: addresses of ours that make records or feed one.

`name` is the local part, unique per domain; an alias without a name or without a domain matches nothing. A forced record takes every mail
of the alias into its thread instead of making records.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailloom.store.base import Base, BigId, Moment, RowId
from mailloom.store.domains import MailDomain
from mailloom.store.types import EnumText


class ContactPolicy(StrEnum):
    """Who may write to an alias."""

    EVERYONE = "everyone"
    CONTACTS = "contacts"
    """Known contacts."""
    FOLLOWERS = "followers"
    """Followers of the forced or the parent record."""
    AUTHENTICATED = "authenticated"
    """Only senders whose From is proved by SPF or DKIM."""


class AliasStatus(StrEnum):
    NOT_TESTED = "not_tested"
    VALID = "valid"
    INVALID = "invalid"
    """The last mail could not be taken because of how the alias is set up."""


class Alias(Base):
    __tablename__ = "alias_alias"
    __table_args__ = (
        UniqueConstraint("name", "domain_id"),
        Index("ix_alias_alias_owner", "owner_model", "owner_record"),
    )

    id: Mapped[RowId]
    name: Mapped[str | None] = mapped_column(String(64), default=None)
    domain_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("mail_domain.id"), default=None)
    model: Mapped[str] = mapped_column(String(64))
    """The thread model whose records it makes."""
    defaults: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    forced_record: Mapped[str | None] = mapped_column(String(64), default=None)
    parent_model: Mapped[str | None] = mapped_column(String(64), default=None)
    parent_record: Mapped[str | None] = mapped_column(String(64), default=None)
    """The record whose followers may write, where no record is forced."""
    policy: Mapped[ContactPolicy] = mapped_column(EnumText(ContactPolicy), default=ContactPolicy.EVERYONE)
    any_domain: Mapped[bool] = mapped_column(default=False)
    """The local part alone matches, in every allowed domain."""
    machines: Mapped[bool] = mapped_column(default=True)
    """Mail that programs send unasked (Auto-Submitted: auto-generated) may make records."""
    answer_text: Mapped[str] = mapped_column(Text, default="")
    """Told to senders whom the policy refuses, instead of the usual words; HTML allowed."""
    status: Mapped[AliasStatus] = mapped_column(EnumText(AliasStatus), default=AliasStatus.NOT_TESTED)
    status_reason: Mapped[str] = mapped_column(Text, default="")
    owner_model: Mapped[str | None] = mapped_column(String(64), default=None)
    owner_record: Mapped[str | None] = mapped_column(String(64), default=None)
    owner_contact_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("contact.id", ondelete="SET NULL"), default=None
    )
    """Who is told when the alias breaks."""
    created_at: Mapped[Moment]
    domain: Mapped[MailDomain | None] = relationship(lazy="joined")

    @property
    def address(self) -> str:
        """The whole address; '' while it has no name or no domain."""
        return f"{self.name}@{self.domain.name}" if self.name and self.domain else ""
