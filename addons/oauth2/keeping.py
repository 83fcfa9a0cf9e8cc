"""The tokens of accounts in the database. What leaves here readable goes to a server's login or to the provider, nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api import Account, Authentication, Office
from mailloom.errors import MailloomError
from mailloom.store.accounts import AccountRow

from .endpoint import Answer
from .models import OAuthTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What people may see of an account's tokens."""

    account: str
    signed_in_as: str
    expires_at: datetime
    scopes: tuple[str, ...]
    renewable: bool
    renewed_at: datetime
    dead_reason: str


def tokens_of(session: Session, account_id: int) -> OAuthTokens | None:
    return session.get(OAuthTokens, account_id)


def servers_of(account: Account[Any]) -> str:
    """Where the account's tokens go: the mail server, and the address that renews them. Whoever may change these may not thereby read the tokens."""
    return f"{account.settings.host} {account.settings.oauth_provider().token_url}"


def keep(session: Session, office: Office, account: Account[Any], answer: Answer, signed_in: str) -> OAuthTokens:
    """Put what the provider gave in place of what was there. The caller commits."""
    now = office.now()
    row = session.get(OAuthTokens, account.id, with_for_update=True) or OAuthTokens(account_id=account.id)
    _write(row, office, answer, now)
    row.refresh_token = office.seal(answer.refresh_token) if answer.refresh_token else None
    row.meant_for = servers_of(account)
    row.obtained_at, row.signed_in_as, row.dead_reason, row.renewals = now, signed_in, "", 0
    session.add(row)
    session.flush()
    return row


def keep_renewed(session: Session, office: Office, account_id: int, used: str | None, answer: Answer) -> None:
    """Store what a renewal gave, the new refresh token always; unless somebody has connected the account anew meanwhile.

    `used` is the refresh token that was spent. The caller commits.
    """
    row = session.get(OAuthTokens, account_id, with_for_update=True)
    if row is None or _readable(office, row) != used:
        return
    _write(row, office, answer, office.now())
    if answer.refresh_token:
        row.refresh_token = office.seal(answer.refresh_token)
    row.renewals += 1


def bury(session: Session, office: Office, account_id: int, used: str | None, reason: str) -> None:
    """Note that the provider takes a refresh token no more, if it is still the one that counts. The caller commits."""
    row = session.get(OAuthTokens, account_id, with_for_update=True)
    if row is not None and _readable(office, row) == used:
        row.dead_reason = reason


def forget(session: Session, account_id: int) -> bool:
    """Whether there was something to forget. The caller commits."""
    row = session.get(OAuthTokens, account_id)
    if row is not None:
        session.delete(row)
    return row is not None


def shown(row: OAuthTokens, account: str) -> Shown:
    return Shown(
        account=account,
        signed_in_as=row.signed_in_as,
        expires_at=row.expires_at,
        scopes=tuple(row.scope.split()),
        renewable=row.refresh_token is not None,
        renewed_at=row.renewed_at,
        dead_reason=row.dead_reason,
    )


def oauth_accounts(office: Office) -> list[Account[Any]]:
    """Accounts in use or in the making that log in by OAuth 2, by id; those whose settings cannot be read are left out."""
    with office.read() as session:
        ids = session.scalars(select(AccountRow.id).where(AccountRow.archived.is_(False)).order_by(AccountRow.id)).all()
    found = []
    for account_id in ids:
        try:
            account = office.account(account_id)
        except MailloomError:
            continue
        if getattr(account.settings, "authentication", None) is Authentication.OAUTH2:
            found.append(account)
    return found


def _write(row: OAuthTokens, office: Office, answer: Answer, now: datetime) -> None:
    row.access_token = office.seal(answer.access_token)
    row.expires_at = now + timedelta(seconds=answer.seconds)
    row.scope = answer.scope
    row.renewed_at = now


def _readable(office: Office, row: OAuthTokens) -> str | None:
    return None if row.refresh_token is None else office.unseal(row.refresh_token)
