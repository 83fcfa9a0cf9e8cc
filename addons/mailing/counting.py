"""The sums behind reports, kept in the transaction of what they count, so that a report reads some hundred rows however big the mailing is.

Two families: `state` says how many ledger rows are in a state now (what waits is counted when it is asked for, since it changes with every tick);
the other dimensions count what happened, each person once for a measure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from .models import MailingCounter, Standing

WAITING = frozenset({Standing.PENDING, Standing.QUEUED})
STATE, ALL, DOMAIN, HOUR, VARIANT, LINK = "state", "all", "domain", "hour", "variant", "link"
Cell = tuple[int, str, str, str]
"""Mailing, dimension, value, measure."""


class Tally:
    """What one transaction adds."""

    def __init__(self) -> None:
        self._cells: Counter[Cell] = Counter()

    def moved(self, mailing_id: int, before: Standing | None, after: Standing, count: int = 1) -> None:
        """Ledger rows went from one state to another; None: they are new."""
        if before is not None and before not in WAITING:
            self._cells[mailing_id, STATE, before.value, "now"] -= count
        if after not in WAITING:
            self._cells[mailing_id, STATE, after.value, "now"] += count

    def happened(self, mailing_id: int, measure: str, *, domain: str, label: str, at: datetime) -> None:
        self.add(mailing_id, ALL, "", measure)
        self.add(mailing_id, DOMAIN, domain, measure)
        self.add(mailing_id, HOUR, f"{at:%Y-%m-%dT%H}", measure)
        self.add(mailing_id, VARIANT, label, measure)

    def add(self, mailing_id: int, dimension: str, value: str, measure: str, count: int = 1) -> None:
        self._cells[mailing_id, dimension, value[:255], measure] += count

    def write(self, session: Session) -> None:
        """Sorted, so that two writers lock the rows in the same order."""
        rows = [
            {"mailing_id": cell[0], "dimension": cell[1], "value": cell[2], "measure": cell[3], "count": count}
            for cell, count in sorted(self._cells.items())
            if count
        ]
        if not rows:
            return
        build = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
        fresh = build(MailingCounter.__table__)  # type: ignore[arg-type]  # declared as FromClause, is a Table
        keys = ["mailing_id", "dimension", "value", "measure"]
        added = {"count": MailingCounter.__table__.c["count"] + fresh.excluded["count"]}
        session.execute(fresh.on_conflict_do_update(index_elements=keys, set_=added), rows)
        self._cells.clear()


def sums(session: Session, mailing_id: int, dimensions: Iterable[str]) -> dict[tuple[str, str], dict[str, int]]:
    """Counts by measure, for each (dimension, value)."""
    chosen = select(MailingCounter.dimension, MailingCounter.value, MailingCounter.measure, MailingCounter.count).where(
        MailingCounter.mailing_id == mailing_id, MailingCounter.dimension.in_(list(dimensions))
    )
    found: dict[tuple[str, str], dict[str, int]] = {}
    for dimension, value, measure, count in session.execute(chosen):
        found.setdefault((dimension, value), {})[measure] = count
    return found


def standings(session: Session, mailing_id: int) -> Mapping[Standing, int]:
    """How many rows are in each state that does not wait."""
    counted = sums(session, mailing_id, [STATE])
    return {Standing(value): measures.get("now", 0) for (_, value), measures in counted.items()}
