"""Taking raw mails out of the database once nobody needs them: the records of what happened stay, only the bytes go.

Rows lose their digest first; then blobs that no table points at any more are removed, whichever addon's table that may be.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Update, delete, exists, inspect, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mailloom.store.arrivals import Arrival, Outcome
from mailloom.store.base import Base
from mailloom.store.blobs import Blob
from mailloom.store.messages import Message
from mailloom.store.outbox import Delivery, DeliveryState

_AT_A_TIME = 500
_STAY = (Outcome.KEPT, Outcome.PARKED)
_UNSETTLED = (
    DeliveryState.QUEUED,
    DeliveryState.LEASED,
    DeliveryState.SENDING,
    DeliveryState.DEFERRED,
    DeliveryState.UNCERTAIN,
)


def strip_arrivals(session: Session, before: datetime, limit: int) -> int:
    """Take the bytes of at most `limit` arrivals that were settled before then, and of their messages. The caller commits."""
    chosen = (
        select(Arrival.id, Arrival.raw_digest)
        .where(Arrival.raw_digest.is_not(None), Arrival.settled_at < before, Arrival.outcome.not_in(_STAY))
        .limit(limit)
    )
    found = session.execute(chosen).all()
    if found:
        ids = [row.id for row in found]
        _strip(session, update(Message).where(Message.arrival_id.in_(ids)))
        _strip(session, update(Arrival).where(Arrival.id.in_(ids)))
        remove_unused(session, {row.raw_digest for row in found})
    return len(found)


def strip_sent(session: Session, before: datetime, limit: int) -> int:
    """The same for messages that were written before then and of which every delivery is settled."""
    open_delivery = exists().where(Delivery.message_id == Message.id, Delivery.state.in_(_UNSETTLED))
    chosen = (
        select(Message.id, Message.raw_digest)
        .where(Message.raw_digest.is_not(None), Message.outgoing, Message.created_at < before, ~open_delivery)
        .limit(limit)
    )
    found = session.execute(chosen).all()
    if found:
        ids = [row.id for row in found]
        own = select(Delivery.raw_digest).where(Delivery.message_id.in_(ids), Delivery.raw_digest.is_not(None))
        digests = {row.raw_digest for row in found} | set(session.scalars(own))
        _strip(session, update(Delivery).where(Delivery.message_id.in_(ids), Delivery.raw_digest.is_not(None)))
        _strip(session, update(Message).where(Message.id.in_(ids)))
        remove_unused(session, digests)
    return len(found)


def _strip(session: Session, statement: Update) -> None:
    session.execute(statement.values(raw_digest=None), execution_options={"synchronize_session": False})


def remove_unused(session: Session, digests: Collection[str | None]) -> None:
    """Remove those of these blobs that nothing points at any more. The caller commits."""
    chosen = [digest for digest in digests if digest]
    unused = _unused(session)
    for start in range(0, len(chosen), _AT_A_TIME):
        part = chosen[start : start + _AT_A_TIME]
        if not _removed(session, part, unused):
            for digest in part:
                _removed(session, [digest], unused)


def _removed(session: Session, digests: Sequence[str], unused: Sequence[ColumnElement[bool]]) -> bool:
    """False when a table that this process does not know (of a resting addon) still points at one of them."""
    try:
        with session.begin_nested():
            statement = delete(Blob).where(Blob.digest.in_(digests), *unused)
            session.execute(statement, execution_options={"synchronize_session": False})
    except IntegrityError:
        return False
    return True


def _unused(session: Session) -> list[ColumnElement[bool]]:
    """That no column of any table points at the blob."""
    existing = set(inspect(session.connection()).get_table_names())
    pointing = [
        column
        for table in Base.metadata.sorted_tables
        if table.name in existing
        for column in table.columns
        if any(key.column is Blob.__table__.c.digest for key in column.foreign_keys)
    ]
    return [~exists().where(column == Blob.digest) for column in pointing]
