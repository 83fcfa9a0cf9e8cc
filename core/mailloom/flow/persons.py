"""What the core itself keeps about a person, known by one address: handing it out (GDPR, Article 15) and forgetting it (Article 17).

Forgetting leaves the records of what was done and takes out who it was done to. The content of mails that the person wrote, or that went to nobody
else, goes; a mail that others got too keeps its content, because it is theirs as well, without the address where our own texts name it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, CursorResult, Select, delete, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from mailloom.errors import Refused, TemporaryFailure
from mailloom.store.arrivals import Arrival, Outcome
from mailloom.store.contacts import Contact, ContactAddress
from mailloom.store.domains import AnswerSent
from mailloom.store.messages import Message, MessageRecipient
from mailloom.store.outbox import Delivery, DeliveryAttempt, DeliveryState
from mailloom.store.retention import remove_unused

ERASED = "(erased)"
_Records = list[Mapping[str, Any]]
_HELD = (DeliveryState.LEASED, DeliveryState.SENDING)
_WAITING = (DeliveryState.QUEUED, DeliveryState.DEFERRED)


def export_core(session: Session, key: str) -> dict[str, _Records]:
    """Records of plain values by what they are, oldest first."""
    return {
        "contacts": [_contact(contact) for contact in session.scalars(_contacts(key))],
        "mails from the person": _rows(
            session,
            select(Message.id, Message.date, Message.subject, Message.text).where(Message.from_address == key),
        ),
        "mails to the person": _rows(
            session,
            select(Delivery.id, Delivery.created_at, Delivery.purpose, Delivery.topic, Delivery.state, Message.subject)
            .join(Message)
            .where(Delivery.key == key),
        ),
        "arrivals": _rows(
            session,
            select(Arrival.id, Arrival.received_at, Arrival.subject, Arrival.outcome).where(
                Arrival.from_address == key
            ),
        ),
    }


def erase_core(session: Session, key: str, now: datetime) -> dict[str, int]:
    """Counts by what was erased. The caller commits.

    Refused for one of us; TemporaryFailure while a mail to the person is being handed over.
    """
    _check(session, key)
    # Of no use to find the address again, and unique within a message.
    nobody = f"erased-{uuid4().hex}@erased.invalid"
    unused: set[str] = set()
    counts = {
        "mails with content": _empty_mails(session, key, unused),
        "deliveries": _erase_deliveries(session, key, nobody, now, unused),
        "arrivals": _erase_arrivals(session, key, now, unused),
        "contacts": _erase_contacts(session, key),
    }
    _changed(session, update(MessageRecipient).where(MessageRecipient.key == key).values(key=nobody, contact_id=None))
    _changed(session, delete(AnswerSent).where(AnswerSent.sender == key))
    counts["texts that named them"] = _strike_out(session, key)
    session.expire_all()
    remove_unused(session, unused)
    return counts


def _check(session: Session, key: str) -> None:
    if any(contact.internal for contact in session.scalars(_contacts(key))):
        raise Refused(
            f"{key} belongs to a member of the organisation.", remedy="Archive it: mailloom contacts archive ADDRESS"
        )
    held = select(Delivery.id).where(Delivery.key == key, Delivery.state.in_(_HELD)).limit(1)
    if session.scalar(held) is not None:
        raise TemporaryFailure(
            f"A mail to {key} is just being sent.", remedy="Try again in a few minutes.", retry_after=300
        )


def _empty_mails(session: Session, key: str, unused: set[str]) -> int:
    """Those the person wrote, and those that nobody else got."""
    theirs, others = aliased(MessageRecipient), aliased(MessageRecipient)
    to_them = exists().where(theirs.message_id == Message.id, theirs.key == key)
    to_others = exists().where(others.message_id == Message.id, others.key != key)
    chosen = or_(Message.from_address == key, to_them & ~to_others)
    found = session.execute(select(Message.id, Message.raw_digest).where(chosen)).all()
    unused.update(row.raw_digest for row in found if row.raw_digest)
    values = {"subject": ERASED, "text": ERASED, "raw_digest": None, "note": ""}
    ids = [row.id for row in found]
    for part in _parts(ids):
        _changed(session, update(Message).where(Message.id.in_(part)).values(values))
    _changed(
        session,
        update(Message)
        .where(Message.from_address == key)
        .values(from_text="", from_address="", author_id=None, message_id=""),
    )
    return len(ids)


def _strike_out(session: Session, key: str) -> int:
    """Take the address out of what others' messages say, such as a note on a mail that came back. Reads every message once."""
    named = or_(Message.text.icontains(key, autoescape=True), Message.note.icontains(key, autoescape=True))
    address = re.compile(re.escape(key), re.IGNORECASE)
    found = session.execute(select(Message.id, Message.text, Message.note).where(named)).all()
    for row in found:
        values = {"text": address.sub(ERASED, row.text), "note": address.sub(ERASED, row.note)}
        _changed(session, update(Message).where(Message.id == row.id).values(values))
    return len(found)


