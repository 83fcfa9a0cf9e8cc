"""Results of a pass on their way into the tables: those of the server, and those of deliveries that may not or cannot be sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.drafts import Purpose
from mailloom.api.recorded import Settled
from mailloom.errors import TemporaryFailure
from mailloom.flow.outbound_hooks import OutboundHooks, implemented
from mailloom.flow.retry import Rules
from mailloom.store.claim import Claimed
from mailloom.store.hourly import Counted, count
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.store.recording import Result, record

_COUNTED = {
    DeliveryState.SENT: Counted.SENT,
    DeliveryState.BOUNCED: Counted.REFUSED,
    DeliveryState.REJECTED: Counted.REFUSED,
    DeliveryState.FAILED: Counted.REFUSED,
}


def record_results(
    session: Session, results: Sequence[Result], account_id: int, observers: OutboundHooks | None, now: datetime
) -> list[Result]:
    """Write results and tell the observers (None: there are none) of what is settled; returns those that were written."""
    if not results:
        return []
    written = record(session, results, account_id=account_id, now=now)
    if observers is not None:
        _tell(session, [result for result in written if result.due is None], observers)
    return written


def count_results(session: Session, written: Sequence[Result], now: datetime) -> None:
    """For the numbers of each hour. The last statement of its transaction: a row that all workers count in is then locked for a moment only."""
    ended = Counter(result.state for result in written if result.due is None)
    count(session, now, {what: sum(ended[state] for state in _COUNTED if _COUNTED[state] is what) for what in Counted})


def _tell(session: Session, settled: Sequence[Result], observers: OutboundHooks) -> None:
    """Rows are read only for those who want one delivery after the other."""
    if settled and implemented(observers, "delivery_recorded"):
        chosen = select(Delivery).where(Delivery.id.in_([result.id for result in settled])).order_by(Delivery.id)
        for delivery in session.scalars(chosen.execution_options(populate_existing=True)).all():
            observers.delivery_recorded(delivery, session)
    if settled:
        observers.deliveries_recorded([_as_settled(result) for result in settled], session)


def _as_settled(result: Result) -> Settled:
    return Settled(
        delivery_id=result.id,
        message_id=result.message_id,
        state=result.state,
        status=result.status,
        reply=result.reply,
    )


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
        return [untried(entry, DeliveryState.DEFERRED, str(error), later) for entry in entries]
    return [
        untried(entry, DeliveryState.REJECTED, denied[entry.key].reason) for entry in entries if entry.key in denied
    ]


def untried(entry: Claimed, state: DeliveryState, why: str, due: datetime | None = None) -> Result:
    """The result of a delivery of which no byte was sent. `due` None: it is settled."""
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
    return untried(entry, DeliveryState.FAILED, "The message's bytes are not stored any more.")
