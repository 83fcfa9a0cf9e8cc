"""Deciding about what is kept: after each fetch, and for what a crash or a listener left.

One mail that cannot be decided about never holds up the rest: a mail that fails outside of its decision is parked by a transaction of its
own. Only a database that is away ends the round; then nothing changed and the next round takes it up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from mailloom.errors import NotFound
from mailloom.flow.deciding import first_line
from mailloom.flow.inbound import Inbound
from mailloom.store.arrivals import Arrival, Outcome
from mailloom.store.database import Database

_log = structlog.get_logger(__name__)

_AT_A_TIME = 100
_GATHER_SECONDS = 0.01
"""What a round costs by itself is that of some ten mails: those of a stream are left to gather for so long, a lone one never waits."""


@dataclass(slots=True)
class Settled:
    """How many were decided about, and how many of them had to be parked by force."""

    settled: int = 0
    failed: int = 0

    def __str__(self) -> str:
        return f"{self.settled} settled" + (f", {self.failed} parked after failures" if self.failed else "")


class Settling:
    """Settles for one application. Safe to share between threads; several processes may work on one database."""

    def __init__(self, database: Database, inbound: Inbound, clock: Callable[[], datetime]) -> None:
        self.database = database
        self.clock = clock
        self.inbound = inbound
        self.stop = threading.Event()
        """Set it to end after the mails in hand; the rest stays kept."""

    def settle_all(self, progress: Callable[[int], None] = lambda _: None) -> Settled:
        """Everything that is kept, oldest first."""
        done, last = Settled(), 0
        while not self.stop.is_set() and (ids := self._kept(after=last)):
            self.settle(ids, done, progress)
            last = ids[-1]
            if len(ids) < _AT_A_TIME:
                self.stop.wait(_GATHER_SECONDS)
        return done

    def settle(
        self, ids: Sequence[int], done: Settled | None = None, progress: Callable[[int], None] = lambda _: None
    ) -> Settled:
        """Those of these arrivals that wait; what another worker has in hand is left to it."""
        done = done or Settled()
        for start in range(0, len(ids), _AT_A_TIME):
            if self.stop.is_set():
                break
            part = ids[start : start + _AT_A_TIME]
            try:
                count = len(self.inbound.settle_many(part))
            except Exception as error:
                if is_away(error):
                    raise
                _log.exception("a batch of arrivals could not be settled, each is tried by itself")
                count = self._one_by_one(part, done)
            done.settled += count
            progress(count)
        return done

    def _one_by_one(self, ids: Sequence[int], done: Settled) -> int:
        for arrival_id in ids:
            try:
                self.inbound.settle(arrival_id)
            except NotFound:
                continue
            except Exception as error:
                if is_away(error):
                    raise
                self._park(arrival_id, error)
                done.failed += 1
        return len(ids)

    def _kept(self, after: int) -> list[int]:
        chosen = select(Arrival.id).where(Arrival.outcome == Outcome.KEPT, Arrival.id > after)
        with self.database.read() as session:
            return list(session.scalars(chosen.order_by(Arrival.id).limit(_AT_A_TIME)))

    def _park(self, arrival_id: int, error: Exception) -> None:
        _log.exception("arrival could not be settled", arrival=arrival_id)
        with self.database.write() as session:
            arrival = session.get(Arrival, arrival_id, with_for_update=True)
            if arrival is None or arrival.outcome is not Outcome.KEPT:
                return
            why = first_line(error).encode("utf-8", "backslashreplace").decode().replace("\0", "?")
            arrival.outcome, arrival.reason, arrival.settled_at = Outcome.PARKED, why, self.clock()
            arrival.attempts += 1
            arrival.steps = [{"router": "flow", "verdict": "parked", "why": why}]


def is_away(error: Exception) -> bool:
    """Whether the database, and not the mail, is at fault."""
    if not isinstance(error, DBAPIError):
        return False
    return isinstance(error, (OperationalError, InterfaceError)) or error.connection_invalidated
