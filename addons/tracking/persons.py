"""What a person did with measured mail: handed out, and forgotten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, delete, select
from sqlalchemy.orm import Session

from mailloom.store.outbox import Delivery

from .models import Hit


def export(session: Session, key: str) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    chosen = select(Hit).join(Delivery, Delivery.id == Hit.delivery_id).where(Delivery.key == key).order_by(Hit.id)
    return {
        "opens and clicks": [
            {
                "mailing": hit.mailing_id,
                "what": hit.act.value,
                "first_at": hit.first_at,
                "last_at": hit.last_at,
                "count": hit.count,
                "taken_for": (hit.verdict or hit.visitor).value,
            }
            for hit in session.scalars(chosen)
        ]
    }


def erase(session: Session, key: str) -> Mapping[str, int]:
    mine = select(Delivery.id).where(Delivery.key == key)
    done = session.execute(delete(Hit).where(Hit.delivery_id.in_(mine)))
    return {"opens and clicks": done.rowcount if isinstance(done, CursorResult) else 0}
