"""How many requests a token may make: a bucket for each, in this process's memory, full after a minute of rest."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

_MOST_BUCKETS = 10_000


class Pace:
    """Safe to share between threads."""

    def __init__(self) -> None:
        self._left: dict[int, tuple[float, datetime]] = {}
        self._lock = threading.Lock()

    def wait_for(self, token_id: int, a_minute: int, now: datetime) -> float:
        """Seconds until the token may ask again; 0 takes one of its requests."""
        every = timedelta(minutes=1) / a_minute
        with self._lock:
            left, at = self._left.pop(token_id, (float(a_minute), now))
            left = min(float(a_minute), left + max(now - at, timedelta()) / every)
            if len(self._left) >= _MOST_BUCKETS:
                # The one that was used longest ago is the fullest.
                self._left.pop(next(iter(self._left)))
            self._left[token_id] = (left if left < 1 else left - 1, now)
        return 0.0 if left >= 1 else (1 - left) * every.total_seconds()
