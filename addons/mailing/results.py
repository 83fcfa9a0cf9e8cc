"""What came back about the mails of a mailing, into the ledger and the sums: many at once, in the transaction that recorded them.

| the delivery | the recipient |
|---|---|
| sent | sent |
| bounced, rejected or failed, with an event of the addon bounce | hard, soft or policy, as that event says |
| rejected by us when it was claimed (suppressed, opted out since) | suppressed, opted out |
| failed without a server's words | failed |
| uncertain, cancelled by a person | the same |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mailloom.addons.bounce.models import BounceEvent, Effect
from mailloom.api import Settled, office_of
from mailloom.store.outbox import DeliveryState

from .among import among
from .breaker import break_circuit
from .counting import Tally
from .models import EXCLUDED, LedgerRow, Mailing, Standing
from .preparing import denials_of, standing_of

_CLOSED = frozenset({Standing.PENDING, *EXCLUDED})
"""A delivery says nothing any more about these."""
_EFFECTS = {Effect.HARD: Standing.HARD, Effect.SOFT: Standing.SOFT, Effect.POLICY: Standing.POLICY}
_UNDELIVERED = frozenset({DeliveryState.BOUNCED, DeliveryState.REJECTED, DeliveryState.FAILED})
_PLAIN = {
    DeliveryState.SENT: Standing.SENT,
    DeliveryState.CANCELLED: Standing.CANCELLED,
    DeliveryState.UNCERTAIN: Standing.UNCERTAIN,
    DeliveryState.BOUNCED: Standing.SOFT,
    DeliveryState.REJECTED: Standing.FAILED,
    DeliveryState.FAILED: Standing.FAILED,
}
_LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One ledger row and where it goes."""

    row: Any
    after: Standing
    reason: str


def note_settled(session: Session, settled: Sequence[Settled]) -> None:
    """Take over what became of deliveries; those that are of no mailing are passed over. The caller commits."""
    by_delivery = {each.delivery_id: each for each in settled}
    rows = _rows(session, list(by_delivery))
    if not rows:
        return
    now = office_of(session).now()
    undelivered = [row.delivery_id for row in rows if by_delivery[row.delivery_id].state in _UNDELIVERED]
    effects = _effects(session, undelivered) if undelivered else {}
    changes = [_change(session, row, by_delivery[row.delivery_id], effects) for row in rows]
    changes = [change for change in changes if change.after is not change.row.state]
    _write(session, changes, now)
    _count(session, changes, now)
    broken = {(c.row.mailing_id, c.row.domain) for c in changes if c.after in (Standing.HARD, Standing.POLICY)}
    for mailing_id, domain in sorted(broken):
        break_circuit(session, mailing_id, domain, now)


def _rows(session: Session, deliveries: Sequence[int]) -> list[Any]:
    columns = (
        LedgerRow.id,
        LedgerRow.mailing_id,
        LedgerRow.delivery_id,
        LedgerRow.key,
        LedgerRow.domain,
        LedgerRow.label,
        LedgerRow.state,
    )
    chosen = select(*columns).where(among(session, LedgerRow.delivery_id, deliveries)).order_by(LedgerRow.id)
    return [row for row in session.execute(chosen) if row.state not in _CLOSED]


def _effects(session: Session, deliveries: Sequence[int]) -> dict[int, Effect]:
    """The newest event of each that says why it was not delivered."""
    mine = among(session, BounceEvent.delivery_id, deliveries)
    chosen = select(BounceEvent.delivery_id, BounceEvent.effect).where(mine, BounceEvent.effect.in_(_EFFECTS))
    found = session.execute(chosen.order_by(BounceEvent.id))
    return {number: effect for number, effect in found if number is not None}


def _change(session: Session, row: Any, settled: Settled, effects: Mapping[int, Effect]) -> Change:
    reason = " ".join(settled.reply.split())[:_LONGEST_REASON]
    if settled.state is DeliveryState.SENT:
        return Change(row=row, after=Standing.SENT, reason="")
    if settled.state is DeliveryState.REJECTED and not settled.reply:
        mailing = session.get_one(Mailing, row.mailing_id)
        denial = denials_of(session, office_of(session), mailing, [row.key]).get(row.key)
        if denial is not None:
            return Change(row=row, after=standing_of(denial), reason=denial.reason)
    effect = effects.get(row.delivery_id)
    after = _EFFECTS[effect] if settled.state in _UNDELIVERED and effect is not None else _PLAIN.get(settled.state)
    return Change(row=row, after=after or row.state, reason=reason)


def _write(session: Session, changes: Sequence[Change], now: datetime) -> None:
    """All that were sent in one statement, the others one by one with their reason."""
    sent = [change.row.id for change in changes if change.after is Standing.SENT]
    options = {"synchronize_session": False}
    if sent:
        values = {"state": Standing.SENT, "reason": "", "settled_at": now}
        statement = update(LedgerRow).where(among(session, LedgerRow.id, sent))
        session.execute(statement.values(values), execution_options=options)
    for change in changes:
        if change.after is not Standing.SENT:
            settled_at = None if change.after in EXCLUDED else now
            said = {"state": change.after, "reason": change.reason, "settled_at": settled_at}
            statement = update(LedgerRow).where(LedgerRow.id == change.row.id)
            session.execute(statement.values(said), execution_options=options)


def _count(session: Session, changes: Sequence[Change], now: datetime) -> None:
    tally = Tally()
    for change in changes:
        row = change.row
        tally.moved(row.mailing_id, row.state, change.after)
        if change.after not in EXCLUDED:
            where = {"domain": row.domain, "label": row.label, "at": now}
            tally.happened(row.mailing_id, change.after.value, **where)
            if row.state is Standing.SENT:
                tally.happened(row.mailing_id, "returned", **where)
    tally.write(session)
