"""Lists, members, their subscriptions, and the log of how each came about.

(sign-up) ──► PENDING ──► SUBSCRIBED ──► UNSUBSCRIBED
                 ▲  confirms  ▲   says no      │
                 │            └─ import, admin │ (only who never said no)
                 └─────────────────────────────┘  asks again

A member is a person in marketing, known by the normalised address `key`; a core contact may stand behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mailloom.store.base import Base, BigId, Moment, RowId
from mailloom.store.types import EnumText, UtcDateTime

PlainValue = str | int | float | bool | None
Attributes = Mapping[str, PlainValue]
Evidence = Mapping[str, str]


_TOPIC = "list:"


class State(StrEnum):
    """Of a subscription. Only SUBSCRIBED is ever written to."""

    PENDING = "pending"
    """Asked for, not confirmed by the link that was sent."""
    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"


class Consent(StrEnum):
    """How somebody agreed, or who says so."""

    FORM = "form"
    """The public page; counts only once it is confirmed."""
    IMPORT = "import"
    ADMIN = "admin"
    API = "API"


class AudienceList(Base):
    """Something to subscribe to. Its opt-out topic is `list:<id>`."""

    __tablename__ = "audience_list"

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(String(64), unique=True)
    """For commands and addresses of pages: lower-case letters, digits, `-`."""
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="")
    public: Mapped[bool] = mapped_column(default=False)
    """Anybody may sign up on its page, and it is offered on the preference page."""
    double_opt_in: Mapped[bool] = mapped_column(default=True)
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    created_at: Mapped[Moment]

    @property
    def topic(self) -> str:
        return topic_of(self.id)


def topic_of(list_id: int) -> str:
    """The opt-out topic of a list."""
    return f"{_TOPIC}{list_id}"


def list_of(topic: str) -> int | None:
    """The list that an opt-out topic is about; None when it is about none."""
    number = topic.removeprefix(_TOPIC)
    return int(number) if topic.startswith(_TOPIC) and number.isdecimal() and len(number) < 16 else None


class Member(Base):
    """A person in marketing."""

    __tablename__ = "audience_member"

    id: Mapped[RowId]
    address: Mapped[str] = mapped_column(String(320))
    """As it was entered; mail goes there."""
    key: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(255), default="")
    attributes: Mapped[dict[str, PlainValue]] = mapped_column(JSON, default=dict)
    language: Mapped[str] = mapped_column(String(35), default="")
    """A BCP 47 tag; '' when unknown."""
    time_zone: Mapped[str] = mapped_column(String(64), default="")
    """A name of the IANA database; '' when unknown."""
    contact_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("contact.id", ondelete="SET NULL"), index=True, default=None
    )
    source: Mapped[Consent] = mapped_column(EnumText(Consent))
    created_at: Mapped[Moment]


class Subscription(Base):
    """What one member said about one list, last. How it came to this stands in `Change`."""

    __tablename__ = "audience_subscription"
    __table_args__ = (
        Index("ix_audience_subscription_member_id", "member_id"),
        Index("ix_audience_subscription_state", "list_id", "state", "member_id"),
    )

    list_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("audience_list.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    member_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("audience_member.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    state: Mapped[State] = mapped_column(EnumText(State))
    since: Mapped[Moment]
    """Of this state."""
    consent: Mapped[Consent] = mapped_column(EnumText(Consent))
    evidence: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    """What proves the consent: page, IP address, file and row, or what an administrator wrote."""
    reason: Mapped[str] = mapped_column(Text, default="")
    """Why somebody left; '' when nothing was said."""
    left_before: Mapped[bool] = mapped_column(default=False)
    """Said no, and has not confirmed otherwise since; a request by whoever does not end that."""
    left_all: Mapped[bool] = mapped_column(default=False)
    """Left by a no to all marketing: taken back together with that."""
    asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    """When a confirmation was first asked for, which the links name; None: the state came about without one."""
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    """When the link was used."""


class Event(StrEnum):
    """What happened to a subscription."""

    ASKED = "asked"
    """A confirmation mail was queued."""
    REMINDED = "reminded"
    """Asked for a list that he is on already, and was told so by mail."""
    CONFIRMED = "confirmed"
    SUBSCRIBED = "subscribed"
    """Without a link: by an administrator, an import, a program."""
    UNSUBSCRIBED = "unsubscribed"
    RETURNED = "returned"
    """Took a no back by a signed link of his own."""
    EXPIRED = "expired"
    """Never confirmed, so the request was dropped."""


class Change(Base):
    """One line of a member's history. Never changed; it goes with the member."""

    __tablename__ = "audience_change"
    __table_args__ = (Index("ix_audience_change_member_id_at", "member_id", "at"),)

    id: Mapped[RowId]
    member_id: Mapped[int] = mapped_column(BigId, ForeignKey("audience_member.id", ondelete="CASCADE"))
    list_id: Mapped[int] = mapped_column(BigId, ForeignKey("audience_list.id", ondelete="CASCADE"))
    at: Mapped[Moment]
    event: Mapped[Event] = mapped_column(EnumText(Event))
    source: Mapped[str] = mapped_column(String(32))
    """By what way: a value of `Consent`, or the source that an opt-out names."""
    evidence: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    reason: Mapped[str] = mapped_column(Text, default="")


class Verdict(StrEnum):
    """What a row of an import means."""

    NEW = "new"
    """Becomes subscribed to the list."""
    UPDATED = "updated"
    """Is on the list; name or attributes change."""
    UNCHANGED = "unchanged"
    INVALID = "invalid"
    DUPLICATE = "duplicate"
    """The address stood in an earlier row of the file."""
    OPTED_OUT = "opted out"
    SUPPRESSED = "suppressed"
    ERASED = "erased"


class ImportState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Import(Base):
    """One run over a file. The rows before `next_row` are done, whatever happened to the process."""

    __tablename__ = "audience_import"

    id: Mapped[RowId]
    list_id: Mapped[int] = mapped_column(BigId, ForeignKey("audience_list.id", ondelete="CASCADE"), index=True)
    file_name: Mapped[str] = mapped_column(String(255))
    file_digest: Mapped[str] = mapped_column(String(64))
    by: Mapped[str] = mapped_column(String(64))
    columns: Mapped[dict[str, str]] = mapped_column(JSON)
    """Field to column of the file."""
    state: Mapped[ImportState] = mapped_column(EnumText(ImportState), default=ImportState.RUNNING)
    reason: Mapped[str] = mapped_column(Text, default="")
    next_row: Mapped[int] = mapped_column(default=1)
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    """Rows by verdict."""
    started_at: Mapped[Moment]
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)


class ImportRow(Base):
    """What became of one row. `address` is normalised, as it stood there if it is none, and '' once the person was erased."""

    __tablename__ = "audience_import_row"

    import_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("audience_import.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    row: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """As people count: the first row after the header is 1."""
    address: Mapped[str] = mapped_column(String(320))
    verdict: Mapped[Verdict] = mapped_column(EnumText(Verdict))
    reason: Mapped[str] = mapped_column(String(500), default="")
