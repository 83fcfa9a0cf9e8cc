"""What people do with the outbox: look, try again, cancel, change the priority.

Each change takes only deliveries in the states it is meant for, so that it never races a worker: what is being sent is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from mailloom.errors import ConfigurationError
from mailloom.flow.outbound_hooks import OutboundHooks, tell_settled
from mailloom.store.outbox import Delivery, DeliveryState

RETRIABLE = (DeliveryState.DEFERRED, DeliveryState.UNCERTAIN, DeliveryState.FAILED, DeliveryState.REJECTED)
CANCELLABLE = (DeliveryState.QUEUED, DeliveryState.DEFERRED, DeliveryState.UNCERTAIN)
_AT_A_TIME = 500
WAITING = (DeliveryState.QUEUED, DeliveryState.DEFERRED)


def retry(session: Session, ids: Sequence[int], now: datetime) -> list[int]:
    """Queue again at once, with all tries before them; returns the ids that were changed. The caller commits."""
    values = {"state": DeliveryState.QUEUED, "due": now, "attempts": 0, "attempt": None, "settled_at": None}
    return _change(session, ids, RETRIABLE, {**values, "lease_until": None})


def cancel(session: Session, ids: Sequence[int], hooks: OutboundHooks, now: datetime) -> list[int]:
    """Never send these; an uncertain one is settled by it. Returns the ids that were changed."""
    why = "Cancelled by hand."
    values = {"state": DeliveryState.CANCELLED, "settled_at": now, "attempt": None, "explanation": why}
    changed = _change(session, ids, CANCELLABLE, values)
    for number in changed:
        tell_settled(hooks, [session.get_one(Delivery, number, populate_existing=True)], session)
    return changed


def set_priority(session: Session, ids: Sequence[int], priority: int) -> list[int]:
    """1 (first) to 5 (last); it counts from the next claim on."""
    if not 1 <= priority <= 5:
        raise ConfigurationError(f"The priority of a mail is 1 (first) to 5 (last), not {priority}.")
    return _change(session, ids, WAITING, {"priority": priority})


def _change(
    session: Session, ids: Sequence[int], states: Sequence[DeliveryState], values: dict[str, object]
) -> list[int]:
    changed: list[int] = []
    for start in range(0, len(ids), _AT_A_TIME):
        chosen = Delivery.id.in_(ids[start : start + _AT_A_TIME])
        statement = update(Delivery).where(chosen, Delivery.state.in_(states)).values(values).returning(Delivery.id)
        changed += session.execute(statement, execution_options={"synchronize_session": False}).scalars()
    return sorted(changed)
