"""Keeping mail: the bytes are committed before anything reads them, and each message is served once.

`keep_many` is what a source or listener calls before it answers 250 or marks a message seen. `claim` is the constraint behind "stored
once, served per recipient": whoever inserts (key, target) first serves it, whatever the number of workers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnClause, Insert, bindparam, insert, literal_column, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mailloom.api.receiving import Mailing
from mailloom.mail.decoding import clean
from mailloom.store.arrivals import Arrival, ArrivalTarget
from mailloom.store.blobs import keep_blobs
from mailloom.store.hourly import Counted, count
from mailloom.store.queueing import new_ids
from mailloom.store.types import UtcDateTime

WHOLE_MAIL = "mail"

_COLUMNS = ("id", "raw_digest", "account_id", "envelope_from", "envelope_recipients", "fallback")
# One statement that takes its rows out of one parameter: bound value by value they took both databases four times as long.
_VALUES = {
    "sqlite": ("value ->> 0", "value ->> 1", "value ->> 2", "value ->> 3", "value -> 4", "value ->> 5"),
    "postgresql": (
        "CAST(value ->> 0 AS bigint)",
        "value ->> 1",
        "CAST(value ->> 2 AS bigint)",
        "value ->> 3",
        "value -> 4",
        "value ->> 5",
    ),
}
_ROWS = {"sqlite": "json_each(:rows)", "postgresql": "json_array_elements(CAST(:rows AS json))"}


def _insertion(dialect: str) -> Insert:
    """Of arrivals; the table's defaults are added to what is given."""
    given: list[ColumnClause[Any]] = [literal_column(value) for value in _VALUES[dialect]]
    rows = select(*given, bindparam("now", type_=UtcDateTime)).select_from(text(_ROWS[dialect]))
    table = Arrival.__table__
    return insert(table).from_select([*_COLUMNS, "received_at"], rows)  # type: ignore[arg-type]  # declared as FromClause, is a Table


_INSERTIONS = {dialect: _insertion(dialect) for dialect in _ROWS}


def keep_many(session: Session, mails: Sequence[Mailing], now: datetime) -> list[int]:
    """Store the mails as arrivals that wait for their decision; ids in the same order. The caller commits.

    An envelope that no database takes (NUL, octets that are no UTF-8) is stored as readable text: it must not cost the mail.
    """
    if not mails:
        return []
    digests = keep_blobs(session, [mail.raw for mail in mails], now)
    ids = list(new_ids(session, Arrival, len(mails)))
    rows = [
        (
            number,
            digest,
            mail.account_id,
            _cleaned(mail.envelope_from),
            None if mail.recipients is None else [clean(one) for one in mail.recipients],
            _cleaned(mail.fallback),
        )
        for number, mail, digest in zip(ids, mails, digests, strict=True)
    ]
    # Rows, not objects: nobody looks at them before they are decided about, and a listener's rate hangs on this.
    session.connection().execute(_INSERTIONS[session.get_bind().dialect.name], {"rows": json.dumps(rows), "now": now})
    count(session, now, {Counted.RECEIVED: len(rows)})
    return ids


def _cleaned(text: str | None) -> str | None:
    return clean(text) if text else text


def claim(session: Session, key: str, target: str, arrival_id: int) -> bool:
    """Whether this arrival may serve the target: it is the first to ask, or the one that asked first asks again (a retry)."""
    return arrival_id in claim_many(session, [(key, target, arrival_id)])


def claim_many(session: Session, wanted: Sequence[tuple[str, str, int]]) -> set[int]:
    """The arrivals among (key, target, arrival) that may serve what they ask for; one target of each arrival at a time.

    Sorted, so that two workers with common messages lock them in the same order.
    """
    build = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    rows = [{"key": key, "target": target, "arrival_id": number} for key, target, number in sorted(wanted)]
    table = ArrivalTarget.__table__
    session.execute(build(table).on_conflict_do_nothing(), rows)  # type: ignore[arg-type]  # declared as FromClause, is a Table
    chosen = select(ArrivalTarget.key, ArrivalTarget.target, ArrivalTarget.arrival_id).where(
        ArrivalTarget.key.in_({key for key, _, _ in wanted}),
        ArrivalTarget.target.in_({target for _, target, _ in wanted}),
    )
    servers = {(row.key, row.target): row.arrival_id for row in session.execute(chosen)}
    return {number for key, target, number in wanted if servers.get((key, target)) == number}


def first_server(session: Session, key: str, target: str = WHOLE_MAIL) -> int | None:
    """The arrival that serves this target of the message, None when nobody does yet."""
    statement = select(ArrivalTarget.arrival_id).where(ArrivalTarget.key == key, ArrivalTarget.target == target)
    return session.scalar(statement)
