"""The mailbox in memory keeps the contract of sources."""

from __future__ import annotations

import pytest

from mailloom.api import Account, AfterFetch, IncomingSettings, Source
from mailloom.errors import TemporaryFailure
from mailloom.testing.sources import MemoryKind, SourceContract, numbered


class MemoryUnderTest:
    def __init__(self) -> None:
        self.kind = MemoryKind()

    def deliver(self, raw: bytes) -> None:
        self.kind.mailbox.deliver(raw)

    def open(self, after_fetch: AfterFetch = AfterFetch.KEEP) -> Source:
        settings = IncomingSettings(after_fetch=after_fetch)
        return self.kind.open(Account(id=1, name="memory", kind="memory", settings=settings))

    def remaining(self) -> int:
        return len(self.kind.mailbox.messages)


@pytest.fixture
def mailbox() -> MemoryUnderTest:
    return MemoryUnderTest()


class TestMemoryIsASource(SourceContract):
    pass


def test_a_planned_fault_is_raised_once(mailbox: MemoryUnderTest) -> None:
    mailbox.deliver(numbered(1))
    mailbox.kind.mailbox.faults.append(TemporaryFailure("gone"))
    with pytest.raises(TemporaryFailure, match="gone"):
        mailbox.open()
    assert len(list(mailbox.open().fetch({}, 5))) == 1
