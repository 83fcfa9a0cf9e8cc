"""Keeping mail: the bytes are committed before anything reads them, and each message is served once.

`keep_many` is what a source or listener calls before it answers 250 or marks a message seen. `claim` is the constraint behind "stored
once, served per recipient": whoever inserts (key, target) first serves it, whatever the number of workers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mailloom.api.receiving import Mailing
from mailloom.store.arrivals import Arrival, ArrivalTarget
from mailloom.store.blobs import keep_blob

WHOLE_MAIL = "mail"


def keep_many(session: Session, mails: Sequence[Mailing], now: datetime) -> list[int]:
    """Store the mails as arrivals that wait for their decision; ids in the same order. The caller commits."""
    arrivals = [_arrival(session, mail, now) for mail in mails]
    session.add_all(arrivals)
    session.flush()
    return [arrival.id for arrival in arrivals]


def _arrival(session: Session, mail: Mailing, now: datetime) -> Arrival:
    return Arrival(
        raw_digest=keep_blob(session, mail.raw, now),
        account_id=mail.account_id,
        received_at=now,
        envelope_from=mail.envelope_from,
        envelope_recipients=None if mail.recipients is None else list(mail.recipients),
        fallback=mail.fallback,
    )


def claim(session: Session, key: str, target: str, arrival_id: int) -> bool:
    """Whether this arrival may serve the target: it is the first to ask, or the one that asked first asks again (a retry)."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(ArrivalTarget).values(key=key, target=target, arrival_id=arrival_id).on_conflict_do_nothing()
    if session.execute(statement.returning(ArrivalTarget.arrival_id)).first() is not None:
        return True
    return first_server(session, key, target) == arrival_id


def first_server(session: Session, key: str, target: str = WHOLE_MAIL) -> int | None:
    """The arrival that serves this target of the message, None when nobody does yet."""
    statement = select(ArrivalTarget.arrival_id).where(ArrivalTarget.key == key, ArrivalTarget.target == target)
    return session.scalar(statement)


def id_was_used(session: Session, message_id: str, key: str, arrival_id: int) -> bool:
    """Whether another message bears the same Message-ID: a careless sender, whose mail is kept all the same."""
    if not message_id:
        return False
    others = select(Arrival.id).where(Arrival.message_id == message_id, Arrival.key != key, Arrival.id != arrival_id)
    return session.scalar(others.limit(1)) is not None
