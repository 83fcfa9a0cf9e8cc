"""How the whole is doing at a glance: what waits and how long, what needs a person, what came and went in each of the last hours.

Only bounded questions that an index answers, because the page that shows it asks every few seconds, whatever lies in the tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, TextClause, func, literal_column, select
from sqlalchemy.orm import Session

from mailloom.store.accounts import AccountRow, AccountState
from mailloom.store.arrivals import KEPT, PARKED, Arrival
from mailloom.store.base import Base
from mailloom.store.hourly import Counted, counted_since, hour_of
from mailloom.store.outbox import READY, UNCERTAIN, Delivery
from mailloom.store.system import Alarm

COUNT_AT_MOST = 10_000
HOURS = 24
_PRIORITIES = range(1, 6)
_MOST_ACCOUNTS = 20
_TROUBLED = (AccountState.FAILING, AccountState.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    begin: datetime
    received: int
    sent: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """Counts end at COUNT_AT_MOST + 1, which means: more."""

    waiting: int
    """Deliveries that are queued or put off."""
    oldest: timedelta | None
    """How long the oldest due delivery has waited; None when nothing is due."""
    undecided: int
    parked: int
    uncertain: int
    alarms: int
    troubled: Sequence[AccountRow]
    """Accounts that fail or were paused, at most 20."""
    hours: Sequence[Hour]
    """The last 24, the present one last."""


def pulse(session: Session, now: datetime) -> Pulse:
    return Pulse(
        waiting=_count(session, Delivery, READY),
        oldest=_oldest_due(session, now),
        undecided=_count(session, Arrival, KEPT),
        parked=_count(session, Arrival, PARKED),
        uncertain=_count(session, Delivery, UNCERTAIN),
        alarms=session.scalar(select(func.count()).where(Alarm.closed_at.is_(None))) or 0,
        troubled=_troubled(session),
        hours=_hours(session, now),
    )


def _count(session: Session, mapped: type[Base], condition: TextClause) -> int:
    some: Select[Any] = (
        select(literal_column("1").label("one")).select_from(mapped).where(condition).limit(COUNT_AT_MOST + 1)
    )
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def _oldest_due(session: Session, now: datetime) -> timedelta | None:
    """One step into the index for each account and priority."""
    due = [
        session.scalar(select(func.min(Delivery.due)).where(READY, mine, Delivery.priority == priority))
        for mine in (
            Delivery.account_id.is_(None),
            *(Delivery.account_id == number for number in session.scalars(select(AccountRow.id)).all()),
        )
        for priority in _PRIORITIES
    ]
    oldest = min((moment for moment in due if moment is not None), default=None)
    return now - oldest if oldest is not None and oldest <= now else None


def _troubled(session: Session) -> Sequence[AccountRow]:
    in_trouble = AccountRow.state.in_(_TROUBLED)
    chosen = select(AccountRow).where(in_trouble, AccountRow.archived.is_(False)).order_by(AccountRow.name)
    return session.scalars(chosen.limit(_MOST_ACCOUNTS)).all()


def _hours(session: Session, now: datetime) -> Sequence[Hour]:
    first = hour_of(now) - timedelta(hours=HOURS - 1)
    found = counted_since(session, first)
    begins = [first + timedelta(hours=number) for number in range(HOURS)]
    return [
        Hour(
            begin=begin,
            received=found.get((begin, Counted.RECEIVED), 0),
            sent=found.get((begin, Counted.SENT), 0),
            refused=found.get((begin, Counted.REFUSED), 0),
        )
        for begin in begins
    ]
