"""A mailbox on the private Dovecot, fetched by POP3 and seen through IMAP by another program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from imapclient import IMAPClient

from mailloom.addons.pop3 import Pop3Kind, Pop3Settings
from mailloom.api import Account, AfterFetch, Security, Source
from servers.dovecot import Dovecot


class DovecotMailbox:
    """One user's mailbox."""

    def __init__(self, dovecot: Dovecot) -> None:
        self.dovecot = dovecot
        self.user = dovecot.new_user()
        self.other = IMAPClient(dovecot.host, dovecot.imap, ssl=False, use_uid=True)
        self.other.login(self.user, dovecot.password)

    def settings(self, **changes: Any) -> Pop3Settings:
        values: dict[str, Any] = {
            "host": "localhost",
            "port": self.dovecot.pop3,
            "security": Security.NONE,
            "user": self.user,
            "password": self.dovecot.password,
            "timeout_seconds": 10,
        }
        return Pop3Settings(**{**values, **changes})

    def account(self, **changes: Any) -> Account[Pop3Settings]:
        return Account(id=1, name="box", kind="pop3", settings=self.settings(**changes))

    def open(self, after_fetch: AfterFetch = AfterFetch.KEEP, **changes: Any) -> Source:
        return Pop3Kind().open(self.account(after_fetch=after_fetch, **changes))

    def deliver(self, raw: bytes) -> None:
        self.other.append("INBOX", raw)

    def remaining(self) -> int:
        return int(self.other.select_folder("INBOX")[b"EXISTS"])


@pytest.fixture
def mailbox(dovecot: Dovecot) -> Iterator[DovecotMailbox]:
    box = DovecotMailbox(dovecot)
    yield box
    box.other.logout()
