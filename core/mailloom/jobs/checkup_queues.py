"""The doctor's look at the queues: mail that waits to be sent, for its decision, or for a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import func, select

from mailloom.api.checks import Finding, Severity
from mailloom.store.arrivals import KEPT, PARKED, Arrival
from mailloom.store.database import Database
from mailloom.store.outbox import READY, UNCERTAIN, Delivery

_WAITING_LONG = timedelta(minutes=30)
_WAITING_TOO_LONG = timedelta(hours=4)
_KEPT_LONG = timedelta(minutes=5)


def outbox_findings(database: Database, now: datetime) -> Iterator[Finding]:
    """What waits to be sent, for how long, and what nobody knows the fate of."""
    with database.read() as session:
        waiting, oldest = session.execute(
            select(func.count(), func.min(Delivery.due)).where(READY, Delivery.due <= now)
        ).one()
        unassigned = session.scalar(select(func.count()).where(READY, Delivery.account_id.is_(None))) or 0
        doubtful = session.scalar(select(func.count()).select_from(Delivery).where(UNCERTAIN)) or 0
    age = now - oldest if oldest is not None else timedelta()
    if age <= _WAITING_LONG:
        yield _good("outbox", f"{waiting} due, the oldest for {_span(age)}" if waiting else "nothing waits")
    else:
        yield Finding(
            subject="outbox",
            severity=Severity.BAD if age > _WAITING_TOO_LONG else Severity.WARNING,
            text=f"{waiting} deliveries are due, the oldest for {_span(age)}.",
            remedy="Does `mailloom serve` run? Is an account throttled or failing? See: mailloom outbox list",
        )
    if unassigned:
        yield Finding(
            subject="outbox",
            severity=Severity.WARNING,
            text=f"{unassigned} deliveries have no account that may send them.",
            remedy="See why: mailloom accounts choose --from ADDRESS",
        )
    if doubtful:
        yield Finding(
            subject="outbox",
            severity=Severity.WARNING,
            text=f"Of {doubtful} deliveries nobody knows whether they arrived.",
            remedy="See: mailloom outbox list --state uncertain; send again: mailloom outbox retry",
        )


def arrival_findings(database: Database, now: datetime) -> Iterator[Finding]:
    """What waits for a person, and what waits for its decision."""
    with database.read() as session:
        parked = session.scalar(select(func.count()).select_from(Arrival).where(PARKED)) or 0
        kept, oldest = session.execute(select(func.count(), func.min(Arrival.received_at)).where(KEPT)).one()
    if parked:
        yield Finding(
            subject="parked",
            severity=Severity.WARNING,
            text=f"{parked} mails wait for a person.",
            remedy="See why: mailloom parked list",
        )
    else:
        yield _good("parked", "no mail waits for a person")
    age = now - oldest if oldest is not None else timedelta()
    if age > _KEPT_LONG:
        yield Finding(
            subject="kept",
            severity=Severity.BAD,
            text=f"{kept} mails are kept and not decided about, the oldest for {_span(age)}.",
            remedy="Does `mailloom serve` run? By hand: mailloom jobs run settle",
        )
    else:
        yield _good("kept", f"{kept} mails wait for their decision" if kept else "every mail was decided about")


def _good(subject: str, said: str) -> Finding:
    return Finding(subject=subject, severity=Severity.GOOD, text=said)


def _span(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} hours" if minutes < 2880 else f"{minutes // 1440} days"
