"""The kinds of account that Microsoft's servers make: `microsoft365` (sends, and fetches by IMAP) and `microsoft365_pop3`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mailloom.addons.imap import ImapKind
from mailloom.addons.pop3 import Pop3Kind
from mailloom.addons.smtp.kind import SmtpKind
from mailloom.api import Account, Authentication, Capabilities, Step

from .settings import Microsoft365ImapSettings, Microsoft365Pop3Settings, Microsoft365Settings
from .timetable import PASSWORD_LOGIN


class Microsoft365Kind(SmtpKind):
    """A mailbox's own sending: Microsoft files a copy, signs, and puts the mailbox as envelope sender."""

    name = "microsoft365"
    title = "Microsoft 365 or Outlook.com mailbox"
    settings = Microsoft365Settings
    capabilities = Capabilities(custom_mail_from=False, signs_dkim=True, saves_sent_copy=True, max_recipients=100)

    def probe(self, account: Account[Any]) -> Iterator[Step]:
        """As for any SMTP server; at the end the timetable is told while a password is used."""
        passed = True
        for step in super().probe(account):
            passed = step.passed
            yield step
        if passed and account.settings.authentication is Authentication.PASSWORD:
            yield Step(name="password login", passed=True, seconds=0.0, detail=PASSWORD_LOGIN)


def imap_kind() -> ImapKind:
    return ImapKind(
        name="microsoft365", title="Microsoft 365 or Outlook.com by IMAP", settings=Microsoft365ImapSettings
    )


def pop3_kind() -> Pop3Kind:
    return Pop3Kind(
        name="microsoft365_pop3", title="Microsoft 365 or Outlook.com by POP3", settings=Microsoft365Pop3Settings
    )
