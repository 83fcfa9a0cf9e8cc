"""The databases that tests run on are fresh, complete and of both sorts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from mailloom.store.database import Database
from mailloom.store.system import Counter


def test_each_test_gets_a_database_with_the_tables_of_the_core(database: Database) -> None:
    with database.write() as session:
        session.add(Counter(name="registry", value=1))
    with database.read() as session:
        assert session.scalars(select(Counter.value)).all() == [1]


def test_nothing_is_left_from_the_test_before(database: Database, now: datetime) -> None:
    assert now.tzinfo is not None
    with database.read() as session:
        assert session.scalars(select(Counter.value)).all() == []
