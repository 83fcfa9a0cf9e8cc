"""A thread that serves one connection of a sending pass, or several to a server that answers at once.

Where a server needs its time, each connection has a thread of its own and waits in it. Where the server is faster than this interpreter, threads
would only hand the interpreter to each other: then one thread writes to a connection and turns to the next while the server answers. A connection
that keeps its crew waiting gets a thread of its own after a tenth of a second, where its time-outs are watched as ever.
"""

from __future__ import annotations

import select
import threading
import time
from collections import deque
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Protocol

from mailloom.flow.connection import Connection, Returned, Turn
from mailloom.flow.connection import Desk as ConnectionDesk
from mailloom.flow.letters import Consignment

# How long a stream is kept open for the next group; afterwards the transport finishes what it has, and gets a new stream.
_PATIENCE_SECONDS = 0.05
_SLOW_SECONDS = 0.1
# A server next door takes thousands a second over one connection; this interpreter is then the limit, not the server.
_FAST_RATE = 400.0
_TURNS_THAT_TELL = 5


class Desk(ConnectionDesk, Protocol):
    """The pass as its crews see it."""

    def want(self, crew: Crew, count: int) -> None: ...

    def group_size(self, rate: float | None, connections: int) -> int: ...

    def ended(self, event: Ended | Over) -> None: ...


@dataclass(frozen=True, slots=True)
class Ended:
    """A connection is over; its `error` says why when that is the account's fault."""

    connection: Connection


@dataclass(frozen=True, slots=True)
class Over:
    """A crew has no connection left. Groups that are granted afterwards stay in its `grants`."""

    crew: Crew


def start(desk: Desk, connection: Connection, beside: Crew | None = None) -> None:
    """Open a connection on a thread of its own, which serves it unless the crew `beside` takes it in."""

    def run() -> None:
        if not connection.open():
            desk.ended(Ended(connection))
        elif beside is None or not beside.take_in(connection):
            Crew(desk, connection).run()

    threading.Thread(target=run, name=f"send {connection.account.name}", daemon=True).start()


