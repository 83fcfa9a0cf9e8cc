"""Signing in: by password or one-time link, into a session that ends by itself.

Sessions live in the database; the browser holds 256 random bits. Each sign-in makes a new one and ends the old one of that browser, so
that a planted cookie is worth nothing. A session ends `idle` after it was last seen, and in any case `absolute` after it began.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, delete, select
from sqlalchemy.orm import Session

from mailloom.access.handed_out import LONGEST, digest_of, make_secret
from mailloom.access.passwords import password_fits
from mailloom.access.users import look_up
from mailloom.api.access import PERMISSIONS_OF, Identity
from mailloom.store.access import WebLoginLink, WebSession, WebUser

LINK_VALID = timedelta(minutes=30)
_SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    idle: timedelta
    absolute: timedelta


def user_by_password(session: Session, name: str, password: str) -> WebUser | None:
    """None for a wrong name, a wrong password and a disabled user alike, after the same time."""
    user = look_up(session, name)
    usable = user if user is not None and user.disabled_at is None else None
    return usable if password_fits(password, usable.password_hash if usable else "") else None


def make_link(session: Session, user: WebUser, now: datetime, valid: timedelta = LINK_VALID) -> str:
    """The secret part of a one-time link; earlier links of the user end."""
    session.execute(delete(WebLoginLink).where(WebLoginLink.user_id == user.id))
    secret = make_secret()
    session.add(WebLoginLink(digest=digest_of(secret), user_id=user.id, created_at=now, expires_at=now + valid))
    return secret


def user_by_link(session: Session, secret: str, now: datetime) -> WebUser | None:
    """Uses the link up; of two who come at once, one gets in."""
    digest = digest_of(secret)
    link = session.scalar(select(WebLoginLink).where(WebLoginLink.digest == digest))
    if link is None:
        return None
    used = session.execute(delete(WebLoginLink).where(WebLoginLink.digest == digest))
    assert isinstance(used, CursorResult)
    user = session.get(WebUser, link.user_id)
    if used.rowcount != 1 or link.expires_at <= now or user is None or user.disabled_at is not None:
        return None
    return user


def open_session(
    session: Session,
    user: WebUser,
    now: datetime,
    lifetimes: Lifetimes,
    *,
    address: str = "",
    agent: str = "",
    old: str = "",
) -> str:
    """The secret for the cookie. `old` is the cookie the browser came with, whose session ends."""
    close_session(session, old)
    session.execute(delete(WebSession).where(WebSession.expires_at <= now))
    secret = make_secret()
    session.add(
        WebSession(
            digest=digest_of(secret),
            user_id=user.id,
            created_at=now,
            seen_at=now,
            expires_at=now + lifetimes.absolute,
            address=address[:64],
            agent="".join(letter for letter in agent if letter.isprintable())[:300],
        )
    )
    return secret


def close_session(session: Session, secret: str) -> None:
    if secret:
        session.execute(delete(WebSession).where(WebSession.digest == digest_of(secret)))


def find_session(session: Session, secret: str, now: datetime, lifetimes: Lifetimes) -> WebSession | None:
    """The live session that a cookie names. Changes nothing; see `is_due` for noting that it was seen."""
    if not secret or len(secret) > LONGEST:
        return None
    found = session.get(WebSession, digest_of(secret))
    if found is None or found.expires_at <= now or found.seen_at + lifetimes.idle <= now:
        return None
    return None if found.user.disabled_at is not None else found


def is_due(found: WebSession, now: datetime) -> bool:
    """Whether `seen_at` is old enough to be written again: not at each request."""
    return found.seen_at + _SEEN_EVERY <= now


def note_seen(session: Session, digest: str, now: datetime) -> None:
    row = session.get(WebSession, digest)
    if row is not None:
        row.seen_at = now


def identity_of(user: WebUser, *, address: str = "") -> Identity:
    return Identity(
        user_id=user.id,
        name=user.name,
        role=user.role,
        permissions=PERMISSIONS_OF[user.role],
        language=user.language,
        time_zone=user.time_zone,
        address=address,
    )
