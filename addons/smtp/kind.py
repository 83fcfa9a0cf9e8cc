"""The kind "smtp". Addons of providers derive from it: other settings and capabilities, the same conversation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mailloom.api import Account, Capabilities, OutgoingSettings, Step, Transport
from mailloom.api.sasl import with_fresh_token

from .probe import probe
from .settings import SmtpSettings
from .transport import SmtpTransport


class SmtpKind:
    """Any server that speaks SMTP."""

    name = "smtp"
    title = "SMTP server"
    settings: type[OutgoingSettings] = SmtpSettings
    capabilities = Capabilities()

    def open(self, account: Account[Any]) -> Transport:
        return with_fresh_token(account, lambda: SmtpTransport(account))

    def probe(self, account: Account[Any]) -> Iterator[Step]:
        return probe(account)
