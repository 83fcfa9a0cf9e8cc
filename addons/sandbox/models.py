"""Orders: a second business object, so that there is another desk to pass mail on to."""

from __future__ import annotations

from sqlalchemy import String
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
