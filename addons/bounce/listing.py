"""Carrying the suppression list in and out as CSV: address, scope, reason, by, since."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TextIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.spreadsheets import escaped, unescaped
from mailloom.errors import ConfigurationError, MailloomError

from .models import Scope, Suppression
from .suppressing import suppress_address

COLUMNS = ("address", "scope", "reason", "by", "since")
_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedRow:
    """What became of one line. `fault` '' means: it is on the list now."""

    line: int
    address: str
    fault: str = ""


def export(session: Session, file: TextIO) -> int:
    """Write the list; returns how many lines."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    count = 0
    for row in session.scalars(select(Suppression).where(Suppression.undone_at.is_(None)).order_by(Suppression.id)):
        writer.writerow(
            [escaped(row.key), row.scope.value, escaped(row.reason), escaped(row.by), row.since.isoformat()]
        )
        count += 1
    return count


def load(session: Session, lines: Iterable[str], *, by: str, now: datetime) -> Iterator[ImportedRow]:
    """Put each line's address on the list. A line that is wrong is told and left out; only `address` is needed. The caller commits."""
    reader = csv.DictReader(lines)
    names = [name.strip().lower() for name in reader.fieldnames or ()]
    if "address" not in names:
        raise ConfigurationError(
            "The file has no column `address`.", remedy=f"Its first line names the columns: {','.join(COLUMNS)}."
        )
    reader.fieldnames = names
    for row in reader:
        address = unescaped((row.get("address") or "").strip())
        try:
            scope = Scope((row.get("scope") or "all").strip().lower())
            reason = unescaped((row.get("reason") or "imported").strip())[:_LONGEST_REASON]
            suppress_address(session, address, scope=scope, reason=reason, by=by, now=now)
            yield ImportedRow(line=reader.line_num, address=address)
        except (MailloomError, ValueError) as error:
            yield ImportedRow(line=reader.line_num, address=address, fault=str(error))
