"""Running one duty: not while a person has paused it, never twice at once, and with its result kept where people look.

The fence around jobs stands here: whatever a duty raises becomes its result, and everything else goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import uuid4

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.errors import MailloomError
from mailloom.flow.deciding import first_line
from mailloom.jobs.engine import Duty
from mailloom.metrics import JOBS
from mailloom.store.database import Database
from mailloom.store.leases import drop_lease, take_lease
from mailloom.store.patience import persist
from mailloom.store.system import JobState

_log = structlog.get_logger(__name__)

T = TypeVar("T")

_NOTED_EVERY = timedelta(seconds=60)
_LEASE = timedelta(minutes=2)
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a run went. `skipped`: it was not run at all, and why."""

    job: str
    result: str = ""
    failed: bool = False
    skipped: str = ""


class Runner:
    """Runs duties for one application. Safe to share between threads and processes."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.database = database
        self.clock = clock

    def run(self, duty: Duty, *, by_hand: bool = False) -> Ran:
        """Run the duty now. Raises only when the database is away."""
        started = self.clock()
        if not by_hand and (skipped := self._why_not(duty, started)):
            return Ran(job=duty.name, skipped=skipped)
        with _Alone(self, duty) as alone:
            if not alone:
                return Ran(job=duty.name, skipped="another worker runs it")
            ran = self._fenced(duty, by_hand)
        JOBS.add(job=duty.name, result="failed" if ran.failed else "done")
        self.write(lambda session: self._note(session, duty, ran, started))
        return ran

    def _fenced(self, duty: Duty, by_hand: bool) -> Ran:
        try:
            result = duty.run(by_hand)
        except MailloomError as error:
            _log.warning("job failed", job=duty.name, reason=str(error))
            return Ran(job=duty.name, result=f"{error} {error.remedy}".strip(), failed=True)
        # The fence around jobs.
        except Exception as error:
            _log.exception("job failed", job=duty.name)
            return Ran(job=duty.name, result=first_line(error), failed=True)
        if result:
            _log.info("job done", job=duty.name, result=result)
        return Ran(job=duty.name, result=result)

    def _why_not(self, duty: Duty, now: datetime) -> str:
        """Paused; or another process has just run what is to be run once in a while."""
        with self.database.read() as session:
            state = session.get(JobState, duty.name)
        if state is None:
            return ""
        if state.paused:
            return "paused"
        if duty.shared or state.last_started_at is None or duty.every_seconds < _NOTED_EVERY.total_seconds():
            return ""
        ago = now - state.last_started_at
        # A start in the future was written by a clock that was wrong then or is now.
        recent = timedelta() <= ago < timedelta(seconds=duty.every_seconds * 0.5)
        return "another worker ran it a moment ago" if recent and not state.failures else ""

    def _note(self, session: Session, duty: Duty, ran: Ran, started: datetime) -> None:
        state = session.get(JobState, duty.name)
        if state is None:
            state = JobState(name=duty.name, failures=0, last_result="")
            session.add(state)
        elif not _worth_noting(state, ran, started):
            return
        state.last_started_at, state.last_ended_at = started, self.clock()
        if ran.result or state.failures:
            state.last_result = ran.result
        state.failures = state.failures + 1 if ran.failed else 0

    def write(self, work: Callable[[Session], T]) -> T:
        return persist(self.database, work, seconds=_PATIENCE_SECONDS)


class _Alone:
    """Holds a duty's lease while it runs, renewed by a thread so that a worker that dies holds it for a moment only; False when it is taken."""

    def __init__(self, runner: Runner, duty: Duty) -> None:
        self._runner = runner
        self._name = None if duty.shared else f"job:{duty.name}"[:128]
        self._owner = uuid4().hex
        self._over = threading.Event()

    def __enter__(self) -> bool:
        if self._name is None:
            return True
        if not self._take(self._name):
            self._name = None
            return False
        threading.Thread(target=self._renew, args=[self._name], name=self._name, daemon=True).start()
        return True

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if (name := self._name) is not None:
            self._runner.write(lambda session: drop_lease(session, name, self._owner))

    def _take(self, name: str) -> bool:
        now = self._runner.clock()
        return self._runner.write(lambda session: take_lease(session, name, self._owner, now=now, until=now + _LEASE))

    def _renew(self, name: str) -> None:
        while not self._over.wait(_LEASE.total_seconds() / 3):
            try:
                self._take(name)
            except MailloomError as error:
                _log.warning("the lease of a job could not be renewed", job=name, reason=str(error))


def _worth_noting(state: JobState, ran: Ran, now: datetime) -> bool:
    """A job that runs every few seconds and finds nothing is written down once a minute."""
    if ran.failed or ran.result or state.failures or state.last_started_at is None:
        return True
    return not timedelta() <= now - state.last_started_at < _NOTED_EVERY


def pause_job(session: Session, name: str, paused: bool) -> None:
    """Pause or resume a job by name, whether or not it has ever run. The caller commits."""
    state = session.get(JobState, name, with_for_update=True)
    if state is None:
        state = JobState(name=name, failures=0, last_result="")
        session.add(state)
    state.paused = paused


def job_states(session: Session) -> dict[str, JobState]:
    return {state.name: state for state in session.scalars(select(JobState))}
