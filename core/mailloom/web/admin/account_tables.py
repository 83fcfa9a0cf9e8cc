"""The tables of mail servers: those that send with what waits for them, those that mail is fetched from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import func, literal, select

from mailloom.api.pages import Column, Filter, Kind, Table
from mailloom.api.pages.formats import badge, text_of
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.store.outbox import READY, Delivery

_COUNTED = 1000
_LONGEST_WORDS = 120

_some = (
    select(literal(1).label("one"))
    .select_from(Delivery)
    .where(Delivery.account_id == AccountRow.id, READY)
    .correlate(AccountRow)
    .limit(_COUNTED + 1)
)
WAITING = select(func.count()).select_from(_some.subquery()).scalar_subquery()
"""Of an account, counted up to a bound by the index that sending itself uses."""


def waiting_text(value: int) -> str:
    return f"{_COUNTED}+" if value > _COUNTED else text_of(value)


def _trouble(value: Any, row: Mapping[str, Any]) -> str:
    said = " ".join((row["paused"] or value or "").split())
    return said if len(said) <= _LONGEST_WORDS else f"{said[:_LONGEST_WORDS]}…"


_NAME = Column(
    name="name",
    label="Name",
    value=AccountRow.name,
    sort=True,
    link=lambda row: f"/admin/servers/{row['_key']}",
)
_KIND = Column(name="kind", label="Kind", value=AccountRow.kind, sort=True)
_STATE = Column(
    name="state",
    label="State",
    value=AccountRow.state,
    kind=Kind.STATE,
    sort=True,
    look=lambda value, row: badge("archived") if row["archived"] else badge(value),
)
_REST = (
    Column(name="archived", label="Archived", value=AccountRow.archived, shown=False),
    Column(name="paused", label="Stopped because", value=AccountRow.paused_reason, shown=False),
    Column(name="last_error", label="Trouble", value=AccountRow.last_error, look=_trouble, wide=True),
)


def _worked(label: str) -> Column:
    return Column(name="last_success_at", label=label, value=AccountRow.last_success_at, kind=Kind.MOMENT, sort=True)


ARCHIVED = "archived"
_FILTERS = (
    Filter(
        name="state",
        label="State",
        options=[*((state.value, state.value) for state in AccountState), (ARCHIVED, ARCHIVED)],
        condition=lambda value: (
            AccountRow.archived.is_(True) if value == ARCHIVED else AccountRow.state == AccountState(value)
        ),
    ),
)
TABLES = {
    Direction.OUTGOING: Table(
        name="outgoing-servers",
        key=AccountRow.id,
        columns=(
            _NAME,
            _KIND,
            _STATE,
            Column(name="sequence", label="Order", value=AccountRow.sequence, kind=Kind.NUMBER, sort=True),
            Column(
                name="waiting",
                label="Waiting",
                value=WAITING,
                kind=Kind.NUMBER,
                look=lambda value, row: waiting_text(value),
            ),
            _worked("Last sent"),
            *_REST,
        ),
        search=(AccountRow.name, AccountRow.kind),
        filters=_FILTERS,
        sort="name",
        empty_title="No server to send by yet",
        empty_text="Add the one that your organisation sends mail by: only an address is needed to begin.",
    ),
    Direction.INCOMING: Table(
        name="incoming-servers",
        key=AccountRow.id,
        columns=(_NAME, _KIND, _STATE, _worked("Last look"), *_REST),
        search=(AccountRow.name, AccountRow.kind),
        filters=_FILTERS,
        sort="name",
        empty_title="No server to fetch from yet",
        empty_text="Add the mailbox that mail comes to, or install the app that listens for mail itself.",
    ),
}


def table_of(direction: Direction, titles: Mapping[str, str], *, archived: bool) -> Table:
    """With the kinds' `titles` by their names; the archived ones or all others."""
    table = TABLES[direction]
    kind = replace(_KIND, look=lambda value, row: titles.get(value, value))
    return replace(
        table,
        columns=[kind if each is _KIND else each for each in table.columns],
        where=lambda chosen: chosen.where(AccountRow.direction == direction, AccountRow.archived.is_(archived)),
    )
