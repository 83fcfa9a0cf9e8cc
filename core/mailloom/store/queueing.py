"""Putting messages and deliveries into the outbox, many rows a statement.

Row ids are handed out before the rows are written, because header lines and return paths of a delivery carry its id. On PostgreSQL they come from
the table's sequence; on SQLite, whose writers exclude each other, they follow the highest id, so the caller must insert in the same transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mailloom.store.base import Base
from mailloom.store.blobs import Blob
from mailloom.store.messages import Message, MessageIdentifier, MessageRecipient
from mailloom.store.outbox import Delivery

Row = Mapping[str, Any]
"""Column values of one row, as `insert` takes them; every row of one call must have the same keys."""


def new_ids(session: Session, table: type[Base], count: int) -> Sequence[int]:
    """`count` unused ids, ascending. Unused ones leave a gap and nothing else."""
    if not count:
        return ()
    if session.get_bind().dialect.name == "sqlite":
        highest = session.scalar(select(func.max(table.__table__.c.id))) or 0
        return range(highest + 1, highest + 1 + count)
    sequence = f"{table.__tablename__}_id_seq"
    found = session.execute(
        text("SELECT nextval(CAST(:sequence AS regclass)) FROM generate_series(1, :count)"),
        {"sequence": sequence, "count": count},
    )
    return sorted(found.scalars())


def digest_of(content: bytes) -> str:
    """The name under which `store.blobs` keeps these bytes."""
    return hashlib.sha256(content).hexdigest()


def keep_blobs(session: Session, contents: Mapping[str, bytes], now: datetime) -> None:
    """Store each of the bytes (by digest) that is not there yet."""
    if not contents:
        return
    build = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    # Sorted, so that two writers with common bytes lock them in the same order.
    rows = [
        {"digest": digest, "size": len(contents[digest]), "stored_at": now, "content": contents[digest]}
        for digest in sorted(contents)
    ]
    session.execute(build(Blob.__table__).on_conflict_do_nothing(), rows)  # type: ignore[arg-type]  # declared as FromClause, is a Table


def add_messages(session: Session, rows: Sequence[Row]) -> None:
    _insert(session, Message, rows)


def add_identifiers(session: Session, rows: Sequence[Row]) -> None:
    _insert(session, MessageIdentifier, rows)


def add_recipients(session: Session, rows: Sequence[Row]) -> None:
    """Rows of `message_recipient`; those that are there already stay as they are."""
    if rows:
        build = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
        session.execute(build(MessageRecipient.__table__).on_conflict_do_nothing(), rows)  # type: ignore[arg-type]  # see above


def add_deliveries(session: Session, rows: Sequence[Row]) -> None:
    _insert(session, Delivery, rows)


def messages_by_key(session: Session, keys: Iterable[str]) -> dict[str, int]:
    """Ids of the messages that were queued under these idempotency keys."""
    wanted = sorted(set(keys))
    found: dict[str, int] = {}
    for start in range(0, len(wanted), 500):
        chosen = select(Message.idempotency_key, Message.id).where(
            Message.idempotency_key.in_(wanted[start : start + 500])
        )
        found.update((key, number) for key, number in session.execute(chosen) if key is not None)
    return found


def deliveries_of(session: Session, message_id: int, keys: Sequence[str] | None = None) -> dict[str, int]:
    """Delivery ids of a message by recipient key; with `keys` only theirs."""
    chosen = select(Delivery.key, Delivery.id).where(Delivery.message_id == message_id).order_by(Delivery.id)
    if keys is None:
        return dict(session.execute(chosen).all())
    found: dict[str, int] = {}
    for start in range(0, len(keys), 500):
        found.update(session.execute(chosen.where(Delivery.key.in_(keys[start : start + 500]))).all())
    return found


def _insert(session: Session, table: type[Base], rows: Sequence[Row]) -> None:
    if rows:
        session.execute(insert(table.__table__), rows)  # type: ignore[arg-type]  # declared as FromClause, is a Table
