"""Tables: every row comes once whatever the order, on both databases; hostile addresses filter nothing; CSV executes nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.pages import Column, Filter, Kind, Table, TableView
from mailloom.store.access import AuditEntry, Role, WebUser
from mailloom.store.database import Database

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NUMBER = 23

USERS = Table(
    name="users",
    key=WebUser.id,
    columns=(
        Column(name="name", label="Name", value=WebUser.name, sort=True, link=lambda row: f"/x/{row['_key']}"),
        Column(name="email", label="Address", value=WebUser.email, sort=True),
        Column(name="role", label="Role", value=WebUser.role, kind=Kind.STATE, sort=True),
        Column(name="added", label="Added", value=WebUser.created_at, kind=Kind.MOMENT, sort=True),
        Column(name="left", label="Left", value=WebUser.disabled_at, kind=Kind.MOMENT, sort=True),
        Column(name="zone", label="Zone", value=WebUser.time_zone, shown=False),
    ),
    search=(WebUser.name, WebUser.email),
    filters=(
        Filter(
            name="role",
            label="Role",
            options=[(role.value, role.value) for role in Role],
            condition=lambda value: WebUser.role == Role(value),
        ),
    ),
    per_page=5,
)


@pytest.fixture
def people(database: Database) -> Database:
    """23 users: some without address, some who left at the same moment."""
    with database.write() as session:
        for number in range(NUMBER):
            session.add(
                WebUser(
                    name=f"user{number * 7 % NUMBER:02}",
                    email=f"u{number}@example.com" if number % 3 else None,
                    role=list(Role)[number % 4],
                    created_at=START + timedelta(microseconds=number * 37 % 10),
                    disabled_at=START + timedelta(days=number % 2) if number % 4 == 0 else None,
                )
            )
    return database


def _page(database: Database, query: Mapping[str, str], table: Table = USERS) -> TableView:
    with database.read() as session:
        return table.page(session, query)


def _keys(view: TableView) -> list[int]:
    return [row["_key"] for row in view.rows]


SORTS = [sign + name for name in ("name", "email", "role", "added", "left") for sign in ("", "-")] + [""]


@pytest.mark.parametrize("sort", SORTS, ids=[sort or "newest first" for sort in SORTS])
def test_walking_forward_and_back_meets_every_row_once_in_one_order(people: Database, sort: str) -> None:
    query = {"sort": sort} if sort else {}
    whole = _keys(_page(people, query, replace(USERS, per_page=100)))
    assert sorted(whole) == list(range(1, NUMBER + 1))
    view = _page(people, query)
    assert view.before == ""
    forward = [_keys(view)]
    while view.after and len(forward) < NUMBER:
        view = _page(people, {**query, "after": view.after})
        forward.append(_keys(view))
    assert [key for page in forward for key in page] == whole
    backward = [_keys(view)]
    while view.before and len(backward) < NUMBER:
        view = _page(people, {**query, "before": view.before})
        backward.insert(0, _keys(view))
    assert [key for page in backward for key in page] == whole


def test_what_is_empty_comes_last_in_both_directions(people: Database) -> None:
    for sort in ("email", "-email"):
        rows = _page(people, {"sort": sort}, replace(USERS, per_page=100)).rows
        empty = [row["email"] is None for row in rows]
        assert empty == sorted(empty)


def test_search_and_filters_narrow_and_are_counted(people: Database) -> None:
    assert _page(people, {"q": "USER07"}).count == 1
    assert _page(people, {"q": "@example.com"}).count == 15
    marketing = _page(people, {"role": "marketing", "q": "user"})
    assert {row["role"] for row in marketing.rows} == {Role.MARKETING}
    assert marketing.filtered
    assert dict(parse_qsl(marketing.address(after="x")[1:])) == {"role": "marketing", "q": "user", "after": "x"}


@pytest.mark.parametrize(
    "query",
    [
        {"role": "emperor"},
        {"sort": "password_hash"},
        {"sort": "zone"},
        {"after": "%%%"},
        {"after": "bnVsbA=="},
        {"after": "W251bGwsIG51bGxd"},
        {"after": "WyJcdTAwMDAiLCAxXQ==", "sort": "name"},
        {"after": "WzEsIDk5OTk5OTk5OTk5OTk5OTk5OTk5OTld"},
        {"before": "W10="},
        {"after": "x" * 5000},
        {"after": "W1tbW1tbW1tbW1s="},
        {"export": "csv; rm"},
    ],
    ids=str,
)
def test_an_address_that_makes_no_sense_is_passed_over(people: Database, query: dict[str, str]) -> None:
    assert _page(people, query).count == NUMBER


@pytest.mark.parametrize("typed", ["%", "_", "\\", "'; DROP TABLE web_user; --", "x\x00y", "\ud7ff", "%" * 500])
def test_a_search_is_text_and_nothing_else(people: Database, typed: str) -> None:
    assert _page(people, {"q": typed}).count == 0


def test_csv_holds_all_rows_of_the_search_and_executes_nothing(
    database: Database,
) -> None:
    evil = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", 'quo"te', "two\nlines", "plain"]
    with database.write() as session:
        for number in range(2500):
            session.add(AuditEntry(at=START, actor=evil[number % len(evil)], action="x", subject=str(number)))
    table = Table(
        name="audit",
        key=AuditEntry.id,
        columns=(
            Column(name="actor", label="Who", value=AuditEntry.actor),
            Column(
                name="subject", label="To", value=AuditEntry.subject, look=lambda value, row: Markup("<b>shown</b>")
            ),
        ),
        search=(AuditEntry.actor,),
    )
    opened: Callable[[], AbstractContextManager[Session]] = database.read
    rows = list(csv.reader(io.StringIO("".join(table.csv(opened, {})), newline="")))
    assert rows[0] == ["Who", "To"]
    assert sorted(int(subject) for _, subject in rows[1:]) == list(range(2500))
    assert {actor for actor, _ in rows[1:]} == {
        "'=1+1",
        "'+1",
        "'-1",
        "'@SUM(A1)",
        "'\tx",
        'quo"te',
        "two\nlines",
        "plain",
    }
    assert len(list(csv.reader(io.StringIO("".join(table.csv(opened, {"q": "plain"})))))) == 2500 // 8 + 1


def test_cells_are_escaped_and_linked(people: Database) -> None:
    with people.write() as session:
        user = session.scalars(select(WebUser)).first()
        assert user is not None
        user.email = "<script>@example.com"
    view = _page(people, {"q": "<script>"})
    [row] = view.rows
    name, email = view.columns[:2]
    assert str(view.cell(name, row)) == f'<a href="/x/{row["_key"]}">{row["name"]}</a>'
    assert "<" not in Markup("{}").format(view.cell(email, row))
    assert [column.name for column in view.columns] == ["name", "email", "role", "added", "left"]


def test_sorting_turns_around_at_the_second_click(people: Database) -> None:
    name = USERS.columns[0]
    first = _page(people, {})
    assert (first.sort_state(name), first.sort_address(name)) == ("none", "?sort=name")
    second = _page(people, {"sort": "name"})
    assert (second.sort_state(name), second.sort_address(name)) == ("ascending", "?sort=-name")


def test_counting_stops(people: Database) -> None:
    view = _page(people, {})
    assert view.counted() == "23"
    assert replace(view, count=10_001).counted() == "10\u202f000+"
