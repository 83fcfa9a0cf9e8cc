"""The people of a list, and the results of an import, as CSV or XLSX: read from the database a page at a time, and written as they come."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from mailloom.api.spreadsheets import escaped
from mailloom.errors import ConfigurationError

from .importing import results
from .models import Member, State, Subscription
from .tables import spreadsheets

_PAGE = 1000
_COLUMNS = ("email", "name", "language", "time_zone", "state", "since", "consent", "confirmed_at", "reason")
_RESULT_COLUMNS = ("row", "email", "verdict", "reason")

WriteRow = Callable[[Sequence[object]], object]


def export_people(
    session: Session,
    path: Path,
    list_id: int,
    *,
    state: State | None = None,
    progress: Callable[[int], None] = lambda rows: None,
) -> int:
    """Write a list's people with all their attributes; how many. ConfigurationError for a name that ends otherwise than .csv or .xlsx."""
    attributes = sorted(_attributes(session, list_id, state))
    with _writer(path) as write:
        write([*_COLUMNS, *attributes])
        return _write_all(write, (_row(*one, attributes) for one in _people(session, list_id, state)), progress)


def export_results(session: Session, path: Path, number: int) -> int:
    """Write what became of each row of an import; how many there are."""
    with _writer(path) as write:
        write(_RESULT_COLUMNS)
        found = ((row.row, row.address, row.verdict.value, row.reason) for row in results(session, number))
        return _write_all(write, found, lambda rows: None)


def _write_all(write: WriteRow, rows: Iterable[Sequence[object]], progress: Callable[[int], None]) -> int:
    count = 0
    for row in rows:
        write([_cell(value) for value in row])
        progress(1)
        count += 1
    return count


def _people(session: Session, list_id: int, state: State | None) -> Iterator[tuple[Member, Subscription]]:
    last = 0
    while page := session.execute(_chosen(list_id, state).where(Member.id > last).limit(_PAGE)).all():
        for member, subscription in page:
            yield member, subscription
            last = member.id
        session.expunge_all()


def _chosen(list_id: int, state: State | None) -> Select[Member, Subscription]:
    statement = select(Member, Subscription).join(Subscription, Subscription.member_id == Member.id)
    statement = statement.where(Subscription.list_id == list_id).order_by(Member.id)
    return statement if state is None else statement.where(Subscription.state == state)


def _attributes(session: Session, list_id: int, state: State | None) -> set[str]:
    names: set[str] = set()
    for member, _ in _people(session, list_id, state):
        names.update(member.attributes)
    return names


def _row(member: Member, subscription: Subscription, attributes: Sequence[str]) -> list[object]:
    known: Mapping[str, object] = member.attributes
    return [
        member.address,
        member.name,
        member.language,
        member.time_zone,
        subscription.state.value,
        subscription.since,
        subscription.consent.value,
        subscription.confirmed_at,
        subscription.reason,
        *(known.get(name) for name in attributes),
    ]


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return escaped(value) if isinstance(value, str) else value


@contextmanager
def _writer(path: Path) -> Iterator[WriteRow]:
    match path.suffix.lower():
        case ".csv":
            # The byte order mark tells spreadsheets that it is UTF-8.
            with path.open("w", newline="", encoding="utf-8-sig") as file:
                yield csv.writer(file).writerow
        case ".xlsx":
            book = spreadsheets().Workbook(write_only=True)
            yield book.create_sheet("mailloom").append
            book.save(path)
        case _:
            raise ConfigurationError(f"{path.name} is to be which sort of file?", remedy="Let it end in .csv or .xlsx.")
