"""What an account is used by, found from the tables themselves: every column that refers to an account and must not lose it."""

from __future__ import annotations

from sqlalchemy import Column, Table, func, inspect, select
from sqlalchemy.orm import Session

from mailloom.store.accounts import AccountRow
from mailloom.store.base import Base
from mailloom.store.outbox import Delivery, DeliveryState

_OPEN = (DeliveryState.QUEUED, DeliveryState.LEASED, DeliveryState.SENDING, DeliveryState.DEFERRED)


def uses_of(session: Session, account_id: int) -> list[str]:
    """Sentences such as "12 deliveries that wait"; history (sent mail, arrivals, cursors) does not count as use."""
    waiting = select(func.count()).select_from(Delivery)
    waiting = waiting.where(Delivery.account_id == account_id, Delivery.state.in_(_OPEN))
    count = session.scalar(waiting) or 0
    uses = [f"{count} {'delivery that waits' if count == 1 else 'deliveries that wait'}"] if count else []
    present = set(_tables(session))
    for table, column in _referring():
        if table.name not in present:
            continue  # of an addon that is not installed
        number = session.scalar(select(func.count()).select_from(table).where(column == account_id)) or 0
        if number:
            uses.append(f"{number} {table.name.replace('_', ' ')} rows")
    return uses


def _referring() -> list[tuple[Table, Column[int]]]:
    return [
        (table, key.parent)
        for table in Base.metadata.sorted_tables
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name)
        if key.column.table.name == AccountRow.__tablename__ and key.ondelete is None and table.name != "delivery"
    ]


def _tables(session: Session) -> list[str]:
    return inspect(session.connection()).get_table_names()
