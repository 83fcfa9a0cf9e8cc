"""Putting the people of a file on a list: first to look, then in batches that are each one transaction with their results.

A run that was killed goes on where its last batch ended; a file that is imported once more finds everybody unchanged.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api import Office
from mailloom.errors import MailloomError, NotFound, Refused

from . import writing
from .columns import Columns, columns_of
from .judging import Judge, Judged
from .models import AudienceList, Import, ImportRow, ImportState, Verdict
from .tables import Row, open_table

BATCH = 1000
_SHOWN = 5
"""Rows of each verdict in a preview."""

Progress = Callable[[int], None]
"""Told how many rows were dealt with since it was told last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to import, and how its columns are to be understood. `agreed`: how these people agreed to get mail, as evidence."""

    path: Path
    list_id: int
    said: Mapping[str, str] = field(default_factory=dict)
    ignored: Sequence[str] = ()
    agreed: str = ""
    by: str = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a run would do. `first` holds some rows of each verdict."""

    columns: Mapping[str, str]
    counts: Mapping[Verdict, int]
    first: Mapping[Verdict, Sequence[Judged]]


def preview(office: Office, wish: Wish, progress: Progress = lambda rows: None) -> Preview:
    """Judge every row and change nothing."""
    counts: Counter[Verdict] = Counter()
    first: dict[Verdict, list[Judged]] = {verdict: [] for verdict in Verdict}
    with open_table(wish.path) as table:
        columns = columns_of(table.columns, wish.said, wish.ignored)
        judge = _judge(office, wish, columns)
        for rows in _batches(table.rows):
            with office.read() as session:
                for judged in judge.judge(session, rows):
                    counts[judged.verdict] += 1
                    if len(first[judged.verdict]) < _SHOWN:
                        first[judged.verdict].append(judged)
            progress(len(rows))
    return Preview(columns=columns.named(table.columns), counts=counts, first=first)


def run(office: Office, wish: Wish, progress: Progress = lambda rows: None) -> int:
    """Import; returns the id of the `Import`, which holds the counts. What is wrong with the file ends the run and stays as its reason."""
    with open_table(wish.path) as table:
        columns = columns_of(table.columns, wish.said, wish.ignored)
        judge = _judge(office, wish, columns)
        number, done = _begin(office, wish, columns.named(table.columns))
        try:
            for count, rows in enumerate(_batches(table.rows), start=1):
                _import(office, wish, number, judge, rows, done)
                # At each doubling: how to find addresses in an empty table is no way to find them in a full one.
                if count & (count - 1) == 0:
                    writing.refresh_plans(office)
                progress(len(rows))
        except MailloomError as error:
            _end(office, number, ImportState.FAILED, str(error))
            raise
    _end(office, number, ImportState.DONE, "")
    return number


def imported(session: Session, number: int) -> Import:
    found = session.get(Import, number)
    if found is None:
        raise NotFound(f"There is no import {number}.", remedy="`mailloom subscribers imports` shows them.")
    return found


def results(session: Session, number: int) -> Iterator[ImportRow]:
    """The rows of an import in order, a page at a time."""
    last = 0
    while page := session.scalars(
        select(ImportRow)
        .where(ImportRow.import_id == number, ImportRow.row > last)
        .order_by(ImportRow.row)
        .limit(BATCH)
    ).all():
        yield from page
        last = page[-1].row
        session.expunge_all()


def _batches(rows: Iterator[tuple[int, Row]]) -> Iterator[list[tuple[int, Row]]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _judge(office: Office, wish: Wish, columns: Columns) -> Judge:
    with office.read() as session:
        to = session.get_one(AudienceList, wish.list_id)
        if to.archived_at is not None:
            raise Refused(f"The list {to.name} is archived.", remedy="Wake it, or choose another list.")
        if to.double_opt_in and not wish.agreed.strip():
            raise Refused(
                f"Everybody confirms before getting mail of the list {to.name}, and a file cannot.",
                remedy='Say how these people agreed: --agreed "paper form at the fair, May 2026".',
            )
        return Judge.of(to, columns)


def _begin(office: Office, wish: Wish, columns: Mapping[str, str]) -> tuple[int, int]:
    """The import, and up to which row it was done before."""
    digest = _digest(wish.path)
    with office.write() as session:
        running = select(Import).where(
            Import.list_id == wish.list_id, Import.file_digest == digest, Import.state == ImportState.RUNNING
        )
        found = session.scalars(running.order_by(Import.id.desc())).first()
        if found is None or found.columns != columns:
            found = Import(
                list_id=wish.list_id,
                file_name=wish.path.name[:255],
                file_digest=digest,
                by=wish.by[:64],
                columns=dict(columns),
                started_at=office.now(),
            )
            session.add(found)
            session.flush()
        return found.id, found.next_row - 1


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _import(office: Office, wish: Wish, number: int, judge: Judge, rows: Sequence[tuple[int, Row]], done: int) -> None:
    with office.write() as session:
        judged = judge.judge(session, rows)
        # A row that an earlier process did is judged all the same, so that its address is known when it comes again.
        fresh = [entry for entry in judged if entry.number > done]
        if not fresh:
            return
        run = session.get_one(Import, number, with_for_update=True)
        writing.write(session, run, fresh, wish.agreed.strip())
        run.counts = _added(run.counts, fresh)
        run.next_row = fresh[-1].number + 1


def _added(counts: Mapping[str, int], judged: Iterable[Judged]) -> dict[str, int]:
    return dict(Counter(counts) + Counter(entry.verdict.value for entry in judged))


def _end(office: Office, number: int, state: ImportState, reason: str) -> None:
    with office.write() as session:
        run = session.get_one(Import, number)
        run.state, run.reason, run.ended_at = state, reason, office.now()
