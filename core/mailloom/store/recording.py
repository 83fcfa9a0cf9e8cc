"""Writing what became of deliveries, many in one statement, and only where the pass that reports still holds the row.

The rows travel as one JSON text that the database takes apart: a statement per result costs both databases, and SQLAlchemy, several times more.
A row that was given up as `uncertain` still takes the result of the pass that held it: a late answer is better than none.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import bindparam, insert, text
from sqlalchemy.orm import Session

from mailloom.store.messages import IdentifierOrigin, MessageIdentifier, identifier_key
from mailloom.store.outbox import DeliveryState
from mailloom.store.types import UtcDateTime

_LONGEST_REPLY = 20_000
_LONGEST_STATUS = 12
_LONGEST_PROVIDER_ID = 250


class Result(NamedTuple):
    """One delivery after a try. `due` None: it is settled."""

    id: int
    attempt: str
    message_id: int
    state: DeliveryState
    attempts: int
    due: datetime | None = None
    status: str = ""
    reply: str = ""
    explanation: str = ""
    provider_id: str | None = None
    provider_message_id: str | None = None
    tried: bool = True
    """False when nothing was sent, so that no attempt is listed."""


class _Alike(NamedTuple):
    """What the results have in common that are written by one statement."""

    attempt: str
    state: DeliveryState
    attempts: int


# Of each result only what differs: every value that the database takes out of JSON costs a tenth of its row. `due` null: it is settled.
_ROWS = {
    "sqlite": """
        SELECT value ->> 0 AS id, value ->> 1 AS due, value ->> 2 AS status, value ->> 3 AS reply,
               value ->> 4 AS explanation, value ->> 5 AS provider_id
        FROM json_each(:rows)""",
    "postgresql": """
        SELECT CAST(value ->> 0 AS bigint) AS id, CAST(value ->> 1 AS timestamptz) AS due, value ->> 2 AS status,
               value ->> 3 AS reply, value ->> 4 AS explanation, value ->> 5 AS provider_id
        FROM json_array_elements(CAST(:rows AS json))""",
}
_STILL_HELD = "attempt = :attempt AND state IN ('leased', 'sending', 'uncertain')"
_RECORD = """
    WITH result AS ({rows})
    UPDATE delivery SET
        state = :state, attempts = :attempts, status = result.status, reply = result.reply,
        explanation = result.explanation, provider_id = coalesce(result.provider_id, delivery.provider_id),
        due = coalesce(result.due, delivery.due), settled_at = CASE WHEN result.due IS NULL THEN :now END,
        attempt = CASE WHEN result.due IS NULL THEN delivery.attempt END, lease_until = NULL
    FROM result
    WHERE delivery.id = result.id AND {held}
"""
_RETURNING = {"sqlite": "", "postgresql": "RETURNING delivery.id"}
_LIST = """
    WITH result AS ({rows})
    INSERT INTO delivery_attempt (delivery_id, account_id, at, state, status, reply)
    SELECT id, :account, :now, :state, status, reply FROM result
"""
# SQLite: as SQLAlchemy stores moments, so that they compare as text.
_MOMENTS = {"sqlite": "%Y-%m-%d %H:%M:%S.%f", "postgresql": "%Y-%m-%d %H:%M:%S.%f+00"}
_NOW = bindparam("now", type_=UtcDateTime)
_RECORDS = {
    name: text(_RECORD.format(rows=rows, held=_STILL_HELD) + _RETURNING[name]).bindparams(_NOW)
    for name, rows in _ROWS.items()
}
_HELD = f" FROM delivery WHERE id IN (SELECT value FROM json_each(:ids)) AND {_STILL_HELD}"  # noqa: S608 - constants
_HOW_MANY_HELD = text("SELECT count(*)" + _HELD)
_WHICH_HELD = text("SELECT json_group_array(id)" + _HELD)
_LISTS = {name: text(_LIST.format(rows=rows)).bindparams(_NOW) for name, rows in _ROWS.items()}


def record(session: Session, results: Sequence[Result], *, account_id: int, now: datetime) -> list[Result]:
    """Write results; returns those that were written. The caller commits."""
    alike: dict[_Alike, dict[int, Result]] = {}
    for result in results:
        alike.setdefault(_Alike(result.attempt, result.state, result.attempts), {})[result.id] = result
    written = [
        result for common, group in alike.items() for result in _recorded(session, common, group, account_id, now)
    ]
    if renamed := [_identifier_row(result) for result in written if result.provider_message_id]:
        session.execute(insert(MessageIdentifier.__table__), renamed)  # type: ignore[arg-type]  # declared as FromClause, is a Table
    return written


def _recorded(
    session: Session, common: _Alike, group: Mapping[int, Result], account_id: int, now: datetime
) -> list[Result]:
    dialect = session.get_bind().dialect.name
    rows = {result.id: _row(result, _MOMENTS[dialect]) for result in group.values()}
    values = {**common._asdict(), "now": now}
    held = _written(session, dialect, rows, values)
    written = [result for result in group.values() if result.id in held]
    if tried := [rows[result.id] for result in written if result.tried]:
        session.execute(
            _LISTS[dialect], {"rows": json.dumps(tried), "account": account_id, "now": now, "state": common.state}
        )
    return written


def _written(
    session: Session, dialect: str, rows: Mapping[int, tuple[object, ...]], values: dict[str, object]
) -> Collection[int]:
    """Write, and say which rows were still held. A writer of SQLite is alone, and asks before: ids that come back row by row cost it more."""
    values["rows"] = json.dumps(list(rows.values()))
    if dialect != "sqlite":
        return set(session.execute(_RECORDS[dialect], values).scalars())
    held = _held(session, rows, values["attempt"])
    session.execute(_RECORDS[dialect], values)
    return held


def _held(session: Session, rows: Mapping[int, object], attempt: object) -> Collection[int]:
    """Usually all: so they are counted, and only named when some are missing."""
    which = {"ids": json.dumps(list(rows)), "attempt": attempt}
    if session.execute(_HOW_MANY_HELD, which).scalar_one() == len(rows):
        return rows.keys()
    return set(json.loads(session.execute(_WHICH_HELD, which).scalar_one()))


def _row(result: Result, moment: str) -> tuple[object, ...]:
    due = result.due and result.due.astimezone(UTC).strftime(moment)
    provider = result.provider_id
    return (
        result.id,
        due,
        _storable(result.status[:_LONGEST_STATUS]),
        _storable(result.reply[:_LONGEST_REPLY]),
        _storable(result.explanation),
        _storable(provider[:_LONGEST_PROVIDER_ID]) if provider else None,
    )


def _storable(words: str) -> str:
    """A server may say anything; databases take neither NUL nor lone surrogates."""
    if words.isascii():
        return words.replace("\0", "\N{REPLACEMENT CHARACTER}") if "\0" in words else words
    return words.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _identifier_row(result: Result) -> dict[str, object]:
    return {
        "value": identifier_key(result.provider_message_id or ""),
        "message_id": result.message_id,
        "origin": IdentifierOrigin.PROVIDER,
    }
