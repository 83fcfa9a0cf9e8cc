"""Users of the faces: added, changed, disabled. Names and addresses are compared in lower case.

One enabled administrator always remains. Whoever is disabled, or gets another password or role, is signed out everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from mailloom.access.passwords import hash_password
from mailloom.errors import ConfigurationError, NotFound, Refused
from mailloom.mail.address import normalise
from mailloom.store.access import Role, WebLoginLink, WebSession, WebUser

_LONGEST_NAME = 320
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def add_user(session: Session, name: str, role: Role, now: datetime, *, email: str = "", password: str = "") -> WebUser:
    """A user without a password signs in by one-time link."""
    key = name.strip().lower()
    if not _NAME.fullmatch(key):
        raise ConfigurationError(
            f"{name[:64]!r} cannot be a user's name.", remedy="Use letters, digits, dots, - and _, at most 64."
        )
    address = checked_email(email)
    if session.scalar(select(WebUser.id).where(WebUser.name == key)):
        raise Refused(f"There is a user {key} already.")
    _check_email_free(session, address, None)
    user = WebUser(name=key, role=role, email=address, created_at=now)
    user.password_hash = hash_password(password, name=key) if password else ""
    session.add(user)
    session.flush()
    return user


def checked_email(text: str) -> str | None:
    """Normalised; None for ''."""
    if not text.strip():
        return None
    key = normalise(text.strip())
    if not key or len(key) > 320:
        raise ConfigurationError(f"{text[:100]!r} is not a mail address.")
    return key


def _check_email_free(session: Session, address: str | None, user_id: int | None) -> None:
    if address is None:
        return
    taken = session.scalar(select(WebUser.id).where(WebUser.email == address))
    if taken is not None and taken != user_id:
        raise Refused(f"Another user has the address {address}.")


def all_users(session: Session) -> Sequence[WebUser]:
    return session.scalars(select(WebUser).order_by(WebUser.name)).all()


def has_users(session: Session) -> bool:
    return session.scalar(select(WebUser.id).limit(1)) is not None


def find_user(session: Session, name: str) -> WebUser:
    """By name or address; NotFound when there is none."""
    found = look_up(session, name)
    if found is None:
        raise NotFound(f"There is no user {name[:64]!r}.", remedy="`mailloom users list` shows them all.")
    return found


def sign_in_key(name: str) -> str:
    """A name or address as users are found by it, the same however it is written, so that tries are counted together; '' for what is none."""
    key = name.strip().lower()
    return (normalise(key) or key) if len(key) <= _LONGEST_NAME and key.isprintable() else ""


def look_up(session: Session, name: str) -> WebUser | None:
    key = sign_in_key(name)
    if not key:
        return None
    return session.scalar(select(WebUser).where(or_(WebUser.name == key, WebUser.email == key)).limit(1))


def set_password(session: Session, user: WebUser, password: str, *, keep_session: str = "") -> None:
    """Signs the user out everywhere, except from the session with this digest."""
    user.password_hash = hash_password(password, name=user.name)
    sign_out_everywhere(session, user, keep_session=keep_session)


def set_role(session: Session, user: WebUser, role: Role) -> None:
    if user.role is Role.ADMIN and role is not Role.ADMIN:
        _keep_an_admin(session, user)
    if user.role is not role:
        user.role = role
        sign_out_everywhere(session, user)


def set_email(session: Session, user: WebUser, email: str) -> None:
    address = checked_email(email)
    _check_email_free(session, address, user.id)
    user.email = address


def set_time_zone(user: WebUser, name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigurationError(
            f"There is no time zone {name[:64]!r}.", remedy="For instance Europe/Berlin."
        ) from error
    user.time_zone = name


def disable_user(session: Session, user: WebUser, now: datetime) -> None:
    """Nothing happens when it is disabled already."""
    if user.disabled_at is None:
        _keep_an_admin(session, user)
        user.disabled_at = now
        sign_out_everywhere(session, user)


def enable_user(user: WebUser) -> None:
    user.disabled_at = None


def sign_out_everywhere(session: Session, user: WebUser, *, keep_session: str = "") -> None:
    session.flush()
    session.execute(delete(WebSession).where(WebSession.user_id == user.id, WebSession.digest != keep_session))
    session.execute(delete(WebLoginLink).where(WebLoginLink.user_id == user.id))


def _keep_an_admin(session: Session, user: WebUser) -> None:
    if user.role is not Role.ADMIN:
        return
    # Locked, so that two administrators who disable each other at once do not both succeed.
    enabled = select(WebUser.id).where(WebUser.role == Role.ADMIN, WebUser.disabled_at.is_(None)).with_for_update()
    if set(session.scalars(enabled)) <= {user.id}:
        raise Refused(f"{user.name} is the only administrator.", remedy="Make somebody else administrator first.")
