"""Opening a database and handing out sessions.

SQLite (the embedded default) runs in WAL mode with foreign keys on; the driver's own transaction handling is off, so that DDL is transactional and a
writer takes its lock at once (`BEGIN IMMEDIATE`) instead of failing half way with "database is locked". PostgreSQL is reached through psycopg 3.
Who opens a session decides by name whether it may write: `write()` commits at the end of the block and rolls back on any exception,
`read()` never commits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import ORMExecuteState, Session, sessionmaker

from mailloom.errors import ConfigurationError
from mailloom.store.numbering import number_new_rows

BUSY_TIMEOUT_SECONDS = 60
_WRITES = "mailloom_writes"
_INSERTED = "mailloom_inserted"


class Database:
    """One database and its two kinds of session. Safe to share between threads; sessions are not."""

    def __init__(self, url: str, *, echo: bool = False) -> None:
        self.url = _parsed(url)
        self.engine = create_engine(self.url, echo=echo, **_options(self.url))
        if self.is_sqlite:
            _tune_sqlite(self.engine)
        self.session_info: dict[str, Any] = {}
        """Shared by all sessions as `session.info`; the application puts itself there, see `mailloom.api.office_of`."""
        self._told: dict[Any, Callable[[], None] | None] = {}
        self._read = sessionmaker(self.engine, expire_on_commit=False)
        self._write = sessionmaker(self.engine.execution_options(**{_WRITES: True}), expire_on_commit=False)
        if self.is_sqlite:
            event.listen(self._write, "before_flush", number_new_rows)

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits when the block ends well and rolls back when it does not."""
        with self._write(info=self.session_info) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for looking only: whatever it changed is rolled back."""
        with self._read(info=self.session_info) as session:
            yield session

    def after_insert(self, mapped: type[Any], call: Callable[[], None] | None) -> None:
        """Have `call` told after each commit that inserted rows of this class by statement; None: nobody. It must be quick and must not raise."""
        if not self._told:
            event.listen(self._write, "do_orm_execute", self._note_insert)
            event.listen(self._write, "after_commit", self._tell_of_inserts)
        self._told[mapped.__table__] = call

    def _note_insert(self, state: ORMExecuteState) -> None:
        if state.is_insert and (table := getattr(state.statement, "table", None)) in self._told:
            state.session.info.setdefault(_INSERTED, set()).add(table)

    def _tell_of_inserts(self, session: Session) -> None:
        for table in session.info.pop(_INSERTED, ()):
            if (call := self._told[table]) is not None:
                call()

    def close(self) -> None:
        self.engine.dispose()


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigurationError(
            f"The database URL {url!r} cannot be read.",
            remedy="Write sqlite:///path/to/file.db or postgresql://user:password@host/name.",
        ) from error
    backend = parsed.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise ConfigurationError(
            f"mailloom stores in SQLite or PostgreSQL, not in {backend}.",
            remedy="Use a sqlite:/// or postgresql:// URL.",
        )
    if backend == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed


def _options(url: URL) -> dict[str, Any]:
    if url.get_backend_name() == "postgresql":
        return {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 20}
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    return {"connect_args": {"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False}}


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        # FULL: a commit that was reported is on the disk, whatever happens next. Answering 250 rests on it.
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-65536",
            # Moving the log into the file is dearer than writing it, and costs less in larger pieces: 32 MiB instead of 4.
            "wal_autocheckpoint=8000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
