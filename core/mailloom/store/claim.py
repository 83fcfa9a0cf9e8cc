"""Who sends a delivery: claiming batches under a lease, marking them before their bytes go out, and what happens when a lease runs out.

A claim is one statement per priority on the partial index `ix_delivery_ready`. Its WHERE must repeat the index's own words, and ask for one account
and one priority: with any other form the databases walk or sort all that is deferred (measured: 300 rows a second at a million rows).
`attempt` names the pass that holds a row; marks and results are written only where it still stands.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import CursorResult, bindparam, select, text, update
from sqlalchemy.orm import Session

from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.store.types import UtcDateTime

PRIORITIES = (1, 2, 3, 4, 5)

_COLUMNS = "id, message_id, address, key, contact_id, purpose, topic, priority, envelope_from, head, raw_digest, attempts, attempt, due"
_HEAD = _COLUMNS.split(", ").index("head")
_READY = """
    SELECT id FROM delivery
    WHERE state IN ('queued', 'deferred') AND account_id = :account AND priority = :priority AND due <= :now
    ORDER BY due LIMIT :count
"""
_TAKE = "SET state = 'leased', attempt = :attempt, lease_until = :until"

# PostgreSQL may run a subquery of an UPDATE more than once and so pass the limit; a materialised one runs once.
_CLAIM_POSTGRESQL = text(
    f"WITH ready AS MATERIALIZED ({_READY} FOR UPDATE SKIP LOCKED) "
    f"UPDATE delivery {_TAKE} FROM ready WHERE delivery.id = ready.id RETURNING "
    + ", ".join(f"delivery.{name}" for name in _COLUMNS.split(", "))
)
# A writer of SQLite is alone, so it may look first and take then; one row of JSON instead of many, see `store.carrying`. JSON knows no bytes.
_AS_JSON = _COLUMNS.replace("head", "CASE WHEN head IS NOT NULL THEN hex(head) END").replace("attempt,", ":attempt,")
_FIND_SQLITE = text(
    f"SELECT json_group_array(json_array({_AS_JSON})) FROM delivery WHERE id IN ({_READY})"  # noqa: S608 - constants
)
_TAKE_SQLITE = text(f"UPDATE delivery {_TAKE} WHERE id IN (SELECT value FROM json_each(:ids))")  # noqa: S608 - constants
# One parameter for all ids: a list of parameters is compiled and parsed anew for each length.
_IDS = {
    "sqlite": "SELECT value FROM json_each(:ids)",
    "postgresql": "SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:ids AS json))",
}
_MARK = {
    name: text(
        f"UPDATE delivery SET state = 'sending' WHERE id IN ({ids}) AND attempt = :attempt"  # noqa: S608 - constants
        " AND state IN ('leased', 'sending')"
    )
    for name, ids in _IDS.items()
}
_MARKED = {
    name: text(f"SELECT id FROM delivery WHERE id IN ({ids}) AND attempt = :attempt AND state = 'sending'")  # noqa: S608 - constants
    for name, ids in _IDS.items()
}
_MOMENTS = [bindparam("now", type_=UtcDateTime), bindparam("until", type_=UtcDateTime)]
_CLAIM_POSTGRESQL = _CLAIM_POSTGRESQL.bindparams(*_MOMENTS)
_FIND_SQLITE = _FIND_SQLITE.bindparams(_MOMENTS[0])
_TAKE_SQLITE = _TAKE_SQLITE.bindparams(_MOMENTS[1])


class Claimed(NamedTuple):
    """A delivery that this pass holds, as it stood when it was claimed."""

    id: int
    message_id: int
    address: str
    key: str
    contact_id: int | None
    purpose: str
    topic: str
    priority: int
    envelope_from: str
    head: bytes | None
    raw_digest: str | None
    attempts: int
    attempt: str


def claim(
    session: Session, *, account_id: int, attempt: str, count: int, now: datetime, until: datetime
) -> list[Claimed]:
    """At most `count` due deliveries of an account, best priority first, leased until `until`. The caller commits at once."""
    taken = _taken_by_sqlite if session.get_bind().dialect.name == "sqlite" else _taken_by_postgresql
    claimed: list[Claimed] = []
    for priority in PRIORITIES:
        missing = count - len(claimed)
        if missing <= 0:
            break
        ready = {"account": account_id, "priority": priority, "now": now, "count": missing}
        claimed += taken(session, ready, {"attempt": attempt, "until": until})
    return claimed


def _taken_by_postgresql(session: Session, ready: dict[str, Any], lease: dict[str, Any]) -> list[Claimed]:
    rows = session.execute(_CLAIM_POSTGRESQL, {**ready, **lease}).all()
    # Neither database promises the order of what an UPDATE returns.
    return [_claimed(row) for row in sorted(rows, key=lambda row: (row.due, row.id))]


def _taken_by_sqlite(session: Session, ready: dict[str, Any], lease: dict[str, Any]) -> list[Claimed]:
    found = json.loads(session.execute(_FIND_SQLITE, {**ready, "attempt": lease["attempt"]}).scalar_one())
    if not found:
        return []
    found.sort(key=lambda row: (row[-1], row[0]))
    session.execute(_TAKE_SQLITE, {**lease, "ids": json.dumps([row[0] for row in found])})
    for row in found:
        row[_HEAD] = None if row[_HEAD] is None else bytes.fromhex(row[_HEAD])
    return [_claimed(row) for row in found]


def waiting(session: Session, *, account_id: int, now: datetime) -> bool:
    """Whether anything of an account is due."""
    ready = text(
        "SELECT 1 FROM delivery WHERE state IN ('queued', 'deferred') AND account_id = :account"
        " AND priority = :priority AND due <= :now LIMIT 1"
    ).bindparams(bindparam("now", type_=UtcDateTime))
    return any(
        session.execute(ready, {"account": account_id, "priority": priority, "now": now}).first() is not None
        for priority in PRIORITIES
    )


def mark_sending(session: Session, claimed: Sequence[Claimed]) -> set[int]:
    """Mark rows whose bytes are about to be handed over; returns the ids that this pass still holds. Commit before the first byte.

    May be repeated, for instance after a commit whose answer was lost.
    """
    held: set[int] = set()
    dialect = session.get_bind().dialect.name
    for attempt, ids in _by_attempt(claimed).items():
        values = {"ids": json.dumps(ids), "attempt": attempt}
        result = session.execute(_MARK[dialect], values)
        # Ids that come back row by row cost more than the update: asked for only when some are missing.
        all_held = isinstance(result, CursorResult) and result.rowcount == len(set(ids))
        held.update(ids if all_held else session.execute(_MARKED[dialect], values).scalars())
    return held


def release(session: Session, claimed: Sequence[Claimed], *, due: datetime | None = None) -> int:
    """Give back rows of which no byte went out (leased or marked); `due` moves them. Returns how many were still held."""
    count = 0
    for attempt, ids in _by_attempt(claimed).items():
        values: dict[str, Any] = {"state": DeliveryState.QUEUED, "attempt": None, "lease_until": None}
        if due is not None:
            values["due"] = due
        statement = update(Delivery).where(
            Delivery.id.in_(ids),
            Delivery.attempt == attempt,
            Delivery.state.in_((DeliveryState.LEASED, DeliveryState.SENDING)),
        )
        count += _changed(session, statement.values(values))
    return count


def extend(session: Session, attempts: Iterable[str], until: datetime) -> None:
    """Lengthen the lease of everything that these passes hold."""
    held = (DeliveryState.LEASED, DeliveryState.SENDING)
    for attempt in attempts:
        statement = update(Delivery).where(Delivery.state.in_(held), Delivery.attempt == attempt)
        _changed(session, statement.values(lease_until=until))


def release_expired(session: Session, now: datetime) -> int:
    """Rows that were claimed and whose worker is gone are queued again: none of their bytes went out."""
    statement = update(Delivery).where(Delivery.state == DeliveryState.LEASED, Delivery.lease_until < now)
    return _changed(session, statement.values(state=DeliveryState.QUEUED, attempt=None, lease_until=None))


def expired_sending(session: Session, now: datetime, limit: int = 500) -> list[Delivery]:
    """Rows whose worker vanished while their bytes may have been on the way. `attempt` stays: a late result is still welcome."""
    chosen = (
        select(Delivery)
        .where(Delivery.state.in_((DeliveryState.LEASED, DeliveryState.SENDING)), Delivery.lease_until < now)
        .where(Delivery.state == DeliveryState.SENDING)
        .order_by(Delivery.lease_until)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(session.scalars(chosen))


def _by_attempt(claimed: Iterable[Claimed]) -> dict[str, list[int]]:
    grouped: dict[str, list[int]] = {}
    for entry in claimed:
        grouped.setdefault(entry.attempt, []).append(entry.id)
    return grouped


def _changed(session: Session, statement: Any) -> int:
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return result.rowcount if isinstance(result, CursorResult) else 0


def _claimed(row: Any) -> Claimed:
    return Claimed(*row[:-1])
