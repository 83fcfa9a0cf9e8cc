"""What is not kept: requests that nobody confirmed, people of whom nothing but such a request is known, old results of imports."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import CursorResult, delete, exists, insert, literal, select, update
from sqlalchemy.orm import Session

from mailloom.api import Office

from .models import Change, Consent, Event, Import, ImportRow, Member, State, Subscription
from .settings import settings_of

EVERY_SECONDS = 3600.0


def tidy(office: Office) -> str:
    """One sentence on what went."""
    settings, now = settings_of(office), office.now()
    with office.write() as session:
        expired = _expire(office, session, timedelta(days=settings.confirm_days))
        old = select(Import.id).where(Import.ended_at < now - timedelta(days=settings.keep_import_rows_days))
        rows = _count(session.execute(delete(ImportRow).where(ImportRow.import_id.in_(old))))
    return f"{expired} unconfirmed requests dropped, {rows} rows of old imports removed."


def _expire(office: Office, session: Session, life: timedelta) -> int:
    now = office.now()
    late = (Subscription.state == State.PENDING, Subscription.since < now - life)
    columns = ["member_id", "list_id", "at", "event", "source", "evidence", "reason"]
    values = (literal(now, Change.at.type), literal(Event.EXPIRED, Change.event.type), Subscription.consent)
    lines = select(
        Subscription.member_id, Subscription.list_id, *values, Subscription.evidence, literal("not confirmed")
    )
    session.execute(insert(Change).from_select(columns, lines.where(*late)))
    # A request that anybody may have made leaves no less of a no than there was before it.
    left = update(Subscription).where(*late, Subscription.left_before.is_(True))
    dropped = _count(session.execute(left.values(state=State.UNSUBSCRIBED, since=now, asked_at=None)))
    dropped += _count(session.execute(delete(Subscription).where(*late)))
    unknown = ~exists().where(Subscription.member_id == Member.id)
    session.execute(delete(Member).where(Member.source == Consent.FORM, Member.created_at < now - life, unknown))
    return dropped


def _count(result: object) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0
