"""What stands in the sandbox's DNS: published by a command, as its owner would enter it into a web form."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from mailloom.api import Office
from mailloom.errors import Refused

from .models import SandboxRecord
from .zone import Published, check_record


def publish(session: Session, name: str, kind: str, values: Sequence[str]) -> None:
    """In place of all that stood under this name and type; without values it is gone. Refused for what is no record."""
    plain = name.lower().rstrip(".")
    records = [Published(name=plain, type=kind.upper(), value=value) for value in values]
    for record in records:
        try:
            check_record(record)
        except ValueError as error:
            raise Refused(
                f"{kind} {record.value[:80]!r} is no record: {error}.", remedy="Write it as in a zone file."
            ) from error
    session.execute(delete(SandboxRecord).where(SandboxRecord.name == plain, SandboxRecord.type == kind.upper()))
    session.add_all(SandboxRecord(name=record.name, type=record.type, value=record.value) for record in records)


def published(office: Office) -> list[Published]:
    with office.read() as session:
        rows = session.scalars(select(SandboxRecord).order_by(SandboxRecord.id))
        return [Published(name=row.name, type=row.type, value=row.value) for row in rows]
