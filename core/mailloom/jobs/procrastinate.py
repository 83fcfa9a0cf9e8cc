"""The engine for many machines on one PostgreSQL: jobs stand in Procrastinate's queue, workers anywhere take them.

Every process keeps the same schedule as the embedded engine, but only the leader (whoever holds an advisory lock of the database) puts what is due
into the queue. A job carries its name and nothing else: its queueing lock keeps it from being queued twice, its lock from running twice at once.
Jobs of workers that died are found by their missing heartbeat and queued again; every job may run any number of times.
"""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from mailloom.errors import ConfigurationError, NotFound, TemporaryFailure
from mailloom.jobs.duties import Duties
from mailloom.jobs.embedded import Embedded
from mailloom.jobs.engine import Kind, Task
from mailloom.registry.registry import Registry
from mailloom.store.database import Database

try:
    import procrastinate
    from procrastinate import exceptions
except ModuleNotFoundError as missing:
    raise ConfigurationError(
        f"The engine procrastinate needs a library that is not installed: {missing.name}.",
        remedy='Run: pip install "mailloom[postgres]"',
    ) from missing

_log = structlog.get_logger(__name__)

QUEUE = "mailloom"
TASK = "mailloom.run"
_LEADER_LOCK = 0x6D61696C_6C6F6F6D
"""`mailloom` as a number: the key of the leader's advisory lock."""
_SCHEMA_LOCK = _LEADER_LOCK + 1
_STALLED_SECONDS = 60.0
_START_SECONDS = 30.0


class Procrastinate(Embedded):
    """`workers` jobs of the queue run at once in this process; see `Embedded` for the rest."""

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
        if database.is_sqlite:
            raise ConfigurationError(
                "The engine procrastinate needs PostgreSQL, and this database is SQLite.",
                remedy="Set MAILLOOM_DATABASE_URL to a postgresql:// URL, or use the embedded engine.",
            )
        super().__init__(
            duties, database, registry, workers=workers, beat_seconds=beat_seconds, grace_seconds=grace_seconds
        )
        self._workers = workers
        url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._client = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=url))
        self._worker = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))
        self._worker.task(name=TASK, queue=QUEUE)(self._work)
        self._leadership: Connection | None = None
        self._stalled_at = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._working: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._serving, name="queue", daemon=True)

    # --- the port -------------------------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        make_schema(self.database)
        self._thread.start()
        if not self._ready.wait(_START_SECONDS):
            raise TemporaryFailure("The queue of jobs did not open.", remedy="Does PostgreSQL take more connections?")
        super().start()

    def defer(self, task: Task, session: Session | None = None) -> None:
        """With a session, the job becomes visible with its commit, and never when that is rolled back."""
        if session is None:
            with self.database.write() as own:
                self._enqueue(own, task)
        else:
            self._enqueue(session, task)

    def stop(self) -> bool:
        clean = super().stop()
        self._resign()
        if self._loop is not None and self._working is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._working.cancel)
            self._thread.join(self.grace_seconds)
        return clean and not self._thread.is_alive()

    def _enqueue(self, session: Session, task: Task) -> None:
        # Procrastinate says so with a broken constraint, which must not spoil the caller's transaction.
        with suppress(exceptions.AlreadyEnqueued), session.begin_nested():
            # Asked for in here, because only then the savepoint is set.
            connection = session.connection().connection.driver_connection
            job = self._client.configure_task(
                TASK,
                queue=QUEUE,
                lock=task.name,
                queueing_lock=task.name,
                schedule_at=task.run_at,
                priority=3 - task.priority,
                connection=connection,
            )
            job.defer(name=task.name, by_hand=task.by_hand)

    # --- the schedule fills the queue --------------------------------------------------------------------------------------------------------

    def _run_at(self, name: str, moment: datetime | None) -> None:
        with self._lock:
            duty = self._duties.get(name)
        if duty is not None:
            self.defer(Task(kind=duty.kind, key=duty.key, run_at=moment))

    def _run(self, name: str) -> None:
        """A duty is due by the schedule: for the leader to say."""
        if self._stopping.is_set() or self._leadership is None:
            return
        try:
            self._run_at(name, None)
        # The fence: a database that is away may be back at the next time.
        except Exception as error:
            _log.warning("job could not be queued", job=name, reason=str(error))

    def _leads(self) -> bool:
        """Holds the lock as long as its connection lives, so that a leader that dies is followed at once."""
        try:
            leads = self._still_leads() or self._try_to_lead()
        except Exception as error:
            self._resign()
            _log.warning("leadership is unknown", reason=str(error))
            return False
        if leads and self._loop is not None and time.monotonic() - self._stalled_at > _STALLED_SECONDS:
            self._stalled_at = time.monotonic()
            asyncio.run_coroutine_threadsafe(self._queue_stalled_again(), self._loop)
        return leads

    def _still_leads(self) -> bool:
        if self._leadership is None:
            return False
        self._leadership.execute(text("SELECT 1"))
        return True

    def _try_to_lead(self) -> bool:
        connection = self.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LEADER_LOCK}):
            self._leadership = connection
            _log.info("this process leads")
            return True
        connection.close()
        return False

    def _resign(self) -> None:
        connection, self._leadership = self._leadership, None
        if connection is not None:
            # Not returned to the pool: the lock is the connection's.
            connection.invalidate()
            connection.close()

    # --- the queue is worked off -------------------------------------------------------------------------------------------------------------

    def _work(self, name: str, by_hand: bool) -> None:
        """One job of the queue, on a thread of this process."""
        self.registry.reload_if_changed()
        with self._lock:
            self._running.add(name)
        try:
            duty = self.duties.find(name)
            ran = self.runner.run(duty, by_hand=by_hand)
        except NotFound:
            _log.info("job is gone", job=name)
            return
        finally:
            with self._lock:
                self._running.discard(name)
        if ran.result and duty.kind is Kind.FETCH:
            self.defer(Task(kind=Kind.SETTLE))

    def _serving(self) -> None:
        self._loop = loop = asyncio.new_event_loop()
        loop.set_default_executor(ThreadPoolExecutor(self._workers + 2, "job"))
        self._working = loop.create_task(self._serve())
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(self._working)
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()

    async def _serve(self) -> None:
        async with self._worker.open_async():
            self._ready.set()
            await self._worker.run_worker_async(
                queues=[QUEUE],
                concurrency=self._workers,
                install_signal_handlers=False,
                delete_jobs="always",
                shutdown_graceful_timeout=self.grace_seconds,
            )

    async def _queue_stalled_again(self) -> None:
        manager = self._worker.job_manager
        try:
            for job in await manager.get_stalled_jobs(queue=QUEUE):
                _log.warning("job of a worker that died is queued again", job=job.task_kwargs.get("name"))
                await manager.retry_job(job)
        except Exception as error:
            _log.warning("stalled jobs could not be looked for", reason=str(error))


def make_schema(database: Database) -> None:
    """Procrastinate's tables, where there are none; one process makes them while others wait."""
    schema: Any = procrastinate.schema.SchemaManager.get_schema()
    with database.write() as session:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
        if session.scalar(text("SELECT to_regclass('procrastinate_jobs')")) is None:
            connection: Any = session.connection().connection.driver_connection
            connection.execute(schema)
