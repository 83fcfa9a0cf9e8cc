"""Access tokens for logins, renewed ahead of their end; by one worker at a time.

A refresh token may be good once only, so two workers must never spend the same one. Whoever renews holds the account's row in the table of leases,
committed, and looks again before it asks the provider; a lock within a transaction would do the same on PostgreSQL, and on SQLite it would stop every
writer while a provider thinks. While the old access token is good, the others go on with it instead of waiting.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy.orm import Session

from mailloom.api import Account, Authentication, Office
from mailloom.api.oauth import OAuthGrant
from mailloom.errors import AuthenticationFailed, ConfigurationError, TemporaryFailure
from mailloom.store.leases import drop_lease, take_lease

from . import endpoint
from .keeping import bury, keep, keep_renewed, servers_of, tokens_of
from .models import OAuthTokens
from .refusals import ConsentDead

AHEAD = timedelta(minutes=5)
"""An access token that ends sooner is renewed before it is used."""
_LAST_MOMENT = timedelta(seconds=30)
_LEASE = timedelta(minutes=3)
"""Longer than the provider can keep us waiting."""
_REFUSED_TOO_SOON = timedelta(minutes=1)
_PAUSE_SECONDS = 0.2
_log = structlog.get_logger("mailloom.oauth2")


class Tokens:
    """The source of tokens for every account that has agreed. Safe to share between threads."""

    def __init__(self, office: Office, *, patience_seconds: float = 60.0) -> None:
        self._office = office
        self._patience = patience_seconds

    def access_token(self, account: Account[Any]) -> str | None:
        """Raises AuthenticationFailed when somebody must connect the account, TemporaryFailure when the provider cannot be asked."""
        if account.settings.authentication is not Authentication.OAUTH2:
            return None
        return self.fresh(account, AHEAD)

    def refused(self, account: Account[Any]) -> bool:
        """The access token ends now, unless it was given just before: a new one would be refused as well."""
        now = self._office.now()
        with self._office.write() as session:
            row = session.get(OAuthTokens, account.id, with_for_update=True)
            if row is None or row.dead_reason or now - row.renewed_at < _REFUSED_TOO_SOON:
                return False
            row.expires_at = now
        return True

    def fresh(self, account: Account[Any], ahead: timedelta) -> str:
        """An access token that is good for longer than `ahead`, or for as long as tokens of this provider are."""
        gives_up = time.monotonic() + self._patience
        while True:
            row = self._row(account)
            if row is not None and self._lasts(row, ahead):
                return self._office.unseal(row.access_token)
            owner = uuid4().hex
            if self._take(account.id, owner):
                try:
                    return self._renewed(account, ahead)
                finally:
                    self._drop(account.id, owner)
            if row is not None and self._lasts(row, _LAST_MOMENT):
                return self._office.unseal(row.access_token)
            if time.monotonic() > gives_up:
                raise TemporaryFailure(
                    f"Account {account.name}: another worker has been renewing its tokens for long.", retry_after=30
                )
            time.sleep(_PAUSE_SECONDS)

    def _renewed(self, account: Account[Any], ahead: timedelta) -> str:
        """With the lease held: look again, then ask the provider."""
        row = self._row(account)
        if row is not None and self._lasts(row, ahead):
            return self._office.unseal(row.access_token)
        if account.settings.oauth_grant is OAuthGrant.CLIENT_CREDENTIALS:
            answer = endpoint.own(account)
            self._write(lambda session: keep(session, self._office, account, answer, ""))
            return answer.access_token
        assert row is not None
        if row.refresh_token is None:
            if self._lasts(row, _LAST_MOMENT):
                return self._office.unseal(row.access_token)
            raise ConsentDead(
                f"Account {account.name}: its token has ended, and the provider gave none to renew it with.",
                remedy=f"Ask for it in the scope or parameters, then run: mailloom accounts connect {account.name}",
            )
        return self._spend(account, self._office.unseal(row.refresh_token))

    def _spend(self, account: Account[Any], refresh_token: str) -> str:
        try:
            answer = endpoint.renew(account, refresh_token)
        except ConsentDead as error:
            reason = str(error)
            self._write(lambda session: bury(session, self._office, account.id, refresh_token, reason))
            raise
        self._write(lambda session: keep_renewed(session, self._office, account.id, refresh_token, answer))
        _log.info(
            "tokens renewed", account=account.name, seconds=answer.seconds, rotated=answer.refresh_token is not None
        )
        return answer.access_token

    def _row(self, account: Account[Any]) -> OAuthTokens | None:
        """None only where the application can ask for itself."""
        with self._office.read() as session:
            row = tokens_of(session, account.id)
        elsewhere = row is not None and row.meant_for != servers_of(account)
        if account.settings.oauth_grant is OAuthGrant.CLIENT_CREDENTIALS:
            return None if elsewhere else row
        connect = f"Run: mailloom accounts connect {account.name}"
        if row is None:
            raise ConfigurationError(f"Account {account.name} is not connected: nobody has agreed yet.", remedy=connect)
        if elsewhere:
            raise AuthenticationFailed(
                f"Account {account.name} was connected for another server than it has now.",
                remedy=f"Whoever may sign in to the mailbox: {connect}",
            )
        if row.dead_reason:
            raise AuthenticationFailed(row.dead_reason, remedy=f"Whoever may sign in to the mailbox: {connect}")
        return row

    def _lasts(self, row: OAuthTokens, ahead: timedelta) -> bool:
        """A provider whose tokens are shorter than `ahead` is asked at half their time."""
        whole = row.expires_at - row.renewed_at
        return row.expires_at - self._office.now() > min(ahead, whole / 2)

    def _take(self, account_id: int, owner: str) -> bool:
        now = self._office.now()
        with self._office.write() as session:
            return take_lease(session, _lease(account_id), owner, now=now, until=now + _LEASE)

    def _drop(self, account_id: int, owner: str) -> None:
        with self._office.write() as session:
            drop_lease(session, _lease(account_id), owner)

    def _write(self, work: Callable[[Session], object]) -> None:
        with self._office.write() as session:
            work(session)


def _lease(account_id: int) -> str:
    return f"oauth2:{account_id}"
