"""Results of a pass on their way into the tables: those of the server, and those of deliveries that may not or cannot be sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.drafts import Purpose
from mailloom.errors import TemporaryFailure
from mailloom.flow.outbound_hooks import OutboundHooks
from mailloom.flow.retry import Rules
from mailloom.store.claim import Claimed
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.store.recording import Result, record


def record_results(
    session: Session, results: Sequence[Result], account_id: int, observers: OutboundHooks | None, now: datetime
) -> list[Result]:
    """Write results and tell the observers (None: there are none) of what is settled; returns those that were written."""
    if not results:
        return []
    written = record(session, results, account_id=account_id, now=now)
    if observers is not None:
        settled = [result.id for result in written if result.due is None]
        chosen = select(Delivery).where(Delivery.id.in_(settled)).order_by(Delivery.id)
        for delivery in session.scalars(chosen.execution_options(populate_existing=True)).all():
            observers.delivery_recorded(delivery, session)
    return written


def refusals(
    session: Session, claimed: Sequence[Claimed], hooks: OutboundHooks, rules: Rules, now: datetime
) -> list[Result]:
    """Ask again whether the addresses may be written to: much may have happened since they were queued."""
    alike: dict[tuple[str, str], list[Claimed]] = {}
    for entry in claimed:
        alike.setdefault((entry.purpose, entry.topic), []).append(entry)
    later = now + timedelta(minutes=rules.retry_minutes)
    return [result for entries in alike.values() for result in _refusals(session, entries, hooks, later)]


def _refusals(session: Session, entries: Sequence[Claimed], hooks: OutboundHooks, later: datetime) -> list[Result]:
    """Of deliveries with one purpose and topic, asked about at once."""
    keys = list(dict.fromkeys(entry.key for entry in entries))
    try:
        denied = hooks.deny_recipients(keys, Purpose(entries[0].purpose), entries[0].topic, session)
    except TemporaryFailure as error:
        return [_untried(entry, DeliveryState.DEFERRED, str(error), later) for entry in entries]
    return [
        _untried(entry, DeliveryState.REJECTED, denied[entry.key].reason) for entry in entries if entry.key in denied
    ]


def _untried(entry: Claimed, state: DeliveryState, why: str, due: datetime | None = None) -> Result:
    return Result(
        id=entry.id,
        attempt=entry.attempt,
        message_id=entry.message_id,
        state=state,
        attempts=entry.attempts,
        due=due,
        explanation=why,
        tried=False,
    )


def without_bytes(entry: Claimed) -> Result:
    return _untried(entry, DeliveryState.FAILED, "The message's bytes are not stored any more.")
