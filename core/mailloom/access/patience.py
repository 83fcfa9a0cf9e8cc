"""How often somebody may try to sign in: token buckets by name and by address, in this process's memory.

An address is a whole IPv4 address or an IPv6 /64, because one customer has as many of the rest as they like. The number of buckets is
bounded; the ones that were used longest ago go first, and they are the fullest.
"""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

MOST_BUCKETS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`burst` tries at once, then one each `every`."""

    burst: int
    every: timedelta


BY_NAME = Rate(burst=10, every=timedelta(minutes=1))
BY_ADDRESS = Rate(burst=20, every=timedelta(seconds=15))


class Patience:
    """Safe to share between threads."""

    def __init__(self, now: Callable[[], datetime], *, most: int = MOST_BUCKETS) -> None:
        self._now = now
        self._most = most
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def wait(self, name: str, address: str) -> float:
        """Take a try; seconds to wait first when there is none left, else 0. A refused try costs nothing."""
        buckets = (("name:" + name.strip().lower()[:100], BY_NAME), ("address:" + _network(address), BY_ADDRESS))
        with self._lock:
            now = self._now()
            left = {key: self._tokens(key, rate, now) for key, rate in buckets}
            waits = [(1 - left[key]) * rate.every.total_seconds() for key, rate in buckets if left[key] < 1]
            if waits:
                return max(waits)
            for key, _ in buckets:
                self._left[key] = (left[key] - 1, now)
                self._left.move_to_end(key)
            while len(self._left) > self._most:
                self._left.popitem(last=False)
            return 0.0

    def forgive(self, name: str) -> None:
        """After a sign-in that went well: the tries by that name were its owner's."""
        with self._lock:
            self._left.pop("name:" + name.strip().lower()[:100], None)

    def _tokens(self, key: str, rate: Rate, now: datetime) -> float:
        if key not in self._left:
            return float(rate.burst)
        tokens, at = self._left[key]
        return min(float(rate.burst), tokens + max(now - at, timedelta()) / rate.every)


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
