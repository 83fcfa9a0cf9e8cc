"""A mailbox on the private Dovecot, seen by ourselves and, through IMAPClient, by another program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from imapclient import IMAPClient

from mailloom.addons.imap import ImapKind, ImapSettings
from mailloom.api import Account, AfterFetch, Security, Source
from servers.dovecot import Dovecot


class DovecotMailbox:
    """One user's mailbox; `other` is another program that has it open."""

    def __init__(self, dovecot: Dovecot) -> None:
        self.dovecot = dovecot
        self.user = dovecot.new_user()
        self.other = IMAPClient(dovecot.host, dovecot.imap, ssl=False, use_uid=True)
        self.other.login(self.user, dovecot.password)
        self.other.select_folder("INBOX")

    def settings(self, **changes: Any) -> ImapSettings:
        values: dict[str, Any] = {
            "host": "localhost",
            "port": self.dovecot.imap,
            "security": Security.NONE,
            "user": self.user,
            "password": self.dovecot.password,
            "timeout_seconds": 10,
        }
        return ImapSettings(**{**values, **changes})

    def account(self, **changes: Any) -> Account[ImapSettings]:
        return Account(id=1, name="box", kind="imap", settings=self.settings(**changes))

    def open(self, after_fetch: AfterFetch = AfterFetch.KEEP, **changes: Any) -> Source:
        return ImapKind().open(self.account(after_fetch=after_fetch, **changes))

    def deliver(self, raw: bytes, folder: str = "INBOX") -> None:
        self.other.append(folder, raw)

    def flags(self, folder: str = "INBOX") -> dict[int, set[bytes]]:
        """Flags by UID as the other program sees them."""
        self.other.select_folder(folder)
        found = self.other.get_flags(self.other.search())
        return {uid: set(flags) - {rb"\Recent"} for uid, flags in found.items()}

    def remaining(self) -> int:
        return len(self.flags())


@pytest.fixture
def mailbox(dovecot: Dovecot) -> Iterator[DovecotMailbox]:
    box = DovecotMailbox(dovecot)
    yield box
    box.other.logout()
