"""IMAP on a real Dovecot keeps the contract of sources."""

from __future__ import annotations

from typing import Any

import pytest

from mailloom.api import AfterFetch, Source
from mailloom.testing.sources import SourceContract

pytestmark = pytest.mark.dovecot


class TestImapIsASource(SourceContract):
    pass


class PlainMailbox:
    """A mailbox behind a server without any extension; what is marked as deleted counts as gone, because it cannot be removed there."""

    def __init__(self, box: Any) -> None:
        self._box = box

    def deliver(self, raw: bytes) -> None:
        self._box.deliver(raw)

    def open(self, after_fetch: AfterFetch = AfterFetch.KEEP) -> Source:
        source: Source = self._box.open(after_fetch, host=self._box.dovecot.plain_host)
        return source

    def remaining(self) -> int:
        return sum(rb"\Deleted" not in flags for flags in self._box.flags().values())


class TestImapWithoutExtensionsIsASource(SourceContract):
    @pytest.fixture
    def mailbox(self, mailbox: Any) -> PlainMailbox:
        return PlainMailbox(mailbox)
