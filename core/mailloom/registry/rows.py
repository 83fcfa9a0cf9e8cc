"""The stored side of the registry: one row per addon that was ever installed, and the version that tells other processes of a change."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mailloom.errors import ConfigurationError
from mailloom.registry.bringup import Addon
from mailloom.store.system import AddonRow, AddonState, Counter

VERSION = "registry"


def read_rows(session: Session) -> dict[str, AddonRow]:
    """All rows by name; ConfigurationError when the core's tables are not there."""
    if not inspect(session.connection()).has_table(AddonRow.__tablename__):
        raise ConfigurationError("The database has no tables yet.", remedy="Run: mailloom init")
    return {row.name: row for row in session.scalars(select(AddonRow))}


def read_version(session: Session) -> int:
    return session.scalar(select(Counter.value).where(Counter.name == VERSION)) or 0


def raise_version(session: Session) -> None:
    """Tell all processes that the addons or settings changed, as soon as the caller commits."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    first = insert(Counter).values(name=VERSION, value=1)
    session.execute(first.on_conflict_do_update(index_elements=[Counter.name], set_={"value": Counter.value + 1}))


def write_row(session: Session, name: str, *, version: str, state: AddonState, wanted: bool, now: datetime) -> None:
    """Note what people decided of an addon; its reason is empty until the next load."""
    row = session.get(AddonRow, name)
    if row is None:
        row = AddonRow(name=name)
        session.add(row)
    row.version, row.state, row.wanted = version, state, wanted
    row.reason, row.remedy, row.changed_at = "", "", now
    session.flush()


def write_state(row: AddonRow, addon: Addon, now: datetime) -> bool:
    """Note what is true of an addon now; returns whether that is news."""
    if (row.state, row.reason, row.remedy) == (addon.state, addon.reason, addon.remedy):
        return False
    row.state, row.reason, row.remedy, row.changed_at = addon.state, addon.reason, addon.remedy, now
    return True
