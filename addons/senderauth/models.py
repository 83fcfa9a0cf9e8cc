"""DMARC aggregate reports as they came."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mailloom.store.base import Base, BigId, Moment, RowId
from mailloom.store.types import UtcDateTime


class Report(Base):
    """One report of one receiver about one domain; a repeated one is not kept again."""

    __tablename__ = "senderauth_report"
    __table_args__ = (
        UniqueConstraint("domain", "organisation", "report_id"),
        Index("ix_senderauth_report_domain_begin", "domain", "begin"),
    )

    id: Mapped[RowId]
    received_at: Mapped[Moment]
    arrival_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("arrival.id", ondelete="SET NULL"), default=None)
    domain: Mapped[str] = mapped_column(String(253))
    organisation: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(320), default="")
    report_id: Mapped[str] = mapped_column(String(250))
    begin: Mapped[datetime] = mapped_column(UtcDateTime)
    end: Mapped[datetime] = mapped_column(UtcDateTime)
    policy: Mapped[str] = mapped_column(String(250), default="")
    """The published policy as the receiver read it."""
    messages: Mapped[int] = mapped_column(BigInteger, default=0)
    passed: Mapped[int] = mapped_column(BigInteger, default=0)
    """Messages with an aligned DKIM or SPF pass: DMARC passed."""


class ReportRow(Base):
    """What one host sent under the domain's name."""

    __tablename__ = "senderauth_report_row"
    __table_args__ = (Index("ix_senderauth_report_row_report_id", "report_id"),)

    id: Mapped[RowId]
    report_id: Mapped[int] = mapped_column(BigId, ForeignKey("senderauth_report.id", ondelete="CASCADE"))
    source: Mapped[str] = mapped_column(String(45))
    """An IP address, '' when the report gave none."""
    messages: Mapped[int] = mapped_column(BigInteger)
    disposition: Mapped[str] = mapped_column(String(20))
    dkim: Mapped[bool]
    spf: Mapped[bool]
    header_from: Mapped[str] = mapped_column(String(253))
    envelope_from: Mapped[str] = mapped_column(String(253))
    checked: Mapped[str] = mapped_column(Text)
    reasons: Mapped[str] = mapped_column(Text)
