"""API tokens: what a program signs in with. It may do what its scopes and its user's role both allow, now and not as of when it was made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.access.handed_out import LONGEST, digest_of, make_secret
from mailloom.access.signing_in import identity_of
from mailloom.api.access import PERMISSIONS_OF, Identity, Permission
from mailloom.errors import ConfigurationError, NotFound, Refused
from mailloom.store.access import ApiToken, WebUser

PREFIX = "mlt_"
_USED_EVERY = timedelta(minutes=1)


def add_token(
    session: Session,
    user: WebUser,
    name: str,
    scopes: Iterable[Permission],
    now: datetime,
    *,
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """The row and the secret, which nobody can read again. Refused for a scope that the user's role does not have."""
    chosen = sorted(set(scopes))
    shown = name.strip()
    if not shown or len(shown) > 64 or not shown.isprintable():
        raise ConfigurationError("A token has a name of at most 64 characters.", remedy="Name it after its program.")
    if not chosen:
        raise ConfigurationError("A token without scopes could do nothing.", remedy="Give it at least one scope.")
    if expires_at is not None and expires_at <= now:
        raise ConfigurationError("A token cannot have expired already.", remedy="Give a moment in the future.")
    for scope in chosen:
        if scope not in PERMISSIONS_OF[user.role]:
            raise Refused(f"{user.name} ({user.role}) does not have {scope.value} to give.")
    if session.scalar(select(ApiToken.id).where(ApiToken.user_id == user.id, ApiToken.name == shown)):
        raise Refused(f"{user.name} has a token {shown!r} already.", remedy="Revoke it first, or choose another name.")
    secret = make_secret(PREFIX)
    token = ApiToken(
        digest=digest_of(secret),
        user_id=user.id,
        name=shown,
        scopes=[scope.value for scope in chosen],
        created_at=now,
        expires_at=expires_at,
    )
    session.add(token)
    session.flush()
    return token, secret


def all_tokens(session: Session, user: WebUser | None = None) -> Sequence[ApiToken]:
    chosen = select(ApiToken).order_by(ApiToken.id)
    return session.scalars(chosen if user is None else chosen.where(ApiToken.user_id == user.id)).all()


def find_token(session: Session, token_id: int) -> ApiToken:
    found = session.get(ApiToken, token_id) if 0 < token_id < 2**63 else None
    if found is None:
        raise NotFound(f"There is no token {token_id}.", remedy="`mailloom tokens list` shows them all.")
    return found


def revoke_token(session: Session, token: ApiToken) -> None:
    session.delete(token)


def token_of(session: Session, secret: str, now: datetime, *, address: str = "") -> tuple[ApiToken, Identity] | None:
    """Whose token this is and what it may do; None for an unknown or expired one and for a disabled user. Changes nothing."""
    if not secret.startswith(PREFIX) or len(secret) > LONGEST:
        return None
    token = session.scalar(select(ApiToken).where(ApiToken.digest == digest_of(secret)))
    if token is None or token.user.disabled_at is not None:
        return None
    if token.expires_at is not None and token.expires_at <= now:
        return None
    identity = identity_of(token.user, address=address)
    return token, replace(identity, token=token.name, permissions=_scopes(token) & identity.permissions)


def note_used(session: Session, token_id: int, now: datetime) -> None:
    """At most once a minute; call it in a session that writes."""
    token = session.get(ApiToken, token_id)
    if token is not None and use_is_due(token, now):
        token.last_used_at = now


def use_is_due(token: ApiToken, now: datetime) -> bool:
    return token.last_used_at is None or token.last_used_at + _USED_EVERY <= now


def _scopes(token: ApiToken) -> frozenset[Permission]:
    # A scope that this version no longer knows allows nothing.
    known = {each.value: each for each in Permission}
    return frozenset(known[scope] for scope in token.scopes if scope in known)
