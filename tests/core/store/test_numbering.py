"""New rows get their ids before they are inserted, in one statement; rows that bring ids are left alone."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select

from mailloom.store.contacts import Contact
from mailloom.store.database import Database
from mailloom.testing import Clock, temporary_app

now = Clock()


def named(*names: str, **values: object) -> list[Contact]:
    return [Contact(name=name, created_at=now(), **values) for name in names]


def test_new_rows_of_one_flush_are_numbered_in_the_order_they_were_added(database: Database) -> None:
    with temporary_app([], database_url=database.url.render_as_string(hide_password=False)) as app:
        statements: list[str] = []
        event.listen(
            app.database.engine, "before_cursor_execute", lambda _c, _cursor, text, *_: statements.append(text)
        )
        with app.write() as session:
            session.add_all(named("Ann", "Bob", "Kim"))
        with app.write() as session:
            session.add_all(named("Lou", "Max"))
        with app.read() as session:
            assert session.scalars(select(Contact.name).order_by(Contact.id)).all() == [
                "Ann",
                "Bob",
                "Kim",
                "Lou",
                "Max",
            ]
        assert len([text for text in statements if text.startswith("INSERT INTO contact ")]) == 2


@pytest.mark.parametrize("given", [7, 1], ids=["beyond the others", "among the others"])
def test_a_row_that_brings_its_id_keeps_it(given: int) -> None:
    with temporary_app([]) as app, app.write() as session:
        session.add_all([*named("Ann", id=given), *named("Bob")])
        session.flush()
        found = {contact.name: contact.id for contact in session.scalars(select(Contact))}
    assert found["Ann"] == given
    assert found["Bob"] != given


def test_what_was_undone_does_not_disturb_the_numbers() -> None:
    with temporary_app([]) as app, app.write() as session:
        with session.begin_nested() as savepoint:
            session.add_all(named("Ann", "Bob"))
            session.flush()
            savepoint.rollback()
        session.add_all(named("Kim", "Lou"))
        session.flush()
        assert session.scalars(select(Contact.name).order_by(Contact.id)).all() == ["Kim", "Lou"]
