"""Who may connect, how many at once, how often, and how much mail may wait in memory."""

from __future__ import annotations

import ipaddress
from collections import Counter, deque
from collections.abc import Callable

from .settings import ListenerSettings

_MINUTE_SECONDS = 60.0
_MOST_REMEMBERED = 10_000


class Limits:
    """Counts of one running listener; used on its event loop only. `clock` counts seconds from anywhere."""

    def __init__(self, settings: ListenerSettings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._networks = [ipaddress.ip_network(network, strict=False) for network in settings.clients]
        self._connected: Counter[str] = Counter()
        self._begun: dict[str, deque[float]] = {}
        self.waiting_octets = 0
        """Of mails that wait for their commit."""

    @property
    def connections(self) -> int:
        return self._connected.total()

    def admit(self, client: str) -> str:
        """Count a new connection; a reply when it must go, '' when it may stay. `client` is '' on a Unix socket."""
        refusal = self._refusal(client)
        if not refusal:
            self._connected[client] += 1
        return refusal

    def _refusal(self, client: str) -> str:
        if self._networks and client and not self._allowed(client):
            return "554 5.7.1 Not for you"
        if self.connections >= self._settings.max_connections:
            return "421 4.7.0 Too many connections"
        if client and self._connected[client] >= self._settings.max_connections_per_client:
            return "421 4.7.0 Too many connections from you"
        return ""

    def _allowed(self, client: str) -> bool:
        address: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(client.partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)

    def leave(self, client: str) -> None:
        self._connected[client] -= 1
        if self._connected[client] <= 0:
            del self._connected[client]

    def may_begin(self, client: str) -> str:
        """Count a mail that begins; a reply when the client sends too many, '' when it may."""
        most = self._settings.messages_per_minute
        if most is None or not client:
            return ""
        now = self._clock()
        if len(self._begun) > _MOST_REMEMBERED:
            self._begun = {who: moments for who, moments in self._begun.items() if now - moments[-1] < _MINUTE_SECONDS}
        moments = self._begun.setdefault(client, deque(maxlen=most))
        if len(moments) >= most and now - moments[0] < _MINUTE_SECONDS:
            return "451 4.7.1 Too many mails in a minute, try again later"
        moments.append(now)
        return ""

    def has_room(self, octets: int) -> bool:
        return self.waiting_octets + octets <= self._settings.max_waiting_bytes
