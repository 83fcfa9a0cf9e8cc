"""What came back about a person's mail: handed out, and forgotten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from .models import BounceEvent, Suppression


def export(session: Session, key: str) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    events = session.scalars(select(BounceEvent).where(BounceEvent.key == key).order_by(BounceEvent.id))
    listed = session.scalars(select(Suppression).where(Suppression.key == key).order_by(Suppression.id))
    return {
        "bounces and complaints": [
            {"at": event.at, "what": event.effect.value, "reason": event.reason.value, "words": event.diagnostic}
            for event in events
        ],
        "suppressions": [
            {"since": one.since, "scope": one.scope.value, "reason": one.reason, "undone_at": one.undone_at}
            for one in listed
        ],
    }


def erase(session: Session, key: str) -> Mapping[str, int]:
    """Events stay for the statistics without the person; a suppression has nobody left whom it could keep from being written to."""
    removed = session.execute(delete(Suppression).where(Suppression.key == key))
    emptied = session.execute(
        update(BounceEvent)
        .where(BounceEvent.key == key)
        .values(key="", reported_recipient="", diagnostic="", provider_event=None)
    )
    return {"suppressions": _count(removed), "bounces and complaints": _count(emptied)}


def _count(result: object) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0
