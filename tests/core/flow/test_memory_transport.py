"""The transport in memory keeps the contract of all transports."""

from __future__ import annotations

import pytest

from mailloom.api.accounts import Account
from mailloom.testing.contracts import Bench, TransportContract
from mailloom.testing.transports import MemoryKind, MemoryServer, MemorySettings, deferred, rejected


class TestMemoryTransport(TransportContract):
    @pytest.fixture
    def bench(self):
        server = MemoryServer()
        server.answer(self.refused, rejected())
        server.answer(self.later, deferred())
        account = Account(id=1, name="memory", kind="memory", settings=MemorySettings())
        return Bench(kind=MemoryKind(server), account=account, arrived=lambda: [mail.raw for mail in server.mails])
