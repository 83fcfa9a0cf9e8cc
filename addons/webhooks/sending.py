"""The job that tells: one thread for each endpoint, one event after the other, in order within each conversation.

At least once: an event whose answer was lost is told again, with the same webhook-id. A receiver that does not answer, or says 429 or 5xx, rests
with all that waits for it; one that refuses a single event (4xx) gets the others of other conversations meanwhile. 410 ends it.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session, aliased

from mailloom.api import Office
from mailloom.errors import MailloomError

from .answers import take_answer
from .feed import forget_old, number_events
from .models import DeliveryState, Endpoint, WebhookAttempt, WebhookDelivery
from .requests import Ask, Said, ask, request_for

_log = structlog.get_logger(__name__)
_ENDPOINTS_AT_ONCE = 8
_MOST_A_PASS = 500
_PASS_SECONDS = 40.0
_WAITS = (10, 30, 120, 600, 1800, 3600, 7200, 14400, 28800)
_LONGEST_REST = timedelta(minutes=10)
_LONGEST_WISH = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What one pass did with one endpoint."""

    delivered: int = 0
    failed: int = 0


def tell_all(office: Office, asking: Ask = ask) -> str:
    """What is due, told; a sentence on it."""
    number_events(office)
    with office.read() as session:
        due = _due_endpoints(session, office.now())
    if due:
        with ThreadPoolExecutor(min(_ENDPOINTS_AT_ONCE, len(due)), "webhooks") as pool:
            passes = list(pool.map(lambda endpoint_id: _tell_one(office, endpoint_id, asking), due))
    else:
        passes = []
    forget_old(office)
    delivered, failed = sum(one.delivered for one in passes), sum(one.failed for one in passes)
    return f"{delivered} told, {failed} failed" if delivered or failed else ""


def _due_endpoints(session: Session, now: datetime) -> list[int]:
    waits = exists().where(
        WebhookDelivery.endpoint_id == Endpoint.id,
        WebhookDelivery.state == DeliveryState.WAITING,
        WebhookDelivery.due <= now,
    )
    awake = or_(Endpoint.rests_until.is_(None), Endpoint.rests_until <= now)
    return list(session.scalars(select(Endpoint.id).where(Endpoint.paused.is_(False), awake, waits)))


def _tell_one(office: Office, endpoint_id: int, asking: Ask) -> Pass:
    ends, delivered, failed = time.monotonic() + _PASS_SECONDS, 0, 0
    while delivered + failed < _MOST_A_PASS and time.monotonic() < ends:
        with office.read() as session:
            delivery_id = _next(session, endpoint_id, office.now())
        if delivery_id is None:
            break
        # One endpoint whose secret cannot be read, for instance, must not keep the others from being told.
        try:
            said = tell(office, delivery_id, asking)
        except MailloomError as error:
            _stop(office, endpoint_id, error)
            break
        delivered, failed = delivered + said.taken, failed + (not said.taken)
        if said.of_the_endpoint:
            break
    return Pass(delivered=delivered, failed=failed)


def _stop(office: Office, endpoint_id: int, error: MailloomError) -> None:
    with office.write() as session:
        endpoint = session.get_one(Endpoint, endpoint_id)
        endpoint.paused, endpoint.paused_reason = True, str(error)
        office.raise_alarm(session, f"webhooks:{endpoint.name}", f"{endpoint.name} is paused: {error}", error.remedy)


def _next(session: Session, endpoint_id: int, now: datetime) -> int | None:
    """The first that is due and whose predecessors of the same conversation are done with."""
    before = aliased(WebhookDelivery)
    held_back = exists().where(
        before.endpoint_id == endpoint_id,
        before.thread_id == WebhookDelivery.thread_id,
        before.id < WebhookDelivery.id,
        before.state.in_([DeliveryState.WAITING, DeliveryState.PARKED]),
    )
    chosen = select(WebhookDelivery.id).where(
        WebhookDelivery.endpoint_id == endpoint_id,
        WebhookDelivery.state == DeliveryState.WAITING,
        WebhookDelivery.due <= now,
        ~held_back,
    )
    return session.scalar(chosen.order_by(WebhookDelivery.id).limit(1))


def tell(office: Office, delivery_id: int, asking: Ask = ask) -> Said:
    """One request, and what follows from its answer. No transaction is open while the receiver thinks."""
    with office.read() as session:
        delivery = session.get_one(WebhookDelivery, delivery_id)
        request = request_for(session, delivery, session.get_one(Endpoint, delivery.endpoint_id))
    started = time.monotonic()
    said = asking(office, request)
    milliseconds = int((time.monotonic() - started) * 1000)
    with office.write() as session:
        _note(session, office, delivery_id, said, milliseconds)
    return said


def _note(session: Session, office: Office, delivery_id: int, said: Said, milliseconds: int) -> None:
    now = office.now()
    delivery = session.get(WebhookDelivery, delivery_id, with_for_update={"of": WebhookDelivery})
    if delivery is None:
        return
    endpoint = session.get_one(Endpoint, delivery.endpoint_id, with_for_update=True)
    session.add(
        WebhookAttempt(delivery_id=delivery_id, at=now, milliseconds=milliseconds, status=said.status, words=said.words)
    )
    delivery.attempts += 1
    if said.taken:
        delivery.state, delivery.settled_at = DeliveryState.DELIVERED, now
        endpoint.failures, endpoint.rests_until, endpoint.last_success_at, endpoint.last_error = 0, None, now, ""
        _take_answer(session, office, delivery, endpoint, said)
    else:
        _failed(session, office, delivery, endpoint, said, now)


def _take_answer(session: Session, office: Office, delivery: WebhookDelivery, endpoint: Endpoint, said: Said) -> None:
    try:
        with session.begin_nested():
            take_answer(session, delivery, endpoint, said.body)
    except MailloomError as error:
        office.raise_alarm(session, f"webhooks:{endpoint.name}", f"{endpoint.name} answered: {error}", error.remedy)


def _failed(
    session: Session, office: Office, delivery: WebhookDelivery, endpoint: Endpoint, said: Said, now: datetime
) -> None:
    endpoint.last_error = said.words
    endpoint.failures += 1
    subject = f"webhooks:{endpoint.name}"
    if said.gone:
        endpoint.paused, endpoint.paused_reason = True, "It answered 410 Gone."
        office.raise_alarm(
            session,
            subject,
            f"The webhook endpoint {endpoint.name} is gone.",
            f"mailloom webhooks resume {endpoint.name}",
        )
        return
    wait = timedelta(seconds=_WAITS[min(delivery.attempts, len(_WAITS)) - 1])
    if said.retry_after is not None:
        wait = max(wait, timedelta(seconds=min(said.retry_after, _LONGEST_WISH)))
    delivery.due = now + wait
    if said.of_the_endpoint:
        shortest = timedelta(seconds=min(said.retry_after or 0.0, _LONGEST_WISH))
        grown = timedelta(seconds=5) * 2 ** min(endpoint.failures, 10)
        endpoint.rests_until = now + max(min(grown, _LONGEST_REST), shortest)
    if delivery.due >= delivery.give_up_at:
        delivery.state, delivery.settled_at = DeliveryState.PARKED, now
        _log.warning("webhook event parked", endpoint=endpoint.name, delivery=delivery.id)
        office.raise_alarm(
            session,
            subject,
            f"{endpoint.name} did not take event {delivery.event_id}: {said.words}",
            f"When it is mended: mailloom webhooks replay {endpoint.name}",
        )