def _erase_deliveries(session: Session, key: str, nobody: str, now: datetime, unused: set[str]) -> int:
    mine: ColumnElement[bool] = Delivery.key == key
    own = select(Delivery.raw_digest).where(mine, Delivery.raw_digest.is_not(None))
    unused.update(digest for digest in session.scalars(own) if digest)
    waiting = update(Delivery).where(mine, Delivery.state.in_(_WAITING))
    _changed(session, waiting.values(state=DeliveryState.CANCELLED, settled_at=now))
    attempts = update(DeliveryAttempt).where(DeliveryAttempt.delivery_id.in_(select(Delivery.id).where(mine)))
    _changed(session, attempts.values(reply=""))
    return _changed(
        session,
        update(Delivery)
        .where(mine)
        .values(address=nobody, key=nobody, contact_id=None, head=None, raw_digest=None, reply="", explanation=ERASED),
    )


def _erase_arrivals(session: Session, key: str, now: datetime, unused: set[str]) -> int:
    mine: ColumnElement[bool] = Arrival.from_address == key
    found = select(Arrival.raw_digest).where(mine, Arrival.raw_digest.is_not(None))
    unused.update(digest for digest in session.scalars(found) if digest)
    parked = update(Arrival).where(mine, Arrival.outcome == Outcome.PARKED)
    _changed(session, parked.values(outcome=Outcome.DISCARDED, settled_at=now))
    values: dict[str, Any] = {
        "raw_digest": None,
        "envelope_from": None,
        "from_address": "",
        "message_id": "",
        "subject": ERASED,
        "reason": ERASED,
        "steps": [],
        "routes": [],
        "answer": None,
    }
    return _changed(session, update(Arrival).where(mine).values(values))


def _erase_contacts(session: Session, key: str) -> int:
    """The address goes; the contact too, unless it has others."""
    found = session.scalars(_contacts(key)).all()
    for contact in found:
        contact.addresses = [address for address in contact.addresses if address.key != key]
        if not contact.addresses:
            session.delete(contact)
    session.flush()
    return len(found)


def _contacts(key: str) -> Select[Contact]:
    having = select(ContactAddress.contact_id).where(ContactAddress.key == key)
    return select(Contact).where(Contact.id.in_(having)).order_by(Contact.id)


def _contact(contact: Contact) -> Mapping[str, Any]:
    return {
        "id": contact.id,
        "name": contact.name,
        "addresses": [address.address for address in contact.addresses],
        "created_at": contact.created_at,
    }


def _rows(session: Session, statement: Select[*tuple[Any, ...]]) -> _Records:
    first = statement.column_descriptions[0]["expr"]
    return [dict(row._mapping) for row in session.execute(statement.order_by(first))]


def _parts(ids: Sequence[int], size: int = 500) -> Sequence[Sequence[int]]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def _changed(session: Session, statement: Any) -> int:
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return result.rowcount if isinstance(result, CursorResult) else 0
