"""The connections of one sending pass: how many are open, on whose threads, and which crews wait for a group."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence

from mailloom.flow.connection import Connection
from mailloom.flow.crew import Crew
from mailloom.flow.pace import Pace, group_of
from mailloom.store.claim import Claimed

# Connections on one thread: so many that none has to be waited for.
_TOGETHER = 4

Asking = Sequence[tuple[Crew, int]]
"""Crews that wait for a group, each with how many deliveries it wants."""


class Staff:
    """`open_one` opens a connection, beside those of a crew where one is given. At most `most` are open. Only `want` may be called on any thread."""

    def __init__(self, pace: Pace, open_one: Callable[[Crew | None], Connection], most: int) -> None:
        self.alive: set[Connection] = set()
        self.most = most
        self._pace = pace
        self._open_one = open_one
        self._wanting: deque[tuple[Crew, int]] = deque()
        self._crew: Crew | None = None
        self._windows = 0

    def want(self, crew: Crew, count: int) -> None:
        self._crew = crew
        self._wanting.append((crew, count))

    def asking(self) -> list[tuple[Crew, int]]:
        """Who waits; each must be given a group, told to wait again by `want`, or dismissed."""
        return [self._wanting.popleft() for _ in range(len(self._wanting))]

    def dismiss(self) -> None:
        """Tell all who wait that there is nothing more."""
        while self._wanting:
            self._wanting.popleft()[0].grants.put(None)

    def group_size(self, rate: float | None, connections: int) -> int:
        """For a crew that sends at this rate, None: that does not know yet."""
        known = rate if rate is not None else self._pace.share(len(self.alive)) * connections
        return group_of(known, connections)

    def wanted(self, asking: Asking, stock: int) -> list[int]:
        """How many each may have: a fair part of what is left, so that one does not take the last deliveries while others go idle."""
        connections = max(sum(crew.size for crew, _ in asking), len(self.alive), 1)
        share = max(1, -(-stock // connections))
        return [min(count, share * crew.size) for crew, count in asking]

    def adjust(self, stock: int) -> None:
        """Open connections while there is more to send than the present ones are busy with: twice as many after each measurement.

        Where the server is faster than we are, some more beside the present one, on its thread.
        """
        self._pace.settled(0, time.monotonic())
        present = len(self.alive)
        fast = self._crew.fast if present and self._crew is not None else False
        if not stock or (present and (fast is None or self._pace.windows == self._windows)):
            return
        self._windows = self._pace.windows
        useful = min(self.most, max(1, stock // 2))
        if not fast:
            self._open(min(useful, max(1, 2 * present)), None)
        elif all(connection.shares for connection in self.alive):
            self._open(min(useful, _TOGETHER), self._crew)

    def _open(self, wanted: int, beside: Crew | None) -> None:
        for _ in range(wanted - len(self.alive)):
            self.alive.add(self._open_one(beside))

    def over(self, crew: Crew) -> list[Claimed]:
        """A crew has ended; returns what had been granted to it too late."""
        if self._crew is crew:
            self._crew = None
        self._wanting = deque(entry for entry in self._wanting if entry[0] is not crew)
        return [consignment.claimed for consignment in crew.leftovers()]
