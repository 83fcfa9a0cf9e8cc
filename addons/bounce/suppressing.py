"""The suppression list: addresses that are not written to, why, since when, by whom, and how it was undone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailloom.api import Denial, Purpose
from mailloom.errors import ConfigurationError, NotFound
from mailloom.mail.address import normalise
from mailloom.store.messages import Message, MessageKind

from .models import BounceEvent, Effect, Scope, Suppression
from .settings import BounceSettings

_KEYS_AT_ONCE = 500


def active(session: Session, key: str) -> list[Suppression]:
    """Suppressions of an address that hold now."""
    statement = select(Suppression).where(Suppression.key == key, Suppression.undone_at.is_(None))
    return list(session.scalars(statement.order_by(Suppression.id)))


def suppress(
    session: Session, key: str, *, scope: Scope, reason: str, by: str, now: datetime, event_id: int | None = None
) -> Suppression:
    """Put an address on the list; one that is there for as much stays as it is. The caller commits."""
    for existing in active(session, key):
        if existing.scope is Scope.ALL or existing.scope is scope:
            return existing
    row = Suppression(key=key, scope=scope, reason=reason, by=by, since=now, event_id=event_id)
    session.add(row)
    session.flush()
    return row


def suppress_address(
    session: Session, address: str, *, scope: Scope, reason: str, by: str, now: datetime
) -> Suppression:
    """As a person asks for it; ConfigurationError when it is no address."""
    key = normalise(address)
    if not key:
        raise ConfigurationError(f"{address!r} is no e-mail address.", remedy="Write it like ann@example.org.")
    return suppress(session, key, scope=scope, reason=reason, by=by, now=now)


def undo(session: Session, address: str, *, by: str, now: datetime) -> int:
    """Allow an address again; earlier soft bounces do not count any more. Returns how many suppressions ended."""
    found = active(session, normalise(address))
    if not found:
        raise NotFound(f"{address} is not suppressed.", remedy="`mailloom suppressions list` shows those that are.")
    for row in found:
        row.undone_at, row.undone_by = now, by
    session.flush()
    return len(found)


def denials(session: Session, keys: Sequence[str], purpose: Purpose, settings: BounceSettings) -> dict[str, Denial]:
    """Why these addresses may not be written to for this purpose, one query per 500. A test message may always go out."""
    if purpose is Purpose.PROBE or (purpose is Purpose.TRANSACTIONAL and settings.transactional_exempt):
        return {}
    scopes = [Scope.ALL, Scope.MARKETING] if purpose is Purpose.MARKETING else [Scope.ALL]
    holding = select(Suppression.key, Suppression.since, Suppression.reason).where(
        Suppression.undone_at.is_(None), Suppression.scope.in_(scopes)
    )
    denied: dict[str, Denial] = {}
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        chosen = holding.where(Suppression.key.in_(keys[start : start + _KEYS_AT_ONCE])).order_by(Suppression.id)
        for key, since, reason in session.execute(chosen):
            denied.setdefault(
                key, Denial(state="suppressed", reason=f"{key} is suppressed since {since:%Y-%m-%d}: {reason}")
            )
    return denied


def soft_bounces_add_up(session: Session, key: str, now: datetime, settings: BounceSettings) -> str:
    """How the soft bounces of an address add up to a suppression; '' while they do not.

    Counted since its last ordinary mail to us and since it was last taken off the list: both show that it works.
    """
    start = max(now - timedelta(weeks=settings.slow_weeks), *_fresh_starts(session, key, now))
    statement = select(BounceEvent.at, BounceEvent.message_id).where(
        BounceEvent.key == key,
        BounceEvent.effect == Effect.SOFT,
        BounceEvent.at > start,
        BounceEvent.delivery_id.is_not(None),
    )
    events = session.execute(statement).all()
    recent = [row for row in events if row.at > now - timedelta(days=settings.soft_days)]
    if len({row.message_id for row in recent}) >= settings.soft_count:
        return f"{len(recent)} soft bounces within {settings.soft_days} days"
    spread = max((row.at for row in events), default=now) - min((row.at for row in events), default=now)
    if len({row.message_id for row in events}) >= settings.slow_count and spread > timedelta(weeks=1):
        return f"{len(events)} soft bounces within {settings.slow_weeks} weeks"
    return ""


def _fresh_starts(session: Session, key: str, now: datetime) -> list[datetime]:
    long_ago = now - timedelta(days=36500)
    wrote = select(func.max(Message.created_at)).where(Message.from_address == key, Message.kind == MessageKind.MAIL)
    undone = select(func.max(Suppression.undone_at)).where(Suppression.key == key)
    return [session.scalar(wrote) or long_ago, session.scalar(undone) or long_ago]
