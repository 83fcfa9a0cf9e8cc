"""Orders, a second business object, so that there is another desk to pass mail on to; and what stands in the sandbox's DNS."""

from __future__ import annotations

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mailloom.api import Threaded
from mailloom.store.base import Base, RowId


class Order(Threaded, Base):
    """Something that somebody wants to buy."""

    __tablename__ = "sandbox_order"
    thread_model = "sandbox.order"
    address_field = "customer"

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(String(500))
    customer: Mapped[str] = mapped_column(String(320), default="")


class SandboxRecord(Base):
    """A DNS record that was published in the sandbox."""

    __tablename__ = "sandbox_record"
    __table_args__ = (Index("ix_sandbox_record_name", "name"),)

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(String(253))
    type: Mapped[str] = mapped_column(String(10))
    value: Mapped[str] = mapped_column(Text)
