"""What all connections of a running listener share."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailloom.api import Office

from .actions import Rules
from .desk import Desk
from .limits import Limits
from .settings import ListenerSettings

if TYPE_CHECKING:
    from .connection import Connection

_REMEMBERED_SECONDS = 10.0
_MOST_REMEMBERED = 10_000


@dataclass(slots=True, kw_only=True)
class Shared:
    """Used on the event loop only, except for the counters, which anybody may read."""

    office: Office
    settings: ListenerSettings
    hostname: str
    account_id: int | None
    loop: asyncio.AbstractEventLoop
    desk: Desk
    limits: Limits
    tls: ssl.SSLContext | None
    connections: set[Connection] = field(default_factory=set)
    mails_kept: int = 0
    mails_put_off: int = 0
    _known: dict[str, float] = field(default_factory=dict)
    _rules: dict[bool, Rules] = field(default_factory=dict)

    def rules(self, *, lmtp: bool) -> Rules:
        if lmtp not in self._rules:
            self._rules[lmtp] = Rules(
                hostname=self.hostname,
                lmtp=lmtp,
                max_message_bytes=self.settings.max_message_bytes,
                max_recipients=self.settings.max_recipients,
                offers_tls=self.tls is not None,
                may_begin=self.limits.may_begin,
                has_room=self.limits.has_room,
            )
        return self._rules[lmtp]

    def count(self, *, kept: bool) -> None:
        if kept:
            self.mails_kept += 1
        else:
            self.mails_put_off += 1

    def remembers(self, address: str) -> bool:
        """Whether a recipient was known a moment ago. Only good news is remembered: a new alias works at once."""
        return self._known.get(address, -1.0) > self.loop.time()

    def remember(self, address: str) -> None:
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[address] = self.loop.time() + _REMEMBERED_SECONDS


Told = Callable[[], None]
