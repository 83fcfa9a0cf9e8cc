"""How an account is doing: errors of the account itself, not of single messages, put it off with growing waits, and a person is called in time.

confirmed ──fault──► failing ──works──► confirmed        (30 s, doubling, at most an hour, or what the server asks for)
    └──── login refused, or words that only a person can answer ────► paused, with an alarm
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from mailloom.flow.alarms import close_alarms, raise_alarm
from mailloom.store.accounts import AccountRow, AccountState

_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(hours=1)
ALARM_AFTER = timedelta(hours=1)


def subject_of(account: AccountRow) -> str:
    """Under which alarms about the account are kept."""
    return f"account:{account.id}"


def record_fault(
    session: Session,
    account: AccountRow,
    words: str,
    now: datetime,
    *,
    retry_after: float | None = None,
    alarm_after: timedelta = ALARM_AFTER,
) -> None:
    """The account did not work: it rests, longer each time, and raises an alarm once it has failed for `alarm_after`. The caller commits."""
    if account.state is AccountState.CONFIRMED:
        account.state = AccountState.FAILING
    if account.first_error_at is None:
        account.first_error_at, account.first_error = now, words
    account.last_error_at, account.last_error = now, words
    account.error_count += 1
    wait = min(_FIRST_WAIT * 2 ** min(account.error_count - 1, 16), _LONGEST_WAIT)
    if retry_after:
        wait = max(wait, timedelta(seconds=min(retry_after, 86400.0)))
    account.next_attempt_at = now + wait
    if account.alarmed_at is None and now - account.first_error_at >= alarm_after:
        account.alarmed_at = now
        since = f"since {account.first_error_at:%Y-%m-%d %H:%M} UTC"
        raise_alarm(
            session,
            subject_of(account),
            f"Account {account.name} fails {since}: {words}",
            f"Run `mailloom accounts test {account.name}`.",
            now,
        )


def record_success(session: Session, account: AccountRow, now: datetime) -> None:
    """The account works: what was held against it is forgotten. The caller commits."""
    account.last_success_at = now
    if account.first_error_at is None and account.state is not AccountState.FAILING:
        return
    if account.state is AccountState.FAILING:
        account.state = AccountState.CONFIRMED
    account.error_count, account.next_attempt_at, account.alarmed_at = 0, None, None
    account.first_error_at, account.first_error, account.last_error_at, account.last_error = None, "", None, ""
    close_alarms(session, subject_of(account), now)


def pause(session: Session, account: AccountRow, reason: str, remedy: str, now: datetime) -> None:
    """Stop the account because only a person can mend it, and call one. The caller commits."""
    if account.first_error_at is None:
        account.first_error_at, account.first_error = now, reason
    account.last_error_at, account.last_error = now, reason
    account.error_count += 1
    account.state, account.paused_reason, account.alarmed_at = AccountState.PAUSED, reason, now
    text = f"Account {account.name} is paused: {reason}"
    mend = f"{remedy} Then run `mailloom accounts enable {account.name}`.".strip()
    raise_alarm(session, subject_of(account), text, mend, now)


def ready(account: AccountRow, now: datetime) -> bool:
    """Whether the account may be used for real mail right now."""
    if account.archived or account.state in (AccountState.DRAFT, AccountState.PAUSED):
        return False
    return account.next_attempt_at is None or account.next_attempt_at <= now
