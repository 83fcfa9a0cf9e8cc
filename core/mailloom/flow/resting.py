"""Until when an account sends nothing, and why: for those who queue much, and would rather wait than fill the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from mailloom.api.accounts import Rest
from mailloom.flow.throttle import buckets
from mailloom.store.accounts import AccountRow, AccountState, Throttle


@dataclass(slots=True, kw_only=True)
class _Limits:
    """Only the day's: a second and a minute are waited for in the outbox."""

    per_day: int | None
    per_second: int | None = None
    per_minute: int | None = None


def rest_of(session: Session, account: AccountRow, now: datetime) -> Rest | None:
    """The account's rest; None while it works. A rest without end is one that only a person can end."""
    if account.archived or account.state is AccountState.PAUSED:
        return Rest(until=None, why=f"account {account.name} is paused: {account.paused_reason or 'by hand'}")
    if account.next_attempt_at is not None and account.next_attempt_at > now:
        return Rest(until=account.next_attempt_at, why=f"account {account.name} rests: {account.last_error}")
    return _spent(session, account, now)


def _spent(session: Session, account: AccountRow, now: datetime) -> Rest | None:
    """Whether the day's allowance is used up; shorter limits only slow the sending down."""
    limits = _Limits(per_day=account.settings.get("per_day"))
    for bucket in buckets(account.id, limits):
        row = session.get(Throttle, bucket.scope)
        if row is None:
            continue
        left = bucket.refilled(row.tokens, row.updated_at, now)
        if left < 1:
            wait = bucket.wait(left, row.updated_at, now)
            return Rest(until=now + wait, why=f"account {account.name} has sent its {bucket.count} mails of the day")
    return None
