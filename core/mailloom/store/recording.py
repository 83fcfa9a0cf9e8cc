"""Writing what became of deliveries, many in one statement, and only where the pass that reports still holds the row.

The rows travel as one JSON text that the database takes apart: a statement per result costs both databases, and SQLAlchemy, several times more.
A row that was given up as `uncertain` still takes the result of the pass that held it: a late answer is better than none.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
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


# id, attempt, state, attempts, due (null: settled), status, reply, explanation, provider id
_ROWS = {
    "sqlite": """
        SELECT value ->> 0 AS id, value ->> 1 AS attempt, value ->> 2 AS state, value ->> 3 AS attempts, value ->> 4 AS due,
               value ->> 5 AS status, value ->> 6 AS reply, value ->> 7 AS explanation, value ->> 8 AS provider_id
        FROM json_each(:rows)""",
    "postgresql": """
        SELECT CAST(value ->> 0 AS bigint) AS id, value ->> 1 AS attempt, value ->> 2 AS state,
               CAST(value ->> 3 AS integer) AS attempts, CAST(value ->> 4 AS timestamptz) AS due, value ->> 5 AS status,
               value ->> 6 AS reply, value ->> 7 AS explanation, value ->> 8 AS provider_id
        FROM json_array_elements(CAST(:rows AS json))""",
}
_RECORD = """
    WITH result AS ({rows})
    UPDATE delivery SET
        state = result.state, attempts = result.attempts, status = result.status, reply = result.reply,
        explanation = result.explanation, provider_id = coalesce(result.provider_id, delivery.provider_id),
        due = coalesce(result.due, delivery.due), settled_at = CASE WHEN result.due IS NULL THEN :now END,
        attempt = CASE WHEN result.due IS NULL THEN delivery.attempt END, lease_until = NULL
    FROM result
    WHERE {held}
"""
_STILL_HELD = """delivery.id = result.id AND delivery.attempt = result.attempt
        AND delivery.state IN ('leased', 'sending', 'uncertain')"""
_RETURNING = {"sqlite": "", "postgresql": "RETURNING delivery.id"}
_LIST = """
    WITH result AS ({rows})
    INSERT INTO delivery_attempt (delivery_id, account_id, at, state, status, reply)
    SELECT id, :account, :now, state, status, reply FROM result
"""
# SQLite: as SQLAlchemy stores moments, so that they compare as text.
_MOMENTS = {"sqlite": "%Y-%m-%d %H:%M:%S.%f", "postgresql": "%Y-%m-%d %H:%M:%S.%f+00"}
_NOW = bindparam("now", type_=UtcDateTime)
_RECORDS = {
    name: text(_RECORD.format(rows=rows, held=_STILL_HELD) + _RETURNING[name]).bindparams(_NOW)
    for name, rows in _ROWS.items()
}
_HELD = text(
    f"WITH result AS ({_ROWS['sqlite']})"  # noqa: S608 - constants
    f" SELECT json_group_array(delivery.id) FROM result CROSS JOIN delivery WHERE {_STILL_HELD}"
)
_LISTS = {name: text(_LIST.format(rows=rows)).bindparams(_NOW) for name, rows in _ROWS.items()}


def record(session: Session, results: Sequence[Result], *, account_id: int, now: datetime) -> list[Result]:
    """Write results; returns those that were written. The caller commits."""
    if not results:
        return []
    dialect = session.get_bind().dialect
    moment = _MOMENTS[dialect.name]
    rows = {result.id: _row(result, moment) for result in results}
    held = _written(session, dialect.name, {"rows": json.dumps(list(rows.values())), "now": now})
    written = [result for result in results if result.id in held]
    if tried := [rows[result.id] for result in written if result.tried]:
        session.execute(_LISTS[dialect.name], {"rows": json.dumps(tried), "account": account_id, "now": now})
    if renamed := [_identifier_row(result) for result in written if result.provider_message_id]:
        session.execute(insert(MessageIdentifier.__table__), renamed)  # type: ignore[arg-type]  # declared as FromClause, is a Table
    return written


def _written(session: Session, dialect: str, values: dict[str, object]) -> set[int]:
    """Write, and say which rows were still held. A writer of SQLite is alone, and asks before: ids that come back row by row cost it more."""
    if dialect != "sqlite":
        return set(session.execute(_RECORDS[dialect], values).scalars().all())
    held = json.loads(session.execute(_HELD, {"rows": values["rows"]}).scalar_one())
    session.execute(_RECORDS[dialect], values)
    return set(held)


def _row(result: Result, moment: str) -> tuple[object, ...]:
    due = result.due and result.due.astimezone(UTC).strftime(moment)
    provider = result.provider_id
    return (
        result.id,
        result.attempt,
        result.state.value,
        result.attempts,
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
