"""How much a sending pass takes in hand at once, from how fast the server has been.

A slow server gets one delivery at a time, so that a crash leaves one in doubt and an urgent mail overtakes soon; a fast one gets so many that the
commits between them do not show. A group is about 100 ms of one connection's work, a batch about a second of the pass's.
"""

from __future__ import annotations

_GROUP_SECONDS = 0.1
_BATCH_SECONDS = 1.0
_LARGEST_GROUP = 200
_BATCHES = (20, 2000)
_WINDOW_SECONDS = 0.1
_SMOOTHING = 0.5
# What turns out to be much faster than thought is believed sooner, but not at once: many answers may have come together.
_SHORT_WINDOW_SECONDS = 0.02
_MUCH_FASTER = 2.0
_STEEPEST_RISE = 5.0
_BUSY_RATE = 200.0
# Before anything was measured: ten deliveries in the first group of a single connection.
_FIRST_RATE = 100.0


class Pace:
    """Deliveries per second, measured over short windows and smoothed. Time is seconds of any steady clock."""

    def __init__(self, started: float) -> None:
        self._rate = _FIRST_RATE
        self._since = started
        self._count = 0
        self.windows = 0
        """How often the rate has been measured."""

    def settled(self, count: int, now: float) -> None:
        """So many more were answered."""
        self._count += count
        passed = now - self._since
        if passed < _SHORT_WINDOW_SECONDS:
            return
        measured = self._count / passed
        if measured > _MUCH_FASTER * self._rate:
            self._rate = min(measured, _STEEPEST_RISE * self._rate)
        elif passed >= _WINDOW_SECONDS:
            self._rate += _SMOOTHING * (measured - self._rate)
        else:
            return
        self._since, self._count = now, 0
        self.windows += 1

    @property
    def busy(self) -> bool:
        """So fast that it pays to let work gather."""
        return self._rate > _BUSY_RATE

    def group(self, connections: int) -> int:
        """Deliveries to mark for one connection at a time."""
        return max(1, min(_LARGEST_GROUP, int(self._rate * _GROUP_SECONDS / max(connections, 1))))

    def batch(self) -> int:
        """Deliveries to claim at a time."""
        smallest, largest = _BATCHES
        return max(smallest, min(largest, int(self._rate * _BATCH_SECONDS)))
