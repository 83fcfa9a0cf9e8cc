"""How many messages an account may send right now, the same for all workers: token buckets in rows.

Per second and per minute the buckets refill steadily and hold one message and a tenth of the rate, so that bursts hardly pass the limit. The day's
allowance is a window: it starts with the first message and is full again 24 hours later, because providers count the last 24 hours and an even
refill would pass their limit all day after a morning's burst. A clock that was set back refills nothing until it has caught up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mailloom.store.accounts import Throttle

_BURST = 0.1
_DAY = timedelta(days=1)


class Limits(Protocol):
    """The part of `OutgoingSettings` that limits rates; None: no limit."""

    per_second: int | None
    per_minute: int | None
    per_day: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """One limit: `count` messages per `period`; `window` refills at once at the end of the period."""

    scope: str
    count: int
    period: timedelta
    window: bool = False

    @property
    def capacity(self) -> float:
        return float(self.count) if self.window else 1.0 + self.count * _BURST

    def refilled(self, tokens: float, updated_at: datetime, now: datetime) -> float:
        """What is in the bucket now, `tokens` having been left at `updated_at`."""
        passed = max(now - updated_at, timedelta())
        if self.window:
            return self.capacity if passed >= self.period else tokens
        return min(self.capacity, tokens + passed / self.period * self.count)

    def wait(self, tokens: float, updated_at: datetime, now: datetime) -> timedelta:
        """Until one message more is allowed."""
        if self.window:
            return max(updated_at + self.period - now, timedelta())
        return self.period / self.count * max(1.0 - tokens, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """How many messages may go now; with none, how long to wait."""

    count: int
    wait: timedelta = timedelta()


def buckets(account_id: int, limits: Limits) -> list[Bucket]:
    """The limits that an account has."""
    given = (
        ("second", limits.per_second, timedelta(seconds=1), False),
        ("minute", limits.per_minute, timedelta(minutes=1), False),
        ("day", limits.per_day, _DAY, True),
    )
    return [
        Bucket(scope=f"account:{account_id}:{name}", count=count, period=period, window=window)
        for name, count, period, window in given
        if count is not None
    ]


def take(session: Session, limits: Sequence[Bucket], wanted: int, now: datetime) -> Grant:
    """Take up to `wanted` tokens from all buckets at once; the caller commits before anything is sent."""
    if not limits or not wanted:
        return Grant(count=wanted)
    rows = {bucket.scope: _row(session, bucket, now) for bucket in limits}
    left = {b.scope: b.refilled(rows[b.scope].tokens, rows[b.scope].updated_at, now) for b in limits}
    allowed = min(wanted, *(int(tokens + 1e-9) for tokens in left.values()))
    if allowed <= 0:
        waits = [b.wait(left[b.scope], rows[b.scope].updated_at, now) for b in limits if left[b.scope] < 1 - 1e-9]
        return Grant(count=0, wait=max(waits))
    for bucket in limits:
        _spend(rows[bucket.scope], bucket, left[bucket.scope], allowed, now)
    session.flush()
    return Grant(count=allowed)


def _row(session: Session, bucket: Bucket, now: datetime) -> Throttle:
    chosen = select(Throttle).where(Throttle.scope == bucket.scope).with_for_update()
    row = session.scalar(chosen.execution_options(populate_existing=True))
    if row is None:
        # Two workers may come here at once: the second one's row is the first one's.
        build = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
        fresh = build(Throttle).values(scope=bucket.scope, tokens=bucket.capacity, updated_at=now)
        session.execute(fresh.on_conflict_do_nothing())
        row = session.scalars(chosen).one()
    return row


def _spend(row: Throttle, bucket: Bucket, left: float, count: int, now: datetime) -> None:
    if not bucket.window or left == bucket.capacity:
        row.updated_at = max(row.updated_at, now)
    row.tokens = left - count
