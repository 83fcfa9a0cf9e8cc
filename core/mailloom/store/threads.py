"""Threads of business objects, their followers, and the mixins that make a mapped class take part.

A thread belongs to one record, named by model (the class's `thread_model`) and record id (as text, so that records of other applications fit).
It outlives its record.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailloom.store.base import Base, BigId, Moment, RowId
from mailloom.store.contacts import Contact


class Thread(Base):
    __tablename__ = "thread"
    __table_args__ = (UniqueConstraint("model", "record_id"),)

    id: Mapped[RowId]
    model: Mapped[str] = mapped_column(String(64))
    record_id: Mapped[str] = mapped_column(String(64))
    private: Mapped[bool] = mapped_column(default=False)
    """Only participants and bearers of a reply token may append by mail."""
    domain_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("mail_domain.id", ondelete="SET NULL"), default=None
    )
    """The domain its mail came to, which answers use too; None: the first domain."""
    created_at: Mapped[Moment]
    followers: Mapped[list[Follower]] = relationship(back_populates="thread", cascade="all, delete-orphan")


class Follower(Base):
    """Who is told of what on a thread."""

    __tablename__ = "follower"
    __table_args__ = (Index("ix_follower_contact_id", "contact_id"),)

    thread_id: Mapped[int] = mapped_column(BigId, ForeignKey("thread.id", ondelete="CASCADE"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(BigId, ForeignKey("contact.id", ondelete="CASCADE"), primary_key=True)
    comments: Mapped[bool] = mapped_column(default=True)
    notes: Mapped[bool] = mapped_column(default=False)
    activities: Mapped[bool] = mapped_column(default=False)
    thread: Mapped[Thread] = relationship(back_populates="followers")
    contact: Mapped[Contact] = relationship(lazy="joined")


class Threaded:
    """Mixin: records of this mapped class have a thread.

    The class must have a single-column primary key. Class attributes say how mail becomes a record; see docs/adding-an-addon.md.
    """

    thread_model: ClassVar[str] = ""
    """Name under which the class is known to routing, such as `helpdesk.ticket`; '' means the table's name."""
    name_field: ClassVar[str] = "name"
    """Filled with the subject of the mail that creates a record."""
    address_field: ClassVar[str | None] = None
    """Filled with the normalised sender address of the mail that creates a record."""
    cc_field: ClassVar[str | None] = None
    """Collects Cc addresses, comma-separated, unique by address."""
    filter_fields: ClassVar[tuple[str, ...]] = ()
    """Columns by which records may be chosen for a mailing, besides `address_field`; no other can be asked about."""
    private_threads: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not cls.__dict__.get("thread_model"):
            cls.thread_model = str(cls.__dict__.get("__tablename__", cls.__name__.lower()))


class HasAlias:
    """Mixin: each record of this mapped class may own mail aliases, which create records of `alias_model` or append to a forced record."""

    alias_model: ClassVar[str] = ""
    """The thread model whose records the owned alias creates; '' means the owner's own model."""
    alias_required: ClassVar[bool] = False

    def alias_defaults(self) -> dict[str, Any]:
        """Field values for each record that the owned alias creates, for instance a link back to the owner."""
        return {}
