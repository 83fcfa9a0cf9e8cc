"""What recipients did with a mail: each mark is made once for a person, and counted with it. Other addons (tracking) call these.

All take the delivery that the person was sent, because that is what a signed link or a report names. The caller commits.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from .counting import LINK, Tally
from .models import LedgerRow, Variant


def note_opened(session: Session, delivery_id: int, at: datetime) -> bool:
    """A mail was opened, as far as a pixel tells. False when that was known, or the delivery is of no mailing."""
    return _marked(session, LedgerRow.delivery_id == delivery_id, LedgerRow.opened_at, "opened", at)


def note_clicked(session: Session, delivery_id: int, link: str, at: datetime) -> bool:
    """A link of a mail was followed. `link` is the address as the template has it; each is counted for itself too."""
    row = session.execute(select(LedgerRow.mailing_id).where(LedgerRow.delivery_id == delivery_id)).first()
    if row is None:
        return False
    tally = Tally()
    tally.add(row.mailing_id, LINK, link, "clicks")
    tally.write(session)
    return _marked(session, LedgerRow.delivery_id == delivery_id, LedgerRow.clicked_at, "clicked", at)


def note_complained(session: Session, delivery_id: int, at: datetime) -> bool:
    return _marked(session, LedgerRow.delivery_id == delivery_id, LedgerRow.complained_at, "complained", at)


def note_opted_out(session: Session, delivery_id: int, at: datetime) -> bool:
    """Somebody used the opt-out of this very mail."""
    return _marked(session, LedgerRow.delivery_id == delivery_id, LedgerRow.opted_out_at, "opted out", at)


def note_replied(session: Session, message_id: int, key: str, at: datetime, *, delivery_id: int | None = None) -> bool:
    """An answer came from a normalised address to a mail of a mailing, to that of `delivery_id` where its id says so.

    Who answers a mail from another address of his is counted as its recipient. Where nothing but the sender tells whose mail was answered, one
    who was not written to is counted apart.
    """
    mailing_id = session.scalar(select(Variant.mailing_id).where(Variant.message_id == message_id))
    if mailing_id is None:
        return False
    theirs = LedgerRow.mailing_id == mailing_id
    whose = [LedgerRow.delivery_id == delivery_id] if delivery_id is not None else []
    for mine in (theirs & who for who in (*whose, LedgerRow.key == key)):
        if session.scalar(select(LedgerRow.id).where(mine)) is not None:
            return _marked(session, mine, LedgerRow.replied_at, "replied", at)
    tally = Tally()
    tally.add(mailing_id, "all", "", "replied from elsewhere")
    tally.write(session)
    return True


def _marked(
    session: Session, who: Any, column: InstrumentedAttribute[datetime | None], measure: str, at: datetime
) -> bool:
    found = session.execute(
        select(LedgerRow.id, LedgerRow.mailing_id, LedgerRow.domain, LedgerRow.label).where(who)
    ).first()
    if found is None:
        return False
    first = update(LedgerRow).where(LedgerRow.id == found.id, column.is_(None)).values({column.key: at})
    done = session.execute(first, execution_options={"synchronize_session": False})
    if not (isinstance(done, CursorResult) and done.rowcount):
        return False
    tally = Tally()
    tally.happened(found.mailing_id, measure, domain=found.domain, label=found.label, at=at)
    tally.write(session)
    return True
