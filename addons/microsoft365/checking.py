"""The doctor's look at accounts that still log in to Microsoft by password."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from mailloom.api import Authentication, Finding, Office, Severity
from mailloom.store.accounts import AccountRow, Direction

from .kinds import Microsoft365Kind
from .timetable import PASSWORD_LOGIN, REMEDY


def look(office: Office) -> Iterator[Finding]:
    chosen = select(AccountRow).where(
        AccountRow.kind == Microsoft365Kind.name,
        AccountRow.direction == Direction.OUTGOING,
        AccountRow.archived.is_(False),
    )
    with office.read() as session:
        rows = session.scalars(chosen.order_by(AccountRow.name)).all()
    for row in rows:
        if row.settings.get("authentication") == Authentication.PASSWORD:
            yield Finding(subject=f"account {row.name}", severity=Severity.WARNING, text=PASSWORD_LOGIN, remedy=REMEDY)
