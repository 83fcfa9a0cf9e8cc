"""What drafts become on their way into the tables: judged recipients, written messages, rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from mailloom.api.drafts import Draft, Purpose, Queued, Recipient
from mailloom.flow.choose import Choice
from mailloom.mail.address import Address, normalise
from mailloom.mail.compose import HeaderBlock
from mailloom.store.messages import Message
from mailloom.store.queueing import Row, add_deliveries, add_identifiers, add_messages, add_recipients, keep_blobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A recipient and what may be done with him. `denial` '' means: write to him."""

    recipient: Recipient
    key: str
    denial: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A draft that is ready to be stored."""

    draft: Draft
    judged: Sequence[Judged]
    invalid: Sequence[tuple[str, str]]
    sender: Address
    message_id: str
    shared: HeaderBlock
    raw: bytes
    digest: str
    choice: Choice
    existing: Message | None


@dataclass(slots=True)
class Rows:
    """What one call inserts, table by table."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    messages: list[Row] = field(default_factory=list)
    identifiers: list[Row] = field(default_factory=list)
    recipients: list[Row] = field(default_factory=list)
    deliveries: list[Row] = field(default_factory=list)

    def insert_messages(self, session: Session, now: datetime) -> None:
        with session.no_autoflush:  # an existing message points at its blob already
            keep_blobs(session, self.blobs, now)
        session.flush()
        add_messages(session, self.messages)
        add_identifiers(session, self.identifiers)

    def insert_deliveries(self, session: Session) -> None:
        add_recipients(session, self.recipients)
        add_deliveries(session, self.deliveries)


def message_row(entry: Written, number: int, now: datetime) -> Row:
    draft = entry.draft
    return {
        "id": number,
        "thread_id": draft.thread_id,
        "kind": draft.kind,
        "internal": False,
        "starts_thread": draft.purpose is Purpose.MARKETING,
        "composer": draft.composer,
        "outgoing": True,
        "from_text": str(entry.sender),
        "from_address": normalise(entry.sender.address),
        "subject": draft.subject,
        "text": draft.text,
        "message_id": entry.message_id,
        "date": now,
        "created_at": now,
        "raw_digest": entry.digest,
        "idempotency_key": draft.idempotency_key or None,
        "note": "",
    }


def recipient_row(message: int, judged: Judged) -> Row:
    recipient = judged.recipient
    return {
        "message_id": message,
        "key": judged.key,
        "contact_id": recipient.contact_id,
        "role": recipient.role,
    }


def answer(entry: Written, number: int, numbered: Sequence[tuple[int, Judged]]) -> Queued:
    denied = [(judged.recipient.address.address, judged.denial) for _, judged in numbered if judged.denial]
    return Queued(
        message_id=number,
        deliveries=[delivery_id for delivery_id, judged in numbered if not judged.denial],
        refused=[*entry.invalid, *denied],
    )
