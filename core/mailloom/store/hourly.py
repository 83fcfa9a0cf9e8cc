"""How much mail came and went in each hour: counted in the transaction of what is counted, so that a page need not look at millions of rows.

An hour of one thing is spread over `SHARDS` rows: workers that count at the same moment seldom wait for each other.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CursorResult, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailloom.store.base import Base
from mailloom.store.types import EnumText, UtcDateTime

SHARDS = 16


class Counted(StrEnum):
    RECEIVED = "received"
    SENT = "sent"
    REFUSED = "refused"
    """Deliveries that ended without being sent. What bounces later was sent."""


class Hourly(Base):
    """A part of the count of one hour."""

    __tablename__ = "hourly"

    hour: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    """Its beginning, UTC."""
    what: Mapped[Counted] = mapped_column(EnumText(Counted), primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    count: Mapped[int] = mapped_column(BigInteger)


def hour_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _upsert(build: type[sqlite.Insert] | type[postgresql.Insert]) -> sqlite.Insert | postgresql.Insert:
    new = build(Hourly.__table__)  # type: ignore[arg-type]  # declared as FromClause, is a Table
    key = [Hourly.hour, Hourly.what, Hourly.shard]
    return new.on_conflict_do_update(index_elements=key, set_={"count": Hourly.count + new.excluded.count})


_UPSERT = {"sqlite": _upsert(sqlite.Insert), "postgresql": _upsert(postgresql.Insert)}


def count(session: Session, now: datetime, counts: Mapping[Counted, int]) -> None:
    """Add to the hour of `now`. Sorted, so that two workers lock rows in the same order. The caller commits."""
    # A writer of SQLite is alone.
    name = session.get_bind().dialect.name
    shard = 0 if name == "sqlite" else random.randrange(SHARDS)  # noqa: S311 - not a secret
    rows = [
        {"hour": hour_of(now), "what": what, "shard": shard, "count": number}
        for what, number in sorted(counts.items())
        if number
    ]
    if rows:
        session.connection().execute(_UPSERT[name], rows)


def counted_since(session: Session, since: datetime) -> dict[tuple[datetime, Counted], int]:
    """From the hour of that moment on; hours in which nothing was counted are not among them."""
    chosen = (
        select(Hourly.hour, Hourly.what, func.sum(Hourly.count))
        .where(Hourly.hour >= hour_of(since))
        .group_by(Hourly.hour, Hourly.what)
    )
    found: Counter[tuple[datetime, Counted]] = Counter()
    for hour, what, number in session.execute(chosen):
        found[hour, what] = int(number)
    return dict(found)


def forget_before(session: Session, before: datetime) -> int:
    """Remove the hours before that moment; returns how many rows went. The caller commits."""
    gone = session.execute(delete(Hourly).where(Hourly.hour < hour_of(before)))
    assert isinstance(gone, CursorResult)
    return gone.rowcount
