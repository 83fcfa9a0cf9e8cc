"""The kind of account `pop3`. A provider's addon makes its own with other names, settings and an access token for OAuth 2."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mailloom.api import Account, Source, Step
from mailloom.api.network_stream import open_stream
from mailloom.api.sasl import with_fresh_token

from .login import AccessToken, enter
from .probe import probe
from .settings import PORTS, Pop3Settings
from .source import Pop3Source


class Pop3Kind:
    """Opens and tests POP3 accounts."""

    def __init__(
        self,
        *,
        name: str = "pop3",
        title: str = "POP3 mailbox",
        settings: type[Any] = Pop3Settings,
        access_token: AccessToken | None = None,
    ) -> None:
        self.name = name
        self.title = title
        self.settings = settings
        self._access_token = access_token

    def open(self, account: Account[Any]) -> Source:
        return with_fresh_token(account, lambda: self._opened(account))

    def _opened(self, account: Account[Any]) -> Source:
        stream = open_stream(account.settings, PORTS)
        try:
            return Pop3Source(enter(stream, account, self._access_token), account)
        except BaseException:
            stream.abandon()
            raise

    def probe(self, account: Account[Any]) -> Iterator[Step]:
        return probe(account, self._access_token)
