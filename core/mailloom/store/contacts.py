"""People and machines we exchange mail with.

A contact has several addresses, the first of which (position 0) is the primary one; several contacts may share an address.
`key` is the address as `mail.address.normalise` gives it: comparisons use it and nothing else.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailloom.store.base import Base, BigId, Moment, RowId
from mailloom.store.types import EnumText


class Notify(StrEnum):
    MAIL = "mail"
    INBOX = "inbox"


class Contact(Base):
    __tablename__ = "contact"

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(String(255), default="")
    internal: Mapped[bool] = mapped_column(default=False)
    """A member of the organisation that runs mailloom: sees notes, may be told of activities."""
    archived: Mapped[bool] = mapped_column(default=False)
    notify: Mapped[Notify] = mapped_column(EnumText(Notify), default=Notify.MAIL)
    created_at: Mapped[Moment]
    addresses: Mapped[list[ContactAddress]] = relationship(
        back_populates="contact", order_by="ContactAddress.position", cascade="all, delete-orphan", lazy="selectin"
    )

    @property
    def primary_address(self) -> str:
        """The address as it was entered; '' when the contact has none."""
        return self.addresses[0].address if self.addresses else ""


class ContactAddress(Base):
    __tablename__ = "contact_address"
    __table_args__ = (Index("ix_contact_address_key", "key"),)

    contact_id: Mapped[int] = mapped_column(BigId, ForeignKey("contact.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(320), primary_key=True)
    address: Mapped[str] = mapped_column(String(320))
    position: Mapped[int] = mapped_column(default=0)
    contact: Mapped[Contact] = relationship(back_populates="addresses")
