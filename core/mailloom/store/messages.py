"""Messages on threads, the ids they are known by, and who got them.

The mail itself stands in `blob`; a message without a digest (an internal note, a log line) has only its `text`.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from mailloom.store.arrivals import HAS_RAW
from mailloom.store.base import Base, BigId, Moment, RowId
from mailloom.store.types import EnumText, UtcDateTime

LONGEST_IDENTIFIER = 250
ON_THREAD = text("thread_id IS NOT NULL")


class MessageKind(StrEnum):
    COMMENT = "comment"
    """Written by one of us to the thread's followers."""
    NOTE = "note"
    """Internal: never leaves the organisation."""
    MAIL = "mail"
    """Came in by mail."""
    AUTOMATIC = "automatic"
    """Written by a program, ours or theirs; notifies nobody by itself."""
    LOG = "log"
    """What happened to the thread, such as a delivery that failed."""


class Message(Base):
    __tablename__ = "message"
    __table_args__ = (
        Index("ix_message_thread_id_id", "thread_id", "id"),
        # The conversations by last activity, beside a million mails that belong to none.
        Index("ix_message_threaded", "id", sqlite_where=ON_THREAD, postgresql_where=ON_THREAD),
        Index("ix_message_arrival_id", "arrival_id"),
        Index("ix_message_from_address_created_at", "from_address", "created_at"),
        Index("ix_message_raw_digest", "raw_digest", sqlite_where=HAS_RAW, postgresql_where=HAS_RAW),
    )

    id: Mapped[RowId]
    thread_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("thread.id"), default=None)
    parent_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("message.id", ondelete="SET NULL"), default=None)
    arrival_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("arrival.id", ondelete="SET NULL"), default=None)
    kind: Mapped[MessageKind] = mapped_column(EnumText(MessageKind))
    internal: Mapped[bool] = mapped_column(default=False)
    """Visible to internal contacts only; replies to it stay so."""
    starts_thread: Mapped[bool] = mapped_column(default=False)
    """Replies to it start a new thread (mass mailings); they still count as replies."""
    composer: Mapped[str] = mapped_column(String(64), default="")
    """What writes each recipient's mail when it is sent (`api.composing`); '' when the stored mail is what goes out."""
    outgoing: Mapped[bool] = mapped_column(default=False)
    created_record: Mapped[bool] = mapped_column(default=False)
    """The mail from which the thread's record was made."""
    author_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("contact.id", ondelete="SET NULL"), default=None)
    from_text: Mapped[str] = mapped_column(Text, default="")
    from_address: Mapped[str] = mapped_column(String(320), default="")
    subject: Mapped[str] = mapped_column(Text, default="")
    text: Mapped[str] = mapped_column(Text, default="")
    """The visible part: for mail, without quoted text and signature. The whole stands in the blob."""
    message_id: Mapped[str] = mapped_column(Text, default="")
    date: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    created_at: Mapped[Moment]
    raw_digest: Mapped[str | None] = mapped_column(String(64), ForeignKey("blob.digest"), default=None)
    idempotency_key: Mapped[str | None] = mapped_column(String(128), unique=True, default=None)
    note: Mapped[str] = mapped_column(Text, default="")
    """What happened to it since, in words: read receipts, return dates of the absent."""


class IdentifierOrigin(StrEnum):
    OWN = "own"
    """A Message-ID that we made."""
    PROVIDER = "provider"
    """What a provider rewrote ours to (SES, Outlook)."""
    OUTSIDE = "outside"
    """A Message-ID of mail that came in."""


class MessageIdentifier(Base):
    """Ids by which later mail may refer to a message. Not unique: careless senders reuse ids."""

    __tablename__ = "message_identifier"

    id: Mapped[RowId]
    value: Mapped[str] = mapped_column(String(LONGEST_IDENTIFIER), index=True)
    message_id: Mapped[int] = mapped_column(BigId, ForeignKey("message.id", ondelete="CASCADE"), index=True)
    origin: Mapped[IdentifierOrigin] = mapped_column(EnumText(IdentifierOrigin))


def identifier_key(value: str) -> str:
    """The id as it is stored and looked up: without white space, and longer ones (allowed up to 998 octets) as a digest."""
    cleaned = "".join(value.split())
    if len(cleaned) <= LONGEST_IDENTIFIER:
        return cleaned
    return "sha256:" + hashlib.sha256(cleaned.encode("utf-8", "surrogatepass")).hexdigest()


class RecipientRole(StrEnum):
    TO = "to"
    CC = "cc"
    BCC = "bcc"
    FOLLOWER = "follower"


class MessageRecipient(Base):
    """Who was written to: those of a mail that came in and those we told. `contact_id` is None for an unknown address."""

    __tablename__ = "message_recipient"
    __table_args__ = (Index("ix_message_recipient_key", "key"),)

    message_id: Mapped[int] = mapped_column(BigId, ForeignKey("message.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(320), primary_key=True)
    contact_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("contact.id", ondelete="SET NULL"), default=None)
    role: Mapped[RecipientRole] = mapped_column(EnumText(RecipientRole))


class InboxItem(Base):
    """A message waiting in a contact's inbox (contacts that are told there instead of by mail)."""

    __tablename__ = "inbox_item"

    contact_id: Mapped[int] = mapped_column(BigId, ForeignKey("contact.id", ondelete="CASCADE"), primary_key=True)
    message_id: Mapped[int] = mapped_column(BigId, ForeignKey("message.id", ondelete="CASCADE"), primary_key=True)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
