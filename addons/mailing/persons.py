"""What mailings know of a person: shown beside the person, handed out, and forgotten.

What is forgotten stays in the sums, which name nobody; the ledger keeps a row without address, so that its numbers still add up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from mailloom.api import office_of

from .counting import Tally
from .models import LedgerRow, Mailing, Standing

_FORGOTTEN = "the person was forgotten"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One mailing in a person's history."""

    mailing: int
    name: str
    state: Standing
    reason: str
    queued_at: datetime | None
    settled_at: datetime | None
    opened_at: datetime | None
    clicked_at: datetime | None
    replied_at: datetime | None
    complained_at: datetime | None
    opted_out_at: datetime | None


def history_of(session: Session, key: str) -> list[Received]:
    """The mailings in which a normalised address was looked at, newest first."""
    chosen = select(LedgerRow, Mailing.name).join(Mailing, Mailing.id == LedgerRow.mailing_id)
    found = session.execute(chosen.where(LedgerRow.key == key).order_by(LedgerRow.mailing_id.desc()))
    return [
        Received(
            mailing=row.mailing_id,
            name=name,
            state=row.state,
            reason=row.reason,
            queued_at=row.queued_at,
            settled_at=row.settled_at,
            opened_at=row.opened_at,
            clicked_at=row.clicked_at,
            replied_at=row.replied_at,
            complained_at=row.complained_at,
            opted_out_at=row.opted_out_at,
        )
        for row, name in found
    ]


def export(session: Session, key: str) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """The history, with what templates could say of the person."""
    values: dict[int, dict[str, Any]] = dict(
        session.execute(select(LedgerRow.mailing_id, LedgerRow.values).where(LedgerRow.key == key)).all()
    )
    return {"mailings": [{**asdict(one), "values": values[one.mailing]} for one in history_of(session, key)]}


def erase(session: Session, key: str) -> Mapping[str, int]:
    """Who still waits is not written to; of the others only the numbers stay."""
    waiting = (LedgerRow.key == key) & (LedgerRow.state == Standing.PENDING)
    tally = Tally()
    for mailing_id in session.scalars(select(LedgerRow.mailing_id).where(waiting)):
        tally.moved(mailing_id, Standing.PENDING, Standing.CANCELLED)
    tally.write(session)
    options = {"synchronize_session": False}
    ended = {"state": Standing.CANCELLED, "reason": _FORGOTTEN, "settled_at": office_of(session).now()}
    session.execute(update(LedgerRow).where(waiting).values(ended), execution_options=options)
    blank: dict[str, Any] = {"key": None, "address": "", "name": "", "values": {}, "source": "", "reason": _FORGOTTEN}
    done = session.execute(update(LedgerRow).where(LedgerRow.key == key).values(blank), execution_options=options)
    return {"mailings": done.rowcount if isinstance(done, CursorResult) else 0}
