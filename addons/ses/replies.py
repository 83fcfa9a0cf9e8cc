"""The incoming account that an SES account names for the answers: does it exist, and does it still fetch."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from mailloom.api import Finding, Office, Severity
from mailloom.errors import ConfigurationError
from mailloom.store.accounts import AccountRow, AccountState, Direction

from .settings import SesAccountSettings

KINDS = ("ses", "ses_smtp")


def check_replies(settings: SesAccountSettings, session: Session) -> None:
    """ConfigurationError unless `replies_account` names an incoming account that is in use."""
    if _incoming(session, settings.replies_account) is None:
        names = session.scalars(_all_incoming().order_by(AccountRow.name)).all()
        known = ", ".join(row.name for row in names) or "none; add one with `mailloom accounts add`"
        raise ConfigurationError(
            f"replies_account: there is no incoming account {settings.replies_account!r}.",
            remedy=f"Amazon SES only sends: name the account that fetches the answers. Incoming accounts: {known}.",
        )


def check_reply_accounts(office: Office) -> Iterator[Finding]:
    """For `mailloom doctor`: every SES account, with the account its answers come in by."""
    with office.read() as session:
        chosen = select(AccountRow).where(AccountRow.kind.in_(KINDS), AccountRow.archived.is_(False))
        for row in session.scalars(chosen.order_by(AccountRow.name)):
            name = str(row.settings.get("replies_account") or "")
            yield _finding(row.name, name, _incoming(session, name))


def _finding(account: str, name: str, incoming: AccountRow | None) -> Finding:
    subject = f"answers to {account}"
    if incoming is None:
        remedy = f"Name another: mailloom accounts edit {account} --set replies_account=NAME"
        return Finding(
            subject=subject, severity=Severity.BAD, text=f"there is no incoming account {name!r}", remedy=remedy
        )
    if incoming.state is not AccountState.CONFIRMED:
        return Finding(
            subject=subject,
            severity=Severity.WARNING,
            text=f"the account {name} that should fetch them is {incoming.state.value}",
            remedy=f"See: mailloom accounts test {name}",
        )
    return Finding(subject=subject, severity=Severity.GOOD, text=f"fetched by the account {name} ({incoming.kind})")


def _incoming(session: Session, name: str) -> AccountRow | None:
    return session.scalar(_all_incoming().where(AccountRow.name == name)) if name else None


def _all_incoming() -> Select[AccountRow]:
    return select(AccountRow).where(AccountRow.direction == Direction.INCOMING, AccountRow.archived.is_(False))
