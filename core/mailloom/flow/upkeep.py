"""Keeping house: leases that ran out, what was kept for long enough, waits that a changed clock made endless.

Everything is done in small transactions, so that nobody waits for the broom. Retention follows the core's settings.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from mailloom.api.settings import CoreSettings
from mailloom.flow.recovery import Recovered, recover
from mailloom.flow.sending import Sending
from mailloom.store.accounts import AccountRow, Lease
from mailloom.store.database import Database
from mailloom.store.domains import AnswerSent
from mailloom.store.hourly import forget_before
from mailloom.store.outbox import CLAIMED, Delivery, DeliveryAttempt
from mailloom.store.retention import strip_arrivals, strip_sent
from mailloom.store.system import JobState

_AT_A_TIME = 1000
_LONGEST_REST = timedelta(hours=25)
"""Accounts rest at most a day; a longer rest was written by a clock that went wrong."""
_LONGEST_LEASE = timedelta(hours=2)
"""Of deliveries; the same."""
_LEASES_KEPT = timedelta(days=1)
_ANSWERS_KEPT = timedelta(days=7)
_JOBS_KEPT = timedelta(days=30)
_HOURS_KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """What retention took away."""

    arrivals: int = 0
    """Arrivals whose raw bytes went."""
    sent: int = 0
    """Messages of ours whose raw bytes went."""
    attempts: int = 0

    def __str__(self) -> str:
        return f"raw bytes of {self.arrivals} arrivals and {self.sent} sent messages, {self.attempts} attempts removed"


class Upkeep:
    """For one application. Safe to share between threads; several processes may do it at once."""

    def __init__(
        self,
        database: Database,
        sending: Sending,
        settings: Callable[[], CoreSettings],
        clock: Callable[[], datetime],
    ) -> None:
        self.database = database
        self.sending = sending
        self.settings = settings
        self.clock = clock
        self.stop = threading.Event()

    def recover(self) -> Recovered:
        """Deliveries whose worker died: queued again or uncertain. Also mends what a clock that jumped back left."""
        found = Recovered()
        while not self.stop.is_set():
            with self.database.write() as session:
                self._mend_times(session)
                part = recover(session, self.sending.hooks(), self.sending.rules_of, self.clock())
            if not part.queued and not part.uncertain:
                break
            found = Recovered(queued=found.queued + part.queued, uncertain=found.uncertain + part.uncertain)
        return found

    def retain(self) -> Removed:
        """Remove what the settings say is old enough."""
        now, settings = self.clock(), self.settings()
        attempts = self._repeat(lambda session: self._old_attempts(session, now, settings))
        arrivals = sent = 0
        if settings.keep_raw_days is not None:
            before = now - timedelta(days=settings.keep_raw_days)
            arrivals = self._repeat(lambda session: strip_arrivals(session, before, _AT_A_TIME))
            sent = self._repeat(lambda session: strip_sent(session, before, _AT_A_TIME))
        with self.database.write() as session:
            session.execute(delete(Lease).where(Lease.until < now - _LEASES_KEPT))
            session.execute(delete(AnswerSent).where(AnswerSent.sent_at < now - _ANSWERS_KEPT))
            session.execute(delete(JobState).where(JobState.last_ended_at < now - _JOBS_KEPT, ~JobState.paused))
            forget_before(session, now - _HOURS_KEPT)
        return Removed(arrivals=arrivals, sent=sent, attempts=attempts)

    def _repeat(self, work: Callable[[Session], int]) -> int:
        total = 0
        while not self.stop.is_set():
            with self.database.write() as session:
                count = work(session)
            total += count
            if count < _AT_A_TIME:
                break
        return total

    def _old_attempts(self, session: Session, now: datetime, settings: CoreSettings) -> int:
        before = now - timedelta(days=settings.keep_attempts_days)
        old = select(DeliveryAttempt.id).where(DeliveryAttempt.at < before).limit(_AT_A_TIME)
        result = session.execute(
            delete(DeliveryAttempt).where(DeliveryAttempt.id.in_(old)),
            execution_options={"synchronize_session": False},
        )
        return result.rowcount if isinstance(result, CursorResult) else 0

    def _mend_times(self, session: Session) -> None:
        now = self.clock()
        endless = update(AccountRow).where(AccountRow.next_attempt_at > now + _LONGEST_REST)
        session.execute(endless.values(next_attempt_at=now), execution_options={"synchronize_session": False})
        held = update(Delivery).where(CLAIMED, Delivery.lease_until > now + _LONGEST_LEASE)
        session.execute(held.values(lease_until=now), execution_options={"synchronize_session": False})
