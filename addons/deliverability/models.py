"""What was decided and found about each sending domain."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mailloom.api.checks import Severity
from mailloom.store.base import Base, Moment, RowId
from mailloom.store.types import EnumText, UtcDateTime


class Mode(StrEnum):
    """Whose domain and whose server a customer's mail goes out by."""

    OUR_SUBDOMAIN = "our-subdomain"
    CUSTOMER_ADDRESS = "customer-address"
    CUSTOMER_SERVER = "customer-server"


class PolicyMode(StrEnum):
    """MTA-STS (RFC 8461 §5)."""

    TESTING = "testing"
    ENFORCE = "enforce"
    NONE = "none"
    """Says to senders that an earlier policy is over."""


class SendingDomain(Base):
    """What people decided about a domain of From. A domain without a row is looked at as soon as it is one of ours."""

    __tablename__ = "deliverability_domain"

    domain: Mapped[str] = mapped_column(String(253), primary_key=True)
    """A-labels, lower case."""
    mode: Mapped[Mode | None] = mapped_column(EnumText(Mode), default=None)
    selectors: Mapped[list[str]] = mapped_column(JSON, default=list)
    """DKIM selectors of providers that show theirs only in their console."""
    policy_mode: Mapped[PolicyMode | None] = mapped_column(EnumText(PolicyMode), default=None)
    """None: no MTA-STS policy is served."""
    policy_id: Mapped[str] = mapped_column(String(32), default="")
    policy_hosts: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_at: Mapped[Moment]


class DomainLook(Base):
    """The last look at a domain."""

    __tablename__ = "deliverability_look"

    domain: Mapped[str] = mapped_column(String(253), primary_key=True)
    at: Mapped[Moment]
    severity: Mapped[Severity] = mapped_column(EnumText(Severity))
    findings: Mapped[str] = mapped_column(Text)
    """`findings.to_text`."""


class DomainChange(Base):
    """A finding that became worse or better between two looks."""

    __tablename__ = "deliverability_change"
    __table_args__ = (Index("ix_deliverability_change_domain", "domain"),)

    id: Mapped[RowId]
    domain: Mapped[str] = mapped_column(String(253))
    at: Mapped[Moment]
    worse: Mapped[bool]
    text: Mapped[str] = mapped_column(Text)


class Override(Base):
    """Somebody lets big mailings of a domain go out in spite of a red item."""

    __tablename__ = "deliverability_override"
    __table_args__ = (Index("ix_deliverability_override_domain", "domain"),)

    id: Mapped[RowId]
    domain: Mapped[str] = mapped_column(String(253))
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(64))
    since: Mapped[Moment]
    until: Mapped[Moment]
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
