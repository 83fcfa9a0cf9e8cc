"""What is done about tokens and client secrets before anybody waits for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from mailloom.api import Account, Office
from mailloom.errors import AuthenticationFailed, MailloomError
from mailloom.store.accounts import AccountRow, AccountState
from mailloom.store.system import Alarm

from .keeping import oauth_accounts, tokens_of
from .renewing import Tokens

EVERY_SECONDS = 300.0
AHEAD = timedelta(minutes=15)
SECRET_AHEAD = timedelta(days=14)


def keep_fresh(office: Office) -> str:
    """Renew what ends soon, pause accounts whose consent is dead, and tell of client secrets that end."""
    tokens, renewed, failed = Tokens(office), 0, []
    accounts = oauth_accounts(office)
    for account in accounts:
        _watch_secret(office, account)
        if not _at_work(office, account):
            continue
        try:
            tokens.fresh(account, AHEAD)
            renewed += 1
        except AuthenticationFailed as error:
            failed.append(account.name)
            with office.write() as session:
                office.pause_account(session, account.id, str(error), error.remedy)
        except MailloomError:
            # The provider may be away; whoever needs the token asks again, and tells.
            failed.append(account.name)
    said = f"{renewed} of {len(accounts)} accounts have fresh tokens."
    return f"{said} Not so: {', '.join(failed)}." if failed else said


def _at_work(office: Office, account: Account[Any]) -> bool:
    """Confirmed or failing, and connected: what nobody uses is not kept alive."""
    with office.read() as session:
        row = session.get(AccountRow, account.id)
        used = row is not None and row.state in (AccountState.CONFIRMED, AccountState.FAILING)
        return used and tokens_of(session, account.id) is not None


def _watch_secret(office: Office, account: Account[Any]) -> None:
    """One open alarm while the client secret ends within 14 days or has ended; closed when a new end is entered."""
    ends = account.settings.oauth_client_secret_ends
    now = office.now()
    due = ends is not None and ends - now.date() <= SECRET_AHEAD
    subject = f"oauth2-secret:{account.id}"
    with office.write() as session:
        is_open = session.scalars(select(Alarm).where(Alarm.subject == subject, Alarm.closed_at.is_(None))).all()
        if due and not is_open:
            verb = "ends" if ends is not None and ends >= now.date() else "ended"
            office.raise_alarm(
                session,
                subject,
                f"The client secret of account {account.name} {verb} on {ends}; without a new one it cannot log in any more.",
                "Make a new one at the provider, then set oauth_client_secret and oauth_client_secret_ends: "
                f"mailloom accounts edit {account.name}",
            )
        for alarm in () if due else is_open:
            alarm.closed_at = now
