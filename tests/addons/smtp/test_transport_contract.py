"""The SMTP transport keeps the contract of all transports."""

from __future__ import annotations

import pytest

from mailloom.addons.smtp.kind import SmtpKind
from mailloom.addons.smtp.settings import SmtpSettings
from mailloom.api.accounts import Account
from mailloom.testing.contracts import Bench, TransportContract
from mailloom.testing.smtp_server import FakeSmtpServer, Say


class TestSmtpTransport(TransportContract):
    @pytest.fixture(params=[True, False], ids=["pipelining", "one by one"])
    def bench(self, request):
        script = {self.refused: [Say("550 5.1.1 No such user")], self.later: [Say("451 4.3.0 Later")]}
        extensions = ["PIPELINING", "8BITMIME"] if request.param else ["8BITMIME"]
        with FakeSmtpServer(recipients=script, extensions=extensions) as server:
            settings = SmtpSettings(host=server.host, port=server.port, security="none", authentication="none")
            account = Account(id=1, name="fake", kind="smtp", settings=settings)
            yield Bench(kind=SmtpKind(), account=account, arrived=lambda: [mail.data for mail in server.mails])
