"""One sending pass of one account: claim → mark → hand over → record, until nothing is due.

One thread, the pass, writes to the database for all connections: in each round one transaction records what was answered, claims the next batch
and marks the next groups as `sending`; only when it is committed are they handed out. So there is one commit for many deliveries, connections never
wait for each other's locks, and what a crash leaves in doubt is what was marked: about 100 ms of work per connection.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar
from uuid import uuid4

import structlog
from sqlalchemy.orm import Session

from mailloom.api.accounts import Account
from mailloom.api.composing import Composer
from mailloom.api.drafts import Envelope
from mailloom.api.probing import Explanation
from mailloom.api.sending import Parcel, Status, TransportKind
from mailloom.errors import TemporaryFailure
from mailloom.flow.account_verdict import AccountVerdict, heals
from mailloom.flow.connection import Answered, Connection, Returned
from mailloom.flow.crew import Crew, Ended, Over, start
from mailloom.flow.failpoints import reach
from mailloom.flow.letters import Consignment, parcel_of
from mailloom.flow.outbound_hooks import OutboundHooks, implemented
from mailloom.flow.pace import Pace
from mailloom.flow.pass_results import count_results, record_results
from mailloom.flow.pass_values import Done, PassReport, Tuning
from mailloom.flow.retry import Judgement, Rules, judge
from mailloom.flow.staff import Asking, Staff
from mailloom.flow.stocking import stocked
from mailloom.flow.throttle import Bucket, buckets, take
from mailloom.store.claim import Claimed, claim, extend, mark_sending, release
from mailloom.store.database import Database
from mailloom.store.patience import persist

log = structlog.get_logger(__name__)

T = TypeVar("T")

# A round at least so often while anything happens, and no more often than that, so that connections share its cost.
_LONGEST_ROUND_SECONDS = 0.05
_SHORTEST_ROUND_SECONDS = 0.02
_LOOK_AGAIN_SECONDS = 1.0
_LONGEST_THROTTLE_WAIT = timedelta(seconds=5)
_PARTING_SECONDS = 30


class SendingPass:
    """Made for one run and thrown away. `connections` is how many this worker may open."""

    def __init__(
        self,
        database: Database,
        hooks: OutboundHooks,
        kind: TransportKind,
        account: Account[Any],
        rules: Rules,
        clock: Callable[[], datetime],
        *,
        composers: Mapping[str, Composer],
        connections: int,
        renew: Callable[[Session, datetime], None],
        tuning: Tuning,
        stop: threading.Event,
        progress: Callable[[int], None],
        random: Random,
    ) -> None:
        self.database = database
        self.hooks = hooks
        self.kind = kind
        self.account = account
        self.rules = rules
        self.clock = clock
        self.composers = composers
        self.renew = renew
        self.tuning = tuning
        self.stop = stop
        self.progress = progress
        self.random = random
        self.report = PassReport(account=account.name)
        self._verdict = AccountVerdict(account, tuning.alarm_after)
        self._limits: Sequence[Bucket] = buckets(account.id, account.settings)
        observed = implemented(hooks, "delivery_recorded") or implemented(hooks, "deliveries_recorded")
        self._observers = hooks if observed else None
        self._signed = implemented(hooks, "sign_message")
        self._pace = Pace(time.monotonic())
        self._attempt = uuid4().hex
        self._answers: deque[Answered] = deque()
        self._returns: deque[Returned] = deque()
        self._endings: deque[Ended | Over] = deque()
        self._staff = Staff(self._pace, self._open, connections)
        self._wake = threading.Event()
        self._stock: deque[Consignment] = deque()
        self._dry = False
        self._closing = False
        self._dry_at = 0.0
        self._renewed_at = time.monotonic()
        self._throttled_until: float = 0.0

    # --- what connections ask (called on their threads) -----------------------------------------------------------------------------------

    def answered(self, event: Answered) -> None:
        self._answers.append(event)

    def returned(self, event: Returned) -> None:
        self._returns.append(event)

    def ended(self, event: Ended | Over) -> None:
        self._endings.append(event)
        self._wake.set()

    def want(self, crew: Crew, count: int) -> None:
        self._staff.want(crew, count)
        self._wake.set()

    def group_size(self, rate: float | None, connections: int) -> int:
        return self._staff.group_size(rate, connections)

    def parcel(self, consignment: Consignment) -> Parcel:
        return parcel_of(consignment, self.database)

    def sign(self, envelope: Envelope, message: bytes) -> bytes:
        return self.hooks.sign_message(envelope, message)

    # --- the pass -------------------------------------------------------------------------------------------------------------------------

    def run(self) -> PassReport:
        """Send until nothing is due, the account has to rest, a throttle binds for long, or `stop` is set."""
        try:
            while not self._finished():
                began = time.monotonic()
                self._round()
                if not self._finished():
                    self._rest_until(began + _SHORTEST_ROUND_SECONDS)
        finally:
            self._close()
        return self.report

    def _rest_until(self, earliest: float) -> None:
        """Wait for something to do, and then for more of it: connections ask long before they run dry."""
        self._wake.wait(_LONGEST_ROUND_SECONDS)
        early = earliest - time.monotonic()
        if early > 0 and not self._endings and self._pace.busy:
            time.sleep(early)
        self._wake.clear()

    def _finished(self) -> bool:
        return (self._dry or self._closing) and not (
            self._staff.alive or self._endings or self._answers or self._returns or self._stock
        )

    def _round(self) -> None:
        if self.stop.is_set():
            self._closing = True
        # Endings first: what a connection posted before its end is then taken with it.
        returned = [claimed for event in _drained(self._endings) for claimed in self._after(event)]
        returned += [event.consignment.claimed for event in _drained(self._returns)]
        now = self.clock()
        judged = [self._judged(event, now) for event in _drained(self._answers)]
        self._verdict.weigh(judged)
        if self._verdict.stops:
            self._closing, self.report.error = True, self._verdict.words
        if self._closing:
            returned += [consignment.claimed for consignment in self._stock]
            self._stock.clear()
        asking = self._asking()
        if judged or returned or asking or self._lacks(asking) or self._renewal_due() or self._verdict.due:
            self._write(judged, returned, asking)
        elif self._closing or self._dry:
            self._staff.dismiss()
        if not self._closing:
            self._staff.adjust(len(self._stock))

    def _asking(self) -> list[tuple[Crew, int]]:
        """Crews that wait for a group, when there is something to give and no throttle in the way."""
        nothing_left = self._dry and not self._stock
        if self._closing or nothing_left or time.monotonic() < self._throttled_until:
            return []
        return self._staff.asking()

    def _batch(self, asking: Asking) -> int:
        return self._pace.batch(sum(count for _, count in asking))

    def _lacks(self, asking: Asking) -> bool:
        if self._closing or (self._dry and time.monotonic() - self._dry_at < _LOOK_AGAIN_SECONDS):
            return False
        return len(self._stock) <= self._batch(asking) // 2

    def _write(self, judged: Sequence[Judgement], returned: Sequence[Claimed], asking: Asking) -> None:
        """One transaction for everything; what it promises is handed out after its commit."""
        done = persist(
            self.database,
            lambda session: self._transaction(session, judged, returned, asking),
            seconds=self.tuning.patience_seconds,
        )
        reach("sending.after_commit")
        self._stock = done.stock
        if done.dry is not None:
            self._dry, self._dry_at = done.dry, time.monotonic()
        self._verdict.committed()
        for written in done.written:
            self.report.counts[written.state] += 1
        if done.written:
            self.progress(len(done.written))
            self._pace.settled(len(done.written), time.monotonic())
        if done.wait is not None:
            self._throttled(done.wait)
        for (crew, count), group in zip(asking, done.groups, strict=True):
            if group:
                crew.grants.put(group)
            else:
                self._staff.want(crew, count)
        if self._closing or (self._dry and not self._stock):
            self._staff.dismiss()

    def _transaction(
        self,
        session: Session,
        judged: Sequence[Judgement],
        returned: Sequence[Claimed],
        asking: Asking,
    ) -> Done:
        now = self.clock()
        done = Done(stock=deque(self._stock))
        results = [judgement.result for judgement in judged]
        done.written = record_results(session, results, self.account.id, self._observers, now)
        if returned:
            release(session, returned)
        self._verdict.write(session, judged, now)
        if self._lacks(asking):
            self._claim(session, done, self._batch(asking), now)
        self._grant(session, done, asking, now)
        if self._renewal_due():
            extend(session, [self._attempt], now + self.tuning.lease)
            self.renew(session, now)
            self._renewed_at = time.monotonic()
        count_results(session, done.written, now)
        reach("sending.before_commit")
        return done

    def _claim(self, session: Session, done: Done, count: int, now: datetime) -> None:
        until = now + self.tuning.lease
        claimed = claim(session, account_id=self.account.id, attempt=self._attempt, count=count, now=now, until=until)
        done.dry = len(claimed) < count
        ready, refused = stocked(session, claimed, self.hooks, self.rules, self.composers, now)
        done.written += record_results(session, refused, self.account.id, self._observers, now)
        done.stock.extend(ready)
        reach("sending.after_claim")

    def _grant(self, session: Session, done: Done, asking: Asking, now: datetime) -> None:
        """Take tokens and mark a group for each crew that asked."""
        wanted = self._staff.wanted(asking, len(done.stock))
        grant = take(session, self._limits, min(sum(wanted), len(done.stock)), now) if asking else None
        left = grant.count if grant else 0
        if grant is not None and not grant.count and done.stock:
            done.wait = grant.wait
        picked: list[list[Consignment]] = []
        for count in wanted:
            taken = min(count, left, len(done.stock))
            left -= taken
            picked.append([done.stock.popleft() for _ in range(taken)])
        held = mark_sending(session, [entry.claimed for group in picked for entry in group]) if any(picked) else set()
        done.groups = [[entry for entry in group if entry.claimed.id in held] for group in picked]

    # --- the account ----------------------------------------------------------------------------------------------------------------------

    def _judged(self, event: Answered, now: datetime) -> Judgement:
        outcome, claimed = event.outcome, event.consignment.claimed
        explanation = None
        if outcome.status not in (Status.SENT, Status.QUEUED):
            explanation = self._explained(outcome.reply.text)
        return judge(outcome, claimed, explanation, self.rules, now, self.random)

    def _explained(self, words: str) -> Explanation | None:
        return self.hooks.explain_failure(words, "smtp", self.account.settings.provider or self.account.kind)

    def _after(self, event: Ended | Over) -> list[Claimed]:
        """A connection or a crew is over; returns what had been granted too late."""
        if isinstance(event, Over):
            return self._staff.over(event.crew)
        self._staff.alive.discard(event.connection)
        self._weigh_end(event.connection)
        return []

    def _weigh_end(self, connection: Connection) -> None:
        error = connection.error
        explanation = self._explained(str(error)) if error is not None else None
        wait = None if explanation is None else explanation.wait_seconds
        if isinstance(error, TemporaryFailure) or (error is not None and heals(explanation)):
            # A server that takes fewer connections than we open is a server that works: only the last one's words count.
            if not connection.worked and self._staff.alive:
                self._staff.most = len(self._staff.alive)
            elif not connection.worked:
                self._verdict.rest(str(error), getattr(error, "retry_after", None) or wait)
        elif error is not None:
            told = explanation is not None and not explanation.generic
            self._verdict.pause(str(error), explanation.remedy if explanation and told else error.remedy)

    def _open(self, beside: Crew | None) -> Connection:
        limit = self.account.settings.messages_per_connection
        connection = Connection(self, self.kind, self.account, limit, signed=self._signed)
        start(self, connection, beside)
        return connection

    def _throttled(self, wait: timedelta) -> None:
        if wait > _LONGEST_THROTTLE_WAIT:
            self._closing = True
            self.report.wait = wait
        self._throttled_until = time.monotonic() + wait.total_seconds()

    def _renewal_due(self) -> bool:
        return time.monotonic() - self._renewed_at > self.tuning.lease.total_seconds() / 3

    def _close(self) -> None:
        """After an error of ours: let the connections finish what they write; what they hold keeps its lease and is judged when it runs out."""
        self._closing = True
        deadline = time.monotonic() + _PARTING_SECONDS
        while self._staff.alive and time.monotonic() < deadline:
            self._staff.dismiss()
            for event in _drained(self._endings):
                if isinstance(event, Ended):
                    self._staff.alive.discard(event.connection)
            self._wake.wait(_LONGEST_ROUND_SECONDS)
            self._wake.clear()


def _drained(queue: deque[T]) -> list[T]:
    """What is in the queue now; other threads may go on adding."""
    return [queue.popleft() for _ in range(len(queue))]
