"""/alarms: what a person must look at."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import select

from mailloom.api.access import Permission
from mailloom.api.audit import audit
from mailloom.api.rest_routes import Caller, Page, Paged, RowNumber, api_router, needs, page_of
from mailloom.errors import NotFound
from mailloom.flow.alarms import close_alarms
from mailloom.store.system import Alarm
from mailloom.web.rest.here import Here

router = api_router(tags=["alarms"])


class AlarmShown(BaseModel):
    id: int
    subject: str
    text: str
    remedy: str
    count: int
    raised_at: datetime
    last_at: datetime
    closed_at: datetime | None


@router.get("/alarms", dependencies=[needs(Permission.SYSTEM_READ)])
def list_alarms(app: Here, paging: Paged, closed: bool = False) -> Page[AlarmShown]:
    """Open ones, newest first; with `closed` all."""
    chosen = select(Alarm) if closed else select(Alarm).where(Alarm.closed_at.is_(None))
    with app.read() as session:
        return page_of(session, chosen, Alarm.id, paging, _shown, newest_first=True)


@router.post("/alarms/{alarm_id}/close", dependencies=[needs(Permission.SYSTEM_WRITE)])
def close_alarm(app: Here, alarm_id: RowNumber, caller: Caller) -> AlarmShown:
    """What it was about is over; it opens again if it is not."""
    with app.write() as session:
        alarm = session.get(Alarm, alarm_id)
        if alarm is None:
            raise NotFound(f"There is no alarm {alarm_id}.", remedy="List them at /alarms.")
        if alarm.closed_at is None:
            close_alarms(session, alarm.subject, app.now())
            audit(session, caller, "alarm.close", alarm.subject)
            session.refresh(alarm)
        return _shown(alarm)


def _shown(alarm: Alarm) -> AlarmShown:
    return AlarmShown(
        id=alarm.id,
        subject=alarm.subject,
        text=alarm.text,
        remedy=alarm.remedy,
        count=alarm.count,
        raised_at=alarm.raised_at,
        last_at=alarm.last_at,
        closed_at=alarm.closed_at,
    )
