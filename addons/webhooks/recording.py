"""What happened becomes events, in the transaction in which it happened: one row for each, and one for each endpoint that wants to know.

Nothing is written about what nobody wants. What an event tells is fixed here, except for the record's id, which may still be on its way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from mailloom.api import Settled, office_of
from mailloom.mail.address import normalise
from mailloom.store.messages import Message, MessageKind
from mailloom.store.outbox import Delivery
from mailloom.store.outbox import DeliveryState as MailState
from mailloom.store.threads import Thread

from .endpoints import MODEL, all_endpoints
from .models import DeliveryState, Event, EventKind, WebhookDelivery
from .remote import remote_record
from .settings import WebhookSettings

LONGEST_TEXT = 100_000
_AT_ONCE = 500
_OF_STATE = {
    MailState.SENT: EventKind.SENT,
    MailState.BOUNCED: EventKind.BOUNCED,
    MailState.REJECTED: EventKind.REJECTED,
    MailState.FAILED: EventKind.FAILED,
    MailState.UNCERTAIN: EventKind.UNCERTAIN,
    MailState.CANCELLED: EventKind.CANCELLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """An event to be. `owner`: name of the endpoint whose record it is about, '' for none."""

    kind: EventKind
    payload: Mapping[str, Any]
    thread_id: int | None = None
    address: str = ""
    owner: str = ""
    only: Sequence[int] = field(default=())
    """Ids of the endpoints that are told, whatever they want; empty: those that want it."""


def record(session: Session, happened: Sequence[Happened]) -> list[int]:
    """Write the events that somebody wants, and their deliveries; returns the events' ids. The caller commits."""
    settings = office_of(session).settings("webhooks")
    assert isinstance(settings, WebhookSettings)
    told = [(each, _endpoints(session, each)) for each in happened]
    wanted = [(each, ids) for each, ids in told if ids or each.kind in settings.feed]
    if not wanted:
        return []
    now = office_of(session).now()
    rows = [
        {
            "at": now,
            "kind": each.kind,
            "thread_id": each.thread_id,
            "address": each.address,
            "payload": dict(each.payload),
        }
        for each, _ in wanted
    ]
    numbers = list(session.scalars(insert(Event).returning(Event.id, sort_by_parameter_order=True), rows))
    deliveries = [
        {
            "event_id": number,
            "endpoint_id": endpoint_id,
            "thread_id": each.thread_id,
            "state": DeliveryState.WAITING,
            "attempts": 0,
            "due": now,
            "give_up_at": now + timedelta(days=settings.give_up_days),
            "created_at": now,
        }
        for number, (each, ids) in zip(numbers, wanted, strict=True)
        for endpoint_id in ids
    ]
    if deliveries:
        session.execute(insert(WebhookDelivery), deliveries)
    return numbers


def _endpoints(session: Session, happened: Happened) -> list[int]:
    if happened.only:
        return list(happened.only)
    return [
        each.id
        for each in all_endpoints(session)
        if happened.kind.value in each.kinds or (happened.owner == each.name and each.takes_records)
    ]


def _wanted(session: Session, kinds: set[EventKind]) -> bool:
    """Whether anybody wants one of these, asked before anything is looked up for them."""
    settings = office_of(session).settings("webhooks")
    assert isinstance(settings, WebhookSettings)
    wanted = {*settings.feed, *(kind for each in all_endpoints(session) for kind in each.kinds)}
    return bool(kinds & {EventKind(kind) for kind in wanted})


def message_happened(session: Session, message: Message, thread: Thread | None) -> None:
    """A message on a thread; log lines are not told."""
    if thread is None or message.kind is MessageKind.LOG:
        return
    kind = EventKind.CREATED if message.created_record else EventKind.APPENDED
    own = thread.record_id.partition(":")[0] if thread.model == MODEL else ""
    payload: dict[str, Any] = {
        "thread": {"id": thread.id, "model": thread.model, "record": thread.record_id},
        "message": {
            "id": message.id,
            "kind": message.kind.value,
            "internal": message.internal,
            "outgoing": message.outgoing,
            "from": message.from_address,
            "from_name": message.from_text[:1000],
            "subject": message.subject,
            "text": message.text[:LONGEST_TEXT],
            "message_id": message.message_id,
            "raw": f"/api/v1/messages/{message.id}/raw" if message.raw_digest else None,
        },
    }
    if own and (made := remote_record(session, thread.record_id)) is not None:
        payload["record"] = {"title": made.title, "address": made.address, "defaults": dict(made.defaults)}
    record(
        session,
        [Happened(kind=kind, payload=payload, thread_id=thread.id, address=message.from_address, owner=own)],
    )


def deliveries_happened(session: Session, settled: Sequence[Settled]) -> None:
    told = [each for each in settled if each.state in _OF_STATE]
    if not told or not _wanted(session, {_OF_STATE[each.state] for each in told}):
        return
    for start in range(0, len(told), _AT_ONCE):
        batch = {each.delivery_id: each for each in told[start : start + _AT_ONCE]}
        chosen = (
            select(
                Delivery.id, Delivery.address, Delivery.key, Delivery.purpose, Delivery.topic, Message.id.label("of")
            )
            .add_columns(Message.subject, Message.thread_id)
            .join(Message, Message.id == Delivery.message_id)
            .where(Delivery.id.in_(batch))
            .order_by(Delivery.id)
        )
        record(session, [_delivery_event(row, batch[row.id]) for row in session.execute(chosen)])


def _delivery_event(row: Any, settled: Settled) -> Happened:
    payload = {
        "delivery": {
            "id": row.id,
            "address": row.address,
            "state": settled.state.value,
            "purpose": row.purpose,
            "topic": row.topic,
            "status": settled.status,
            "reply": settled.reply[:2000],
        },
        "message": {"id": row.of, "subject": row.subject, "thread": row.thread_id},
    }
    # Not told by thread: a delivery is settled when it is, and must not wait for what is written meanwhile.
    return Happened(kind=_OF_STATE[settled.state], payload=payload, address=row.key)


def complaint_happened(session: Session, delivery: Delivery, feedback_type: str) -> None:
    payload = {
        "delivery": {"id": delivery.id, "address": delivery.address, "topic": delivery.topic},
        "message": {"id": delivery.message_id},
        "feedback_type": feedback_type,
    }
    record(session, [Happened(kind=EventKind.COMPLAINED, payload=payload, address=delivery.key)])


def choice_happened(session: Session, address: str, topic: str, *, out: bool, source: str = "") -> None:
    """Somebody said no, or yes again, to a topic; '' is all marketing."""
    kind = EventKind.OPTED_OUT if out else EventKind.OPTED_IN
    payload = {"address": address, "topic": topic, **({"source": source} if out else {})}
    record(session, [Happened(kind=kind, payload=payload, address=normalise(address) or address[:320])])
