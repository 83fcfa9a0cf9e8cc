"""Exclusive work: named leases that one worker holds until a moment, and whoever comes after that moment may take."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mailloom.store.accounts import Lease


def take_lease(session: Session, name: str, owner: str, *, now: datetime, until: datetime) -> bool:
    """Take or renew a lease; False while another owner holds it. The caller commits.

    A lease that reaches much further than this one would was written by a clock that has been put back since, and does not count.
    """
    build = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    fresh = build(Lease).values(name=name, owner=owner, until=until)
    statement = fresh.on_conflict_do_update(
        index_elements=[Lease.name],
        set_={"owner": owner, "until": until},
        where=(Lease.owner == owner) | (Lease.until < now) | (Lease.until > until + (until - now)),
    )
    return session.scalar(statement.returning(Lease.name)) is not None


def drop_lease(session: Session, name: str, owner: str) -> None:
    """Give a lease back before it runs out; nothing happens when another owner has it by now."""
    session.execute(delete(Lease).where(Lease.name == name, Lease.owner == owner))
