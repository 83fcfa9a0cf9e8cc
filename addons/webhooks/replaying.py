"""Telling again, telling on trial, and passing over. The caller commits, except where said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, CursorResult, Update, select, update
from sqlalchemy.orm import Session

from mailloom.api import Office, office_of

from .endpoints import find_endpoint
from .models import DeliveryState, Endpoint, EventKind, WebhookDelivery
from .recording import Happened, record
from .requests import Ask, Said, ask
from .sending import tell
from .settings import WebhookSettings


def replay(session: Session, endpoint: Endpoint, ids: Sequence[int] = ()) -> int:
    """Tell again: these deliveries whatever became of them, or without ids all that are parked. Returns how many."""
    office = office_of(session)
    settings, now = office.settings("webhooks"), office.now()
    assert isinstance(settings, WebhookSettings)
    chosen = _chosen(endpoint, ids) if ids else _chosen(endpoint, (), DeliveryState.PARKED)
    endpoint.rests_until, endpoint.failures = None, 0
    return _changed(
        session,
        update(WebhookDelivery)
        .where(*chosen)
        .values(
            state=DeliveryState.WAITING,
            due=now,
            attempts=0,
            settled_at=None,
            give_up_at=now + timedelta(days=settings.give_up_days),
        ),
    )


def skip(session: Session, endpoint: Endpoint, ids: Sequence[int]) -> int:
    """Never tell these; what waits for them goes on. Returns how many."""
    open_states = WebhookDelivery.state.in_([DeliveryState.WAITING, DeliveryState.PARKED])
    statement = update(WebhookDelivery).where(*_chosen(endpoint, ids), open_states)
    return _changed(session, statement.values(state=DeliveryState.SKIPPED, settled_at=office_of(session).now()))


def try_endpoint(office: Office, name: str, asking: Ask = ask) -> Said:
    """Send a test event now and say what was answered; commits. One that is not taken is not tried again."""
    with office.write() as session:
        endpoint = find_endpoint(session, name)
        words = {"words": "This is a test. Nothing has happened."}
        [event_id] = record(session, [Happened(kind=EventKind.TEST, payload=words, only=[endpoint.id])])
        [delivery_id] = session.scalars(select(WebhookDelivery.id).where(WebhookDelivery.event_id == event_id))
    said = tell(office, delivery_id, asking)
    if not said.taken:
        with office.write() as session:
            skip(session, find_endpoint(session, name), [delivery_id])
    return said


def _chosen(endpoint: Endpoint, ids: Sequence[int], state: DeliveryState | None = None) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [WebhookDelivery.endpoint_id == endpoint.id]
    if ids:
        wanted.append(WebhookDelivery.id.in_(ids))
    if state is not None:
        wanted.append(WebhookDelivery.state == state)
    return wanted


def _changed(session: Session, statement: Update) -> int:
    result = session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(result, CursorResult)
    return result.rowcount
