"""A complaint is the loudest way to say no: whoever complained about marketing mail gets none of any topic any more."""

from __future__ import annotations

from sqlalchemy.orm import Session

from mailloom.api import Purpose
from mailloom.store.outbox import Delivery

from .models import Source
from .statements import opt_out


def take_as_no(session: Session, delivery: Delivery, feedback_type: str) -> None:
    """A complaint about other mail, such as a receipt, says nothing about marketing."""
    if delivery.purpose != Purpose.MARKETING:
        return
    opt_out(
        session,
        delivery.key,
        source=Source.COMPLAINT,
        reason=feedback_type or "abuse",
        evidence={"delivery": str(delivery.id), "topic": delivery.topic},
        mailing=f"delivery:{delivery.id}",
    )
