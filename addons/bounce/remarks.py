"""What came back about deliveries, as sentences for the pages that show them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.recorded import Remark

from .models import BounceEvent
from .wording import words_for

_MOST = 200


def on_deliveries(session: Session, delivery_ids: Sequence[int]) -> list[Remark]:
    """The oldest first."""
    chosen = select(BounceEvent).where(BounceEvent.delivery_id.in_(delivery_ids)).order_by(BounceEvent.id).limit(_MOST)
    return [
        Remark(
            delivery_id=event.delivery_id,
            text=f"A report came back: {words_for(event.reason).meaning}.",
            at=event.at,
            path=f"/bounces/{event.id}",
        )
        for event in session.scalars(chosen)
        if event.delivery_id is not None
    ]
