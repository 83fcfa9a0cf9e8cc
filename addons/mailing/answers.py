"""Which mailing somebody opted out of: the statement names the mail that it answers."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.addons.optout.models import Source, Statement
from mailloom.api import office_of

from .marks import note_opted_out
from .models import LedgerRow
from .rendering import referred

_OF_ITSELF = frozenset({Source.COMPLAINT.value})
"""What follows from a complaint is counted as the complaint."""


def note_opt_out(session: Session, key: str, topic: str, source: str) -> None:
    """Count it for the mailing that it answers; one that answers none is passed over."""
    if source in _OF_ITSELF:
        return
    holds = select(Statement.mailing).where(
        Statement.key == key, Statement.topic == topic, Statement.ended_at.is_(None), Statement.mailing != ""
    )
    delivery_id = _delivery(session, key, session.scalar(holds) or "")
    if delivery_id is not None:
        note_opted_out(session, delivery_id, office_of(session).now())


def _delivery(session: Session, key: str, answered: str) -> int | None:
    mailing_id = referred(answered)
    if mailing_id is not None:
        mine = select(LedgerRow.delivery_id).where(LedgerRow.mailing_id == mailing_id, LedgerRow.key == key)
        return session.scalar(mine)
    kind, _, number = answered.partition(":")
    return int(number) if kind == "delivery" and number.isascii() and number.isdigit() and len(number) < 19 else None
