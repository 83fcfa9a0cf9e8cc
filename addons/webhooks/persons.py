"""What this addon keeps about a person: events about them, and records that their mail made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, Delete, Update, delete, select, update
from sqlalchemy.orm import Session

from .models import Event, RemoteRecord


def export(session: Session, address: str) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    events = session.scalars(select(Event).where(Event.address == address).order_by(Event.id))
    records = session.scalars(select(RemoteRecord).where(RemoteRecord.address == address).order_by(RemoteRecord.id))
    return {
        "webhook events": [{"at": each.at, "event": each.kind.value, "told": each.payload} for each in events],
        "records of other applications": [
            {"at": each.created_at, "title": each.title, "record": each.remote_id or ""} for each in records
        ],
    }


def erase(session: Session, address: str) -> Mapping[str, int]:
    """Events go, told or not. Records lose title and address; what the application itself keeps must be erased there."""
    emptied = update(RemoteRecord).where(RemoteRecord.address == address).values(address="", title="")
    return {
        "webhook events": _count(session, delete(Event).where(Event.address == address)),
        "records of other applications": _count(session, emptied),
    }


def _count(session: Session, statement: Delete | Update) -> int:
    result = session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(result, CursorResult)
    return result.rowcount
