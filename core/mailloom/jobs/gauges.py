"""What the database knows, as gauges: queues, states, ages. The same from whichever process it is asked."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import TextClause, func, select
from sqlalchemy.orm import Session

from mailloom.metrics import Family, Sample
from mailloom.store.accounts import AccountRow
from mailloom.store.arrivals import KEPT, PARKED, Arrival, Outcome
from mailloom.store.outbox import CLAIMED, READY, Delivery, DeliveryState
from mailloom.store.system import Alarm, JobState


def gauges(session: Session, now: datetime) -> list[Family]:
    """Reads partial indexes only, so that it may be asked every few seconds, whatever lies in the tables."""
    return [
        Family(
            name="mailloom_outbox",
            kind="gauge",
            help="Deliveries that are not settled, by state.",
            samples=_unsettled(session),
        ),
        _one(
            "mailloom_outbox_oldest_seconds", "How long the oldest due delivery has waited.", _oldest_due(session, now)
        ),
        Family(
            name="mailloom_arrivals_waiting",
            kind="gauge",
            help="Arrivals that are kept or parked.",
            samples=[
                _waiting(session, outcome, condition)
                for outcome, condition in ((Outcome.KEPT, KEPT), (Outcome.PARKED, PARKED))
            ],
        ),
        Family(name="mailloom_accounts", kind="gauge", help="Accounts in use, by state.", samples=_accounts(session)),
        Family(
            name="mailloom_job_failures",
            kind="gauge",
            help="Failures of a job since it last went well.",
            samples=[
                Sample(labels={"job": state.name}, value=state.failures)
                for state in session.scalars(select(JobState).order_by(JobState.name))
            ],
        ),
        _one(
            "mailloom_alarms",
            "Open alarms.",
            session.scalar(select(func.count()).where(Alarm.closed_at.is_(None))) or 0,
        ),
    ]


def _unsettled(session: Session) -> list[Sample]:
    counts: dict[DeliveryState, int] = {}
    for condition in (READY, CLAIMED):
        chosen = select(Delivery.state, func.count()).where(condition).group_by(Delivery.state)
        counts.update((DeliveryState(state), count) for state, count in session.execute(chosen).all())
    return [Sample(labels={"state": state.value}, value=count) for state, count in sorted(counts.items())]


def _oldest_due(session: Session, now: datetime) -> float:
    oldest = session.scalar(select(func.min(Delivery.due)).where(READY, Delivery.due <= now))
    return (now - oldest).total_seconds() if oldest is not None else 0.0


def _waiting(session: Session, outcome: Outcome, condition: TextClause) -> Sample:
    count = session.scalar(select(func.count()).select_from(Arrival).where(condition)) or 0
    return Sample(labels={"outcome": outcome.value}, value=count)


def _accounts(session: Session) -> list[Sample]:
    chosen = select(AccountRow.state, func.count()).where(AccountRow.archived.is_(False)).group_by(AccountRow.state)
    rows = session.execute(chosen.order_by(AccountRow.state)).all()
    return [Sample(labels={"state": str(state)}, value=count) for state, count in rows]


def _one(name: str, meaning: str, value: float) -> Family:
    return Family(name=name, kind="gauge", help=meaning, samples=[Sample(value=value)])
