"""The rows that one batch of an import becomes, a statement for each table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, bindparam, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mailloom.api import Office, office_of
from mailloom.store.base import Base
from mailloom.store.contacts import ContactAddress

from .judging import Judged
from .models import Change, Consent, Event, Import, ImportRow, Member, State, Subscription, Verdict
from .objections import AT_ONCE

_SAID = ("name", "language", "time_zone", "attributes")


def refresh_plans(office: Office) -> None:
    """Let PostgreSQL see how far the tables have grown: it keeps the plan of a statement until their statistics change."""
    with office.write() as session:
        if session.get_bind().dialect.name == "postgresql":
            for mapped in (Member, Subscription):
                session.execute(text(f"ANALYZE {mapped.__tablename__}"))


def write(session: Session, run: Import, judged: Sequence[Judged], agreed: str) -> None:
    """Members, subscriptions, history and the results; the caller commits."""
    members = _add_members(session, [entry for entry in judged if entry.person and entry.member_id is None])
    _change_members(session, [entry for entry in judged if entry.changes])
    joining = [entry for entry in judged if entry.verdict is Verdict.NEW]
    _subscribe(session, run, [(entry, entry.member_id or members[entry.key]) for entry in joining], agreed)
    session.execute(
        insert(_table(ImportRow)),
        [
            {
                "import_id": run.id,
                "row": entry.number,
                "address": entry.address,
                "verdict": entry.verdict,
                "reason": entry.reason,
            }
            for entry in judged
        ],
    )


def _add_members(session: Session, fresh: Sequence[Judged]) -> Mapping[str, int]:
    """Ids by key. Whoever was made by somebody else meanwhile is taken as he is."""
    if not fresh:
        return {}
    keys = [entry.key for entry in fresh]
    contacts = _by_key(session, ContactAddress.key, ContactAddress.contact_id, keys)
    now = office_of(session).now()
    rows = [
        {
            "address": entry.person.address,
            "key": entry.key,
            "name": entry.person.name,
            "language": entry.person.language,
            "time_zone": entry.person.time_zone,
            "attributes": dict(entry.person.attributes),
            "contact_id": contacts.get(entry.key),
            "source": Consent.IMPORT,
            "created_at": now,
        }
        for entry in fresh
        if entry.person is not None
    ]
    session.execute(_insert_new(session, Member), rows)
    return _by_key(session, Member.key, Member.id, keys)


def _by_key(session: Session, key: Any, value: Any, keys: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(keys), AT_ONCE):
        rows = session.execute(select(key, value).where(key.in_(keys[start : start + AT_ONCE])))
        found.update((row[0], row[1]) for row in rows)
    return found


def _change_members(session: Session, changed: Sequence[Judged]) -> None:
    for column in _SAID:
        rows = [
            {"number": entry.member_id, "said": entry.changes[column]} for entry in changed if column in entry.changes
        ]
        if rows:
            table = _table(Member)
            statement = update(table).where(table.c.id == bindparam("number")).values({column: bindparam("said")})
            session.connection().execute(statement, rows)


def _subscribe(session: Session, run: Import, joining: Sequence[tuple[Judged, int]], agreed: str) -> None:
    if not joining:
        return
    now = office_of(session).now()
    shared = {
        "file": run.file_name,
        "import": str(run.id),
        "by": run.by,
        **({"agreed": agreed[:500]} if agreed else {}),
    }
    rows = [
        {
            "list_id": run.list_id,
            "member_id": member_id,
            "state": State.SUBSCRIBED,
            "since": now,
            "consent": Consent.IMPORT,
            "evidence": {**shared, "row": str(entry.number)},
            "reason": "",
        }
        for entry, member_id in joining
    ]
    session.execute(_insert_new(session, Subscription), rows)
    _confirm_pending(session, [row for row, (entry, _) in zip(rows, joining, strict=True) if entry.known_subscription])
    lines = [
        {
            "member_id": row["member_id"],
            "list_id": row["list_id"],
            "at": now,
            "event": Event.SUBSCRIBED,
            "source": Consent.IMPORT.value,
            "evidence": row["evidence"],
            "reason": "",
        }
        for row in rows
    ]
    session.execute(insert(_table(Change)), lines)


def _confirm_pending(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Who asked and has not confirmed yet is on the list now, since somebody vouches for him."""
    if not rows:
        return
    table = _table(Subscription)
    columns = ("state", "since", "consent", "evidence")
    statement = (
        update(table)
        .where(table.c.list_id == bindparam("of_list"), table.c.member_id == bindparam("of_member"))
        .where(table.c.state == State.PENDING)
        .values({column: bindparam(f"new_{column}") for column in columns})
    )
    session.connection().execute(
        statement,
        [
            {"of_list": row["list_id"], "of_member": row["member_id"]}
            | {f"new_{column}": row[column] for column in columns}
            for row in rows
        ],
    )


def _insert_new(session: Session, mapped: type[Base]) -> Any:
    build = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    return build(_table(mapped)).on_conflict_do_nothing()


def _table(mapped: type[Base]) -> Table:
    table = mapped.__table__
    assert isinstance(table, Table)
    return table
