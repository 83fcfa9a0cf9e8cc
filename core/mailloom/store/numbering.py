"""Ids for rows before they are inserted, so that many are inserted by one statement.

On SQLite SQLAlchemy inserts row by row as soon as it must learn the ids of the rows. Writers exclude each other there, so that ids can be
given beforehand: they follow the highest one of the table, as SQLite's own would. A flush of several new rows of one table does so by itself.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import Column, FromClause, Table, func, inspect, select
from sqlalchemy.orm import Session


def number_new_rows(session: Session, _context: object, _instances: object) -> None:
    """Listens to `before_flush` of sessions that write to SQLite."""
    new = session.new
    if len(new) < 2:
        return
    by_table: dict[FromClause, list[Any]] = defaultdict(list)
    for record in new:
        by_table[inspect(record).mapper.local_table].append(record)
    for table, records in by_table.items():
        column = table.autoincrement_column if isinstance(table, Table) else None
        if len(records) > 1 and column is not None:
            _number(session, column, records)


def _number(session: Session, column: Column[Any], records: list[Any]) -> None:
    """Unless some have their ids from elsewhere: then it is not for us to say which are free."""
    names = [inspect(record).mapper.get_property_by_column(column).key for record in records]
    if any(getattr(record, name) is not None for record, name in zip(records, names, strict=True)):
        return
    highest = session.connection().scalar(select(func.max(column))) or 0
    for number, (record, name) in enumerate(zip(records, names, strict=True), highest + 1):
        setattr(record, name, number)
