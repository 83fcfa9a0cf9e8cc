"""The doctor's look at accounts that log in by OAuth 2."""

from __future__ import annotations

from collections.abc import Iterator

from mailloom.api import Finding, Office, Severity

from .keeping import oauth_accounts, tokens_of


def look(office: Office) -> Iterator[Finding]:
    for account in oauth_accounts(office):
        subject = f"oauth2 {account.name}"
        with office.read() as session:
            row = tokens_of(session, account.id)
        connect = f"Run: mailloom accounts connect {account.name}"
        if row is not None and row.dead_reason:
            yield Finding(subject=subject, severity=Severity.BAD, text=row.dead_reason, remedy=connect)
        elif row is None and account.settings.needs_consent():
            yield Finding(subject=subject, severity=Severity.WARNING, text="Nobody has agreed yet.", remedy=connect)
        elif row is not None:
            whom = f" as {row.signed_in_as}" if row.signed_in_as else ""
            end = f"{row.expires_at:%Y-%m-%d %H:%M} UTC"
            yield Finding(subject=subject, severity=Severity.GOOD, text=f"connected{whom}; the token ends at {end}")
