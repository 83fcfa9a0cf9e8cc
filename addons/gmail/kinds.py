"""The kinds of account that Google's servers make: `gmail` (sends, and fetches by IMAP), `gmail_relay`, `gmail_pop3`."""

from __future__ import annotations

from mailloom.addons.imap import ImapKind
from mailloom.addons.pop3 import Pop3Kind
from mailloom.addons.smtp.kind import SmtpKind
from mailloom.api import Capabilities

from .settings import GmailImapSettings, GmailPop3Settings, GmailRelaySettings, GmailSettings


class GmailKind(SmtpKind):
    """A mailbox's own sending: Google files a copy and puts its own envelope sender."""

    name = "gmail"
    title = "Gmail or Google Workspace mailbox"
    settings = GmailSettings
    capabilities = Capabilities(custom_mail_from=False, signs_dkim=True, saves_sent_copy=True, max_recipients=100)


class GmailRelayKind(SmtpKind):
    name = "gmail_relay"
    title = "Google Workspace SMTP relay"
    settings = GmailRelaySettings
    capabilities = Capabilities(signs_dkim=True, max_recipients=100)


def imap_kind() -> ImapKind:
    return ImapKind(name="gmail", title="Gmail or Google Workspace by IMAP", settings=GmailImapSettings)


def pop3_kind() -> Pop3Kind:
    return Pop3Kind(name="gmail_pop3", title="Gmail or Google Workspace by POP3", settings=GmailPop3Settings)
