"""What tests of addons use: a whole application on a temporary database, mails, clocks, fakes of both kinds of server."""

from __future__ import annotations

from mailloom.testing.application import Clock, Outgoing, TemporaryApp, temporary_app
from mailloom.testing.dns import FakeResolver
from mailloom.testing.mails import mail

__all__ = ["Clock", "FakeResolver", "Outgoing", "TemporaryApp", "mail", "temporary_app"]
