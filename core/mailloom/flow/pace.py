"""How much a sending pass takes in hand at once, from how fast the server has been.

A slow server gets one delivery at a time, so that a crash leaves one in doubt and an urgent mail overtakes soon; a fast one gets so many that the
commits between them do not show. A group is about 100 ms of one connection's work, a batch about a second of the pass's.
"""

from __future__ import annotations

_GROUP_SECONDS = 0.1
_BATCH_SECONDS = 1.0
# Of one connection, and of several that share a thread.
_LARGEST_GROUP = 200
_LARGEST_SHARED_GROUP = 400
_BATCHES = (20, 1000)
_GROUPS_IN_A_BATCH = 3
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

    def share(self, connections: int) -> float:
        """What one of so many connections sends in a second."""
        return self._rate / max(connections, 1)

    def batch(self, asked: int) -> int:
        """Deliveries to claim at a time, where so many are asked for just now."""
        smallest, largest = _BATCHES
        return max(smallest, min(largest, max(int(self._rate * _BATCH_SECONDS), _GROUPS_IN_A_BATCH * asked)))


def group_of(rate: float, connections: int) -> int:
    """Deliveries to mark at a time for connections that send at this rate together."""
    largest = _LARGEST_GROUP if connections == 1 else _LARGEST_SHARED_GROUP
    return max(1, min(largest, int(rate * _GROUP_SECONDS)))
