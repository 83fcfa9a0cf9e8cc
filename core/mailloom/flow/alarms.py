"""Alarms: what a person must look at. One open alarm per subject; raising it again counts up."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mailloom.store.system import Alarm


def raise_alarm(session: Session, subject: str, text: str, remedy: str, now: datetime) -> Alarm:
    """Open an alarm on `subject` (such as `account:3`), or count up the open one. The caller commits."""
    chosen = select(Alarm).where(Alarm.subject == subject, Alarm.closed_at.is_(None)).order_by(Alarm.id).limit(1)
    alarm = session.scalar(chosen)
    if alarm is None:
        alarm = Alarm(subject=subject, text=text, remedy=remedy, raised_at=now, last_at=now)
        session.add(alarm)
    else:
        alarm.text, alarm.remedy, alarm.last_at = text, remedy, now
        alarm.count += 1
    session.flush()
    return alarm


def close_alarms(session: Session, subject: str, now: datetime) -> None:
    """What the alarms on `subject` were about is over."""
    still_open = update(Alarm).where(Alarm.subject == subject, Alarm.closed_at.is_(None))
    session.execute(still_open.values(closed_at=now))