class Crew:
    """`grants` brings groups of consignments, marked as sending and committed; None ends the work."""

    def __init__(self, desk: Desk, connection: Connection) -> None:
        self.desk = desk
        self.grants: SimpleQueue[list[Consignment] | None] = SimpleQueue()
        self.size = 1
        """How many connections it serves."""
        self._lock = threading.Lock()
        self._ended = False
        self._newcomers: list[Connection] = []
        self._members: list[Connection] = [connection]
        self._waiting: dict[Connection, float] = {}
        """Since when a server has to answer; steady seconds."""
        self._group: deque[Consignment] = deque()
        self._asked = self._over = False
        self._since = time.monotonic()
        self._turns = 0
        self._idle_seconds = 0.0
        self._rate: float | None = None
        connection.supply = self

    def take_in(self, connection: Connection) -> bool:
        """Whether this crew will serve an opened connection too; called on another thread."""
        if not connection.shares:
            return False
        with self._lock:
            if self._ended or not self._members or not self._members[0].shares:
                return False
            self._newcomers.append(connection)
        self.grants.put([])
        return True

    @property
    def fast(self) -> bool | None:
        """Whether the server answers so quickly that the crew had better serve more connections; None while that cannot be told."""
        if self._rate is None and time.monotonic() - self._since - self._idle_seconds < _SLOW_SECONDS:
            return None
        return self.size > 1 or (self._rate or 0.0) > _FAST_RATE

    def run(self) -> None:
        """Serve until nothing is left to serve."""
        while self._members:
            try:
                self._go_on()
            except Exception as error:  # the fence of the thread: nobody else would tell the pass
                for connection in list(self._members):
                    connection.fail(error)
                    self._lose(connection)

    def _go_on(self) -> None:
        if self._newcomers:
            self._admit()
        if len(self._members) == 1:
            self._serve(self._members[0])
            self._wait_for_work()
        else:
            self._sweep()

    # --- what connections take from -------------------------------------------------------------------------------------------------------

    def more(self) -> bool:
        if self._group:
            return True
        if not self._over:
            self._ask()
            self._receive(_PATIENCE_SECONDS if len(self._members) == 1 else 0)
        return bool(self._group)

    def take(self) -> Consignment:
        # The next group is on its way while this one is sent, so that nobody waits for a commit.
        self._ask()
        return self._group.popleft()

    def _ask(self) -> None:
        if not self._asked and not self._over:
            self._asked = True
            self._measure()
            self.desk.want(self, self.desk.group_size(self._rate, self.size))

    def _measure(self) -> None:
        """Turns a second since the last look, the waiting for groups left out."""
        if self._turns >= _TURNS_THAT_TELL:
            now = time.monotonic()
            self._rate = self._turns / max(now - self._since - self._idle_seconds, 1e-4)
            self._since, self._turns, self._idle_seconds = now, 0, 0.0

    def _receive(self, seconds: float | None) -> None:
        """A group, a newcomer or the end, waited for at most so long; None: for ever."""
        began = time.monotonic()
        try:
            granted = self.grants.get(block=seconds != 0, timeout=seconds)
        except Empty:
            return
        finally:
            self._idle_seconds += time.monotonic() - began
        if granted is None:
            self._over = True
        elif granted:
            self._asked = False
            self._group.extend(granted)
        else:
            self._admit()

    def _admit(self) -> None:
        with self._lock:
            newcomers, self._newcomers = self._newcomers, []
            self._members += newcomers
            self.size = len(self._members)
        for connection in newcomers:
            connection.supply = self

    # --- turns ----------------------------------------------------------------------------------------------------------------------------

    def _serve(self, connection: Connection) -> None:
        """One turn, and what follows from how it ended."""
        turn = connection.turn()
        self._turns += 1
        if turn is Turn.WAITING:
            self._waiting[connection] = time.monotonic()
            return
        self._waiting.pop(connection, None)
        if turn is Turn.SPENT:
            self._renew(connection)
        elif turn is Turn.ENDED:
            self._lose(connection)
        elif self._over and not self._group:
            connection.end()
            self._lose(connection)

    def _renew(self, connection: Connection) -> None:
        """A new conversation in place of one that carried its share; aside, where others would have to wait for it."""
        if len(self._members) > 1:
            self._dismiss(connection)
            start(self.desk, connection, beside=self)
        elif not connection.open():
            self._lose(connection)

    def _wait_for_work(self) -> None:
        if self._members and not (self._waiting or self._group or self._over):
            self._ask()
            self._receive(None)

    def _sweep(self) -> None:
        """A turn for each connection that can use one."""
        if not (self._group or self.grants.empty()):
            self._receive(0)
        can_send = self._group or self._over
        idle = [connection for connection in self._members if connection not in self._waiting] if can_send else []
        waiting = len(self._waiting)
        answered = self._answered(0.0 if idle else _SLOW_SECONDS)
        for connection in (*answered, *idle):
            self._serve(connection)
        if len(answered) < waiting:
            self._part_from_slow(answered)
        if not (idle or self._waiting):
            self._wait_for_work()

    def _answered(self, seconds: float) -> list[Connection]:
        """The waiting connections whose server said something, waited for at most so long."""
        if not self._waiting:
            return []
        poll = select.poll()
        numbered = [(connection.fileno(), connection) for connection in self._waiting]
        # Without a socket there is nothing to look at: such a connection can only be served.
        ready = [connection for number, connection in numbered if number < 0]
        by_number = {number: connection for number, connection in numbered if number >= 0}
        for number in by_number:
            poll.register(number, select.POLLIN)
        return ready + [by_number[number] for number, _ in poll.poll(0 if ready else seconds * 1000)]

    def _part_from_slow(self, answered: list[Connection]) -> None:
        """Servers that think for long are waited for on threads of their own, one of them on this one."""
        limit = time.monotonic() - _SLOW_SECONDS
        for connection, since in list(self._waiting.items()):
            if since < limit and connection not in answered and len(self._members) > 1:
                self._dismiss(connection)
                crew = Crew(self.desk, connection)
                threading.Thread(target=crew.run, name=f"send {connection.account.name}", daemon=True).start()

    def _dismiss(self, connection: Connection) -> None:
        with self._lock:
            self._members.remove(connection)
            self.size = len(self._members)
        self._waiting.pop(connection, None)

    # --- the end --------------------------------------------------------------------------------------------------------------------------

    def _lose(self, connection: Connection) -> None:
        self._dismiss(connection)
        if not self._members:
            self._close()
        self.desk.ended(Ended(connection))

    def _close(self) -> None:
        """Hand back what was not pulled, including what is still on its way to this thread; newcomers go on by themselves."""
        with self._lock:
            self._ended = True
            newcomers, self._newcomers = self._newcomers, []
        for connection in newcomers:
            threading.Thread(target=Crew(self.desk, connection).run, daemon=True).start()
        for consignment in self._group:
            self.desk.returned(Returned(consignment))
        self._group.clear()
        self.desk.ended(Over(self))

    def leftovers(self) -> list[Consignment]:
        """Groups that were granted after the end; to be called by the pass, once, after `Over`."""
        found: list[Consignment] = []
        while True:
            try:
                found += self.grants.get_nowait() or ()
            except Empty:
                return found
