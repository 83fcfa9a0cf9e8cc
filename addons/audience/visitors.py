"""How many sign-ups a page takes: of one visitor, and of all. Counted in memory, by each web process for itself."""

from __future__ import annotations

import ipaddress
import threading
from collections import Counter
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=10)


class Visitors:
    """Counts in windows of ten minutes; safe to share between threads. What it remembers is bounded by the limit for all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began: datetime | None = None
        self._counts: Counter[str] = Counter()
        self._in_all = 0

    def may_sign_up(self, client: str, now: datetime, *, each: int, in_all: int) -> bool:
        """Count one attempt; False when there were too many."""
        visitor = _visitor(client)
        with self._lock:
            if self._began is None or not timedelta() <= now - self._began < WINDOW:
                self._began, self._in_all = now, 0
                self._counts.clear()
            if self._counts[visitor] >= each or self._in_all >= in_all:
                return False
            self._counts[visitor] += 1
            self._in_all += 1
            return True


def _visitor(client: str) -> str:
    """An IPv4 address, or the /64 that one IPv6 customer has at the least."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return ""
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))
