"""The events in the order in which they were committed, to be read from any place on, and for how long they are kept.

Ids are given before the commit, so that a reader who has seen 7 could miss 6. Places are given afterwards, under a lock: whoever has read up to a
place has seen all before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mailloom.api import Office
from mailloom.store.system import Counter

from .models import DeliveryState, Event, WebhookDelivery
from .settings import WebhookSettings

_COUNTER = "webhooks:position"
_AT_ONCE = 5_000


def number_events(office: Office) -> None:
    """Give places to the events that were committed since."""
    with office.read() as session:
        if not session.scalar(select(exists().where(Event.position.is_(None)))):
            return
    with office.write() as session:
        counter = _locked_counter(session)
        ids = session.scalars(select(Event.id).where(Event.position.is_(None)).order_by(Event.id).limit(_AT_ONCE)).all()
        rows = [{"id": number, "position": counter.value + offset} for offset, number in enumerate(ids, 1)]
        if rows:
            session.execute(update(Event), rows)
        counter.value += len(rows)


def _locked_counter(session: Session) -> Counter:
    build = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.execute(build(Counter).values(name=_COUNTER, value=0).on_conflict_do_nothing())
    return session.get_one(Counter, _COUNTER, with_for_update=True)


def events_after(session: Session, position: int, limit: int) -> Sequence[Event]:
    chosen = select(Event).where(Event.position > position).order_by(Event.position).limit(limit)
    return session.scalars(chosen).all()


def last_position(session: Session) -> int:
    """0 before the first event."""
    return session.scalar(select(func.max(Event.position))) or 0


def forget_old(office: Office) -> None:
    """Events older than the settings keep them, unless an endpoint still waits for one."""
    settings = office.settings("webhooks")
    assert isinstance(settings, WebhookSettings)
    open_states = [DeliveryState.WAITING, DeliveryState.PARKED]
    still_open = exists().where(WebhookDelivery.event_id == Event.id, WebhookDelivery.state.in_(open_states))
    old = Event.at < office.now() - timedelta(days=settings.keep_days)
    with office.read() as session:
        ids = session.scalars(select(Event.id).where(old, ~still_open).order_by(Event.id).limit(_AT_ONCE)).all()
    for start in range(0, len(ids), 500):
        with office.write() as session:
            session.execute(delete(Event).where(Event.id.in_(ids[start : start + 500])))
