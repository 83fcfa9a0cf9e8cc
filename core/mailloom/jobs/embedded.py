"""The engine in one process: APScheduler's clock and thread pool, and a beat of our own.

What is due stands in the tables; the schedule is built from them at the start and again whenever accounts or addons change. The beat wakes an
account's job as soon as there is something to send, keeps a watch on mailboxes that tell of new mail, takes up changed addons between jobs, and
notices when somebody turned the clock.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import structlog
from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobSubmissionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy.orm import Session

from mailloom.flow.watching import Watch, WatchEnd, start_watch
from mailloom.jobs.duties import Duties
from mailloom.jobs.engine import Duty, Kind, Task, job_name
from mailloom.jobs.running import Runner, job_states
from mailloom.registry.registry import Registry
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.store.database import Database
from mailloom.store.outbox import Delivery
from mailloom.store.system import JobState

_log = structlog.get_logger(__name__)

_REBUILD_SECONDS = 5.0
_WATCH_AGAIN = {WatchEnd.CANNOT: 3600.0, WatchEnd.BUSY: 60.0, WatchEnd.BROKE: 30.0, WatchEnd.STOPPED: 30.0}
"""Seconds after which an ended watch is tried again."""
_CLOCK_SLACK_SECONDS = 30.0
_AT_ONCE_SECONDS = 20.0
_GATHER_SECONDS = 0.05


class Embedded:
    """Runs the duties of one application on threads of this process.

    `workers` is how many jobs run at once; `beat_seconds` how soon it notices what nobody told it of (another process queued mail, say);
    `grace_seconds` how long `stop` waits for what is in flight.
    """

    def __init__(
        self,
        duties: Duties,
        database: Database,
        registry: Registry,
        *,
        workers: int = 24,
        beat_seconds: float = 2.0,
        grace_seconds: float = 30.0,
    ) -> None:
        self.duties = duties
        self.database = database
        self.registry = registry
        self.beat_seconds = beat_seconds
        self.grace_seconds = grace_seconds
        self.runner = Runner(database, duties.clock)
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(workers)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._scheduler.add_listener(self._skipped, EVENT_JOB_MAX_INSTANCES)
        # Its own words about jobs that still run or were missed are no news here.
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
        self._lock = threading.RLock()
        self._duties: dict[str, Duty] = {}
        self._running: set[str] = set()
        self._again: set[str] = set()
        self._watches: dict[int, tuple[Watch, threading.Thread]] = {}
        self._watch_after: dict[int, float] = {}
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._beat = threading.Thread(target=self._beating, name="beat", daemon=True)
        self._random = Random()  # noqa: S311 - spreads the first looks, no secret

    # --- the port -------------------------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self.database.after_insert(Delivery, self.wake)
        self.duties.fetching.kept = self.duties.inbound.kept = lambda ids: self._run_at(Kind.SETTLE, None)
        self._rebuild()
        self._scheduler.start()
        self._beat.start()

    def defer(self, task: Task, session: Session | None = None) -> None:
        """With a session, the job is left to the beat, which comes after the commit and finds what is due."""
        if session is not None:
            self._again.add(task.name)
            return
        self._run_at(task.name, task.run_at)

    def wake(self) -> None:
        """There may be something to do: the beat looks at once."""
        self._wake.set()

    def stop(self) -> bool:
        """Sends what is being written, commits what is being fetched, releases the rest; False when something took longer than `grace_seconds`."""
        self._stopping.set()
        self.wake()
        self.duties.end()
        self.database.after_insert(Delivery, None)
        self.duties.inbound.kept = lambda ids: None
        until = time.monotonic() + self.grace_seconds
        if self._scheduler.running:
            # The pool's own shutdown cannot be told how long to wait.
            self._scheduler.pause()
        if self._beat.is_alive():
            self._beat.join(self.grace_seconds)
        for watch, thread in list(self._watches.values()):
            self._end_watch(watch, thread, until)
        while self._running and time.monotonic() < until:
            time.sleep(0.02)
        if self._running:
            _log.warning("jobs are left behind; their leases run out by themselves", jobs=sorted(self._running))
        if self._scheduler.running:
            self._scheduler.shutdown(wait=not self._running)
        return not self._running

    # --- the schedule ---------------------------------------------------------------------------------------------------------------------

    def _rebuild(self) -> None:
        """Make the schedule what the tables and addons say now; what did not change keeps its time."""
        duties = {duty.name: duty for duty in self.duties.all()}
        with self.database.read() as session:
            states = job_states(session)
        with self._lock:
            before, self._duties = self._duties, duties
            for name in before:
                if name not in duties:
                    self._scheduler.remove_job(name)
            for name, duty in duties.items():
                if name not in before:
                    self._add(duty, self._first(duty, states.get(name)))
                elif before[name].every_seconds != duty.every_seconds:
                    self._scheduler.reschedule_job(name, trigger=_trigger(duty))

    def _add(self, duty: Duty, first: datetime) -> None:
        self._scheduler.add_job(
            self._run, _trigger(duty), args=[duty.name], id=duty.name, next_run_time=first, replace_existing=True
        )

    def _first(self, duty: Duty, state: JobState | None) -> datetime:
        """When it is due by its last run; at once, a little spread, when that is past or unknown."""
        now = _now()
        spread = timedelta(seconds=self._random.uniform(0, min(1.0, duty.every_seconds / 10)))
        if state is None or state.last_started_at is None or state.failures:
            return now + spread
        interval = timedelta(seconds=duty.every_seconds)
        due = state.last_started_at + interval
        return due if now < due <= now + interval else now + spread

    def _run_at(self, name: str, moment: datetime | None) -> None:
        with self._lock:
            if name in self._running:
                self._again.add(name)
            elif name in self._duties:
                self._scheduler.modify_job(name, next_run_time=moment or _now())

    def _skipped(self, event: JobSubmissionEvent) -> None:
        """It was asked for in the moment before it was seen to run: the beat asks again."""
        self._again.add(event.job_id)

    def _run(self, name: str) -> None:
        """On a thread of the pool. What was asked for while it ran is run after it."""
        with self._lock:
            duty = self._duties.get(name)
            if duty is None or self._stopping.is_set():
                return
            self._running.add(name)
        try:
            self.runner.run(duty)
        # The fence: only a database that is away gets here, and the next time may find it back.
        except Exception as error:
            _log.warning("job could not be run", job=name, reason=str(error))
        finally:
            with self._lock:
                self._running.discard(name)
                again = name in self._again
                self._again.discard(name)
            if again:
                self._run_at(name, None)

    # --- the beat -------------------------------------------------------------------------------------------------------------------------

    def _beating(self) -> None:
        rebuilt = time.monotonic()
        clocks = _Clocks()
        while not self._stopping.is_set():
            try:
                changed = self.registry.reload_if_changed()
                if changed or time.monotonic() - rebuilt > _REBUILD_SECONDS:
                    self._rebuild()
                    rebuilt = time.monotonic()
                if clocks.jumped():
                    self._start_over()
                if self._leads():
                    self._send_what_is_due()
                self._run_what_was_asked()
                self._tend_watches()
            # The fence of the beat: a database that is away is back later.
            except Exception as error:
                _log.warning("the beat stumbled", reason=str(error))
            self._wake.wait(self.beat_seconds)
            self._wake.clear()
            # Who queues many mails wakes us with each of them.
            self._stopping.wait(_GATHER_SECONDS)

    def _leads(self) -> bool:
        """Whether it is for this process to say what is due."""
        return True

    def _send_what_is_due(self) -> None:
        due = self.duties.sending.accounts_due()
        for name in self._names_of(due) if due else ():
            self._run_at(name, None)

    def _names_of(self, account_ids: Sequence[int]) -> list[str]:
        with self.database.read() as session:
            rows = [session.get(AccountRow, account_id) for account_id in account_ids]
        return [job_name(Kind.SEND, row.name) for row in rows if row is not None]

    def _run_what_was_asked(self) -> None:
        with self._lock:
            names = [name for name in self._again if name not in self._running]
            self._again.difference_update(names)
        for name in names:
            self._run_at(name, None)

    def _start_over(self) -> None:
        """The clock was turned: times that were worked out before mean nothing now."""
        _log.warning("the clock was turned; the schedule is made anew")
        with self._lock:
            for duty in self._duties.values():
                self._add(duty, _now() + timedelta(seconds=self._random.uniform(0, 1)))

    # --- watches --------------------------------------------------------------------------------------------------------------------------

    def _tend_watches(self) -> None:
        wanted = {row.id: row for row in self.duties.fetching.accounts() if _watchable(row)}
        paused = self._paused()
        for account_id, row in wanted.items():
            if account_id in self._watches or self._watch_after.get(account_id, 0.0) > time.monotonic():
                continue
            if job_name(Kind.FETCH, row.name) not in paused:
                watch = Watch(self.duties.fetching, account_id, threading.Event())
                self._watches[account_id] = (watch, start_watch(watch, self._watch_ended))
        for account_id, (watch, _) in list(self._watches.items()):
            row_now = wanted.get(account_id)
            if row_now is None or job_name(Kind.FETCH, row_now.name) in paused:
                watch.stop.set()

    def _watch_ended(self, watch: Watch, end: WatchEnd) -> None:
        self._watch_after[watch.account_id] = time.monotonic() + _WATCH_AGAIN[end]
        self._watches.pop(watch.account_id, None)

    def _end_watch(self, watch: Watch, thread: threading.Thread, until: float) -> None:
        watch.stop.set()
        while thread.is_alive() and not watch.waiting and time.monotonic() < until:
            thread.join(0.02)
        if thread.is_alive() and watch.waiting:
            try:
                watch.let_go()
            except Exception as error:
                _log.warning("the lease of a watch runs out by itself", reason=str(error))

    def _paused(self) -> set[str]:
        with self.database.read() as session:
            return {name for name, state in job_states(session).items() if state.paused}


class _Clocks:
    """Compares the clock people set with the one that only runs."""

    def __init__(self) -> None:
        self._apart = time.time() - time.monotonic()

    def jumped(self) -> bool:
        apart = time.time() - time.monotonic()
        jumped = abs(apart - self._apart) > _CLOCK_SLACK_SECONDS
        self._apart = apart
        return jumped


def _now() -> datetime:
    """What the scheduler compares its times with: it reads the system's clock and takes no other."""
    return datetime.now(UTC)


def _trigger(duty: Duty) -> IntervalTrigger:
    jitter = duty.every_seconds / 20 if duty.every_seconds >= _AT_ONCE_SECONDS else None
    return IntervalTrigger(seconds=duty.every_seconds, jitter=jitter, timezone=UTC)


def _watchable(row: AccountRow) -> bool:
    return row.direction is Direction.INCOMING and row.state is AccountState.CONFIRMED
